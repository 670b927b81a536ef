//! Every instruction set that fuses gives the same bits: many shapes, places in memory and special values.

use rand::RngExt;
use rand::rngs::StdRng;

use super::activation::{jet_with_3, value_in_place_with};
use super::affine::{apply_with, pullback_with};
use super::combine::{StepEnds, Yardstick, combine_with, squared_error_with};
use super::dispatch::stamp;
use super::drawn::cases;
use super::elementary::ln;
use super::elementwise::{
    axpy_with, multiply_add_with, multiply_by_with, multiply_with, sum_of_products_with,
};
use super::outer::{outer_with, row_sums_with};
use super::product::{bilinear_form_with, product_with};
use super::spline::{pull_spline_with, spline_with};
use super::{
    Activation, AffineForm, AffineMap, AffinePulled, Ends, InstructionSet, LogScale, SplineShape,
    SplineWay, Start, Term, Weights,
};
use crate::columns::{Block, Rows, Scratch};
use crate::real::Real;
use crate::simd::Vector;

/// The sets that are to agree, as far as this processor has them.
const FUSED: [InstructionSet; 3] =
    [InstructionSet::PlainFused, InstructionSet::Avx2, InstructionSet::Avx512];

/// Whether both are the same number, with the same sign if they are zero, or both NaN.
fn same<T: Real>(a: T, b: T) -> bool {
    a.bits() == b.bits() || (a.wide().is_nan() && b.wide().is_nan())
}

/// Runs a kernel with every set, and returns what all of them say.
fn agreed<T: Real>(what: &str, run: impl Fn(InstructionSet) -> Vec<T>) -> Vec<T> {
    let first = run(FUSED[0]);
    for set in FUSED.into_iter().filter(|set| set.here() == *set) {
        let again = run(set);
        assert_eq!(first.len(), again.len());
        for (i, (a, b)) in first.iter().zip(&again).enumerate() {
            assert!(same(*a, *b), "{what}, {set:?} at {i}: {b} instead of {a}");
        }
    }
    first
}

/// a b + c in one rounding.
fn fused<T: Real>(a: T, b: T, c: T) -> T {
    if T::EPSILON == f64::EPSILON {
        T::of(libm::fma(a.wide(), b.wide(), c.wide()))
    } else {
        T::of(f64::from(libm::fmaf(a.wide() as f32, b.wide() as f32, c.wide() as f32)))
    }
}

/// Numbers of ordinary size among some that are tiny, large, zero or not finite; the special ones are left
/// out where `special` is not set.
fn values<T: Real>(count: usize, seed: u64, special: bool) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(12345);
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let odd = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e30, -1e30, 1e-42, -1e-310];
    (0..count)
        .map(|_| {
            let (kind, value) = (next() % 24, f64::from(next()) / f64::from(1u32 << 30) - 1.0);
            match kind {
                0 if special => T::of(odd[next() as usize % odd.len()]),
                1 => T::of(value * 1e-12),
                2 => T::of(value * 3e3),
                _ => T::of(2.0 * value),
            }
        })
        .collect()
}

/// C = start + A B is a chain of fused steps along the inner dimension.
fn check_product<T: Real>(
    [rows, cols, lanes]: [usize; 3],
    offset: usize,
    seed: u64,
    special: bool,
) {
    let a: Vec<T> = values(rows * cols + offset, seed, special);
    let b: Vec<T> = values(cols * lanes + offset, seed.wrapping_add(1), special);
    let bias: Vec<T> = values(rows, seed.wrapping_add(2), special);
    let weights = Weights::new(&a[offset..], rows, cols);
    for start in [Start::Zero, Start::Bias(&bias), Start::Accumulate] {
        let ours = agreed("product", |set| {
            let mut c = Block::new(rows, lanes);
            c.values_mut().copy_from_slice(&values(rows * lanes, seed.wrapping_add(3), special));
            product_with(set, weights, Rows::new(&b[offset..], lanes), start, c.view_mut());
            c.values().to_vec()
        });
        let old: Vec<T> = values(rows * lanes, seed.wrapping_add(3), special);
        for (at, ours) in ours.iter().enumerate() {
            let (i, j) = (at / lanes, at % lanes);
            let first = match start {
                Start::Zero => T::zero(),
                Start::Bias(bias) => bias[i],
                Start::Accumulate => old[at],
            };
            let step = |sum, k| fused(a[offset + i * cols + k], b[offset + k * lanes + j], sum);
            assert!(same(*ours, (0..cols).fold(first, step)), "{start:?} {i} {j}");
        }
    }
}

/// p'A q is a chain along the rows of chains along the columns.
fn check_form<T: Real>([rows, cols, lanes]: [usize; 3], seed: u64, special: bool) {
    let a: Vec<T> = values(rows * cols, seed, special);
    let p: Vec<T> = values(rows * lanes, seed.wrapping_add(1), special);
    let q: Vec<T> = values(cols * lanes, seed.wrapping_add(2), special);
    let ours = agreed("form", |set| {
        let mut out = vec![T::one(); lanes];
        let weights = Weights::new(&a, rows, cols);
        bilinear_form_with(set, Rows::new(&p, lanes), weights, Rows::new(&q, lanes), &mut out);
        out
    });
    for (j, ours) in ours.iter().enumerate() {
        let row = |i: usize| {
            (0..cols).fold(T::zero(), |sum, k| fused(a[i * cols + k], q[k * lanes + j], sum))
        };
        let form = (0..rows).fold(T::zero(), |sum, i| fused(p[i * lanes + j], row(i), sum));
        assert!(same(*ours, form), "{j}");
    }
}

/// Sums over lanes are chains in the order of the lanes, then added; row sums are taken in sixteen parts.
fn check_lane_sums<T: Real>([rows, cols, lanes]: [usize; 3], seed: u64, special: bool) {
    let p: Vec<T> = values(rows * lanes, seed, special);
    let q: Vec<T> = values(cols * lanes, seed.wrapping_add(1), special);
    let old: Vec<T> = values(rows * cols, seed.wrapping_add(2), special);
    let ours = agreed("outer", |set| {
        let mut g = old.clone();
        let (p, q) = (Rows::new(&p, lanes), Rows::new(&q, lanes));
        outer_with(set, p, q, &mut g, cols, &mut Scratch::new());
        g
    });
    for (at, ours) in ours.iter().enumerate() {
        let (i, j) = (at / cols, at % cols);
        let step = |sum, lane| fused(p[i * lanes + lane], q[j * lanes + lane], sum);
        let expected = old[at] + (0..lanes).fold(T::zero(), step);
        assert!(same(*ours, expected), "{i} {j}");
    }
    agreed("row sums", |set| {
        let mut sums = vec![T::one(); rows];
        row_sums_with(set, Rows::new(&p, lanes), &mut sums);
        sums
    });
}

fn check_elementwise<T: Real>(len: usize, offset: usize, seed: u64) {
    let [a, b, old]: [Vec<T>; 3] =
        std::array::from_fn(|k| values(len + offset, seed.wrapping_add(k as u64), true));
    let [a, b, old] = [&a[offset..], &b[offset..], &old[offset..]];
    let run = |kernel: &dyn Fn(InstructionSet, &mut [T])| {
        agreed("elementwise", |set| {
            let mut out = [&vec![T::zero(); offset][..], old].concat();
            kernel(set, &mut out[offset..]);
            out
        })
    };
    let added = run(&|set, out| multiply_add_with(set, a, b, out));
    let moved = run(&|set, out| axpy_with(set, T::of(0.3), a, out));
    let product = run(&|set, out| multiply_with(set, a, b, out));
    let scaled = run(&|set, out| multiply_by_with(set, a, out));
    for i in 0..len {
        let at = offset + i;
        assert!(same(added[at], fused(a[i], b[i], old[i])));
        assert!(same(moved[at], fused(a[i], T::of(0.3), old[i])));
        assert!(same(product[at], a[i] * b[i]) && same(scaled[at], old[i] * a[i]));
    }
    let (rows, lanes) = (len % 7, 16 * (1 + len % 3));
    let [p, q]: [Vec<T>; 2] =
        std::array::from_fn(|k| values(rows * lanes, seed.wrapping_add(k as u64), true));
    let sums = agreed("sum of products", |set| {
        let mut out = vec![T::one(); lanes];
        sum_of_products_with(set, Rows::new(&p, lanes), Rows::new(&q, lanes), &mut out);
        out
    });
    for (j, sum) in sums.iter().enumerate() {
        let step = |sum, i: usize| fused(p[i * lanes + j], q[i * lanes + j], sum);
        assert!(same(*sum, (0..rows).fold(T::one(), step)));
    }
}

fn check_combinations<T: Real>([rows, lanes, count]: [usize; 3], seed: u64, special: bool) {
    let make = |k: u64| values::<T>(rows * lanes, seed.wrapping_add(k), special);
    let ks: Vec<Vec<T>> = (0..count as u64).map(|k| make(10 + k)).collect();
    let weights: Vec<T> = values(count, seed, false);
    let terms: Vec<Term<T>> = weights.iter().copied().zip(ks.iter().map(Vec::as_slice)).collect();
    let (y, new, h) = (make(1), make(2), values::<T>(lanes, seed.wrapping_add(3), special));
    let f = [make(4), make(5)];
    let sum = |at: usize| terms.iter().fold(T::zero(), |sum, (c, k)| fused(*c, k[at], sum));
    for base in [None, Some(&y[..])] {
        let ours = agreed("combination", |set| {
            let mut out = vec![T::zero(); rows * lanes];
            combine_with(set, base, &h, &terms, &mut out);
            out
        });
        for (at, ours) in ours.iter().enumerate() {
            let base = base.map_or(T::zero(), |base| base[at]);
            assert!(same(*ours, fused(h[at % lanes], sum(at), base)));
        }
    }
    agreed("squared error", |set| {
        let mut out = vec![T::zero(); lanes];
        let rows = |values| Rows::new(values, lanes);
        let ends = StepEnds { y: [rows(&y), rows(&new)], f: [rows(&f[0]), rows(&f[1])] };
        let [absolute, relative, time, least] = [1e-3, 1e-2, 0.1, 1e-30].map(T::of);
        let share = [0.25, 100.0].map(T::of);
        let rounding = [1e-4, 0.0].map(T::of);
        let yardstick = Yardstick { absolute, relative, time, share, least, rounding: &rounding };
        squared_error_with(set, yardstick, &h, &terms, ends, &mut out);
        out
    });
}

/// From the smallest numbers to the largest, both signs, with what is special.
fn arguments<T: Real>() -> Vec<T> {
    let ordinary = (-3000..=3000).map(|k| f64::from(k) * 0.013);
    let wide = (-900..=900).map(|k| f64::from(k) * 1.37);
    let scales = (-1300..1230).flat_map(|k| {
        let size = 1.7 * 10f64.powf(0.25 * f64::from(k));
        [size, -size]
    });
    let special = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e4, 1.000_1e4];
    ordinary.chain(wide).chain(scales).chain(special).map(T::of).collect()
}

fn check_activations<T: Real>() {
    let all: Vec<T> = arguments();
    for activation in [
        Activation::Tanh,
        Activation::Softplus,
        Activation::Silu,
        Activation::Sin,
        Activation::Relu,
    ] {
        for from in [0, 1, 13] {
            let x = &all[from..];
            agreed(&format!("{activation:?}"), |set| {
                let mut jet = [(); 3].map(|()| vec![T::zero(); x.len()]);
                let [value, slope, bend] = &mut jet;
                jet_with_3(set, activation, x, [value, slope, bend]);
                let mut place = x.to_vec();
                value_in_place_with(set, activation, &mut place);
                [place, jet.concat()].concat()
            });
        }
    }
}

stamp! {
    fn logarithms<T>(x: &mut [T]) = take_logarithms
}

#[inline(always)]
unsafe fn take_logarithms<T: Real, V: Vector<T>>(x: &mut [T]) {
    for part in x.chunks_exact_mut(V::LANES) {
        // SAFETY: each part is one vector; the caller vouches for the instruction set.
        unsafe { ln::<T, V>(V::load(part.as_ptr())).store(part.as_mut_ptr()) }
    }
}

/// Below the smallest normal number, too, where vectors differ in how they take numbers apart.
fn check_logarithms<T: Real>() {
    let mut x: Vec<T> = arguments::<T>().into_iter().filter(|x| x.wide() >= 0.0).collect();
    x.truncate(x.len() / 16 * 16);
    x.extend([0.0, f64::INFINITY, f64::NAN, T::SMALLEST].map(T::of).repeat(4));
    let ours = agreed("logarithm", |set| {
        let mut values = x.clone();
        logarithms(set, &mut values);
        values
    });
    for (x, ours) in x.iter().zip(&ours) {
        let expected = if x.is_finite() { libm::log(x.wide()) } else { f64::NAN };
        let near = (ours.wide() - expected).abs() <= 3.0 * T::EPSILON * expected.abs();
        let both_nan = ours.wide().is_nan() && expected.is_nan();
        assert!(near || both_nan || ours.wide() == expected, "ln {x}: {ours} {expected}");
    }
}

fn affine_maps<T: Real>() -> Vec<AffineMap<T>> {
    let forms = [AffineForm::TimeOne, AffineForm::ScaleThenShift, AffineForm::ShiftThenScale];
    let scales = [LogScale::Tanh(T::of(3.0)), LogScale::SoftClip(T::of(50.0))];
    let maps = forms.into_iter().flat_map(|form| scales.map(|log_scale| (form, log_scale)));
    let signed =
        |sign: f64| move |(form, log_scale)| AffineMap { form, log_scale, sign: T::of(sign) };
    maps.clone().map(signed(1.0)).chain(maps.map(signed(-1.0))).collect()
}

fn check_affine_maps<T: Real>([rows, lanes]: [usize; 2], seed: u64, special: bool) {
    let block = |rows: usize, k: u64| {
        let mut block = Block::<T>::new(rows, lanes);
        block.values_mut().copy_from_slice(&values(rows * lanes, seed.wrapping_add(k), special));
        block
    };
    let (raw, points) = (block(2 * rows, 1), block(rows, 2));
    for map in affine_maps::<T>() {
        agreed(&format!("{map:?}"), |set| {
            let (mut moved, mut log_det) = (points.clone(), vec![T::one(); lanes]);
            apply_with(set, map, raw.view(), moved.view_mut(), &mut log_det);
            let (mut bar, mut raw_bar) = (block(rows, 3), block(2 * rows, 4));
            let bar_of_log = values(lanes, seed.wrapping_add(5), special);
            let pulled = AffinePulled {
                points: bar.view_mut(),
                log_det: &bar_of_log,
                raw: raw_bar.view_mut(),
            };
            pullback_with(set, map, raw.view(), points.view(), pulled);
            [moved.values(), &log_det, bar.values(), raw_bar.values()].concat()
        });
    }
}

/// With parameters of ordinary size, and of sizes at which slopes underflow.
fn check_splines<T: Real>(bins: usize, lanes: usize, seed: u64, special: bool) {
    let linear = SplineShape { bins, bound: 3.0, ends: Ends::Linear };
    let circular = SplineShape { bins, bound: std::f64::consts::PI, ends: Ends::Circular };
    for (shape, way) in [linear, circular]
        .into_iter()
        .flat_map(|shape| [SplineWay::Evaluate, SplineWay::Invert].map(|way| (shape, way)))
    {
        for size in [1.0, 1e3, 1e34, 1e37] {
            let block = |rows: usize, k: u64, size: f64| {
                let mut block = Block::<T>::new(rows, lanes);
                let values = values::<T>(rows * lanes, seed.wrapping_add(k), special);
                block.values_mut().copy_from_slice(&values);
                block.values_mut().iter_mut().for_each(|value| *value *= T::of(size));
                block
            };
            let (raw, points) = (block(2 * shape.parameters(), 1, size), block(2, 2, 1.0));
            agreed(&format!("{shape:?} {way:?} {size}"), |set| {
                let (mut moved, mut log_det) = (points.clone(), vec![T::one(); lanes]);
                let (out, scratch) = (moved.view_mut(), &mut Scratch::new());
                spline_with(set, shape, way, raw.view(), out, &mut log_det, scratch);
                let (mut bar, mut raw_bar) = (block(2, 3, 1.0), raw.clone());
                let (of_log, scratch) =
                    (values::<T>(lanes, seed.wrapping_add(4), special), &mut Scratch::new());
                let bars = [bar.view_mut(), raw_bar.view_mut()];
                let operands = [raw.view(), points.view()];
                pull_spline_with(set, shape, way, operands, &of_log, bars, scratch);
                [moved.values(), &log_det, bar.values(), raw_bar.values()].concat()
            });
        }
    }
}

/// Up to twenty rows and columns, and up to eight groups of lanes.
fn shape(rng: &mut StdRng, least: usize, most: usize) -> [usize; 3] {
    let lanes = 16 * rng.random_range(1..9);
    [rng.random_range(least..most), rng.random_range(least..most), lanes]
}

#[test]
fn products() {
    cases(40, |rng| {
        let (shape, offset, seed) = (shape(rng, 0, 21), rng.random_range(0..4), rng.random());
        check_product::<f32>(shape, offset, seed, rng.random());
        check_product::<f64>(shape, offset, seed, rng.random());
    });
}

#[test]
fn forms() {
    cases(40, |rng| {
        let (shape, seed) = (shape(rng, 0, 21), rng.random());
        check_form::<f32>(shape, seed, rng.random());
        check_form::<f64>(shape, seed, rng.random());
    });
}

#[test]
fn lane_sums() {
    cases(40, |rng| {
        let (shape, seed) = (shape(rng, 1, 40), rng.random());
        check_lane_sums::<f32>(shape, seed, rng.random());
        check_lane_sums::<f64>(shape, seed, rng.random());
    });
}

#[test]
fn slices() {
    cases(40, |rng| {
        let (len, offset, seed) = (rng.random_range(0..70), rng.random_range(0..4), rng.random());
        check_elementwise::<f32>(len, offset, seed);
        check_elementwise::<f64>(len, offset, seed);
    });
}

#[test]
fn combinations() {
    cases(40, |rng| {
        let lanes = 16 * rng.random_range(1..4);
        let (shape, seed) = ([rng.random_range(1..6), lanes, rng.random_range(0..8)], rng.random());
        check_combinations::<f32>(shape, seed, rng.random());
        check_combinations::<f64>(shape, seed, rng.random());
    });
}

#[test]
fn affine_maps_agree() {
    cases(20, |rng| {
        let (shape, seed) = ([rng.random_range(1..4), 16 * rng.random_range(1..4)], rng.random());
        check_affine_maps::<f32>(shape, seed, rng.random());
        check_affine_maps::<f64>(shape, seed, rng.random());
    });
}

#[test]
fn splines() {
    cases(20, |rng| {
        let (bins, lanes) = (rng.random_range(1..12), 16 * rng.random_range(1..3));
        let seed = rng.random();
        check_splines::<f32>(bins, lanes, seed, rng.random());
        check_splines::<f64>(bins, lanes, seed, rng.random());
    });
}

#[test]
fn activations() {
    check_activations::<f32>();
    check_activations::<f64>();
}

#[test]
fn logarithms_down_to_zero() {
    check_logarithms::<f32>();
    check_logarithms::<f64>();
}

#[test]
fn a_fused_set_is_always_there() {
    assert_eq!(InstructionSet::PlainFused.here(), InstructionSet::PlainFused);
    assert_eq!(InstructionSet::Plain.here(), InstructionSet::Plain);
    let most = super::available();
    assert!(FUSED[1..].iter().all(|set| set.here() <= most), "beyond {most:?}");
}

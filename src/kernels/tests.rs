//! Every kernel against the plain formula, for every instruction set of this processor.

use rand::RngExt;

use super::activation::{jet_with_2, jet_with_3, value_in_place_with, value_with};
use super::drawn::cases;
use super::elementwise::{
    axpy_with, multiply_add_with, multiply_by_with, multiply_with, sum_of_products_with,
};
use super::outer::{outer_with, row_sums_with, transpose_with};
use super::product::{bilinear_form_with, product_with};
use super::{Activation, InstructionSet, Start, Weights};
use crate::columns::{Block, Rows, Scratch};
use crate::real::Real;

const ACTIVATIONS: [Activation; 5] =
    [Activation::Tanh, Activation::Softplus, Activation::Silu, Activation::Sin, Activation::Relu];

/// Numbers between -1 and 1 that repeat for nobody's convenience.
fn values<T: Real>(count: usize, seed: u64) -> Vec<T> {
    let value = |i: usize| ((i as f64 + 1.0) * 12.9898 + seed as f64 * 78.233).sin() * 43_758.545;
    (0..count).map(|i| T::of(2.0 * value(i).rem_euclid(1.0) - 1.0)).collect()
}

fn close<T: Real>(a: T, b: f64, terms: usize) -> bool {
    (a.wide() - b).abs() <= 4.0 * T::EPSILON * (terms as f64 + 2.0)
}

/// C = start + A B, element by element.
fn check_product<T: Real>([rows, cols, lanes]: [usize; 3], seed: u64, transposed: bool) {
    let data: Vec<T> = values((rows + 2) * (cols + 3), seed);
    let b: Vec<T> = values(cols * lanes, seed + 1);
    let bias: Vec<T> = values(rows, seed + 2);
    let old: Vec<T> = values(rows * lanes, seed + 3);
    // A is part of a larger matrix, as it stands or as the transpose of one.
    let a = match transposed {
        false => Weights::new(&data, rows, cols + 3).columns(2, 2 + cols),
        true => Weights::new(&data, cols, rows + 2).columns(1, 1 + rows).transposed(),
    };
    let at = |i: usize, k: usize| a.data[i * a.row_stride + k * a.col_stride].wide();
    for set in InstructionSet::ALL {
        for start in [Start::Zero, Start::Bias(&bias), Start::Accumulate] {
            let mut c = Block::new(rows, lanes);
            c.values_mut().copy_from_slice(&old);
            product_with(set, a, Rows::new(&b, lanes), start, c.view_mut());
            for i in 0..rows {
                for j in 0..lanes {
                    let first = match start {
                        Start::Zero => 0.0,
                        Start::Bias(bias) => bias[i].wide(),
                        Start::Accumulate => old[i * lanes + j].wide(),
                    };
                    let sum: f64 = (0..cols).map(|k| at(i, k) * b[k * lanes + j].wide()).sum();
                    assert!(close(c.row(i)[j], first + sum, cols), "{set:?} {start:?} {i} {j}");
                }
            }
        }
    }
}

/// p'A q, lane by lane.
fn check_form<T: Real>([rows, cols, lanes]: [usize; 3], seed: u64) {
    let data: Vec<T> = values(rows * (cols + 1), seed);
    let [p, q]: [Vec<T>; 2] =
        [(rows, 1), (cols, 2)].map(|(rows, k)| values(rows * lanes, seed + k));
    let a = Weights::new(&data, rows, cols + 1).columns(1, 1 + cols);
    for set in InstructionSet::ALL {
        let mut out = vec![T::one(); lanes];
        bilinear_form_with(set, Rows::new(&p, lanes), a, Rows::new(&q, lanes), &mut out);
        for (j, out) in out.iter().enumerate() {
            let entry = |i: usize, k: usize| a.data[i * a.row_stride + k].wide();
            let row =
                |i: usize| (0..cols).map(|k| entry(i, k) * q[k * lanes + j].wide()).sum::<f64>();
            let sum = (0..rows).map(|i| p[i * lanes + j].wide() * row(i)).sum::<f64>();
            assert!(close(*out, sum, rows * cols), "{set:?} {j}");
        }
    }
}

/// A lane has the same bits in any company.
fn check_lanes<T: Real>(rows: usize, cols: usize, seed: u64) {
    let (a, lanes): (Vec<T>, usize) = (values(rows * cols, seed), 112);
    let b: Vec<T> = values(cols * lanes, seed + 1);
    for set in InstructionSet::ALL {
        let run = |lanes: usize, pick: &dyn Fn(usize) -> usize| {
            let mut few = Block::new(cols, lanes);
            for k in 0..cols {
                (0..lanes).for_each(|j| few.row_mut(k)[j] = b[k * 112 + pick(j)]);
            }
            let mut c = Block::new(rows, lanes);
            let weights = Weights::new(&a, rows, cols);
            product_with(set, weights, few.view(), Start::Zero, c.view_mut());
            c
        };
        let all = run(lanes, &|j| j);
        let some = run(16, &|j| (7 * j + 3) % 112);
        for i in 0..rows {
            for j in 0..16 {
                assert_eq!(some.row(i)[j], all.row(i)[(7 * j + 3) % 112], "{set:?}");
            }
        }
    }
}

fn check_outer<T: Real>([rows, cols, lanes]: [usize; 3], seed: u64) {
    let (p, q): (Vec<T>, Vec<T>) = (values(rows * lanes, seed), values(cols * lanes, seed + 1));
    let stride = cols + 2;
    for set in InstructionSet::ALL {
        let mut g = vec![T::one(); rows * stride];
        let (p, q) = (Rows::new(&p, lanes), Rows::new(&q, lanes));
        outer_with(set, p, q, &mut g, stride, &mut Scratch::new());
        let mut sums = vec![T::one(); rows];
        row_sums_with(set, p, &mut sums);
        for i in 0..rows {
            let total: f64 = p.row(i).iter().map(|p| p.wide()).sum();
            assert!(close(sums[i], 1.0 + total, lanes), "{set:?}");
            for j in 0..stride {
                let products =
                    |j: usize| p.row(i).iter().zip(q.row(j)).map(|(p, q)| p.wide() * q.wide());
                let sum = if j < cols { products(j).sum::<f64>() } else { 0.0 };
                assert!(close(g[i * stride + j], 1.0 + sum, lanes), "{set:?} {i} {j}");
            }
        }
    }
}

/// Rows become columns.
fn check_transpose<T: Real>(rows: usize, lanes: usize, seed: u64) {
    let data: Vec<T> = values(rows * lanes, seed);
    let rows = Rows::new(&data, lanes);
    for set in InstructionSet::ALL {
        let mut turned = Block::new(lanes, rows.rows());
        transpose_with(set, rows, turned.view_mut());
        for i in 0..rows.rows() {
            assert!((0..lanes).all(|j| turned.row(j)[i] == rows.row(i)[j]), "{set:?} row {i}");
        }
    }
}

fn check_elementwise<T: Real>(len: usize, seed: u64) {
    let [a, b, old]: [Vec<T>; 3] = std::array::from_fn(|k| values(len, seed + k as u64));
    for set in InstructionSet::ALL {
        let (mut product, mut added, mut moved) = (old.clone(), old.clone(), old.clone());
        let mut scaled = old.clone();
        multiply_by_with(set, &a, &mut scaled);
        multiply_with(set, &a, &b, &mut product);
        multiply_add_with(set, &a, &b, &mut added);
        axpy_with(set, T::of(0.3), &a, &mut moved);
        for i in 0..len {
            let ab = a[i].wide() * b[i].wide();
            assert!(close(product[i], ab, 1) && close(added[i], old[i].wide() + ab, 1));
            assert!(close(scaled[i], old[i].wide() * a[i].wide(), 1));
            assert!(close(moved[i], old[i].wide() + 0.3 * a[i].wide(), 1));
        }
    }
    let (rows, lanes) = (len % 7, 16 * (1 + len % 3));
    let [p, q]: [Vec<T>; 2] = std::array::from_fn(|k| values(rows * lanes, seed + 5 + k as u64));
    for set in InstructionSet::ALL {
        let mut out = vec![T::one(); lanes];
        sum_of_products_with(set, Rows::new(&p, lanes), Rows::new(&q, lanes), &mut out);
        for (j, out) in out.iter().enumerate() {
            let term = |i: usize| p[i * lanes + j].wide() * q[i * lanes + j].wide();
            assert!(close(*out, 1.0 + (0..rows).map(term).sum::<f64>(), rows));
        }
    }
}

/// Up to `most` rows and columns (none, too, where `least` is 0), groups of 16 lanes, and a seed.
fn drawn(least: usize, most: usize, check: impl Fn([usize; 3], u64)) {
    cases(40, |rng| {
        let [rows, cols] = [(); 2].map(|()| rng.random_range(least..most));
        check([rows, cols, 16 * rng.random_range(1..9)], rng.random_range(0..999));
    });
}

#[test]
fn products() {
    drawn(0, 21, |shape, seed| {
        for transposed in [false, true] {
            check_product::<f32>(shape, seed, transposed);
            check_product::<f64>(shape, seed, transposed);
        }
    });
}

#[test]
fn forms() {
    drawn(0, 21, |shape, seed| {
        check_form::<f32>(shape, seed);
        check_form::<f64>(shape, seed);
    });
}

#[test]
fn lanes_are_alone() {
    drawn(1, 70, |[rows, cols, _], seed| {
        check_lanes::<f32>(rows, cols, seed);
        check_lanes::<f64>(rows, cols, seed);
    });
}

#[test]
fn outer_products() {
    drawn(1, 40, |shape, seed| {
        check_outer::<f32>(shape, seed);
        check_outer::<f64>(shape, seed);
    });
}

#[test]
fn transposes() {
    drawn(1, 40, |[rows, _, lanes], seed| {
        check_transpose::<f32>(rows, lanes, seed);
        check_transpose::<f64>(rows, lanes, seed);
    });
}

#[test]
fn elementwise() {
    drawn(0, 70, |[len, ..], seed| {
        check_elementwise::<f32>(len, seed);
        check_elementwise::<f64>(len, seed);
    });
}

/// Arguments over the whole range: a dense middle, both tails, tiny numbers, and the special ones.
fn arguments<T: Real>() -> Vec<T> {
    let middle = (-4000..=4000).map(|k| f64::from(k) * 0.0101);
    let wide = (-600..=600).map(|k| f64::from(k) * 1.37);
    let scales = (-300..300).flat_map(|k| {
        let size = 10f64.powf(0.125 * f64::from(k));
        [size, -size]
    });
    let special = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    middle.chain(wide).chain(scales).chain(special).map(T::of).collect()
}

/// Value, slope and curvature in `f64`, written to lose no digits; in `f64` itself they are good to
/// an ulp or two.
fn reference(activation: Activation, x: f64) -> [f64; 3] {
    let e = (-x.abs()).exp();
    // The logistic function at |x|, and one minus it.
    let (near, far) = (1.0 / (1.0 + e), e / (1.0 + e));
    match activation {
        Activation::Tanh => {
            let (value, decay) = (x.tanh(), (-2.0 * x.abs()).exp());
            let slope = 4.0 * decay / (1.0 + decay).powi(2);
            [value, slope, -2.0 * value * slope]
        }
        Activation::Softplus => {
            let slope = if x > 0.0 { near } else { far };
            [x.max(0.0) + e.ln_1p(), slope, near * far]
        }
        Activation::Silu => {
            let (sigmoid, other) = if x > 0.0 { (near, far) } else { (far, near) };
            // Zero beats infinity, and the tails of x e^-|x| vanish.
            let tail = if x.is_infinite() { 0.0 } else { x * far * near };
            let bend =
                if x.is_infinite() { 0.0 } else { near * far * (2.0 + x * (other - sigmoid)) };
            let value = if x == f64::NEG_INFINITY { 0.0 } else { x * sigmoid };
            [value, sigmoid + tail, bend]
        }
        Activation::Sin => [x.sin(), x.cos(), -x.sin()],
        Activation::Relu => [if x < 0.0 { 0.0 } else { x }, f64::from(u8::from(x > 0.0)), 0.0],
    }
}

/// The size that errors are measured by: the value, but near a zero of a slope or curvature the size
/// of the terms that cancel there.
fn scale(activation: Activation, x: f64, order: usize, value: f64) -> f64 {
    match (activation, order) {
        (Activation::Silu, 1 | 2) => {
            let e = (-x.abs()).exp();
            value.abs().max(if x.is_finite() { e * (1.0 + x.abs()) } else { 0.0 })
        }
        // A sine's argument is reduced by multiples of π/2, which leaves an absolute error.
        (Activation::Sin, _) => value.abs().max(1e-3),
        _ => value.abs(),
    }
}

fn check_activation<T: Real>(ulps: f64) {
    let x: Vec<T> = arguments();
    for set in InstructionSet::ALL {
        for activation in ACTIVATIONS {
            let [mut value, mut first, mut second, mut slope, mut last, mut bend] =
                std::array::from_fn(|_| vec![T::zero(); x.len()]);
            let mut place = x.clone();
            value_with(set, activation, &x, &mut value);
            value_in_place_with(set, activation, &mut place);
            jet_with_2(set, activation, &x, [&mut first, &mut slope]);
            jet_with_3(set, activation, &x, [&mut second, &mut last, &mut bend]);
            for (i, x) in x.iter().enumerate() {
                let same =
                    |a: T, b: T| a.bits() == b.bits() || (a.wide().is_nan() && b.wide().is_nan());
                assert!(
                    same(value[i], place[i])
                        && same(value[i], first[i])
                        && same(value[i], second[i])
                );
                assert!(same(slope[i], last[i]));
                let expected = reference(activation, x.wide());
                for (order, (ours, expected)) in
                    [value[i], slope[i], bend[i]].into_iter().zip(expected).enumerate()
                {
                    let (ours, rounded) = (ours.wide(), T::of(expected).wide());
                    let unit = (scale(activation, x.wide(), order, expected) * T::EPSILON)
                        .max(2.0 * T::SMALLEST);
                    let agree = ours == rounded
                        || ours.is_nan() && expected.is_nan()
                        || (ours - expected).abs() <= ulps * unit;
                    assert!(
                        agree,
                        "{set:?} {activation:?} order {order} at {x}: {ours} against {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn activations_are_within_four_units_in_the_last_place() {
    check_activation::<f32>(4.0);
    // Half a unit or more of the difference is the reference's own.
    check_activation::<f64>(5.0);
}

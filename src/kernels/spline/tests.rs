//! Splines against the formulas of the paper in plain scalars, for every instruction set, with
//! derivatives by dual numbers.

use num_dual::{Dual64, DualNum};
use rand::RngExt;

use super::{
    Ends, MIN_DERIVATIVE, MIN_SHARE, SplineShape, SplineWay, pull_spline_with, spline_with,
};
use crate::columns::{Block, Scratch};
use crate::kernels::InstructionSet;
use crate::kernels::dispatch::stamp;
use crate::kernels::drawn::cases;
use crate::kernels::elementary::ln;
use crate::real::Real;
use crate::simd::Vector;

const LANES: usize = 32;

/// Numbers between -1 and 1.
fn values(count: usize, seed: u64) -> Vec<f64> {
    let value = |i: usize| ((i as f64 + 1.0) * 12.9898 + seed as f64 * 78.233).sin() * 43_758.545;
    (0..count).map(|i| 2.0 * value(i).rem_euclid(1.0) - 1.0).collect()
}

/// The knots along one axis.
fn knots<D: DualNum<f64> + Copy>(raw: &[D], bound: f64) -> Vec<D> {
    let largest = raw.iter().map(|r| r.re()).fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<D> = raw.iter().map(|r| (*r - largest).exp()).collect();
    let sum = weights.iter().copied().fold(D::from(0.0), |a, b| a + b);
    let free = 1.0 - MIN_SHARE * raw.len() as f64;
    let mut knots = vec![D::from(-bound)];
    for weight in weights {
        let last = knots[knots.len() - 1];
        knots.push(last + (weight / sum * free + MIN_SHARE) * (2.0 * bound));
    }
    knots
}

/// The derivatives at all knots.
fn derivatives<D: DualNum<f64> + Copy>(ends: Ends, raw: &[D]) -> Vec<D> {
    let derivative = |r: &D| (r.exp() + 1.0).ln() + MIN_DERIVATIVE;
    let mut inner: Vec<D> = raw.iter().map(derivative).collect();
    match ends {
        Ends::Linear => inner.insert(0, D::from(1.0)),
        Ends::Circular => {}
    }
    inner.push(inner[0]);
    inner
}

/// Output and log-derivative by equations 4 to 8 (of the technical appendix: 19 and 22) and 25 to 29
/// of Durkan et al. 2019.
fn plain<D: DualNum<f64> + Copy>(
    shape: SplineShape,
    way: SplineWay,
    raw: &[D],
    input: D,
) -> [D; 2] {
    let (k, bound) = (shape.bins, shape.bound);
    let input = match shape.ends {
        Ends::Linear if input.re().abs() >= bound => return [input, D::from(0.0)],
        Ends::Linear => input,
        Ends::Circular => input - 2.0 * bound * ((input.re() + bound) / (2.0 * bound)).floor(),
    };
    let [x, y] = [&raw[..k], &raw[k..2 * k]].map(|raw| knots(raw, bound));
    let d = derivatives(shape.ends, &raw[2 * k..]);
    let axis = if way == SplineWay::Evaluate { &x } else { &y };
    let bin = axis[1..k].iter().filter(|knot| knot.re() <= input.re()).count();
    let (w, h) = (x[bin + 1] - x[bin], y[bin + 1] - y[bin]);
    let (s, d0, d1) = (h / w, d[bin], d[bin + 1]);
    let bend = d0 + d1 - s * 2.0;
    let theta = match way {
        SplineWay::Evaluate => (input - x[bin]) / w,
        SplineWay::Invert => {
            let up = input - y[bin];
            let (a, b, c) = (h * (s - d0) + up * bend, h * d0 - up * bend, -s * up);
            c * 2.0 / (-b - (b * b - a * c * 4.0).sqrt())
        }
    };
    let both = theta * (-theta + 1.0);
    let denominator = s + bend * both;
    let others = (-theta + 1.0) * (-theta + 1.0);
    let slope = s * s * (d1 * theta * theta + s * both * 2.0 + d0 * others);
    let log_slope = (slope / (denominator * denominator)).ln();
    match way {
        SplineWay::Evaluate => {
            [y[bin] + h * (s * theta * theta + d0 * both) / denominator, log_slope]
        }
        SplineWay::Invert => [x[bin] + w * theta, -log_slope],
    }
}

/// Two coordinates with their parameters, in and out of the interval.
struct Case {
    shape: SplineShape,
    way: SplineWay,
    raw: Vec<f64>,
    points: Vec<f64>,
}

impl Case {
    fn new(shape: SplineShape, way: SplineWay, scale: f64, seed: u64) -> Self {
        let raw = values(2 * shape.parameters() * LANES, seed);
        let raw = raw.iter().map(|r| f64::from((scale * r) as f32)).collect();
        let points = values(2 * LANES, seed + 1);
        let points = points.iter().map(|x| f64::from((1.2 * shape.bound * x) as f32)).collect();
        Self { shape, way, raw, points }
    }

    fn block<T: Real>(&self, values: &[f64]) -> Block<T> {
        let mut block = Block::new(values.len() / LANES, LANES);
        for (to, from) in block.values_mut().iter_mut().zip(values) {
            *to = T::of(*from);
        }
        block
    }

    /// The raw parameters of coordinate `i` in one lane.
    fn raw_of(&self, i: usize, lane: usize) -> Vec<f64> {
        let count = self.shape.parameters();
        (0..count).map(|p| self.raw[(i * count + p) * LANES + lane]).collect()
    }

    /// Outputs, and the sum of log-derivatives plus one.
    fn run<T: Real>(&self, set: InstructionSet) -> (Block<T>, Vec<T>) {
        let (raw, mut points) = (self.block::<T>(&self.raw), self.block::<T>(&self.points));
        let mut log_det = vec![T::one(); LANES];
        let (view, scratch) = (points.view_mut(), &mut Scratch::new());
        spline_with(set, self.shape, self.way, raw.view(), view, &mut log_det, scratch);
        (points, log_det)
    }

    fn check<T: Real>(&self, set: InstructionSet, bound: f64) {
        let (points, log_det) = self.run::<T>(set);
        for (lane, log_det) in log_det.iter().enumerate() {
            let mut total = 1.0;
            for i in 0..2 {
                let (raw, x) = (self.raw_of(i, lane), self.points[i * LANES + lane]);
                let [y, log_slope] = plain(self.shape, self.way, &raw, x);
                total += log_slope;
                let error = (points.row(i)[lane].wide() - y).abs();
                let wrapped = (error - 2.0 * self.shape.bound).abs();
                assert!(error.min(wrapped) < bound * self.shape.bound, "{set:?} {x}: {error:e}");
            }
            let error = (log_det.wide() - total).abs();
            assert!(error < 20.0 * bound, "{set:?}, logarithm: {error:e}");
        }
    }

    /// The cotangents of points and raw parameters, for cotangents that follow from `seed`.
    fn pull<T: Real>(&self, set: InstructionSet, seed: u64) -> [Block<T>; 2] {
        let (raw, points) = (self.block::<T>(&self.raw), self.block::<T>(&self.points));
        let mut bars = self.block::<T>(&values(3 * LANES, seed));
        let log_bar = bars.row(2).to_vec();
        bars.reshape(2, LANES);
        let mut raw_bar = Block::new(raw.rows(), LANES);
        let operands = [raw.view(), points.view()];
        let pulled = [bars.view_mut(), raw_bar.view_mut()];
        let scratch = &mut Scratch::new();
        pull_spline_with(set, self.shape, self.way, operands, &log_bar, pulled, scratch);
        [bars, raw_bar]
    }

    /// The derivative of `bars` . (output, log-derivative) by every raw parameter and by the point.
    fn expected(&self, raw: &[f64], x: f64, bars: [f64; 2]) -> Vec<f64> {
        let along = |p: usize| {
            let dual = |i: usize, v: f64| Dual64::new(v, f64::from(u8::from(i == p)));
            let raw: Vec<Dual64> = raw.iter().enumerate().map(|(i, r)| dual(i, *r)).collect();
            let [y, log_slope] = plain(self.shape, self.way, &raw, dual(raw.len(), x));
            bars[0] * y.eps + bars[1] * log_slope.eps
        };
        (0..=raw.len()).map(along).collect()
    }

    fn check_pull<T: Real>(&self, set: InstructionSet, seed: u64, bound: f64) {
        let [points, raw_bar] = self.pull::<T>(set, seed);
        let bars = values(3 * LANES, seed);
        let count = self.shape.parameters();
        for (i, lane) in (0..2 * LANES).map(|k| (k / LANES, k % LANES)) {
            let bars = [bars[i * LANES + lane], bars[2 * LANES + lane]];
            let (raw, x) = (self.raw_of(i, lane), self.points[i * LANES + lane]);
            let ours = (0..count).map(|p| raw_bar.row(i * count + p)[lane].wide());
            let ours: Vec<f64> = ours.chain([points.row(i)[lane].wide()]).collect();
            // Rounding may put a point on the other side of a knot, where derivatives jump.
            let shift = 8.0 * T::EPSILON * self.shape.bound;
            let error = [0.0, -shift, shift].map(|shift| {
                let expected = self.expected(&raw, x + shift, bars);
                let size = expected.iter().map(|e| e.abs()).fold(1.0, f64::max);
                let errors = expected.iter().zip(&ours).map(|(a, b)| (a - b).abs() / size);
                errors.fold(0.0, f64::max)
            });
            let least = error.into_iter().fold(f64::INFINITY, f64::min);
            assert!(least < bound, "{set:?} {:?} {:?} at {x}: {least:e}", self.way, self.shape);
        }
    }
}

const WAYS: [SplineWay; 2] = [SplineWay::Evaluate, SplineWay::Invert];

fn shapes(bins: usize, bound: f64) -> [SplineShape; 2] {
    let circular = SplineShape { bins, bound: std::f64::consts::PI, ends: Ends::Circular };
    [SplineShape { bins, bound, ends: Ends::Linear }, circular]
}

/// Random numbers of bins, bounds and seeds.
fn drawn(check: impl Fn(usize, f64, u64)) {
    cases(24, |rng| {
        check(rng.random_range(1..12), rng.random_range(0.1..50.0), rng.random_range(0..9999));
    });
}

#[test]
fn splines_are_those_of_the_paper() {
    drawn(|bins, bound, seed| {
        for (shape, way) in shapes(bins, bound).into_iter().flat_map(|s| WAYS.map(|w| (s, w))) {
            for set in InstructionSet::ALL {
                Case::new(shape, way, 2.0, seed).check::<f64>(set, 1e-12);
                Case::new(shape, way, 1.0, seed).check::<f32>(set, 1e-4);
            }
        }
    });
}

#[test]
fn derivatives_are_those_of_dual_numbers() {
    drawn(|bins, bound, seed| {
        for (shape, way) in shapes(bins, bound).into_iter().flat_map(|s| WAYS.map(|w| (s, w))) {
            for set in InstructionSet::ALL {
                Case::new(shape, way, 2.0, seed).check_pull::<f64>(set, seed + 3, 1e-9);
                Case::new(shape, way, 1.0, seed).check_pull::<f32>(set, seed + 3, 1e-2);
            }
        }
    });
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

fn check_logarithms<T: Real>() {
    let size = -T::SMALLEST.log2();
    let wide = (-1000..1000).map(|k| (f64::from(k) * size / 1001.0).exp2());
    let near_one = (-1000..1000).map(|k| 1.0 + f64::from(k) * 4.1e-4);
    let x: Vec<T> = wide.chain(near_one).map(T::of).collect();
    for set in InstructionSet::ALL {
        let mut ours = x.clone();
        logarithms(set, &mut ours);
        for (x, ours) in x.iter().zip(&ours) {
            let expected = x.wide().ln();
            let unit = T::EPSILON * expected.abs().max(T::SMALLEST);
            let error = (ours.wide() - expected).abs();
            assert!(error <= 3.0 * unit, "{set:?} ln {x}: {ours} {expected}");
        }
        let mut special = vec![T::of(f64::NAN); 16];
        logarithms(set, &mut special);
        assert!(special.iter().all(|value| value.wide().is_nan()));
    }
}

#[test]
fn logarithms_are_within_three_units_in_the_last_place() {
    check_logarithms::<f32>();
    check_logarithms::<f64>();
}

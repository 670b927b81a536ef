//! Laws of splines as maps of one coordinate: the reference, inverses however extreme, the circle.

use std::f64::consts::PI;

use liouville::columns::{Block, Scratch};
use liouville::flow::transformer::{Spline, Transformer};
use liouville::prelude::*;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::catalogue::spline::splines;
use crate::support::cases;

/// One coordinate: points and log-derivatives, sample by sample, with the raw parameters of each.
fn apply<T: Real>(
    spline: &Spline,
    direction: Direction,
    raw: &[Vec<f64>],
    points: &[f64],
) -> Vec<[f64; 2]> {
    let count = Transformer::<T>::parameters(spline);
    let (mut rows, mut block) = (Block::new(count, raw.len()), Block::new(1, raw.len()));
    for lane in 0..block.lanes() {
        let from = lane.min(raw.len() - 1);
        block.row_mut(0)[lane] = T::of(points[from]);
        for (p, value) in raw[from].iter().enumerate() {
            rows.row_mut(p)[lane] = T::of(*value);
        }
    }
    let mut log_det = vec![T::zero(); block.lanes()];
    let scratch = &mut Scratch::new();
    spline.apply(direction, rows.view(), block.view_mut(), &mut log_det, scratch);
    let pairs = block.row(0).iter().zip(&log_det).take(raw.len());
    pairs.map(|(y, log_slope)| [y.wide(), log_slope.wide()]).collect()
}

/// Points, outputs and log-derivatives by `unconstrained_rational_quadratic_spline` of nflows 0.14,
/// with five bins, linear tails, a tail bound of 3, and raw parameters 2 sin(1 + 3p), p = 0, ..., 13.
const EVALUATED: [[f64; 3]; 11] = [
    [-3.5, -3.5, 0.0],
    [-3.0, -3.0, 0.0],
    [-2.2, -2.6575803469628654, -1.6514683731792494],
    [-1.3, -2.537087387172364, -2.2144104736493295],
    [-0.4, -2.398970258210205, -1.2480435730865587],
    [0.1, -0.5336410742509756, -0.0671379448410857],
    [0.9, -0.02252498232504785, -0.8329246169834741],
    [1.7, 0.2851101399432642, 1.1897163486947773],
    [2.5, 2.2976185698905653, 0.5566820803288068],
    [2.99, 2.989912752813744, 0.017298824687123737],
    [4.0, 4.0, 0.0],
];

/// The same with `inverse=True`.
const INVERTED: [[f64; 3]; 11] = [
    [-3.5, -3.5, 0.0],
    [-3.0, -3.0, 0.0],
    [-2.2, -0.2815108167283531, -2.5521385520368094],
    [-1.3, -0.23878321111627315, -3.040613869915887],
    [-0.4, 0.2557507161549704, 0.23915121885464974],
    [0.1, 1.2186967869026946, 1.080583479843639],
    [0.9, 1.7903611529835133, -1.84077360763475],
    [1.7, 2.1763933575571834, -0.636798951103461],
    [2.5, 2.620520459088251, -0.4744058271024535],
    [2.99, 2.990085757197889, -0.017151746712001925],
    [4.0, 4.0, 0.0],
];

#[test]
fn splines_are_those_of_nflows() {
    let spline = Spline::new(5, 3.0).expect("valid settings");
    let raw: Vec<f64> = (0..14).map(|p| 2.0 * (1.0 + 3.0 * f64::from(p)).sin()).collect();
    for (direction, table) in [(Direction::Inverse, EVALUATED), (Direction::Forward, INVERTED)] {
        let points: Vec<f64> = table.iter().map(|line| line[0]).collect();
        let raw = vec![raw.clone(); points.len()];
        let double = apply::<f64>(&spline, direction, &raw, &points);
        let single = apply::<f32>(&spline, direction, &raw, &points);
        for ((line, double), single) in table.iter().zip(double).zip(single) {
            for k in 0..2 {
                let (exact, x) = (line[1 + k], line[0]);
                assert!((double[k] - exact).abs() < 1e-13, "{direction:?} {x}: {double:?} {exact}");
                assert!((single[k] - exact).abs() < 5e-5, "{direction:?} {x}: {single:?} {exact}");
            }
        }
    }
}

#[test]
fn raw_parameters_of_the_identity_are_the_identity() {
    for (name, spline) in splines() {
        let mut raw = vec![0.0; Transformer::<f64>::parameters(&spline)];
        spline.identity(&mut raw);
        let points: Vec<f64> = (-50..50).map(|k| 0.0199 * f64::from(k) * spline.bound()).collect();
        for direction in [Direction::Forward, Direction::Inverse] {
            let moved = apply::<f64>(&spline, direction, &vec![raw.clone(); 100], &points);
            for (x, [y, log_slope]) in points.iter().zip(moved) {
                let error = (y - x).abs() / spline.bound() + log_slope.abs();
                assert!(error < 1e-12, "{name} {direction:?} at {x}: {y} {log_slope:e}");
            }
        }
    }
}

/// Raw parameters in ±scale; if `regular`, the widths are all equal.
fn raw_parameters(spline: &Spline, scale: f64, regular: bool, rng: &mut StdRng) -> Vec<f64> {
    let count = Transformer::<f64>::parameters(spline);
    let mut raw: Vec<f64> = (0..count).map(|_| rng.random_range(-1.0..1.0) * scale).collect();
    if regular {
        raw[..spline.bins()].fill(0.0);
    }
    raw.iter().map(|r| f64::from(*r as f32)).collect()
}

/// Points inside, far outside, at the ends, and at the knots of regular widths with their neighbours.
fn points(spline: &Spline, rng: &mut StdRng) -> Vec<f64> {
    let bound = spline.bound();
    let mut points: Vec<f64> = (0..40).map(|_| rng.random_range(-bound..bound)).collect();
    for k in 0..=spline.bins().min(40) {
        let knot = bound * (2.0 * k as f64 / spline.bins() as f64 - 1.0);
        points.extend([knot, knot * (1.0 + 1e-7), knot * (1.0 - 1e-7)]);
    }
    if spline.is_circular() {
        // Rounded to `f32`, the ends would lie outside.
        points.iter_mut().for_each(|x| *x *= 1.0 - 1e-6);
    } else {
        points.extend([1e6, -1e6, 3e30, 1.5 * bound, -1.5 * bound]);
    }
    points.iter().map(|x| f64::from(*x as f32)).collect()
}

/// Whether each of `images` is the exact image of its point with both moved by a shift, the exact map
/// being increasing.
fn within<T: Real>(
    spline: &Spline,
    direction: Direction,
    raw: &[Vec<f64>],
    [points, images]: [&[f64]; 2],
) {
    let bound = spline.bound();
    let shifts: Vec<f64> = points.iter().map(|x| rounding::<T>(spline, *x)).collect();
    let [low, high] = [-1.0, 1.0].map(|sign| {
        let moved = points.iter().zip(&shifts).map(|(x, shift)| x + sign * shift);
        let clamped = |x: f64| if spline.is_circular() { x.clamp(-bound, bound) } else { x };
        apply::<f64>(spline, direction, raw, &moved.map(clamped).collect::<Vec<_>>())
    });
    for (lane, (image, shift)) in images.iter().zip(shifts).enumerate() {
        let (low, high) = (low[lane][0], high[lane][0]);
        // The end of a circle is its start.
        let high = if high < low { bound } else { high };
        let at_end = |value: f64| bound - value.abs() <= 2.0 * shift;
        let wraps = spline.is_circular() && (at_end(*image) || at_end(points[lane]));
        assert!(
            wraps || (low - shift <= *image && *image <= high + shift),
            "{direction:?} at {}: {image} not in {low} {high}, shift {shift:e}",
            points[lane]
        );
    }
}

/// How far off input and output may be.
fn rounding<T: Real>(spline: &Spline, x: f64) -> f64 {
    (64.0 + 8.0 * spline.bins() as f64) * T::EPSILON * spline.bound() + T::EPSILON * x.abs()
}

/// There, back, and there again, with any parameters.
fn there_and_back<T: Real>(name: &str, spline: &Spline, scale: f64, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let points = points(spline, &mut rng);
    let parameters = |_| raw_parameters(spline, scale, seed.is_multiple_of(2), &mut rng);
    let raw: Vec<Vec<f64>> = points.iter().map(parameters).collect();
    for direction in [Direction::Forward, Direction::Inverse] {
        let there = apply::<T>(spline, direction, &raw, &points);
        let images: Vec<f64> = there.iter().map(|moved| moved[0]).collect();
        let back = apply::<T>(spline, direction.reversed(), &raw, &images);
        let returned: Vec<f64> = back.iter().map(|moved| moved[0]).collect();
        within::<T>(spline, direction, &raw, [&points, &images]);
        within::<T>(spline, direction.reversed(), &raw, [&images, &returned]);
        for (lane, x) in points.iter().enumerate() {
            let all = [there[lane], back[lane]].concat();
            assert!(all.iter().all(|v| v.is_finite()), "{name} {direction:?} at {x}: {all:?}");
            if x.abs() > spline.bound() && !spline.is_circular() {
                assert_eq!((there[lane], back[lane]), ([*x, 0.0], [*x, 0.0]), "{name}");
            }
        }
    }
}

/// Cotangents that come back are finite, and inside they are the derivative that was reported.
fn pulled_back<T: Real>(name: &str, spline: &Spline, scale: f64, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let points = points(spline, &mut rng);
    let count = Transformer::<T>::parameters(spline);
    for direction in [Direction::Forward, Direction::Inverse] {
        let (mut raw, mut input) = (Block::new(count, points.len()), Block::new(1, points.len()));
        for lane in 0..input.lanes() {
            input.row_mut(0)[lane] = T::of(points[lane.min(points.len() - 1)]);
            for (p, value) in raw_parameters(spline, scale, true, &mut rng).iter().enumerate() {
                raw.row_mut(p)[lane] = T::of(*value);
            }
        }
        let (mut output, scratch) = (input.clone(), &mut Scratch::new());
        let mut log_det = vec![T::zero(); input.lanes()];
        spline.apply(direction, raw.view(), output.view_mut(), &mut log_det, scratch);
        let (mut bar, mut raw_bar) = (Block::new(1, points.len()), Block::new(count, points.len()));
        bar.fill(T::one());
        let mapped = liouville::flow::transformer::Mapped {
            raw: raw.view(),
            input: input.view(),
            output: output.view(),
        };
        let none = vec![T::zero(); input.lanes()];
        spline.pullback(direction, mapped, bar.view_mut(), &none, raw_bar.view_mut(), scratch);
        for (bar, log_slope) in bar.row(0).iter().zip(&log_det) {
            let error = (bar.wide().ln() - log_slope.wide()).abs();
            assert!(
                error < 32.0 * T::EPSILON * (1.0 + log_slope.wide().abs()),
                "{name}: {error:e}"
            );
        }
        assert!(raw_bar.values().iter().all(|v| v.is_finite()), "{name} {direction:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(6)))]

    #[test]
    fn a_spline_is_exact_up_to_rounding_at_both_ends(seed in any::<u32>()) {
        for (name, spline) in splines() {
            for scale in [1.0, 50.0, 1000.0, 1e30] {
                there_and_back::<f64>(name, &spline, scale, u64::from(seed));
                there_and_back::<f32>(name, &spline, scale, u64::from(seed));
            }
        }
    }

    #[test]
    fn what_comes_back_is_finite(seed in any::<u32>()) {
        for (name, spline) in splines() {
            for scale in [1.0, 50.0, 1000.0] {
                pulled_back::<f64>(name, &spline, scale, u64::from(seed));
                pulled_back::<f32>(name, &spline, scale, u64::from(seed));
            }
        }
    }

    #[test]
    fn angles_are_taken_round_the_circle(seed in any::<u32>(), turns in -100i32..100) {
        let mut rng = StdRng::seed_from_u64(u64::from(seed));
        let spline = Spline::circular(6).expect("valid settings");
        let raw = vec![raw_parameters(&spline, 2.0, false, &mut rng); 3];
        let x: f64 = rng.random_range(-PI..PI);
        let around = [x, x + 2.0 * PI * f64::from(turns), x + 1e-9];
        for direction in [Direction::Forward, Direction::Inverse] {
            let moved = apply::<f64>(&spline, direction, &raw, &around);
            prop_assert!((moved[0][0] - moved[1][0]).abs() < 1e-10, "{x} {turns}: {moved:?}");
            prop_assert!(moved.iter().all(|m| (-PI..PI).contains(&m[0])));
            // The two ends of the circle are one point with one derivative.
            let ends = apply::<f64>(&spline, direction, &raw, &[-PI, PI, PI * (1.0 - 1e-15)]);
            prop_assert_eq!(ends[0][0], -PI);
            prop_assert_eq!(ends[1][0], -PI);
            prop_assert!((ends[0][1] - ends[2][1]).abs() < 1e-9, "{ends:?}");
            let far = apply::<f64>(&spline, direction, &raw, &[1e300, -1e18, 1e9]);
            prop_assert!(far.iter().all(|m| (-PI..PI).contains(&m[0]) && m[1].is_finite()));
        }
    }

    #[test]
    fn a_lane_is_alone(seed in any::<u32>(), place in 0usize..100) {
        let mut rng = StdRng::seed_from_u64(u64::from(seed));
        for (name, spline) in splines() {
            let raw: Vec<_> =
                (0..100).map(|_| raw_parameters(&spline, 2.0, false, &mut rng)).collect();
            let bound = 1.2 * spline.bound();
            let points: Vec<f64> = (0..100).map(|_| rng.random_range(-bound..bound)).collect();
            for direction in [Direction::Forward, Direction::Inverse] {
                let batch = apply::<f32>(&spline, direction, &raw, &points)[place];
                let alone = apply::<f32>(&spline, direction, &raw[place..][..1], &points[place..][..1]);
                prop_assert_eq!(batch, alone[0], "{}", name);
            }
        }
    }
}

#[test]
fn a_parameter_that_is_no_number_shows() {
    for (name, spline) in splines() {
        let count = Transformer::<f64>::parameters(&spline);
        for p in (0..2 * spline.bins()).step_by(spline.bins() / 2) {
            let mut raw = vec![0.3; count];
            raw[p] = f64::NAN;
            for direction in [Direction::Forward, Direction::Inverse] {
                let [[y, log_slope]] = apply::<f64>(&spline, direction, &[raw.clone()], &[0.1])[..]
                else {
                    unreachable!("one sample")
                };
                assert!(y.is_nan() || log_slope.is_nan(), "{name} {p}: {y} {log_slope}");
            }
        }
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    for (bins, bound) in
        [(1, 3.0), (0, 3.0), (513, 3.0), (8, 0.0), (8, -1.0), (8, f64::NAN), (8, 1e7)]
    {
        let error = Spline::new(bins, bound).expect_err("out of range");
        assert!(error.is_setting(), "{error}");
    }
    assert!(Spline::circular(1).expect_err("out of range").is_setting());
}

//! Coordinates that rest at zero but for rounding cost what others cost.

use std::f64::consts::TAU;

use liouville::flow::{Flow, Moved};
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix, dvector};

/// Evaluations of the costliest column; every column must arrive.
fn dearest<T: Real>(moved: &Moved<T>) -> u64 {
    for (j, outcome) in moved.outcomes.iter().enumerate() {
        assert!(outcome.arrived(), "column {j}: {outcome:?}");
    }
    moved.efforts.iter().map(|effort| effort.evaluations).max().unwrap_or(0)
}

#[test]
fn a_fixed_point_whose_velocity_is_rounding_is_reached() {
    for rate in [20.0, 50.0] {
        // 2π added and taken off again leaves a velocity of some 1e-15 at zero.
        let falling = field::autonomous::<1, _>(move |[x]| [(x + TAU).sin() * -rate]);
        for tolerance in [1e-5, 1e-7] {
            let flow = ContinuousFlow::new(falling.clone()).tolerance(tolerance);
            let moved = flow.follow(Direction::Forward, &dmatrix![0.5f64, 0.0], None);
            let moved = moved.expect("a valid shape");
            assert!(dearest(&moved) < 2000, "{rate} at {tolerance:e}: {}", dearest(&moved));
            // The closed form is 2 arctan(tan(1/4) e^(-rate)).
            assert!(moved.points.amax() < 2.2 * (0.25f64.tan() * (-rate).exp()) + 1e-12);
        }
    }
}

#[test]
fn a_coordinate_that_does_nothing_costs_nothing() {
    let idle = field::time_dependent::<2, _>(|t, [x, _]| {
        let (sin, cos) = ((t * 5.0).sin(), (t * 5.0).cos());
        [x * 0.5, sin * sin + cos * cos - 1.0]
    });
    for tolerance in [1e-3, 1e-5, 1e-9] {
        let flow = ContinuousFlow::new(idle.clone()).tolerance(tolerance);
        let start = dmatrix![1.0f64; 0.0];
        let moved = flow.follow(Direction::Forward, &start, None).expect("a valid shape");
        assert!(dearest(&moved) < 300, "{tolerance:e}: {}", dearest(&moved));
        assert!((moved.points[0] - 0.5f64.exp()).abs() < 100.0 * tolerance);
    }
}

#[test]
fn a_ramp_that_begins_far_ahead_is_not_followed_from_its_first_digit() {
    // x' grows from 1e-20 like e^(100 t) before it is worth a step.
    let ramp = field::time_dependent::<1, _>(|t, [_]| {
        let side = |shift: f64| ((t - 0.6 + shift) * 50.0).tanh();
        [(side(0.02) - side(-0.02)) * 12.5]
    });
    let flow = ContinuousFlow::new(ramp).tolerance(1e-5);
    let moved = flow.follow(Direction::Forward, &DMatrix::<f64>::zeros(1, 1), None);
    let moved = moved.expect("a valid shape");
    assert!(dearest(&moved) < 1000, "{}", dearest(&moved));
    assert!((moved.points[0] - 1.0).abs() < 1e-3, "{}", moved.points[0]);
}

/// A network in three coordinates, the second of which contracts to zero at this rate near it,
/// x' = -c (tanh(x + 1) + tanh(x - 1)) with c = rate cosh²(1) / 2; the others turn. Plain, or with gates that
/// are half open and weights twice as large.
fn contracting(rate: f64, gated: bool) -> Vec<f64> {
    let c = rate * 1f64.cosh().powi(2) / 2.0;
    let sides = [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
    let last = [[0.0, 0.0, 0.0, 1.0], [-c, -c, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0]];
    let biases = [1.0, -1.0, 0.0, 0.0];
    if !gated {
        let first = sides.iter().flat_map(|row| [&row[..], &[0.0]].concat());
        return first.chain(biases).chain(last.concat()).chain([0.0; 3]).collect();
    }
    let twice = |values: Vec<f64>| -> Vec<f64> { values.iter().map(|value| 2.0 * value).collect() };
    let hidden = [twice(sides.concat()), twice(biases.to_vec()), vec![0.0; 12]].concat();
    // Per layer: weight, bias, gate's weight and bias, shift.
    [hidden, twice(last.concat()), vec![0.0; 3], vec![0.0; 5]].concat()
}

/// Follows some points in the scalar, and in `f64` at 1e-10.
fn check_contracting<T: Real>(
    what: &str,
    rate: f64,
    field: impl VectorField<T>,
    precise: impl VectorField<f64>,
) {
    let starts = [0.0, 0.5, -1.3, 2.0, 1e-6, 1e-3, -0.7];
    let points = DMatrix::from_fn(3, starts.len(), |i, j| match i {
        1 => T::of(starts[j]),
        _ => T::of(0.3 + 0.1 * (i + j) as f64),
    });
    let moved = ContinuousFlow::new(field).follow(Direction::Forward, &points, None);
    let precise = ContinuousFlow::new(precise).tolerance(1e-10);
    let known = precise.follow(Direction::Forward, &points.map(Real::wide), None);
    let (moved, known) = (moved.expect("valid"), known.expect("valid"));
    // From 1 down to a rounding there are ln(1/ε) e-folds, which take a dozen evaluations each, or two a
    // unit of rate where stability and not accuracy bounds the steps.
    let folds = rate.min(-T::EPSILON.ln());
    let most = 60.0 + 14.0 * folds + 2.0 * rate;
    assert!((dearest(&moved) as f64) < most, "{what}, {rate}: {} of {most:.0}", dearest(&moved));
    for (k, (found, known)) in moved.points.iter().zip(known.points.iter()).enumerate() {
        let (error, column) = ((found.wide() - known).abs(), k / 3);
        // A hundredth of what is left, and what rounding leaves. A step h that is too long for stability turns
        // x into R(z) x, z = -rate h, and sees an error of |E(z) x|, where |R / E| < 40 / |z| for every such
        // z (the last stage has a weight of 1/40). It passes if that is at most h times the rounding of the
        // velocity, that of weights of up to 3.4 rates, √3 times where it is one coordinate of three.
        let rounding = 40.0 * 3f64.sqrt() * 3.4 * T::EPSILON;
        let allowed = if k % 3 == 1 { 0.01 * known.abs() } else { 1e-3 } + rounding;
        assert!(error < allowed, "{what}, {rate}, column {column}: off by {error:e} of {known:e}");
    }
    let nats = moved.log_det.iter().zip(known.log_det.iter());
    for (found, known) in nats {
        assert!((found.wide() - known).abs() < 1e-3, "{what}, {rate}: {found} for {known}");
    }
}

#[test]
fn networks_that_contract_to_zero_cost_what_others_cost() {
    for rate in [8.0, 14.0, 20.0, 35.0, 50.0] {
        let builder = Mlp::new(3).hidden([4]);
        let values = contracting(rate, false);
        let single = values.iter().map(|value| *value as f32).collect();
        let narrow: Mlp<f32> = builder.with_parameters(single).expect("as many");
        let wide: Mlp<f64> = builder.with_parameters(values).expect("as many");
        check_contracting::<f32>("plain, f32", rate, narrow, wide.clone());
        check_contracting::<f64>("plain, f64", rate, wide.clone(), wide.clone());
        let values = contracting(rate, true);
        let single = values.iter().map(|value| *value as f32).collect();
        let narrow: field::Gated<f32> =
            builder.clone().gated().with_parameters(single).expect("as many");
        let gated: field::Gated<f64> = builder.gated().with_parameters(values).expect("as many");
        check_contracting::<f32>("gated, f32", rate, narrow, wide.clone());
        check_contracting::<f64>("gated, f64", rate, gated, wide);
    }
}

#[test]
fn other_fields_that_contract_to_zero_cost_what_others_cost() {
    for rate in [8.0, 20.0, 50.0] {
        // u tanh(w'x + b) moves to where w'x = -b, which is x = 0 beside y = 1.
        let u = dvector![-rate as f32, 0.0];
        let field = field::Planar::new(u, dvector![1.0, -1.0], 1.0).expect("valid");
        let flow = ContinuousFlow::new(field);
        let moved = flow.follow(Direction::Forward, &dmatrix![0.5f32, 0.0; 1.0, 1.0], None);
        let moved = moved.expect("a valid shape");
        assert!(dearest(&moved) < 500, "{rate}: {}", dearest(&moved));
        // sinh x decays like e^(-rate t).
        for (found, start) in moved.points.row(0).iter().zip([0.5f64, 0.0]) {
            let known = (start.sinh() * (-rate).exp()).asinh();
            let error = (f64::from(*found) - known).abs();
            assert!(
                error < 0.01 * known + 8.0 * f64::from(f32::EPSILON),
                "{rate}: {found} for {known}"
            );
        }
    }
}

#[test]
fn linear_fields_that_contract_to_zero_cost_what_others_cost() {
    // A (x - r), with a point of rest r = (1, 0, -2) whose second coordinate is zero.
    for rate in [8.0f32, 20.0, 50.0] {
        let a = dmatrix![-1.0, 0.3, 0.0; 0.37, -1.0, 0.4; 0.0, -0.2, -1.0] * rate;
        let offset = -(&a * dvector![1.0, 0.0, -2.0]);
        let start = dmatrix![0.5f32, 1.0, -3.0; 0.4, 0.0, 2.0; 1.5, -2.0, 0.3];
        let field = field::Linear::new(a.clone()).and_then(|field| field.with_offset(&offset));
        let moved = ContinuousFlow::new(field.expect("finite"));
        let moved = moved.follow(Direction::Forward, &start, None).expect("valid");
        let wide = field::Linear::new(a.map(f64::from));
        let wide = wide.and_then(|field| field.with_offset(&offset.map(f64::from)));
        let known = ContinuousFlow::new(wide.expect("finite")).tolerance(1e-10);
        let known = known.follow(Direction::Forward, &start.map(f64::from), None).expect("valid");
        assert!(dearest(&moved) < 60 + 16 * rate as u64, "{rate}: {}", dearest(&moved));
        for (found, known) in moved.points.iter().zip(known.points.iter()) {
            // As for networks: R / E < 40 / |z|, and offsets of up to 1.2 rates.
            let allowed = 1e-3 * known.abs() + 40.0 * 3f64.sqrt() * 1.2 * f64::from(f32::EPSILON);
            assert!((f64::from(*found) - known).abs() < allowed, "{rate}: {found} for {known}");
        }
    }
}

//! Data of any scale: how the error of a step is measured.

use std::f64::consts::TAU;

use liouville::ode::{External, Solver, external_dop853, external_dopri5};
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix, dvector};

/// The flow that multiplies by s, as a density.
fn scaled<S>(
    s: f64,
    solver: S,
) -> Pushforward<StandardNormal, ContinuousFlow<field::Linear<f64>, S>> {
    let field = field::Linear::new(dmatrix![s.ln()]).expect("square");
    StandardNormal::new(1).pushed_by(ContinuousFlow::new(field).solver(solver))
}

fn log_normal(z: f64, s: f64) -> f64 {
    -0.5 * z * z - 0.5 * TAU.ln() - s.ln()
}

/// Densities within 0.01 nats and samples within a hundredth of a deviation, at a few points.
fn judge<S: Solver<f64> + Copy>(name: &str, s: f64, solver: S) {
    let model = scaled(s, solver);
    let z = [-3.0, -1.0, -0.01, 1e-6, 0.3, 1.0, 3.0];
    let points = DMatrix::from_iterator(1, z.len(), z.iter().map(|z| z * s));
    let found = model.log_prob(&points).expect("arrives");
    for (z, found) in z.iter().zip(found.iter()) {
        let error = (found - log_normal(*z, s)).abs();
        assert!(error < 0.01, "{name}, s = {s:e}, z = {z}: off by {error:e} nats");
    }
    let noise = DMatrix::from_row_slice(1, z.len(), &z);
    let samples = model.flow().forward(&noise).expect("arrives").points;
    for (z, x) in z.iter().zip(samples.iter()) {
        let error = (x / s - z).abs();
        assert!(error < 0.01, "{name}, s = {s:e}, z = {z}: off by {error:e} deviations");
    }
}

const SCALES: [f64; 11] = [1e-9, 1e-6, 1e-4, 1e-3, 3e-3, 1e-2, 0.1, 1.0, 1e3, 1e6, 1e9];

#[test]
fn small_and_large_scales_are_followed_as_those_of_order_one() {
    for s in SCALES {
        judge("automatic", s, automatic());
        judge("tsit5", s, tsit5());
        judge("dopri8", s, dopri8());
        let external: [(&str, External); 2] =
            [("external dopri5", external_dopri5()), ("external dop853", external_dop853())];
        for (name, solver) in external {
            judge(name, s, solver);
        }
    }
    // By hand: -ln √2π + 6 ln 10 - 1/2, and four nats less at three deviations.
    let found = scaled(1e-6, automatic()).log_prob(&dmatrix![1e-6, 3e-6]).expect("arrives");
    assert!((found[0] - 12.3966).abs() < 0.01 && (found[1] - 8.3966).abs() < 0.01, "{found}");
}

#[test]
fn a_small_row_beside_an_ordinary_one_is_followed_as_well() {
    for s in SCALES {
        let rates = dvector![s.ln(), 0.4, -0.2];
        let field = field::DiagonalAffine::new(rates, dvector![0.0, 0.5, 0.0]).expect("as many");
        let model = StandardNormal::new(3).pushed_by(ContinuousFlow::new(field));
        let shift = 0.5 * 0.4f64.exp_m1() / 0.4;
        let z = dmatrix![1.0, 3.0, -0.5; 0.2, -1.0, 2.0; 0.0, 1.0, -2.0];
        let map = |z: &[f64]| [s * z[0], 0.4f64.exp() * z[1] + shift, (-0.2f64).exp() * z[2]];
        let points = DMatrix::from_iterator(3, 3, z.column_iter().flat_map(|z| map(z.as_slice())));
        let found = model.log_prob(&points).expect("arrives");
        let moved = model.flow().forward(&z).expect("arrives").points;
        for (j, z) in z.column_iter().enumerate() {
            let known = log_normal(z[0], s)
                + log_normal(z[1], 0.4f64.exp())
                + log_normal(z[2], (-0.2f64).exp());
            assert!((found[j] - known).abs() < 0.01, "s = {s:e}: {} and {known}", found[j]);
            assert!((moved[(0, j)] / s - z[0]).abs() < 0.01, "s = {s:e}: {}", moved[(0, j)] / s);
        }
    }
}

#[test]
fn single_precision_follows_small_scales_too() {
    for s in [1e-9f32, 1e-6, 1e-3, 1e6] {
        let field = field::Linear::new(dmatrix![s.ln()]).expect("square");
        let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(field));
        let found = model.log_prob(&dmatrix![s, 3.0 * s]).expect("arrives");
        for (z, found) in [1.0, 3.0].into_iter().zip(found.iter()) {
            let error = (f64::from(*found) - log_normal(z, f64::from(s))).abs();
            assert!(error < 0.01, "s = {s:e}, z = {z}: off by {error:e} nats");
        }
    }
}

#[test]
fn gradients_at_small_scales_are_those_of_the_density() {
    use liouville::flow::continuous::Gradient;
    let s = 1e-6f64;
    let field = field::Linear::new(dmatrix![s.ln()]).expect("square");
    let flow = ContinuousFlow::new(field);
    let adjoint = flow.clone().gradient(Gradient::Adjoint(automatic()));
    for flow in [flow, adjoint] {
        let model = StandardNormal::new(1).pushed_by(flow);
        let score = model.score(&dmatrix![s, -2.0 * s], None).expect("arrives").score;
        for (z, score) in [1.0, -2.0].into_iter().zip(score.iter()) {
            assert!((score * s / -z - 1.0).abs() < 0.01, "{score}");
        }
    }
}

#[test]
fn coordinates_that_start_at_zero_and_rest_there_cost_nothing_and_those_that_leave_arrive() {
    let field =
        field::time_dependent::<3, _>(|t, [x, _, _]| [x * 0.0, t.sqrt(), x * 0.0 + t * t * t]);
    for solver in [automatic(), dopri8()] {
        let flow = ContinuousFlow::new(field.clone()).solver(solver).trace(Trace::Exact);
        let moved =
            flow.follow(Direction::Forward, &dmatrix![0.0f64; 0.0; 0.0], None).expect("valid");
        assert!(moved.outcomes[0].arrived(), "{:?}", moved.outcomes[0]);
        assert!(moved.efforts[0].evaluations < 1500, "{:?}", moved.efforts[0]);
        assert_eq!(moved.points[0], 0.0);
        assert!((moved.points[1] - 2.0 / 3.0).abs() < 1e-3, "{}", moved.points[1]);
        assert!((moved.points[2] - 0.25).abs() < 1e-3, "{}", moved.points[2]);
    }
}

/// How far a sample may be off, as a share of its size: a hundred tolerances, or the 5 b of the documentation
/// where it shrinks on its way.
fn stated(tolerance: f64, s: f64) -> f64 {
    let b = (100.0 * (1e-5 / tolerance).sqrt()).clamp(1.0, 100.0);
    if s < 1.0 { tolerance * (5.0 * b).max(100.0) } else { 100.0 * tolerance }
}

fn check_stated<F: VectorField<f64>>(what: &str, s: f64, field: F) {
    let z = dmatrix![-3.0, -1.0, -0.01, 0.3, 1.0, 2.3];
    let mut flow = ContinuousFlow::new(field);
    for tolerance in [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9] {
        flow = flow.tolerance(tolerance);
        let moved = flow.forward(&z).expect("arrives");
        for (z, x) in z.iter().zip(moved.points.iter()) {
            // What is near zero at the start has been followed to its share of the tolerance there.
            let (error, allowed) = ((x / s - z).abs(), stated(tolerance, s) * z.abs().max(0.1));
            assert!(error < allowed, "{what}, {s:e} at {tolerance:e}, z = {z}: {error:e}");
        }
        let back = flow.inverse(&(&z * s)).expect("arrives");
        for (z, x) in z.iter().zip(back.points.iter()) {
            let error = (x - z).abs() / z.abs().max(0.1);
            assert!(
                error < stated(tolerance, 1.0 / s),
                "{what}, {s:e} at {tolerance:e}, back: {error:e}"
            );
        }
        for (moved, known) in [(moved, s.ln()), (back, -s.ln())] {
            let error = (moved.log_det.add_scalar(-known)).amax();
            assert!(
                error <= 100.0 * tolerance * known.abs().max(1.0),
                "{what}, {s:e}: {error:e} nats"
            );
        }
    }
}

#[test]
fn loose_tolerances_mean_what_is_written_of_them() {
    for s in [1e-9, 1e-7, 1e-6, 1e-5, 1e-3, 1e-2, 0.1, 0.5, 1.0, 3.0, 1e2, 1e4, 1e6, 1e9] {
        let rate = s.ln();
        check_stated("linear", s, field::Linear::new(dmatrix![rate]).expect("square"));
        let offset = dvector![0.0];
        check_stated(
            "diagonal",
            s,
            field::DiagonalAffine::new(dvector![rate], offset).expect("one"),
        );
        check_stated("closure", s, field::autonomous::<1, _>(move |[x]| [x * rate]));
    }
}

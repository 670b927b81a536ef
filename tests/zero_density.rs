//! Where a density is zero its logarithm is minus infinity; only what could not be computed is an error.

use std::f64::consts::TAU;

use liouville::diagnose::Diagnose;
use liouville::flow::elementwise::{
    Bijector, Constrain, above, below, correlation, interval, ordered, positive, simplex, softplus,
};
use liouville::outcome::{Outcome, Reason};
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix, dvector};
use rand::SeedableRng;
use rand::rngs::StdRng;

const NEVER: f64 = f64::NEG_INFINITY;

fn normal_behind<T: Real>(
    part: impl Bijector<T> + 'static,
) -> Pushforward<StandardNormal, Constrain<T>> {
    let flow = Constrain::new().then(part);
    StandardNormal::new(flow.dim()).pushed_by(flow)
}

#[test]
fn outside_the_support_the_density_is_zero() {
    let found = normal_behind(positive(1)).log_prob(&dmatrix![1.0, -1.0, 2.0]).expect("finite");
    let expected = |x: f64| -0.5 * x.ln().powi(2) - x.ln() - 0.5 * TAU.ln();
    assert!((found[0] - expected(1.0)).abs() < 1e-14 && (found[0] + 0.9189).abs() < 1e-4);
    assert_eq!(found[1], NEVER);
    assert!((found[2] - expected(2.0)).abs() < 1e-14 && (found[2] + 1.8523).abs() < 1e-4);
    let single = normal_behind(positive(1)).log_prob(&dmatrix![1.0f32, -1.0, 2.0]).expect("finite");
    assert_eq!(single[1], f32::NEG_INFINITY);
    assert!((f64::from(single[2]) - expected(2.0)).abs() < 1e-6);
}

/// The log-densities at the ends of a support, and beyond them.
fn zero_at<T: Real>(part: impl Bijector<T> + 'static, points: &DMatrix<T>) {
    let model = normal_behind(part);
    let found = model.log_prob(points).expect("finite points");
    assert!(found.iter().all(|value| value.wide() == NEVER), "{:?}: {found}", model.flow());
    let all = model.evaluate(points, None).expect("finite points");
    assert!(all.outcomes.iter().all(Outcome::is_outside));
    assert!(all.latent.iter().all(|value| value.wide().is_nan()));
}

fn ends_belong_to_the_outside_in<T: Real>() {
    let row = |values: &[f64]| DMatrix::from_fn(1, values.len(), |_, j| T::of(values[j]));
    zero_at::<T>(positive(1), &row(&[0.0, -0.0, -1e-30, -1e30]));
    zero_at::<T>(softplus(1), &row(&[0.0, -2.0]));
    zero_at::<T>(interval(0.0, 1.0, 1).expect("in order"), &row(&[0.0, 1.0, 1e30, -1e-30]));
    zero_at::<T>(above(2.0, 1).expect("finite"), &row(&[2.0, 0.0]));
    zero_at::<T>(below(2.0, 1).expect("finite"), &row(&[2.0, 1e20]));
    zero_at::<T>(ordered(2), &DMatrix::from_row_slice(2, 1, &[T::of(1.0); 2]));
    let halves = DMatrix::from_row_slice(2, 2, &[0.5, 0.0, 0.5, 0.3].map(T::of));
    zero_at::<T>(simplex(3).expect("three"), &halves);
    zero_at::<T>(correlation(2).expect("two"), &row(&[1.0, -1.0, 3.0]));
}

#[test]
fn ends_belong_to_the_outside() {
    ends_belong_to_the_outside_in::<f64>();
    ends_belong_to_the_outside_in::<f32>();
}

#[test]
fn what_is_no_number_stays_an_error() {
    for bad in [f64::NAN, f64::INFINITY, NEVER] {
        let points = dmatrix![0.5, 1.0; -1.0, bad];
        let error = StandardNormal::new(2).log_prob(&points).expect_err("no number");
        assert!(error.is_non_finite(), "{error}");
        assert!(error.to_string().contains("row 1 of column 1"), "{error}");
        let error = data::checkerboard().log_prob(&points).expect_err("no number");
        assert!(error.is_non_finite() && error.to_string().contains("row 1 of column 1"));
        let model = normal_behind(positive(2));
        let error = model.log_prob(&points).expect_err("no number");
        let failed = error.failed_columns();
        assert_eq!(failed.len(), 1, "what lies outside has not failed: {error}");
        assert_eq!(failed[0].1.failure().map(|f| f.reason), Some(Reason::NonFiniteInput));
        let all = model.evaluate(&points, None).expect("a report on every column");
        assert!(all.log_prob[0] == NEVER && all.log_prob[1].is_nan());
    }
}

#[test]
fn a_flow_has_no_way_back_from_outside() {
    let flow = Constrain::new().then(positive(1));
    let error = flow.inverse(&dmatrix![1.0f64, -1.0]).expect_err("no way back");
    assert_eq!(error.failed_columns(), [(1, Outcome::Outside { coordinate: 0 })]);
    let text = error.to_string();
    assert!(text.contains("column 1 of 2") && text.contains("outside the support"), "{text}");
}

#[test]
fn scores_and_conditional_densities_say_the_same() {
    let model = normal_behind(positive(1));
    let points = dmatrix![1.5, -1.0, 2.0];
    let scored = model.score(&points, None).expect("a report on every column");
    assert_eq!(scored.log_prob, model.log_prob(&points).expect("finite"));
    for (j, x) in [(0, 1.5f64), (2, 2.0)] {
        let expected = -(x.ln() + 1.0) / x;
        assert!((scored.score[j] - expected).abs() < 1e-14);
    }
    assert!(scored.score[1].is_nan());
    let error = scored.all_arrived().expect_err("one has no score");
    assert_eq!(error.failed_columns(), [(1, Outcome::Outside { coordinate: 0 })]);

    // Behind a flow that reads a context: x = exp(y), with y from the flow in front.
    let mut rng = StdRng::seed_from_u64(1);
    let field: Mlp<f64> = Mlp::new(1).context(1).hidden([4]).build(&mut rng).expect("valid");
    let front = ContinuousFlow::new(field).tolerance(1e-10);
    let context = dmatrix![0.7];
    let chain = Chain::new().then(front.clone()).then(Constrain::new().then(positive(1)));
    let family = StandardNormal::new(1).pushed_by(chain);
    let found = family.given(context.clone()).log_prob(&points).expect("finite");
    assert_eq!(found[1], NEVER);
    let inner = StandardNormal::new(1).pushed_by(front);
    let inner = inner.given(context).log_prob(&dmatrix![2f64.ln()]).expect("finite");
    assert!((found[2] - (inner[0] - 2f64.ln())).abs() < 1e-8);
}

/// A positive number, and then two from there on by an affine map whose image is x > 3.
fn shifted_lognormal() -> Pushforward<StandardNormal, Chain<f64>> {
    let affine = field::DiagonalAffine::new(dvector![0.0], dvector![3.0]).expect("finite");
    let chain = Chain::new().then(Constrain::new().then(positive(1)));
    StandardNormal::new(1).pushed_by(chain.then(liouville::flow::ClosedForm::new(affine)))
}

#[test]
fn an_inner_link_may_have_the_support() {
    let model = shifted_lognormal();
    let nodes = 400_000;
    let step = 60.0 / nodes as f64;
    let points = DMatrix::from_fn(1, nodes, |_, j| (j as f64 + 0.5) * step);
    let found = model.log_prob(&points).expect("finite");
    for (x, value) in points.iter().zip(&found) {
        assert_eq!(*value == NEVER, *x <= 3.0, "{x}");
    }
    // Beyond 57 from the end: P(z > ln 57) = 2.6e-5.
    let beyond = 0.5 * erfc_at(57f64.ln());
    let mass = found.map(f64::exp).sum() * step;
    assert!((mass + beyond - 1.0).abs() < 1e-6, "{mass} {beyond}");
}

/// erfc(x / √2) for x > 3 by its continued fraction (Abramowitz and Stegun 1964, 26.2.14).
fn erfc_at(x: f64) -> f64 {
    let fraction = (1..80).rev().fold(x, |rest, k| x + f64::from(k) / rest);
    2.0 * (-0.5 * x * x).exp() / TAU.sqrt() / fraction
}

#[test]
fn a_diagnosis_counts_what_lies_outside() {
    let model = shifted_lognormal();
    let data = dmatrix![3.5, 4.0, 2.0, f64::NAN, 3.9, 4.1, 1.0];
    let found = Diagnose::new().flow(&model, &data, None).expect("four arrive");
    assert_eq!((found.samples, found.failed, found.outside, found.log_prob.len()), (7, 1, 2, 4));
    assert!(found.to_string().contains("2 outside the support"), "{found}");
    let error = Diagnose::new().flow(&model, &dmatrix![1.0, 2.0], None).expect_err("none inside");
    assert_eq!(error.failed_columns().len(), 2);
}

#[test]
fn pictures_live_with_zero() {
    let model = normal_behind(positive(2));
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let picture = plot::density::<f64>(&model).x_range(-1.0, 3.0).y_range(-1.0, 3.0);
    picture.save(folder.join("positive.svg")).expect("drawn");
    // Not a node inside the support.
    let picture = plot::density::<f64>(&model).x_range(-3.0, -1.0).y_range(-3.0, -1.0);
    picture.save(folder.join("nothing.svg")).expect("drawn");
    plot::density::<f64>(&model).save(folder.join("found.svg")).expect("the mass is found");
}

#[test]
fn a_distribution_without_dimensions_is_refused() {
    let none = StandardNormal::new(0);
    let mut rng = StdRng::seed_from_u64(1);
    assert!(none.log_prob(&DMatrix::<f64>::zeros(0, 3)).expect_err("nothing").is_setting());
    assert!(Sample::<f64>::sample(&none, 3, &mut rng).expect_err("nothing").is_setting());
    let model = none.pushed_by(Chain::<f64>::new());
    assert!(model.log_prob(&DMatrix::zeros(0, 3)).is_err() && model.sample(3, &mut rng).is_err());
    assert!(model.score(&DMatrix::zeros(0, 3), None).is_err());
}

#[test]
fn errors_say_what_to_do() {
    let model = StandardNormal::new(2).pushed_by(Constrain::<f64>::new().then(positive(2)));
    let text = |points: &DMatrix<f64>| model.log_prob(points).expect_err("shape").to_string();
    let error = text(&DMatrix::zeros(3, 4));
    assert!(error.contains("3 x 4, but the dimension is 2: give 2 rows"), "{error}");
    assert!(text(&DMatrix::zeros(4, 2)).ends_with("transpose the matrix"));
    let mut rng = StdRng::seed_from_u64(1);
    let field: Mlp<f64> = Mlp::new(2).context(1).hidden([4]).build(&mut rng).expect("valid");
    let family = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    let error = family.log_prob(&DMatrix::zeros(2, 4)).expect_err("no context").to_string();
    assert!(error.contains("call `model.given(context)`"), "{error}");
    assert!(family.sample(3, &mut rng).expect_err("none").to_string().contains("model.given"));
    let given = family.given(DMatrix::zeros(2, 4)).log_prob(&DMatrix::zeros(2, 4));
    let error = given.expect_err("two rows").to_string();
    assert!(error.contains("has 2 rows") && error.contains("give one row"), "{error}");
    let given = family.given(DMatrix::zeros(1, 3)).log_prob(&DMatrix::zeros(2, 4));
    let error = given.expect_err("three columns").to_string();
    assert!(error.contains("3 columns for 4 samples"), "{error}");
    let error = model.given(DMatrix::zeros(1, 3)).log_prob(&DMatrix::zeros(2, 3));
    assert!(error.expect_err("no context").to_string().contains("leave it out"));
}

//! Bad input gets a typed error or an outcome per column that says what and where; nothing panics or hangs.

use liouville::ode::{TSIT5, external_dop853, external_dopri5, external_rk4, fixed};
use liouville::outcome::{Outcome, Reason};
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix, dvector};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn normal_flow() -> Pushforward<StandardNormal, ContinuousFlow<field::Linear<f64>>> {
    let field = field::Linear::new(dmatrix![0.1, 0.2; -0.3, 0.4]).expect("square");
    StandardNormal::new(2).pushed_by(ContinuousFlow::new(field))
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let model = normal_flow();
    let error = model.log_prob(&DMatrix::zeros(3, 5)).expect_err("three rows");
    assert!(error.is_shape() && error.to_string().contains("3 x 5"), "{error}");
    let error = model.log_prob(&DMatrix::zeros(5, 2)).expect_err("rows are samples");
    assert!(error.is_shape() && error.to_string().contains("transpose"), "{error}");
    assert!(model.log_prob(&DMatrix::zeros(2, 0)).expect_err("no column").is_empty());
    let context = dmatrix![1.0];
    let error = model.given(context).log_prob(&DMatrix::zeros(2, 3)).expect_err("no context");
    assert!(error.is_shape(), "{error}");
    let family = field::conditional::<1, 2, _>(|_, x, c| [x[0] * c[0] + c[1]]);
    let family = StandardNormal::new(1).pushed_by(ContinuousFlow::new(family));
    let points = dmatrix![0.0, 1.0, 2.0];
    assert!(family.log_prob(&points).expect_err("needs a context").is_shape());
    assert!(
        family
            .given(DMatrix::zeros(2, 2))
            .log_prob(&points)
            .expect_err("two contexts for three")
            .is_shape()
    );
    assert!(family.given(DMatrix::zeros(2, 1)).log_prob(&points).is_ok());
    let mismatched = StandardNormal::new(3).pushed_by(model.flow().clone());
    assert!(mismatched.log_prob(&DMatrix::zeros(2, 1)).expect_err("3 and 2").is_shape());
    assert!(field::Linear::new(DMatrix::<f64>::zeros(2, 3)).expect_err("not square").is_shape());
    assert!(field::Linear::new(dmatrix![f64::NAN]).expect_err("NaN").is_non_finite());
    assert!(
        field::Planar::new(dvector![1.0], dvector![1.0, 2.0], 0.0).expect_err("lengths").is_shape()
    );
    let mut rng = StdRng::seed_from_u64(1);
    assert!(Mlp::new(0).build::<f64, _>(&mut rng).expect_err("no dimension").is_setting());
    assert!(
        Mlp::new(2).hidden([4, 0]).build::<f64, _>(&mut rng).expect_err("no width").is_setting()
    );
    assert!(Mlp::new(2).with_parameters(vec![0.0; 3]).expect_err("too few").is_shape());
    let count = Mlp::new(2).build::<f64, _>(&mut rng).expect("valid").parameters().len();
    assert!(
        Mlp::new(2)
            .with_parameters(vec![f64::INFINITY; count])
            .expect_err("infinite")
            .is_non_finite()
    );
}

#[test]
fn columns_that_are_not_finite_fail_alone() {
    let model = normal_flow();
    let points = dmatrix![0.0, f64::NAN, 1.0, f64::INFINITY; 0.0, 0.0, 1.0, 2.0];
    let error = model.log_prob(&points).expect_err("two bad columns");
    let reason = |outcome: &Outcome| outcome.failure().map(|failure| failure.reason);
    let failed: Vec<_> =
        error.failed_columns().iter().map(|(j, outcome)| (*j, reason(outcome))).collect();
    assert_eq!(failed, [1, 3].map(|j| (j, Some(Reason::NonFiniteInput))));
    let text = error.to_string();
    assert!(text.contains("columns 1 and 3 of 4 failed") && text.contains("column 1:"), "{text}");
    assert!(text.contains("`evaluate` gives"), "{text}");
    let all = model.evaluate(&points, None).expect("a report on every column");
    assert!(all.log_prob[0].is_finite() && all.log_prob[1].is_nan() && all.log_prob[2].is_finite());
    let clean = points.select_columns(&[0, 2]);
    let expected = model.log_prob(&clean).expect("valid");
    assert_eq!((all.log_prob[0], all.log_prob[2]), (expected[0], expected[1]));
}

/// The reason for which the second of two columns fails, while the first arrives.
fn second_fails<F: Flow<f64>>(flow: &F, points: &DMatrix<f64>) -> (Reason, f64) {
    let moved = flow.follow(Direction::Forward, points, None).expect("valid settings");
    assert!(moved.outcomes[0].arrived(), "{:?}", moved.outcomes[0]);
    assert!(moved.points[0].is_finite() && moved.points[1].is_nan());
    let failure = moved.outcomes[1].failure().expect("the second column fails");
    (failure.reason, failure.t)
}

#[test]
fn a_field_that_returns_nan_ends_its_column_only() {
    // The square root leaves the real numbers where t passes x.
    let field = || field::time_dependent::<1, _>(|t, x| [(x[0] - t * 3.0).sqrt() * 0.1]);
    let points = dmatrix![5.0, 1.0];
    let flow = ContinuousFlow::new(field());
    let (reason, t) = second_fails(&flow, &points);
    assert_eq!(reason, Reason::NonFiniteVelocity);
    assert!(t > 0.2 && t < 0.5, "{t}");
    for (reason, _) in [
        second_fails(&ContinuousFlow::new(field()).solver(dopri5()), &points),
        second_fails(&ContinuousFlow::new(field()).solver(rk4(20)), &points),
        second_fails(&ContinuousFlow::new(field()).solver(external_dopri5()), &points),
        second_fails(&ContinuousFlow::new(field()).solver(external_dop853()), &points),
        second_fails(&ContinuousFlow::new(field()).solver(external_rk4(20)), &points),
    ] {
        assert_eq!(reason, Reason::NonFiniteVelocity);
    }
    let at_once = ContinuousFlow::new(field::autonomous::<1, _>(|x| [x[0].ln()]));
    let (reason, t) = second_fails(&at_once, &dmatrix![1.0, -1.0]);
    assert_eq!((reason, t), (Reason::NonFiniteVelocity, 0.0));
}

#[test]
fn a_field_that_blows_up_in_finite_time_is_told_where() {
    // x' = x² from x0 = 2 is infinite at t = 1/2.
    let field = || field::autonomous::<1, _>(|x| [x[0] * x[0]]);
    let points = dmatrix![0.5, 2.0];
    for (reason, t) in [
        second_fails(&ContinuousFlow::new(field()), &points),
        second_fails(&ContinuousFlow::new(field()).solver(dopri5()), &points),
        second_fails(&ContinuousFlow::new(field()).solver(external_dopri5()), &points),
    ] {
        assert!((t - 0.5).abs() < 1e-3, "{t}");
        assert!(matches!(
            reason,
            Reason::StepUnderflow | Reason::TooManySteps | Reason::NonFiniteVelocity
        ));
    }
    let error =
        ContinuousFlow::new(field()).forward(&points).expect_err("the second column blows up");
    assert!(error.to_string().contains("t = 0.5"), "{error}");
    let stiff = field::autonomous::<1, _>(|x| [-x[0] * 1e7]);
    let flow = ContinuousFlow::new(stiff).solver(tsit5().max_steps(50));
    let moved = flow.follow(Direction::Forward, &dmatrix![1.0f64], None).expect("valid settings");
    assert_eq!(
        moved.outcomes[0].failure().map(|failure| failure.reason),
        Some(Reason::TooManySteps)
    );
}

#[test]
fn a_solution_that_runs_away_is_told_from_a_field_that_fails() {
    // A field that contracts by e^10000 is followed backwards, in both scalars.
    fn reasons<T: Real>() -> Vec<(Reason, String)> {
        let field =
            || field::Linear::new(DMatrix::from_element(1, 1, T::of(-1e4))).expect("square");
        let points = DMatrix::from_row_slice(1, 2, &[T::zero(), T::one()]);
        let flow = ContinuousFlow::new(field());
        let way = |moved: liouville::Result<liouville::flow::Moved<T>>| {
            let error = moved.expect_err("it runs away");
            let failed = error.failed_columns();
            assert_eq!(failed.len(), 1, "{error}");
            (failed[0].1.failure().expect("it failed").reason, error.to_string())
        };
        vec![
            way(flow.inverse(&points)),
            way(flow.clone().solver(tsit5()).inverse(&points)),
            way(flow.clone().solver(dopri8().tolerance(1e-5)).inverse(&points)),
            way(flow.clone().solver(rk4(5000)).inverse(&points)),
            way(flow.clone().solver(external_dopri5()).inverse(&points)),
            way(flow.clone().solver(external_dop853()).inverse(&points)),
            way(flow.clone().solver(external_rk4(5000)).inverse(&points)),
        ]
    }
    for (i, (reason, text)) in [reasons::<f32>(), reasons::<f64>()].concat().into_iter().enumerate()
    {
        assert_eq!(reason, Reason::Diverged, "{i}: {text}");
        assert!(text.contains("range") && !text.contains("domain"), "{text}");
    }
}

#[test]
fn settings_out_of_range_are_refused_before_any_work() {
    let points = DMatrix::<f64>::zeros(2, 1);
    let flow = || normal_flow().flow().clone();
    for tolerance in [0.0, -1e-3, f64::NAN, f64::INFINITY] {
        let error = flow().tolerance(tolerance).forward(&points).expect_err("bad tolerance");
        assert!(error.is_setting() && error.to_string().contains("tolerance"), "{error}");
    }
    let narrow = field::Linear::new(dmatrix![1.0f32]).expect("square");
    let error =
        ContinuousFlow::new(narrow).tolerance(1e-10).forward(&dmatrix![1.0]).expect_err("too fine");
    assert!(error.is_setting() && error.to_string().contains("f64"), "{error}");
    assert!(
        flow().solver(tsit5().max_steps(0)).forward(&points).expect_err("no step").is_setting()
    );
    assert!(flow().solver(rk4(0)).forward(&points).expect_err("no step").is_setting());
    assert!(flow().solver(fixed(&TSIT5, 0)).forward(&points).expect_err("no step").is_setting());
    assert!(flow().solver(external_rk4(0)).forward(&points).expect_err("no step").is_setting());
    assert!(flow().span(0.0, f64::NAN).forward(&points).expect_err("no end").is_setting());
    assert!(
        flow().trace(Trace::hutchinson(0)).forward(&points).expect_err("no probe").is_setting()
    );
    assert!(flow().trajectory(&points, None, &[]).expect_err("no time").is_empty());
    assert!(
        flow().trajectory(&points, None, &[0.0, f64::INFINITY]).expect_err("no end").is_setting()
    );
    let still = flow().span(0.3, 0.3).forward(&points).expect("a span of no length moves nothing");
    assert_eq!(still.points, points);
}

#[test]
fn absurd_numbers_of_samples_are_refused() {
    let model = normal_flow();
    let mut rng = StdRng::seed_from_u64(1);
    assert!(model.sample(0, &mut rng).expect_err("none").is_empty());
    for count in [usize::MAX, usize::MAX / 2, usize::MAX / 64] {
        let error = model.sample(count, &mut rng).expect_err("absurd");
        assert!(error.is_memory(), "{error}");
    }
}

#[test]
fn training_refuses_what_it_cannot_use_and_keeps_the_model() {
    let mut rng = StdRng::seed_from_u64(1);
    let data = DMatrix::from_fn(2, 60, |i, j| ((3 * i + 7 * j) as f64).sin());
    let trainer = || Trainer::maximum_likelihood().steps(3).quiet();
    let mut model = normal_flow();
    let before = model.flow().field().parameters().to_vec();
    let mut refuse = |trainer: Trainer<_>, data: &DMatrix<f64>| {
        trainer.fit(&mut model, data, &mut rng).expect_err("not to be trained on")
    };
    assert!(refuse(trainer(), &DMatrix::zeros(3, 9)).is_shape());
    assert!(refuse(trainer(), &DMatrix::zeros(2, 0)).is_empty());
    assert!(refuse(trainer(), &DMatrix::zeros(2, 1)).is_empty());
    let mut bad = data.clone();
    bad[(1, 7)] = f64::NAN;
    let error = refuse(trainer(), &bad);
    assert!(error.is_non_finite() && error.to_string().contains("column 7"), "{error}");
    assert!(refuse(trainer().steps(0), &data).is_setting());
    assert!(refuse(trainer().batch(0), &data).is_setting());
    assert!(refuse(trainer().learning_rate(0.0), &data).is_setting());
    assert!(refuse(trainer().learning_rate(f64::NAN), &data).is_setting());
    assert!(refuse(trainer().held_out(1.0), &data).is_setting());
    assert!(refuse(trainer().average(1.5), &data).is_setting());
    assert!(refuse(trainer().clip(0.0), &data).is_setting());
    assert!(refuse(trainer().check_every(0), &data).is_setting());
    assert_eq!(model.flow().field().parameters(), before);

    // A learning rate that wrecks the field: training stops with an error, the model stays usable.
    let wild = trainer().steps(200).learning_rate(1e12).fit(&mut model, &data, &mut rng);
    let error = wild.expect_err("diverges");
    assert!(
        error.is_training() && error.to_string().contains("keeps the best parameters"),
        "{error}"
    );
    assert!(model.log_prob(&data).is_ok());
}

#[test]
fn radial_fields_ask_for_a_length_and_finite_numbers() {
    assert!(field::Radial::<f64>::new(dvector![], 1.0, 1.0).expect_err("empty").is_empty());
    assert!(field::Radial::new(dvector![0.0], 0.0, 1.0).expect_err("zero").is_setting());
    assert!(field::Radial::new(dvector![0.0], -1.0, 1.0).expect_err("negative").is_setting());
    assert!(field::Radial::new(dvector![0.0], 1.0, f64::NAN).expect_err("NaN").is_non_finite());
}

#[test]
fn a_column_that_a_layer_cannot_digest_fails_alone() {
    let planar = field::Planar::new(dvector![1.0, 2.0], dvector![0.5, -1.0], 0.1).expect("finite");
    let radial = field::Radial::new(dvector![0.3, -0.2], 0.7, -0.4).expect("finite");
    let (planar, radial) = (EulerStep::new(planar), EulerStep::new(radial));
    let layers: [&dyn Flow<f64>; 2] = [&planar, &radial];
    let good = dmatrix![0.4, -1.0, 2.0; 0.1, 0.3, -0.5];
    for (layer, direction) in layers.into_iter().flat_map(|layer| {
        [Direction::Forward, Direction::Inverse].map(|direction| (layer, direction))
    }) {
        let mut bad = good.clone();
        bad[(0, 1)] = f64::NAN;
        bad[(1, 2)] = f64::MAX;
        bad[(0, 2)] = -f64::MAX;
        let moved = layer.follow(direction, &bad, None).expect("a column is no error");
        let clean = layer.follow(direction, &good, None).expect("valid");
        let reason = |j: usize| moved.outcomes[j].failure().map(|failure| failure.reason);
        assert_eq!(reason(0), None);
        assert_eq!(reason(1), Some(Reason::NonFiniteInput));
        // The largest numbers either arrive or fail with a reason, but never as NaN.
        let finite = moved.points.column(2).iter().all(|value| value.is_finite());
        assert_eq!(finite && moved.log_det[2].is_finite(), reason(2).is_none(), "{direction:?}");
        assert_eq!(moved.points.column(0), clean.points.column(0));
        assert_eq!(moved.log_det[0], clean.log_det[0]);
    }
}

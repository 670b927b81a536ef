//! Training names what it cannot use, and what spoilt it, in the data as they were given.

use std::f64::consts::TAU;

use liouville::flow::Permutation;
use liouville::flow::elementwise::{Constrain, free, interval, positive};
use liouville::flow::layers::ActNorm;
use liouville::prelude::*;
use liouville::train::{Adam, Part, Report, Stop, Warning};
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

type Model<F> = Pushforward<StandardNormal, F>;

fn normal<T: Real>(rows: usize, columns: usize, seed: u64) -> DMatrix<T> {
    let mut rng = StdRng::seed_from_u64(seed);
    StandardNormal::new(rows).sample(columns, &mut rng).expect("valid")
}

fn layer<T: Real>(dim: usize) -> ActNorm<T> {
    ActNorm::new(field::DiagonalAffine::zero(dim).expect("a dimension"))
}

fn trainer() -> Trainer<liouville::train::MaximumLikelihood> {
    Trainer::maximum_likelihood().steps(30).quiet()
}

/// Numbers from zero to one, rounded to two decimals, with exact bounds in columns 195 and 310.
fn rounded() -> DMatrix<f64> {
    let mut rng = StdRng::seed_from_u64(1);
    let mut inside = || f64::from(rng.random_range(1..100)) / 100.0;
    let mut data = DMatrix::from_fn(2, 400, |_, _| inside());
    (data[(1, 195)], data[(0, 310)]) = (0.0, 1.0);
    data
}

fn bounded() -> Constrain<f64> {
    Constrain::new().then(interval(0.0, 1.0, 2).expect("room"))
}

#[test]
fn closed_data_on_an_open_support_are_named_before_the_first_step() {
    let mut rng = StdRng::seed_from_u64(2);
    let data = rounded();
    let base = || StandardNormal::new(2);
    let field = field::DiagonalAffine::zero(2).expect("a dimension");
    // Behind the support, and inside it, so that the data come to the bounds through another link.
    let outermost = Chain::new().then(layer(2)).then(bounded());
    let inside = Chain::new().then(bounded()).then(layer(2));
    let slow = Chain::new().then(ContinuousFlow::new(field)).then(bounded());
    for chain in [outermost, inside, slow] {
        let mut model: Model<Chain<f64>> = base().pushed_by(chain);
        let before = model.flow().parameters();
        let error = trainer().fit(&mut model, &data, &mut rng).expect_err("closed data");
        let named: Vec<_> = error.failed_columns().iter().map(|(column, _)| *column).collect();
        assert_eq!(named, [195, 310], "{error}");
        let text = error.to_string();
        assert!(text.contains("column 195 of the data holds 0 in row 1"), "{text}");
        assert!(text.contains("before the first step"), "{text}");
        assert!(Report::of(&error).is_none());
        assert_eq!(model.flow().parameters(), before);
    }
    // Moved inside, they are trained on.
    let moved = data.map(|x| x.clamp(0.005, 0.995));
    let mut model = base().pushed_by(Chain::new().then(layer(2)).then(bounded()));
    let report = trainer().fit(&mut model, &moved, &mut rng).expect("inside");
    assert_eq!((report.stop, report.warnings.len()), (Stop::Finished, 0));
}

#[test]
fn what_does_not_fit_is_told_what_to_call() {
    let mut rng = StdRng::seed_from_u64(3);
    let plain = || StandardNormal::new(2).pushed_by(layer::<f64>(2));
    let mlp = Mlp::new(2).context(3).hidden([4]).build::<f64, _>(&mut rng).expect("valid");
    let mut family = StandardNormal::new(2).pushed_by(ContinuousFlow::new(mlp));
    let data = normal(2, 50, 4);
    let error = trainer().fit(&mut family, &data, &mut rng).expect_err("no contexts");
    assert!(error.is_shape() && error.to_string().contains("fit_given"), "{error}");
    let contexts = normal(3, 49, 5);
    let error = trainer().fit_given(&mut family, &data, &contexts, &mut rng).expect_err("49");
    assert!(error.is_shape() && error.to_string().contains("3 x 50"), "{error}");
    let contexts = normal(1, 50, 5);
    let error = trainer().fit_given(&mut plain(), &data, &contexts, &mut rng).expect_err("none");
    assert!(error.is_shape() && error.to_string().contains("call `fit`"), "{error}");
    let error = trainer().fit(&mut plain(), &data.transpose(), &mut rng).expect_err("rows");
    assert!(error.is_shape() && error.to_string().contains("transpose"), "{error}");
    let mut mismatched = StandardNormal::new(3).pushed_by(layer::<f64>(2));
    assert!(trainer().fit(&mut mismatched, &data, &mut rng).expect_err("3 and 2").is_shape());
}

/// The column is trained on, or held out: for seeds enough to have both.
#[test]
fn an_infinite_loss_names_the_sample_and_the_reason() {
    let mut held = [false; 2];
    for seed in 0..40 {
        let mut rng = StdRng::seed_from_u64(seed);
        // Its square is infinite in f32, while the number itself is not.
        let mut data: DMatrix<f32> = normal(2, 100, 6);
        data[(1, 77)] = 1e25;
        let mut model = StandardNormal::new(2).pushed_by(layer::<f32>(2));
        let error = trainer().keep_start().fit(&mut model, &data, &mut rng).expect_err("infinite");
        let text = error.to_string();
        assert!(error.is_training() && text.contains("column 77 of the data"), "{text}");
        assert!(text.contains("1.000e25 from the origin"), "{text}");
        assert!(
            text.contains("holds 1.000e25 in row 1") && text.contains("Standardizer"),
            "{text}"
        );
        assert_eq!(error.failed_columns()[0].0, 77);
        let report = Report::of(&error).expect("training began");
        assert_eq!(report.stop, Stop::Failed);
        assert!(report.steps.iter().all(|step| step.loss.is_finite()));
        held[usize::from(text.contains("held-out"))] = true;
        assert!(model.log_prob(&normal(2, 5, 7)).is_ok());
    }
    assert_eq!(held, [true, true]);
}

/// x' = 2x is infinite where x is nearly so: in the mini-batch of a step or in a check.
#[test]
fn a_field_that_fails_is_blamed_on_the_column_as_given() {
    for seed in 0..8 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut data: DMatrix<f64> = normal(1, 60, 8);
        data[41] = 1.7e308;
        let field = field::Linear::new(nalgebra::dmatrix![2.0]).expect("square");
        let mut model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(field));
        let error = trainer().batch(16).fit(&mut model, &data, &mut rng).expect_err("too large");
        let named: Vec<_> = error.failed_columns().iter().map(|(column, _)| *column).collect();
        assert_eq!(named, [41], "{error}");
        assert!(error.to_string().contains("column 41 of the data"), "{error}");
        assert!(error.to_string().contains("t = 1"), "{error}");
        assert!(Report::of(&error).is_some());
    }
}

fn warnings<F: TrainableFlow<f64>>(flow: F, data: &DMatrix<f64>) -> Vec<Warning> {
    let mut model = StandardNormal::new(data.nrows()).pushed_by(flow);
    let mut rng = StdRng::seed_from_u64(9);
    let report = trainer().steps(1).keep_start().fit(&mut model, data, &mut rng).expect("trains");
    let printed = report.to_string();
    assert!(report.warnings.iter().all(|warning| printed.contains(&warning.to_string())));
    report.warnings
}

#[test]
fn scales_and_outliers_are_warned_of_unless_the_model_takes_care_of_them() {
    let mut data = normal::<f64>(3, 500, 10);
    assert_eq!(warnings(layer(3), &data), []);
    data.row_mut(0).iter_mut().for_each(|x| *x *= 1e4);
    data.row_mut(1).iter_mut().for_each(|x| *x *= 1e-3);
    let found = warnings(layer(3), &data);
    assert!(matches!(found[0], Warning::Scale { part: Part::Data, row: 0, .. }), "{found:?}");
    assert!(matches!(found[1], Warning::Scale { part: Part::Data, row: 1, .. }), "{found:?}");
    assert_eq!(found.len(), 2);
    assert!(found[0].to_string().contains("data::Standardizer"), "{}", found[0]);
    // A layer that standardises, and numbers of which it takes the logarithm.
    let mut standardised = layer(3);
    standardised.initialise(Direction::Inverse, &data, None).expect("has spread");
    assert_eq!(warnings(standardised, &data), []);
    let wide = normal::<f64>(1, 500, 11).map(|x: f64| (3.0 * x).exp());
    let positive = Constrain::new().then(liouville::flow::elementwise::positive(1));
    assert_eq!(warnings(Chain::new().then(layer(1)).then(positive), &wide), []);

    let mut data = normal::<f64>(2, 500, 12);
    data[(1, 345)] = 1e6;
    let found = warnings(layer(2), &data);
    assert!(
        matches!(found[..], [Warning::Outlier { row: 1, column: 345, value: 1e6, .. }]),
        "{found:?}"
    );
}

#[test]
fn contexts_that_are_huge_or_never_shared_are_warned_of() {
    let mut rng = StdRng::seed_from_u64(13);
    let mlp = Mlp::new(1).context(1).hidden([8]).build::<f64, _>(&mut rng).expect("valid");
    let mut model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(mlp));
    let (data, contexts) = (normal(1, 300, 14), normal::<f64>(1, 300, 15));
    let matching = Trainer::flow_matching().steps(2).quiet();
    let mut fit = |trainer: &Trainer<_>, contexts: &DMatrix<f64>| {
        trainer.fit_given(&mut model, &data, contexts, &mut rng).expect("trains").warnings
    };
    assert_eq!(fit(&matching, &contexts), []);
    let found = fit(&matching, &(&contexts * 1e6));
    assert!(matches!(found[..], [Warning::Scale { part: Part::Contexts, .. }]), "{found:?}");
    let transport = matching.pairing(Pairing::OptimalTransport);
    let found = fit(&transport, &contexts);
    assert_eq!(found, [Warning::Unpaired { companions: 0.0 }]);
    assert_eq!(fit(&transport, &contexts.map(f64::signum)), []);
}

/// A row of scale 1e4 beside one of 1e-3 is learnt once both are standardised: the log-density of the data
/// as given, by the log-determinant of the standardiser, comes close to the entropy.
#[test]
fn what_the_warning_advises_is_the_remedy() {
    let mut rng = StdRng::seed_from_u64(16);
    let mut data = normal::<f64>(2, 4000, 17);
    data.row_mut(0).iter_mut().for_each(|x| *x *= 1e4);
    data.row_mut(1).iter_mut().for_each(|x| *x *= 1e-3);
    let scale = data::Standardizer::fit(&data).expect("has spread");
    let standard: DMatrix<f64> = scale.apply(&data).expect("fits");
    let field = Mlp::new(2).hidden([8, 8]).build::<f64, _>(&mut rng).expect("valid");
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field).tolerance(1e-3));
    let report = trainer().steps(60).fit(&mut model, &standard, &mut rng).expect("trains");
    assert_eq!(report.warnings, []);
    let learned = model.log_prob(&standard).expect("valid").mean() + scale.log_det();
    let entropy = 1.0 + TAU.ln() + 1e4f64.ln() + 1e-3f64.ln();
    assert!((learned + entropy).abs() < 0.2, "{learned} against {}", -entropy);
}

#[test]
fn the_row_is_that_of_the_data_where_a_flow_counts_others() {
    let turn = || Permutation::reverse(2);
    let bounds = Constrain::new().then(free(1)).then(positive(1));
    let chain = Chain::new().then(layer(2)).then(turn()).then(bounds).then(turn());
    let mut model = StandardNormal::new(2).pushed_by(chain);
    let mut data: DMatrix<f64> = normal(2, 90, 4).map(f64::exp);
    data[(0, 77)] = 0.0;
    let error = trainer().fit(&mut model, &data, &mut StdRng::seed_from_u64(4)).expect_err("zero");
    let text = error.to_string();
    assert!(text.contains("column 77 of the data holds 0 in row 0"), "{text}");
}

#[test]
fn what_cannot_learn_and_settings_that_lead_nowhere_are_refused() {
    let data = normal::<f64>(2, 60, 5);
    let mut rng = StdRng::seed_from_u64(5);
    let mut frozen = StandardNormal::new(2).pushed_by(Frozen::new(layer::<f64>(2)));
    let error = trainer().fit(&mut frozen, &data, &mut rng).expect_err("nothing to train");
    assert!(error.to_string().contains("no parameters to train"), "{error}");
    let mut model = StandardNormal::new(2).pushed_by(layer::<f64>(2));
    for decay in [f64::NAN, -1e3, f64::INFINITY] {
        let fit = trainer().weight_decay(decay).fit(&mut model, &data, &mut rng);
        assert!(fit.expect_err("a bad decay").is_setting(), "{decay}");
    }
    for settings in [[f64::NAN, 0.999, 1e-8], [0.9, 2.0, 1e-8], [0.9, 0.999, 0.0]] {
        let mut adam = Adam::default();
        [adam.beta1, adam.beta2, adam.epsilon] = settings;
        let fit = trainer().optimizer(adam).fit(&mut model, &data, &mut rng);
        assert!(fit.expect_err("a bad setting").is_setting(), "{settings:?}");
    }
}

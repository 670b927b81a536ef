//! Diagnosis measures what is known: closed forms, mistakes put in on purpose, and data of another shape.

use liouville::diagnose::{Diagnose, jacobians};
use liouville::flow::Packet;
use liouville::ode::Workspace;
use liouville::prelude::*;
use liouville::train::{Recorder, Stop, View};
use nalgebra::{DMatrix, dmatrix};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::ops::ControlFlow;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn random(rows: usize, columns: usize, seed: u64) -> DMatrix<f64> {
    let mut rng = rng(seed);
    DMatrix::from_fn(rows, columns, |_, _| rand::RngExt::random_range(&mut rng, -1.0..1.0))
}

type Pushed<F> = Pushforward<StandardNormal, ContinuousFlow<F>>;

fn linear(a: &DMatrix<f64>) -> Pushed<field::Linear<f64>> {
    let field = field::Linear::new(a.clone()).expect("square");
    StandardNormal::new(a.nrows()).pushed_by(ContinuousFlow::new(field))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn a_linear_flow_is_stretched_as_its_exponential(seed in any::<u32>()) {
        let a = random(3, 3, u64::from(seed));
        let model = linear(&a);
        let data: Samples<f64> = model.sample(300, &mut rng(u64::from(seed))).expect("valid");
        let found = Diagnose::new().times(3).continuous(&model, &data, None).expect("valid");
        let passage = found.passage.as_ref().expect("continuous");
        let check = |share: f64, found: &[f64], bound: f64| {
            let map = (a.clone() * share).exp();
            let mut expected: Vec<f64> = map.singular_values().iter().copied().collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            // An error of the Jacobian moves every singular value by at most its own norm.
            found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < bound * expected[0])
        };
        // Differences over steps of up to 0.06 of ends that err by about the tolerance, 1e-5.
        for values in &found.conditioning.singular_values {
            prop_assert!(check(1.0, values, 1e-3), "{values:?}");
        }
        for (k, at) in passage.singular_values.iter().enumerate() {
            prop_assert!(at.iter().all(|values| check(0.5 * k as f64, values, 1e-5)), "{at:?}");
        }
        // A linear map stretches all pairs by at most its largest singular value, which it reaches.
        let largest = a.clone().exp().singular_values().max();
        let lipschitz = found.conditioning.lipschitz_forward;
        prop_assert!((lipschitz / largest - 1.0).abs() < 1e-2, "{lipschitz} {largest}");
        // The measured error of the log-density is that against the closed form.
        let back = (-a.clone()).exp();
        let few: Vec<usize> = (0..64).map(|k| k * 300 / 64).collect();
        let log_prob = model.log_prob(&data).expect("valid");
        for (k, &j) in few.iter().enumerate() {
            let z = &back * data.column(j);
            let exact = -0.5 * z.norm_squared() - 1.5 * std::f64::consts::TAU.ln() - a.trace();
            let error = (log_prob[j] - exact).abs();
            let claimed = passage.reference.errors[k];
            prop_assert!((error - claimed).abs() < 1e-9, "{error:e} {claimed:e}");
        }
        // Steps of every sample fill the span.
        for way in &passage.ways {
            let length: f64 = way.steps.iter().map(|[_, h]| h).sum();
            prop_assert!((length + 1.0).abs() < 1e-12, "{length}");
            prop_assert!(way.effort.accepted as usize == way.steps.len());
        }
    }

    #[test]
    fn a_models_own_samples_are_calibrated_and_others_are_not(seed in any::<u32>()) {
        let model = linear(&random(2, 2, u64::from(seed)));
        let data: Samples<f64> = model.sample(2000, &mut rng(u64::from(seed))).expect("valid");
        let diagnose = |data: &DMatrix<f64>| Diagnose::new().flow(&model, data, None);
        let own = diagnose(&data).expect("valid").calibration;
        prop_assert!(own.p_value() > 1e-5, "{}", own.p_value());
        let coverage = own.coverage(&[0.5, 0.9]);
        prop_assert!((coverage[0] - 0.5).abs() < 0.06 && (coverage[1] - 0.9).abs() < 0.04);
        let wide = diagnose(&(&*data * 1.3)).expect("valid").calibration;
        prop_assert!(wide.radius.p_value < 1e-6 && wide.coverage(&[0.9])[0] < 0.85);
        let shifted = diagnose(&data.map(|x| x + 0.6)).expect("valid").calibration;
        prop_assert!(shifted.p_value() < 1e-6, "{}", shifted.p_value());
    }
}

/// A shear with mistakes of known size.
#[derive(Clone)]
struct Shear {
    log_det: f64,
    inverse: f64,
}

impl Flow<f64> for Shear {
    fn dim(&self) -> usize {
        2
    }

    fn follow_packet(&self, way: Direction, packet: &mut Packet<f64>, _: &mut Workspace<f64>) {
        let first = packet.points.row(0).to_vec();
        for (y, x) in packet.points.row_mut(1).iter_mut().zip(first) {
            *y += match way {
                Direction::Forward => x.sin(),
                Direction::Inverse => self.inverse - x.sin(),
            };
        }
        packet.log_det.values_mut().iter_mut().for_each(|value| *value += self.log_det);
        packet.efforts.iter_mut().for_each(|effort| effort.evaluations += 1);
    }
}

#[test]
fn errors_of_known_size_are_measured() {
    let data = random(2, 100, 3);
    let diagnose = |flow: Shear| {
        Diagnose::new().flow(&StandardNormal::new(2).pushed_by(flow), &data, None).expect("valid")
    };
    let right = diagnose(Shear { log_det: 0.0, inverse: 0.0 });
    assert!(right.inverse_error.iter().all(|error| *error < 1e-15));
    assert!(right.conditioning.log_det_error.iter().all(|error| *error < 1e-9));
    let wrong = diagnose(Shear { log_det: 0.25, inverse: 1e-3 });
    assert!(wrong.conditioning.log_det_error.iter().all(|error| (error - 0.25).abs() < 1e-9));
    let size = |j: usize| 1.0 + data.column(j).amax();
    let expected = |(j, error): (usize, &f64)| (error * size(j) - 1e-3).abs() < 1e-12;
    assert!(wrong.inverse_error.iter().enumerate().all(expected));
    // The Jacobian [1 0; cos x 1] in closed form.
    let found =
        jacobians(&Shear { log_det: 0.0, inverse: 0.0 }, Direction::Forward, &data, None, 4e-3)
            .expect("valid");
    for (jacobian, x) in found.iter().zip(data.column_iter()) {
        assert!((jacobian - dmatrix![1.0, 0.0; x[0].cos(), 1.0]).amax() < 1e-10);
    }
}

#[test]
fn the_table_names_what_was_measured() {
    let model = linear(&dmatrix![0.3, -1.0; 1.0, 0.1]);
    let data: Samples<f64> = model.sample(200, &mut rng(1)).expect("valid");
    let text = Diagnose::new().continuous(&model, &data, None).expect("valid").to_string();
    println!("{text}");
    for word in ["200 samples in 2 dimensions", "inverse error", "log-density error", "condition"] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
    assert!(text.contains("radius") && !text.contains("NaN"), "{text}");
    let flow =
        EulerStep::new(field::Radial::new(nalgebra::dvector![0.1], 0.5, 1.0).expect("valid"));
    let model = StandardNormal::new(1).pushed_by(flow);
    let text = Diagnose::new().flow(&model, &dmatrix![0.5, 1.0], None).expect("valid").to_string();
    assert!(text.contains("2 samples in 1 dimension") && !text.contains("step size"), "{text}");
}

#[test]
fn failed_columns_are_counted_and_left_out() {
    let explosive = field::autonomous::<1, _>(|x| [-x[0] * x[0] * x[0]]);
    let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(explosive));
    let data = dmatrix![0.1f64, 5.0, -0.3, f64::NAN, 0.2];
    let found = Diagnose::new().continuous(&model, &data, None).expect("three arrive");
    assert_eq!((found.samples, found.failed, found.log_prob.len()), (5, 2, 3));
    assert!(found.inverse_error.iter().all(|error| *error < 1e-3));
    let error = Diagnose::new().flow(&model, &dmatrix![5.0, 6.0], None).expect_err("none arrives");
    assert_eq!(error.failed_columns().len(), 2);
}

#[test]
fn bad_input_is_named() {
    let model = linear(&DMatrix::identity(2, 2));
    let data = DMatrix::zeros(2, 5);
    let empty = DMatrix::zeros(2, 0);
    assert!(Diagnose::new().flow(&model, &DMatrix::zeros(3, 5), None).expect_err("3").is_shape());
    assert!(Diagnose::new().flow(&model, &empty, None).expect_err("none").is_empty());
    let contexts = DMatrix::zeros(1, 3);
    let error = Diagnose::new().flow(&model, &data, Some(&contexts)).expect_err("3 for 5");
    assert!(error.is_shape() && error.to_string().contains("3 contexts"), "{error}");
    let none = [
        Diagnose::new().samples(0),
        Diagnose::new().jacobians(0),
        Diagnose::new().references(0),
        Diagnose::new().times(1),
        Diagnose::new().step(0.0),
    ];
    for settings in none {
        let error = settings.continuous(&model, &data, None).expect_err("too few");
        assert!(error.is_setting(), "{error}");
    }
}

#[test]
fn a_diagnosis_is_drawn() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut rng = rng(3);
    let moons = data::two_moons(0.1);
    let points: DMatrix<f64> = moons.sample(2000, &mut rng).expect("valid");
    let field = Mlp::new(2).hidden([24, 24]).build(&mut rng).expect("valid");
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    let trainer = Trainer::maximum_likelihood().steps(150).learning_rate(1e-2).quiet();
    trainer.fit(&mut model, &points, &mut rng).expect("trains");
    let held_out: DMatrix<f64> = moons.sample(1500, &mut rng).expect("valid");
    let found = Diagnose::new().continuous(&model, &held_out, None).expect("valid");
    println!("{found}");
    plot::diagnosis(&found).save(folder.join("diagnosis.png")).expect("drawn");
    let svg = folder.join("diagnosis.svg");
    plot::diagnosis(&found).save(&svg).expect("drawn");
    let text = std::fs::read_to_string(&svg).expect("written");
    for word in
        ["probability under the model", "errors", "singular value", "condition number", "step size"]
    {
        assert!(text.contains(word), "{word}");
    }
    let layer =
        EulerStep::new(field::Radial::new(nalgebra::dvector![0.1, 0.3], 0.5, 1.0).expect("valid"));
    let found = Diagnose::new().flow(&StandardNormal::new(2).pushed_by(layer), &held_out, None);
    plot::diagnosis(&found.expect("valid")).save(folder.join("layer.png")).expect("drawn");
}

/// A small model and its data.
fn untrained() -> (Pushed<Mlp<f64>>, DMatrix<f64>) {
    let data = data::two_moons(0.1).sample(400, &mut rng(4)).expect("valid");
    let field = Mlp::new(2).hidden([8, 8]).build(&mut rng(5)).expect("valid");
    (StandardNormal::new(2).pushed_by(ContinuousFlow::new(field)), data)
}

#[test]
fn watching_changes_no_bit_of_what_is_trained() {
    let trainer = || Trainer::maximum_likelihood().steps(12).batch(100).average(0.9).quiet();
    let (mut plain, data) = untrained();
    let expected = trainer().fit(&mut plain, &data, &mut rng(6)).expect("trains");
    let (mut watched, _) = untrained();
    let mut recorder = Recorder::new();
    let watch = trainer().monitor(1);
    let found = watch.fit(&mut watched, &data, &mut rng(6), recorder.record());
    let found = found.expect("trains");
    assert_eq!(plain.flow().parameters(), watched.flow().parameters());
    let losses = |report: &liouville::train::Report| report.curve(|step| step.loss).1;
    assert_eq!(losses(&expected), losses(&found));
    assert_eq!(expected.checks, found.checks);
    assert_eq!(recorder.snapshots.len(), 12);
    for (k, snapshot) in recorder.snapshots.iter().enumerate() {
        assert_eq!((snapshot.step, snapshot.loss), (k + 1, found.steps[k].loss));
        assert_eq!(snapshot.gradient_norm, found.steps[k].gradient_norm);
        assert!(snapshot.condition >= 1.0 && snapshot.inverse_error < 1e-3 && snapshot.failed == 0);
    }
    let table = recorder.table();
    assert!(table.starts_with("step,loss,") && table.lines().count() == 13);
}

#[test]
fn snapshots_are_of_the_model_after_the_step() {
    let (mut model, data) = untrained();
    let mut last = None;
    let trainer = Trainer::maximum_likelihood().steps(7).held_out(0.0).average(0.0).quiet();
    let keep = |view: &View<'_, f64, _>| {
        last = Some(view.snapshot);
        ControlFlow::Continue(())
    };
    trainer.monitor(7).fit(&mut model, &data, &mut rng(6), keep).expect("trains");
    let first = data.columns(0, 64).into_owned();
    let moved = model.flow().inverse(&first).expect("arrives");
    let (snapshot, mean) = (last.expect("one snapshot"), moved.log_det.mean());
    assert!((snapshot.log_det.mean - mean).abs() < 1e-14, "{snapshot:?} {mean}");
    assert_eq!(snapshot.log_det.most, moved.log_det.max());
}

#[test]
fn the_callback_can_stop_and_bad_intervals_are_named() {
    let (mut model, data) = untrained();
    let stop = |view: &View<'_, f64, _>| match view.step {
        9.. => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let trainer = Trainer::maximum_likelihood().steps(40).quiet();
    let report = trainer.monitor(3).fit(&mut model, &data, &mut rng(6), stop);
    let report = report.expect("stops");
    assert_eq!((report.steps.len(), report.stop), (9, Stop::Asked));
    assert!(report.to_string().contains("stopped as it was asked to"));
    let error = trainer.monitor(0).fit(&mut model, &data, &mut rng(6), stop).expect_err("zero");
    assert!(error.is_setting(), "{error}");
}

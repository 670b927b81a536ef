//! A run that was interrupted gives the parameters of one that was not, bit for bit.

use std::ops::ControlFlow;

use liouville::description::Kinds;
use liouville::prelude::*;
use liouville::save::Save;
use liouville::train::{
    Adam, Checkpoint, MaximumLikelihood, Muon, Noise, Objective, Observed, Optimizer, Report,
    Schedule, Trainable,
};
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

type Continuous<T> = Pushforward<StandardNormal, ContinuousFlow<Mlp<T>>>;

fn moons<T: Real>(count: usize) -> DMatrix<T> {
    data::two_moons(0.1).sample(count, &mut StdRng::seed_from_u64(1)).expect("valid")
}

fn continuous<T: Real>(hidden: usize) -> Continuous<T> {
    let mut rng = StdRng::seed_from_u64(2);
    let field = Mlp::new(2).hidden([hidden, 8]).build(&mut rng).expect("valid sizes");
    StandardNormal::new(2).pushed_by(ContinuousFlow::new(field))
}

fn couplings(seed: u64) -> Pushforward<StandardNormal, Chain<f32>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let flow = Stack::real_nvp(2).layers(2).hidden([8]).build(&mut rng).expect("valid sizes");
    StandardNormal::new(2).pushed_by(flow)
}

/// A report without times, which differ.
fn timeless(report: &Report) -> Report {
    let mut report = report.clone();
    report.steps.iter_mut().for_each(|step| step.seconds = 0.0);
    report.foretold = None;
    report
}

/// The end of a run, and the checkpoints after some steps of it.
fn uninterrupted<T, M, O, P>(
    trainer: &Trainer<O, P>,
    mut model: M,
    data: &DMatrix<T>,
    wanted: impl Fn(usize) -> bool,
) -> (Report, Vec<T>, Vec<Checkpoint<T>>)
where
    T: Real,
    M: Observed<T>,
    O: Objective<T, M> + Clone,
    P: Optimizer<T> + Clone,
{
    let mut taken = Vec::new();
    let keep = |view: &liouville::train::View<'_, T, M>| {
        if wanted(view.step) {
            taken.push(view.checkpoint());
        }
        ControlFlow::Continue(())
    };
    let mut rng = StdRng::seed_from_u64(3);
    let report = trainer.monitor(1).fit(&mut model, data, &mut rng, keep).expect("trains");
    (report, model.parameters(), taken)
}

/// The checkpoint that the file of a checkpoint gives, which is the same.
fn through_a_file<T: Real>(checkpoint: &Checkpoint<T>) -> Checkpoint<T> {
    let bytes = checkpoint.to_bytes().expect("a file");
    let again = Checkpoint::<T>::from_bytes(&bytes, &Kinds::new()).expect("a checkpoint");
    assert_eq!(&again, checkpoint);
    assert!(again.to_bytes().expect("a file") == bytes);
    again
}

/// From random places on, a run goes on as it did.
fn law<T, M, O, P>(trainer: &Trainer<O, P>, model: &M, data: &DMatrix<T>)
where
    T: Real,
    M: Observed<T> + Clone,
    O: Objective<T, M> + Clone,
    P: Optimizer<T> + Clone,
{
    let mut rng = StdRng::seed_from_u64(4);
    let places: Vec<bool> =
        (0..60).map(|k| k == 3 || k == 59 || rng.random::<f64>() < 0.1).collect();
    let wanted = |step: usize| places[step % 60];
    let (report, end, checkpoints) = uninterrupted(trainer, model.clone(), data, wanted);
    assert!(!checkpoints.is_empty());
    for checkpoint in checkpoints.iter().map(through_a_file) {
        let mut resumed = model.clone();
        let found = trainer.resume(&checkpoint, &mut resumed, data).expect("fits");
        let step = checkpoint.steps();
        assert!(resumed.parameters() == end, "from step {step}");
        assert_eq!(timeless(&found), timeless(&report), "from step {step}");
    }
}

fn short() -> Trainer<MaximumLikelihood> {
    let schedule = Schedule { warm_up: 5, ..Schedule::default() };
    Trainer::maximum_likelihood().steps(60).batch(16).check_every(7).schedule(schedule).quiet()
}

/// Every optimiser, with and without an average, in the warm-up, the stable stage and the decay.
#[test]
fn every_optimiser_goes_on_as_it_would_have() {
    for decay in [0.0, 0.9] {
        law(&short().average(decay), &continuous::<f32>(8), &moons(100));
        law(&short().average(decay).optimizer(Muon::default()), &couplings(5), &moons(100));
        let adam = short().average(decay).optimizer(Adam::default());
        law(&adam, &continuous::<f64>(8), &moons(100));
        let decaying = Adam { weight_decay: 0.1, ..Adam::default() };
        law(&short().average(decay).optimizer(decaying), &couplings(5), &moons(100));
    }
}

#[test]
fn every_objective_goes_on_as_it_would_have() {
    let schedule = Schedule { warm_up: 5, ..Schedule::default() };
    let matching = Trainer::flow_matching().steps(60).batch(16).check_every(7).quiet();
    law(&matching.clone().schedule(schedule), &continuous::<f32>(8), &moons(100));
    law(&matching.pairing(Pairing::OptimalTransport), &continuous::<f64>(8), &moons(100));
    law(&short().kinetic_energy(0.01).steer(0.2), &continuous::<f64>(8), &moons(100));
    law(&short().kinetic_energy(0.01).jacobian_norm(0.01), &continuous::<f32>(8), &moons(100));
}

#[test]
fn what_lies_in_a_report_lies_in_its_file() {
    // Noise that falls, an outlier to be warned of, no bound on gradients.
    let mut data = moons::<f64>(100);
    data[(0, 7)] = 3e3;
    law(&short().noise(Noise::Chosen).clip(f64::INFINITY), &continuous::<f64>(8), &data);
    // Log-densities that are estimated, and steps that are taken back.
    let mut rng = StdRng::seed_from_u64(2);
    let field = Mlp::new(2).hidden([8, 8, 8]).build(&mut rng).expect("valid sizes");
    let flow = ContinuousFlow::new(field).trace(Trace::hutchinson(1));
    law(&short(), &StandardNormal::new(2).pushed_by(flow), &moons::<f32>(100));
    law(&short().learning_rate(30.0), &continuous::<f64>(8), &moons(100));
}

#[test]
fn what_a_run_did_by_itself_is_remembered() {
    // A tolerance that is tightened, nothing held out, patience.
    law(&short().tolerance(0.5), &continuous::<f64>(8), &moons(100));
    law(&short().held_out(0.0), &continuous::<f64>(8), &moons(100));
    law(&short().patience(1), &couplings(5), &moons(40));
    // A length that is found, whose first half is remembered.
    let open = Trainer::maximum_likelihood().batch(16).quiet();
    let data = moons(2000);
    let wanted = |step: usize| [299, 300, 301, 599, 600, 601, 800].contains(&step);
    let (report, end, checkpoints) = uninterrupted(&open, couplings(5), &data, wanted);
    for checkpoint in checkpoints.iter().map(through_a_file) {
        let mut resumed = couplings(5);
        let found = open.resume(&checkpoint, &mut resumed, &data).expect("fits");
        assert!(resumed.parameters() == end, "from step {}", checkpoint.steps());
        assert_eq!(timeless(&found), timeless(&report));
    }
}

#[test]
fn a_checkpoint_can_be_read_and_interrupted_again() {
    let (data, trainer) = (moons::<f64>(100), short());
    let (_, end, taken) = uninterrupted(&trainer, continuous(8), &data, |step| step == 20);
    let [checkpoint] = &taken[..] else { panic!("one was asked for") };
    assert_eq!((checkpoint.steps(), checkpoint.report().steps.len()), (20, 20));
    let fresh = Trainable::<f64>::layout(&continuous::<f64>(8));
    assert_eq!(checkpoint.layout().entries(), fresh.entries());
    assert_ne!(checkpoint.parameters(), checkpoint.kept());
    let (check, best) = checkpoint.best().expect("checks were made");
    assert!(checkpoint.report().checks.contains(&check) && best.len() == end.len());
    assert_eq!(checkpoint.optimizer()[0].values.len(), end.len());
    let (mut model, mut later) = (continuous(8), None);
    let again = trainer.monitor(33).resume(checkpoint, &mut model, &data, |view| {
        later = Some(view.checkpoint());
        ControlFlow::Break(())
    });
    assert_eq!(again.expect("fits").steps.len(), 33);
    let mut model = continuous(8);
    trainer.resume(&later.expect("taken"), &mut model, &data).expect("fits");
    assert!(model.parameters() == end);
}

#[test]
fn what_does_not_fit_is_named() {
    let (data, trainer) = (moons::<f64>(100), short());
    let (_, end, taken) = uninterrupted(&trainer, continuous(8), &data, |step| step == 10);
    let refuse = |hidden: usize, data: &DMatrix<f64>, part: &str| {
        let mut model = continuous(hidden);
        let before = model.parameters();
        let error = trainer.resume(&taken[0], &mut model, data).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(model.parameters(), before);
        error
    };
    assert!(refuse(9, &data, "weight` [8, ").is_shape());
    assert!(refuse(8, &data.columns(0, 99).into_owned(), "2 x 100").is_shape());
    let mut turned = data.clone();
    turned.swap_columns(3, 4);
    assert!(refuse(8, &turned, "order").is_setting());
    // What was refused has left no trace on the model.
    let mut model = continuous(8);
    trainer.resume(&taken[0], &mut model, &turned).expect_err("turned");
    trainer.resume(&taken[0], &mut model, &data).expect("fits");
    assert!(model.parameters() == end);
    let others = [
        (short().steps(61), "number of steps"),
        (short().batch(17), "mini-batch"),
        (short().learning_rate(1e-3), "learning rate"),
        (short().average(0.5), "average"),
        (short().weight_decay(0.1), "optimiser"),
    ];
    for (other, part) in others {
        let error = other.resume(&taken[0], &mut continuous(8), &data).expect_err(part);
        assert!(error.is_setting() && error.to_string().contains(part), "{error}");
    }
    let adam = short().optimizer(Adam::default());
    let error = adam.resume(&taken[0], &mut continuous(8), &data).expect_err("Adam");
    assert!(error.to_string().contains("Muon") && error.to_string().contains("Adam"), "{error}");
    // Other masks and permutations are another model.
    let data = moons::<f32>(100);
    let (.., taken) = uninterrupted(&trainer, couplings(5), &data, |step| step == 10);
    let layouts = [5, 6].map(|seed| Trainable::<f32>::layout(&couplings(seed)));
    let error = trainer.resume(&taken[0], &mut couplings(6), &data);
    assert_eq!(error.is_err(), layouts[0] != layouts[1]);
}

//! An accuracy apart from the flow's own: what is solved by it is as right as it says, and costs as little.

use liouville::flow::continuous::Gradient;
use liouville::flow::{Packet, Track};
use liouville::nalgebra::DMatrix;
use liouville::ode::{
    ErrorControlled, Recording, Solver, Workspace, external_dopri5, external_rk4,
};
use liouville::prelude::*;
use liouville::train::{
    Loss, MaximumLikelihood, MiniBatch, Objective, Pool, Regularised, Trainable,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const COLUMNS: usize = 40;

type Model<S> = Pushforward<StandardNormal, ContinuousFlow<Mlp<f64>, S>>;

/// A network of ordinary size that depends on time and context.
fn network(seed: u64) -> Mlp<f64> {
    let mut rng = StdRng::seed_from_u64(seed);
    let builder = Mlp::new(3).context(1).hidden([9, 6]);
    let count = builder.build::<f64, _>(&mut rng).expect("valid sizes").parameters().len();
    let values = (0..count).map(|_| rng.random_range(-0.7..0.7)).collect();
    builder.with_parameters(values).expect("as many as there are")
}

fn model<S>(seed: u64, solver: S) -> Model<S> {
    StandardNormal::new(3).pushed_by(ContinuousFlow::new(network(seed)).solver(solver))
}

/// Points and contexts.
fn samples(seed: u64) -> [DMatrix<f64>; 2] {
    let mut rng = StdRng::seed_from_u64(seed + 1);
    [3, 1].map(|rows| DMatrix::from_fn(rows, COLUMNS, |_, _| rng.random_range(-2.0..2.0)))
}

/// The loss of some samples to an accuracy, with its gradient.
fn descend<M: Trainable<f64>, O: Objective<f64, M>>(
    objective: &O,
    model: &M,
    [points, contexts]: &[DMatrix<f64>; 2],
    accuracy: Option<f64>,
) -> (Loss, Vec<f64>) {
    let batch = MiniBatch { points, contexts, seed: 5, accuracy };
    let mut gradient = vec![0.0; model.parameters().len()];
    let loss = objective.gradient(model, batch, &Pool::new(), &mut gradient).expect("valid input");
    let alone = objective.loss(model, batch, &Pool::new()).expect("valid input");
    if loss.penalty == 0.0 {
        assert_eq!(loss.value, alone.value, "with a gradient and without");
    }
    (loss, gradient)
}

fn likelihood<S: Recording<f64>>(model: &Model<S>, seed: u64, accuracy: Option<f64>) -> Loss {
    descend(&MaximumLikelihood, model, &samples(seed), accuracy).0
}

#[test]
fn a_loss_is_as_accurate_as_it_is_asked_to_be() {
    for seed in 0..4 {
        let exact = likelihood(&model(seed, automatic().tolerance(1e-12)), seed, None).value;
        let own = model(seed, automatic().tolerance(1e-5));
        for accuracy in [1e-3, 1e-5, 1e-7, 1e-9] {
            let found = likelihood(&own, seed, Some(accuracy)).value;
            // "Within a hundred tolerances wherever the way does not drive neighbours apart."
            assert!((found - exact).abs() < 100.0 * accuracy, "{accuracy}: {found}, {exact}");
        }
        let [rough, plain] = [Some(1e-3), None].map(|accuracy| likelihood(&own, seed, accuracy));
        assert_ne!(rough.value, plain.value);
        assert!(rough.effort.evaluations < plain.effort.evaluations);
        let same = model(seed, automatic().tolerance(1e-3));
        assert!(rough.effort.evaluations <= likelihood(&same, seed, None).effort.evaluations);
    }
}

/// Solvers without a tolerance take steps by it, and recorded ones are taken back by what recorded them.
#[test]
fn equal_steps_become_accurate_ones() {
    let seed = 3;
    let exact = descend(
        &MaximumLikelihood,
        &model(seed, automatic().tolerance(1e-12)),
        &samples(seed),
        None,
    );
    let rough = descend(&MaximumLikelihood, &model(seed, rk4(1)), &samples(seed), None);
    assert!((rough.0.value - exact.0.value).abs() > 1e-4, "one step is not accurate");
    for accuracy in [1e-5, 1e-9] {
        let (loss, gradient) =
            descend(&MaximumLikelihood, &model(seed, rk4(1)), &samples(seed), Some(accuracy));
        assert!((loss.value - exact.0.value).abs() < 100.0 * accuracy);
        for (ours, exact) in gradient.iter().zip(&exact.1) {
            assert!((ours - exact).abs() < 1000.0 * accuracy, "{ours} against {exact}");
        }
    }
}

/// Moves a packet of samples from the data to the base, and gives ln |det| of each.
fn log_dets<S: Solver<f64>>(model: &Model<S>, seed: u64, accuracy: Option<f64>) -> Vec<f64> {
    let [points, contexts] = samples(seed);
    let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
    packet.load(points.as_slice(), 3, contexts.as_slice(), 1);
    assert_eq!(packet.accuracy, None, "what is loaded is followed as the flow says");
    packet.accuracy = accuracy;
    model.flow().follow_packet(Direction::Inverse, &mut packet, &mut workspace);
    packet.log_det.row(0)[..COLUMNS].to_vec()
}

#[test]
fn every_solver_can_do_it() {
    let exact = log_dets(&model(2, automatic().tolerance(1e-12)), 2, None);
    let agree = |name: &str, found: Vec<f64>| {
        for (found, exact) in found.iter().zip(&exact) {
            assert!((found - exact).abs() < 1e-7, "{name}: {found} against {exact}");
        }
    };
    let accuracy = Some(1e-9);
    agree("external rk4", log_dets(&model(2, external_rk4(1)), 2, accuracy));
    agree("external dopri5", log_dets(&model(2, external_dopri5().tolerance(1e-2)), 2, accuracy));
    agree("rk4", log_dets(&model(2, rk4(1)), 2, accuracy));
    agree("tsit5", log_dets(&model(2, tsit5().tolerance(1e-2)), 2, accuracy));
    agree("dopri8", log_dets(&model(2, dopri8().tolerance(1e-2)), 2, accuracy));
}

/// Gradients of the plain loss and of one with penalties, by both ways back, against differences.
#[test]
fn gradients_are_those_of_the_loss() {
    for (seed, gradient) in
        [(6, Gradient::Discrete), (7, Gradient::Adjoint(automatic().tolerance(1e-2)))]
    {
        let flow = ContinuousFlow::new(network(seed)).solver(rk4(1)).gradient(gradient);
        let model = StandardNormal::new(3).pushed_by(flow);
        let penalties = Regularised { kinetic_energy: 0.3, jacobian_norm: 0.2, steer: 0.4 };
        for objective in [Regularised::default(), penalties] {
            let accuracy = Some(1e-10);
            let (_, ours) = descend(&objective, &model, &samples(seed), accuracy);
            let start = model.flow().field().parameters().to_vec();
            for k in (0..start.len()).step_by(17) {
                let value = |shift: f64| {
                    let (mut model, mut values) = (model.clone(), start.clone());
                    values[k] += shift;
                    model.flow_mut().set_parameters(&values).expect("as many as there are");
                    let loss = descend(&objective, &model, &samples(seed), accuracy).0;
                    loss.value + loss.penalty
                };
                let h = 1e-4;
                let difference =
                    (8.0 * (value(h) - value(-h)) - value(2.0 * h) + value(-2.0 * h)) / (12.0 * h);
                assert!((ours[k] - difference).abs() < 1e-5, "{k}: {} and {difference}", ours[k]);
            }
        }
    }
}

/// A longest step that was set holds for rough steps, too: a bump that lies far from where steps begin.
#[test]
fn a_longest_step_that_was_set_holds() {
    for solver in [automatic(), dopri8()] {
        let free = likelihood(&model(1, solver), 1, Some(1e-2)).effort;
        let held = likelihood(&model(1, solver.longest_step(0.02)), 1, Some(1e-2)).effort;
        assert!(free.accepted < 20 * COLUMNS as u64, "{free:?}");
        assert!(held.accepted >= 50 * COLUMNS as u64, "{held:?}");
    }
    let mut outside = external_dopri5();
    outside.set_longest_step(0.02);
    assert_eq!(
        Solver::<f64>::at(&outside, 1e-3),
        Solver::<f64>::at(&automatic().longest_step(0.02), 1e-3)
    );
}

#[test]
fn an_accuracy_out_of_range_is_refused() {
    let [points, contexts] = samples(0);
    for accuracy in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-17] {
        let batch =
            MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: Some(accuracy) };
        let error = MaximumLikelihood.loss(&model(0, automatic()), batch, &Pool::new());
        let message = error.expect_err("out of range").to_string();
        assert!(message.contains("accuracy of a mini-batch"), "{message}");
    }
}

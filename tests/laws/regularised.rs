//! Regularised likelihood: exact gradients, integrals that are what they say, and random ends.

use liouville::flow::continuous::{ContinuousTape, Penalties};
use liouville::flow::{Packet, Track};
use liouville::ode::{Recording, Workspace};
use liouville::prelude::*;
use liouville::train::{
    Loss, MaximumLikelihood, MiniBatch, Objective, Pool, Regularised, Trainable,
};
use nalgebra::DMatrix;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::{TrainableVisitor, mlp, visit_trainable};
use crate::support::{cases, derivative, matrix};

type Model<F, S = liouville::ode::Adaptive> = Pushforward<StandardNormal, ContinuousFlow<F, S>>;

const EVERYTHING: Regularised = Regularised { kinetic_energy: 0.3, jacobian_norm: 0.2, steer: 0.4 };

/// The loss of one batch, and its gradient.
fn descend<F, S>(
    objective: &Regularised,
    model: &Model<F, S>,
    [points, contexts]: [&DMatrix<f64>; 2],
    seed: u64,
) -> (Loss, Vec<f64>)
where
    F: TrainableField<f64>,
    S: Recording<f64>,
{
    let mut gradient = vec![0.0; model.flow().field().parameters().len()];
    let batch = MiniBatch { points, contexts, seed, accuracy: None };
    let loss = objective.gradient(model, batch, &Pool::new(), &mut gradient);
    (loss.expect("valid input"), gradient)
}

/// Gradients against differences of value + penalty.
struct Gradients {
    seed: u64,
}

impl Gradients {
    fn check<F, S>(&self, name: &str, field: &F, solver: S, objectives: &[Regularised])
    where
        F: TrainableField<f64> + Clone + 'static,
        S: Recording<f64> + Clone,
    {
        let contexts = matrix::<f64>(field.context_dim(), 10, 1.0, self.seed + 1);
        let points = matrix::<f64>(field.dim(), 10, 1.0, self.seed);
        let samples = [&points, &contexts];
        for trace in [Trace::Exact, Trace::hutchinson(2)] {
            for objective in objectives {
                let flow = ContinuousFlow::new(field.clone()).solver(solver.clone()).trace(trace);
                let model = StandardNormal::new(field.dim()).pushed_by(flow);
                let (_, gradient) = descend(objective, &model, samples, self.seed);
                let direction = matrix::<f64>(gradient.len(), 1, 1.0, self.seed + 100);
                let ours: f64 = gradient.iter().zip(direction.iter()).map(|(g, d)| g * d).sum();
                let expected = derivative(1e-3, |s| {
                    let mut model = model.clone();
                    let start = field.parameters().iter().zip(direction.iter());
                    let moved: Vec<f64> = start.map(|(p, d)| p + s * d).collect();
                    model.set_parameters(&moved).expect("parameters that fit");
                    let (loss, _) = descend(objective, &model, samples, self.seed);
                    loss.value + loss.penalty
                });
                let scale = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
                assert!(
                    (ours - expected).abs() <= 1e-6 * scale,
                    "{name}, {trace:?}, {objective:?}: {ours} against {expected}, scale {scale}"
                );
            }
        }
    }
}

impl TrainableVisitor<f64> for Gradients {
    fn visit<F: TrainableField<f64> + Clone + 'static>(&mut self, name: &str, field: F) {
        let energy = Regularised { jacobian_norm: 0.0, ..EVERYTHING };
        let norm = Regularised { kinetic_energy: 0.0, ..EVERYTHING };
        self.check(&format!("{name} by rk4"), &field, rk4(4), &[EVERYTHING, energy, norm]);
        self.check(&format!("{name} by tsit5"), &field, tsit5().tolerance(1e-9), &[EVERYTHING]);
        self.check(&format!("{name} by dopri8"), &field, dopri8().tolerance(1e-9), &[EVERYTHING]);
    }
}

/// Penalties leave the way of the samples as it is, to the last bit.
struct Undisturbed {
    seed: u64,
}

impl TrainableVisitor<f64> for Undisturbed {
    fn visit<F: TrainableField<f64> + Clone + 'static>(&mut self, name: &str, field: F) {
        let contexts = matrix::<f64>(field.context_dim(), 70, 1.0, self.seed + 1);
        let points = matrix::<f64>(field.dim(), 70, 1.0, self.seed);
        for trace in [Trace::Exact, Trace::hutchinson(2)] {
            let flow = ContinuousFlow::new(field.clone()).trace(trace);
            let model = StandardNormal::new(field.dim()).pushed_by(flow);
            let penalised = Regularised { steer: 0.0, ..EVERYTHING };
            let (with, _) = descend(&penalised, &model, [&points, &contexts], 1);
            let batch = MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: None };
            let plain = MaximumLikelihood.loss(&model, batch, &Pool::new()).expect("valid input");
            assert_eq!((with.value, with.effort), (plain.value, plain.effort), "{name} {trace:?}");
            assert!(with.penalty > 0.0, "{name} {trace:?}");
        }
    }
}

/// The penalties of some columns, followed in a direction.
fn penalties<F: TrainableField<f64>>(
    flow: &ContinuousFlow<F>,
    direction: Direction,
    penalties: Penalties,
    noise: u64,
    [points, contexts]: [&DMatrix<f64>; 2],
) -> Vec<f64> {
    let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
    packet.load(points.as_slice(), points.nrows(), contexts.as_slice(), contexts.nrows());
    packet.noise = Some(noise);
    let mut tape = ContinuousTape::default();
    let penalised = flow.penalised(penalties, flow.times().to);
    penalised.record_packet(direction, &mut packet, &mut tape, &mut workspace);
    tape.penalties().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2)))]

    #[test]
    fn gradients_are_those_of_the_computed_numbers(seed in any::<u32>()) {
        visit_trainable(u64::from(seed), &mut Gradients { seed: u64::from(seed) });
    }

    #[test]
    fn penalties_do_not_disturb_the_way(seed in any::<u32>()) {
        visit_trainable(u64::from(seed), &mut Undisturbed { seed: u64::from(seed) });
    }

    /// dx/dt = A x with diagonal A: ∫ |A x|² dt has a closed form, and |A u|² = |A|² for u of ±1.
    #[test]
    fn of_linear_fields_are_in_closed_form(seed in any::<u32>(), end in 0.2..2.0) {
        let rates = matrix::<f64>(3, 1, 1.5, u64::from(seed)).map(|a| a + 0.01_f64.copysign(a));
        let field = field::Linear::new(DMatrix::from_diagonal(&rates.column(0))).expect("square");
        let flow = ContinuousFlow::new(field).span(0.0, end).tolerance(1e-10);
        let points = matrix::<f64>(3, 20, 2.0, u64::from(seed) + 1);
        let weights = Penalties { kinetic_energy: 0.3, jacobian_norm: 0.2 };
        for (direction, sign) in [(Direction::Forward, 1.0), (Direction::Inverse, -1.0)] {
            for trace in [Trace::Exact, Trace::hutchinson(2)] {
                let flow = flow.clone().trace(trace);
                let found = penalties(&flow, direction, weights, 5, [&points, &DMatrix::zeros(0, 20)]);
                for (found, x) in found.iter().zip(points.column_iter()) {
                    let energy: f64 = rates.iter().zip(x.iter()).map(|(a, x)| {
                        a * a * x * x * (sign * 2.0 * a * end).exp_m1() / (sign * 2.0 * a)
                    }).sum();
                    let expected = 0.3 * energy + 0.2 * end * rates.norm_squared();
                    prop_assert!((found - expected).abs() < 1e-8 * (1.0 + expected), "{found} {expected}");
                }
            }
        }
    }

    /// With f = a x in one dimension, the likelihood at x = 0 tells the end of the span.
    #[test]
    fn the_end_is_uniform_and_comes_from_the_seed(seed in any::<u32>(), share in 0.01..0.99) {
        let field = field::Linear::new(nalgebra::dmatrix![0.7]).expect("square");
        let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(field).tolerance(1e-9));
        let objective = Regularised { steer: share, ..Regularised::default() };
        let end = |seed: u64| {
            let samples = [&DMatrix::zeros(1, 1), &DMatrix::zeros(0, 1)];
            let (loss, _) = descend(&objective, &model, samples, seed);
            (loss.value - 0.5 * std::f64::consts::TAU.ln()) / 0.7
        };
        let seeds = u64::from(seed)..u64::from(seed) + 1000;
        let mut shares: Vec<f64> = seeds.map(|seed| 0.5 + 0.5 * (end(seed) - 1.0) / share).collect();
        prop_assert_eq!(end(u64::from(seed)), end(u64::from(seed)));
        shares.sort_by(f64::total_cmp);
        prop_assert!(shares[0] > -1e-6 && shares[999] < 1.0 + 1e-6, "{} {}", shares[0], shares[999]);
        // Kolmogorov's statistic exceeds 2.5 / √n with a probability of 7e-6.
        let farthest = shares.iter().enumerate().map(|(k, s)| (s - (k as f64 + 0.5) / 1000.0).abs());
        let farthest = farthest.fold(0.0, f64::max);
        prop_assert!(farthest < 2.5 / 1000f64.sqrt(), "{farthest}");
    }
}

/// The mean over random probes is ∫ |∂f/∂x|² dt, with the Jacobian by tangents and Simpson's rule.
#[test]
fn the_norm_of_the_jacobian_is_estimated_without_bias() {
    let field = mlp::<f64>(3, &[9, 6], Activation::Silu);
    let flow = ContinuousFlow::new(field.clone()).tolerance(1e-8);
    let (point, context) = (matrix::<f64>(3, 1, 1.0, 1), matrix::<f64>(2, 1, 1.0, 2));
    let times: Vec<f64> = (0..=40).map(|k| k as f64 / 40.0).collect();
    let path = flow.trajectory(&point, Some(&context), &times).expect("valid");
    let square = |t: f64, x: &DMatrix<f64>| -> f64 {
        let column = |k: usize| {
            let at = |s: f64| {
                let mut x = x.clone();
                x[k] += s;
                crate::support::velocity(&field, [&DMatrix::from_element(1, 1, t), &x, &context])
            };
            (0..3).map(|i| derivative(1e-3, |s| at(s)[i]).powi(2)).sum::<f64>()
        };
        (0..3).map(column).sum()
    };
    let simpson = times.iter().zip(&path).enumerate().map(|(k, (t, x))| {
        let weight = if k == 0 || k == 40 { 1.0 } else { 2.0 + 2.0 * (k % 2) as f64 };
        weight * square(*t, x) / 120.0
    });
    let expected: f64 = simpson.sum();
    for trace in [Trace::Exact, Trace::hutchinson(2)] {
        let flow = flow.clone().trace(trace).tolerance(1e-4);
        let mut draws = Vec::new();
        for seed in 0..2000 {
            let weights = Penalties { jacobian_norm: 1.0, ..Penalties::default() };
            draws.extend(penalties(&flow, Direction::Forward, weights, seed, [&point, &context]));
        }
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
        assert!(
            (mean - expected).abs() < 5.0 * (variance / n).sqrt() + 1e-3,
            "{trace:?}: {mean} against {expected}"
        );
    }
}

fn train<T: Real>(threads: usize, trace: Trace) -> Vec<T> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a small pool");
    pool.install(|| {
        let mut rng = StdRng::seed_from_u64(4);
        let data = matrix::<T>(2, 700, 1.0, 9);
        let field = Mlp::new(2).hidden([12, 12]).build(&mut rng).expect("valid sizes");
        let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field).trace(trace));
        let trainer = Trainer::maximum_likelihood().steps(5).batch(300).quiet();
        let trainer = trainer.kinetic_energy(0.1).jacobian_norm(0.1).steer(0.5);
        trainer.fit(&mut model, &data, &mut rng).expect("trains");
        model.flow().field().parameters().to_vec()
    })
}

#[test]
fn training_gives_the_same_bits_on_any_number_of_threads() {
    for trace in [Trace::Exact, Trace::hutchinson(2)] {
        assert_eq!(train::<f32>(1, trace), train::<f32>(2, trace));
        assert_eq!(train::<f64>(1, trace), train::<f64>(2, trace));
    }
}

#[test]
fn a_penalty_of_the_energy_shortens_the_way_and_checks_stay_plain() {
    let mut rng = StdRng::seed_from_u64(4);
    let data = matrix::<f64>(2, 600, 1.0, 9).map(|x| 0.3 * x + 1.0);
    let start = Mlp::new(2).hidden([12, 12]).build(&mut rng).expect("valid sizes");
    let energy = |weight: f64| {
        let mut model =
            StandardNormal::new(2).pushed_by(ContinuousFlow::new(start.clone()).tolerance(1e-4));
        let trainer = Trainer::maximum_likelihood().steps(80).batch(200).learning_rate(1e-2);
        let trainer = trainer.kinetic_energy(weight).quiet().check_every(80);
        let report = trainer.fit(&mut model, &data, &mut StdRng::seed_from_u64(1)).expect("trains");
        assert_eq!(report.steps[70].penalty > 0.0, weight > 0.0);
        assert_eq!(report.to_string().contains("penalty"), weight > 0.0);
        let measure = Regularised { kinetic_energy: 1.0, ..Regularised::default() };
        let none = DMatrix::zeros(0, data.ncols());
        let batch = MiniBatch { points: &data, contexts: &none, seed: 1, accuracy: None };
        let plain = MaximumLikelihood.loss(&model, batch, &Pool::new()).expect("valid");
        assert_eq!(measure.loss(&model, batch, &Pool::new()).expect("valid"), plain);
        descend(&measure, &model, [&data, &none], 1).0.penalty
    };
    let (free, bound) = (energy(0.0), energy(2.0));
    assert!(bound < 0.8 * free, "{bound} with, {free} without");
}

#[test]
fn settings_out_of_range_are_refused_before_training() {
    let field = field::Linear::new(nalgebra::dmatrix![0.7]).expect("square");
    let mut model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(field));
    let data = matrix::<f64>(1, 50, 1.0, 1);
    let trainer = Trainer::maximum_likelihood().quiet().steps(1);
    let mut refused = |trainer: Trainer<Regularised>, part: &str| {
        let error = trainer.fit(&mut model, &data, &mut StdRng::seed_from_u64(1)).expect_err(part);
        assert!(error.is_setting() && error.to_string().contains(part), "{error}");
    };
    for weight in [-0.1, f64::NAN, f64::INFINITY] {
        refused(trainer.clone().kinetic_energy(weight), "kinetic energy");
        refused(trainer.clone().jacobian_norm(weight), "Jacobian");
    }
    for share in [-0.1, 1.0, f64::NAN] {
        refused(trainer.clone().steer(share), "share of the span");
    }
}

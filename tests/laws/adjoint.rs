//! The continuous adjoint agrees with the discrete gradient and with differences, sample by sample.

use liouville::columns::Block;
use liouville::flow::continuous::Gradient;
use liouville::flow::{Cotangent, Packet, Track};
use liouville::ode::{Recording, Workspace};
use liouville::prelude::*;
use liouville::train::{MaximumLikelihood, MiniBatch, Objective, Pool, Regularised, Trainable};
use nalgebra::DMatrix;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::{TrainableVisitor, mlp, visit_trainable};
use crate::support::{cases, derivative, matrix};

const COLUMNS: usize = 5;

/// A flow and the samples it moves, with random cotangents at the end.
struct Case {
    direction: Direction,
    points: DMatrix<f64>,
    contexts: DMatrix<f64>,
    point_bars: DMatrix<f64>,
    log_det_bars: DMatrix<f64>,
}

fn block(matrix: &DMatrix<f64>) -> Block<f64> {
    let mut block = Block::new(matrix.nrows(), COLUMNS);
    for (i, row) in matrix.row_iter().enumerate() {
        row.iter().enumerate().for_each(|(j, value)| block.row_mut(i)[j] = *value);
    }
    block
}

impl Case {
    fn new(dim: usize, context: usize, direction: Direction, seed: u64) -> Self {
        Self {
            direction,
            points: matrix(dim, COLUMNS, 1.0, seed),
            contexts: matrix(context, COLUMNS, 1.0, seed + 1),
            point_bars: matrix(dim, COLUMNS, 1.0, seed + 2),
            log_det_bars: matrix(1, COLUMNS, 1.0, seed + 3),
        }
    }

    fn load(&self, points: &DMatrix<f64>, contexts: &DMatrix<f64>) -> Packet<f64> {
        let mut packet = Packet::new(Track::LogDet);
        let [dim, context] = [points.nrows(), contexts.nrows()];
        packet.load(points.as_slice(), dim, contexts.as_slice(), context);
        packet
    }

    /// Σ x̄'x + ℓ̄ ℓ at the end of the way.
    fn value<F: TrainableField<f64>, S: Recording<f64>>(
        &self,
        flow: &ContinuousFlow<F, S>,
        points: &DMatrix<f64>,
        contexts: &DMatrix<f64>,
    ) -> f64 {
        let mut packet = self.load(points, contexts);
        flow.follow_packet(self.direction, &mut packet, &mut Workspace::new());
        let dot = |bars: &DMatrix<f64>, block: &Block<f64>| -> f64 {
            let term = |i: usize, j: usize| bars[(i, j)] * block.row(i)[j];
            (0..bars.nrows())
                .flat_map(|i| (0..COLUMNS).map(move |j| (i, j)))
                .map(|(i, j)| term(i, j))
                .sum()
        };
        dot(&self.point_bars, &packet.points) + dot(&self.log_det_bars, &packet.log_det)
    }

    /// Its derivatives by parameters, points and contexts.
    fn gradient<F: TrainableField<f64>, S: Recording<f64>>(
        &self,
        flow: &ContinuousFlow<F, S>,
    ) -> [Vec<f64>; 3] {
        let mut packet = self.load(&self.points, &self.contexts);
        let (mut tape, mut workspace) = (Default::default(), Workspace::new());
        flow.record_packet(self.direction, &mut packet, &mut tape, &mut workspace);
        let mut cotangent = Cotangent {
            points: block(&self.point_bars),
            log_det: block(&self.log_det_bars),
            context: Block::new(self.contexts.nrows(), COLUMNS),
        };
        let mut sums = vec![0.0; flow.sums_len()];
        let cotangents = &mut cotangent;
        flow.pullback_packet(self.direction, &mut tape, cotangents, &mut sums, &mut workspace);
        let mut gradient = vec![0.0; flow.field().parameters().len()];
        TrainableFlow::fold(flow, &sums, &mut gradient).expect("lengths that fit");
        let columns = |block: &Block<f64>| {
            (0..COLUMNS).flat_map(|j| (0..block.rows()).map(move |i| block.row(i)[j])).collect()
        };
        [gradient, columns(&cotangent.points), columns(&cotangent.context)]
    }

    /// The derivative along random directions of all three, by differences.
    fn difference<F: TrainableField<f64> + Clone, S: Recording<f64> + Clone>(
        &self,
        flow: &ContinuousFlow<F, S>,
        directions: &[DMatrix<f64>; 3],
    ) -> [f64; 3] {
        let [parameters, points, contexts] = directions;
        let by_parameters = derivative(1e-3, |s| {
            let mut flow = flow.clone();
            let values = flow.field().parameters().iter().zip(parameters.iter());
            let values: Vec<f64> = values.map(|(p, d)| p + s * d).collect();
            flow.field_mut().set_parameters(&values).expect("parameters that fit");
            self.value(&flow, &self.points, &self.contexts)
        });
        let by_points =
            derivative(1e-3, |s| self.value(flow, &(&self.points + points * s), &self.contexts));
        let by_contexts =
            derivative(1e-3, |s| self.value(flow, &self.points, &(&self.contexts + contexts * s)));
        [by_parameters, by_points, by_contexts]
    }
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

/// At tolerance 1e-10 to 1e-7 of the discrete gradient, and to 1e-6 of differences.
struct Agreement {
    seed: u64,
}

impl TrainableVisitor<f64> for Agreement {
    fn visit<F: TrainableField<f64> + Clone + 'static>(&mut self, name: &str, field: F) {
        for direction in [Direction::Forward, Direction::Inverse] {
            let case = Case::new(field.dim(), field.context_dim(), direction, self.seed);
            for trace in [Trace::Exact, Trace::hutchinson(2)] {
                let name = format!("{name}, {direction:?}, {trace:?}");
                let flow = ContinuousFlow::new(field.clone()).trace(trace).tolerance(1e-10);
                self.compare(&name, &case, &flow, trace);
            }
        }
    }
}

impl Agreement {
    fn compare<F: TrainableField<f64> + Clone>(
        &self,
        name: &str,
        case: &Case,
        flow: &ContinuousFlow<F>,
        trace: Trace,
    ) {
        let exact = case.gradient(flow);
        let way = Gradient::Adjoint(automatic().tolerance(1e-10));
        let ours = case.gradient(&flow.clone().gradient(way));
        let directions = [exact[0].len(), exact[1].len(), exact[2].len()];
        let mut seed = self.seed + 10;
        let directions = directions.map(|len| {
            seed += 1;
            matrix::<f64>(len, 1, 1.0, seed)
        });
        let shaped = [
            directions[0].clone(),
            DMatrix::from_column_slice(case.points.nrows(), COLUMNS, directions[1].as_slice()),
            DMatrix::from_column_slice(case.contexts.nrows(), COLUMNS, directions[2].as_slice()),
        ];
        let differences = case.difference(flow, &shaped);
        for (what, ((ours, exact), (direction, difference))) in ["parameters", "points", "contexts"]
            .iter()
            .zip(ours.iter().zip(&exact).zip(directions.iter().zip(differences)))
        {
            let (scale, error) = (1e-3 + norm(exact), distance(ours, exact));
            assert!(error < 1e-7 * scale, "{name}: {what} are {error:e} off, of {scale}");
            if trace != Trace::Exact && *what != "parameters" {
                // Probes come from the bits of points and contexts, and jump with them.
                continue;
            }
            let along: f64 = ours.iter().zip(direction.iter()).map(|(g, d)| g * d).sum();
            let error = (along - difference).abs();
            assert!(error < 1e-6 * scale, "{name}: {what}, {along} against {difference}");
        }
    }
}

/// A tighter way back comes closer to the gradient: the error stays below a hundred tolerances by the pair
/// of order eight, and below a thousand by that of order five, which fields that amplify errors most take
/// just beyond a hundred, one in some thousands.
struct Convergence {
    seed: u64,
}

impl TrainableVisitor<f64> for Convergence {
    fn visit<F: TrainableField<f64> + Clone + 'static>(&mut self, name: &str, field: F) {
        let case = Case::new(field.dim(), field.context_dim(), Direction::Inverse, self.seed);
        let flow = ContinuousFlow::new(field).tolerance(1e-11);
        let exact = case.gradient(&flow);
        for (tolerance, most) in [(1e-3, 1e3), (1e-5, 1e3), (1e-7, 100.0), (1e-9, 100.0)] {
            let solver = Gradient::Adjoint(automatic().tolerance(tolerance));
            let ours = case.gradient(&flow.clone().gradient(solver));
            for (ours, exact) in ours.iter().zip(&exact) {
                let error = distance(ours, exact) / (1.0 + norm(exact));
                assert!(error < most * tolerance, "{name} at {tolerance}: {error:e}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2)))]

    #[test]
    fn the_adjoint_is_the_gradient(seed in any::<u32>()) {
        visit_trainable(u64::from(seed), &mut Agreement { seed: u64::from(seed) });
    }

    #[test]
    fn its_tolerance_bounds_its_error(seed in any::<u32>()) {
        visit_trainable(u64::from(seed), &mut Convergence { seed: u64::from(seed) });
    }
}

/// Solvers of equal steps go there, and an adaptive one comes back.
#[test]
fn any_solver_may_go_there() {
    let field = mlp::<f64>(7, &[9, 6], Activation::Tanh);
    let case = Case::new(3, 2, Direction::Forward, 1);
    let flow = ContinuousFlow::new(field).solver(rk4(100));
    let back = automatic().tolerance(1e-10);
    let ours = case.gradient(&flow.clone().gradient(Gradient::Adjoint(back)));
    for (ours, exact) in ours.iter().zip(&case.gradient(&flow)) {
        assert!(distance(ours, exact) < 1e-6 * norm(exact));
    }
}

fn on_threads<A: Send>(threads: usize, work: impl FnOnce() -> A + Send) -> A {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a small pool");
    pool.install(work)
}

#[test]
fn a_sample_has_the_same_bits_alone_and_in_a_batch() {
    fn check<T: Real>(trace: Trace) {
        let flow = ContinuousFlow::new(mlp::<T>(5, &[9, 6], Activation::Silu)).trace(trace);
        let flow = flow.gradient(Gradient::Adjoint(automatic().tolerance(1e-4)));
        let model = StandardNormal::new(3).pushed_by(flow);
        let (points, context) = (matrix::<T>(3, 300, 2.0, 1), matrix::<T>(2, 300, 1.0, 2));
        let score = |threads: usize, points: &DMatrix<T>, context: &DMatrix<T>| {
            let found = on_threads(threads, || model.score(points, Some(context)));
            let found = found.and_then(|found| found.all_arrived()).expect("valid");
            (found.score, found.context_score)
        };
        let all = score(1, &points, &context);
        assert_eq!(all, score(2, &points, &context));
        for j in [0, 17, 299] {
            let one = |matrix: &DMatrix<T>| matrix.columns(j, 1).into_owned();
            assert_eq!(score(1, &one(&points), &one(&context)), (one(&all.0), one(&all.1)), "{j}");
        }
    }
    for trace in [Trace::Exact, Trace::hutchinson(3)] {
        check::<f32>(trace);
        check::<f64>(trace);
    }
}

#[test]
fn training_gives_the_same_bits_on_any_number_of_threads() {
    let train = |threads: usize| {
        on_threads(threads, || {
            let mut rng = StdRng::seed_from_u64(4);
            let data = matrix::<f32>(2, 700, 1.0, 9);
            let field = Mlp::new(2).hidden([12, 12]).build(&mut rng).expect("valid sizes");
            let flow = ContinuousFlow::new(field).gradient(Gradient::Adjoint(automatic()));
            let mut model = StandardNormal::new(2).pushed_by(flow);
            let trainer = Trainer::maximum_likelihood().steps(5).batch(300).quiet();
            trainer.fit(&mut model, &data, &mut rng).expect("trains");
            model.flow().field().parameters().to_vec()
        })
    };
    assert_eq!(train(1), train(2));
}

/// The gradient of an objective over 70 samples, in both ways.
fn both_ways<O>(objective: &O, trace: Trace) -> [Vec<f64>; 2]
where
    O: Objective<f64, Pushforward<StandardNormal, ContinuousFlow<Mlp<f64>>>>,
{
    let (points, contexts) = (matrix::<f64>(3, 70, 1.0, 3), matrix::<f64>(2, 70, 1.0, 4));
    let batch = MiniBatch { points: &points, contexts: &contexts, seed: 8, accuracy: None };
    let flow = ContinuousFlow::new(mlp::<f64>(5, &[9, 6], Activation::Tanh)).trace(trace);
    let flow = flow.tolerance(1e-10);
    [Gradient::Discrete, Gradient::Adjoint(automatic().tolerance(1e-10))].map(|way| {
        let model = StandardNormal::new(3).pushed_by(flow.clone().gradient(way));
        let mut gradient = vec![0.0; model.parameters().len()];
        objective.gradient(&model, batch, &Pool::new(), &mut gradient).expect("valid");
        gradient
    })
}

#[test]
fn objectives_take_either_gradient() {
    // Cotangents of a mean are small: the way back must not take them for noise.
    let penalised = Regularised { kinetic_energy: 0.3, jacobian_norm: 0.2, steer: 0.4 };
    for trace in [Trace::Exact, Trace::hutchinson(2)] {
        for [exact, ours] in [both_ways(&MaximumLikelihood, trace), both_ways(&penalised, trace)] {
            assert!(distance(&ours, &exact) < 1e-7 * norm(&exact), "{trace:?}");
        }
    }
}

#[test]
fn a_way_back_that_fails_is_seen_and_the_others_go_on() {
    let field = mlp::<f64>(5, &[9, 6], Activation::Tanh);
    let flow = ContinuousFlow::new(field).tolerance(1e-6);
    let score = |steps: u64| {
        let solver = tsit5().tolerance(1e-6).max_steps(steps);
        let flow = flow.clone().gradient(Gradient::Adjoint(solver));
        let model = StandardNormal::new(3).pushed_by(flow);
        let points = DMatrix::from_fn(3, 40, |i, j| (i + j) as f64 * 0.1 - 2.0);
        model.score(&points, Some(&matrix::<f64>(2, 40, 1.0, 2))).expect("valid").score
    };
    let ample = score(1000);
    assert!(ample.iter().all(|value| value.is_finite()));
    let failed = |few: &DMatrix<f64>| -> Vec<bool> {
        few.column_iter().map(|column| column.iter().all(|value| value.is_nan())).collect()
    };
    let mixed = |few: &DMatrix<f64>| [true, false].iter().all(|which| failed(few).contains(which));
    let few = (1..1000).map(score).find(mixed).expect("some samples take more steps than others");
    let failed = failed(&few);
    for (j, _) in failed.iter().enumerate().filter(|(_, failed)| !**failed) {
        assert_eq!(few.column(j), ample.column(j), "column {j}");
    }
    let solver = tsit5().tolerance(1e-6).max_steps(1);
    let mut model = StandardNormal::new(3).pushed_by(flow.gradient(Gradient::Adjoint(solver)));
    let (data, contexts) = (matrix::<f64>(3, 50, 1.0, 1), matrix::<f64>(2, 50, 1.0, 1));
    let trainer = Trainer::maximum_likelihood().steps(3).quiet();
    let error = trainer.fit_given(&mut model, &data, &contexts, &mut StdRng::seed_from_u64(1));
    assert!(error.expect_err("no gradient").is_training());
}

#[test]
fn a_tolerance_out_of_range_is_refused() {
    let field = field::Linear::new(nalgebra::dmatrix![0.7]).expect("square");
    let flow = ContinuousFlow::new(field);
    for tolerance in [0.0, -1.0, f64::NAN] {
        let flow = flow.clone().gradient(Gradient::Adjoint(automatic().tolerance(tolerance)));
        let error = flow.forward(&nalgebra::dmatrix![1.0]).expect_err("no tolerance");
        assert!(error.is_setting() && error.to_string().contains("adjoint"), "{error}");
    }
}

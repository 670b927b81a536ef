//! Every gradient equals central finite differences.

use liouville::columns::{Block, Rows, Scratch, columns_to_block};
use liouville::field::{Cotangents, Pulled, Traced};
use liouville::ode::Recording;
use liouville::prelude::*;
use liouville::train::{FlowMatching, MaximumLikelihood, MiniBatch, Objective, Pool, Trainable};
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::{TrainableVisitor, visit_trainable};
use crate::support::{Inputs, cases, derivative, matrix, random_inputs};

/// Relative to the size of the whole gradient.
fn agree(name: &str, what: &str, ours: &[f64], differences: &[f64]) {
    let scale = differences.iter().map(|d| d.abs()).fold(1e-3, f64::max);
    for (i, (a, b)) in ours.iter().zip(differences).enumerate() {
        assert!((a - b).abs() < 1e-6 * scale, "{name}: {what} {i}: {a} against {b}");
    }
}

/// The pullback of a field: Σ over columns of v̄'f + Σ τ̄ τ.
struct Pullback {
    seed: u64,
}

/// One way to trace, with its probes.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Velocity,
    Exact,
    Probes,
    Products,
}

const COLUMNS: usize = 3;

struct Case<'a, F> {
    field: &'a F,
    kind: Kind,
    probes: Block<f64>,
    v_bar: Block<f64>,
    tau_bar: Block<f64>,
}

impl<F: TrainableField<f64>> Case<'_, F> {
    fn traced(&self) -> Traced<'_, f64> {
        match self.kind {
            Kind::Velocity => Traced::Velocity,
            Kind::Exact => Traced::Exact,
            Kind::Probes => Traced::Probes(self.probes.view()),
            Kind::Products => Traced::Products(self.probes.view()),
        }
    }

    /// The objective, and its derivatives by parameters, points and contexts.
    fn run(&self, field: &F, [t, x, context]: [&DMatrix<f64>; 3]) -> (f64, [Vec<f64>; 3]) {
        let inputs = Inputs::new(t, x, context);
        let (mut tape, mut scratch) = (F::Tape::default(), Scratch::new());
        let lanes = inputs.x.lanes();
        let mut velocity = Block::new(field.dim(), lanes);
        let mut traces = Block::new(self.tau_bar.rows(), self.tau_bar.lanes());
        field.record(
            inputs.at(),
            self.traced(),
            velocity.view_mut(),
            traces.view_mut(),
            &mut tape,
            &mut scratch,
        );
        let dot = |a: &Block<f64>, b: &Block<f64>| -> f64 {
            a.values().iter().zip(b.values()).map(|(a, b)| a * b).sum()
        };
        let value = dot(&velocity, &self.v_bar) + dot(&traces, &self.tau_bar);
        let mut sums = vec![0.0; field.sums_len()];
        let mut x_bar = Block::new(field.dim(), lanes);
        let mut context_bar = Block::new(field.context_dim(), lanes);
        let cotangents = Cotangents { velocity: self.v_bar.view(), traces: self.tau_bar.view() };
        let pulled =
            Pulled { x: x_bar.view_mut(), context: context_bar.view_mut(), sums: &mut sums };
        field.pullback(inputs.at(), self.traced(), &tape, cotangents, pulled, &mut scratch);
        let mut gradient = vec![0.0; field.parameters().len()];
        field.fold(&sums, &mut gradient).expect("lengths that fit");
        let columns = |block: &Block<f64>| {
            (0..COLUMNS).flat_map(|j| (0..block.rows()).map(move |i| block.row(i)[j])).collect()
        };
        (value, [gradient, columns(&x_bar), columns(&context_bar)])
    }
}

/// A block for some tangents of each column, with random values in the used lanes and zero in the
/// others.
fn cotangent(rows: usize, tangents: usize, seed: u64) -> Block<f64> {
    let lanes = Block::<f64>::new(1, COLUMNS).lanes();
    let mut block = Block::new(rows, tangents * lanes);
    let values = matrix::<f64>(rows.max(1), tangents * COLUMNS, 1.0, seed);
    for i in 0..rows {
        for (k, j) in (0..tangents).flat_map(|k| (0..COLUMNS).map(move |j| (k, j))) {
            block.row_mut(i)[k * lanes + j] = values[(i, k * COLUMNS + j)];
        }
    }
    block
}

impl TrainableVisitor<f64> for Pullback {
    fn visit<F: TrainableField<f64> + Clone + 'static>(&mut self, name: &str, field: F) {
        let inputs = random_inputs(&field, COLUMNS, self.seed);
        let [t, x, context] = &inputs;
        let lanes = Inputs::new(t, x, context).x.lanes();
        let kinds = [
            (Kind::Velocity, [0, 1]),
            (Kind::Exact, [1, 1]),
            (Kind::Probes, [2, 1]),
            (Kind::Products, [field.dim(), 2]),
        ];
        for (kind, [rows, tangents]) in kinds {
            let mut probes = Block::default();
            let values = matrix::<f64>(field.dim(), 2 * lanes, 1.0, self.seed + 9);
            columns_to_block(values.as_slice(), field.dim(), &mut probes);
            let v_bar = cotangent(field.dim(), 1, self.seed + 5);
            let case = Case {
                field: &field,
                kind,
                probes,
                v_bar,
                tau_bar: cotangent(rows, tangents, self.seed + 6),
            };
            let (_, [by_parameters, by_x, by_context]) = case.run(case.field, [t, x, context]);
            let name = format!("{name}, {kind:?}");
            let differences: Vec<f64> = (0..by_parameters.len())
                .map(|p| {
                    derivative(1e-3, |s| {
                        let mut field = field.clone();
                        let mut values = field.parameters().to_vec();
                        values[p] += s;
                        field.set_parameters(&values).expect("parameters that fit");
                        case.run(&field, [t, x, context]).0
                    })
                })
                .collect();
            agree(&name, "parameter", &by_parameters, &differences);
            let shifted = |matrix: &DMatrix<f64>, i: usize, s: f64| {
                let mut matrix = matrix.clone();
                matrix[i] += s;
                matrix
            };
            let differences: Vec<f64> = (0..x.len())
                .map(|i| derivative(1e-3, |s| case.run(&field, [t, &shifted(x, i, s), context]).0))
                .collect();
            agree(&name, "coordinate", &by_x, &differences);
            let differences: Vec<f64> = (0..context.len())
                .map(|i| derivative(1e-3, |s| case.run(&field, [t, x, &shifted(context, i, s)]).0))
                .collect();
            agree(&name, "context", &by_context, &differences);
        }
    }
}

/// The gradient of an objective by all parameters.
fn check_objective<M, O>(
    name: &str,
    objective: &O,
    model: &M,
    contexts: &DMatrix<f64>,
    seed: u64,
    bound: f64,
) where
    M: Trainable<f64> + Clone,
    O: Objective<f64, M>,
{
    let points = matrix::<f64>(model.dim(), contexts.ncols(), 1.0, seed);
    let batch = MiniBatch { points: &points, contexts, seed, accuracy: None };
    let pool = Pool::new();
    let parameters = model.parameters();
    let mut gradient = vec![0.0; parameters.len()];
    let loss = objective.gradient(model, batch, &pool, &mut gradient).expect("valid input");
    let alone = objective.loss(model, batch, &pool).expect("valid input");
    assert_eq!(loss.value, alone.value, "{name}: the loss differs with and without a gradient");
    // Along random directions: one difference sees every parameter.
    for k in 0..6 {
        let direction = matrix::<f64>(parameters.len(), 1, 1.0, seed + 100 + k);
        let ours: f64 = gradient.iter().zip(direction.iter()).map(|(g, d)| g * d).sum();
        let expected = derivative(1e-3, |s| {
            let mut model = model.clone();
            let moved: Vec<f64> =
                parameters.iter().zip(direction.iter()).map(|(p, d)| p + s * d).collect();
            model.set_parameters(&moved).expect("parameters that fit");
            objective.loss(&model, batch, &pool).expect("valid input").value
        });
        // Where the gradient vanishes, as for a rotation of a normal density, the tolerance is left.
        let scale = gradient.iter().map(|g| g * g).sum::<f64>().sqrt().max(1e-2);
        assert!(
            (ours - expected).abs() < bound * scale,
            "{name}: {ours} against {expected}, scale {scale}"
        );
    }
}

struct Likelihood {
    seed: u64,
}

impl Likelihood {
    fn check<F, S>(&self, name: &str, field: &F, solver: S, bound: f64)
    where
        F: TrainableField<f64> + Clone + 'static,
        S: Recording<f64> + Clone,
    {
        let contexts = matrix::<f64>(field.context_dim(), 70, 1.0, self.seed + 1);
        for trace in [Trace::Exact, Trace::hutchinson(2)] {
            let flow = ContinuousFlow::new(field.clone()).solver(solver.clone()).trace(trace);
            let model = StandardNormal::new(field.dim()).pushed_by(flow);
            let name = format!("{name}, {trace:?}");
            check_objective(&name, &MaximumLikelihood, &model, &contexts, self.seed, bound);
        }
    }
}

impl TrainableVisitor<f64> for Likelihood {
    fn visit<F: TrainableField<f64> + Clone + 'static>(&mut self, name: &str, field: F) {
        self.check(&format!("{name} by rk4"), &field, rk4(4), 1e-6);
        self.check(&format!("{name} by tsit5"), &field, tsit5().tolerance(1e-9), 1e-6);
        self.check(&format!("{name} by dopri5"), &field, dopri5().tolerance(1e-9), 1e-6);
        self.check(&format!("{name} by dopri8"), &field, dopri8().tolerance(1e-9), 1e-6);
    }
}

struct Matching {
    seed: u64,
}

impl TrainableVisitor<f64> for Matching {
    fn visit<F: TrainableField<f64> + Clone + 'static>(&mut self, name: &str, field: F) {
        let contexts = matrix::<f64>(field.context_dim(), 70, 1.0, self.seed + 1);
        let model =
            StandardNormal::new(field.dim()).pushed_by(ContinuousFlow::new(field).span(0.0, 2.0));
        for pairing in [Pairing::Independent, Pairing::OptimalTransport] {
            let objective = FlowMatching { pairing, ..FlowMatching::default() };
            check_objective(name, &objective, &model, &contexts, self.seed, 1e-6);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2)))]

    #[test]
    fn of_fields(seed in any::<u32>()) {
        visit_trainable(u64::from(seed), &mut Pullback { seed: u64::from(seed) });
    }

    #[test]
    fn of_the_likelihood(seed in any::<u32>()) {
        visit_trainable(u64::from(seed), &mut Likelihood { seed: u64::from(seed) });
    }

    #[test]
    fn of_flow_matching(seed in any::<u32>()) {
        visit_trainable(u64::from(seed), &mut Matching { seed: u64::from(seed) });
    }
}

#[test]
fn tangents_laid_out_side_by_side_are_rows() {
    // The layout that probes rely on: row i of k tangents is k runs of lanes.
    let values: Vec<f64> = (0..64).map(f64::from).collect();
    let rows = Rows::new(&values, 32);
    assert_eq!(rows.row(1)[..16], values[32..48]);
}

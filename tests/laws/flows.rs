//! Laws of continuous flows: inverse after forward, log-determinants, spans that add up, closed forms.

use liouville::flow::Moved;
use liouville::ode::Solver;
use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::{AnyField, AnySolver, FieldEntry, fields, linear, solvers};
use crate::support::{cases, derivative, matrix};

/// What runs with a flow of any solver.
trait FlowVisitor<T: Real> {
    fn visit<S: Solver<T> + Clone>(
        &self,
        name: &str,
        flow: &ContinuousFlow<AnyField<T>, S>,
    ) -> Result<(), TestCaseError>;
}

/// Every field with every solver.
fn each_flow<T: Real>(
    seed: u64,
    tolerance: f64,
    visitor: &impl FlowVisitor<T>,
) -> Result<(), TestCaseError> {
    for FieldEntry { name: field, make } in fields::<T>() {
        for (solver_name, solver) in solvers(tolerance) {
            let name = format!("{field} by {solver_name}");
            let flow = ContinuousFlow::new(make(seed)).trace(Trace::Exact);
            match solver {
                AnySolver::Adaptive(solver) => visitor.visit(&name, &flow.solver(solver))?,
                AnySolver::Fixed(solver) => visitor.visit(&name, &flow.solver(solver))?,
                AnySolver::External(solver) => visitor.visit(&name, &flow.solver(solver))?,
            }
        }
    }
    Ok(())
}

fn follow<T: Real, F: Flow<T>>(
    name: &str,
    flow: &F,
    direction: Direction,
    points: &DMatrix<T>,
    seed: u64,
) -> Moved<T> {
    let context = matrix(flow.context_dim(), points.ncols(), 1.0, seed);
    let context = (flow.context_dim() > 0).then_some(&context);
    let moved = flow.follow(direction, points, context).expect("valid input");
    assert!(moved.outcomes.iter().all(|outcome| outcome.arrived()), "{name}: {:?}", moved.outcomes);
    moved
}

/// As `follow`, with the context of the first column for all.
fn follow_like<T: Real, F: Flow<T>>(
    name: &str,
    flow: &F,
    direction: Direction,
    points: &DMatrix<T>,
    seed: u64,
) -> Moved<T> {
    let context = matrix(flow.context_dim(), 1, 1.0, seed);
    let context = (flow.context_dim() > 0).then_some(&context);
    let moved = flow.follow(direction, points, context).expect("valid input");
    assert!(moved.outcomes.iter().all(|outcome| outcome.arrived()), "{name}: {:?}", moved.outcomes);
    moved
}

/// Forward and back again.
struct Inverse {
    seed: u64,
    bound: f64,
}

impl<T: Real> FlowVisitor<T> for Inverse {
    fn visit<S: Solver<T> + Clone>(
        &self,
        name: &str,
        flow: &ContinuousFlow<AnyField<T>, S>,
    ) -> Result<(), TestCaseError> {
        let points = matrix::<T>(Flow::<T>::dim(flow), 3, 1.0, self.seed);
        let there = follow(name, flow, Direction::Forward, &points, self.seed);
        let back = follow(name, flow, Direction::Inverse, &there.points, self.seed);
        let error = (back.points - points).amax().wide();
        let cancel = (there.log_det + back.log_det).amax().wide();
        prop_assert!(error < self.bound && cancel < self.bound, "{name}: {error:e}, {cancel:e}");
        Ok(())
    }
}

/// The log-determinant against the Jacobian of the whole map, by finite differences.
struct LogDet {
    seed: u64,
}

impl FlowVisitor<f64> for LogDet {
    fn visit<S: Solver<f64> + Clone>(
        &self,
        name: &str,
        flow: &ContinuousFlow<AnyField<f64>, S>,
    ) -> Result<(), TestCaseError> {
        let dim = Flow::<f64>::dim(flow);
        let point = matrix::<f64>(dim, 1, 1.0, self.seed);
        for direction in [Direction::Forward, Direction::Inverse] {
            // All moved points of the differences in one batch: column 7 j + k is x + (k - 3) h e_j.
            let h = 1e-2;
            let moved = DMatrix::from_fn(dim, 7 * dim, |i, c| {
                let shift = if c / 7 == i { (c % 7) as f64 - 3.0 } else { 0.0 };
                point[i] + h * shift
            });
            let ends = follow_like(name, flow, direction, &moved, self.seed).points;
            let jacobian = DMatrix::from_fn(dim, dim, |i, j| {
                derivative(h, |s| ends[(i, 7 * j + ((s / h).round() + 3.0) as usize)])
            });
            let expected = jacobian.determinant().abs().ln();
            let log_det = follow(name, flow, direction, &point, self.seed).log_det[0];
            prop_assert!((log_det - expected).abs() < 1e-6, "{name}: {log_det} {expected}");
        }
        Ok(())
    }
}

/// One span against two that follow one another.
struct Split {
    seed: u64,
    bound: f64,
}

impl FlowVisitor<f64> for Split {
    fn visit<S: Solver<f64> + Clone>(
        &self,
        name: &str,
        flow: &ContinuousFlow<AnyField<f64>, S>,
    ) -> Result<(), TestCaseError> {
        let points = matrix::<f64>(Flow::<f64>::dim(flow), 2, 1.0, self.seed);
        let context = matrix(Flow::<f64>::context_dim(flow), 2, 1.0, self.seed);
        let context = (context.nrows() > 0).then_some(&context);
        let whole = follow(name, flow, Direction::Forward, &points, self.seed);
        let path = flow.trajectory(&points, context, &[0.0, 0.3, 1.0]).expect("valid input");
        let error = (&path[2] - &whole.points).amax();
        prop_assert!(error < self.bound, "{name}: {error:e}");
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(4)))]

    #[test]
    fn the_inverse_undoes_the_flow(seed in any::<u32>()) {
        let seed = u64::from(seed);
        each_flow::<f64>(seed, 1e-6, &Inverse { seed, bound: 1e-4 })?;
        each_flow::<f64>(seed, 1e-10, &Inverse { seed, bound: 2e-8 })?;
        each_flow::<f32>(seed, 1e-5, &Inverse { seed, bound: 1e-3 })?;
    }

    #[test]
    fn spans_add_up(seed in any::<u32>()) {
        let seed = u64::from(seed);
        each_flow::<f64>(seed, 1e-9, &Split { seed, bound: 1e-6 })?;
    }

    #[test]
    fn linear_flows_have_their_closed_form(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let field = linear::<f64>(seed);
        let model = StandardNormal::new(3).pushed_by(ContinuousFlow::new(field.clone()).tolerance(1e-11));
        let points = matrix::<f64>(3, 5, 2.0, seed);
        let log_prob = model.log_prob(&points).expect("valid input");
        // x(1) = E z + s with [E s; 0 1] = exp([A b; 0 0]).
        let parameters = TrainableField::parameters(&field);
        let mut generator = DMatrix::zeros(4, 4);
        for i in 0..3 {
            for j in 0..3 {
                generator[(i, j)] = parameters[3 * i + j];
            }
            generator[(i, 3)] = parameters[9 + i];
        }
        let map = generator.exp();
        let (matrix, shift) = (map.view((0, 0), (3, 3)).into_owned(), map.view((0, 3), (3, 1)).into_owned());
        let inverse = matrix.clone().try_inverse().expect("an exponential");
        for (point, value) in points.column_iter().zip(log_prob.iter()) {
            let latent = &inverse * (point - shift.column(0));
            let expected = -0.5 * latent.norm_squared()
                - 1.5 * std::f64::consts::TAU.ln()
                - matrix.determinant().ln();
            prop_assert!((value - expected).abs() < 1e-8, "{value} {expected}");
        }
    }

    #[test]
    fn the_log_determinant_is_that_of_the_jacobian(seed in any::<u32>()) {
        each_flow::<f64>(u64::from(seed), 1e-10, &LogDet { seed: u64::from(seed) })?;
    }
}

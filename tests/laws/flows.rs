//! Laws of continuous flows of every field by every solver; spans that add up, closed forms.

use liouville::flow::Moved;
use liouville::ode::Solver;
use liouville::prelude::*;
use liouville_testing::{Tolerances, inverse_law, log_det_law};
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::{AnyField, AnySolver, FieldEntry, fields, linear, solvers};
use crate::support::{cases, matrix};

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

/// A law of `liouville_testing` for flows whose fields have no parameters, by solvers that keep no
/// record.
struct Obeys {
    seed: u64,
    accuracy: f64,
    law: Which,
}

/// Which law.
#[derive(Clone, Copy)]
enum Which {
    Inverse,
    LogDet,
}

impl<T: Real> FlowVisitor<T> for Obeys {
    fn visit<S: Solver<T> + Clone>(
        &self,
        name: &str,
        flow: &ContinuousFlow<AnyField<T>, S>,
    ) -> Result<(), TestCaseError> {
        let points = matrix::<T>(Flow::<T>::dim(flow), 2, 1.0, self.seed);
        let context = matrix(Flow::<T>::context_dim(flow), 1, 1.0, self.seed);
        let context = (context.nrows() > 0).then_some(&context);
        let tolerances = Tolerances::within::<T>(self.accuracy);
        let checked = match self.law {
            Which::Inverse => inverse_law(flow, &points, context, &tolerances),
            Which::LogDet => log_det_law(flow, &points, context, &tolerances),
        };
        prop_assert!(checked.is_ok(), "{name}: {}", checked.unwrap_err());
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
        let within = |accuracy| Obeys { seed, accuracy, law: Which::Inverse };
        each_flow::<f64>(seed, 1e-6, &within(1e-4))?;
        each_flow::<f64>(seed, 1e-10, &within(2e-8))?;
        each_flow::<f32>(seed, 1e-5, &within(1e-3))?;
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
        let law = Obeys { seed: u64::from(seed), accuracy: 1e-6, law: Which::LogDet };
        each_flow::<f64>(u64::from(seed), 1e-10, &law)?;
    }
}

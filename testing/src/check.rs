//! All laws over random cases, in one call.

use std::cell::{Cell, RefCell};
use std::fmt;

use liouville::nalgebra::DMatrix;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::moving::Borrowed;
use super::shrinking::Case;
use super::strategies::{Points, cases, points};
use super::{
    Cause, Law, Tolerances, Violation, batch_law, composition_law, density_law, gradient_law,
    inverse_law, log_det_law,
};
use liouville::flow::{AnyFlow, Flow, TrainableFlow};
use liouville::real::Real;

/// Checks a flow by the laws that need no parameters, with the settings of [`Checks::new`].
///
/// # Errors
///
/// The first [`Violation`], shrunk to few columns of round numbers.
pub fn check_flow<T: Real, F: Flow<T> + ?Sized>(flow: &F) -> Result<Checked, Violation> {
    Checks::new().flow(flow)
}

/// Checks a trainable flow by all laws, with the settings of [`Checks::new`].
///
/// # Errors
///
/// The first [`Violation`], shrunk to few columns of round numbers.
pub fn check_trainable<T, F>(flow: &F) -> Result<Checked, Violation>
where
    T: Real,
    F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
{
    Checks::new().trainable(flow)
}

/// All laws over random points and contexts.
///
/// Points are ordinary (±3), in the tails, near zero, and repeated; those for log-determinants and
/// gradients, which are compared with finite differences, keep out of the tails. In the tails a flow in
/// `f32` may say of a column that it [saturates](super::Failures::Unsaturated). The cases are the
/// same in every run with the same seed.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
/// use liouville_testing::Checks;
///
/// let turn = field::Linear::new(dmatrix![0.1, -1.0; 1.0, 0.3])?;
/// let flow = ContinuousFlow::new(turn).tolerance(1e-9);
/// let checked = Checks::new().cases(4).accuracy(1e-6).flow::<f64, _>(&flow)?;
/// assert!(checked.to_string().contains("log-determinant"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Checks {
    cases: u32,
    columns: usize,
    tails: f64,
    accuracy: f64,
    tolerances: Option<Tolerances>,
    seed: u64,
    only: Option<Vec<Law>>,
}

impl Default for Checks {
    fn default() -> Self {
        Self::new()
    }
}

impl Checks {
    /// 16 cases of up to six columns, tails up to 1000, and the tolerances of an exact flow.
    pub fn new() -> Self {
        Self {
            cases: 16,
            columns: 6,
            tails: 1e3,
            accuracy: 0.0,
            tolerances: None,
            seed: 0,
            only: None,
        }
    }

    /// How many cases the inverse law sees; the others, which cost more, see a quarter as many, and
    /// the density law one. Default: 16.
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = cases.max(1);
        self
    }

    /// The most columns of a case. Default: 6.
    pub fn columns(mut self, most: usize) -> Self {
        self.columns = most;
        self
    }

    /// How far out the tails go. Default: 1000.
    pub fn tails(mut self, scale: f64) -> Self {
        self.tails = scale;
        self
    }

    /// About how exact the flow is, if it is integrated: laws ask for no more.
    pub fn accuracy(mut self, accuracy: f64) -> Self {
        self.accuracy = accuracy;
        self
    }

    /// How exact the flow must be, in every respect. Default: [`Tolerances::within`] the accuracy.
    pub fn tolerances(mut self, tolerances: Tolerances) -> Self {
        self.tolerances = Some(tolerances);
        self
    }

    /// Where the random cases start. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Only these laws; [`Checked`] tells which were run. Default: all.
    pub fn only(mut self, laws: impl IntoIterator<Item = Law>) -> Self {
        self.only = Some(laws.into_iter().collect());
        self
    }

    /// Runs the laws that every flow obeys: inverse, log-determinant, batch, density.
    ///
    /// # Errors
    ///
    /// The first [`Violation`], shrunk to few columns of round numbers.
    pub fn flow<T: Real, F: Flow<T> + ?Sized>(&self, flow: &F) -> Result<Checked, Violation> {
        self.flow_laws(&Borrowed(flow))
    }

    fn flow_laws<T: Real>(&self, flow: &dyn Flow<T>) -> Result<Checked, Violation> {
        let tolerances = self.tolerances_of::<T>();
        let run = Run { checks: self, context_dim: flow.context_dim() };
        let in_tails = tolerances.far_out::<T>();
        let near = points::<T>(flow.dim()).columns(self.columns);
        let far = near.clone().tails(self.tails);
        let few = self.cases.div_ceil(4);
        let mut checked = Checked { laws: Vec::new(), unresolved: Vec::new() };
        run.law(&mut checked, (Law::Inverse, self.cases), &far, &|points, context| {
            inverse_law(flow, points, context, &in_tails)
        })?;
        run.law(&mut checked, (Law::LogDet, few), &near, &|points, context| {
            log_det_law(flow, points, context, &tolerances)
        })?;
        run.law(&mut checked, (Law::Batch, few), &far, &|points, context| {
            batch_law(flow, points, context, &in_tails)
        })?;
        run.law(&mut checked, (Law::Density, 1), &near, &|_, context| {
            let context = context.map(|context| context.columns(0, 1).into_owned());
            density_law(flow, context.as_ref(), self.seed, &tolerances)
        })?;
        Ok(checked)
    }

    /// Runs all laws: those of [`flow`](Checks::flow), composition and gradient.
    ///
    /// # Errors
    ///
    /// The first [`Violation`], shrunk to few columns of round numbers.
    pub fn trainable<T, F>(&self, flow: &F) -> Result<Checked, Violation>
    where
        T: Real,
        F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        self.trainable_laws(&AnyFlow::new(flow.clone()))
    }

    fn trainable_laws<T: Real>(&self, flow: &AnyFlow<T>) -> Result<Checked, Violation> {
        let tolerances = self.tolerances_of::<T>();
        let mut checked = self.flow_laws(flow)?;
        let run = Run { checks: self, context_dim: flow.context_dim() };
        let near = points::<T>(flow.dim()).columns(self.columns);
        let few = self.cases.div_ceil(4);
        run.law(&mut checked, (Law::Composition, few), &near, &|points, context| {
            composition_law(flow, flow, points, context, &tolerances)
        })?;
        run.law(&mut checked, (Law::Gradient, few), &near, &|points, context| {
            gradient_law(flow, points, context, &tolerances)
        })?;
        Ok(checked)
    }

    fn tolerances_of<T: Real>(&self) -> Tolerances {
        self.tolerances.unwrap_or_else(|| Tolerances::within::<T>(self.accuracy))
    }
}

/// The laws that a flow was found to obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    laws: Vec<(Law, u32)>,
    unresolved: Vec<(Law, u32)>,
}

impl Checked {
    /// Each law with the number of random cases it held for.
    pub fn laws(&self) -> &[(Law, u32)] {
        &self.laws
    }

    /// Each law with the number of random cases in which it could not be told whether it holds, where
    /// there are any: [`Cause::Unresolved`].
    pub fn unresolved(&self) -> &[(Law, u32)] {
        &self.unresolved
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, (law, cases)) in self.laws.iter().enumerate() {
            let end = if k == 0 { "" } else { "\n" };
            let noun = if *cases == 1 { "case" } else { "cases" };
            write!(f, "{end}{:<16} holds in {cases} random {noun}", law.to_string())?;
            if let Some((_, count)) = self.unresolved.iter().find(|(other, _)| other == law) {
                write!(f, ", {count} more could not be told")?;
            }
        }
        Ok(())
    }
}

/// Whether a law holds for some points with their contexts.
type Holds<'a, T> = &'a dyn Fn(&DMatrix<T>, Option<&DMatrix<T>>) -> Result<(), Violation>;

/// One law over random cases.
struct Run<'a> {
    checks: &'a Checks,
    context_dim: usize,
}

impl Run<'_> {
    /// Runs a law unless others were asked for, and notes that it holds.
    fn law<T: Real>(
        &self,
        checked: &mut Checked,
        (law, count): (Law, u32),
        points: &Points<T>,
        holds: Holds<'_, T>,
    ) -> Result<(), Violation> {
        if self.checks.only.as_ref().is_some_and(|only| !only.contains(&law)) {
            return Ok(());
        }
        let config = Config {
            cases: count,
            failure_persistence: None,
            // Shrinking has a budget of its own; the largest number would stand for four a case.
            max_shrink_iters: u32::MAX - 1,
            ..Config::default()
        };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.checks.seed.to_le_bytes());
        seed[8] = law as u8;
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        // The violation of the simplest case so far.
        let last = RefCell::new(None);
        let unresolved = Cell::new(0);
        let test = |case: Case<T>| {
            let context = (self.context_dim > 0).then_some(&case.context);
            let Err(violation) = holds(&case.points, context) else { return Ok(()) };
            if let Cause::Unresolved { .. } = violation.cause() {
                unresolved.set(unresolved.get() + 1);
                return Ok(());
            }
            *last.borrow_mut() = Some(violation);
            Err(TestCaseError::fail(law.to_string()))
        };
        let strategy = cases(points.clone(), self.context_dim);
        let result = TestRunner::new_with_rng(config, rng).run(&strategy, test);
        match (result, last.into_inner()) {
            (Ok(()), _) => {
                checked.laws.push((law, count - unresolved.get().min(count)));
                if unresolved.get() > 0 {
                    checked.unresolved.push((law, unresolved.get()));
                }
                Ok(())
            }
            (Err(_), Some(violation)) => Err(violation),
            (Err(TestError::Abort(reason) | TestError::Fail(reason, _)), None) => {
                Err(Violation::new(law, None, Cause::Panicked(reason.to_string())))
            }
        }
    }
}

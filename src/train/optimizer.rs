//! What turns gradients into changes of the parameters: settings, and the state of a run.

use std::fmt::Debug;

use super::defaults::Task;
use crate::error::{Error, Result};
use crate::parameters::{self, Fixed, Layout};
use crate::real::Real;

/// The settings of a rule that turns gradients into changes of the parameters.
///
/// They are values that remember nothing: [`start`](Optimizer::start) makes the [state](OptimizerState) of one run.
pub trait Optimizer<T: Real>: Debug {
    /// What one run remembers.
    type State: OptimizerState<T>;

    /// The learning rate for a task, of a trainer that was told none.
    fn learning_rate(&self, task: &Task) -> f64;

    /// An error if a setting is out of range; by default none is.
    ///
    /// # Errors
    ///
    /// If one is.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The state at the start of a run, for parameters of this layout: a rule may treat matrices, which
    /// the layout names, otherwise than vectors. What the settings leave open is chosen for the task.
    fn start(&self, layout: &Layout, task: &Task) -> Self::State;
}

/// What an optimiser remembers of the gradients so far.
pub trait OptimizerState<T: Real>: Clone {
    /// Changes the parameters along one gradient.
    fn step(&mut self, learning_rate: f64, parameters: &mut [T], gradient: &[T]);

    /// All that is remembered, as named arrays in the order of the layout; given back by
    /// [`restore`](OptimizerState::restore), the next steps have the bits that they would have had.
    fn arrays(&self) -> Vec<Fixed>;

    /// Takes [`arrays`](OptimizerState::arrays) of a state of the same layout and settings.
    ///
    /// # Errors
    ///
    /// If they have other names, shapes or values than such a state; this one is then unchanged.
    fn restore(&mut self, arrays: &[Fixed]) -> Result<()>;
}

/// The moments of gradients and the number of steps, which both optimisers remember.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moments {
    pub first: Vec<f64>,
    pub second: Vec<f64>,
    pub steps: i32,
}

impl Moments {
    pub fn zeros(len: usize) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len], steps: 0 }
    }

    pub fn arrays(&self) -> Vec<Fixed> {
        vec![
            Fixed::row("optimizer.first_moment", self.first.iter().copied()),
            Fixed::row("optimizer.second_moment", self.second.iter().copied()),
            Fixed::row("optimizer.steps", [f64::from(self.steps)]),
        ]
    }

    pub fn restore(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&self.arrays(), arrays)?;
        let [first, second, steps] = arrays else { return Ok(()) };
        let count = steps.counts()?.first().copied().unwrap_or(0);
        self.steps = i32::try_from(count).map_err(|_| {
            Error::setting(format!("{count} steps of an optimiser: give at most {}", i32::MAX))
        })?;
        self.first.clone_from(&first.values);
        self.second.clone_from(&second.values);
        Ok(())
    }
}

/// An error naming the first of these settings that is out of range: whether it is in range, its name, its
/// value, and what to give.
pub(super) fn check_settings(whose: &str, claims: &[(bool, &str, f64, &str)]) -> Result<()> {
    match claims.iter().find(|(holds, ..)| !holds) {
        Some((_, what, value, advice)) => {
            Err(Error::setting(format!("{whose} {what} is {value}: give {advice}")))
        }
        None => Ok(()),
    }
}

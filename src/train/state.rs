//! All that changes from step to step.

use std::sync::Arc;

use super::Check;
use super::average::Average;
use crate::real::Real;

/// What a step needs of those before it, beside their curves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State<T, S> {
    pub parameters: Vec<T>,
    pub optimizer: S,
    pub average: Option<Average>,
    /// The check that did best, with its parameters.
    pub best: Option<(Check, Arc<Vec<T>>)>,
    /// The checks since then that count.
    pub unimproved: usize,
    /// The number of steps at which the next check is due.
    pub next_check: usize,
}

impl<T: Real, S> State<T, S> {
    pub fn new(parameters: Vec<T>, optimizer: S, average: Option<f64>) -> Self {
        let average = average.map(|decay| Average::new(decay, &parameters));
        Self { parameters, optimizer, average, best: None, unimproved: 0, next_check: 0 }
    }

    /// The same with an optimiser of another kind.
    pub fn with<R>(&self, optimizer: R) -> State<T, R> {
        let Self { parameters, average, best, unimproved, next_check, .. } = self;
        State {
            parameters: parameters.clone(),
            optimizer,
            average: average.clone(),
            best: best.clone(),
            unimproved: *unimproved,
            next_check: *next_check,
        }
    }

    /// The parameters that would be kept now.
    pub fn candidate(&self) -> Vec<T> {
        self.average.as_ref().map_or_else(|| self.parameters.clone(), Average::parameters)
    }

    /// The number of steps since the best check.
    pub fn in_vain(&self, done: usize) -> usize {
        done - self.best.as_ref().map_or(0, |(best, _)| best.step.min(done))
    }

    /// Takes in the loss of the candidate by a check; `counts` if patience counts it.
    pub fn judged(&mut self, check: Check, candidate: Vec<T>, counts: bool) {
        if self.best.as_ref().is_none_or(|(best, _)| check.merit() < best.merit()) {
            self.best = Some((check, Arc::new(candidate)));
            self.unimproved = 0;
        } else if counts {
            self.unimproved += 1;
        }
    }
}

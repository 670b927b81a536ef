//! The record of a solve: every accepted step of every column, for the reverse pass and for statistics.

use crate::real::Real;

/// One accepted step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The column that took the step.
    pub column: usize,
    /// Where the step started.
    pub t: f64,
    /// Its signed size.
    pub h: f64,
}

/// The accepted steps of a block of columns with the states they started from; those of one column
/// are in order.
#[derive(Debug, Clone, Default)]
pub struct Record<T> {
    rows: usize,
    steps: Vec<Step>,
    states: Vec<T>,
}

impl<T: Real> Record<T> {
    /// An empty record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all steps, keeps the memory, and prepares for states of `rows` values.
    pub(super) fn clear(&mut self, rows: usize) {
        self.rows = rows;
        self.steps.clear();
        self.states.clear();
    }

    pub(super) fn push(&mut self, step: Step, state: impl Iterator<Item = T>) {
        self.steps.push(step);
        self.states.extend(state);
    }

    /// The steps, in the order in which they were taken.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The state from which step `i` started.
    pub fn state(&self, i: usize) -> &[T] {
        &self.states[i * self.rows..(i + 1) * self.rows]
    }
}

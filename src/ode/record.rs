//! The record of a solve: every accepted step of every column, for the reverse pass and for statistics.

use super::Span;
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
#[derive(Debug, Clone)]
pub struct Record<T> {
    rows: usize,
    span: Span,
    steps: Vec<Step>,
    states: Vec<T>,
}

impl<T: Real> Default for Record<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Record<T> {
    /// An empty record.
    pub fn new() -> Self {
        let span = Span { from: 0.0, to: 0.0 };
        Self { rows: 0, span, steps: Vec::new(), states: Vec::new() }
    }

    /// Forgets all steps, keeps the memory, and prepares for states of `rows` values along a span.
    pub(super) fn clear(&mut self, rows: usize, span: Span) {
        self.rows = rows;
        self.span = span;
        self.steps.clear();
        self.states.clear();
    }

    pub(super) fn push(&mut self, step: Step, state: impl Iterator<Item = T>) {
        self.steps.push(step);
        self.states.extend(state);
    }

    /// The span that the steps lead along.
    pub fn span(&self) -> Span {
        self.span
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

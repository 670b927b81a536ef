//! The clock of one lane: its time, its step, and what is decided about them.

use super::Span;
use super::control::{Magnitude, factor};
use super::rules::Rules;
use crate::outcome::{Effort, Reason};

/// A step shorter than this share of the larger end of the span is lost in rounding.
const SHORTEST: f64 = 1e-14;

/// The clock of one lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// The column that travels in this lane.
    pub place: usize,
    pub t: f64,
    /// The step to be tried.
    pub h: f64,
    /// Whether the last step was accepted, where it began, and how long it was.
    pub moved: bool,
    pub from: f64,
    pub taken: f64,
    /// The scaled error of the last accepted step.
    previous: Magnitude,
    pub effort: Effort,
    pub verdict: Verdict,
}

/// Whether a lane goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    Onward,
    Failed(Reason),
    Done,
}

impl Clock {
    pub(super) fn new(place: usize, span: Span) -> Self {
        Self {
            place,
            t: span.from,
            h: span.length(),
            moved: true,
            from: span.from,
            taken: 0.0,
            previous: Magnitude::least(),
            effort: Effort::default(),
            verdict: Verdict::Onward,
        }
    }

    /// Accepts the step of the given scaled error, or rejects it, and chooses the next.
    ///
    /// A lane that gets no further without a finite error fails for the reason `lost`.
    pub(super) fn decide(
        &mut self,
        error: f64,
        span: Span,
        rules: &Rules,
        lost: impl Fn() -> Reason,
    ) {
        let mut next = factor(error, self.previous, rules.method.order);
        if error <= 1.0 {
            if !self.moved {
                // Directly behind a rejection the estimate is not to be trusted with more.
                next = next.min(1.0);
            }
            self.advance(self.h, span);
            self.previous = Magnitude::remembered(error);
        } else {
            self.moved = false;
            self.effort.rejected += 1;
        }
        self.h *= next;
        if self.verdict != Verdict::Done {
            self.stop_if_lost(error, span, rules.max_steps, lost);
        }
    }

    /// Takes a step of size `h`; one that ends at the end of the span ends there exactly.
    pub(super) fn advance(&mut self, h: f64, span: Span) {
        self.moved = true;
        self.from = self.t;
        self.taken = h;
        let arrives = h == span.to - self.t;
        self.t = if arrives { span.to } else { self.t + h };
        self.effort.accepted += 1;
        if arrives {
            self.verdict = Verdict::Done;
        }
    }

    fn stop_if_lost(&mut self, error: f64, span: Span, max_steps: u64, lost: impl Fn() -> Reason) {
        let shortest = SHORTEST * span.from.abs().max(span.to.abs());
        if !self.moved && self.h.abs() < shortest {
            let reason = if error.is_finite() { Reason::StepUnderflow } else { lost() };
            self.verdict = Verdict::Failed(reason);
        } else if self.effort.accepted + self.effort.rejected >= max_steps {
            self.verdict = Verdict::Failed(Reason::TooManySteps);
        }
    }
}

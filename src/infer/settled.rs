//! What was found about a target: a model of it, weighted draws, and a verdict.

use std::fmt;

use super::{Measured, Weighted};
use crate::model::Model;
use crate::real::portable::hypot;

/// A posterior: a flow that was fitted to a target, draws with weights that correct it, and what they are
/// worth.
#[derive(Debug, Clone)]
pub struct Posterior {
    pub(super) model: Model,
    pub(super) draws: Weighted,
    pub(super) bounds: Vec<f64>,
    pub(super) verdict: Verdict,
}

impl Posterior {
    /// The flow in the units of the parameters, with their names; its density is normalised.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Draws of the flow with weights that make them draws of the target.
    pub fn draws(&self) -> &Weighted {
        &self.draws
    }

    /// The evidence lower bound of every step, in nats.
    pub fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// ln Z by importance sampling.
    pub fn log_evidence(&self) -> Measured {
        self.draws.log_evidence()
    }

    /// Whether this can be believed, and why not.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

/// Whether an answer can be believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What speaks against it; nothing if it can be believed.
    pub doubts: Vec<String>,
    /// ln Z by importance sampling.
    pub log_evidence: Measured,
    /// The evidence lower bound of the flow.
    pub lower_bound: Measured,
    /// k̂ of the weights.
    pub pareto_shape: f64,
    /// ln Z by draws that the target has moved.
    pub moved: Measured,
    /// What share of the draws is worth as many independent ones of the target.
    pub efficiency: f64,
}

/// Sums over weights with a larger shape cannot be believed (Vehtari et al. 2024).
const LARGEST_SHAPE: f64 = 0.7;
/// Fewer effective draws say too little.
const FEWEST: f64 = 400.0;
/// A flow that lies farther below the evidence than this misses much.
const WIDEST_GAP: f64 = 0.15;
/// Two ways to the evidence agree within so many errors, and this many nats.
const ERRORS: f64 = 3.0;
const LEAST_APART: f64 = 0.002;
/// More draws without a finite target than this are named.
const MOST_LOST: f64 = 1e-3;

/// What went wrong beside the weights.
pub(super) struct Failings {
    /// The share of draws whose target could not be computed.
    pub lost: f64,
    /// Whether the bound stood still at the end.
    pub settled: bool,
    /// The log-evidence by draws that the target has moved.
    pub moved: Measured,
    /// The shares of the mass of modes that the flow has not.
    pub missing: Vec<f64>,
}

impl Verdict {
    pub(super) fn of(draws: &Weighted, lower_bound: Measured, failings: Failings) -> Self {
        let Failings { lost, settled, moved, missing } = failings;
        let log_evidence = draws.log_evidence();
        let (shape, effective) = (draws.pareto_shape(), draws.effective_samples());
        let count = draws.log_weights().len() as f64;
        let gap = log_evidence.value - lower_bound.value;
        let mut doubts = Vec::new();
        if shape.is_nan() || shape > LARGEST_SHAPE {
            doubts.push(format!(
                "the weights have a tail of shape {shape:.2}, above 0.7: few draws decide everything"
            ));
        }
        if effective < FEWEST {
            doubts
                .push(format!("the {count} draws are worth {effective:.0} independent ones only"));
        }
        if !(gap <= WIDEST_GAP) {
            doubts.push(format!("the flow lies {gap:.2} nats below the evidence"));
        }
        if lost > MOST_LOST {
            doubts.push(format!(
                "the target was not finite at {:.1}% of the draws: its support is smaller than its parameters say",
                100.0 * lost
            ));
        }
        let apart = moved.value - log_evidence.value;
        let error = hypot(moved.standard_error, log_evidence.standard_error);
        if !(apart.abs() <= ERRORS * error + LEAST_APART) {
            doubts.push(format!(
                "draws that the target has moved say {:.4} ± {:.4}: it has mass where the flow does not lead",
                moved.value, moved.standard_error
            ));
        }
        if !missing.is_empty() {
            doubts.push(format!(
                "{} found uphill of other points, with about {:.0}% of the mass, which the flow has not",
                match missing.len() {
                    1 => "a mode was".to_string(),
                    count => format!("{count} modes were"),
                },
                100.0 * missing.iter().sum::<f64>()
            ));
        }
        if !settled && !doubts.is_empty() {
            doubts.push("the bound was still rising at the last step: more steps may help".into());
        }
        Self {
            doubts,
            log_evidence,
            lower_bound,
            pareto_shape: shape,
            moved,
            efficiency: effective / count,
        }
    }

    /// Whether nothing speaks against it.
    pub fn is_believed(&self) -> bool {
        self.doubts.is_empty()
    }
}

/// One sentence.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.doubts.is_empty() {
            true => write!(f, "believe it: ")?,
            false => write!(f, "do not believe this: {}; ", self.doubts.join("; "))?,
        }
        let Measured { value, standard_error } = self.log_evidence;
        write!(
            f,
            "log-evidence {value:.4} ± {standard_error:.4}, lower bound {:.4}, {:.0}% effective draws, k̂ = {:.2}",
            self.lower_bound.value,
            100.0 * self.efficiency,
            self.pareto_shape
        )
    }
}

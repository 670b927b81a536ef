//! What was found about a target: a model of it, weighted draws, and a verdict.

use super::importance::{Measured, Verdict, Weighted};
use super::wander::Moved;
use crate::model::Model;

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
    /// The flow in the units of the parameters, with their names; its density is normalised. It is saved, loaded and
    /// drawn from as any model.
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

    /// ln Z by draws of the flow and draws that the target has moved together (bridge sampling, Meng and Wong
    /// 1996, Statistica Sinica 6); by the weights of the flow's draws alone it is
    /// [`Weighted::log_evidence`] of [`draws`](Posterior::draws).
    pub fn log_evidence(&self) -> Measured {
        self.verdict.log_evidence
    }

    /// Whether this can be believed, and why not.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

/// A flow that lies farther below the evidence than this misses much.
const WIDEST_GAP: f64 = 0.15;

/// What is known beside the weights.
pub(super) struct Beside {
    /// The lower bound of the flow alone.
    pub lower_bound: Measured,
    /// Whether the bound stood still at the end.
    pub settled: bool,
    /// What draws say that the target has moved.
    pub moved: Moved,
    /// The shares of the mass of modes that the flow has not.
    pub missing: Vec<f64>,
}

/// Judges a flow by its weighted draws and what is known beside.
pub(super) fn judge(draws: &Weighted, beside: Beside) -> Verdict {
    let Beside { lower_bound, settled, moved, missing } = beside;
    let mut verdict = Verdict { lower_bound, ..draws.verdict() };
    let gap = moved.evidence.value - lower_bound.value;
    if gap.is_nan() || gap > WIDEST_GAP {
        verdict.doubts.push(format!("the flow lies {gap:.2} nats below the evidence"));
    }
    verdict.beside_moved(moved.evidence, moved.weights);
    verdict.log_evidence = moved.evidence;
    if !missing.is_empty() {
        verdict.doubts.push(format!(
            "{} found uphill of other points, with about {:.0}% of the mass, which the flow has not",
            match missing.len() {
                1 => "a mode was".to_string(),
                count => format!("{count} modes were"),
            },
            100.0 * missing.iter().sum::<f64>()
        ));
    }
    if !settled && !verdict.doubts.is_empty() {
        let rising = "the bound was still rising at the last step: more steps may help";
        verdict.doubts.push(rising.into());
    }
    verdict
}

//! Whether weighted draws can be believed.

use std::fmt;

use super::measured::Measured;
use super::weighted::Weighted;
use crate::real::portable::hypot;

/// Whether an answer can be believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What speaks against it; nothing if it can be believed.
    pub doubts: Vec<String>,
    /// ln Z by importance sampling; of a [posterior](super::super::Posterior) by bridge sampling.
    pub log_evidence: Measured,
    /// The evidence lower bound of the proposal.
    pub lower_bound: Measured,
    /// k̂ of the weights.
    pub pareto_shape: f64,
    /// ln Z by these draws and others that the target has moved (bridge sampling), if there are any.
    pub moved: Option<Measured>,
    /// What share of the draws is worth as many independent ones of the target.
    pub efficiency: f64,
}

/// Sums over weights with a larger shape cannot be believed (Vehtari et al. 2024).
const LARGEST_SHAPE: f64 = 0.7;
/// Fewer effective draws say too little.
const FEWEST: f64 = 400.0;
/// More draws that could not be weighed than this are named.
const MOST_LOST: f64 = 1e-3;
/// Log-densities that are estimated with a larger variance than this bias weights beyond correction.
const LARGEST_VARIANCE: f64 = 1.0;
/// Smaller steps may not change more than this, in nats.
const MOST_SOLVED: f64 = 0.1;
/// Two ways to one number agree within so many errors, and this much.
const ERRORS: f64 = 3.0;
const LEAST_APART: f64 = 0.002;
/// The same for mean weights, which are less certain about their errors.
const WEIGHT_ERRORS: f64 = 4.0;
const LEAST_WEIGHT: f64 = 0.01;

impl Weighted {
    /// Whether the draws can be believed by their weights alone.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self)
    }
}

impl Verdict {
    /// What the weights themselves say.
    fn of(draws: &Weighted) -> Self {
        let count = draws.log_weights().len() as f64;
        Self {
            doubts: doubts(draws),
            log_evidence: draws.log_evidence(),
            lower_bound: draws.lower_bound(),
            pareto_shape: draws.pareto_shape(),
            moved: None,
            efficiency: draws.effective_samples() / count,
        }
    }

    /// Compares with what draws say that the target has moved: the evidence, and the mean logarithm of weights.
    pub(in crate::infer) fn beside_moved(
        &mut self,
        evidence: Measured,
        [moved, weighted]: [Measured; 2],
    ) {
        self.moved = Some(evidence);
        if !agree(evidence, self.log_evidence, ERRORS, LEAST_APART) {
            self.doubts.push(format!(
                "with draws that the target has moved the log-evidence is {evidence:.4}: the target has mass where the proposal does not lead"
            ));
        } else if !agree(moved, weighted, WEIGHT_ERRORS, LEAST_WEIGHT) {
            self.doubts.push(format!(
                "draws that the target has moved have a mean weight of {moved:.3} nats, those of the proposal one of {weighted:.3}: the target has mass where the proposal hardly leads"
            ));
        }
    }

    /// Whether nothing speaks against it.
    pub fn is_believed(&self) -> bool {
        self.doubts.is_empty()
    }
}

fn agree(one: Measured, two: Measured, errors: f64, least: f64) -> bool {
    (one.value - two.value).abs() <= errors * hypot(one.standard_error, two.standard_error) + least
}

fn doubts(draws: &Weighted) -> Vec<String> {
    let (shape, effective) = (draws.pareto_shape(), draws.effective_samples());
    let count = draws.log_weights().len();
    let mut doubts = Vec::new();
    if shape.is_nan() {
        doubts.push(format!("{count} draws are too few to tell the tail of their weights"));
    } else if shape > LARGEST_SHAPE {
        doubts.push(format!(
            "the weights have a tail of shape {shape:.2}, above 0.7: few draws decide everything"
        ));
    }
    if effective < FEWEST {
        doubts.push(format!("the {count} draws are worth {effective:.0} independent ones only"));
    }
    if draws.lost() > MOST_LOST {
        doubts.push(format!(
            "{:.1}% of the draws could not be weighed: the support of the target is smaller than its parameters say, or the proposal could not be followed",
            100.0 * draws.lost()
        ));
    }
    doubts.extend(computed(draws));
    doubts
}

/// What the errors of the computation say.
fn computed(draws: &Weighted) -> Option<String> {
    let (variance, solved) = (draws.estimated().0, draws.solved());
    if variance.is_nan() {
        return Some(
            "log-densities of the proposal are estimated, and a single probe does not tell how well: take two or more".into(),
        );
    }
    if variance > LARGEST_VARIANCE {
        return Some(format!(
            "log-densities of the proposal are estimated with errors of {:.1} nats: take more probes, or the exact trace",
            variance.sqrt()
        ));
    }
    (solved.is_nan() || solved.abs() > MOST_SOLVED).then(|| {
        format!("smaller steps of the proposal change the log-evidence by {solved:+.2}: tighten its tolerance")
    })
}

/// One sentence.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.doubts.is_empty() {
            true => write!(f, "believe it: ")?,
            false => write!(f, "do not believe this: {}; ", self.doubts.join("; "))?,
        }
        write!(
            f,
            "log-evidence {:.4}, lower bound {:.4}, {:.0}% effective draws, k̂ = {:.2}",
            self.log_evidence,
            self.lower_bound.value,
            100.0 * self.efficiency,
            self.pareto_shape
        )
    }
}

//! Evidence by draws of a proposal and draws of the target together.

use super::measured::{Measured, beside};
use super::roam::Told;
use super::weighted::Weighted;
use crate::real::portable::{exp, ln};

/// The most rounds, and the change of ln Z that ends them.
const MOST: usize = 200;
const STILL: f64 = 1e-10;

/// ln Z by bridge sampling, E_q\[p̃ h\] / E_p\[q h\] with the best h = 1 / (s p̃ / Z + (1 - s) q) (Meng and Wong 1996,
/// Simulating ratios of normalizing constants via a simple identity, Statistica Sinica 6, section 4); the error
/// by Frühwirth-Schnatter 2004 (Estimating marginal likelihoods for mixture and Markov switching models using bridge sampling
/// techniques, Econometrics Journal 7, equation 12), and that of the computation of weights.
///
/// Mass that the proposal leaves out is missing in the mean of its own weights; here draws of the target count that lie
/// there. `None` where they have nothing in common.
pub(in crate::infer) fn bridge(draws: &Weighted, told: &Told<'_>) -> Option<Measured> {
    let own = draws.log_weights();
    let other: Vec<f64> = told.weights().collect();
    // Of draws of the target as many count as are independent at most.
    let counts = [own.len() as f64, told.groups.min(other.len()) as f64];
    let share = counts[0] / (counts[0] + counts[1]);
    // With w = p̃ / (Z q), terms of E_q and E_p.
    let terms = |log_z: f64| {
        let mixed = |log: &f64| (exp(log - log_z), 1.0 - share);
        let of_own = |log: &f64| {
            let (w, rest) = mixed(log);
            if w == f64::INFINITY { 1.0 / share } else { w / (share * w + rest) }
        };
        let of_other = |log: &f64| {
            let (w, rest) = mixed(log);
            1.0 / (share * w + rest)
        };
        (
            own.iter().map(of_own).collect::<Vec<f64>>(),
            other.iter().map(of_other).collect::<Vec<f64>>(),
        )
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mut log_z = draws.log_evidence().value;
    for _ in 0..MOST {
        let (above, below) = terms(log_z);
        let change = ln(mean(&above) / mean(&below));
        if !change.is_finite() {
            return None;
        }
        log_z += change;
        if change.abs() < STILL {
            break;
        }
    }
    let (above, below) = terms(log_z);
    let value = mean(&above);
    let square = above.iter().map(|term| (term / value - 1.0).powi(2)).sum::<f64>();
    let drawn = (square / (counts[0] - 1.0).max(1.0) / counts[0]).sqrt();
    let below = told.mean(&below);
    let all = [drawn, below.standard_error / below.value, draws.computed()];
    Some(Measured { value: log_z, standard_error: beside(&all) })
}

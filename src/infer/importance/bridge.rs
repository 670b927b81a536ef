//! Evidence by draws of a proposal and draws of the target together.

use super::measured::{Measured, beside};
use super::roam::Told;
use super::weighted::Weighted;
use crate::real::portable::{exp, ln};

/// The most rounds, and the change of ln Z that ends them.
const MOST: usize = 200;
const STILL: f64 = 1e-10;

/// ln Z by bridge sampling, E_q\[p̃ h\] / E_p\[q h\] with the best h = 1 / (s q + (1 - s) p̃ / Z) for a share s of draws of q (Meng and Wong 1996,
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
        let of_own = |log: &f64| {
            let w = exp(log - log_z);
            if w == f64::INFINITY { 1.0 / (1.0 - share) } else { w / (share + (1.0 - share) * w) }
        };
        let of_other = |log: &f64| 1.0 / (share + (1.0 - share) * exp(log - log_z));
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

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};
    use rand_distr::StandardNormal;

    /// A tenth of the mass lies where the proposal never draws: the mean of its weights is 0.9, and that of both ways is
    /// one, inside of its interval in 19 of 20 runs.
    #[test]
    fn mass_that_a_proposal_leaves_out_is_counted() {
        let normal = |x: f64, m: f64, s: f64| {
            let z = (x - m) / s;
            (-0.5 * z * z).exp() / (s * std::f64::consts::TAU.sqrt())
        };
        let log_p = |x: f64| (0.9 * normal(x, 0.0, 1.0) + 0.1 * normal(x, 30.0, 0.5)).ln();
        let log_q = |x: f64| -0.5 * x * x - 0.5 * std::f64::consts::TAU.ln();
        let (mut inside, mut rng) = (0, ChaCha8Rng::seed_from_u64(4));
        for _ in 0..100 {
            let own: Vec<f64> = (0..4000).map(|_| rng.sample(StandardNormal)).collect();
            let weights: Vec<f64> = own.iter().map(|&x| log_p(x) - log_q(x)).collect();
            let draws = Weighted::new(DMatrix::from_row_slice(1, 4000, &own), weights).unwrap();
            assert!((draws.log_evidence().value - 0.9f64.ln()).abs() < 1e-3);
            let place = |far: bool, z: f64| if far { 30.0 + 0.5 * z } else { z };
            let other: Vec<f64> = (0..1000)
                .map(|_| place(rng.random::<f64>() < 0.1, rng.sample(StandardNormal)))
                .collect();
            let target: Vec<f64> = other.iter().map(|&x| log_p(x)).collect();
            let proposal: Vec<f64> = other.iter().map(|&x| log_q(x)).collect();
            let told = Told { target: &target, proposal: &proposal, groups: 1000 };
            let found = bridge(&draws, &told).unwrap();
            assert!((found.standard_error / 0.0105 - 1.0).abs() < 0.2, "{found}");
            inside += u32::from(found.interval().contains(&0.0));
        }
        // Mean 95, deviation 2.2.
        assert!(inside >= 85, "{inside}");
    }
}

//! How well the chains of one quantity mixed.

/// Mean, variance, R̂ and effective number of the draws of one quantity.
pub(super) struct Mixing {
    pub mean: f64,
    pub variance: f64,
    pub r_hat: f64,
    pub effective: f64,
}

impl Mixing {
    /// Of chains of `draws` values each, one after the other.
    pub fn of(values: &[f64], draws: usize) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let half = (draws / 2).max(1);
        let halves: Vec<&[f64]> =
            values.chunks(draws).flat_map(|chain| chain.chunks_exact(half).take(2)).collect();
        let (within, all) = spread(&halves, mean);
        let whole: Vec<&[f64]> = values.chunks(draws).collect();
        Self {
            mean,
            variance: all,
            // What never moves has mixed.
            r_hat: if all > 0.0 { (all / within).sqrt() } else { 1.0 },
            effective: effective(&whole, mean),
        }
    }
}

/// The variance within sequences, and that of all.
fn spread(sequences: &[&[f64]], mean: f64) -> (f64, f64) {
    let (number, length) = (sequences.len() as f64, sequences[0].len() as f64);
    let own = |sequence: &[f64]| sequence.iter().sum::<f64>() / length;
    let within = |sequence: &&[f64]| {
        let own = own(sequence);
        sequence.iter().map(|x| (x - own).powi(2)).sum::<f64>() / (length - 1.0).max(1.0)
    };
    let within = sequences.iter().map(within).sum::<f64>() / number;
    let between = sequences.iter().map(|sequence| (own(sequence) - mean).powi(2)).sum::<f64>();
    (within, within * (length - 1.0) / length + between / (number - 1.0).max(1.0))
}

/// The number of independent draws: n / (1 + 2 Σ ρ_t), the sum ended where pairs of ρ are no longer positive, and these
/// made to fall (Geyer 1992, Practical Markov chain Monte Carlo, Statistical Science 7, section 3.3).
fn effective(chains: &[&[f64]], mean: f64) -> f64 {
    let (number, length) = (chains.len(), chains[0].len());
    let count = (number * length) as f64;
    let (within, all) = spread(chains, mean);
    if all.is_nan() || all <= 0.0 || length < 4 {
        return count;
    }
    let correlation = |lag: usize| 1.0 - (within - covariance(chains, lag)) / all;
    let (mut sum, mut last, mut lag) = (0.0, f64::INFINITY, 0);
    while lag + 1 < length {
        let pair = correlation(lag) + correlation(lag + 1);
        if pair.is_nan() || pair <= 0.0 {
            break;
        }
        last = pair.min(last);
        sum += last;
        lag += 2;
    }
    // The sum holds ρ_0 = 1 once. Antithetic chains are worth no more than n log10 n.
    let time = (2.0 * sum - 1.0).max(1.0 / crate::real::portable::log10(count));
    count / time
}

/// The mean covariance of values of chains with those `lag` draws later.
fn covariance(chains: &[&[f64]], lag: usize) -> f64 {
    let own = |chain: &&[f64]| {
        let mean = chain.iter().sum::<f64>() / chain.len() as f64;
        let pairs = chain.iter().zip(&chain[lag..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / chain.len() as f64
    };
    chains.iter().map(own).sum::<f64>() / chains.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};
    use rand_distr::StandardNormal;

    /// An autoregressive chain x' = a x + √(1 - a²) ε has ρ_t = aᵗ: n (1 - a) / (1 + a) independent draws.
    #[test]
    fn correlated_draws_are_worth_as_many_as_theory_says() {
        for slope in [0.0, 0.5, 0.9] {
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let mut values = Vec::new();
            for _ in 0..4 {
                let mut x: f64 = rng.sample(StandardNormal);
                for _ in 0..10_000 {
                    let fresh: f64 = rng.sample(StandardNormal);
                    x = slope * x + (1.0 - slope * slope).sqrt() * fresh;
                    values.push(x);
                }
            }
            let found = Mixing::of(&values, 10_000);
            let expected = 40_000.0 * (1.0 - slope) / (1.0 + slope);
            assert!(
                (found.effective / expected - 1.0).abs() < 0.15,
                "{slope}: {}",
                found.effective
            );
            assert!((found.r_hat - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn chains_in_different_places_have_not_mixed() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let values: Vec<f64> =
            (0..4000).map(|k| f64::from(k / 1000) + rng.sample::<f64, _>(StandardNormal)).collect();
        let found = Mixing::of(&values, 1000);
        assert!(found.r_hat > 1.3 && found.effective < 20.0, "{} {}", found.r_hat, found.effective);
    }
}

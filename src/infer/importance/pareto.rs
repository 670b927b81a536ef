//! Pareto smoothing of importance weights, and the shape that says whether they can be believed.

use crate::real::portable::{exp, exp_m1, ln, ln_1p};

/// Smoothed logarithms of weights, with the estimated shape k̂ of their upper tail.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoothed {
    /// ln w, as they came but for the largest, which are order statistics of the fitted tail.
    pub log_weights: Vec<f64>,
    /// k̂: moments of the weights above 1/k̂ do not exist. Below 0.7 sums over them can be believed. NaN if
    /// there are too few weights for a tail.
    pub shape: f64,
}

/// The fewest weights that make a tail.
const FEWEST: usize = 5;

/// Replaces the largest of `log_weights` by quantiles of the generalised Pareto distribution that fits them
/// (Vehtari, Simpson, Gelman, Yao and Gabry 2024, Pareto smoothed importance sampling, JMLR 25, section 3;
/// the tail are the min(n/5, 3 √n) largest).
pub fn smooth(log_weights: &[f64]) -> Smoothed {
    let mut order: Vec<usize> = (0..log_weights.len()).collect();
    order.sort_by(|&a, &b| log_weights[a].total_cmp(&log_weights[b]));
    let count = log_weights.len() as f64;
    let length = (0.2 * count).min(3.0 * count.sqrt()).ceil() as usize;
    let as_they_are = |shape| Smoothed { log_weights: log_weights.to_vec(), shape };
    if length < FEWEST || length >= log_weights.len() {
        return as_they_are(f64::NAN);
    }
    let tail = &order[log_weights.len() - length..];
    let top = log_weights[tail[length - 1]];
    let cut = log_weights[order[log_weights.len() - length - 1]];
    if !top.is_finite() || !cut.is_finite() {
        return as_they_are(f64::NAN);
    }
    let threshold = exp(cut - top);
    let excess: Vec<f64> = tail.iter().map(|&k| exp(log_weights[k] - top) - threshold).collect();
    if excess[length - 1] <= 1e-12 {
        // All largest weights are alike: the tail is as short as can be.
        return as_they_are(f64::NEG_INFINITY);
    }
    let (shape, scale) = fit(&excess);
    let mut smoothed = log_weights.to_vec();
    for (rank, &k) in tail.iter().enumerate() {
        let p = (rank as f64 + 0.5) / length as f64;
        smoothed[k] = ln(threshold + quantile(p, shape, scale)).min(0.0) + top;
    }
    Smoothed { log_weights: smoothed, shape }
}

/// Shape and scale of a generalised Pareto distribution for ordered excesses, by the empirical Bayes estimate
/// of Zhang and Stephens 2009 (A new and efficient estimation method for the generalized Pareto distribution,
/// Technometrics 51), the shape drawn towards 0.5 as by ten more observations (Vehtari et al. 2024, appendix C).
fn fit(excess: &[f64]) -> (f64, f64) {
    let count = excess.len();
    let n = count as f64;
    let quartile = excess[((n / 4.0 + 0.5).floor() as usize).max(1) - 1].max(1e-300);
    let candidates = 30 + n.sqrt() as usize;
    let theta = |j: usize| {
        let root = (candidates as f64 / (j as f64 - 0.5)).sqrt();
        1.0 / excess[count - 1] + (1.0 - root) / (3.0 * quartile)
    };
    let shape_at = |theta: f64| excess.iter().map(|x| ln_1p(-theta * x)).sum::<f64>() / n;
    let profile = |theta: f64| {
        let k = shape_at(theta);
        n * (ln(-theta / k) - k - 1.0)
    };
    let thetas: Vec<f64> = (1..=candidates).map(theta).collect();
    let likelihoods: Vec<f64> = thetas.iter().map(|&theta| profile(theta)).collect();
    let weight = |j: usize| {
        let all = likelihoods.iter().map(|other| exp(*other - likelihoods[j])).sum::<f64>();
        if all.is_finite() && all > 0.0 { 1.0 / all } else { 0.0 }
    };
    let mean = (0..candidates).map(|j| thetas[j] * weight(j)).sum::<f64>();
    let shape = shape_at(mean);
    let scale = -shape / mean;
    ((n * shape + 5.0) / (n + 10.0), scale)
}

/// The quantile of a generalised Pareto distribution.
fn quantile(p: f64, shape: f64, scale: f64) -> f64 {
    match shape.abs() < 1e-9 {
        true => -scale * ln_1p(-p),
        false => scale * exp_m1(-shape * ln_1p(-p)) / shape,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    /// Weights of a Pareto law u^-k.
    fn pareto(shape: f64, count: usize, seed: u64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| -shape * (1.0 - rng.random::<f64>()).ln()).collect()
    }

    #[test]
    fn the_shape_of_pareto_weights_is_found() {
        for shape in [0.2, 0.5, 0.9] {
            let mean = (0..20).map(|seed| smooth(&pareto(shape, 10_000, seed)).shape).sum::<f64>();
            assert!((mean / 20.0 - shape).abs() < 0.08, "{shape}: {}", mean / 20.0);
        }
    }

    #[test]
    fn smoothing_keeps_order_and_the_largest() {
        let weights = pareto(0.6, 2000, 1);
        let smoothed = smooth(&weights);
        let top = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(smoothed.log_weights.iter().all(|value| *value <= top));
        let mut order: Vec<usize> = (0..2000).collect();
        order.sort_by(|&a, &b| weights[a].total_cmp(&weights[b]));
        let along: Vec<f64> = order.iter().map(|&k| smoothed.log_weights[k]).collect();
        assert!(along.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
    }

    #[test]
    fn equal_weights_and_few_have_no_tail() {
        assert_eq!(smooth(&[0.0; 100]).shape, f64::NEG_INFINITY);
        assert!(smooth(&[0.0, 1.0]).shape.is_nan());
        assert!(smooth(&[f64::NEG_INFINITY; 100]).shape.is_nan());
    }
}

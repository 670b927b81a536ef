//! Which densities a model is made of, and by which weights: one choice, by rows that none of them has learnt from.

use super::nats::{Judgement, Nats, Row};
use crate::real::portable::{exp, ln};

/// By how many nats a richer blend must be better: flows begin as the Gaussian of the rows that they learn
/// from, and the Gaussian itself is made anew from all.
pub(super) const LEAST: f64 = 0.02;
/// The most rounds of expectation and maximisation.
const ROUNDS: usize = 300;
/// Weights that move less have arrived.
const STILL: f64 = 1e-6;
/// Smaller weights are none.
const SMALL: f64 = 0.02;
/// Into how many parts rows are divided that have none.
const PARTS: usize = 5;
/// How many standard errors of what is to come leave a choice open: one in twenty goes beyond.
const OPEN: f64 = 1.645;

/// The weights of the three.
pub(super) type Shares = [f64; 3];

/// Which of the three may have weight.
pub(super) type Members = [bool; 3];

pub(super) const GAUSSIAN: Members = [true, false, false];
pub(super) const MIXTURES: Members = [true, true, false];
pub(super) const ALL: Members = [true; 3];
/// These alone: of densities with contexts no blend is made.
pub(super) const FLOWS: Members = [false, false, true];

/// What was chosen.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// The weights by all rows.
    pub shares: Shares,
    /// For each part of the rows the weights by all others.
    pub apart: Vec<Shares>,
}

/// ln Σ w p.
pub(super) fn blended(shares: &Shares, log_prob: &[f64; 3]) -> f64 {
    let own = || shares.iter().zip(log_prob).filter(|(share, _)| **share > 0.0);
    let most = own().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return most;
    }
    most + ln(own().map(|(share, value)| share * exp(value - most)).sum::<f64>())
}

/// The blend of these members that is chosen: of the Gaussian, it with the mixture, flows, and all the last that is better
/// than the one chosen before by more than a standard error of the difference and by 0.02 nats (Breiman et al. 1984,
/// Classification and regression trees, section 3.4.3).
///
/// Every part of the rows is judged by the weights that serve the others best (stacking: Wolpert 1992; of densities Smyth
/// and Wolpert 1999; Yao et al. 2018, Using stacking to average Bayesian predictive distributions, Bayesian Analysis 13).
pub(super) fn choose(parts: &[Vec<Row>], options: &[Members]) -> Choice {
    let found = options.iter().map(|members| stacked(parts, *members));
    let best = found.reduce(|best, one| {
        let gain = gain(parts, &one.apart, &best.apart);
        let better = gain.mean > LEAST && gain.mean > gain.standard_error;
        // Where a row has no density, no standard error says anything.
        let mean = |own: &Choice| score(parts, &own.apart).mean;
        let known = gain.mean.is_finite();
        if better || (!known && mean(&one) > mean(&best)) { one } else { best }
    });
    best.unwrap_or_else(|| stacked(parts, GAUSSIAN))
}

/// Whether flows may still be chosen when this share of the rows has judged: whether their gain at the end, which
/// varies about that of today by its standard error times √(1 - share), is beyond what is asked of it with a probability
/// above a twentieth.
pub(super) fn is_open(parts: &[Vec<Row>], simple: &[Members], rich: Members, share: f64) -> bool {
    let (best, rich) = (choose(parts, simple), stacked(parts, rich));
    let gain = gain(parts, &rich.apart, &best.apart);
    let most = gain.mean + OPEN * gain.standard_error * (1.0 - share).sqrt();
    !gain.mean.is_finite() || most > LEAST.max(gain.standard_error * share.sqrt())
}

fn stacked(parts: &[Vec<Row>], members: Members) -> Choice {
    let apart = |k: usize| {
        let others = parts.iter().enumerate().filter(|(other, _)| *other != k || parts.len() == 1);
        most_likely(others.flat_map(|(_, part)| part), members)
    };
    let apart = (0..parts.len()).map(apart).collect();
    Choice { shares: most_likely(parts.iter().flatten(), members), apart }
}

/// The mean log-density of all rows, each by the weights of its part.
pub(super) fn score(parts: &[Vec<Row>], apart: &[Shares]) -> Nats {
    Nats::of(&judged(parts, apart), |(_, own)| *own)
}

/// By how much one is better than the other, row by row.
fn gain(parts: &[Vec<Row>], one: &[Shares], other: &[Shares]) -> Nats {
    let both = judged(parts, one).into_iter().zip(judged(parts, other));
    let gains =
        both.map(|((row, one), (_, other))| (row, if one == other { 0.0 } else { one - other }));
    Nats::of(&gains.collect::<Vec<_>>(), |(_, gain)| *gain)
}

fn judged(parts: &[Vec<Row>], apart: &[Shares]) -> Vec<Judgement> {
    let own = parts.iter().zip(apart);
    own.flat_map(|(part, shares)| part.iter().map(|row| (*row, blended(shares, &row.log_prob))))
        .collect()
}

/// Rows in five parts, copies together.
pub(super) fn divided(rows: &[Row]) -> Vec<Vec<Row>> {
    let mut parts = vec![Vec::new(); PARTS];
    rows.iter().for_each(|row| parts[row.group % PARTS].push(*row));
    parts.retain(|part| !part.is_empty());
    parts
}

/// The weights that make rows most likely, by expectation and maximisation, which ends at the only maximum.
fn most_likely<'a>(rows: impl Iterator<Item = &'a Row>, members: Members) -> Shares {
    let rows: Vec<&Row> = rows.collect();
    let count = members.iter().filter(|own| **own).count().max(1) as f64;
    let mut shares = members.map(|own| if own { 1.0 / count } else { 0.0 });
    if count == 1.0 {
        return shares;
    }
    for _ in 0..ROUNDS {
        let next = round(&rows, &shares);
        let moved = next.iter().zip(&shares).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        shares = next;
        if moved < STILL {
            break;
        }
    }
    let kept = shares.map(|share| if share < SMALL { 0.0 } else { share });
    let total: f64 = kept.iter().sum();
    kept.map(|share| share / total)
}

/// The weights in proportion to what each has in the rows; rows without density by any say nothing.
fn round(rows: &[&Row], shares: &Shares) -> Shares {
    let mut sums = [0.0; 3];
    for row in rows {
        let all = blended(shares, &row.log_prob);
        if !all.is_finite() {
            continue;
        }
        for ((sum, share), value) in sums.iter_mut().zip(shares).zip(&row.log_prob) {
            if *share > 0.0 {
                *sum += row.weight * share * exp(value - all);
            }
        }
    }
    let total: f64 = sums.iter().sum();
    if total > 0.0 { sums.map(|sum| sum / total) } else { *shares }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    /// Rows of 0.3 N(0, 1) + 0.7 N(3, 0.5²), and what the two and another say of them.
    fn rows(count: usize) -> Vec<Vec<Row>> {
        let mut rng = StdRng::seed_from_u64(1);
        let normal = |x: f64, mean: f64, deviation: f64| {
            let z = (x - mean) / deviation;
            -0.5 * (z * z + std::f64::consts::TAU.ln()) - deviation.ln()
        };
        let mut parts = vec![Vec::new(); 5];
        for group in 0..count {
            let z: f64 = rng.sample(rand_distr::StandardNormal);
            let x = if rng.random_bool(0.3) { z } else { 3.0 + 0.5 * z };
            let log_prob = [normal(x, 0.0, 1.0), normal(x, 3.0, 0.5), normal(x, 0.0, 1.1)];
            parts[group % 5].push(Row { group, weight: 1.0, log_prob });
        }
        parts
    }

    #[test]
    fn the_weights_of_a_mixture_are_found_and_what_gains_nothing_stays_out() {
        let parts = rows(4000);
        let found = choose(&parts, &[GAUSSIAN, MIXTURES, ALL]);
        assert_eq!(found.shares[2], 0.0);
        // Six standard errors of a share of 0.3.
        assert!((found.shares[0] - 0.3).abs() < 6.0 * (0.21f64 / 4000.0).sqrt(), "{found:?}");
        assert!(!is_open(&parts[..2], &[GAUSSIAN, MIXTURES], ALL, 0.4));
        assert!(is_open(&parts[..2], &[GAUSSIAN], MIXTURES, 0.4));
    }
}

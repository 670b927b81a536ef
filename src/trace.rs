//! How the divergence along a trajectory is taken: exactly, or estimated from random probes.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

use crate::columns::RowsMut;
use crate::error::{Error, Result};
use crate::field::VectorField;
use crate::real::Real;

/// The cost of an exact divergence, in evaluations of the velocity, up to which [`Trace::Auto`]
/// prefers it.
const AFFORDABLE: f64 = 17.0;
/// The number of probes that [`Trace::Auto`] falls back to.
const PROBES: usize = 8;

/// How the trace of the Jacobian enters the log-density.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Trace {
    /// Exact where the field says that this costs at most 17 evaluations of the velocity (any
    /// dimension for neural fields of up to two hidden layers, 16 dimensions for others), else
    /// Hutchinson's estimator with 8 Rademacher probes.
    #[default]
    Auto,
    /// Exact: by the field's own formula, else by dim tangents.
    Exact,
    /// Estimated.
    Hutchinson(Hutchinson),
}

impl Trace {
    /// Hutchinson's estimator with `probes` Rademacher probes per sample and seed 0.
    pub fn hutchinson(probes: usize) -> Self {
        Self::Hutchinson(Hutchinson { probes, noise: Noise::Rademacher, seed: 0 })
    }

    /// The estimator that this choice comes to for a field, or `None` for the exact trace.
    pub fn estimator<T: Real, F: VectorField<T> + ?Sized>(&self, field: &F) -> Option<Hutchinson> {
        match *self {
            Self::Exact => None,
            Self::Hutchinson(estimator) if estimator.spans(field.dim()) => None,
            Self::Hutchinson(estimator) => Some(estimator),
            Self::Auto if field.divergence_cost() <= AFFORDABLE => None,
            Self::Auto => Some(Hutchinson { probes: PROBES, noise: Noise::Rademacher, seed: 0 }),
        }
    }

    /// An error if there are no probes to estimate from.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Hutchinson(Hutchinson { probes: 0, .. }) => {
                Err(Error::setting("Hutchinson's estimator needs at least one probe"))
            }
            _ => Ok(()),
        }
    }
}

/// Hutchinson's estimator of a trace: tr J = E\[u'J u\] for probes u whose entries have mean zero,
/// variance one, and no correlation.
///
/// The probes of a sample are drawn once for a whole solve (Grathwohl et al. 2019, FFJORD, section
/// 3.1.2) from a random stream of its own, which starts from the seed and the sample's coordinates:
/// the same sample meets the same probes wherever it stands in a batch. Each probe gives one
/// estimate of the log-determinant; their mean is reported, and with two probes or more their
/// spread gives its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hutchinson {
    /// The number of probes per sample.
    pub probes: usize,
    /// The distribution of their entries.
    pub noise: Noise,
    /// Where the random streams start.
    pub seed: u64,
}

/// The distribution of the entries of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// +1 or -1: the least variance among independent entries.
    Rademacher,
    /// Standard normal.
    Gaussian,
    /// Directions that are drawn uniformly and at right angles to one another, of length √dim: the
    /// probes of one sample share no direction, and with k of them the variance is (dim - k) /
    /// (dim - 1) times that of independent ones. As many probes as dimensions give the exact trace,
    /// which is then taken instead.
    Orthogonal,
}

impl Hutchinson {
    /// Whether the probes leave no direction out.
    fn spans(&self, dim: usize) -> bool {
        self.noise == Noise::Orthogonal && self.probes >= dim
    }

    /// The variance of the mean of the estimates, from the sum of their squared deviations; NaN for a
    /// single one.
    ///
    /// Estimates from orthogonal probes are a sample without replacement: all dim of them would add
    /// up to the trace exactly (Cochran 1977, Sampling Techniques, theorem 2.2).
    pub(crate) fn variance_of_mean(&self, deviations: f64, dim: usize) -> f64 {
        let count = self.probes as f64;
        let left_out = match self.noise {
            Noise::Orthogonal => 1.0 - count / dim as f64,
            Noise::Rademacher | Noise::Gaussian => 1.0,
        };
        deviations / (count - 1.0) / count * left_out
    }

    /// Draws the probes of the sample in lane `lane`: one value for every row of `probes`.
    pub(crate) fn draw<T: Real>(&self, sample: u64, lane: usize, probes: &mut RowsMut<'_, T>) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(mix(self.seed, sample));
        let mut bits = 0u64;
        for i in 0..probes.rows() {
            let value = match self.noise {
                Noise::Gaussian | Noise::Orthogonal => rng.sample(StandardNormal),
                Noise::Rademacher => {
                    if i % 64 == 0 {
                        bits = rng.random();
                    }
                    if bits >> (i % 64) & 1 == 1 { 1.0 } else { -1.0 }
                }
            };
            probes.row_mut(i)[lane] = T::of(value);
        }
        if self.noise == Noise::Orthogonal {
            set_at_right_angles(probes, self.probes, lane);
        }
    }
}

/// Makes the `count` vectors of a lane orthogonal and of length √dim, by the method of Gram and
/// Schmidt, twice over. Coordinate i of vector p is in row `i * count + p`.
fn set_at_right_angles<T: Real>(probes: &mut RowsMut<'_, T>, count: usize, lane: usize) {
    let dim = probes.rows() / count;
    for p in 0..count {
        for q in (0..p).chain(0..p) {
            let inner: f64 = (0..dim).map(|i| product_at(probes, i * count, [p, q], lane)).sum();
            let share = T::of(inner / dim as f64);
            for i in 0..dim {
                let other = probes.row(i * count + q)[lane];
                probes.row_mut(i * count + p)[lane] -= share * other;
            }
        }
        let square: f64 = (0..dim).map(|i| product_at(probes, i * count, [p, p], lane)).sum();
        let scale = T::of((dim as f64 / square).sqrt());
        for i in 0..dim {
            probes.row_mut(i * count + p)[lane] *= scale;
        }
    }
}

fn product_at<T: Real>(
    probes: &RowsMut<'_, T>,
    row: usize,
    [p, q]: [usize; 2],
    lane: usize,
) -> f64 {
    probes.row(row + p)[lane].wide() * probes.row(row + q)[lane].wide()
}

/// Stirs `value` into `state`; the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) fn mix(state: u64, value: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ value;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Block;

    #[test]
    fn orthogonal_probes_stand_at_right_angles() {
        let estimator = Hutchinson { probes: 5, noise: Noise::Orthogonal, seed: 3 };
        let mut probes: Block<f32> = Block::new(5 * 7, 16);
        estimator.draw(1, 4, &mut probes.view_mut());
        for p in 0..5 {
            for q in 0..5 {
                let inner: f64 =
                    (0..7).map(|i| product_at(&probes.view_mut(), 5 * i, [p, q], 4)).sum();
                assert!((inner - if p == q { 7.0 } else { 0.0 }).abs() < 1e-5, "{p} {q}: {inner}");
            }
        }
    }

    #[test]
    fn probes_have_mean_zero_and_variance_one() {
        for noise in [Noise::Rademacher, Noise::Gaussian, Noise::Orthogonal] {
            let mut probes: Block<f64> = Block::new(100, 64);
            for lane in 0..64 {
                let estimator = Hutchinson { probes: 1, noise, seed: 5 };
                estimator.draw(lane as u64, lane, &mut probes.view_mut());
            }
            let n = probes.values().len() as f64;
            let mean = probes.values().iter().sum::<f64>() / n;
            let variance = probes.values().iter().map(|u| u * u).sum::<f64>() / n;
            assert!(mean.abs() < 5.0 / n.sqrt(), "{mean}");
            assert!((variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{variance}");
        }
    }
}

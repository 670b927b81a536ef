//! How the divergence along a trajectory is taken: exactly, or estimated from random probes.
//!
//! | file | what |
//! | --- | --- |
//! | `hutchinson` | the mean of quadratic forms of random probes |
//! | `hutch_plus_plus` | the same, with the directions that matter most taken exactly |
//! | `estimate` | by what log-determinants were estimated, in words |
//! | `frame` | directions at right angles |

mod estimate;
mod frame;
mod hutch_plus_plus;
mod hutchinson;

use crate::columns::{Rows, RowsMut, Scratch, pad_lanes};
use crate::description::{Description, Source};
use crate::error::{Error, Result};
use crate::field::VectorField;
use crate::ode::Span;
use crate::real::Real;

use estimate::ESTIMATORS;
pub use estimate::Estimate;
pub use hutch_plus_plus::HutchPlusPlus;
pub use hutchinson::{Hutchinson, Noise};

/// The cost of an exact divergence, in evaluations of the velocity, up to which [`Trace::Auto`]
/// prefers it in training: twice that of the estimate.
const AFFORDABLE: f64 = 2.0 * (PROBES as f64 + 0.5);
/// The number of probes that [`Trace::Auto`] falls back to in training.
const PROBES: usize = 8;
/// The number of dimensions for each probe up to which probes at right angles are the better ones.
const CROWDED: usize = 4;

/// How the trace of the Jacobian enters the log-density.
///
/// An estimate is read where one was asked for by name, and nowhere else: [`Trace::Auto`] is exact
/// in every evaluation, and estimates in training alone, where [`Report::estimated`] says so.
///
/// The noise of an estimate stays the same for a whole solve. In evaluation it depends on the
/// estimator's seed and the sample, so that a log-density is the same number every time; in
/// training every mini-batch brings its own ([`Packet::noise`]), as noise that came again would be
/// learnt in place of the density.
///
/// [`Report::estimated`]: crate::train::Report::estimated
/// [`Packet::noise`]: crate::flow::Packet::noise
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Trace {
    /// Exact wherever a number is read: log-densities, scores, points with log-determinants,
    /// diagnoses. By dim tangents, where the field has no formula, this may take up to dim
    /// evaluations of the velocity; an estimator that is named is quicker there.
    ///
    /// In training, exact where the field says that this costs at most 17 evaluations of the
    /// velocity, twice as much as the estimate; else Hutchinson's estimator with 8 probes,
    /// orthogonal up to 32 dimensions (an eighth less of an error, or better), Rademacher beyond.
    /// The report of the training says that it estimated.
    ///
    /// What traces cost in evaluations of the velocity, measured on one core with AVX-512 in `f32`
    /// (`cargo bench -p liouville-benches --bench traces`); [`HutchPlusPlus`] says how far estimates are off:
    ///
    /// | field | exact | one probe | 8 probes |
    /// | --- | --- | --- | --- |
    /// | linear, planar, radial | 1.0 to 1.3 | 2.0 to 5.1 | 5.7 to 42 |
    /// | closures over 2 and 8 variables | 1.2, 1.9 | 1.5, 2.5 | 2.4, 4.1 |
    /// | closures of run-time dimension | dim | 1.0 | 8 |
    /// | networks of one hidden layer | 1.1 to 1.3 | 1.9 | 9 |
    /// | networks of two hidden layers, plain | 1.2 to 1.8 | 1.9 | 9 |
    /// | networks of two hidden layers, gated | 1.4 | 1.6 | 5 to 7 |
    /// | deeper networks, plain, in 2, 8, 16 and 32 dimensions | 2.8, 8, 15, 24 | 1.9 | 8.5 |
    /// | deeper networks, gated, in 8 dimensions | 4.8 | 1.6 | 5.1 |
    ///
    /// So training is exact for all of these but deeper networks, and for these in up to 17
    /// dimensions.
    #[default]
    Auto,
    /// Exact: by the field's own formula, else by dim tangents.
    Exact,
    /// Estimated from random probes, in training and in evaluation: then log-densities are estimates,
    /// and `evaluate` and `follow` give their standard errors.
    Hutchinson(Hutchinson),
    /// The same, with the directions that matter most taken exactly.
    HutchPlusPlus(HutchPlusPlus),
}

impl Trace {
    /// Hutchinson's estimator with `probes` Rademacher probes per sample and seed 0.
    pub fn hutchinson(probes: usize) -> Self {
        Self::Hutchinson(Hutchinson { probes, noise: Noise::Rademacher, seed: 0 })
    }

    /// [`HutchPlusPlus`] with `probes` products with the Jacobian per evaluation and seed 0: half
    /// of them (rounded down) for the directions that are taken exactly, the others random.
    ///
    /// At least two; four or more give a standard error. As many as dimensions give the exact
    /// trace, which is then taken instead.
    pub fn hutch_plus_plus(probes: usize) -> Self {
        let range = probes / 2;
        Self::HutchPlusPlus(HutchPlusPlus { range, residual: probes - range, seed: 0 })
    }

    /// The estimator that this choice comes to for a field in evaluation, or `None` for the exact
    /// trace.
    pub fn estimator<T: Real, F: VectorField<T> + ?Sized>(&self, field: &F) -> Option<Estimator> {
        match *self {
            Self::Auto | Self::Exact => None,
            Self::Hutchinson(estimator) if estimator.spans(field.dim()) => None,
            Self::Hutchinson(estimator) => Some(Estimator::Hutchinson(estimator)),
            Self::HutchPlusPlus(estimator) if estimator.spans(field.dim()) => None,
            Self::HutchPlusPlus(estimator) => Some(Estimator::HutchPlusPlus(estimator)),
        }
    }

    /// The estimator that this choice comes to for a field in training, or `None` for the exact
    /// trace.
    pub fn estimator_in_training<T: Real, F: VectorField<T> + ?Sized>(
        &self,
        field: &F,
    ) -> Option<Estimator> {
        match self {
            Self::Auto if field.divergence_cost() > AFFORDABLE => {
                Self::fallback(field.dim()).estimator(field)
            }
            _ => self.estimator(field),
        }
    }

    /// The estimate for fields whose exact trace is too dear.
    fn fallback(dim: usize) -> Self {
        let noise = if dim <= CROWDED * PROBES { Noise::Orthogonal } else { Noise::Rademacher };
        Self::Hutchinson(Hutchinson { probes: PROBES, noise, seed: 0 })
    }

    /// An error if there are no probes to estimate from.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Hutchinson(Hutchinson { probes: 0, .. }) => {
                Err(Error::setting("Hutchinson's estimator has no probe: give one or more"))
            }
            Self::HutchPlusPlus(HutchPlusPlus { range: 0, .. }) => Err(Error::setting(
                "Hutch++ takes no direction exactly: give a range of one or more, or take Hutchinson's estimator",
            )),
            Self::HutchPlusPlus(HutchPlusPlus { residual: 0, .. }) => Err(Error::setting(
                "Hutch++ has no random probe for what its range leaves out: give one or more",
            )),
            _ => Ok(()),
        }
    }
}

/// An estimator of either kind. Every sample has its own probes, which stay the same for a whole
/// solve; each is a row of the state, along which u'J u is integrated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Estimator {
    /// The mean over random probes.
    Hutchinson(Hutchinson),
    /// The sum over some directions, and the mean over random probes at right angles to them.
    HutchPlusPlus(HutchPlusPlus),
}

/// A block of samples at the outset of a solve.
#[derive(Clone, Copy)]
pub(crate) struct Outset<'a, T> {
    pub points: Rows<'a, T>,
    pub context: Rows<'a, T>,
    /// Whereto time runs.
    pub span: Span,
    /// The number of samples; the other lanes are padding.
    pub samples: usize,
    /// What starts the random stream of the sample in a lane.
    pub key: &'a dyn Fn(usize) -> u64,
}

impl Estimator {
    /// The number of products with the Jacobian per evaluation.
    pub fn probes(&self) -> usize {
        match self {
            Self::Hutchinson(estimator) => estimator.probes,
            Self::HutchPlusPlus(estimator) => estimator.range + estimator.residual,
        }
    }

    /// Where the random streams start.
    pub fn seed(&self) -> u64 {
        match self {
            Self::Hutchinson(estimator) => estimator.seed,
            Self::HutchPlusPlus(estimator) => estimator.seed,
        }
    }

    /// What reports say of it.
    pub fn estimate(&self) -> Estimate {
        let estimator = match self {
            Self::Hutchinson(Hutchinson { noise, .. }) => match noise {
                Noise::Rademacher => ESTIMATORS[0],
                Noise::Gaussian => ESTIMATORS[1],
                Noise::Orthogonal => ESTIMATORS[2],
            },
            Self::HutchPlusPlus(_) => ESTIMATORS[3],
        };
        Estimate { estimator, probes: self.probes() }
    }

    /// Evaluations of the field, with its products, that drawing the probes takes.
    pub(crate) fn evaluations_ahead(&self) -> u64 {
        match self {
            Self::Hutchinson(_) => 0,
            Self::HutchPlusPlus(_) => HutchPlusPlus::EVALUATIONS_AHEAD,
        }
    }

    /// The number of probes, the first ones, whose forms are added up; the others are averaged.
    fn summed(&self) -> usize {
        match self {
            Self::Hutchinson(_) => 0,
            Self::HutchPlusPlus(estimator) => estimator.range,
        }
    }

    /// What the form of probe `p` counts in the estimate of the trace.
    pub(crate) fn weight(&self, p: usize) -> f64 {
        let summed = self.summed();
        if p < summed { 1.0 } else { 1.0 / (self.probes() - summed) as f64 }
    }

    /// The estimate and its variance (NaN if a single probe gives no spread), from the forms of all
    /// probes.
    pub(crate) fn judge(&self, forms: impl Fn(usize) -> f64, dim: usize) -> (f64, f64) {
        let summed = self.summed();
        let random = summed..self.probes();
        let mean = random.clone().map(&forms).sum::<f64>() / random.len() as f64;
        let deviations = random.map(|p| (forms(p) - mean).powi(2)).sum::<f64>();
        let variance = match self {
            Self::Hutchinson(estimator) => estimator.variance_of_mean(deviations, dim),
            Self::HutchPlusPlus(estimator) => estimator.variance_of_mean(deviations, dim),
        };
        ((0..summed).map(&forms).sum::<f64>() + mean, variance)
    }

    /// Draws the probes of a block of samples; coordinate i of probe p comes into row
    /// `i * probes + p`.
    pub(crate) fn draw<T: Real, F: VectorField<T> + ?Sized>(
        &self,
        field: &F,
        outset: Outset<'_, T>,
        mut probes: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        match self {
            Self::Hutchinson(estimator) => {
                estimator.draw(outset.samples, outset.key, &mut probes, scratch);
            }
            Self::HutchPlusPlus(estimator) => estimator.draw(field, outset, &mut probes, scratch),
        }
        pad_lanes(probes, outset.samples);
    }
}

/// Stirs `value` into `state`; the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
pub fn mix(state: u64, value: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ value;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Trace {
    /// What it is, as it can be made again from.
    pub fn describe(&self) -> Description {
        match *self {
            Self::Auto => Description::new("Auto"),
            Self::Exact => Description::new("Exact"),
            Self::Hutchinson(Hutchinson { probes, noise, seed }) => Description::new("Hutchinson")
                .with("probes", probes)
                .with("noise", noise.word())
                .with("seed", seed),
            Self::HutchPlusPlus(HutchPlusPlus { range, residual, seed }) => {
                Description::new("HutchPlusPlus")
                    .with("range", range)
                    .with("residual", residual)
                    .with("seed", seed)
            }
        }
    }
}

impl Trace {
    /// What is described.
    ///
    /// # Errors
    ///
    /// If it is of no known kind, or a setting is missing.
    pub(crate) fn restore(source: &Source<'_>) -> Result<Self> {
        Ok(match source.kind() {
            "Auto" => Self::Auto,
            "Exact" => Self::Exact,
            "Hutchinson" => Self::Hutchinson(Hutchinson {
                probes: source.times("probes")?,
                noise: Noise::named(source)?,
                seed: source.whole("seed")?,
            }),
            "HutchPlusPlus" => Self::HutchPlusPlus(HutchPlusPlus {
                range: source.times("range")?,
                residual: source.times("residual")?,
                seed: source.whole("seed")?,
            }),
            other => return Err(source.unknown("trace", other)),
        })
    }
}

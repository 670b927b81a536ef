//! What importance sampling draws from: densities that say what their draws weigh.

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::finer::Finer;
use crate::density::{Base, Given, Pushforward};
use crate::error::Result;
use crate::flow::{Direction, Flow, Track, transport};
use crate::ode::Accuracy;

/// A normalised density that can be drawn from and evaluated: bases, base + flow, families at a context, and
/// [models](crate::model::Model) are; what else is one implements this.
///
/// ```
/// use liouville::infer::importance::{Proposal, Proposed};
/// use liouville::nalgebra::DMatrix;
/// use liouville::rand::{RngExt, SeedableRng, rngs::StdRng};
///
/// /// Uniform between 0 and 2.
/// struct Two;
///
/// impl Proposal for Two {
///     fn dimension(&self) -> usize {
///         1
///     }
///
///     fn propose(&self, count: usize, seed: u64, _: Option<f64>) -> liouville::Result<Proposed> {
///         let mut rng = StdRng::seed_from_u64(seed);
///         let points = DMatrix::from_fn(1, count, |_, _| 2.0 * rng.random::<f64>());
///         let log_density = self.log_density(&points)?;
///         Ok(Proposed::new(points, log_density))
///     }
///
///     fn log_density(&self, points: &DMatrix<f64>) -> liouville::Result<Vec<f64>> {
///         let inside = |x: &f64| (0.0..2.0).contains(x);
///         let log = |x: &f64| if inside(x) { -2f64.ln() } else { f64::NEG_INFINITY };
///         Ok(points.iter().map(log).collect())
///     }
/// }
/// ```
pub trait Proposal: Sync {
    /// The dimension of the space.
    fn dimension(&self) -> usize;

    /// `count` draws from the random stream of a seed, with their log-densities. The first k of n are the same
    /// for every n. A number for `accuracy` is the tolerance at which the same draws are to be computed instead of
    /// the usual one; what does not integrate leaves it alone.
    ///
    /// # Errors
    ///
    /// If nothing can be drawn.
    fn propose(&self, count: usize, seed: u64, accuracy: Option<f64>) -> Result<Proposed>;

    /// ln q of every column of `points` (dim x n): minus infinity where it is zero, NaN where it cannot be
    /// computed.
    ///
    /// # Errors
    ///
    /// If shapes do not fit.
    fn log_density(&self, points: &DMatrix<f64>) -> Result<Vec<f64>>;

    /// How accurately it draws, as far as it knows. Default: to rounding.
    fn accuracy(&self) -> Accuracy {
        Accuracy::Rounding
    }
}

/// Draws of a proposal with their log-densities.
#[derive(Debug, Clone)]
pub struct Proposed {
    /// The draws, a column each.
    pub points: DMatrix<f64>,
    /// ln q of each; NaN where it could not be computed.
    pub log_density: Vec<f64>,
    /// The standard error of each ln q that was estimated, such as by random probes of a trace.
    pub standard_error: Option<Vec<f64>>,
}

impl Proposed {
    /// Draws with log-densities that are exact.
    pub fn new(points: DMatrix<f64>, log_density: Vec<f64>) -> Self {
        Self { points, log_density, standard_error: None }
    }

    pub(super) fn estimated(mut self, standard_error: Option<DVector<f64>>) -> Self {
        self.standard_error = standard_error.map(|errors| errors.as_slice().to_vec());
        self
    }
}

impl<B: Base<f64>> Proposal for B {
    fn dimension(&self) -> usize {
        crate::density::Density::dim(self)
    }

    fn propose(&self, count: usize, seed: u64, _: Option<f64>) -> Result<Proposed> {
        let points = self.sample(count, &mut ChaCha8Rng::seed_from_u64(seed))?;
        let log_density = Proposal::log_density(self, &points)?;
        Ok(Proposed::new(points, log_density))
    }

    fn log_density(&self, points: &DMatrix<f64>) -> Result<Vec<f64>> {
        Ok(self.log_prob(points)?.as_slice().to_vec())
    }
}

/// Points of a base, moved and weighed on one way.
pub(in crate::infer) fn carried<B: Base<f64>, F: Flow<f64> + ?Sized>(
    (base, flow): (&B, &F),
    start: &DMatrix<f64>,
    context: Option<&DMatrix<f64>>,
    accuracy: Option<f64>,
) -> Result<Proposed> {
    let finer = Finer { flow, accuracy };
    let moved = transport(&finer, Direction::Forward, start, context, Track::LogDet)?;
    let log_density = base.log_prob(start)? - &moved.log_det;
    let found = Proposed::new(moved.points, log_density.as_slice().to_vec());
    Ok(found.estimated(moved.standard_error))
}

impl<B: Base<f64>, F: Flow<f64>> Proposal for Pushforward<B, F> {
    fn dimension(&self) -> usize {
        self.flow().dim()
    }

    fn propose(&self, count: usize, seed: u64, accuracy: Option<f64>) -> Result<Proposed> {
        self.spaces()?;
        let start = self.base().sample(count, &mut ChaCha8Rng::seed_from_u64(seed))?;
        carried((self.base(), self.flow()), &start, None, accuracy)
    }

    fn log_density(&self, points: &DMatrix<f64>) -> Result<Vec<f64>> {
        Ok(self.evaluate(points, None)?.log_prob.as_slice().to_vec())
    }

    fn accuracy(&self) -> Accuracy {
        self.flow().accuracy()
    }
}

/// At one context for all draws.
impl<B: Base<f64>, F: Flow<f64>> Proposal for Given<'_, Pushforward<B, F>, f64> {
    fn dimension(&self) -> usize {
        self.family().flow().dim()
    }

    fn propose(&self, count: usize, seed: u64, accuracy: Option<f64>) -> Result<Proposed> {
        let family = self.family();
        family.spaces()?;
        let start = family.base().sample(count, &mut ChaCha8Rng::seed_from_u64(seed))?;
        carried((family.base(), family.flow()), &start, Some(self.context()), accuracy)
    }

    fn log_density(&self, points: &DMatrix<f64>) -> Result<Vec<f64>> {
        let found = self.family().evaluate(points, Some(self.context()))?;
        Ok(found.log_prob.as_slice().to_vec())
    }

    fn accuracy(&self) -> Accuracy {
        self.family().flow().accuracy()
    }
}

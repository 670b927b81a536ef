//! Draws of a proposal, weighed by a target, and judged.

use std::ops::Deref;

use nalgebra::DMatrix;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

use super::bridge::bridge;
use super::measured::Measured;
use super::proposal::Proposal;
use super::roam::{Moves, Told, roam};
use super::support::Way;
use super::verdict::Verdict;
use super::weigh::{Seen, sharper, weigh};
use super::weighted::Weighted;
use crate::error::{Error, Result};
use crate::infer::{Parameters, Target};
use crate::outcome::shown;

/// How many draws are followed again with smaller steps.
const AGAIN: usize = 500;
/// How many draws the target moves at most, and how often.
const MOVED: usize = 1000;
const MOVES: usize = 40;

/// ln p̃ at a point.
type LogDensity<'a> = Box<dyn Fn(&[f64]) -> f64 + Sync + 'a>;

/// Importance sampling: expectations under a density p = p̃ / Z that can only be evaluated, by draws of a proposal q
/// with weights p̃ / q; and Z itself.
///
/// Any [`Proposal`] will do: a base, a flow that was trained, a model from a file. Errors of estimated
/// log-densities and of steps of a solver are part of the errors that are stated. Some draws are then moved by the
/// target alone: what these find that the proposal has not, the verdict says.
///
/// ```
/// use liouville::density::StudentT;
/// use liouville::infer::importance::Importance;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// // e^(-x²/2) by draws with heavier tails.
/// let wide: StudentT<f64> = StudentT::standard(1, 5.0)?;
/// let found = Importance::of(|x| -0.5 * x[0] * x[0], &wide).run(&mut StdRng::seed_from_u64(1))?;
/// let (evidence, square) = (found.log_evidence(), found.expectation(|x| x[0] * x[0]));
/// let exact = 0.5 * std::f64::consts::TAU.ln();
/// assert!((evidence.value - exact).abs() < 5.0 * evidence.standard_error);
/// assert!((square.value - 1.0).abs() < 5.0 * square.standard_error);
/// assert!(found.verdict().is_believed(), "{}", found.verdict());
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct Importance<'a, P: ?Sized> {
    log_density: LogDensity<'a>,
    parameters: Option<&'a Parameters>,
    proposal: &'a P,
    draws: usize,
    moves: usize,
}

/// Weighted draws with their verdict. Behind a reference these are the draws themselves.
#[derive(Debug, Clone)]
pub struct Found {
    draws: Weighted,
    verdict: Verdict,
}

impl Found {
    /// Whether they can be believed, and why not.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The draws alone.
    pub fn into_draws(self) -> Weighted {
        self.draws
    }
}

impl Deref for Found {
    type Target = Weighted;

    fn deref(&self) -> &Weighted {
        &self.draws
    }
}

impl<'a, P: Proposal + ?Sized> Importance<'a, P> {
    /// Of a target with named parameters, which are what the proposal draws.
    pub fn new<Q: Target + ?Sized>(target: &'a Q, proposal: &'a P) -> Self {
        let parameters = Some(target.parameters());
        Self { parameters, ..Self::of(|x| target.value(x), proposal) }
    }

    /// Of a log-density, unnormalised, that is not minus infinity somewhere at least. It needs no gradient.
    pub fn of(log_density: impl Fn(&[f64]) -> f64 + Sync + 'a, proposal: &'a P) -> Self {
        let log_density = Box::new(log_density);
        Self { log_density, parameters: None, proposal, draws: 20_000, moves: MOVES }
    }

    /// The number of draws. Default: 20,000.
    pub fn draws(mut self, count: usize) -> Self {
        self.draws = count;
        self
    }

    /// How often the target moves a twentieth of the draws, at most 1000, to see where it has mass; each time costs as
    /// many evaluations of the target. Default: 40; without any, nothing is found of what the proposal leaves out.
    pub fn moves(mut self, count: usize) -> Self {
        self.moves = count;
        self
    }

    pub(super) fn seen(&self) -> Seen<'_> {
        let support = self.parameters.map(Parameters::constrain);
        Seen { value: &*self.log_density, support }
    }

    pub(super) fn proposal(&self) -> &'a P {
        self.proposal
    }

    /// The names of the coordinates, if they have any.
    pub(super) fn names(&self) -> Option<&[String]> {
        self.parameters.map(Parameters::names)
    }

    /// Draws, weighs, and judges.
    ///
    /// # Errors
    ///
    /// If dimensions do not fit, nothing can be drawn, or the target is zero or no number at every draw.
    pub fn run<R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Found> {
        self.check()?;
        let mut own = ChaCha8Rng::from_seed(rng.random());
        let draws = self.weighed(self.draws, own.random())?;
        let mut verdict = draws.verdict();
        if self.moves > 0 {
            let [evidence, mean] = self.moved(&draws, &mut own)?;
            verdict.beside_moved(evidence, [mean, draws.mean_of(draws.log_weights())]);
        }
        Ok(Found { draws, verdict })
    }

    pub(super) fn check(&self) -> Result<()> {
        if let Some(parameters) = self.parameters {
            parameters.check()?;
            let (own, dim) = (parameters.dim(), self.proposal.dimension());
            if own != dim {
                return Err(Error::shape(format!(
                    "the proposal has dimension {dim}, the target has {}: give a proposal of as many",
                    shown::count(own, "parameter")
                )));
            }
        }
        if self.draws == 0 {
            return Err(Error::setting("no draws: ask for one or more"));
        }
        Ok(())
    }

    /// Weighted draws with the target's names.
    pub(super) fn weighed(&self, count: usize, seed: u64) -> Result<Weighted> {
        let proposed = self.proposal.propose(count, seed, None)?;
        let finer = sharper(self.proposal.accuracy());
        let again = finer.map(|finer| self.proposal.propose(count.min(AGAIN), seed, Some(finer)));
        let draws = weigh(self.seen(), proposed, again.transpose()?)?.draws;
        match self.names() {
            Some(names) => draws.named(names.to_vec()),
            None => Ok(draws),
        }
    }

    /// What draws say that the target has moved: the evidence, with the others, and the mean logarithm of weights.
    fn moved(&self, draws: &Weighted, rng: &mut ChaCha8Rng) -> Result<[Measured; 2]> {
        let count = (self.draws / 20).clamp(1, MOVED);
        let start = draws.resampled(count, rng);
        let way = Way::of(self.seen(), &draws.resampled(self.draws, rng))?;
        let moves = Moves { count: self.moves, fresh: None };
        let start = finite(&way.inside(&start)?);
        let (white, target) = roam(start, &|white| way.log_density(white), moves, rng)?;
        let (points, log_dets) = way.outside(&white)?;
        let proposal = self.proposal.log_density(&points)?;
        let proposal: Vec<f64> =
            proposal.iter().zip(&log_dets).map(|(log, det)| log + det).collect();
        // Where q cannot be computed nothing is known.
        let known: Vec<usize> = (0..proposal.len()).filter(|&j| !proposal[j].is_nan()).collect();
        let of = |values: &[f64]| known.iter().map(|&j| values[j]).collect::<Vec<f64>>();
        let (target, proposal) = (of(&target), of(&proposal));
        let told = Told { target: &target, proposal: &proposal, groups: known.len() };
        let evidence = bridge(draws, &told).unwrap_or(draws.log_evidence());
        Ok([evidence, told.mean_weight()])
    }
}

/// The columns without NaN and infinities.
fn finite(points: &DMatrix<f64>) -> DMatrix<f64> {
    let sound = |j: &usize| points.column(*j).iter().all(|value| value.is_finite());
    let kept: Vec<usize> = (0..points.ncols()).filter(sound).collect();
    points.select_columns(&kept)
}

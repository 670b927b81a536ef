//! Metropolis' algorithm with independent proposals: a chain whose steps a proposal makes and the target corrects.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

use super::chains::Chains;
use super::proposal::Proposal;
use super::sampling::Importance;
use super::weigh::{Weighed, weigh};
use crate::error::{Error, Result};
use crate::infer::Target;
use crate::real::portable::ln;

/// Chains of a target p whose next point x' is drawn from a proposal q, whatever x is, and taken with probability
/// min(1, w(x') / w(x)), w = p̃ / q (Metropolis-Hastings with an independent proposal; Tierney 1994, Markov chains for
/// exploring posterior distributions, Annals of Statistics 22, section 2.3.3).
///
/// It turns draws of a flow into draws of the target, however the flow is off, if only q is nowhere much smaller than p:
/// where it is, chains stand still, which [`Chains::effective_samples`] tells. Estimated log-densities stay with
/// their points, so that chains remain those of the target (Andrieu and Roberts 2009, The pseudo-marginal approach,
/// Annals of Statistics 37).
///
/// ```
/// use liouville::density::StudentT;
/// use liouville::infer::importance::Independence;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let wide: StudentT<f64> = StudentT::standard(1, 5.0)?;
/// let chains = Independence::of(|x| -0.5 * x[0] * x[0], &wide).run(&mut StdRng::seed_from_u64(1))?;
/// let square = chains.expectation(|x| x[0] * x[0]);
/// assert!((square.value - 1.0).abs() < 5.0 * square.standard_error);
/// assert!(chains.accepted() > 0.8 && chains.r_hat()[0] < 1.01);
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct Independence<'a, P: ?Sized> {
    sampling: Importance<'a, P>,
    chains: usize,
    draws: usize,
}

impl<'a, P: Proposal + ?Sized> Independence<'a, P> {
    /// Of a target with named parameters, which are what the proposal draws.
    pub fn new<Q: Target + ?Sized>(target: &'a Q, proposal: &'a P) -> Self {
        Self { sampling: Importance::new(target, proposal), chains: 4, draws: 2500 }
    }

    /// Of a log-density, unnormalised.
    pub fn of(log_density: impl Fn(&[f64]) -> f64 + Sync + 'a, proposal: &'a P) -> Self {
        Self { sampling: Importance::of(log_density, proposal), chains: 4, draws: 2500 }
    }

    /// The number of chains. Default: 4.
    pub fn chains(mut self, count: usize) -> Self {
        self.chains = count;
        self
    }

    /// The draws of each chain. Default: 2500.
    pub fn draws(mut self, count: usize) -> Self {
        self.draws = count;
        self
    }

    /// Runs the chains; each begins at a draw by its weight.
    ///
    /// # Errors
    ///
    /// As [`Importance::run`], and if there are no chains, or no draws of them.
    pub fn run<R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Chains> {
        self.sampling.check()?;
        if self.chains == 0 || self.draws == 0 {
            return Err(Error::setting("no chains, or no draws of them: ask for one or more"));
        }
        let mut own = ChaCha8Rng::from_seed(rng.random());
        let proposed =
            self.sampling.proposal().propose(self.chains * self.draws, own.random(), None)?;
        let Weighed { draws, kept } = weigh(self.sampling.seen(), proposed, None)?;
        // What cannot be weighed is never taken.
        let mut places = vec![None; self.chains * self.draws];
        kept.iter().enumerate().for_each(|(place, &j)| places[j] = Some(place));
        let starts = draws.chosen(self.chains, &mut own);
        let (mut visited, mut accepted) = (Vec::with_capacity(places.len()), 0);
        for (mut now, proposals) in starts.into_iter().zip(places.chunks(self.draws)) {
            for place in proposals {
                let lot: f64 = own.random();
                let weight = |place: usize| draws.log_weights()[place];
                if let Some(next) = place.filter(|&next| ln(lot) < weight(next) - weight(now)) {
                    now = next;
                    accepted += 1;
                }
                visited.push(now);
            }
        }
        let names = self.sampling.names().map_or(draws.names(), |names| names).to_vec();
        let accepted = f64::from(accepted) / visited.len() as f64;
        Ok(Chains::new(draws.points().select_columns(&visited), self.chains, names, accepted))
    }
}

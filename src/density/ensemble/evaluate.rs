//! Log-densities and scores of an ensemble with all that is known about them.

use nalgebra::{DMatrix, DVector};

use super::super::{Base, Evaluated, Pushforward, Scored};
use super::{Ensemble, columns, mix};
use crate::error::{Error, Result};
use crate::flow::{Flow, TrainableFlow};
use crate::outcome::{Effort, Outcome};
use crate::real::Real;

/// Log-densities of an ensemble with all that is known about them.
#[derive(Debug, Clone)]
pub struct Mixed<T: Real> {
    /// The log-density of each column by the mixture, in nats: minus infinity where it lies outside the
    /// supports of all members, NaN where a member failed.
    pub log_prob: DVector<T>,
    /// How far the members are apart in each column; see [`Ensemble::spread`].
    pub spread: DVector<T>,
    /// The log-density of each column by each member: members x n.
    pub members: DMatrix<T>,
    /// The standard error of each log-density, if members were told by name to estimate theirs: the root of
    /// Σ (wₖ pₖ / p)² eₖ² for members with errors eₖ.
    pub standard_error: Option<DVector<T>>,
    /// What became of each column: it failed if a member failed, and lies outside if it does for all.
    pub outcomes: Vec<Outcome>,
    /// The first member that failed in each column, if one did.
    pub culprits: Vec<Option<usize>>,
    /// What each column cost, by all members together.
    pub efforts: Vec<Effort>,
}

impl<B, F> Ensemble<Pushforward<B, F>> {
    /// The log-density of every column, with what became of it, what it cost, and how far the members are
    /// apart; see [`Pushforward::evaluate`].
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no column, or a setting is out of range.
    pub fn evaluate<T: Real>(
        &self,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Mixed<T>>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        let evaluate = |(k, member): (usize, &Pushforward<B, F>)| {
            member.evaluate(points, context).map_err(|error| self.blaming(error, &[k]))
        };
        let found: Result<Vec<Evaluated<T>>> =
            self.members.iter().enumerate().map(evaluate).collect();
        Ok(self.mix(&found?))
    }

    /// Members put together, column by column.
    fn mix<T: Real>(&self, found: &[Evaluated<T>]) -> Mixed<T> {
        let (count, all) = (found[0].log_prob.len(), found.len());
        let members = DMatrix::from_fn(all, count, |k, j| found[k].log_prob[j]);
        let culprit = |j: usize| found.iter().position(|one| one.outcomes[j].failure().is_some());
        let culprits: Vec<Option<usize>> = (0..count).map(culprit).collect();
        let each = |of: &dyn Fn(&[T]) -> f64| {
            DVector::from_iterator(count, columns(&members).map(|column| T::of(of(column))))
        };
        let outcomes = (0..count).map(|j| match culprits[j] {
            Some(k) => found[k].outcomes[j],
            None => together(&mut found.iter().map(|one| one.outcomes[j])),
        });
        Mixed {
            log_prob: each(&|column| mix::log_mean(column, &self.log_weights)),
            spread: each(&|column| mix::spread(column, &self.weights)),
            standard_error: self.standard_error(found, &members),
            outcomes: outcomes.collect(),
            culprits,
            efforts: (0..count).map(|j| found.iter().map(|one| one.efforts[j]).sum()).collect(),
            members,
        }
    }

    /// Independent errors of the members as one of the mixture; `None` if all members are exact.
    fn standard_error<T: Real>(
        &self,
        found: &[Evaluated<T>],
        members: &DMatrix<T>,
    ) -> Option<DVector<T>> {
        found.iter().find(|one| one.standard_error.is_some())?;
        let errors = columns(members).enumerate().map(|(j, column)| {
            let shares = mix::shares(column, &self.log_weights);
            let parts = found.iter().zip(shares).filter_map(|(one, share)| {
                Some((share * one.standard_error.as_ref()?[j].wide()).powi(2))
            });
            T::of(parts.sum::<f64>().sqrt())
        });
        Some(DVector::from_iterator(members.ncols(), errors))
    }

    /// The log-density of every column with its gradients: Σ rₖ sₖ for the scores sₖ of the members and their
    /// shares rₖ = wₖ pₖ / p of the density there; see [`Pushforward::score`].
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no column, or a setting is out of range.
    pub fn score<T: Real>(
        &self,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Scored<T>>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let score = |(k, member): (usize, &Pushforward<B, F>)| {
            member.score(points, context).map_err(|error| self.blaming(error, &[k]))
        };
        let found: Result<Vec<Scored<T>>> = self.members.iter().enumerate().map(score).collect();
        let (found, mixed) = {
            let found = found?;
            let evaluated: Vec<Evaluated<T>> = found.iter().map(without_score).collect();
            (found, self.mix(&evaluated))
        };
        let shares: Vec<Vec<f64>> =
            columns(&mixed.members).map(|column| mix::shares(column, &self.log_weights)).collect();
        let sum = |of: &dyn Fn(&Scored<T>) -> &DMatrix<T>| {
            DMatrix::from_fn(of(&found[0]).nrows(), points.ncols(), |i, j| {
                // A member without a share has no say, and outside its support no score.
                let parts = found.iter().zip(&shares[j]).filter(|(_, share)| **share != 0.0);
                let total = parts.map(|(one, share)| share * of(one)[(i, j)].wide()).sum();
                T::of(if mixed.outcomes[j].arrived() { total } else { f64::NAN })
            })
        };
        Ok(Scored {
            score: sum(&|one| &one.score),
            context_score: sum(&|one| &one.context_score),
            log_prob: mixed.log_prob,
            standard_error: mixed.standard_error,
            outcomes: mixed.outcomes,
            efforts: mixed.efforts,
        })
    }
}

/// What the members without a failure make of a column: it arrives if it does for one of them.
fn together(outcomes: &mut dyn Iterator<Item = Outcome>) -> Outcome {
    let mut last = Outcome::Arrived;
    for outcome in outcomes {
        if outcome.arrived() {
            return outcome;
        }
        last = outcome;
    }
    last
}

/// Log-densities that came with scores.
fn without_score<T: Real>(scored: &Scored<T>) -> Evaluated<T> {
    Evaluated {
        log_prob: scored.log_prob.clone(),
        standard_error: scored.standard_error.clone(),
        latent: DMatrix::zeros(0, 0),
        outcomes: scored.outcomes.clone(),
        efforts: scored.efforts.clone(),
    }
}

impl<T: Real> Mixed<T> {
    /// The log-densities, minus infinity outside the supports of all members, or an error that names the
    /// columns that failed, and by which members.
    ///
    /// # Errors
    ///
    /// If any column failed.
    pub fn none_failed(self) -> Result<DVector<T>> {
        let Some(error) = Error::from_failures(&self.outcomes) else { return Ok(self.log_prob) };
        let mut members: Vec<usize> = self.culprits.iter().flatten().copied().collect();
        members.sort_unstable();
        members.dedup();
        let advised = error.advising("`evaluate` gives the log-densities of the others");
        Err(super::in_members(advised, &members, self.members.nrows()))
    }
}

//! Ensembles: models trained on cross-fitted parts of the data, each judged by what it did not see.

use std::collections::HashSet;

use nalgebra::DMatrix;
use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::cross_fitted::{CrossFitted, EnsembleReport};
use super::defaults::MOST_HELD_OUT;
use super::judge::{Group, Judge, Panel};
use super::plan::{Judged, Plan};
use super::run::Outset;
use super::source::Seed;
use super::watch::Unwatched;
use super::{Muon, Objective, Optimizer, Pool, Report, Trainable, Trainer};
use crate::density::Ensemble;
use crate::error::{Error, Result};
use crate::real::Real;

/// A training run of several models; made by [`Trainer::ensemble`].
///
/// The columns of the data are divided into as many folds as there are members, of which each keeps 2000
/// columns at most: more are not needed to judge by. Member k learns from everything but the k-th fold, by which it is
/// judged: when to stop, and how much noise its samples bear. Every column of the data is used to learn from, up to
/// 2000 a member to judge by, and none for both by one member. The density is the mean of the
/// members'; it is better than a single model's where these differ, which is where rows are few: they are
/// then worth more than longer training.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let data: DMatrix<f32> = data::two_moons(0.1).sample(200, &mut rng)?;
/// let (ensemble, report) = Trainer::maximum_likelihood().steps(30).quiet().ensemble().members(3).fit(
///     |rng| {
///         let field = Mlp::new(2).hidden([16, 16]).build(rng)?;
///         Ok(StandardNormal::new(2).pushed_by(ContinuousFlow::new(field)))
///     },
///     &data,
///     &mut rng,
/// )?;
/// println!("{report}");
/// assert_eq!(ensemble.members().len(), 3);
/// let log_p = ensemble.log_prob(&data)?;
/// let error_bars = ensemble.spread(&data)?;
/// assert!(log_p.iter().chain(error_bars.iter()).all(|value| value.is_finite()));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ensembled<O, P = Muon> {
    trainer: Trainer<O, P>,
    members: Option<usize>,
}

impl<O, P> Trainer<O, P> {
    /// Trains several models with these settings, each on another part of the data; see [`Ensembled`].
    pub fn ensemble(self) -> Ensembled<O, P> {
        Ensembled { trainer: self, members: None }
    }
}

/// How many members an ensemble has by default: the fewer rows, the more a model lacks without one of them,
/// and the cheaper one is.
fn members_for(columns: usize) -> usize {
    match columns {
        0..1000 => 10,
        1000..5000 => 5,
        _ => 3,
    }
}

impl<O, P> Ensembled<O, P> {
    /// The number of members, and of folds. Default: 10, 5 from 1000 samples on, and 3 from 5000
    /// on.
    pub fn members(mut self, members: usize) -> Self {
        self.members = Some(members);
        self
    }

    /// Trains an ensemble on the columns of `data` (dim x n). `make` makes the model that each member starts as, with
    /// the random numbers that it is given.
    ///
    /// The members are trained on all threads, and the same data, settings and random generator give
    /// the same bits on any number of them.
    ///
    /// # Errors
    ///
    /// If there are fewer than two members, fewer samples than members, a share to hold out was set, which
    /// folds have in place of it, or `make` or the training of a member fails, as [`Trainer::fit`] does; the
    /// error says of which.
    pub fn fit<T, M, R>(
        &self,
        make: impl Fn(&mut Xoshiro256PlusPlus) -> Result<M> + Sync,
        data: &DMatrix<T>,
        rng: &mut R,
    ) -> Result<(Ensemble<M>, EnsembleReport)>
    where
        T: Real,
        M: Trainable<T> + Send,
        O: Objective<T, M>,
        P: Optimizer<T> + Sync,
        R: Rng + ?Sized,
    {
        self.fit_given(make, data, &DMatrix::zeros(0, data.ncols()), rng)
    }

    /// Trains an ensemble of conditional models: column `j` of `contexts` belongs to column `j` of `data`.
    ///
    /// # Errors
    ///
    /// As [`fit`](Ensembled::fit).
    pub fn fit_given<T, M, R>(
        &self,
        make: impl Fn(&mut Xoshiro256PlusPlus) -> Result<M> + Sync,
        data: &DMatrix<T>,
        contexts: &DMatrix<T>,
        rng: &mut R,
    ) -> Result<(Ensemble<M>, EnsembleReport)>
    where
        T: Real,
        M: Trainable<T> + Send,
        O: Objective<T, M>,
        P: Optimizer<T> + Sync,
        R: Rng + ?Sized,
    {
        let seed = Seed::draw(rng);
        let folds = self.folds(seed, data.ncols())?;
        let train = |k: usize| {
            let all = folds.len();
            let member = self.member(&make, [data, contexts], seed.member(k as u64), (k, &folds));
            member.map_err(|error| error.during(format!("member {k} of an ensemble of {all}")))
        };
        // All are trained even if one fails: which error is returned does not depend on threads.
        let trained: Vec<Result<_>> = (0..folds.len()).into_par_iter().map(train).collect();
        let (mut models, mut reports, mut losses) = (Vec::new(), Vec::new(), Vec::new());
        for member in trained {
            let (model, report, found) = member?;
            models.push(model);
            reports.push(report);
            losses.extend(found);
        }
        let held_out = CrossFitted::of(&losses);
        Ok((Ensemble::new(models)?, EnsembleReport { members: reports, folds, held_out }))
    }

    /// The columns of every fold, in a random order, as many as it takes to judge.
    fn folds(&self, seed: Seed, columns: usize) -> Result<Vec<Vec<usize>>> {
        let members = self.members.unwrap_or(members_for(columns));
        if members < 2 {
            return Err(Error::setting(format!(
                "an ensemble of {members}: give two members or more, or train a single model by `fit` without `ensemble`"
            )));
        }
        if columns < members {
            return Err(Error::empty(format!(
                "{columns} samples for an ensemble of {members}, each of which is judged by a fold that it does not learn from: give at least one sample for each member, or fewer members"
            )));
        }
        if let Some(share) = self.trainer.settings.held_out {
            return Err(Error::setting(format!(
                "a share of {share} was set to be held out, and each of {members} members holds out a fold: leave `held_out` away, and choose the folds by `members`"
            )));
        }
        let order = seed.split(columns);
        let fold =
            |k: usize| order.iter().skip(k).step_by(members).take(MOST_HELD_OUT).copied().collect();
        Ok((0..members).map(fold).collect())
    }

    /// Makes a member, trains it on all folds but its own, and judges it by that.
    fn member<T, M>(
        &self,
        make: &(impl Fn(&mut Xoshiro256PlusPlus) -> Result<M> + Sync),
        data: [&DMatrix<T>; 2],
        seed: Seed,
        (own, folds): (usize, &[Vec<usize>]),
    ) -> Result<(M, Report, Vec<Group>)>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        let mut model = make(&mut seed.start()).map_err(|error| error.during("making it"))?;
        self.trainer.check(&model, data)?;
        let held: HashSet<usize> = folds[own].iter().copied().collect();
        let trained = (0..data[0].ncols()).filter(|column| !held.contains(column)).collect();
        let division = Some([folds[own].clone(), trained]);
        let plan = Plan::of(&self.trainer, &model, data, Judged::Fold(folds[own].len()))?;
        let outset = Outset { seed, division, member: Some(own) };
        let report = self.trainer.begin(&mut model, data, outset, plan, &mut Unwatched)?;
        let (objective, pool) = (&self.trainer.objective, &Pool::new());
        let judge = Judge { objective, model: &model, pool, accuracy: None };
        let losses = judge.groups(&[&Panel::new(true, data, &folds[own])])?;
        Ok((model, report, losses))
    }
}

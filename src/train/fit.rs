//! Training itself: what a trainer does with a model and data.

#[cfg(feature = "save")]
use std::path::Path;

use nalgebra::DMatrix;
use rand::Rng;

use super::intake::check_data;
use super::keeping::{Keeping, earlier};
use super::plan::{Judged, Plan};
use super::run::{Outset, Run};
use super::source::Seed;
use super::subject::Subject;
use super::watch::{Unwatched, Watch};
use super::{Checkpoint, Noise, Objective, Optimizer, Report, Trainable, Trainer};
use crate::error::{Error, Result};
use crate::real::Real;

impl<O, P> Trainer<O, P> {
    /// Trains `model` on the columns of `data` (dim x n). Afterwards the model has the parameters
    /// that did best on the held-out samples.
    ///
    /// Steps that fail, make the loss jump or the field stiff, while their mini-batch was harmless a few steps
    /// before, are taken back: from up to sixteen steps before on, training goes on at half the learning rate,
    /// and the [report](Report::events) says so.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there are too few samples, a value is NaN or infinite, a sample lies
    /// outside the support of the model, or a setting is out of range: all this is looked at before
    /// the first step. And if training meets a loss that cannot be computed or is infinite: the
    /// error names the sample and the reason, the model keeps the best parameters so far, and
    /// [`Report::of`] takes the curves from the error. Columns and rows are named as they were given.
    pub fn fit<T, M, R>(&self, model: &mut M, data: &DMatrix<T>, rng: &mut R) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
        R: Rng + ?Sized,
    {
        self.fit_given(model, data, &DMatrix::zeros(0, data.ncols()), rng)
    }

    /// Trains a conditional model: column `j` of `contexts` belongs to column `j` of `data`.
    ///
    /// # Errors
    ///
    /// As [`fit`](Trainer::fit).
    pub fn fit_given<T, M, R>(
        &self,
        model: &mut M,
        data: &DMatrix<T>,
        contexts: &DMatrix<T>,
        rng: &mut R,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
        R: Rng + ?Sized,
    {
        self.fit_watched(model, [data, contexts], rng, &mut Unwatched)
    }

    pub(super) fn fit_watched<T, M, R>(
        &self,
        model: &mut M,
        [data, contexts]: [&DMatrix<T>; 2],
        rng: &mut R,
        watch: &mut impl Watch<T, M>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
        R: Rng + ?Sized,
    {
        self.check(model, [data, contexts])?;
        let plan = Plan::of(self, model, [data, contexts], Judged::Share)?;
        let outset = Outset::of(Seed::draw(rng));
        self.begin(model, [data, contexts], outset, plan, watch)
    }

    /// Goes on with a run from where it stood: `model`, made the same way as that of the checkpoint, is
    /// trained on the same data, and has the parameters afterwards that the run would have given it
    /// without an interruption, bit for bit. The report has the curves from the first step on.
    ///
    /// Where there is a [time limit](Trainer::seconds), the time before the interruption counts.
    ///
    /// # Errors
    ///
    /// As [`fit`](Trainer::fit), and if model, data or settings are not those of the checkpoint: the error
    /// says what differs.
    pub fn resume<T, M>(
        &self,
        checkpoint: &Checkpoint<T>,
        model: &mut M,
        data: &DMatrix<T>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        self.resume_given(checkpoint, model, data, &DMatrix::zeros(0, data.ncols()))
    }

    /// Goes on with a run of a conditional model.
    ///
    /// # Errors
    ///
    /// As [`resume`](Trainer::resume).
    pub fn resume_given<T, M>(
        &self,
        checkpoint: &Checkpoint<T>,
        model: &mut M,
        data: &DMatrix<T>,
        contexts: &DMatrix<T>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        self.resume_watched(checkpoint, model, [data, contexts], &mut Unwatched)
    }

    pub(super) fn resume_watched<T, M>(
        &self,
        checkpoint: &Checkpoint<T>,
        model: &mut M,
        data: [&DMatrix<T>; 2],
        watch: &mut impl Watch<T, M>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        self.check(model, data)?;
        let plan = Plan::of(self, model, data, Judged::Share)?;
        let outset = Outset::of(Seed(checkpoint.seed));
        self.go_on(checkpoint, model, data, outset, plan, watch)
    }

    /// A run from its first step on, or from where an earlier one stood, if the trainer was told to look for it.
    pub(super) fn begin<T, M>(
        &self,
        model: &mut M,
        data: [&DMatrix<T>; 2],
        outset: Outset,
        plan: Plan,
        watch: &mut impl Watch<T, M>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        if let Some(earlier) = earlier(&self.settings, outset.member)? {
            let outset = outset.like(Seed(earlier.seed))?;
            return self.go_on(&earlier, model, data, outset, plan, watch);
        }
        let mut watch = Keeping::new(&self.settings, outset.member, watch)?;
        Run::new(self, model, data, outset, plan)?.train(&mut watch)
    }

    fn go_on<T, M>(
        &self,
        checkpoint: &Checkpoint<T>,
        model: &mut M,
        data: [&DMatrix<T>; 2],
        outset: Outset,
        plan: Plan,
        watch: &mut impl Watch<T, M>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        let own = Subject::of(self, model, data, plan.choices);
        checkpoint.subject.check_like(&Subject { divided: outset.divided(), ..own })?;
        let mut watch = Keeping::new(&self.settings, outset.member, watch)?;
        let run = Run::new(self, model, data, outset, plan)?;
        run.resumed(checkpoint)?.train(&mut watch)
    }

    /// As [`resume`](Trainer::resume), from the file of a checkpoint, or from the newest in a folder of
    /// [`Checkpoints`](super::Checkpoints).
    ///
    /// # Errors
    ///
    /// As [`resume`](Trainer::resume), and if there is no checkpoint, or it cannot be read.
    #[cfg(feature = "save")]
    pub fn resume_from<T, M>(
        &self,
        place: impl AsRef<Path>,
        model: &mut M,
        data: &DMatrix<T>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        self.resume(&Checkpoint::at(place.as_ref())?, model, data)
    }

    /// As [`resume_given`](Trainer::resume_given), from a file or a folder.
    ///
    /// # Errors
    ///
    /// As [`resume_from`](Trainer::resume_from).
    #[cfg(feature = "save")]
    pub fn resume_from_given<T, M>(
        &self,
        place: impl AsRef<Path>,
        model: &mut M,
        data: &DMatrix<T>,
        contexts: &DMatrix<T>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        self.resume_given(&Checkpoint::at(place.as_ref())?, model, data, contexts)
    }

    /// What is looked at before the first step.
    pub(super) fn check<T, M>(&self, model: &M, data: [&DMatrix<T>; 2]) -> Result<()>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        self.settings.check()?;
        self.optimizer.check()?;
        self.objective.check()?;
        model.check()?;
        self.objective.check_model(model)?;
        if model.layout().is_empty() {
            return Err(Error::setting(
                "the model has no parameters to train: thaw a link or the base, or take a flow or a base that has some",
            ));
        }
        if self.settings.noise.is_some_and(|noise| noise != Noise::None) && !model.takes_noise() {
            return Err(Error::setting(
                "noise on the samples would carry some of them over the bounds of the model's support, or around a circle: train without noise, or on coordinates that are free and take the model to the bounds afterwards",
            ));
        }
        check_data(model, data)
    }
}

//! Training that is judged by samples of the caller's choice.

use std::ops::ControlFlow;

use nalgebra::DMatrix;
use rand::Rng;

use super::plan::{Judged, Plan};
use super::run::Outset;
use super::source::Seed;
use super::watch::{Standing, Watch};
use super::{Objective, Optimizer, Report, StepReport, Trainable, Trainer};
use crate::error::{Error, Result};
use crate::real::Real;

impl<O, P> Trainer<O, P> {
    /// Trains on all columns of `data`, and judges by those of `valid`: when to stop, which parameters to keep,
    /// and how much noise the samples bear. Each is samples (dim x n) with their contexts (context_dim x n, none
    /// if the model reads none).
    /// `after` sees every step and the report so far, and may end the run.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use liouville::nalgebra::DMatrix;
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let moons = data::two_moons(0.1);
    /// let [train, valid]: [DMatrix<f64>; 2] = [moons.sample(400, &mut rng)?, moons.sample(100, &mut rng)?];
    /// let field = Mlp::new(2).hidden([8, 8]).build(&mut rng)?;
    /// let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    /// let [none, no_others] = [400, 100].map(|count| DMatrix::zeros(0, count));
    /// let trainer = Trainer::maximum_likelihood().steps(30).quiet();
    /// let report =
    ///     trainer.fit_judged_by(&mut model, [&train, &none], [&valid, &no_others], &mut rng, |_, _| {
    ///         ControlFlow::Continue(())
    ///     })?;
    /// let best = report.best.expect("checks");
    /// assert!((best.loss + model.log_prob(&valid)?.mean()).abs() < 0.02);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`fit`](Trainer::fit), and if there is no sample to judge by, or a share of the data was set to be held
    /// out as well.
    pub fn fit_judged_by<T, M, R>(
        &self,
        model: &mut M,
        data: [&DMatrix<T>; 2],
        valid: [&DMatrix<T>; 2],
        rng: &mut R,
        after: impl FnMut(&StepReport, &Report) -> ControlFlow<()>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
        R: Rng + ?Sized,
    {
        if let Some(share) = self.settings.held_out {
            return Err(Error::setting(format!(
                "a share of {share} was set to be held out, and samples to judge by were given: leave one of them away"
            )));
        }
        for (what, part) in [("to train on", data), ("to judge by", valid)] {
            if part[0].ncols() == 0 {
                return Err(Error::empty(format!("there is no sample {what}: give a column each")));
            }
            self.check(model, part).map_err(|error| error.during(format!("the samples {what}")))?;
        }
        let (trained, held) = (data[0].ncols(), valid[0].ncols());
        let both = [0, 1].map(|k| beside(data[k], valid[k]));
        let both = [&both[0], &both[1]];
        let plan = Plan::of(self, model, both, Judged::Given(held))?;
        let division = Some([(trained..trained + held).collect(), (0..trained).collect()]);
        let outset = Outset { seed: Seed::draw(rng), division, member: None };
        self.begin(model, both, outset, plan, &mut Told(after))
    }
}

/// The columns of one matrix, and behind them those of another.
fn beside<T: Real>(one: &DMatrix<T>, other: &DMatrix<T>) -> DMatrix<T> {
    let mut both = DMatrix::zeros(one.nrows(), one.ncols() + other.ncols());
    both.columns_mut(0, one.ncols()).copy_from(one);
    both.columns_mut(one.ncols(), other.ncols()).copy_from(other);
    both
}

/// Every step is told to this.
struct Told<F>(F);

impl<T, M, F> Watch<T, M> for Told<F>
where
    T: Real,
    F: FnMut(&StepReport, &Report) -> ControlFlow<()>,
{
    fn after(
        &mut self,
        step: &StepReport,
        standing: &dyn Standing<T, M>,
    ) -> Result<ControlFlow<()>> {
        Ok((self.0)(step, standing.report()))
    }
}

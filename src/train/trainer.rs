//! The settings of a training run.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

#[cfg(feature = "save")]
use super::Checkpoints;
use super::settings::Settings;
use super::{FlowMatching, MaximumLikelihood, Muon, Noise, Pairing, Regularised, Schedule};

/// A training run: an objective, an optimiser, and how often what is done.
///
/// The same data, settings and random generator give the same parameters, bit for bit, on any
/// number of threads.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let data: DMatrix<f32> = StandardNormal::new(2).sample(500, &mut rng)?;
/// let field = Mlp::new(2).hidden([16, 16]).build(&mut rng)?;
/// let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
/// let report = Trainer::maximum_likelihood().steps(20).quiet().fit(&mut model, &data, &mut rng)?;
/// assert_eq!(report.steps.len(), 20);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Trainer<O, P = Muon> {
    pub(super) objective: O,
    pub(super) optimizer: P,
    pub(super) settings: Settings,
}

impl Trainer<MaximumLikelihood> {
    /// Minimises the negative log-likelihood.
    pub fn maximum_likelihood() -> Self {
        Self::new(MaximumLikelihood)
    }
}

/// Regularisation of maximum likelihood, for continuous flows; see [`Regularised`].
impl<O: Into<Regularised>, P> Trainer<O, P> {
    /// Penalises the kinetic energy ∫ |f|² dt of every sample with this weight, such as 0.01.
    pub fn kinetic_energy(self, weight: f64) -> Trainer<Regularised, P> {
        self.regularised(|objective| objective.kinetic_energy = weight)
    }

    /// Penalises ∫ |∂f/∂x|² dt along the way of every sample with this weight, such as 0.01.
    pub fn jacobian_norm(self, weight: f64) -> Trainer<Regularised, P> {
        self.regularised(|objective| objective.jacobian_norm = weight)
    }

    /// Lets the data of every mini-batch lie at a random time, up to this share of the span before
    /// or behind its end, such as 0.25.
    pub fn steer(self, share: f64) -> Trainer<Regularised, P> {
        self.regularised(|objective| objective.steer = share)
    }

    fn regularised(self, set: impl FnOnce(&mut Regularised)) -> Trainer<Regularised, P> {
        self.with_objective(|objective| {
            let mut objective = objective.into();
            set(&mut objective);
            objective
        })
    }
}

impl Trainer<FlowMatching> {
    /// Fits the velocity to straight paths between independent samples of base and data.
    pub fn flow_matching() -> Self {
        Self::new(FlowMatching::default())
    }

    /// How times crowd towards the data; see [`FlowMatching::crowding`]. Default: 2.
    pub fn crowding(mut self, crowding: f64) -> Self {
        self.objective.crowding = crowding;
        self
    }

    /// How noise is paired with data.
    pub fn pairing(mut self, pairing: Pairing) -> Self {
        self.objective.pairing = pairing;
        self
    }
}

impl<O> Trainer<O> {
    /// Minimises any objective.
    pub fn new(objective: O) -> Self {
        Self { objective, optimizer: Muon::default(), settings: Settings::default() }
    }

    /// The decoupled weight decay (Loshchilov and Hutter 2019): this share of every parameter is taken off
    /// in every step, times the learning rate. Default: that of [`Muon::weight_decay`].
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.optimizer.weight_decay = Some(decay);
        self
    }
}

impl<O, P> Trainer<O, P> {
    /// The number of steps, exactly: the learning rate then falls as half a cosine over all of them. Default: as
    /// many as lower the held-out loss, in [cycles](Schedule::cycles): after a first of 1000 to 4000 steps
    /// (by dimension and kind of training) another of twice as many follows if its second half lowered the
    /// held-out loss by more than 0.025 nats and two standard errors, and then perhaps a third, if that gained half as much. Where [`Noise::Chosen`] falls over them there are 600. Members of
    /// an [ensemble](Trainer::ensemble) of continuous flows in more than four dimensions take 2200: what they would gain by
    /// more, their mean loses, since they then err alike.
    pub fn steps(mut self, steps: usize) -> Self {
        self.settings.steps = Some(steps);
        self
    }

    /// A time limit: one decay of the learning rate, which begins early enough to end within so many seconds.
    /// Default: none.
    ///
    /// The number of steps then depends on the machine, and the trained parameters with it; the report has
    /// the [schedule](super::Report::schedule) that repeats them.
    ///
    /// ```
    /// use liouville::nalgebra::DMatrix;
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let data: DMatrix<f64> = data::two_moons(0.1).sample(500, &mut StdRng::seed_from_u64(1))?;
    /// let train = |trainer: Trainer<_>| -> liouville::Result<_> {
    ///     let mut rng = StdRng::seed_from_u64(2);
    ///     let field = Mlp::new(2).hidden([8, 8]).build(&mut rng)?;
    ///     let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    ///     let report = trainer.quiet().fit(&mut model, &data, &mut rng)?;
    ///     Ok((report, model.log_prob(&data)?))
    /// };
    /// let (report, limited) = train(Trainer::maximum_likelihood().seconds(0.2))?;
    /// let again = Trainer::maximum_likelihood().schedule(report.schedule).steps(report.steps.len());
    /// assert_eq!(limited, train(again)?.1);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn seconds(mut self, limit: f64) -> Self {
        self.settings.seconds = Some(limit);
        self
    }

    /// The number of samples in a mini-batch. Default: where equations are solved 128 in up to four dimensions, and 64
    /// where noise [is chosen](Noise::Chosen) by default; 256 elsewhere; or all if there are fewer.
    pub fn batch(mut self, samples: usize) -> Self {
        self.settings.batch = Some(samples);
        self
    }

    /// The full learning rate. Default: that of the [optimiser](super::Optimizer::learning_rate).
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.settings.learning_rate = Some(rate);
        self
    }

    /// The learning rate from step to step. Default: 50 steps of warm-up, at most a quarter of all, then half a
    /// cosine down to one percent, over all [steps](Trainer::steps) or in cycles.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings.schedule = Some(schedule);
        self
    }

    /// The largest global norm of a gradient; longer ones are shortened. Default: 10.
    pub fn clip(mut self, norm: f64) -> Self {
        self.settings.clip = Some(norm);
        self
    }

    /// The share of the samples that is held out to choose the parameters by. Default: 0.1, at most 2000
    /// samples. With 0 nothing is held out, and the last parameters are kept.
    pub fn held_out(mut self, share: f64) -> Self {
        self.settings.held_out = Some(share);
        self
    }

    /// The number of steps between checks on the held-out samples. Default: few at first, as small tables
    /// are soon overfitted, then 50, or more where checks would take more than some hundredths of the time.
    pub fn check_every(mut self, steps: usize) -> Self {
        self.settings.check_every = Some(steps);
        self
    }

    /// Stops after this many checks without an improvement; unless they are asked for by
    /// [`check_every`](Trainer::check_every), those of the first hundred steps do not count. Default: never
    /// where [`steps`](Trainer::steps) are given, else after half a cycle, and after ten checks where noise falls.
    pub fn patience(mut self, checks: usize) -> Self {
        self.settings.patience = Some(checks);
        self
    }

    /// The tolerance of the solves behind gradients, in place of the flow's own. Default: 1e-3.
    ///
    /// Checks are at the flow's own tolerance, or at 1e-4 where that is looser or the solver takes fixed
    /// steps. Where the loss by the one is not that by the other to 0.02 nats, the run tightens the tolerance of
    /// gradients tenfold, and its report says so.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.settings.tolerance = Some(tolerance);
        self
    }

    /// Checks and keeps an exponential moving average of the parameters with this decay in place of the
    /// last ones. Default: 0.99. With 0 the last ones are kept.
    pub fn average(mut self, decay: f64) -> Self {
        self.settings.average = Some(decay);
        self
    }

    /// Starts from the model as it is. By default what depends on data, and has neither learnt nor been given,
    /// is set by the samples that are trained on before the first step, once: the
    /// [`Frame`](crate::flow::continuous::Frame) of a continuous flow whose network is as it was drawn, and the
    /// scales of [`ActNorm`](crate::flow::layers::ActNorm) that are still zero.
    pub fn keep_start(mut self) -> Self {
        self.settings.keep_start = true;
        self
    }

    /// Adds noise to the samples of every step, of a number of deviations such as 0.1; see [`Noise`], which
    /// also says what it does to the density. Default: [`Noise::Chosen`] by likelihood of fewer than a hundred
    /// samples a dimension, and none of more, with contexts, without held-out samples, beside outliers, and where a
    /// support has bounds or goes around a circle.
    pub fn noise(mut self, noise: impl Into<Noise>) -> Self {
        self.settings.noise = Some(noise.into());
        self
    }

    /// Adds noise of this many deviations to the contexts of every step, too: what is learnt at a context then
    /// holds for those around it, as if it had been averaged over them. Default: none.
    pub fn context_noise(mut self, deviations: f64) -> Self {
        self.settings.context_noise = deviations;
        self
    }

    /// Keeps checkpoints of the run as files, from which it can go on after an interruption; see [`Checkpoints`].
    /// Members of an [ensemble](Trainer::ensemble) keep theirs in folders `member-0`, `member-1`, ....
    #[cfg(feature = "save")]
    pub fn checkpoints(mut self, checkpoints: Checkpoints) -> Self {
        self.settings.checkpoints = Some(checkpoints);
        self
    }

    /// Ends the run after the step in which this flag is raised, from another thread or a handler of signals: the
    /// model has the best parameters so far, the report says [`Stop::Asked`](super::Stop::Asked), and a last
    /// checkpoint is kept if any are.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// use liouville::nalgebra::DMatrix;
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    /// use liouville::train::Stop;
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let data: DMatrix<f64> = data::two_moons(0.1).sample(300, &mut rng)?;
    /// let field = Mlp::new(2).hidden([8, 8]).build(&mut rng)?;
    /// let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    /// let stop = Arc::new(AtomicBool::new(false));
    /// let trainer = Trainer::maximum_likelihood().quiet().stop_when(stop.clone());
    /// let raise = std::thread::spawn(move || stop.store(true, Ordering::Relaxed));
    /// let report = trainer.fit(&mut model, &data, &mut rng)?;
    /// assert_eq!(report.stop, Stop::Asked);
    /// # raise.join().ok();
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn stop_when(mut self, flag: Arc<AtomicBool>) -> Self {
        self.settings.stop = Some(flag);
        self
    }

    /// Shows no progress bar.
    pub fn quiet(mut self) -> Self {
        self.settings.progress = false;
        self
    }

    /// The same run of another objective.
    fn with_objective<Q>(self, change: impl FnOnce(O) -> Q) -> Trainer<Q, P> {
        let Self { objective, optimizer, settings } = self;
        Trainer { objective: change(objective), optimizer, settings }
    }

    /// Another optimiser.
    pub fn optimizer<Q>(self, optimizer: Q) -> Trainer<O, Q> {
        let Self { objective, settings, .. } = self;
        Trainer { objective, optimizer, settings }
    }
}

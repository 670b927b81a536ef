//! What is chosen where nothing was told, by dimension, rows and kind of training.

use super::Noise;

/// What is learnt, from how much: by this an [optimiser](super::Optimizer) chooses what it was not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// The dimension of the samples.
    pub dim: usize,
    /// The number of samples, those that are held out included.
    pub rows: usize,
    /// The number of context values of each.
    pub context_dim: usize,
    /// Whether noise may be put on the samples.
    pub free: bool,
    /// What a step does.
    pub kind: Kind,
}

/// What a step of training does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An equation is solved for every sample.
    Solved,
    /// Samples move in closed form.
    Closed,
    /// A field is evaluated once for every sample.
    Matched,
}

/// The choices of a trainer that was told nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Defaults {
    /// The number of samples in a mini-batch.
    pub batch: usize,
    /// The decay of the moving average of the parameters.
    pub average: f64,
    /// The largest norm of a gradient.
    pub clip: f64,
    /// The tolerance of gradients.
    pub tolerance: f64,
    /// The number of samples that are held out.
    pub held_out: usize,
    /// The number of steps of the first cycle, after which it is asked whether another would help.
    pub steps: usize,
    /// The largest number of steps.
    pub most_steps: usize,
    /// The number of steps of a run that does not find it by itself.
    pub fixed: Option<usize>,
    /// The least number of steps between checks, once the first are over.
    pub interval: usize,
    /// The noise on the samples, if any are held out.
    pub noise: Noise,
}

/// The most samples that are held out unasked: they tell losses apart to a hundredth of a nat.
pub(super) const MOST_HELD_OUT: usize = 2000;
/// How many times the first cycle a run may be long: three cycles.
const LONGEST: usize = 7;
/// Up to which dimension fields are narrow, and learn by large steps.
const NARROW: usize = 32;
/// The number of steps of a member of an ensemble in more than four dimensions. Members that stop before they know their
/// own samples by heart differ in what they get wrong, which their mean takes away: those that went on to 4500
/// steps came to 3.74 nats each on MAGIC (seed 100), and three of them together to no less than 3.69; of 2200 steps they have
/// 3.81 to 3.85, and together 3.59; of 1500, 3.91 to 3.96 and 3.73.
const MEMBER: usize = 2200;
/// The share of the decay of a run within a time limit.
pub(super) const HASTENED: f64 = 0.6;

/// Up to how many samples a dimension noise serves.
const FEW: usize = 100;
/// The number of steps in which noise falls, where its size is chosen on the way.
pub(super) const FALLING: usize = 600;
/// The number of checks without an improvement after which noise has fallen too far.
pub(super) const FALLING_PATIENCE: usize = 10;
/// The least number of steps between checks on this way.
pub(super) const CLOSE: usize = 16;

/// The tolerance of checks where a flow's own is looser, or is not known.
pub(super) const HONEST: f64 = 1e-4;
/// By how much losses at two tolerances may differ, in nats.
pub(super) const TOLERATED: f64 = 0.02;
/// The most samples whose loss is computed at two tolerances.
pub(super) const MOST_COMPARED: usize = 512;
/// How many of the last steps say what is usual.
pub(super) const USUAL: usize = 64;
/// Above how many times the usual number of evaluations, and above how many, a field is stiff.
pub(super) const STIFF: [f64; 2] = [6.0, 150.0];
/// Above how many it is stiff however slowly it came to that, unless it was so from the start.
pub(super) const STIFFEST: f64 = 300.0;
/// By how many times one more than its usual size a loss jumps.
pub(super) const JUMP: f64 = 10.0;
/// The number of steps from waypoint to waypoint.
pub(super) const WAYPOINTS: usize = 16;
/// How often a run goes back to a waypoint.
pub(super) const MOST_REFUSED: usize = 6;
/// What a held-out sample of a check costs, in gradients of a sample.
pub(super) const CHECK_COST: f64 = 0.5;
/// The share of the time of training that checks may take, once the first are over.
pub(super) const CHECK_SHARE: f64 = 0.07;
/// By how much the second half of the first cycle must lower the held-out loss for another to follow, in nats, and
/// that of another, which begins at half the rate, by half of that: two moons, rings and their like fall by 0.005 to
/// 0.014, and are then learnt; a checkerboard falls by 0.05, then by 0.02, and goes on falling.
pub(super) const LEAST_GAIN: f64 = 0.025;
/// And in standard errors of the difference.
pub(super) const LEAST_ERRORS: f64 = 2.0;

/// The rates of [`Muon`](super::Muon). Where rows are few, in ensembles of ten in a frame as of today (means of five folds,
/// seed 100; nats, seconds a fold):
///
/// | width, batch, rate, weight decay | wine | breast cancer | penguins |
/// | --- | --- | --- | --- |
/// | 64, 256, 4e-2, 0 | 13.92, 5.2 | | 3.60, 7.1 |
/// | 32, 256, 4e-2, 0 | 13.84, 1.9 | -2.34, 6.4 (batch 128) | 3.57, 2.3 |
/// | 64, 64, 2e-2, 0.05 | 13.72, 2.2 | -3.05, 5.5 | 3.56, 2.7 |
/// | 64, 64, 2e-2, 0.2 or 0.3 | 13.64, 2.2 | | 3.54, 2.8 |
/// | 64, 64, 2e-2, 0.6 | 13.68, 2.0 | | |
///
/// The normal densities have 15.7, 11.4 and 4.5; with every choice left out seeds 0 to 4 have 13.62 and 3.53 of wine
/// and penguins (medians; 2.1 and 2.7 s a fold), seed 100 -3.61 of breast cancer (5.1 s). Of penguins it is not the
/// choices that are missing: 20 members, 1200 steps, rates of 1e-2, decays of 0.6, first layers of a
/// third, and one size of noise for all members come to 3.52 to 3.54, and the best of all steps by the test itself to 3.52.
/// Of MAGIC (ten columns, 15,200 rows, 1500 steps) decays of 0, 0.01, 0.03 and 0.1 give 4.01, 3.96, 3.95 and 4.06
/// nats. In the plane they are no help: pinwheel 0.0139, 0.0143 and 0.0175 by 0, 0.005 and 0.02. Nor are rates of
/// 1.5e-2 to 3e-2, 24 or 48 units, 96 or 256 samples, batches that grow, noise of 0.01 or 0.025, or longer averages:
/// 0.009 of the 0.014 nats are between the samples and fresh ones. Splines on MAGIC get lost from 4e-2 on, at 7.9 nats,
/// and end at 3.38 from 1e-2 in 9.3 s.
///
/// Digits (64 dimensions, seed 100, pictures held out) come by likelihood to 2.42 bits a pixel from 2e-2 with a decay
/// of 0.3, in 11 s, to 2.47 from 1e-2, and become stiff from 4e-2 with 0.03. By flow matching in 4000 steps they get
/// lost from 4e-2 on, at 2.89, and end at 2.51 from 2e-2, and at 2.42 in the frame of today.
impl Task {
    /// Whether samples are so few that noise on them, of a size that is chosen, serves.
    pub(super) fn is_smoothed(&self) -> bool {
        let likelihood = self.free && self.context_dim == 0 && self.kind != Kind::Matched;
        likelihood && self.rows < FEW * self.dim
    }

    /// The learning rate.
    pub(super) fn rate(&self) -> f64 {
        match self.kind {
            Kind::Closed => 1e-2,
            _ if self.dim > NARROW || self.is_smoothed() => 2e-2,
            _ => 4e-2,
        }
    }

    /// The weight decay.
    pub(super) fn decay(&self) -> f64 {
        match self.kind {
            Kind::Solved if self.dim > NARROW || self.is_smoothed() => 0.3,
            Kind::Solved if self.dim > 4 => 0.03,
            _ => 0.0,
        }
    }
}

impl Defaults {
    /// For a member of an ensemble.
    pub fn of_member(task: Task) -> Self {
        let many = task.kind == Kind::Solved && task.dim > 4 && !task.is_smoothed();
        Self { fixed: many.then_some(MEMBER), ..Self::of(task) }
    }

    /// For a model by itself.
    pub fn of(task: Task) -> Self {
        let Task { dim, rows, kind, .. } = task;
        let smoothed = task.is_smoothed();
        let (batch, steps) = match kind {
            Kind::Solved if smoothed => (64, 2000),
            Kind::Solved if dim <= 4 => (128, 2000),
            Kind::Solved => (256, 1500),
            Kind::Closed => (256, 1000),
            Kind::Matched => (256, 4000),
        };
        Self {
            batch,
            average: 0.99,
            clip: 10.0,
            tolerance: 1e-3,
            held_out: ((rows as f64 * 0.1).round() as usize).clamp(1, MOST_HELD_OUT),
            steps,
            most_steps: LONGEST * steps,
            fixed: None,
            interval: 50,
            noise: if smoothed { Noise::Chosen } else { Noise::None },
        }
    }
}

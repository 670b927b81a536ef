//! Flows as candidates: which, and how they are trained.

use std::ops::ControlFlow;

use nalgebra::DMatrix;
use rand::rngs::Xoshiro256PlusPlus;

use super::FlowChoice;
use super::settings::Choices;
use crate::density::{Pushforward, StandardNormal};
use crate::error::Result;
use crate::field::Mlp;
use crate::flow::{AnyFlow, ContinuousFlow, Stack};
#[cfg(feature = "save")]
use crate::train::Checkpoints;
use crate::train::{MaximumLikelihood, Report, StepReport, Trainer};

/// A flow as it is trained.
pub(super) type Trainee = Pushforward<StandardNormal, AnyFlow<f32>>;

/// From how many rows on, and how many a column, splines learn more than continuous flows.
const MANY: [usize; 2] = [1000, 100];

impl FlowChoice {
    /// What is meant for so many columns and rows; `None` if no flow is.
    pub(super) fn resolved(self, dim: usize, rows: usize) -> Option<Self> {
        let [most, each] = MANY;
        match self {
            Self::None => None,
            Self::Auto if dim >= 2 && rows >= most && rows >= each * dim => Some(Self::Spline),
            // What bends cannot be seen where the rows do not even span the columns.
            Self::Auto if rows <= dim => None,
            Self::Auto => Some(Self::Continuous),
            told => Some(told),
        }
    }

    /// A flow of this kind as training begins with it.
    pub(super) fn make(
        self,
        [dim, context_dim]: [usize; 2],
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Trainee> {
        let stack = match self {
            Self::Spline => Stack::spline_coupling(dim),
            Self::RealNvp => Stack::real_nvp(dim),
            Self::Maf => Stack::maf(dim),
            Self::Auto | Self::Continuous | Self::None => {
                let field: Mlp<f32> = Mlp::new(dim).context(context_dim).build(rng)?;
                let flow = AnyFlow::new(ContinuousFlow::new(field));
                return Ok(StandardNormal::new(dim).pushed_by(flow));
            }
        };
        let flow = AnyFlow::new(stack.context(context_dim).build(rng)?);
        Ok(StandardNormal::new(dim).pushed_by(flow))
    }
}

/// The folder of a member of a contest.
#[cfg(feature = "save")]
fn folder(all: &Checkpoints, part: usize, member: usize) -> Checkpoints {
    all.within(&format!("part-{part}")).within(&format!("member-{member}"))
}

/// Whether flows of a contest go on from where they stood.
pub(super) fn is_begun(choices: &Choices, part: usize) -> Result<bool> {
    #[cfg(feature = "save")]
    if let Some(all) = &choices.checkpoints {
        return all.within(&format!("part-{part}")).is_begun();
    }
    let _ = (choices, part);
    Ok(false)
}

/// What trains a member of a contest.
pub(super) fn trainer(
    choices: &Choices,
    seconds: Option<f64>,
    [part, member]: [usize; 2],
) -> Trainer<MaximumLikelihood> {
    let mut trainer = Trainer::maximum_likelihood().quiet();
    if let Some(steps) = choices.steps {
        trainer = trainer.steps(steps);
    }
    if let Some(seconds) = seconds {
        trainer = trainer.seconds(seconds);
    }
    #[cfg(feature = "save")]
    if let Some(all) = &choices.checkpoints {
        trainer = trainer.checkpoints(folder(all, part, member).resuming());
    }
    let _ = (part, member);
    trainer
}

/// Trains one flow on samples with contexts, judged by others.
pub(super) fn train(
    kind: FlowChoice,
    trainer: &Trainer<MaximumLikelihood>,
    [data, valid]: [[&DMatrix<f64>; 2]; 2],
    rng: &mut Xoshiro256PlusPlus,
    after: impl FnMut(&StepReport, &Report) -> ControlFlow<()>,
) -> Result<(Trainee, Report)> {
    let narrow = |part: [&DMatrix<f64>; 2]| part.map(|matrix| matrix.map(|x| x as f32));
    let (data, valid) = (narrow(data), narrow(valid));
    let mut member = kind.make([data[0].nrows(), data[1].nrows()], rng)?;
    let report = trainer.fit_judged_by(
        &mut member,
        [&data[0], &data[1]],
        [&valid[0], &valid[1]],
        rng,
        after,
    )?;
    Ok((member, report))
}

/// Whether a flow that was on trial for so many steps did not fall below a loss in them. What noise is put on has not
/// begun to be what it will be.
pub(super) fn is_in_vain(report: &Report, trial: usize, floor: f64) -> bool {
    let of_trial = || report.checks.iter().take_while(|check| check.step < trial);
    let tried = report.steps.len() >= trial && of_trial().any(|check| check.step > 0);
    tried && of_trial().all(|check| check.loss > floor && check.noise == 0.0)
}

//! Training: objectives, optimisers, and the loop that ties them to data.
//!
//! | file | what |
//! | --- | --- |
//! | `trainer`, `settings` | the builder, and what it was told |
//! | `plan`, `defaults`, `choices` | what is usual for dimension, rows and kind of training; what a run goes by |
//! | `fit`, `run` | training itself, and its loop |
//! | `step`, `check`, `length`, `resume` | what a run does: a step, a check, how long it goes on, and from where |
//! | `state` | all that changes from step to step |
//! | `source` | mini-batches |
//! | `audit`, `judge`, `calendar`, `honesty` | the judgement of held-out samples, when it is due, and how accurate it is |
//! | `guard` | steps that are refused |
//! | `validated` | training that is judged by samples of the caller's choice |
//! | `ensemble`, `cross_fitted` | several models on parts of the data, and what becomes of them |
//! | `noise` | what is added to the samples of every step |
//! | `objective`, `loss` | what is minimised: the trait, the model it needs, and what comes out |
//! | `likelihood` | maximum likelihood, by the discrete gradient of the solve |
//! | `regularised` | maximum likelihood with fields that are cheap to solve |
//! | `flow_matching` | conditional flow matching |
//! | `pairing`, `nearest` | how its noise is paired with data |
//! | `assignment`, `auction` | the cheapest of all pairings, exactly and nearly |
//! | `gradient` | a gradient over columns, in a fixed order for any number of threads |
//! | `optimizer`, `adam`, `muon`, `orthogonal` | what turns gradients into changes: the trait, and two rules |
//! | `schedule`, `stages`, `average` | the learning rate from step to step, how far a run goes, the moving average |
//! | `watch`, `monitor`, `snapshot`, `recorder` | what becomes of the model, shown to a callback every so many steps |
//! | `checkpoint`, `subject` | a run in the middle, as a value, and what it must fit |
//! | `checkpoints`, `keeper`, `keeping`, `clearing` | checkpoints as files, what is done between two steps, and how files go |
//! | `described` | the same as a description with arrays, which is what files hold |
//! | `intake`, `scales` | what is looked at before the first step: errors, and warnings |
//! | `blame` | which sample makes a loss infinite |
//! | `report`, `curves`, `event`, `warning`, `progress` | every curve, what a run did by itself, what to be warned of, and a bar |

mod adam;
mod assignment;
mod auction;
mod audit;
mod average;
mod blame;
mod calendar;
mod check;
mod checkpoint;
#[cfg(feature = "save")]
mod checkpoints;
mod choices;
#[cfg(feature = "save")]
mod clearing;
mod cross_fitted;
mod curves;
mod defaults;
mod described;
mod ensemble;
mod event;
mod fit;
mod flow_matching;
mod gradient;
mod guard;
mod honesty;
mod intake;
mod judge;
#[cfg(feature = "save")]
mod keeper;
mod keeping;
mod length;
mod likelihood;
mod loss;
mod monitor;
mod muon;
mod nearest;
mod noise;
mod normal;
mod objective;
mod optimizer;
mod orthogonal;
mod pairing;
mod plan;
mod progress;
mod recorder;
mod regularised;
mod report;
mod resume;
mod run;
mod scales;
mod schedule;
mod settings;
mod snapshot;
mod source;
mod stages;
mod state;
mod step;
mod subject;
mod trainer;
mod validated;
mod warning;
mod watch;

pub use adam::{Adam, AdamState};
pub use checkpoint::Checkpoint;
#[cfg(feature = "save")]
pub use checkpoints::Checkpoints;
#[cfg(all(feature = "save", feature = "table"))]
pub(crate) use checkpoints::{Earlier, SUBJECT};
pub use choices::Choices;
pub use cross_fitted::{CrossFitted, EnsembleReport};
pub use curves::{Check, StepReport};
pub use defaults::{Kind, Task};
pub use ensemble::Ensembled;
pub use event::{Event, Happening};
pub use flow_matching::FlowMatching;
pub use gradient::{Pool, accumulate};
pub use guard::Trouble;
pub use likelihood::MaximumLikelihood;
pub use loss::Loss;
pub use monitor::{Monitored, View};
pub use muon::{Muon, MuonState};
pub use noise::Noise;
pub use objective::{MiniBatch, Objective, Trainable};
pub use optimizer::{Optimizer, OptimizerState};
pub use pairing::Pairing;
pub use recorder::Recorder;
pub use regularised::Regularised;
pub use report::{Report, Stop};
pub use schedule::{Decay, Fall, Schedule};
pub use snapshot::{Observed, Snapshot};
pub use trainer::Trainer;
pub use warning::{Part, Warning};

//! Training: objectives, optimisers, and the loop that ties them to data.
//!
//! | file | what |
//! | --- | --- |
//! | `trainer`, `settings` | the builder, and what it sets |
//! | `fit`, `run` | training itself, and its loop |
//! | `source`, `checks` | mini-batches, and the judgement of held-out samples |
//! | `objective`, `loss` | what is minimised: the trait, the model it needs, and what comes out |
//! | `likelihood` | maximum likelihood, by the discrete gradient of the solve |
//! | `regularised` | maximum likelihood with fields that are cheap to solve |
//! | `flow_matching` | conditional flow matching |
//! | `pairing`, `assignment` | how its noise is paired with data, and the cheapest of all pairings |
//! | `gradient` | a gradient over columns, in a fixed order for any number of threads |
//! | `optimizer`, `adam`, `muon`, `orthogonal` | what turns gradients into changes: the trait, and two rules |
//! | `schedule`, `average` | the learning rate, the moving average |
//! | `monitor`, `snapshot` | what becomes of the model, shown to a callback every so many steps |
//! | `intake`, `scales` | what is looked at before the first step: errors, and warnings |
//! | `blame` | which sample makes a loss infinite |
//! | `report`, `warning`, `progress` | every curve, what to be warned of, and a bar |

mod adam;
mod assignment;
mod average;
mod blame;
mod checks;
mod fit;
mod flow_matching;
mod gradient;
mod intake;
mod likelihood;
mod loss;
mod monitor;
mod muon;
mod objective;
mod optimizer;
mod orthogonal;
mod pairing;
mod progress;
mod regularised;
mod report;
mod run;
mod scales;
mod schedule;
mod settings;
mod snapshot;
mod source;
mod trainer;
mod warning;

pub use adam::{Adam, AdamState};
pub use flow_matching::FlowMatching;
pub use gradient::{Pool, accumulate};
pub use likelihood::MaximumLikelihood;
pub use loss::Loss;
pub use monitor::{Monitored, Recorder};
pub use muon::{Muon, MuonState};
pub use objective::{MiniBatch, Objective, Trainable};
pub use optimizer::{Optimizer, OptimizerState};
pub use pairing::Pairing;
pub use regularised::Regularised;
pub use report::{Check, Report, StepReport, Stop};
pub use schedule::Schedule;
pub use snapshot::{Observed, Snapshot};
pub use trainer::Trainer;
pub use warning::{Part, Warning};

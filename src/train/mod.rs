//! Training: objectives, an optimiser, and the loop that ties them to data.
//!
//! | file | what |
//! | --- | --- |
//! | `trainer`, `settings` | the builder, and what it sets |
//! | `fit`, `run` | training itself, and its loop |
//! | `objective`, `loss` | what is minimised: the trait, the model it needs, and what comes out |
//! | `likelihood` | maximum likelihood, by the discrete gradient of the solve |
//! | `regularised` | maximum likelihood with fields that are cheap to solve |
//! | `flow_matching` | conditional flow matching |
//! | `pairing`, `assignment` | how its noise is paired with data, and the cheapest of all pairings |
//! | `gradient` | a gradient over columns, in a fixed order for any number of threads |
//! | `optimizer`, `schedule`, `average` | Adam, the learning rate, the moving average |
//! | `monitor`, `snapshot` | what becomes of the model, shown to a callback every so many steps |
//! | `report`, `progress` | every curve, and a bar |

mod assignment;
mod average;
mod fit;
mod flow_matching;
mod gradient;
mod likelihood;
mod loss;
mod monitor;
mod objective;
mod optimizer;
mod pairing;
mod progress;
mod regularised;
mod report;
mod run;
mod schedule;
mod settings;
mod snapshot;
mod trainer;

pub use flow_matching::FlowMatching;
pub use gradient::{Pool, accumulate};
pub use likelihood::MaximumLikelihood;
pub use loss::Loss;
pub use monitor::{Monitored, Recorder};
pub use objective::{MiniBatch, Objective, Trainable};
pub use optimizer::{Adam, Optimizer};
pub use pairing::Pairing;
pub use regularised::Regularised;
pub use report::{Check, Report, StepReport, Stop};
pub use schedule::Schedule;
pub use snapshot::{Observed, Snapshot};
pub use trainer::Trainer;

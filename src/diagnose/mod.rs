//! Diagnosis: what a flow and its density are worth, measured.
//!
//! ```
//! use liouville::diagnose::Diagnose;
//! use liouville::prelude::*;
//! use liouville::rand::{SeedableRng, rngs::StdRng};
//!
//! let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
//! let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
//! let mut rng = StdRng::seed_from_u64(1);
//! let held_out: Samples<f64> = model.sample(500, &mut rng)?;
//! let diagnosis = Diagnose::new().continuous(&model, &held_out, None)?;
//! println!("{diagnosis}");
//! // The data are the model's own: nothing speaks against it.
//! assert!(diagnosis.calibration.radius.p_value > 1e-6);
//! # Ok::<(), liouville::Error>(())
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | `settings` | how much is measured |
//! | `chosen` | the samples that are looked at |
//! | `examine` | the diagnosis itself |
//! | `measure` | errors of inverse and log-determinant, condition numbers, Lipschitz constants |
//! | `calibration` | whether held-out samples look like the model's own |
//! | `passage` | continuous flows over time: steps, evaluations, conditioning, error of the log-density |
//! | `diagnosis` | what was found, as a table |
//! | `jacobian` | Jacobians of a flow by finite differences |
//! | `statistics` | summaries, distribution functions, the test of Kolmogorov and Smirnov |

mod calibration;
mod chosen;
mod diagnosis;
mod examine;
mod jacobian;
mod measure;
mod passage;
mod settings;
mod singular;
mod statistics;

pub use calibration::Calibration;
pub use diagnosis::Diagnosis;
pub use jacobian::{Step, derivative_weights, jacobians, jacobians_by};
pub(crate) use jacobian::{jacobians_where, usual_step};
pub use measure::Conditioning;
pub(crate) use measure::relative_errors;
pub use passage::{Passage, Reference};
pub use settings::Diagnose;
pub(crate) use singular::singular_values;
pub use statistics::{Summary, Uniformity};

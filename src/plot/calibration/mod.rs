//! Whether a model is calibrated: probabilities, ranks and coverage, with what chance alone would do.
//!
//! | file | what |
//! | --- | --- |
//! | `chance` | quantiles of binomial counts |
//! | `probability` | shares observed over shares expected |
//! | `ranks` | histograms that should be flat |

mod chance;
mod probability;
mod ranks;

pub use probability::{ProbabilityPicture, calibration, coverage, probability};
pub use ranks::{RanksPicture, ranks, transforms};

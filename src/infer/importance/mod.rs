//! Importance sampling with any density as proposal, and Metropolis' algorithm with the same.
//!
//! ```
//! use liouville::infer::importance::Importance;
//! use liouville::infer::{Parameters, formula};
//! use liouville::prelude::*;
//! use liouville::rand::{SeedableRng, rngs::StdRng};
//!
//! // A continuous flow as the proposal of a normal density that it turns somewhat too far.
//! let turning = field::autonomous::<2, _>(|x| [x[1] * 0.3, -x[0].sin() * 0.3]);
//! let proposal = StandardNormal::new(2).pushed_by(ContinuousFlow::new(turning));
//! let target = formula(Parameters::new().reals("x", 2), |x| (x[0] * x[0] + x[1] * x[1]) * -0.5);
//! let found = Importance::new(&target, &proposal).run(&mut StdRng::seed_from_u64(1))?;
//! println!("{}", found.verdict());
//! let evidence = found.log_evidence();
//! assert!((evidence.value - std::f64::consts::TAU.ln()).abs() < 5.0 * evidence.standard_error);
//! # Ok::<(), liouville::Error>(())
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | `proposal`, `model`, `finer` | what draws come from: bases, base + flow, models; followed as accurately as wanted |
//! | `sampling` | draws, weighed and judged |
//! | `weigh`, `weighted`, `sums`, `measured` | from draws to weights; evidence and expectations, each with its error |
//! | `pareto` | smoothing of weights, and the shape of their tail |
//! | `roam`, `support`, `bridge` | draws that the target moves, and what they say of the evidence |
//! | `verdict` | whether weighted draws can be believed |
//! | `metropolis`, `chains`, `mixing` | Metropolis' algorithm with independent proposals; draws of chains |
//! | `tables` | draws as tables |

mod bridge;
mod chains;
mod finer;
mod measured;
mod metropolis;
mod mixing;
mod model;
mod pareto;
mod proposal;
mod roam;
mod sampling;
mod sums;
mod support;
#[cfg(feature = "table")]
mod tables;
mod verdict;
mod weigh;
mod weighted;

pub(super) use bridge::bridge;
pub use chains::Chains;
pub use measured::Measured;
pub use metropolis::Independence;
pub use pareto::{Smoothed, smooth};
pub(super) use proposal::carried;
pub use proposal::{Proposal, Proposed};
pub(super) use roam::{Moves, Told, roam};
pub use sampling::{Found, Importance};
pub(super) use sums::log_mean;
pub use verdict::Verdict;
pub(super) use weigh::{Seen, Weighed, sharper, weigh};
pub use weighted::Weighted;

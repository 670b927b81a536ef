//! Posteriors with a verdict: from an unnormalised log-density to draws, expectations and evidence, each with its
//! error, and a sentence that says whether they can be believed.
//!
//! | file | what |
//! | --- | --- |
//! | `parameters` | named parameters on their supports |
//! | `target` | unnormalised log-densities, by a formula or with a gradient |
//! | `variational` | a flow that is fitted to a target |
//! | `settled` | what was found, with its verdict |
//! | [`importance`] | draws of any density with weights: evidence and expectations; Metropolis' algorithm |
//! | `ground`, `defensive`, `weighing` | draws of a flow with wider ones among them, and their weights |
//! | `wander`, `company` | draws that the target moves: what they say of the evidence, and what a flow learns from them |
//! | `free`, `summit`, `modes`, `gaussian`, `matched`, `place` | a target in free coordinates, its modes, and the normal density that matches it |
//! | `divergence`, `plan`, `descent` | the path gradient, and the steps along it |

mod company;
mod defensive;
mod descent;
mod divergence;
mod free;
mod gaussian;
mod ground;
pub mod importance;
mod matched;
mod modes;
mod parameters;
mod place;
mod plan;
mod settled;
mod summit;
mod target;
mod variational;
mod wander;
mod weighing;

pub use free::log_density_free;
pub use importance::{Measured, Verdict, Weighted};
pub use parameters::Parameters;
pub use settled::Posterior;
pub use target::{Formula, Number, Target, WithGradient, formula, with_gradient};
pub use variational::Variational;

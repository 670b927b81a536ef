//! Random points, parameters, fields and flows for property tests, which shrink to readable cases.
//!
//! ```
//! use liouville::prelude::*;
//! use liouville_testing::{Tolerances, inverse_law, strategies};
//! use liouville_testing::proptest::prelude::*;
//!
//! proptest!(ProptestConfig::with_cases(8), |(chain in strategies::chains::<f64>(3, 0),
//!                                            points in strategies::points::<f64>(3))| {
//!     let checked = inverse_law(&chain, &points, None, &Tolerances::within::<f64>(1e-6));
//!     prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
//! });
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | `points` | points of several kinds |
//! | `parameters` | parameters, ordinary and extreme |
//! | `flows` | fields, layers and chains |

mod flows;
mod parameters;
mod points;

use liouville::rand::SeedableRng;
use liouville::rand::rngs::Xoshiro256PlusPlus;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

pub use flows::{chains, layers, linear, mlp, planar, radial, residual};
pub use parameters::{Parameters, Size, parameters};
pub use points::{Kind, Points, points};

pub use super::shrinking::{Shrinking, Simplify};
pub(super) use points::cases;

/// A generator that starts from the runner's.
fn generator(runner: &mut TestRunner) -> Result<Xoshiro256PlusPlus, proptest::test_runner::Reason> {
    let seed = proptest::num::u64::ANY.new_tree(runner)?;
    Ok(Xoshiro256PlusPlus::seed_from_u64(seed.current()))
}

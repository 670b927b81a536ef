//! Toy densities in the plane, to sample from and to evaluate exactly, and helpers for real data.
//!
//! Because the log-density is exact, a model q trained on samples of p can be judged by its
//! divergence from p, the mean of log p(x) - log q(x) over samples, and not only by its likelihood.
//!
//! | file | what |
//! | --- | --- |
//! | `plane` | the wrapper that makes a density of a formula; scaling and shifting |
//! | `mixtures` | eight Gaussians, pinwheel |
//! | `ridges` | curves blurred by noise: two moons, swiss roll |
//! | `rings`, `spirals`, `checkerboard` | what their names say |
//! | `special` | functions and quadrature that these need |
//! | `split` | training and held-out columns |
//! | `standardise` | rows of mean zero and deviation one |

mod checkerboard;
mod mixtures;
mod plane;
mod ridges;
mod rings;
mod special;
mod spirals;
mod split;
mod standardise;

pub use checkerboard::{Checkerboard, checkerboard};
pub use mixtures::{EightGaussians, Pinwheel, eight_gaussians, pinwheel};
pub use plane::{Formula, Plane};
pub use ridges::{Ridge, swiss_roll, two_moons};
pub use rings::{Rings, circles, rings};
pub use spirals::{TwoSpirals, two_spirals};
pub use split::split;
pub use standardise::Standardizer;

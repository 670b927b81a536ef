//! What most scripts need, in one line: `use liouville::prelude::*;`.

pub use num_dual::DualNum;

pub use crate::data;
pub use crate::density::{
    Base, Density, DiagonalNormal, Mixture, MultivariateNormal, Pushforward, Sample, Samples,
    StandardNormal, StudentT, UniformBox, UniformCircle,
};
pub use crate::diagnose::Diagnose;
pub use crate::field::{self, Mlp, TrainableField, VectorField};
pub use crate::flow::layers::AffineCoupling;
pub use crate::flow::{
    Chain, ContinuousFlow, Direction, EulerStep, Flow, Frozen, Inverted, Stack, TrainableFlow,
};
pub use crate::kernels::Activation;
pub use crate::ode::{automatic, dopri5, dopri8, rk4, tsit5};
#[cfg(feature = "plot")]
pub use crate::plot::{self, Picture};
pub use crate::real::Real;
#[cfg(feature = "save")]
pub use crate::save::Save;
#[cfg(feature = "table")]
pub use crate::table::Table;
pub use crate::trace::{HutchPlusPlus, Hutchinson, Noise, Trace};
pub use crate::train::{Pairing, Trainer};

//! The kinds of bases by their names: how any of them is made from its description.

use super::{
    AnyBase, DiagonalNormal, Mixture, MultivariateNormal, Product, StandardNormal, StudentT,
    UniformBox, UniformCircle,
};
use crate::description::{Restore, Source};
use crate::error::Result;
use crate::flow::Frozen;
use crate::real::Real;

/// The kinds of the crate by their names; others are asked for among those of the source.
impl<T: Real> Restore<T> for AnyBase<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        Ok(match source.kind() {
            "DiagonalNormal" => Self::new(DiagonalNormal::restore(source)?),
            "Frozen" => Self::new(Frozen::<Self>::restore(source)?),
            "Mixture" => Self::new(Mixture::<T, Self>::restore(source)?),
            "MultivariateNormal" => Self::new(MultivariateNormal::restore(source)?),
            "Product" => Self::new(Product::<Self, Self>::restore(source)?),
            "StandardNormal" => Self::new(<StandardNormal as Restore<T>>::restore(source)?),
            "StudentT" => Self::new(StudentT::restore(source)?),
            "UniformBox" => Self::new(UniformBox::restore(source)?),
            "UniformCircle" => Self::new(<UniformCircle as Restore<T>>::restore(source)?),
            _ => source.kinds().make("base", source)?,
        })
    }
}

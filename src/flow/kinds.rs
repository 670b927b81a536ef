//! The kinds of flows by their names: how any of them is made from its description.

use super::closed_form::{ClosedForm, InvertibleLinear, Permutation};
use super::continuous::Whitening;
use super::transformer::{Affine, BaseAffine, ScaleShift, Shift, Spline};
use super::{
    AnyFlow, Autoregressive, Chain, Constrain, ContinuousFlow, Coupling, EulerStep, Frozen,
    Inverted,
};
use crate::description::{Restore, Source};
use crate::error::Result;
use crate::field::{AnyField, DiagonalAffine, Linear, Mlp, Planar, Radial, Skew, Sylvester};
use crate::ode::{Adaptive, Fixed};
use crate::real::Real;

impl<T: Real> Restore<T> for AnyFlow<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        Ok(match source.kind() {
            "Autoregressive" => return autoregressive(source),
            "Chain" => Self::new(Chain::restore(source)?),
            "ClosedForm" => return closed_form(source),
            "Constrain" => Self::new(Constrain::restore(source)?),
            "ContinuousFlow" => return continuous(source),
            "Coupling" => return coupling(source),
            "EulerStep" => return euler_step(source),
            "Frozen" => Self::new(Frozen::<Self>::restore(source)?),
            "Inverted" => Self::new(Inverted::<Self>::restore(source)?),
            "InvertibleLinear" => Self::new(InvertibleLinear::restore(source)?),
            "Permutation" => Self::new(<Permutation as Restore<T>>::restore(source)?),
            "Whitening" => Self::new(<Whitening as Restore<T>>::restore(source)?),
            _ => source.kinds().make("flow", source)?,
        })
    }
}

fn continuous<T: Real>(source: &Source<'_>) -> Result<AnyFlow<T>> {
    let solver = source.part("solver")?;
    Ok(match solver.kind() {
        "Adaptive" => AnyFlow::new(ContinuousFlow::<AnyField<T>, Adaptive>::restore(source)?),
        "Fixed" => AnyFlow::new(ContinuousFlow::<AnyField<T>, Fixed>::restore(source)?),
        other => return Err(source.unknown("solver", other)),
    })
}

fn euler_step<T: Real>(source: &Source<'_>) -> Result<AnyFlow<T>> {
    Ok(match source.part("field")?.kind() {
        "Mlp" => AnyFlow::new(EulerStep::<Mlp<T>>::restore(source)?),
        "Planar" => AnyFlow::new(EulerStep::<Planar<T>>::restore(source)?),
        "Radial" => AnyFlow::new(EulerStep::<Radial<T>>::restore(source)?),
        "Sylvester" => AnyFlow::new(EulerStep::<Sylvester<T>>::restore(source)?),
        other => return Err(source.unknown("field", other)),
    })
}

fn closed_form<T: Real>(source: &Source<'_>) -> Result<AnyFlow<T>> {
    Ok(match source.part("field")?.kind() {
        "DiagonalAffine" => AnyFlow::new(ClosedForm::<DiagonalAffine<T>>::restore(source)?),
        "Linear" => AnyFlow::new(ClosedForm::<Linear<T>>::restore(source)?),
        "Skew" => AnyFlow::new(ClosedForm::<Skew<T>>::restore(source)?),
        other => return Err(source.unknown("field", other)),
    })
}

fn coupling<T: Real>(source: &Source<'_>) -> Result<AnyFlow<T>> {
    Ok(match source.part("transformer")?.kind() {
        "Affine" => AnyFlow::new(Coupling::<T, Affine>::restore(source)?),
        "BaseAffine" => AnyFlow::new(Coupling::<T, BaseAffine>::restore(source)?),
        "ScaleShift" => AnyFlow::new(Coupling::<T, ScaleShift>::restore(source)?),
        "Shift" => AnyFlow::new(Coupling::<T, Shift>::restore(source)?),
        "Spline" => AnyFlow::new(Coupling::<T, Spline>::restore(source)?),
        other => return Err(source.unknown("transformer", other)),
    })
}

fn autoregressive<T: Real>(source: &Source<'_>) -> Result<AnyFlow<T>> {
    Ok(match source.part("transformer")?.kind() {
        "Affine" => AnyFlow::new(Autoregressive::<T, Affine>::restore(source)?),
        "BaseAffine" => AnyFlow::new(Autoregressive::<T, BaseAffine>::restore(source)?),
        "ScaleShift" => AnyFlow::new(Autoregressive::<T, ScaleShift>::restore(source)?),
        "Shift" => AnyFlow::new(Autoregressive::<T, Shift>::restore(source)?),
        "Spline" => AnyFlow::new(Autoregressive::<T, Spline>::restore(source)?),
        other => return Err(source.unknown("transformer", other)),
    })
}

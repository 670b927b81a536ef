//! A trainable field of any kind behind a pointer, its tape included: one type for all.

use std::any::Any;
use std::fmt;

use super::{
    AffineCoupling, At, Cotangents, DiagonalAffine, Gated, Linear, Mlp, Planar, Pulled, Radial,
    Skew, Sum, Sylvester, Traced, TrainableField, VectorField,
};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::ode::Sharpness;
use crate::parameters::{Fixed, Parameters, Setting};
use crate::real::Real;

/// A trainable field of any kind: what runs on this type is compiled once, and not once for every kind.
///
/// It computes what the field inside computes, to the last bit: the pointer is followed once for a block of
/// samples.
///
/// ```
/// use liouville::field::AnyField;
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let turning = field::Linear::new(dmatrix![0.0, -1.0; 1.0, 0.0])?;
/// let pushed = field::Planar::new(dvector![1.0f64, 0.5], dvector![0.3, -0.8], 0.1)?;
/// for field in [AnyField::new(turning), AnyField::new(pushed)] {
///     let moved = ContinuousFlow::new(field).forward(&dmatrix![0.2; 0.7])?;
///     assert!(moved.points.amax() < 2.0);
/// }
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct AnyField<T: Real>(Box<dyn Erased<T>>);

/// What an evaluation keeps: the tape of whatever field recorded it.
#[derive(Default)]
pub struct AnyFieldTape(Option<Box<dyn Any + Send>>);

impl<T: Real> AnyField<T> {
    /// The field behind a pointer; one that is behind a pointer already stays as it is.
    pub fn new<F>(field: F) -> Self
    where
        F: TrainableField<T, Tape: 'static> + Clone + 'static,
    {
        match (&field as &dyn Any).downcast_ref::<Self>() {
            Some(same) => same.clone(),
            None => Self(Box::new(field)),
        }
    }

    /// The field inside, if it is of this type.
    pub fn get<F: 'static>(&self) -> Option<&F> {
        self.0.inside().downcast_ref()
    }
}

/// The kinds of the crate by their names; others are asked for among those of the source.
impl<T: Real> Restore<T> for AnyField<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        Ok(match source.kind() {
            "AffineCoupling" => Self::new(AffineCoupling::restore(source)?),
            "DiagonalAffine" => Self::new(DiagonalAffine::restore(source)?),
            "Gated" => Self::new(Gated::restore(source)?),
            "Linear" => Self::new(Linear::restore(source)?),
            "Mlp" => Self::new(Mlp::restore(source)?),
            "Planar" => Self::new(Planar::restore(source)?),
            "Radial" => Self::new(Radial::restore(source)?),
            "Skew" => Self::new(Skew::restore(source)?),
            "Sum" => Self::new(Sum::<T, Self, Self>::restore(source)?),
            "Sylvester" => Self::new(Sylvester::restore(source)?),
            _ => source.kinds().make("field", source)?,
        })
    }
}

impl<T: Real> Clone for AnyField<T> {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl<T: Real> fmt::Debug for AnyField<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyField({})", self.0.name())
    }
}

impl<T: Real> VectorField<T> for AnyField<T> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn context_dim(&self) -> usize {
        self.0.context_dim()
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        self.0.velocity(at, velocity, scratch);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        self.0.jvp(at, tangents, velocity, products, scratch);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        self.0.divergence(at, velocity, divergence, scratch);
    }

    fn sharpness(&self) -> Option<Sharpness> {
        self.0.sharpness()
    }

    fn rounding(&self, coordinate: usize) -> f64 {
        self.0.rounding(coordinate)
    }

    fn divergence_cost(&self) -> f64 {
        self.0.divergence_cost()
    }
}

impl<T: Real> TrainableField<T> for AnyField<T> {
    type Tape = AnyFieldTape;

    fn held(&self) -> &Parameters<T> {
        self.0.held()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.0.set_parameters(values)
    }

    fn fixed(&self) -> Vec<Fixed> {
        self.0.fixed()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.0.set_fixed(arrays)
    }

    fn settings(&self) -> Vec<Setting> {
        self.0.settings()
    }

    fn describe(&self) -> Result<Description> {
        self.0.describe()
    }

    fn is_fresh(&self) -> bool {
        self.0.is_fresh()
    }

    fn sums_len(&self) -> usize {
        self.0.sums_len()
    }

    fn velocity_sums_len(&self) -> usize {
        self.0.velocity_sums_len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.0.fold(sums, gradient)
    }

    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        velocity: RowsMut<'_, T>,
        traces: RowsMut<'_, T>,
        tape: &mut AnyFieldTape,
        scratch: &mut Scratch<T>,
    ) {
        self.0.record(at, traced, [velocity, traces], tape, scratch);
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &AnyFieldTape,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        self.0.pullback((at, traced), tape, cotangents, pulled, scratch);
    }
}

/// A trainable field whatever its tape.
trait Erased<T: Real>: VectorField<T> {
    fn name(&self) -> &'static str;
    fn inside(&self) -> &dyn Any;
    fn boxed(&self) -> Box<dyn Erased<T>>;
    fn held(&self) -> &Parameters<T>;
    fn set_parameters(&mut self, values: &[T]) -> Result<()>;
    fn fixed(&self) -> Vec<Fixed>;
    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()>;
    fn settings(&self) -> Vec<Setting>;
    fn describe(&self) -> Result<Description>;
    fn is_fresh(&self) -> bool;
    fn sums_len(&self) -> usize;
    fn velocity_sums_len(&self) -> usize;
    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()>;
    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        results: [RowsMut<'_, T>; 2],
        tape: &mut AnyFieldTape,
        scratch: &mut Scratch<T>,
    );
    fn pullback(
        &self,
        evaluation: (At<'_, T>, Traced<'_, T>),
        tape: &AnyFieldTape,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    );
}

impl<T: Real, F: TrainableField<T, Tape: 'static> + Clone + 'static> Erased<T> for F {
    fn name(&self) -> &'static str {
        std::any::type_name::<F>()
    }

    fn inside(&self) -> &dyn Any {
        self
    }

    fn boxed(&self) -> Box<dyn Erased<T>> {
        Box::new(self.clone())
    }

    fn held(&self) -> &Parameters<T> {
        TrainableField::held(self)
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        TrainableField::set_parameters(self, values)
    }

    fn fixed(&self) -> Vec<Fixed> {
        TrainableField::fixed(self)
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        TrainableField::set_fixed(self, arrays)
    }

    fn settings(&self) -> Vec<Setting> {
        TrainableField::settings(self)
    }

    fn describe(&self) -> Result<Description> {
        TrainableField::describe(self)
    }

    fn is_fresh(&self) -> bool {
        TrainableField::is_fresh(self)
    }

    fn sums_len(&self) -> usize {
        TrainableField::sums_len(self)
    }

    fn velocity_sums_len(&self) -> usize {
        TrainableField::velocity_sums_len(self)
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        TrainableField::fold(self, sums, gradient)
    }

    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        [velocity, traces]: [RowsMut<'_, T>; 2],
        tape: &mut AnyFieldTape,
        scratch: &mut Scratch<T>,
    ) {
        if !tape.0.as_ref().is_some_and(|tape| tape.is::<F::Tape>()) {
            tape.0 = Some(Box::new(F::Tape::default()));
        }
        if let Some(tape) = tape.0.as_mut().and_then(|tape| tape.downcast_mut()) {
            TrainableField::record(self, at, traced, velocity, traces, tape, scratch);
        }
    }

    fn pullback(
        &self,
        (at, traced): (At<'_, T>, Traced<'_, T>),
        tape: &AnyFieldTape,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        // Of another type is only a tape that this field never recorded: nothing comes back.
        if let Some(tape) = tape.0.as_ref().and_then(|tape| tape.downcast_ref()) {
            TrainableField::pullback(self, at, traced, tape, cotangents, pulled, scratch);
        }
    }
}

//! The equations of a point together with its log-determinant.

use crate::columns::{Rows, RowsMut, Scratch};
use crate::field::{At, Cotangents, Pulled, Traced, TrainableField, VectorField, evaluate};
use crate::ode::{Back, Differentiable, Place, RightHandSide};
use crate::real::Real;
use crate::trace::Estimator;

/// The state is (x, ℓ), with one row ℓ for the exact log-determinant or one per probe; carried
/// along are the probes, dim rows of each, and the context.
pub(super) struct Augmented<'a, F> {
    field: &'a F,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Points,
    Exact,
    Estimated(Estimator),
}

impl<'a, F> Augmented<'a, F> {
    /// The points alone.
    pub fn points(field: &'a F) -> Self {
        Self { field, kind: Kind::Points }
    }

    /// The points and their log-determinant, exact without an estimator.
    pub fn log_det(field: &'a F, estimator: Option<Estimator>) -> Self {
        Self { field, kind: estimator.map_or(Kind::Exact, Kind::Estimated) }
    }

    pub fn estimator(&self) -> Option<Estimator> {
        match self.kind {
            Kind::Estimated(estimator) => Some(estimator),
            _ => None,
        }
    }

    fn trace_rows(&self) -> usize {
        match self.kind {
            Kind::Points => 0,
            Kind::Exact => 1,
            Kind::Estimated(estimator) => estimator.probes(),
        }
    }

    /// The number of carried rows that hold probes.
    pub fn probe_rows<T: Real>(&self) -> usize
    where
        F: VectorField<T>,
    {
        self.estimator().map_or(0, |estimator| estimator.probes() * self.field.dim())
    }

    pub fn state_rows<T: Real>(&self) -> usize
    where
        F: VectorField<T>,
    {
        self.field.dim() + self.trace_rows()
    }

    pub fn carried_rows<T: Real>(&self) -> usize
    where
        F: VectorField<T>,
    {
        self.probe_rows::<T>() + self.field.context_dim()
    }

    /// Where the field is evaluated, and how its divergence is taken there.
    fn split<'b, T: Real>(
        &self,
        t: &'b [T],
        y: Rows<'b, T>,
        carried: Rows<'b, T>,
    ) -> (At<'b, T>, Traced<'b, T>)
    where
        F: VectorField<T>,
    {
        let probes = self.probe_rows::<T>();
        let context = carried.range(probes, probes + self.field.context_dim());
        let traced = match self.kind {
            Kind::Points => Traced::Velocity,
            Kind::Exact => Traced::Exact,
            // Coordinate i of all probes lies in neighbouring rows, which read as one long row are
            // coordinate i of the tangents of all lanes.
            Kind::Estimated(estimator) => Traced::Probes(Rows::new(
                carried.range(0, probes).values(),
                estimator.probes() * t.len(),
            )),
        };
        (At { t, x: y.range(0, self.field.dim()), context }, traced)
    }
}

impl<T: Real, F: VectorField<T>> RightHandSide<T> for Augmented<'_, F> {
    fn rows(&self) -> usize {
        self.state_rows()
    }

    fn leading_rows(&self) -> usize {
        self.field.dim()
    }

    fn evaluate(
        &self,
        t: &[T],
        y: Rows<'_, T>,
        carried: Rows<'_, T>,
        dydt: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (at, traced) = self.split(t, y, carried);
        let (velocity, traces) = dydt.split_at(self.field.dim());
        evaluate(self.field, at, traced, velocity, traces, scratch);
    }
}

impl<T: Real, F: TrainableField<T>> Differentiable<T> for Augmented<'_, F> {
    type Tape = F::Tape;

    fn record(
        &self,
        t: &[T],
        y: Rows<'_, T>,
        carried: Rows<'_, T>,
        dydt: RowsMut<'_, T>,
        tape: &mut F::Tape,
        scratch: &mut Scratch<T>,
    ) {
        let (at, traced) = self.split(t, y, carried);
        let (velocity, traces) = dydt.split_at(self.field.dim());
        self.field.record(at, traced, velocity, traces, tape, scratch);
    }

    fn pullback(
        &self,
        place: Place<'_, T>,
        tape: &F::Tape,
        back: Back<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (dim, rows) = (self.field.dim(), self.state_rows());
        let (at, traced) = self.split(place.t, place.y, place.carried);
        let cotangents =
            Cotangents { velocity: back.dydt.range(0, dim), traces: back.dydt.range(dim, rows) };
        let mut context = scratch.take(self.field.context_dim(), place.t.len());
        let (x, mut traces) = back.y.split_at(dim);
        // The log-determinant does not enter its own equation.
        traces.values_mut().fill(T::zero());
        let pulled = Pulled { x, context: context.view_mut(), sums: back.sums };
        self.field.pullback(at, traced, tape, cotangents, pulled, scratch);
        let (_, mut carried) = back.carried.split_at(self.probe_rows::<T>());
        for (sum, value) in carried.values_mut().iter_mut().zip(context.values()) {
            *sum += *value;
        }
        scratch.give(context);
    }
}

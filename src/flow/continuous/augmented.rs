//! A point together with its log-determinant and its penalties: what is in the state, and where.

use super::penalties::Penalties;
use crate::columns::{Block, Rows};
use crate::field::{At, Traced, VectorField};
use crate::real::Real;
use crate::trace::{Estimator, Hutchinson, Noise};

/// The state is (x, ℓ, p), with one row ℓ for the exact log-determinant or one per probe, and one
/// row p for each penalty; carried along are the probes, dim rows of each, and the context.
pub(super) struct Augmented<'a, F> {
    pub(super) field: &'a F,
    kind: Kind,
    pub(super) penalties: Penalties,
}

#[derive(Clone, Copy)]
enum Kind {
    Points,
    Exact,
    Estimated(Estimator),
}

/// What one evaluation keeps: the tapes of the field, for traces and for products with the Jacobian,
/// and what penalties are made of.
pub struct AugmentedTape<T, P> {
    pub(super) traced: P,
    pub(super) products: P,
    pub(super) velocity: Block<T>,
    pub(super) moved: Block<T>,
}

impl<T: Real, P: Default> Default for AugmentedTape<T, P> {
    fn default() -> Self {
        let [velocity, moved] = std::array::from_fn(|_| Block::default());
        Self { traced: P::default(), products: P::default(), velocity, moved }
    }
}

/// Where a state lies, as the field sees it.
pub(super) struct View<'a, T> {
    pub at: At<'a, T>,
    pub traced: Traced<'a, T>,
    /// The probes, if there are any, as tangents.
    pub probes: Option<Rows<'a, T>>,
}

impl<'a, F> Augmented<'a, F> {
    /// The points alone.
    pub fn points(field: &'a F) -> Self {
        Self { field, kind: Kind::Points, penalties: Penalties::default() }
    }

    /// The points and their log-determinant, exact without an estimator.
    pub fn log_det(field: &'a F, estimator: Option<Estimator>) -> Self {
        let kind = estimator.map_or(Kind::Exact, Kind::Estimated);
        Self { kind, ..Self::points(field) }
    }

    /// The same with penalties.
    pub fn with(self, penalties: Penalties) -> Self {
        Self { penalties, ..self }
    }

    /// The estimator of the trace.
    pub fn estimator(&self) -> Option<Estimator> {
        match self.kind {
            Kind::Estimated(estimator) => Some(estimator),
            _ => None,
        }
    }

    /// Where probes come from: a penalty of the Jacobian shares those of the trace, or has one.
    pub fn prober(&self) -> Option<Estimator> {
        let own = Hutchinson { probes: 1, noise: Noise::Rademacher, seed: 0 };
        let own = (self.penalties.jacobian_norm > 0.0).then_some(Estimator::Hutchinson(own));
        self.estimator().or(own)
    }

    pub fn trace_rows(&self) -> usize {
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
        self.prober().map_or(0, |prober| prober.probes() * self.field.dim())
    }

    pub fn state_rows<T: Real>(&self) -> usize
    where
        F: VectorField<T>,
    {
        self.field.dim() + self.trace_rows() + self.penalties.rows()
    }

    pub fn carried_rows<T: Real>(&self) -> usize
    where
        F: VectorField<T>,
    {
        self.probe_rows::<T>() + self.field.context_dim()
    }

    /// Where the field is evaluated, and how its divergence is taken there.
    pub(super) fn split<'b, T: Real>(
        &self,
        t: &'b [T],
        y: Rows<'b, T>,
        carried: Rows<'b, T>,
    ) -> View<'b, T>
    where
        F: VectorField<T>,
    {
        let rows = self.probe_rows::<T>();
        let context = carried.range(rows, rows + self.field.context_dim());
        // Coordinate i of all probes lies in neighbouring rows, which read as one long row are
        // coordinate i of the tangents of all lanes.
        let tangents = |prober: Estimator| {
            Rows::new(carried.range(0, rows).values(), prober.probes() * t.len())
        };
        let probes = self.prober().map(tangents);
        let traced = match (self.kind, probes) {
            (Kind::Estimated(_), Some(probes)) => Traced::Probes(probes),
            (Kind::Points, _) => Traced::Velocity,
            _ => Traced::Exact,
        };
        View { at: At { t, x: y.range(0, self.field.dim()), context }, traced, probes }
    }
}

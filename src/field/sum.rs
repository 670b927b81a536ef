//! The sum of two fields, for instance of a network and a linear field.

use super::{At, Cotangents, Pulled, Traced, TrainableField, VectorField};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::ode::Sharpness;
use crate::parameters::{self, Fixed, Layout, Parameters, Setting};
use crate::real::Real;

/// f(t, x, context) = a(t, x, context) + b(t, x, context), both trainable.
///
/// The divergence is the sum of both, each by its own structure. A network plus a [linear
/// field](super::Linear) A x is the residual form of FFJORD (Grathwohl et al. 2019; its public code
/// has A = -I, fixed), with the linear part learned; pulling back to the origin, it keeps points far
/// out from being left alone by a network that has saturated.
///
/// A field without a context may be added to one with a context, which it does not see. Parameters
/// are named `0.` and `1.` followed by the fields' own names, as PyTorch does for a `ModuleList`.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let network: Mlp<f64> = Mlp::new(2).build(&mut rng)?;
/// let pull = field::Linear::new(-DMatrix::identity(2, 2))?;
/// let field = field::Sum::new(network, pull)?;
/// assert!(field.layout().find("1.weight").is_some());
/// assert!(Trace::Auto.estimator_in_training(&field).is_none());
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sum<T, A, B> {
    first: A,
    second: B,
    values: Parameters<T>,
}

/// What one evaluation of a sum keeps for its reverse pass.
#[derive(Default)]
pub struct SumTape<P, Q> {
    first: P,
    second: Q,
}

impl<T: Real, A: TrainableField<T>, B: TrainableField<T>> Sum<T, A, B> {
    /// The sum of two fields.
    ///
    /// # Errors
    ///
    /// If they differ in dimension, or if both take contexts, of different length.
    pub fn new(first: A, second: B) -> Result<Self> {
        if first.dim() != second.dim() {
            return Err(Error::shape(format!(
                "fields of {} and {} dimensions do not add up: give both the same",
                first.dim(),
                second.dim()
            )));
        }
        let contexts = [first.context_dim(), second.context_dim()];
        if contexts[0] != contexts[1] && !contexts.contains(&0) {
            return Err(Error::shape(format!(
                "the contexts of the fields have {} and {} values: give both the same, or one of them none",
                contexts[0], contexts[1]
            )));
        }
        let mut layout = Layout::new();
        for (part, fields) in [first.layout(), second.layout()].into_iter().enumerate() {
            for entry in fields.entries() {
                layout.push(format!("{part}.{}", entry.name), &entry.shape);
            }
        }
        let values = [first.parameters(), second.parameters()].concat();
        Ok(Self { first, second, values: Parameters::new(layout, values)? })
    }
}

impl<T, A, B> Sum<T, A, B> {
    /// The first field.
    pub fn first(&self) -> &A {
        &self.first
    }

    /// The second field.
    pub fn second(&self) -> &B {
        &self.second
    }
}

/// The place as a field with `context_dim` context values sees it.
fn seen<T: Real>(at: At<'_, T>, context_dim: usize) -> At<'_, T> {
    At { context: at.context.range(0, context_dim), ..at }
}

/// sum += value, element by element.
fn add<T: Real>(values: &[T], sums: &mut [T]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += *value;
    }
}

impl<T: Real, A: VectorField<T>, B: VectorField<T>> VectorField<T> for Sum<T, A, B> {
    fn dim(&self) -> usize {
        self.first.dim()
    }

    fn context_dim(&self) -> usize {
        self.first.context_dim().max(self.second.context_dim())
    }

    fn velocity(&self, at: At<'_, T>, mut velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let mut other = scratch.take(self.dim(), at.lanes());
        self.first.velocity(seen(at, self.first.context_dim()), velocity.reborrow(), scratch);
        self.second.velocity(seen(at, self.second.context_dim()), other.view_mut(), scratch);
        add(other.values(), velocity.values_mut());
        scratch.give(other);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        mut velocity: RowsMut<'_, T>,
        mut products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut other = scratch.take(self.dim(), at.lanes());
        let mut others = scratch.take(self.dim(), tangents.lanes());
        let [first, second] = [self.first.context_dim(), self.second.context_dim()];
        let (to, into) = (velocity.reborrow(), products.reborrow());
        self.first.jvp(seen(at, first), tangents, to, into, scratch);
        let (to, into) = (other.view_mut(), others.view_mut());
        self.second.jvp(seen(at, second), tangents, to, into, scratch);
        add(other.values(), velocity.values_mut());
        add(others.values(), products.values_mut());
        scratch.give(others);
        scratch.give(other);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        mut velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let mut other = scratch.take(self.dim(), at.lanes());
        let mut traces = scratch.take(1, at.lanes());
        let [first, second] = [self.first.context_dim(), self.second.context_dim()];
        self.first.divergence(seen(at, first), velocity.reborrow(), divergence, scratch);
        let (to, into) = (other.view_mut(), traces.row_mut(0));
        self.second.divergence(seen(at, second), to, into, scratch);
        add(other.values(), velocity.values_mut());
        add(traces.values(), divergence);
        scratch.give(traces);
        scratch.give(other);
    }

    /// No more sudden than the sharper of both, if both are known.
    fn sharpness(&self) -> Option<Sharpness> {
        Some(self.first.sharpness()?.and(self.second.sharpness()?))
    }

    fn rounding(&self, coordinate: usize) -> f64 {
        self.first.rounding(coordinate) + self.second.rounding(coordinate)
    }

    /// No more than the dearer of both.
    fn divergence_cost(&self) -> f64 {
        self.first.divergence_cost().max(self.second.divergence_cost())
    }
}

impl<T: Real, A: TrainableField<T>, B: TrainableField<T>> TrainableField<T> for Sum<T, A, B> {
    type Tape = SumTape<A::Tape, B::Tape>;

    fn held(&self) -> &Parameters<T> {
        &self.values
    }

    fn fixed(&self) -> Vec<Fixed> {
        let [first, second] = [self.first.fixed(), self.second.fixed()];
        let first = first.into_iter().map(|array| array.within("0"));
        first.chain(second.into_iter().map(|array| array.within("1"))).collect()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&self.fixed(), arrays)?;
        let before = self.first.fixed();
        let own = |part: &str, arrays: &[Fixed]| -> Vec<Fixed> {
            arrays.iter().map(|array| array.of_part(part)).collect()
        };
        let (first, second) = arrays.split_at(before.len());
        self.first.set_fixed(&own("0", first))?;
        if let Err(error) = self.second.set_fixed(&own("1", second)) {
            self.first.set_fixed(&before)?;
            return Err(error);
        }
        Ok(())
    }

    fn describe(&self) -> Result<Description> {
        let [first, second] = [self.first.describe()?, self.second.describe()?];
        Ok(Description::new("Sum").part("0", first).part("1", second))
    }

    fn settings(&self) -> Vec<Setting> {
        let [first, second] = [self.first.settings(), self.second.settings()];
        let first = first.into_iter().map(|setting| setting.within("0"));
        first.chain(second.into_iter().map(|setting| setting.within("1"))).collect()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.layout().check(values)?;
        let (first, second) = values.split_at(self.first.parameters().len());
        let before = self.first.parameters().to_vec();
        self.first.set_parameters(first)?;
        if let Err(error) = self.second.set_parameters(second) {
            self.first.set_parameters(&before)?;
            return Err(error);
        }
        self.values.set(values)
    }

    fn is_fresh(&self) -> bool {
        self.first.is_fresh() && self.second.is_fresh()
    }

    fn sums_len(&self) -> usize {
        self.first.sums_len() + self.second.sums_len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.held().check_fold(sums, self.sums_len(), gradient)?;
        let (first, second) = sums.split_at(self.first.sums_len());
        let (to_first, to_second) = gradient.split_at_mut(self.first.parameters().len());
        self.first.fold(first, to_first)?;
        self.second.fold(second, to_second)
    }

    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        mut velocity: RowsMut<'_, T>,
        mut traces: RowsMut<'_, T>,
        tape: &mut Self::Tape,
        scratch: &mut Scratch<T>,
    ) {
        let mut other = scratch.take(self.dim(), at.lanes());
        let mut others = scratch.take(traces.rows(), traces.lanes());
        let [first, second] = [self.first.context_dim(), self.second.context_dim()];
        let (to, into) = (velocity.reborrow(), traces.reborrow());
        self.first.record(seen(at, first), traced, to, into, &mut tape.first, scratch);
        let (to, into) = (other.view_mut(), others.view_mut());
        self.second.record(seen(at, second), traced, to, into, &mut tape.second, scratch);
        add(other.values(), velocity.values_mut());
        add(others.values(), traces.values_mut());
        scratch.give(others);
        scratch.give(other);
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &Self::Tape,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let Pulled { mut x, mut context, sums } = pulled;
        let [first, second] = [self.first.context_dim(), self.second.context_dim()];
        let (to_first, to_second) = sums.split_at_mut(self.first.sums_len());
        let mut other = scratch.take(self.dim(), at.lanes());
        let mut parts: [Block<T>; 2] = [first, second].map(|rows| scratch.take(rows, at.lanes()));
        let into = Pulled { x: x.reborrow(), context: parts[0].view_mut(), sums: to_first };
        self.first.pullback(seen(at, first), traced, &tape.first, cotangents, into, scratch);
        let into = Pulled { x: other.view_mut(), context: parts[1].view_mut(), sums: to_second };
        self.second.pullback(seen(at, second), traced, &tape.second, cotangents, into, scratch);
        add(other.values(), x.values_mut());
        scratch.give(other);
        context.values_mut().fill(T::zero());
        for part in parts {
            add(part.values(), context.values_mut());
            scratch.give(part);
        }
    }
}

impl<T, A, B> Restore<T> for Sum<T, A, B>
where
    T: Real,
    A: TrainableField<T> + Restore<T>,
    B: TrainableField<T> + Restore<T>,
{
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Sum")?;
        let first = A::restore(&source.part_within("0", "0")?)?;
        Self::new(first, B::restore(&source.part_within("1", "1")?)?)
    }
}

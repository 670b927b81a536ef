//! What a closure is a function of: points, time and points, or these and a context.

use super::Number;

/// A function of (t, x, context) in N dimensions and C context values, over numbers D.
pub trait Law<D, const N: usize, const C: usize>: Send + Sync {
    /// dx/dt.
    fn apply(&self, t: D, x: [D; N], context: [D; C]) -> [D; N];
}

/// A function of (t, x) in a dimension known at run time, over numbers D, that fills in dx/dt.
pub trait DynLaw<D>: Send + Sync {
    /// Fills in dx/dt.
    fn fill(&self, t: D, x: &[D], out: &mut [D]);
}

/// A function of x.
#[derive(Clone, Copy, Debug)]
pub struct Autonomous<F>(pub(super) F);

/// A function of t and x.
#[derive(Clone, Copy, Debug)]
pub struct TimeDependent<F>(pub(super) F);

/// A function of t, x and a context.
#[derive(Clone, Copy, Debug)]
pub struct Conditional<F>(pub(super) F);

impl<D, F, const N: usize> Law<D, N, 0> for Autonomous<F>
where
    F: Fn([D; N]) -> [D; N] + Send + Sync,
{
    #[inline]
    fn apply(&self, _: D, x: [D; N], _: [D; 0]) -> [D; N] {
        (self.0)(x)
    }
}

impl<D, F, const N: usize> Law<D, N, 0> for TimeDependent<F>
where
    F: Fn(D, [D; N]) -> [D; N] + Send + Sync,
{
    #[inline]
    fn apply(&self, t: D, x: [D; N], _: [D; 0]) -> [D; N] {
        (self.0)(t, x)
    }
}

impl<D, F, const N: usize, const C: usize> Law<D, N, C> for Conditional<F>
where
    F: Fn(D, [D; N], [D; C]) -> [D; N] + Send + Sync,
{
    #[inline]
    fn apply(&self, t: D, x: [D; N], context: [D; C]) -> [D; N] {
        (self.0)(t, x, context)
    }
}

impl<D, F: Fn(&[D], &mut [D]) + Send + Sync> DynLaw<D> for Autonomous<F> {
    #[inline]
    fn fill(&self, _: D, x: &[D], out: &mut [D]) {
        (self.0)(x, out);
    }
}

impl<D, F: Fn(D, &[D], &mut [D]) + Send + Sync> DynLaw<D> for TimeDependent<F> {
    #[inline]
    fn fill(&self, t: D, x: &[D], out: &mut [D]) {
        (self.0)(t, x, out);
    }
}

/// Whether a function gave the same over both kinds of numbers, but for roundings.
pub(super) fn agree(values: impl Iterator<Item = f64>, numbers: &[Number]) -> bool {
    let close =
        |value: f64, number: &Number| (value - number.value()).abs() <= 1e-6 * value.abs().max(1.0);
    values.zip(numbers).all(|(value, number)| close(value, number))
}

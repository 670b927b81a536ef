//! What is to be inferred from: an unnormalised log-density with its gradient.

use super::Parameters;

/// A number with its derivatives by eight parameters, in which a target is written once.
pub type Number = num_dual::DualSVec64<8>;

/// Directions of a [`Number`].
const DIRECTIONS: usize = 8;

/// An unnormalised density of named parameters, ln p̃(x), with its gradient.
///
/// It may be minus infinity where the density is zero. What is NaN is no density, and is counted as a failure.
pub trait Target: Sync {
    /// The parameters, in order.
    fn parameters(&self) -> &Parameters;

    /// ln p̃ at the parameters `x`; writes ∂ ln p̃ / ∂x.
    fn log_density(&self, x: &[f64], gradient: &mut [f64]) -> f64;

    /// ln p̃ alone. By default it is computed with its gradient.
    fn value(&self, x: &[f64]) -> f64 {
        self.log_density(x, &mut vec![0.0; x.len()])
    }
}

/// A target by a formula over dual numbers; made by [`formula`].
pub struct Formula<F> {
    parameters: Parameters,
    formula: F,
}

/// A target whose log-density is written once, over numbers that carry their derivatives. Its gradient costs
/// one evaluation for every eight parameters.
///
/// ```
/// use liouville::infer::{Parameters, Target, formula};
///
/// // A Gamma distribution of shape 3 and rate 2, without its constant.
/// let gamma = formula(Parameters::new().positive("x"), |x| x[0].ln() * 2.0 - x[0] * 2.0);
/// let mut gradient = [0.0];
/// assert!((gamma.log_density(&[0.5], &mut gradient) - (2.0 * 0.5f64.ln() - 1.0)).abs() < 1e-15);
/// assert!((gradient[0] - 2.0).abs() < 1e-14);
/// # use liouville::num_dual::DualNum;
/// ```
pub fn formula<F>(parameters: Parameters, formula: F) -> Formula<F>
where
    F: Fn(&[Number]) -> Number + Sync,
{
    Formula { parameters, formula }
}

impl<F: Fn(&[Number]) -> Number + Sync> Target for Formula<F> {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn log_density(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let mut numbers: Vec<Number> = x.iter().map(|&value| Number::from_re(value)).collect();
        let mut found = f64::NAN;
        for (block, gradient) in gradient.chunks_mut(DIRECTIONS).enumerate() {
            let first = block * DIRECTIONS;
            for k in 0..gradient.len() {
                numbers[first + k] = Number::from_re(x[first + k]).derivative(k);
            }
            let value = (self.formula)(&numbers);
            for (k, slope) in gradient.iter_mut().enumerate() {
                *slope = value.eps.unwrap_generic(nalgebra::Const::<8>, nalgebra::Const::<1>)[k];
                numbers[first + k] = Number::from_re(x[first + k]);
            }
            found = value.re;
        }
        found
    }

    fn value(&self, x: &[f64]) -> f64 {
        let numbers: Vec<Number> = x.iter().map(|&value| Number::from_re(value)).collect();
        (self.formula)(&numbers).re
    }
}

/// A target by a closure that computes its gradient itself; made by [`with_gradient`].
pub struct WithGradient<F> {
    parameters: Parameters,
    log_density: F,
}

/// A target whose log-density comes with a gradient that somebody else computes: `log_density` gets the
/// parameters, writes the gradient, and returns ln p̃.
///
/// ```
/// use liouville::infer::{Parameters, Target, with_gradient};
///
/// let normal = with_gradient(Parameters::new().real("x"), |x, gradient| {
///     gradient[0] = -x[0];
///     -0.5 * x[0] * x[0]
/// });
/// assert_eq!(normal.value(&[2.0]), -2.0);
/// ```
pub fn with_gradient<F>(parameters: Parameters, log_density: F) -> WithGradient<F>
where
    F: Fn(&[f64], &mut [f64]) -> f64 + Sync,
{
    WithGradient { parameters, log_density }
}

impl<F: Fn(&[f64], &mut [f64]) -> f64 + Sync> Target for WithGradient<F> {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn log_density(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        (self.log_density)(x, gradient)
    }
}

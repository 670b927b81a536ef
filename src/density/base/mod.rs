//! Bases: simple densities that a flow can start from, evaluated on blocks, with parameters that can learn.
//!
//! | file | what |
//! | --- | --- |
//! | `normal` | the standard normal base |
//! | `diagonal` | normal coordinates with means and deviations of their own |
//! | `multivariate` | the normal distribution of any mean and covariance |
//! | `student` | coordinates of Student's distribution, for heavy tails |
//! | `uniform` | the uniform distribution in a box |
//! | `circle` | the uniform base of angles |
//! | `mixture` | mixtures of bases, above all of normals |
//! | `product` | two independent bases beside one another |
//! | `frozen` | a base whose parameters stay as they are |
//! | `any` | a base of any kind behind a pointer |
//! | `kinds` | the kinds of bases by their names |
//! | `rows` | the log-density of a base on a matrix |
//! | `lanes`, `positive`, `cholesky`, `dimension`, `words` | what they share: groups of lanes, positive numbers, factors, sizes, common methods |

mod any;
mod cholesky;
mod circle;
mod diagonal;
mod dimension;
mod frozen;
mod kinds;
mod lanes;
mod mixture;
mod multivariate;
mod normal;
mod positive;
mod product;
mod rows;
mod student;
mod uniform;
mod words;

use nalgebra::DMatrix;
use rand::Rng;

use super::{Density, Sample, room_for};
use crate::columns::{Rows, RowsMut};
use crate::description::Description;
use crate::error::Result;
use crate::flow::Space;
use crate::parameters::{self, Fixed, Layout, Parameters, Setting, State};
use crate::real::Real;

pub use any::AnyBase;
pub use circle::UniformCircle;
pub use diagonal::DiagonalNormal;
pub use mixture::Mixture;
pub use multivariate::MultivariateNormal;
pub use normal::StandardNormal;
pub use product::Product;
pub(crate) use rows::{check_finite, mark_lanes_outside};
pub(super) use rows::{log_prob_checked, log_prob_of, mark_outside};
pub use student::StudentT;
pub use uniform::UniformBox;

/// A simple density that a flow can start from: evaluated on blocks, with its gradients by points and by its
/// own parameters.
///
/// What has parameters learns them beside the flow's, wherever an objective evaluates the base, as
/// [maximum likelihood](crate::train::MaximumLikelihood) does; [`Frozen`](crate::flow::Frozen) keeps a base as
/// it is. A base of one's own needs three methods, if it has no parameters:
///
/// ```
/// use liouville::columns::{Rows, RowsMut};
/// use liouville::nalgebra::{DMatrix, DVector};
/// use liouville::prelude::*;
/// use liouville::rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
///
/// /// The logistic distribution, p(x) = e⁻ˣ / (1 + e⁻ˣ)².
/// struct Logistic;
///
/// impl Density<f64> for Logistic {
///     fn dim(&self) -> usize {
///         1
///     }
///
///     fn log_prob(&self, points: &DMatrix<f64>) -> liouville::Result<DVector<f64>> {
///         Ok(points.row(0).transpose().map(|x| -x - 2.0 * (-x).exp().ln_1p()))
///     }
/// }
///
/// impl Sample<f64> for Logistic {
///     type Drawn = DMatrix<f64>;
///
///     fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> liouville::Result<DMatrix<f64>> {
///         let mut points = DMatrix::zeros(1, count);
///         points.as_mut_slice().chunks_mut(1).for_each(|column| self.draw(column, rng));
///         Ok(points)
///     }
/// }
///
/// impl Base<f64> for Logistic {
///     fn add_log_prob_rows(&self, points: Rows<'_, f64>, log_prob: &mut [f64]) {
///         for (sum, x) in log_prob.iter_mut().zip(points.row(0)) {
///             *sum -= x + 2.0 * (-x).exp().ln_1p();
///         }
///     }
///
///     fn score_rows(&self, points: Rows<'_, f64>, mut score: RowsMut<'_, f64>) {
///         for (score, x) in score.row_mut(0).iter_mut().zip(points.row(0)) {
///             *score = -(0.5 * x).tanh();
///         }
///     }
///
///     fn draw<R: Rng + ?Sized>(&self, column: &mut [f64], rng: &mut R) {
///         let u: f64 = rng.random();
///         column[0] = (u / (1.0 - u)).ln();
///     }
/// }
///
/// let flow = ContinuousFlow::new(field::autonomous::<1, _>(|x| [x[0].sin()]));
/// let model = Pushforward::new(Logistic, flow);
/// let points = model.sample(5, &mut StdRng::seed_from_u64(1))?;
/// assert!(model.log_prob(&points)?.iter().all(|value| value.is_finite()));
/// # Ok::<(), liouville::Error>(())
/// ```
pub trait Base<T: Real>: Density<T> + Sample<T, Drawn = DMatrix<T>> + Send {
    /// Adds the log-density of each lane to `log_prob`; NaN for a lane that holds NaN.
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]);

    /// Writes the log-density of each lane; NaN for a lane that holds NaN.
    fn log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        log_prob.fill(T::zero());
        self.add_log_prob_rows(points, log_prob);
    }

    /// Writes the score of each lane, the gradient of the log-density by the point.
    fn score_rows(&self, points: Rows<'_, T>, score: RowsMut<'_, T>);

    /// Draws one sample into `column`, coordinate by coordinate. [`Sample::sample`] is this for one column
    /// after the other, so that neither the first samples nor what `rng` gives behind them depend on how
    /// many are drawn at once.
    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R);

    /// Where each coordinate lives, for which a flow has to be made. Default: all on the line.
    fn spaces(&self) -> Vec<Space> {
        vec![Space::Line; self.dim()]
    }

    /// Whether some points lie outside the support; [`outside`](Base::outside) then says which. By default
    /// none do.
    fn is_bounded(&self) -> bool {
        false
    }

    /// The coordinate by which a lane lies outside the support, where the density is zero. By default none
    /// does.
    fn outside(&self, points: Rows<'_, T>, lane: usize) -> Option<usize> {
        let _ = (points, lane);
        None
    }

    /// Where each coordinate lies, and how far it spreads, as far as the base knows. What a flow sets by
    /// data, so that they arrive with mean 0 and variance 1, suits a base that is about there.
    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        None
    }

    /// The parameters with their names, where the base has them in one place. By default there are none.
    fn held(&self) -> Option<&Parameters<T>> {
        None
    }

    /// The names, shapes and places of the parameters, with a [fingerprint](Layout::fingerprint) of what
    /// the base is besides them.
    fn layout(&self) -> Layout {
        let layout = self.held().map_or_else(Layout::new, |held| held.layout().clone());
        layout.beside(&self.fixed(), &self.settings())
    }

    /// A copy of all parameters, flat.
    fn parameters(&self) -> Vec<T> {
        self.held().map_or_else(Vec::new, |held| held.to_vec())
    }

    /// Replaces all parameters. By default there are none.
    ///
    /// # Errors
    ///
    /// If there are more values than parameters or fewer, one is NaN or infinite ([`Layout::check`]), or makes
    /// no base, such as a scale that the scalar cannot hold; the base is then unchanged.
    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        Layout::new().check(values)
    }

    /// The number of parameters.
    fn parameter_count(&self) -> usize {
        self.held().map_or(0, |held| held.len())
    }

    /// The arrays beside the parameters that make the base what it is and do not learn. By default there are
    /// none.
    fn fixed(&self) -> Vec<Fixed> {
        Vec::new()
    }

    /// Replaces the fixed arrays.
    ///
    /// # Errors
    ///
    /// Unless there are the same arrays as in [`fixed`](Base::fixed), each with values that it may have. The
    /// base is then unchanged.
    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&[], arrays)
    }

    /// What the base must have in common with another of which it takes the state, and that is no array. By
    /// default the name of its type.
    fn settings(&self) -> Vec<Setting> {
        vec![Setting::kind_of::<Self>()]
    }

    /// What the base is besides its arrays, from which it is made again. By default it cannot say.
    ///
    /// # Errors
    ///
    /// If it does not describe itself: a base of a user's own that was not told how.
    fn describe(&self) -> Result<Description> {
        Err(Description::none_of::<Self>("base"))
    }

    /// All that makes the base what it is: parameters, fixed arrays and settings.
    fn state(&self) -> State<T> {
        let dim = Setting::new("dim", self.dim());
        State {
            layout: self.layout(),
            parameters: self.parameters(),
            fixed: self.fixed(),
            settings: [dim].into_iter().chain(self.settings()).collect(),
        }
    }

    /// Makes this base the one whose state was taken.
    ///
    /// # Errors
    ///
    /// If the state is of a base with other settings or arrays, or holds values that these may not have. The
    /// base is then unchanged.
    fn set_state(&mut self, state: &State<T>) -> Result<()> {
        let before = Base::state(self);
        state.check_like(&before)?;
        let set = self.set_fixed(&state.fixed);
        let set = set.and_then(|()| self.set_parameters(&state.parameters));
        if set.is_err() {
            self.set_fixed(&before.fixed)?;
            self.set_parameters(&before.parameters)?;
        }
        set
    }

    /// Adds Σ wₗ ∂ log p(xₗ) / ∂θ over the lanes to `sums`, a place for each of the parameters θ in the order
    /// of the layout, lane after lane: what a cotangent w of the log-densities gives the parameters. A lane
    /// whose weight is zero takes no part, whatever it holds. By default there are no parameters.
    fn pullback_rows(&self, points: Rows<'_, T>, weights: &[T], sums: &mut [T]) {
        let _ = (points, weights, sums);
    }
}

/// `count` columns of a base, one after the other.
pub(super) fn draw_columns<T: Real, B: Base<T>, R: Rng + ?Sized>(
    base: &B,
    count: usize,
    rng: &mut R,
) -> Result<DMatrix<T>> {
    let dim = base.dim();
    let mut values = room_for(dim, count)?;
    values.resize(dim * count, T::zero());
    values.chunks_exact_mut(dim).for_each(|column| base.draw(column, rng));
    Ok(DMatrix::from_vec(dim, count, values))
}

//! What changes in time: places that move from base to data, and the density that moves with them.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::base::{log_prob_of, mark_outside};
use super::{Base, Given, Pushforward};
use crate::error::{Error, Result};
use crate::field::VectorField;
use crate::flow::{AnyFlow, Chain, ContinuousFlow, Flow, Frozen, Motion};
use crate::ode::{Solver, Span};
use crate::outcome::{Outcome, shown};
use crate::real::Real;

/// Places that move in time, from base to data: continuous flows, and what is made of them.
///
/// What reads a context has it fixed first, by `given`.
pub trait Moving<T: Real>: Sync {
    /// The dimension of the space.
    fn coordinates(&self) -> usize;

    /// The times of base and data.
    ///
    /// # Errors
    ///
    /// If the flow takes no time: it is no continuous flow, or one of several links of a chain.
    fn span(&self) -> Result<Span>;

    /// The velocities of points (dim x n) at a time.
    ///
    /// # Errors
    ///
    /// If the flow takes no time, shapes do not fit, or the time is not finite.
    fn velocity_at(&self, t: f64, points: &DMatrix<T>) -> Result<DMatrix<T>>;

    /// Where points are at each of the given times, `points` at the first; NaN from where they failed.
    ///
    /// # Errors
    ///
    /// If the flow takes no time, shapes do not fit, there is no time, or a setting is out of range.
    fn path(&self, points: &DMatrix<T>, times: &[f64]) -> Result<Vec<DMatrix<T>>>;

    /// Samples at a time, as far as it is known where they start: of what has a base.
    ///
    /// # Errors
    ///
    /// As [`path`](Moving::path), or if `count` is zero or too large for memory.
    fn drawn(&self, t: f64, count: usize, rng: &mut dyn Rng) -> Result<Option<DMatrix<T>>> {
        let _ = (t, count, rng);
        Ok(None)
    }
}

/// Samples of what has a base, brought to a time.
pub(crate) fn brought<T: Real, E: Evolving<T> + ?Sized>(
    model: &E,
    t: f64,
    count: usize,
    rng: &mut dyn Rng,
) -> Result<Option<DMatrix<T>>> {
    let start = model.draw_base(count, rng)?;
    let from = model.span()?.from;
    match t == from {
        true => Ok(Some(start)),
        false => Ok(model.path(&start, &[from, t])?.pop()),
    }
}

/// A density at any time between base and data.
///
/// ```
/// use liouville::density::Evolving;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// // x grows by e^t, so that the density at the origin falls by e^-t.
/// let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(field::autonomous::<1, _>(|x| x)));
/// let origin = dmatrix![0.0f64];
/// let fall = model.log_prob_at(0.0, &origin)?[0] - model.log_prob_at(0.3, &origin)?[0];
/// assert!((fall - 0.3).abs() < 1e-5);
/// # Ok::<(), liouville::Error>(())
/// ```
pub trait Evolving<T: Real>: Moving<T> {
    /// The log-density at a time: minus infinity where it is zero, NaN where it cannot be computed.
    ///
    /// # Errors
    ///
    /// If the flow takes no time, shapes do not fit, or a setting is out of range.
    fn log_prob_at(&self, t: f64, points: &DMatrix<T>) -> Result<DVector<T>>;

    /// Samples at the time of the base.
    ///
    /// # Errors
    ///
    /// If `count` is zero, or too large for memory.
    fn draw_base(&self, count: usize, rng: &mut dyn Rng) -> Result<DMatrix<T>>;
}

/// What a flow does on its way, or an error for one that takes no time.
fn motion<T: Real, F: Flow<T> + ?Sized>(flow: &F) -> Result<&dyn Motion<T>> {
    flow.motion().ok_or_else(|| {
        Error::setting(
            "the flow maps base to data at once and takes no time: of a continuous flow there are \
             velocities and densities on the way",
        )
    })
}

impl<B, F> Pushforward<B, F> {
    /// The log-density at a time under a context; see [`Evolving::log_prob_at`].
    pub(crate) fn log_prob_on_the_way<T: Real>(
        &self,
        t: f64,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<DVector<T>>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        self.check_dims()?;
        let motion = motion(self.flow())?;
        let back = Span { from: t, to: motion.span().from };
        let mut moved = motion.carry(back, points, context)?;
        mark_outside(self.base(), &moved.points, &mut moved.outcomes);
        let mut log_prob = log_prob_of(self.base(), &moved.points);
        log_prob += &moved.log_det;
        for (value, outcome) in log_prob.iter_mut().zip(&moved.outcomes) {
            match outcome {
                Outcome::Arrived => {}
                Outcome::Outside { .. } => *value = T::of(f64::NEG_INFINITY),
                Outcome::Failed(_) => *value = T::of(f64::NAN),
            }
        }
        Ok(log_prob)
    }
}

/// An error unless the context is one for all.
fn shared<'a, M, T: Real>(given: &'a Given<'_, M, T>) -> Result<Option<&'a DMatrix<T>>> {
    let columns = given.context().ncols();
    match columns {
        1 => Ok(Some(given.context())),
        _ => Err(Error::shape(format!(
            "a density in time at {}: give one context for all",
            shown::count(columns, "context")
        ))),
    }
}

/// The same lines for all that has a flow: what is generic, the type, the flow, the context, and more.
macro_rules! moving {
    ([$($bounds:tt)*], $self:ident: $type:ty, $flow:expr, $context:expr $(, $more:item)?) => {
        impl<$($bounds)*> Moving<T> for $type {
            fn coordinates(&$self) -> usize {
                Flow::<T>::dim($flow)
            }

            fn span(&$self) -> Result<Span> {
                Ok(motion::<T, _>($flow)?.span())
            }

            fn velocity_at(&$self, t: f64, points: &DMatrix<T>) -> Result<DMatrix<T>> {
                motion($flow)?.velocity_at(t, points, $context)
            }

            fn path(&$self, points: &DMatrix<T>, times: &[f64]) -> Result<Vec<DMatrix<T>>> {
                motion($flow)?.path(points, $context, times)
            }

            $($more)?
        }
    };
}

moving!([T: Real, F: VectorField<T>, S: Solver<T>], self: ContinuousFlow<F, S>, self, None);
moving!([T: Real], self: AnyFlow<T>, self, None);
moving!([T: Real], self: Chain<T>, self, None);
moving!([T: Real, F: Flow<T>], self: Frozen<F>, self, None);
moving!([T: Real, B: Base<T>, F: Flow<T>], self: Pushforward<B, F>, self.flow(), None,
    fn drawn(&self, t: f64, count: usize, rng: &mut dyn Rng) -> Result<Option<DMatrix<T>>> {
        brought(self, t, count, rng)
    }
);
moving!(
    [T: Real, B: Base<T>, F: Flow<T>],
    self: Given<'_, Pushforward<B, F>, T>, self.family().flow(), shared(self)?,
    fn drawn(&self, t: f64, count: usize, rng: &mut dyn Rng) -> Result<Option<DMatrix<T>>> {
        brought(self, t, count, rng)
    }
);

fn draw_base<T: Real, B: Base<T>, F: Flow<T>>(
    density: &Pushforward<B, F>,
    count: usize,
    rng: &mut dyn Rng,
) -> Result<DMatrix<T>> {
    density.check_dims()?;
    // A reference to a generator is one, and has a size.
    let mut rng = rng;
    density.base().sample(count, &mut rng)
}

impl<T: Real, B: Base<T>, F: Flow<T>> Evolving<T> for Pushforward<B, F> {
    fn log_prob_at(&self, t: f64, points: &DMatrix<T>) -> Result<DVector<T>> {
        self.log_prob_on_the_way(t, points, None)
    }

    fn draw_base(&self, count: usize, rng: &mut dyn Rng) -> Result<DMatrix<T>> {
        draw_base(self, count, rng)
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Evolving<T> for Given<'_, Pushforward<B, F>, T> {
    fn log_prob_at(&self, t: f64, points: &DMatrix<T>) -> Result<DVector<T>> {
        self.family().log_prob_on_the_way(t, points, shared(self)?)
    }

    fn draw_base(&self, count: usize, rng: &mut dyn Rng) -> Result<DMatrix<T>> {
        draw_base(self.family(), count, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::{Density, StandardNormal};
    use crate::field::{Linear, autonomous, conditional};
    use crate::flow::Permutation;
    use nalgebra::dmatrix;
    use num_dual::DualNum;

    #[test]
    fn a_density_is_the_base_at_first_and_the_data_at_last() {
        let turning: Linear<f64> = Linear::new(dmatrix![0.1, -1.0; 0.7, -0.3]).expect("finite");
        let flow = ContinuousFlow::new(turning).tolerance(1e-9);
        let model = StandardNormal::new(2).pushed_by(AnyFlow::new(flow));
        let points = dmatrix![0.3, -1.0, 2.0; 0.4, 2.0, 0.1];
        let base = StandardNormal::new(2).log_prob(&points).expect("shapes");
        assert!((model.log_prob_at(0.0, &points).expect("computed") - base).amax() < 1e-12);
        let data = model.log_prob(&points).expect("computed");
        assert!((model.log_prob_at(1.0, &points).expect("computed") - data).amax() < 1e-12);
    }

    #[test]
    fn mass_is_kept_at_every_time() {
        let bent = autonomous::<1, _>(|x| [(x[0] * 2.0).sin() * 0.8 + 0.3]);
        let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(bent).tolerance(1e-7));
        let step = 0.01;
        let grid = DMatrix::from_fn(1, 1601, |_, k| -8.0 + step * k as f64);
        for t in [0.0, 0.4, 1.0] {
            let log_p: DVector<f64> = model.log_prob_at(t, &grid).expect("computed");
            let mass = step * log_p.map(f64::exp).sum();
            assert!((mass - 1.0).abs() < 1e-4, "{t}: {mass}");
        }
    }

    #[test]
    fn what_takes_no_time_and_what_lacks_a_context_is_named() {
        let at_once = StandardNormal::new(2).pushed_by(Chain::new().then(Permutation::reverse(2)));
        let error = Moving::<f64>::span(&at_once).expect_err("a permutation");
        assert!(error.to_string().contains("continuous"), "{error}");
        let shift = conditional::<1, 1, _>(|_, _, context| [context[0]]);
        let family = StandardNormal::new(1).pushed_by(ContinuousFlow::new(shift));
        let origin = dmatrix![0.0f64];
        assert!(family.log_prob_at(0.5, &origin).expect_err("no context").is_shape());
        assert!(family.velocity_at(0.5, &origin).expect_err("no context").is_shape());
        let given = family.given(dmatrix![2.0]);
        assert_eq!(given.velocity_at(0.5, &origin).expect("given")[0], 2.0);
        let there = given.log_prob_at(0.5, &dmatrix![1.0]).expect("given")[0];
        assert!((there + 0.5 * std::f64::consts::TAU.ln()).abs() < 1e-6);
    }
}

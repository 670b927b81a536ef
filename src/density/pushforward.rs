//! Base + flow: the distribution of a flow's end points.

use std::borrow::Cow;
use std::f64::consts::{PI, TAU};

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::base::{log_prob_of, mark_outside};
use super::{Base, Density, Sample, Samples};
use crate::error::{Error, Result};
use crate::flow::{Direction, Flow, Moved, Space, Track, TrainableFlow, outside, transport};
use crate::outcome::shown::number;
use crate::outcome::{Effort, Outcome};
use crate::real::Real;

/// The distribution of forward(z) for z from a base.
///
/// Its log-density is log p(x) = log p_base(z) + ln |det ∂z/∂x| with z = inverse(x).
///
/// ```
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let density = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum).tolerance(1e-9));
/// let mut rng = StdRng::seed_from_u64(1);
/// let points: Samples<f64> = density.sample(100, &mut rng)?;
/// let log_p = density.log_prob(&points)?;
/// assert!(log_p.iter().all(|value| value.is_finite()));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pushforward<B, F> {
    base: B,
    flow: F,
}

/// Log-densities with all that is known about them.
#[derive(Debug, Clone)]
pub struct Evaluated<T: Real> {
    /// The log-density of each column, in nats: minus infinity where it lies outside the support, NaN
    /// where it failed.
    pub log_prob: DVector<T>,
    /// The standard error of each log-density, if the flow was told by name to estimate; NaN where a
    /// single probe gives no spread, and `None` if the log-densities are exact. From k probes it has
    /// k - 1 degrees of freedom, as [`Moved::standard_error`] says. It does not cover the error of
    /// integration, which the tolerance bounds.
    pub standard_error: Option<DVector<T>>,
    /// The points of the base that the columns come from; NaN where there is none.
    pub latent: DMatrix<T>,
    /// What became of each column.
    pub outcomes: Vec<Outcome>,
    /// What each column cost.
    pub efforts: Vec<Effort>,
}

impl<B, F> Pushforward<B, F> {
    /// The distribution that `flow` makes of `base`.
    pub fn new(base: B, flow: F) -> Self {
        Self { base, flow }
    }

    /// The base and the flow.
    pub fn into_parts(self) -> (B, F) {
        (self.base, self.flow)
    }

    /// The base.
    pub fn base(&self) -> &B {
        &self.base
    }

    /// The base, to be changed.
    pub fn base_mut(&mut self) -> &mut B {
        &mut self.base
    }

    /// The flow.
    pub fn flow(&self) -> &F {
        &self.flow
    }

    /// The flow, to be changed.
    pub fn flow_mut(&mut self) -> &mut F {
        &mut self.flow
    }

    /// Sets the flow's parameters that depend on data, such as those of activation normalisation, so
    /// that `data` arrive at the base with mean 0 and variance 1; see [`TrainableFlow::initialise`].
    /// Training does so by itself where nothing has been learnt or given yet, unless it is told to
    /// [keep the start](crate::train::Trainer::keep_start).
    ///
    /// ```
    /// use liouville::flow::layers::ActNorm;
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// let layer: ActNorm<f64> = ActNorm::new(field::DiagonalAffine::zero(2)?);
    /// let mut model = StandardNormal::new(2).pushed_by(layer);
    /// model.initialise(&dmatrix![100.0, 104.0; 0.1, 0.3], None)?;
    /// assert!(model.log_prob(&dmatrix![102.0; 0.2])?[0] > -2.0);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If shapes do not fit, or the data do not determine the parameters.
    pub fn initialise<T: Real>(
        &mut self,
        data: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        self.check_dims()?;
        self.flow.check()?;
        self.flow.initialise(Direction::Inverse, data, context)
    }

    /// As [`initialise`](Pushforward::initialise), for parts of the flow that have neither learnt nor been
    /// given, and for a base about zero on the line alone: what has mean 0 and variance 1 suits no other.
    pub(crate) fn prepare_flow<T: Real>(
        &mut self,
        data: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let on_the_line = self.base.spaces().iter().all(|space| *space == Space::Line);
        if !on_the_line || !is_about_zero(&self.base) || !self.flow.is_fresh() {
            return Ok(());
        }
        self.check_dims()?;
        self.flow.check()?;
        self.flow.prepare(Direction::Inverse, data, context)
    }

    /// The log-density of every column, with outcomes and costs, and with standard errors where the
    /// flow was told by name to estimate: a column that fails is reported, and the others are
    /// computed. Outside the support of the flow, or of the base, the ends of intervals included, the
    /// density is zero: its logarithm is minus infinity, and the outcome says so.
    ///
    /// ```
    /// use liouville::flow::elementwise::{Constrain, positive};
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// let lognormal = StandardNormal::new(1).pushed_by(Constrain::new().then(positive(1)));
    /// let found = lognormal.evaluate(&dmatrix![1.0, -1.0, f64::NAN], None)?;
    /// assert!(found.outcomes[0].arrived() && found.outcomes[1].is_outside());
    /// assert_eq!(found.log_prob[1], f64::NEG_INFINITY);
    /// assert!(found.outcomes[2].failure().is_some() && found.log_prob[2].is_nan());
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no column, or a setting is out of range.
    pub fn evaluate<T: Real>(
        &self,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Evaluated<T>>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        let points = self.wrapped(points)?;
        let mut moved = self.flow.follow(Direction::Inverse, &points, context)?;
        mark_outside(&self.base, &moved.points, &mut moved.outcomes);
        let mut log_prob = log_prob_of(&self.base, &moved.points);
        log_prob += &moved.log_det;
        for (value, outcome) in log_prob.iter_mut().zip(&moved.outcomes) {
            if outcome.is_outside() {
                *value = T::of(f64::NEG_INFINITY);
            }
        }
        let Moved { points: latent, standard_error, outcomes, efforts, .. } = moved;
        Ok(Evaluated { log_prob, standard_error, latent, outcomes, efforts })
    }

    /// What becomes of every column at the ends of the support of flow and base, with as little work as that
    /// takes.
    pub(crate) fn outside_both<T: Real>(
        &self,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Vec<Outcome>>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        if !self.base.is_bounded() {
            return outside(&self.flow, Direction::Inverse, points, context);
        }
        let mut moved = transport(&self.flow, Direction::Inverse, points, context, Track::Points)?;
        mark_outside(&self.base, &moved.points, &mut moved.outcomes);
        Ok(moved.outcomes)
    }

    /// Draws samples for a context, if there is one; that all of them fail is no error here.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, `count` is zero or too large for memory, or a setting is out of range.
    pub fn sample_detailed<T: Real, R: Rng + ?Sized>(
        &self,
        count: usize,
        context: Option<&DMatrix<T>>,
        rng: &mut R,
    ) -> Result<Samples<T>>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        self.check_dims()?;
        let start = self.base.sample(count, rng)?;
        let moved = transport(&self.flow, Direction::Forward, &start, context, Track::Points)?;
        Ok(Samples::new(moved))
    }

    /// Draws samples with their log-densities on one way: ln p(x) = ln p_base(z) - ln |det ∂x/∂z|, without a
    /// second solve. NaN for samples that failed.
    ///
    /// ```
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let spiral = field::Linear::new(dmatrix![-0.5, 1.0; -1.0, -0.5])?;
    /// let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(spiral));
    /// let (drawn, log_p) = model.sample_scored(10, None, &mut StdRng::seed_from_u64(1))?;
    /// assert!((model.log_prob(&drawn)? - log_p).amax() < 1e-3);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`sample_detailed`](Pushforward::sample_detailed).
    pub fn sample_scored<T: Real, R: Rng + ?Sized>(
        &self,
        count: usize,
        context: Option<&DMatrix<T>>,
        rng: &mut R,
    ) -> Result<(Samples<T>, DVector<T>)>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        self.check_dims()?;
        let start = self.base.sample(count, rng)?;
        let moved = transport(&self.flow, Direction::Forward, &start, context, Track::LogDet)?;
        let log_prob = log_prob_of(&self.base, &start) - &moved.log_det;
        Ok((Samples::new(moved), log_prob))
    }

    /// Where each coordinate of a sample lives.
    ///
    /// # Errors
    ///
    /// If base and flow do not fit: by their dimensions, or where what the base draws does not lie where
    /// the flow takes it, as normal numbers around a circle. The error names the coordinate.
    pub fn spaces<T: Real>(&self) -> Result<Vec<Space>>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        let (base, flow) = (self.base.dim(), self.flow.dim());
        if base != flow {
            return Err(Error::shape(format!(
                "the base has dimension {base}, the flow {flow}: give the base the dimension of the flow"
            )));
        }
        let spaces = self.flow.spaces(Direction::Forward, &self.base.spaces());
        spaces.map_err(|error| error.during("the base does not fit the flow"))
    }

    /// An error unless base and flow fit.
    pub(crate) fn check_dims<T: Real>(&self) -> Result<()>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        self.spaces().map(|_| ())
    }

    /// The points with every angle between -π and π, where flows of the circle take them.
    pub(super) fn wrapped<'a, T: Real>(&self, points: &'a DMatrix<T>) -> Result<Cow<'a, DMatrix<T>>>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        let spaces = self.spaces()?;
        let angles = || (0..spaces.len()).filter(|&i| spaces[i] == Space::Circle);
        if points.nrows() != spaces.len() || angles().next().is_none() {
            return Ok(Cow::Borrowed(points));
        }
        let mut points = points.clone();
        for i in angles() {
            points.row_mut(i).iter_mut().for_each(|angle| *angle = wrap(*angle));
        }
        Ok(Cow::Owned(points))
    }

    /// An error that names the first angle that is not between -π and π. Densities wrap what they are given;
    /// what a flow learns from must be as it draws.
    pub(crate) fn check_angles<T: Real>(&self, points: &DMatrix<T>) -> Result<()>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        let wrapped = self.wrapped(points)?;
        let moved = |k: &usize| points[*k].is_finite() && wrapped[*k] != points[*k];
        let Some(k) = (0..points.len()).find(moved) else { return Ok(()) };
        let (row, column, angle) = (k % points.nrows(), k / points.nrows(), points[k]);
        let inner = wrapped[k];
        Err(Error::setting(format!(
            "row {row} of the data holds angles, and column {column} has {} there: give angles from -π up to π without π itself, here {}",
            number(angle.wide()),
            number(inner.wide())
        )))
    }
}

/// Whether points of mean 0 and variance 1 are ordinary ones of a base, as far as it says where it lies.
fn is_about_zero<T: Real>(base: &impl Base<T>) -> bool {
    let near = |[location, scale]: &[f64; 2]| {
        location.abs() <= 2.0 * scale && (0.25..=4.0).contains(scale)
    };
    base.location_and_scale().is_none_or(|places| places.iter().all(near))
}

/// The angle from -π to π that differs by a multiple of 2π.
fn wrap<T: Real>(angle: T) -> T {
    let (x, end) = (angle.wide(), T::of(PI));
    if angle >= -end && angle < end || !x.is_finite() {
        return angle;
    }
    let inner = T::of(x - TAU * (x / TAU).round());
    if inner >= -end && inner < end { inner } else { -end }
}

impl<T: Real> Evaluated<T> {
    /// The log-densities, minus infinity outside the support, or an error that names the columns that
    /// failed.
    ///
    /// # Errors
    ///
    /// If any column failed.
    pub fn none_failed(self) -> Result<DVector<T>> {
        match Error::from_failures(&self.outcomes) {
            Some(error) => Err(error.advising("`evaluate` gives the log-densities of the others")),
            None => Ok(self.log_prob),
        }
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Density<T> for Pushforward<B, F> {
    fn dim(&self) -> usize {
        self.flow.dim()
    }

    /// Exact, up to the tolerance of integration, unless the flow was told by name to estimate its
    /// log-determinant: then these are estimates, and [`evaluate`](Pushforward::evaluate) gives
    /// their standard errors.
    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        self.evaluate(points, None)?.none_failed()
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Sample<T> for Pushforward<B, F> {
    type Drawn = Samples<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Samples<T>> {
        self.sample_detailed(count, None, rng)?.some_arrived()
    }
}

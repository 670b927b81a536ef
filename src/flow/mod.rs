//! Flows: invertible maps with a log-determinant.
//!
//! | file | what |
//! | --- | --- |
//! | `packet` | a block of samples on their way through one flow or several |
//! | `batch` | a matrix of samples, cut into packets, over all threads |
//! | `continuous/` | the flow of a vector field, by integration |
//! | `closed_form/` | flows with a closed form: activation normalisation, linear maps, permutations |
//! | `elementwise/` | bijectors onto constrained supports: positive, bounded, ordered, simplex |
//! | `euler_step/` | one explicit Euler step of a field: planar, radial and residual layers |
//! | `chain/`, `inverted`, `frozen` | flows one after the other; a flow the other way round; one that learns no more |
//! | `autoregressive/` | flows that move each coordinate as those before it say |
//! | `coupling/` | couplings: some coordinates say how the others are moved |
//! | `transformer/` | increasing maps of one coordinate, for couplings and autoregressive flows |
//! | `stack` | the usual stacks of layers, with the defaults of their papers |
//! | `kinds` | flows by the names of their kinds |
//! | `layers` | the names of layers, in one table |
//! | `space` | where coordinates live: on the line, on a part of it, on the circle |
//! | `trainable` | flows with parameters and a reverse pass |
//! | `root` | roots of increasing functions, one for every lane |

mod any;
pub mod autoregressive;
mod batch;
mod chain;
pub mod closed_form;
pub mod continuous;
pub mod coupling;
pub mod elementwise;
pub mod euler_step;
mod frozen;
mod inverted;
mod kinds;
pub mod layers;
mod packet;
mod root;
mod space;
mod stack;
mod trainable;
pub mod transformer;

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::ode::{Accuracy, Span, Workspace};
use crate::outcome::{Effort, Outcome};
use crate::real::Real;

pub use crate::columns::{Contexts, Mask, PACKET, check_points};
pub use any::{AnyFlow, AnyTape};
pub use autoregressive::{Autoregressive, AutoregressiveBuilder};
pub use batch::{outside, transport};
pub use chain::{Chain, ChainTape};
pub use closed_form::{ClosedForm, InvertibleLinear, Permutation, Solvable};
pub use continuous::{ColumnSteps, ContinuousFlow};
pub use coupling::{Coupling, CouplingBuilder};
pub use elementwise::Constrain;
pub use euler_step::{EulerStep, StepInvertible};
pub use frozen::Frozen;
pub use inverted::Inverted;
pub use packet::{Cotangent, Packet, Track};
pub use root::Report;
pub use space::Space;
pub use stack::Stack;
pub use trainable::TrainableFlow;

/// Which way a flow is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the base to the data.
    Forward,
    /// From the data to the base.
    Inverse,
}

impl Direction {
    /// The other direction.
    pub fn reversed(self) -> Self {
        match self {
            Self::Forward => Self::Inverse,
            Self::Inverse => Self::Forward,
        }
    }
}

/// Where samples ended up, and how volumes changed on the way.
#[derive(Debug, Clone)]
pub struct Moved<T: Real> {
    /// The points, dim x n; NaN for columns that did not arrive.
    pub points: DMatrix<T>,
    /// ln |det| of the Jacobian of the map that was applied, in the direction that was asked for.
    pub log_det: DVector<T>,
    /// The standard error of each log-determinant that was estimated, because the flow was told to
    /// by name; NaN where it is unknown, as a single probe gives no spread. `None` if all are exact.
    ///
    /// It is itself estimated, from the spread of k probes: the error in units of it follows Student's
    /// distribution with k - 1 degrees of freedom, as far as probes are normal. Two standard errors
    /// cover 70% of the errors for two probes, 86% for four, 91% for eight and 95% for 32.
    pub standard_error: Option<DVector<T>>,
    /// What became of each column.
    pub outcomes: Vec<Outcome>,
    /// What each column cost.
    pub efforts: Vec<Effort>,
}

/// An invertible map with a log-determinant, on columns.
///
/// Required is one method, [`follow_packet`](Flow::follow_packet), which moves a block of samples
/// in place; `follow`, `forward` and `inverse` cut a matrix into blocks and spread them over the
/// threads of rayon's current pool. What becomes of a sample does not depend, to the last bit, on
/// the samples beside it, on its place, or on the number of threads.
pub trait Flow<T: Real>: Send + Sync {
    /// The dimension of the space.
    fn dim(&self) -> usize;

    /// The number of context values that each sample carries.
    fn context_dim(&self) -> usize {
        0
    }

    /// An error if a setting is out of range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Where the coordinates live to which `direction` leads, given where those live that come in.
    /// By default all come from the line, or from parts of it, and go to the line.
    ///
    /// ```
    /// use liouville::flow::Space;
    /// use liouville::flow::elementwise::{Constrain, free, positive};
    /// use liouville::prelude::*;
    ///
    /// let flow: Constrain<f64> = Constrain::new().then(free(1)).then(positive(1));
    /// let spaces = flow.spaces(Direction::Forward, &[Space::Line; 2])?;
    /// assert_eq!(spaces, [Space::Line, Space::between(0.0, f64::INFINITY)]);
    /// // The other way round it takes positive numbers only.
    /// assert!(flow.spaces(Direction::Inverse, &[Space::Line; 2]).is_err());
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a coordinate comes from where the flow does not take it; the error names the coordinate.
    fn spaces(&self, direction: Direction, from: &[Space]) -> Result<Vec<Space>> {
        let _ = direction;
        space::along_the_line(self.dim(), from)
    }

    /// Moves the samples of a packet, adds to their log-determinants and efforts, and marks those
    /// that fail.
    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    );

    /// How accurately samples are followed, as far as the flow knows. By default to the rounding of the
    /// scalar, as in closed form; flows that integrate say how.
    fn accuracy(&self) -> Accuracy {
        Accuracy::Rounding
    }

    /// What the flow does on the way, if it takes time: continuous flows say it. Default: `None`.
    fn motion(&self) -> Option<&dyn Motion<T>> {
        None
    }

    /// Whether some points have no image in this direction, since they lie outside the support. Flows
    /// that mark samples as [`Outcome::Outside`] say yes; by default no.
    fn is_bounded(&self, direction: Direction) -> bool {
        let _ = direction;
        false
    }

    /// Marks the samples of a packet that lie outside the support, with as little work as that takes;
    /// where the others end up is not specified. [`outside`] does it for a matrix.
    fn mark_outside(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        if self.is_bounded(direction) {
            self.follow_packet(direction, packet, workspace);
        }
    }

    /// Moves every column of `points` (dim x n) and reports on each.
    ///
    /// `context` has one column per sample, or a single one for all.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no column, or a setting is out of range. A column that fails, or
    /// lies outside the support, is no error here: its outcome says why.
    fn follow(
        &self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Moved<T>> {
        transport(self, direction, points, context, Track::LogDet)
    }

    /// From the base to the data.
    ///
    /// # Errors
    ///
    /// As [`follow`](Flow::follow), and if any column fails or lies outside the support; the error names
    /// the columns.
    fn forward(&self, points: &DMatrix<T>) -> Result<Moved<T>> {
        all_arrived(self.follow(Direction::Forward, points, None)?)
    }

    /// From the data to the base.
    ///
    /// # Errors
    ///
    /// As [`forward`](Flow::forward).
    fn inverse(&self, points: &DMatrix<T>) -> Result<Moved<T>> {
        all_arrived(self.follow(Direction::Inverse, points, None)?)
    }
}

/// What a flow does between base and data, for flows that take time; had by [`Flow::motion`].
///
/// All places are those that a trajectory passes: under a frame,
/// [`ContinuousFlow::trajectory`](ContinuousFlow::trajectory) says which these are.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::ode::Span;
/// use liouville::prelude::*;
///
/// let turning = field::Linear::new(dmatrix![0.0, -1.0; 1.0, 0.0])?;
/// let flow = ContinuousFlow::new(turning).tolerance(1e-8);
/// let motion = flow.motion().expect("a continuous flow");
/// let half = motion.carry(Span { from: 0.0, to: 0.5 }, &dmatrix![1.0; 0.0], None)?;
/// assert!((half.points[0] - 0.5f64.cos()).abs() < 1e-7);
/// assert_eq!(motion.velocity_at(0.5, &dmatrix![1.0; 0.0], None)?, dmatrix![0.0; 1.0]);
/// # Ok::<(), liouville::Error>(())
/// ```
pub trait Motion<T: Real>: Send + Sync {
    /// The times of base and data.
    fn span(&self) -> Span;

    /// The velocities of points at a time.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, or the time is not finite.
    fn velocity_at(
        &self,
        t: f64,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<DMatrix<T>>;

    /// Where points are at each of the given times, `points` at the first; NaN from where they failed.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no time, or a setting is out of range.
    fn path(
        &self,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
        times: &[f64],
    ) -> Result<Vec<DMatrix<T>>>;

    /// Moves points from one time to another, which may be the earlier, with log-determinants.
    ///
    /// # Errors
    ///
    /// As [`Flow::follow`].
    fn carry(
        &self,
        span: Span,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Moved<T>>;
}

/// The same, or an error that names the columns that failed.
///
/// # Errors
///
/// If any column failed.
pub fn all_arrived<T: Real>(moved: Moved<T>) -> Result<Moved<T>> {
    match Error::from_outcomes(&moved.outcomes) {
        Some(error) => Err(error.advising("`follow` gives the others")),
        None => Ok(moved),
    }
}

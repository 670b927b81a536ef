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
//! | `layers` | the names of layers, in one table |
//! | `space` | where coordinates live: on the line, on a part of it, on the circle |
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
pub mod layers;
mod packet;
mod root;
mod space;
mod stack;
pub mod transformer;

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::ode::{Accuracy, Workspace};
use crate::outcome::{Effort, Outcome};
use crate::parameters::{self, Fixed, Layout, Parameters, Setting, State};
use crate::real::Real;

pub use crate::columns::Mask;
pub use any::{AnyFlow, AnyTape};
pub use autoregressive::{Autoregressive, AutoregressiveBuilder};
pub use batch::{Contexts, PACKET, check_points, outside, transport};
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

/// A flow with parameters and a reverse pass.
pub trait TrainableFlow<T: Real>: Flow<T> {
    /// What a recorded packet keeps; reused from packet to packet.
    type Tape: Default + Send;

    /// The parameters with their names, where the flow has them in one place. By default there are none;
    /// a flow that gathers them from several places has [`layout`](TrainableFlow::layout) and
    /// [`parameters`](TrainableFlow::parameters) of its own.
    fn held(&self) -> Option<&Parameters<T>> {
        None
    }

    /// The names, shapes and places of the parameters, with a [fingerprint](Layout::fingerprint) of what
    /// the flow is besides them: two flows of one layout are the same if their parameters are.
    fn layout(&self) -> Layout {
        let layout = self.held().map_or_else(Layout::new, |held| held.layout().clone());
        layout.beside(&self.fixed(), &self.settings())
    }

    /// A copy of all parameters, flat.
    ///
    /// They are half of what the flow is. The other half are its [fixed arrays](TrainableFlow::fixed):
    /// given these parameters, a flow that was made from another seed has other masks or permutations,
    /// and so another density. [`state`](TrainableFlow::state) has both halves, and
    /// [`layout`](TrainableFlow::layout) tells whether they differ.
    fn parameters(&self) -> Vec<T> {
        self.held().map_or_else(Vec::new, |held| held.to_vec())
    }

    /// Replaces all parameters. By default there are none.
    ///
    /// # Errors
    ///
    /// If there are more values than parameters or fewer, or one is NaN or infinite
    /// ([`Layout::check`]); the model is then unchanged.
    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        Layout::new().check(values)
    }

    /// The arrays beside the parameters that make the flow what it is and do not learn: masks, orders,
    /// permutations, signs, and the parameters of what is [frozen](Frozen). By default there are none.
    ///
    /// ```
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let stack: Chain<f64> = Stack::spline_coupling(4).layers(1).hidden([8]).build(&mut rng)?;
    /// let names: Vec<String> = stack.fixed().into_iter().map(|array| array.name).collect();
    /// assert_eq!(names, ["0.mask", "1.permutation", "1.signs"]);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    fn fixed(&self) -> Vec<Fixed> {
        Vec::new()
    }

    /// Replaces the fixed arrays. Parameters keep their values as far as they have the same meaning
    /// then: set them as well, or set both by [`set_state`](TrainableFlow::set_state).
    ///
    /// # Errors
    ///
    /// Unless there are the same arrays as in [`fixed`](TrainableFlow::fixed), each with values that it
    /// may have: a permutation is one, a flag is 0 or 1. The flow is then unchanged.
    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&[], arrays)
    }

    /// What the flow must have in common with another of which it takes the state, and that is no array:
    /// its kind, the span of its time, the bounds of its splines. By default the name of its type.
    fn settings(&self) -> Vec<Setting> {
        vec![Setting::kind_of::<Self>()]
    }

    /// All that makes the flow what it is: parameters, fixed arrays and settings.
    ///
    /// ```
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let make = |seed| {
    ///     let mut rng = StdRng::seed_from_u64(seed);
    ///     let stack: Chain<f64> = Stack::glow(3).layers(2).hidden([8]).build(&mut rng)?;
    ///     Ok::<_, liouville::Error>(StandardNormal::new(3).pushed_by(stack))
    /// };
    /// let (first, mut second) = (make(1)?, make(2)?);
    /// second.flow_mut().set_state(&first.flow().state())?;
    /// let x = dmatrix![0.3; -1.0; 0.7];
    /// assert_eq!(first.log_prob(&x)?, second.log_prob(&x)?);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    fn state(&self) -> State<T> {
        let sizes = [("dim", self.dim()), ("context_dim", self.context_dim())];
        let sizes = sizes.map(|(name, size)| Setting::new(name, size));
        State {
            layout: self.layout(),
            parameters: self.parameters(),
            fixed: self.fixed(),
            settings: sizes.into_iter().chain(self.settings()).collect(),
        }
    }

    /// Makes this flow the one whose state was taken: it computes the same numbers from then on, to the
    /// last bit if the solvers are the same.
    ///
    /// # Errors
    ///
    /// If the state is of a flow with other settings or arrays, or holds values that these may not have.
    /// The flow is then unchanged.
    fn set_state(&mut self, state: &State<T>) -> Result<()> {
        let before = TrainableFlow::state(self);
        state.check_like(&before)?;
        let set = self.set_fixed(&state.fixed);
        let set = set.and_then(|()| self.set_parameters(&state.parameters));
        if set.is_err() {
            self.set_fixed(&before.fixed)?;
            self.set_parameters(&before.parameters)?;
        }
        set
    }

    /// The length of the sums that pullbacks add to; at least the number of parameters. By default that
    /// number.
    fn sums_len(&self) -> usize {
        self.held().map_or(0, |held| held.len())
    }

    /// Turns sums over many packets into the gradient by the parameters (added to `gradient`). By
    /// default they are the gradient.
    ///
    /// # Errors
    ///
    /// If `sums` or `gradient` has another length than that; the gradient is then unchanged.
    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        let count = self.held().map_or(0, |held| held.len());
        parameters::check_fold([sums.len(), self.sums_len()], [gradient.len(), count])?;
        for (total, sum) in gradient.iter_mut().zip(sums) {
            *total += *sum;
        }
        Ok(())
    }

    /// As [`follow_packet`](Flow::follow_packet), keeping on `tape` what the pullback needs.
    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    );

    /// Pulls the cotangents of points and log-determinants at the end back to the start, and adds
    /// to the sums for the parameters.
    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    );

    /// Sets the parameters that depend on data, so that `points` moved in `direction` arrive with
    /// mean 0 and variance 1 in every coordinate as far as the flow can do that; for data and
    /// [`Direction::Inverse`] this is the initialisation of Kingma and Dhariwal 2018 (Glow, section
    /// 3.1). By default no parameter depends on data.
    ///
    /// `context` has one column per sample, or a single one for all. A chain hands the points from
    /// link to link in `direction`, each initialised before they pass it.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, or the points do not determine the parameters.
    fn initialise(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        let _ = (direction, points, context);
        Ok(())
    }

    /// Whether [`initialise`](TrainableFlow::initialise) would set something that has neither learnt nor been
    /// given, and is still where it starts. By default it has nothing to set.
    fn is_fresh(&self) -> bool {
        false
    }

    /// As [`initialise`](TrainableFlow::initialise), for what [is fresh](TrainableFlow::is_fresh) and nothing
    /// else: what has learnt, or was given, stays as it is, and so does everything the second time. Points
    /// that do not arrive at a part of the flow are left out there.
    ///
    /// # Errors
    ///
    /// As [`initialise`](TrainableFlow::initialise).
    fn prepare(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        match self.is_fresh() {
            true => self.initialise(direction, points, context),
            false => Ok(()),
        }
    }

    /// Contexts as the networks of the flow see them, once for every part that reads them. By default they are
    /// seen as they are.
    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>> {
        vec![contexts.clone()]
    }
}

//! Flows with parameters and a reverse pass.

use nalgebra::DMatrix;

use super::{Cotangent, Direction, Flow, Packet};
use crate::description::Description;
use crate::error::Result;
use crate::ode::Workspace;
use crate::parameters::{self, Fixed, Layout, Parameters, Setting, State};
use crate::real::Real;

/// A flow with a reverse pass, and with parameters, if it has any.
///
/// Links of a [chain](super::Chain) that learns are such flows, and so is whatever has a
/// [score](crate::density::Pushforward::score). A flow of one's own without parameters joins them by two methods: one
/// that keeps where a packet begins, and one that brings derivatives back there. The flow of a field that is written
/// as a [closure](crate::field::Closure) has them from the closure.
///
/// ```
/// use liouville::columns::Block;
/// use liouville::flow::{Cotangent, Packet};
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::ode::Workspace;
/// use liouville::prelude::*;
///
/// /// y = sinh x, in every coordinate.
/// #[derive(Clone)]
/// struct Sinh(usize);
///
/// impl Sinh {
///     /// Where x goes, the logarithm of the slope, and the derivatives of both.
///     fn at(direction: Direction, x: f64) -> [f64; 4] {
///         let square = 1.0 + x * x;
///         match direction {
///             Direction::Forward => [x.sinh(), x.cosh().ln(), x.cosh(), x.tanh()],
///             Direction::Inverse => [x.asinh(), -0.5 * square.ln(), square.sqrt().recip(), -x / square],
///         }
///     }
/// }
///
/// impl Flow<f64> for Sinh {
///     fn dim(&self) -> usize {
///         self.0
///     }
///
///     fn follow_packet(&self, direction: Direction, packet: &mut Packet<f64>, _: &mut Workspace<f64>) {
///         let count = packet.len();
///         for (i, lane) in (0..self.0).flat_map(|i| (0..count).map(move |lane| (i, lane))) {
///             let [y, log_slope, ..] = Self::at(direction, packet.points.row(i)[lane]);
///             packet.points.row_mut(i)[lane] = y;
///             packet.log_det.row_mut(0)[lane] += log_slope;
///         }
///     }
/// }
///
/// impl TrainableFlow<f64> for Sinh {
///     type Tape = Block<f64>;
///
///     fn record_packet(
///         &self,
///         direction: Direction,
///         packet: &mut Packet<f64>,
///         start: &mut Block<f64>,
///         workspace: &mut Workspace<f64>,
///     ) {
///         start.clone_from(&packet.points);
///         self.follow_packet(direction, packet, workspace);
///     }
///
///     fn pullback_packet(
///         &self,
///         direction: Direction,
///         start: &mut Block<f64>,
///         cotangent: &mut Cotangent<f64>,
///         _: &mut [f64],
///         _: &mut Workspace<f64>,
///     ) {
///         for (i, lane) in (0..self.0).flat_map(|i| (0..start.lanes()).map(move |lane| (i, lane))) {
///             let [_, _, slope, bend] = Self::at(direction, start.row(i)[lane]);
///             let by_log_det = cotangent.log_det.row(0)[lane];
///             let by_point = &mut cotangent.points.row_mut(i)[lane];
///             *by_point = *by_point * slope + by_log_det * bend;
///         }
///     }
/// }
///
/// let model = StandardNormal::new(1).pushed_by(Chain::new().then(Sinh(1)));
/// let score = model.score(&dmatrix![2.0], None)?.score[0];
/// assert!((score + 2f64.asinh() / 5f64.sqrt() + 2.0 / 5.0).abs() < 1e-12);
/// # Ok::<(), liouville::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` brings no derivatives back, so that it is no link of a chain and has no score",
    note = "flows of fields have a reverse pass if the field is a `TrainableField`: a closure made by `field::autonomous!` or its like is",
    note = "a flow of one's own gets it by implementing `TrainableFlow`; without parameters these are two methods"
)]
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
    /// permutations, signs, and the parameters of what is [frozen](super::Frozen). By default there are none.
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

    /// What the flow is besides its arrays, how it is computed included, as it can be [made
    /// again](crate::description::Restore) from.
    ///
    /// # Errors
    ///
    /// If it, or a part of it, does not say so, which is the default.
    fn describe(&self) -> Result<Description> {
        Err(Description::none_of::<Self>("flow"))
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

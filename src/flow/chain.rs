//! Flows one after the other.

use std::any::Any;

use nalgebra::DMatrix;

use super::{Cotangent, Direction, Flow, Packet, Track, TrainableFlow, all_arrived, transport};
use crate::columns::Block;
use crate::error::{Error, Result};
use crate::ode::Workspace;
use crate::parameters::Layout;
use crate::real::Real;

/// Flows one after the other: forward goes through the first, then the second, and so on; inverse
/// comes back from the last to the first. Log-determinants add up.
///
/// The links may be of any kinds, continuous flows and other chains among them. Those that read a
/// context all read the same. Parameters are named by the place of their link: `0.weight`, ....
///
/// ```
/// use liouville::prelude::*;
/// use nalgebra::{DMatrix, dvector};
///
/// let planar = EulerStep::new(field::Planar::new(dvector![1.0f64, 0.5], dvector![0.3, -0.8], 0.1)?);
/// let turning = ContinuousFlow::new(field::Linear::new(nalgebra::dmatrix![0.0, -1.0; 1.0, 0.0])?);
/// let chain = Chain::new().then(planar).then(turning);
/// let density = StandardNormal::new(2).pushed_by(chain);
/// assert!(density.log_prob(&DMatrix::zeros(2, 1))?[0].is_finite());
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct Chain<T: Real> {
    links: Vec<Box<dyn Link<T>>>,
}

/// What a recorded packet keeps: the tape of every link.
#[derive(Default)]
pub struct ChainTape {
    tapes: Vec<AnyTape>,
}

/// A tape of any type.
type AnyTape = Box<dyn Any + Send>;

/// A trainable flow behind a pointer, whatever its tape.
trait Link<T: Real>: Flow<T> {
    fn layout(&self) -> Layout;
    fn parameters(&self) -> Vec<T>;
    fn set_parameters(&mut self, values: &[T]);
    fn sums_len(&self) -> usize;
    fn fold(&self, sums: &[T], gradient: &mut [T]);
    fn new_tape(&self) -> AnyTape;
    fn record(
        &self,
        way: Direction,
        packet: &mut Packet<T>,
        tape: &mut AnyTape,
        w: &mut Workspace<T>,
    );
    fn pullback(
        &self,
        way: Direction,
        tape: &mut AnyTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    );
    fn initialise(
        &mut self,
        way: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()>;
    fn boxed(&self) -> Box<dyn Link<T>>;
}

impl<T: Real, F: TrainableFlow<T, Tape: 'static> + Clone + 'static> Link<T> for F {
    fn layout(&self) -> Layout {
        TrainableFlow::layout(self)
    }

    fn parameters(&self) -> Vec<T> {
        TrainableFlow::parameters(self)
    }

    fn set_parameters(&mut self, values: &[T]) {
        TrainableFlow::set_parameters(self, values);
    }

    fn sums_len(&self) -> usize {
        TrainableFlow::sums_len(self)
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) {
        TrainableFlow::fold(self, sums, gradient);
    }

    fn new_tape(&self) -> AnyTape {
        Box::new(F::Tape::default())
    }

    fn record(
        &self,
        way: Direction,
        packet: &mut Packet<T>,
        tape: &mut AnyTape,
        w: &mut Workspace<T>,
    ) {
        if !(**tape).is::<F::Tape>() {
            *tape = self.new_tape();
        }
        if let Some(tape) = (**tape).downcast_mut() {
            self.record_packet(way, packet, tape, w);
        }
    }

    fn pullback(
        &self,
        way: Direction,
        tape: &mut AnyTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        // Of another type is only a tape that this link never recorded: nothing comes back.
        if let Some(tape) = (**tape).downcast_mut() {
            self.pullback_packet(way, tape, cotangent, sums, workspace);
        }
    }

    fn initialise(
        &mut self,
        way: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        TrainableFlow::initialise(self, way, points, context)
    }

    fn boxed(&self) -> Box<dyn Link<T>> {
        Box::new(self.clone())
    }
}

impl<T: Real> Default for Chain<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Clone for Chain<T> {
    fn clone(&self) -> Self {
        Self { links: self.links.iter().map(|link| link.boxed()).collect() }
    }
}

impl<T: Real> std::fmt::Debug for Chain<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("links", &self.links.len()).finish_non_exhaustive()
    }
}

impl<T: Real> Chain<T> {
    /// No links yet.
    pub fn new() -> Self {
        Self { links: Vec::new() }
    }

    /// Appends a flow at the end that lies towards the data.
    pub fn then<F>(mut self, flow: F) -> Self
    where
        F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        self.links.push(Box::new(flow));
        self
    }

    /// Appends `count` flows, made by `make` from their index.
    pub fn repeat<F>(self, count: usize, mut make: impl FnMut(usize) -> F) -> Self
    where
        F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        (0..count).fold(self, |chain, i| chain.then(make(i)))
    }

    /// The number of links.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether there are no links.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// The places of the links in the order in which a direction meets them.
    fn order(&self, direction: Direction) -> impl Iterator<Item = usize> + use<T> {
        let last = self.links.len();
        (0..last).map(move |k| match direction {
            Direction::Forward => k,
            Direction::Inverse => last - 1 - k,
        })
    }

    /// The parts of a vector that belong to link `k`, if each link has `len` of them.
    fn part(&self, k: usize, len: impl Fn(&dyn Link<T>) -> usize) -> std::ops::Range<usize> {
        let start = self.links[..k].iter().map(|link| len(&**link)).sum();
        start..start + len(&*self.links[k])
    }
}

/// Runs `work` with a context of no rows if the link reads none.
fn with_context<T: Real>(
    link: &dyn Link<T>,
    packet: &mut Packet<T>,
    work: impl FnOnce(&mut Packet<T>),
) {
    if link.context_dim() > 0 {
        return work(packet);
    }
    let kept = std::mem::take(&mut packet.context);
    packet.context.reshape(0, packet.points.lanes());
    work(packet);
    packet.context = kept;
}

fn parameter_count<T: Real>(link: &dyn Link<T>) -> usize {
    link.layout().len()
}

impl<T: Real> Flow<T> for Chain<T> {
    fn dim(&self) -> usize {
        self.links.first().map_or(0, |link| link.dim())
    }

    fn context_dim(&self) -> usize {
        self.links.iter().map(|link| link.context_dim()).max().unwrap_or(0)
    }

    fn check(&self) -> Result<()> {
        if self.links.is_empty() {
            return Err(Error::empty("the chain has no link: append a flow"));
        }
        let (dim, context) = (self.dim(), self.context_dim());
        for (k, link) in self.links.iter().enumerate() {
            link.check()?;
            let (own, reads) = (link.dim(), link.context_dim());
            if own != dim || (reads > 0 && reads != context) {
                return Err(Error::shape(format!(
                    "link {k} of the chain has dimension {own} and a context of {reads} rows; the others have {dim} and {context}"
                )));
            }
        }
        Ok(())
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        for k in self.order(direction) {
            let link = &*self.links[k];
            with_context(link, packet, |packet| link.follow_packet(direction, packet, workspace));
        }
    }
}

impl<T: Real> TrainableFlow<T> for Chain<T> {
    type Tape = ChainTape;

    fn layout(&self) -> Layout {
        let mut layout = Layout::new();
        for (k, link) in self.links.iter().enumerate() {
            for entry in link.layout().entries() {
                layout.push(format!("{k}.{}", entry.name), &entry.shape);
            }
        }
        layout
    }

    fn parameters(&self) -> Vec<T> {
        self.links.iter().flat_map(|link| link.parameters()).collect()
    }

    fn set_parameters(&mut self, values: &[T]) {
        for k in 0..self.links.len() {
            let part = self.part(k, parameter_count);
            self.links[k].set_parameters(&values[part]);
        }
    }

    fn sums_len(&self) -> usize {
        self.links.iter().map(|link| link.sums_len()).sum()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) {
        for (k, link) in self.links.iter().enumerate() {
            let sums = &sums[self.part(k, |link| link.sums_len())];
            link.fold(sums, &mut gradient[self.part(k, parameter_count)]);
        }
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut ChainTape,
        workspace: &mut Workspace<T>,
    ) {
        if tape.tapes.len() != self.links.len() {
            tape.tapes = self.links.iter().map(|link| link.new_tape()).collect();
        }
        for k in self.order(direction) {
            let (link, tape) = (&*self.links[k], &mut tape.tapes[k]);
            with_context(link, packet, |packet| link.record(direction, packet, tape, workspace));
        }
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut ChainTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let mut spare = Block::default();
        spare.reshape(0, cotangent.points.lanes());
        for k in self.order(direction.reversed()) {
            let link = &*self.links[k];
            let sums = &mut sums[self.part(k, |link| link.sums_len())];
            // A link without a context must not meet the cotangents of one.
            let reads = link.context_dim() > 0;
            if !reads {
                std::mem::swap(&mut cotangent.context, &mut spare);
            }
            link.pullback(direction, &mut tape.tapes[k], cotangent, sums, workspace);
            if !reads {
                std::mem::swap(&mut cotangent.context, &mut spare);
            }
        }
    }

    fn initialise(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        let mut points = points.clone();
        for k in self.order(direction) {
            let link = &mut *self.links[k];
            let context = context.filter(|_| link.context_dim() > 0);
            let named = |error: Error| error.during(format!("link {k} of the chain"));
            link.initialise(direction, &points, context).map_err(named)?;
            let moved = transport(link, direction, &points, context, Track::Points);
            points = moved.and_then(all_arrived).map_err(named)?.points;
        }
        Ok(())
    }
}

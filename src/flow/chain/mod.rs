//! Flows one after the other.
//!
//! | file | what |
//! | --- | --- |
//! | `link` | a flow of any kind in its place |
//! | `train` | parameters and the reverse pass, link by link |

mod link;
mod train;

use std::ops::Range;

use super::{AnyFlow, AnyTape, Direction, Flow, Motion, Packet, Space, TrainableFlow};
use crate::error::{Error, Result};
use crate::ode::{Accuracy, Workspace};
use crate::outcome::shown;
use crate::real::Real;

use link::{Place, with_context};

/// Flows one after the other: forward goes through the first, then the second, and so on; inverse
/// comes back from the last to the first. Log-determinants add up.
///
/// The links may be of any kinds, continuous flows and other chains among them. Those that read a
/// context all read the same. Parameters are named by the place of their link: `0.weight`, ....
/// A part of a chain is a chain ([`slice`](Chain::slice)), and links can be kept from learning
/// ([`freeze`](Chain::freeze)).
///
/// ```
/// use liouville::nalgebra::{self, DMatrix, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let planar = EulerStep::new(field::Planar::new(dvector![1.0f64, 0.5], dvector![0.3, -0.8], 0.1)?);
/// let turning = ContinuousFlow::new(field::Linear::new(dmatrix![0.0, -1.0; 1.0, 0.0])?);
/// let chain = Chain::new().then(planar).then(turning);
/// let density = StandardNormal::new(2).pushed_by(chain);
/// assert!(density.log_prob(&DMatrix::zeros(2, 1))?[0].is_finite());
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct Chain<T: Real> {
    links: Vec<Place<T>>,
}

/// What a recorded packet keeps: the tape of every link.
#[derive(Default)]
pub struct ChainTape {
    tapes: Vec<AnyTape>,
}

impl<T: Real> Default for Chain<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Clone for Chain<T> {
    fn clone(&self) -> Self {
        Self { links: self.links.clone() }
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
        self.links.push(Place::new(AnyFlow::new(flow)));
        self
    }

    /// Appends `count` flows, made by `make` from their index.
    pub fn repeat<F>(self, count: usize, mut make: impl FnMut(usize) -> F) -> Self
    where
        F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        (0..count).fold(self, |chain, i| chain.then(make(i)))
    }

    /// As [`repeat`](Chain::repeat), with flows whose making may fail.
    ///
    /// # Errors
    ///
    /// The first error of `make`.
    pub fn try_repeat<F>(
        self,
        count: usize,
        mut make: impl FnMut(usize) -> Result<F>,
    ) -> Result<Self>
    where
        F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        (0..count).try_fold(self, |chain, i| Ok(chain.then(make(i)?)))
    }

    /// The number of links.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether there are no links.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Takes a packet through some of the links, one after the other.
    fn pass(
        &self,
        order: impl Iterator<Item = usize>,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        for k in order {
            let link = &self.links[k].link;
            with_context(link, packet, |packet| link.follow_packet(direction, packet, workspace));
        }
    }

    /// The places of the links in the order in which a direction meets them.
    fn order(&self, direction: Direction) -> impl Iterator<Item = usize> + use<T> {
        let last = self.links.len();
        (0..last).map(move |k| match direction {
            Direction::Forward => k,
            Direction::Inverse => last - 1 - k,
        })
    }
}

/// Parts of a chain.
impl<T: Real> Chain<T> {
    /// A copy of the links in `range`, as a chain: where the samples are half-way, or a part to be
    /// used elsewhere.
    ///
    /// # Errors
    ///
    /// If `range` is empty or reaches beyond the last link.
    ///
    /// ```
    /// use liouville::nalgebra::{self, DMatrix, dvector};
    /// use liouville::prelude::*;
    ///
    /// let planar = EulerStep::new(field::Planar::new(dvector![1.0f64, 0.5], dvector![0.3, -0.8], 0.1)?);
    /// let mut chain = Chain::new().repeat(3, |_| planar.clone());
    /// let points = DMatrix::zeros(2, 1);
    /// let middle = chain.slice(0..2)?.forward(&points)?;
    /// let end = chain.slice(2..3)?.forward(&middle.points)?;
    /// assert_eq!(end.points, chain.forward(&points)?.points);
    /// chain.freeze(0..2)?;
    /// assert_eq!(chain.parameters().len(), 5);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn slice(&self, range: Range<usize>) -> Result<Self> {
        self.check_range(&range)?;
        Ok(Self { links: self.links[range].to_vec() })
    }

    /// Keeps the links in `range` as they are: they offer no parameters to a trainer, and
    /// derivatives by points and contexts still go through them.
    ///
    /// # Errors
    ///
    /// As [`slice`](Chain::slice).
    pub fn freeze(&mut self, range: Range<usize>) -> Result<()> {
        self.set_frozen(range, true)
    }

    /// Lets the links in `range` learn again.
    ///
    /// # Errors
    ///
    /// As [`slice`](Chain::slice).
    pub fn thaw(&mut self, range: Range<usize>) -> Result<()> {
        self.set_frozen(range, false)
    }

    fn set_frozen(&mut self, range: Range<usize>, frozen: bool) -> Result<()> {
        self.check_range(&range)?;
        self.links[range].iter_mut().for_each(|place| place.frozen = frozen);
        Ok(())
    }

    fn check_range(&self, range: &Range<usize>) -> Result<()> {
        if range.start < range.end && range.end <= self.links.len() {
            return Ok(());
        }
        let last = self.links.len();
        Err(Error::setting(format!(
            "links {range:?} of a chain of {last}: give a range within 0..{last}"
        )))
    }
}

impl<T: Real> Flow<T> for Chain<T> {
    fn dim(&self) -> usize {
        self.links.first().map_or(0, |place| place.link.dim())
    }

    fn context_dim(&self) -> usize {
        self.links.iter().map(|place| place.link.context_dim()).max().unwrap_or(0)
    }

    fn check(&self) -> Result<()> {
        if self.links.is_empty() {
            return Err(Error::empty("the chain has no link: append a flow"));
        }
        let (dim, context) = (self.dim(), self.context_dim());
        for (k, Place { link, .. }) in self.links.iter().enumerate() {
            link.check()?;
            let (own, reads) = (link.dim(), link.context_dim());
            if own != dim || (reads > 0 && reads != context) {
                return Err(Error::shape(format!(
                    "link {k} of the chain has dimension {own} and a context of {}, the others have {dim} and {context}: give all links the same",
                    shown::count(reads, "row")
                )));
            }
        }
        Ok(())
    }

    /// Every link takes what the one before it leads to.
    fn spaces(&self, direction: Direction, from: &[Space]) -> Result<Vec<Space>> {
        self.order(direction).try_fold(from.to_vec(), |spaces, k| {
            let there = self.links[k].link.spaces(direction, &spaces);
            there.map_err(|error| error.during(format!("link {k} of the chain")))
        })
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.pass(self.order(direction), direction, packet, workspace);
    }

    /// That of the least accurate link.
    fn accuracy(&self) -> Accuracy {
        let links = self.links.iter().map(|place| place.link.accuracy());
        links.fold(Accuracy::Rounding, Accuracy::worse)
    }

    /// That of a single link.
    fn motion(&self) -> Option<&dyn Motion<T>> {
        match self.links.as_slice() {
            [only] => only.link.motion(),
            _ => None,
        }
    }

    fn is_bounded(&self, direction: Direction) -> bool {
        self.links.iter().any(|place| place.link.is_bounded(direction))
    }

    /// Goes no farther than to the last link with bounds.
    fn mark_outside(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        let bounded = |&k: &usize| self.links[k].link.is_bounded(direction);
        let count = self.order(direction).collect::<Vec<_>>().iter().rposition(bounded);
        let count = count.map_or(0, |last| last + 1);
        self.pass(self.order(direction).take(count), direction, packet, workspace);
    }
}

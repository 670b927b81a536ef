//! The flow that applies bijectors to slices of coordinates, from free to constrained.

use super::super::{Cotangent, Direction, Flow, Packet, Space, TrainableFlow, space};
use super::{Bijector, LOST, saturated};
use crate::columns::{Block, pad_lanes};
use crate::description::Description;
use crate::error::{Error, Result};
use crate::ode::Workspace;
use crate::outcome::{Outcome, Reason};
use crate::parameters::Setting;
use crate::real::Real;

/// Coordinates on constrained supports: each bijector of a list takes the coordinates behind those
/// of the one before. Forward goes from free coordinates (the base) to constrained ones (the data).
///
/// Behind other flows in a chain, it lets them work without constraints: a density over the
/// constrained coordinates comes out, normalised on its support. Points outside the support have no
/// inverse: what becomes of them is [`Outcome::Outside`], and the density is zero there. Supports are
/// open: their ends belong to the outside. Samples so near to an end that the scalar cannot hold their
/// distance from there fail as [saturated](Reason::Saturated): what arrives has the same density on both
/// ways, within 0.01 nats.
///
/// ```
/// use liouville::flow::elementwise::{Constrain, free, positive, simplex};
/// use liouville::nalgebra::{self, DMatrix, dmatrix};
/// use liouville::prelude::*;
///
/// // A positive coordinate, two free ones, and three probabilities by the first two.
/// let flow = Constrain::new().then(positive(1)).then(free(2)).then(simplex(3)?);
/// let density = StandardNormal::new(5).pushed_by(flow);
/// let log_p = density.log_prob(&dmatrix![2.5f64; -1.0; 0.3; 0.2; 0.5])?;
/// assert!(log_p[0].is_finite());
/// let log_p = density.log_prob(&dmatrix![-2.5f64; -1.0; 0.3; 0.2; 0.5])?;
/// assert_eq!(log_p[0], f64::NEG_INFINITY);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug)]
pub struct Constrain<T: Real> {
    parts: Vec<Box<dyn Bijector<T>>>,
}

impl<T: Real> Clone for Constrain<T> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.iter().map(|part| part.boxed()).collect() }
    }
}

impl<T: Real> Default for Constrain<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Constrain<T> {
    /// No coordinates yet.
    pub fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Appends the coordinates of a bijector.
    pub fn then(mut self, part: impl Bijector<T> + 'static) -> Self {
        self.parts.push(Box::new(part));
        self
    }

    /// One bijector after the other.
    pub(super) fn of_parts(parts: Vec<Box<dyn Bijector<T>>>) -> Self {
        Self { parts }
    }

    /// The bijectors with the places of their coordinates.
    fn places(&self) -> impl Iterator<Item = (&dyn Bijector<T>, std::ops::Range<usize>)> {
        let mut end = 0;
        self.parts.iter().map(move |part| {
            let start = end;
            end += part.dim();
            (&**part, start..end)
        })
    }

    /// Replaces free coordinates by constrained ones; returns the log-determinant.
    pub(crate) fn lift(&self, sample: &mut [T]) -> f64 {
        self.places().map(|(part, place)| part.forward(&mut sample[place])).sum()
    }

    /// From cotangents of the constrained coordinates and of the log-determinant to those of the free
    /// coordinates.
    pub(crate) fn pull(&self, free: &[T], cotangent: &mut [T], log_det: f64) {
        for (part, place) in self.places() {
            part.pull(&free[place.clone()], &mut cotangent[place], log_det);
        }
    }

    /// Moves one sample; returns the log-determinant, or what became of the sample instead.
    fn move_sample(
        &self,
        direction: Direction,
        sample: &mut [T],
        [free, back]: [&mut [T]; 2],
    ) -> std::result::Result<f64, Outcome> {
        if direction == Direction::Inverse {
            let outside = |coordinate| Outcome::Outside { coordinate };
            return self.free_sample(sample).map_err(outside);
        }
        free.copy_from_slice(sample);
        let parts = self.places();
        let log_det = parts.map(|(part, place)| part.forward(&mut sample[place])).sum::<f64>();
        let overflow = !log_det.is_finite() || sample.iter().any(|value| !value.is_finite());
        back.copy_from_slice(sample);
        match self.free_sample(back) {
            // Reported as such where the packet is settled.
            _ if overflow => Ok(log_det),
            Ok(returned) if returns(free, back, log_det + returned) => Ok(log_det),
            Ok(_) => Err(saturated(farthest(free, back))),
            Err(coordinate) => Err(saturated(coordinate)),
        }
    }

    /// From constrained to free coordinates; returns the log-determinant, or the coordinate outside the
    /// support.
    fn free_sample(&self, sample: &mut [T]) -> std::result::Result<f64, usize> {
        self.places().try_fold(0.0, |log_det, (part, place)| {
            let start = place.start;
            let own = part.inverse(&mut sample[place]);
            own.map(|own| log_det + own).map_err(|outside| start + outside.0)
        })
    }
}

/// Whether a sample returns as exactly as it must, and its log-determinants cancel.
fn returns<T: Real>(free: &[T], back: &[T], log_det: f64) -> bool {
    let pairs = free.iter().zip(back);
    let square: f64 = pairs.map(|(a, b)| (a.wide() - b.wide()).powi(2)).sum();
    square.sqrt() <= LOST && log_det.abs() <= LOST
}

/// The coordinate that returns farthest from where it was.
fn farthest<T: Real>(free: &[T], back: &[T]) -> usize {
    let off = |i: &usize| (free[*i].wide() - back[*i].wide()).abs();
    (0..free.len()).max_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0)
}

impl<T: Real> Flow<T> for Constrain<T> {
    fn dim(&self) -> usize {
        self.parts.iter().map(|part| part.dim()).sum()
    }

    fn check(&self) -> Result<()> {
        if self.dim() == 0 {
            return Err(Error::empty("nothing is constrained: append a bijector with coordinates"));
        }
        self.places().try_for_each(|(part, place)| {
            let named =
                |error: Error| error.during(format!("coordinates {place:?} are constrained"));
            part.check().map_err(named)
        })
    }

    fn is_bounded(&self, direction: Direction) -> bool {
        direction == Direction::Inverse
    }

    /// Free coordinates are on the line; those that stay as they are may live anywhere.
    fn spaces(&self, direction: Direction, from: &[Space]) -> Result<Vec<Space>> {
        space::count(self.dim(), from)?;
        let mut spaces = from.to_vec();
        for (part, place) in self.places().filter(|(part, _)| !part.is_identity()) {
            let (free, constrained) = (vec![Space::Line; place.len()], part.support());
            let [into, to] = match direction {
                Direction::Forward => [free, constrained],
                Direction::Inverse => [constrained, free],
            };
            for (k, i) in place.enumerate() {
                space::fit(i, from[i], into[k])?;
                spaces[i] = to[k];
            }
        }
        Ok(spaces)
    }

    /// A column that fails keeps its point, so that whatever comes behind meets real numbers.
    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        let dim = self.dim();
        let mut buffer = workspace.scratch.take(3, dim);
        let width = buffer.lanes();
        let (sample, rest) = buffer.values_mut().split_at_mut(width);
        let (free, back) = rest.split_at_mut(width);
        for lane in 0..packet.len() {
            if !packet.outcomes[lane].arrived() {
                continue;
            }
            let sample = &mut sample[..dim];
            read(&packet.points, lane, sample);
            match self.move_sample(direction, sample, [&mut free[..dim], &mut back[..dim]]) {
                Ok(log_det) => {
                    write(sample, lane, &mut packet.points);
                    packet.log_det.row_mut(0)[lane] += T::of(log_det);
                }
                Err(outcome) => packet.outcomes[lane] = outcome,
            }
        }
        workspace.scratch.give(buffer);
        let count = packet.len();
        pad_lanes(packet.points.view_mut(), count);
        pad_lanes(packet.log_det.view_mut(), count);
        packet.settle(Reason::Overflow, &mut workspace.scratch);
    }
}

/// Copies one lane into a sample.
fn read<T: Real>(block: &Block<T>, lane: usize, sample: &mut [T]) {
    for (i, value) in sample.iter_mut().enumerate() {
        *value = block.row(i)[lane];
    }
}

/// Copies a sample into one lane.
fn write<T: Real>(sample: &[T], lane: usize, block: &mut Block<T>) {
    for (i, value) in sample.iter().enumerate() {
        block.row_mut(i)[lane] = *value;
    }
}

/// What a recorded packet keeps: its points on the free side, whichever way they went.
#[derive(Default)]
pub struct ConstrainTape<T> {
    free: Block<T>,
    count: usize,
}

impl<T: Real> ConstrainTape<T> {
    fn keep(&mut self, packet: &Packet<T>) {
        self.count = packet.len();
        self.free.copy_from(packet.points.view());
    }
}

impl<T: Real> TrainableFlow<T> for Constrain<T> {
    type Tape = ConstrainTape<T>;

    fn describe(&self) -> Result<Description> {
        let mut parts = self.parts.iter().enumerate();
        parts.try_fold(Description::new("Constrain"), |description, (k, part)| {
            Ok(description.part(&k.to_string(), part.describe()?))
        })
    }

    fn settings(&self) -> Vec<Setting> {
        vec![Setting::kind("Constrain"), Setting::new("parts", &self.parts)]
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        if direction == Direction::Forward {
            tape.keep(packet);
        }
        self.follow_packet(direction, packet, workspace);
        if direction == Direction::Inverse {
            tape.keep(packet);
        }
    }

    /// Forward, x̄ = J'ȳ + l̄ ∇ ln det J. The other way round the log-determinant is -ln det J(x), and
    /// ȳ solves J'ȳ = x̄ - l̄ ∇ ln det J.
    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        _: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let dim = self.dim();
        let mut buffer = workspace.scratch.take(3, dim);
        let width = buffer.lanes();
        let (free, rest) = buffer.values_mut().split_at_mut(width);
        let (bars, shares) = rest.split_at_mut(width);
        for lane in 0..tape.count {
            let log_det = cotangent.log_det.row(0)[lane].wide();
            read(&tape.free, lane, &mut free[..dim]);
            read(&cotangent.points, lane, &mut bars[..dim]);
            for (part, place) in self.places() {
                let (free, bars) = (&free[place.clone()], &mut bars[place.clone()]);
                match direction {
                    Direction::Forward => part.pull(free, bars, log_det),
                    Direction::Inverse => {
                        let shares = &mut shares[place];
                        shares.fill(T::zero());
                        part.pull(free, shares, -log_det);
                        bars.iter_mut().zip(&*shares).for_each(|(bar, share)| *bar += *share);
                        part.solve_transposed(free, bars);
                    }
                }
            }
            write(&bars[..dim], lane, &mut cotangent.points);
        }
        workspace.scratch.give(buffer);
    }
}

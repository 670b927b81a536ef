//! The frame as a flow of its own: standardising and whitening, of which no Jacobian can be forgotten.

use nalgebra::DMatrix;

use super::super::{Cotangent, Direction, Flow, Packet, Track, TrainableFlow};
use super::Frame;
use super::framing::mark_overflow;
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::ode::Workspace;
use crate::parameters::{Fixed, Setting};
use crate::real::Real;

/// x = m + D R^(1/2) z: from white coordinates to those of the data, by a [`Frame`] that does not learn.
///
/// Made of means and deviations alone it standardises; with correlations it whitens. In `f64` it keeps
/// 1.7e9 + 10 z to rounding: put it in front of whatever computes in `f32`
/// ([`Model`](crate::model::Model) does so).
///
/// ```
/// use liouville::flow::continuous::Whitening;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let data = dmatrix![1.7e9, 1.7e9 + 20.0, 1.7e9 + 10.0, 1.7e9 + 10.0];
/// let standard = Whitening::standardising(&data)?;
/// let there = standard.inverse(&data)?;
/// assert!((there.points[1] - 2f64.sqrt()).abs() < 1e-6 && there.points[2].abs() < 1e-6);
/// assert!((there.log_det[0] + 50f64.ln() / 2.0).abs() < 1e-9);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Whitening {
    frame: Frame,
}

impl Whitening {
    /// By this frame; contexts that it has are of no concern here.
    pub fn new(frame: Frame) -> Self {
        Self { frame }
    }

    /// By the means, deviations and correlations of data (dim x n): [`Frame::fit`].
    ///
    /// # Errors
    ///
    /// If there is no column, or a value is NaN or infinite.
    pub fn fit<T: Real>(data: &DMatrix<T>) -> Result<Self> {
        Ok(Self { frame: Frame::fit(data, None)? })
    }

    /// By the means and deviations of data alone. A row without spread keeps its scale.
    ///
    /// # Errors
    ///
    /// As [`fit`](Whitening::fit).
    pub fn standardising<T: Real>(data: &DMatrix<T>) -> Result<Self> {
        Ok(Self { frame: Frame::standard(data)? })
    }

    /// The frame.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }
}

impl<T: Real> Flow<T> for Whitening {
    fn dim(&self) -> usize {
        self.frame.dim()
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        let (points, scratch) = (packet.points.view_mut(), &mut workspace.scratch);
        let log_det = match direction {
            Direction::Forward => {
                self.frame.leave(points, scratch);
                self.frame.log_det()
            }
            Direction::Inverse => {
                self.frame.enter(points, scratch);
                -self.frame.log_det()
            }
        };
        mark_overflow(&packet.points, 0.0, &mut packet.outcomes);
        if packet.track == Track::LogDet {
            packet.log_det.values_mut().iter_mut().for_each(|value| *value += T::of(log_det));
        }
        packet.efforts.iter_mut().for_each(|effort| effort.evaluations += 1);
    }
}

impl<T: Real> TrainableFlow<T> for Whitening {
    type Tape = ();

    fn fixed(&self) -> Vec<Fixed> {
        self.frame.arrays()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.frame = Frame::of_arrays(arrays, [self.frame.dim(), 0])?;
        Ok(())
    }

    fn settings(&self) -> Vec<Setting> {
        vec![Setting::kind("Whitening")]
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Whitening"))
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        _: &mut (),
        workspace: &mut Workspace<T>,
    ) {
        self.follow_packet(direction, packet, workspace);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        _: &mut (),
        cotangent: &mut Cotangent<T>,
        _: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let (points, scratch) = (cotangent.points.view_mut(), &mut workspace.scratch);
        match direction {
            Direction::Forward => self.frame.pull_exit(points, scratch),
            Direction::Inverse => self.frame.pull_entry(points, scratch),
        }
    }
}

impl<T: Real> Restore<T> for Whitening {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Whitening")?;
        let dim = source.extent("frame.mean")?;
        let frame = Frame::restore([dim, 0], source)?;
        Ok(Self { frame: frame.ok_or_else(|| Error::format("a whitening without its frame"))? })
    }
}

//! Coordinates in another order.

use rand::Rng;
use rand::seq::SliceRandom;

use super::super::{Cotangent, Direction, Flow, Packet, Space, TrainableFlow, space};
use super::{ConstantMap, StartTape, constant};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::ode::Workspace;
use crate::parameters::{self, Fixed};
use crate::real::Real;

/// y_i = x_{order\[i\]}: no parameters, and no change of volume.
///
/// Between couplings it lets every coordinate meet every other.
///
/// ```
/// use liouville::flow::Permutation;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let turned = Permutation::reverse(3).forward(&dmatrix![1.0; 2.0; 3.0])?;
/// assert_eq!(turned.points, dmatrix![3.0; 2.0; 1.0]);
/// assert!(Permutation::new(vec![0, 0, 1]).is_err());
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    order: Vec<usize>,
    inverse: Vec<usize>,
}

impl Permutation {
    /// The permutation whose output coordinate i is input coordinate `order[i]`.
    ///
    /// # Errors
    ///
    /// Unless each of 0, ..., dim - 1 stands in `order` once.
    pub fn new(order: Vec<usize>) -> Result<Self> {
        if order.is_empty() {
            return Err(Error::empty("a permutation has no coordinate: give one or more"));
        }
        let mut inverse = vec![usize::MAX; order.len()];
        for (i, &from) in order.iter().enumerate() {
            match inverse.get_mut(from) {
                Some(place) if *place == usize::MAX => *place = i,
                _ => {
                    return Err(Error::setting(format!(
                        "place {i} of the permutation is {from}, which stands there twice or exceeds {}: name each place once",
                        order.len() - 1
                    )));
                }
            }
        }
        Ok(Self { order, inverse })
    }

    /// The last coordinate first.
    pub fn reverse(dim: usize) -> Self {
        let order: Vec<usize> = (0..dim).rev().collect();
        Self { inverse: order.clone(), order }
    }

    /// A random order, each as likely as any other.
    ///
    /// # Errors
    ///
    /// If `dim` is zero.
    pub fn random<R: Rng + ?Sized>(dim: usize, rng: &mut R) -> Result<Self> {
        let mut order: Vec<usize> = (0..dim).collect();
        order.shuffle(rng);
        Self::new(order)
    }

    /// Which input coordinate each output coordinate is.
    pub fn order(&self) -> &[usize] {
        &self.order
    }
}

/// Writes row `order[i]` of `points` to row i of `out`.
fn gather<T: Real>(order: &[usize], points: Rows<'_, T>, mut out: RowsMut<'_, T>) {
    for (i, &from) in order.iter().enumerate() {
        out.row_mut(i).copy_from_slice(points.row(from));
    }
}

impl<T: Real> ConstantMap<T> for Permutation {
    fn log_det(&self) -> T {
        T::zero()
    }

    fn entries(&self) -> usize {
        0
    }

    fn apply(&self, direction: Direction, points: Rows<'_, T>, out: RowsMut<'_, T>) {
        match direction {
            Direction::Forward => gather(&self.order, points, out),
            Direction::Inverse => gather(&self.inverse, points, out),
        }
    }

    fn blur(&self, _: f64, _: f64) -> f64 {
        0.0
    }

    fn blends(&self) -> bool {
        false
    }

    fn pull(&self, direction: Direction, bars: Rows<'_, T>, out: RowsMut<'_, T>) {
        self.apply(direction.reversed(), bars, out);
    }

    fn add_entries(&self, _: Rows<'_, T>, _: Rows<'_, T>, _: &mut [T], _: &mut Scratch<T>) {}
}

impl<T: Real> Flow<T> for Permutation {
    fn spaces(&self, direction: Direction, from: &[Space]) -> Result<Vec<Space>> {
        space::count(self.order.len(), from)?;
        let order = match direction {
            Direction::Forward => &self.order,
            Direction::Inverse => &self.inverse,
        };
        Ok(order.iter().map(|&i| from[i]).collect())
    }

    fn dim(&self) -> usize {
        self.order.len()
    }

    fn check(&self) -> Result<()> {
        if self.order.is_empty() {
            return Err(Error::empty("a permutation has no coordinate: give one or more"));
        }
        Ok(())
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        constant::follow(self, direction, packet, workspace);
    }
}

impl<T: Real> TrainableFlow<T> for Permutation {
    type Tape = StartTape<T>;

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Permutation"))
    }

    fn fixed(&self) -> Vec<Fixed> {
        vec![Fixed::whole("permutation", self.order.iter().copied())]
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&TrainableFlow::<T>::fixed(self), arrays)?;
        for array in arrays {
            *self = Self::new(array.permutation()?)?;
        }
        Ok(())
    }

    fn sums_len(&self) -> usize {
        1
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        constant::record(self, direction, packet, tape, workspace);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        constant::pullback(self, direction, tape, cotangent, sums, workspace);
    }
}

impl<T: Real> Restore<T> for Permutation {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Permutation")?;
        Self::new(source.fixed("permutation")?.permutation()?)
    }
}

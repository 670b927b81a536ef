//! The reverse pass of fields that a user writes, and what tells them apart.

use std::sync::atomic::{AtomicU64, Ordering};

use super::number::Record;
use super::{Cotangents, Pulled, Traced};
use crate::parameters::Setting;
use crate::real::Real;

/// What tells a closure from others: nobody can compare what they do, so that only a copy is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(u64);

impl Identity {
    /// One of its own.
    pub fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(1);
        Self(MADE.fetch_add(1, Ordering::Relaxed))
    }

    /// The settings of a closure of a type.
    pub fn settings<F>(self) -> Vec<Setting> {
        vec![Setting::kind_of::<F>(), Setting::new("closure", self.0)]
    }
}

/// What one lane's derivatives are taken of: velocities, and products with the Jacobian along directions.
#[derive(Clone, Copy)]
struct Lane<'a, T> {
    traced: Traced<'a, T>,
    cotangents: Cotangents<'a, T>,
    lane: usize,
}

impl<T: Real> Lane<'_, T> {
    fn lanes(&self) -> usize {
        self.cotangents.velocity.lanes()
    }

    /// How many directions there are; one, along which nothing moves, for a velocity.
    fn directions(&self) -> usize {
        match self.traced {
            Traced::Velocity => 1,
            Traced::Exact => self.cotangents.velocity.rows(),
            Traced::Probes(tangents) | Traced::Products(tangents) => {
                tangents.lanes() / self.lanes()
            }
        }
    }

    /// Where a direction's values lie.
    fn place(&self, direction: usize) -> usize {
        direction * self.lanes() + self.lane
    }

    /// Coordinate `i` of a direction.
    fn rate(&self, direction: usize, i: usize) -> f64 {
        match self.traced {
            Traced::Velocity => 0.0,
            Traced::Exact => f64::from(u8::from(i == direction)),
            Traced::Probes(tangents) | Traced::Products(tangents) => {
                tangents.row(i)[self.place(direction)].wide()
            }
        }
    }

    /// The derivative of the objective by component `i` of the product with a direction.
    fn by_rate(&self, direction: usize, i: usize) -> f64 {
        let traces = self.cotangents.traces;
        match self.traced {
            Traced::Velocity => 0.0,
            Traced::Exact => self.rate(direction, i) * traces.row(0)[self.lane].wide(),
            Traced::Probes(_) => self.rate(direction, i) * traces.row(direction)[self.lane].wide(),
            Traced::Products(_) => traces.row(i)[self.place(direction)].wide(),
        }
    }

    /// The derivatives of the objective by component `i` of the velocity, which counts once, and of the product.
    fn cotangents(&self, direction: usize, i: usize) -> [f64; 2] {
        let by_velocity = self.cotangents.velocity.row(i)[self.lane].wide();
        [if direction == 0 { by_velocity } else { 0.0 }, self.by_rate(direction, i)]
    }

    /// Whether anything comes back from a direction; from lanes that pad a block nothing does.
    fn counts(&self, direction: usize) -> bool {
        let mut rows = 0..self.cotangents.velocity.rows();
        rows.any(|i| self.cotangents(direction, i) != [0.0; 2])
    }
}

/// Pulls back what was computed of a field, whose function `note` evaluates on a record, lane by lane.
pub(super) fn pull_lanes<T: Real>(
    traced: Traced<'_, T>,
    cotangents: Cotangents<'_, T>,
    pulled: Pulled<'_, T>,
    note: impl Fn(usize, &mut Record),
) {
    let Pulled { mut x, mut context, .. } = pulled;
    x.values_mut().fill(T::zero());
    context.values_mut().fill(T::zero());
    let dim = x.rows();
    let mut record = Record::take();
    for lane in 0..cotangents.velocity.lanes() {
        let here = Lane { traced, cotangents, lane };
        let mut noted = false;
        for direction in (0..here.directions()).filter(|&k| here.counts(k)) {
            if !noted {
                note(lane, &mut record);
                noted = true;
            }
            let rate = |i: usize| if i < dim { here.rate(direction, i) } else { 0.0 };
            record.pull(
                rate,
                |i| here.cotangents(direction, i),
                |i, found| {
                    let (rows, row) = if i < dim { (&mut x, i) } else { (&mut context, i - dim) };
                    rows.row_mut(row)[lane] += T::of(found);
                },
            );
        }
    }
    record.give();
}

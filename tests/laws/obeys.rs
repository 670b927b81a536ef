//! What every trainable flow obeys, wherever its support lies: inverse, log-determinant, gradients, bits.

use liouville::prelude::*;
use nalgebra::DMatrix;

use crate::catalogue::FlowVisitor;
use crate::objective::gradients_agree_at;
use crate::steps::follow;
use crate::support::{derivative, matrix};

/// Points on the side of the base, and where they go.
pub struct Ends<T: Real> {
    pub base: DMatrix<T>,
    pub data: DMatrix<T>,
}

impl<T: Real> Ends<T> {
    pub fn new<L: Flow<T>>(name: &str, flow: &L, columns: usize, scale: f64, seed: u64) -> Self {
        let base = matrix::<T>(flow.dim(), columns, scale, seed);
        let data = follow(name, flow, Direction::Forward, &base).points;
        Self { base, data }
    }

    pub fn of(&self, direction: Direction) -> &DMatrix<T> {
        match direction {
            Direction::Forward => &self.base,
            Direction::Inverse => &self.data,
        }
    }
}

pub const BOTH: [Direction; 2] = [Direction::Forward, Direction::Inverse];

/// There and back again, from both ends; errors relative to `scale`.
pub struct Inverse {
    pub seed: u64,
    pub scale: f64,
    pub bound: f64,
}

impl<T: Real> FlowVisitor<T> for Inverse {
    fn visit<L: TrainableFlow<T> + Clone + 'static>(&mut self, name: &str, flow: L) {
        let ends = Ends::new(name, &flow, 150, self.scale, self.seed);
        for direction in BOTH {
            let start = ends.of(direction);
            let there = follow(name, &flow, direction, start);
            let back = follow(name, &flow, direction.reversed(), &there.points);
            let error = (&back.points - start).amax().wide() / start.amax().wide();
            let cancel = (&there.log_det + &back.log_det).amax().wide()
                / (1.0 + there.log_det.amax().wide());
            let bound = self.bound;
            assert!(error < bound && cancel < bound, "{name} {direction:?}: {error:e} {cancel:e}");
        }
    }
}

/// The log-determinant against the Jacobian by finite differences, both ways.
pub struct LogDet {
    pub seed: u64,
}

impl FlowVisitor<f64> for LogDet {
    fn visit<L: TrainableFlow<f64> + Clone + 'static>(&mut self, name: &str, flow: L) {
        let dim = flow.dim();
        let ends = Ends::new(name, &flow, 1, 1.0, self.seed);
        for direction in BOTH {
            let point = ends.of(direction);
            let end = |j: usize, s: f64| {
                let mut moved = point.clone();
                moved[j] += s;
                follow(name, &flow, direction, &moved).points
            };
            let jacobian = DMatrix::from_fn(dim, dim, |i, j| derivative(1e-4, |s| end(j, s)[i]));
            let expected = jacobian.determinant().abs().ln();
            let log_det = follow(name, &flow, direction, point).log_det[0];
            let error = (log_det - expected).abs();
            assert!(error < 1e-6, "{name} {direction:?}: {log_det} {expected}");
        }
    }
}

/// The pullback in both directions against central differences.
pub struct Gradient {
    pub seed: u64,
}

impl FlowVisitor<f64> for Gradient {
    fn visit<L: TrainableFlow<f64> + Clone + 'static>(&mut self, name: &str, flow: L) {
        let ends = Ends::new(name, &flow, 5, 1.0, self.seed);
        for direction in BOTH {
            gradients_agree_at(name, &flow, direction, ends.of(direction), self.seed);
        }
    }
}

/// A sample's bits alone and in a batch.
pub struct SameBits {
    pub seed: u64,
}

impl<T: Real> FlowVisitor<T> for SameBits {
    fn visit<L: TrainableFlow<T> + Clone + 'static>(&mut self, name: &str, flow: L) {
        let ends = Ends::new(name, &flow, 200, 2.0, self.seed);
        let place = (self.seed % 200) as usize;
        for direction in BOTH {
            let points = ends.of(direction);
            let batch = follow(name, &flow, direction, points);
            let alone = follow(name, &flow, direction, &points.columns(place, 1).into_owned());
            assert_eq!(alone.points.column(0), batch.points.column(place), "{name}");
            assert_eq!(alone.log_det[0], batch.log_det[place], "{name}");
        }
    }
}

/// Points far out, and layers with large parameters: finite, and inverted as well as the size of
/// the map allows.
pub struct Finite {
    pub seed: u64,
    pub scale: f64,
}

impl<T: Real> FlowVisitor<T> for Finite {
    fn visit<L: TrainableFlow<T> + Clone + 'static>(&mut self, name: &str, flow: L) {
        let points = matrix::<T>(flow.dim(), 40, self.scale, self.seed);
        for direction in BOTH {
            let moved = follow(name, &flow, direction, &points);
            assert!(moved.points.iter().all(|value| value.is_finite()), "{name}");
            assert!(moved.log_det.iter().all(|value| value.is_finite()), "{name}");
        }
    }
}

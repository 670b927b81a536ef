//! The mass of what a flow of angles makes of the uniform distribution.

use std::f64::consts::{PI, TAU};

use liouville::flow::AnyFlow;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::contexts;

/// The number of cells, as near as a power of the dimension comes.
const CELLS: f64 = 20_000.0;

/// The integral of the density over all angles, with its standard error: the mean of two random points
/// in every cell of a grid, whose difference tells the error.
pub fn mass<T: Real>(flow: &AnyFlow<T>, seed: u64) -> [f64; 2] {
    let dim = flow.dim();
    let side = CELLS.powf(1.0 / dim as f64).ceil() as usize;
    let (cells, volume) = (side.pow(dim as u32), (TAU / side as f64).powi(dim as i32));
    let mut rng = StdRng::seed_from_u64(seed);
    let points = DMatrix::from_fn(dim, 2 * cells, |i, k| {
        let place = (k / 2 / side.pow(i as u32) % side) as f64;
        T::of(-PI + TAU * (place + rng.random_range(0.0..1.0)) / side as f64)
    });
    let context = contexts::<T>(flow.context_dim(), 1);
    let given = (flow.context_dim() > 0).then_some(&context);
    let model = UniformCircle::new(dim).pushed_by(flow.clone());
    let found = model.evaluate(&points, given).expect("angles").none_failed().expect("angles");
    let (mut mass, mut variance) = (0.0, 0.0);
    for cell in 0..cells {
        let pair = [2 * cell, 2 * cell + 1].map(|j| 0.5 * volume * found[j].wide().exp());
        mass += pair[0] + pair[1];
        variance += (pair[0] - pair[1]).powi(2);
    }
    [mass, variance.sqrt()]
}

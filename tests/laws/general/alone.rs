//! Couplings and autoregressive flows, coordinate by coordinate: however large the parameters of their
//! networks, each coordinate returns as exactly as its own map allows.
//!
//! On the way back from what was computed one coordinate after the other, the network reads the same
//! numbers as on the way there, and its sums run in the same order: the parameters of every map are the
//! same to the last bit. So z = (z_i) goes to x_i = g_i(z_i) and back to g_i⁻¹(x_i), each of both with
//! its own rounding only, and as g_i increases, what returns lies between g_i⁻¹(x_i - r) - r' and
//! g_i⁻¹(x_i + r) + r', where r and r' are roundings of x_i and of z_i. Those of x_i = s z_i + t are of
//! the size of its terms, |x_i| + |t|, with t the image of z_i = 0; a spline adds those of its interval.

use liouville::flow::{AnyFlow, Moved};
use liouville::outcome::{Outcome, Reason};
use liouville::prelude::*;
use nalgebra::DMatrix;

use crate::catalogue::{FlowVisitor, autoregressive, coupling, visit_extreme_couplings};
use crate::support::{BOTH, matrix, seeds};

use super::ledger::Ledger;

/// The points of a case.
const COLUMNS: usize = 4;

/// There and back again, seen coordinate by coordinate: both ways round for couplings, whose coordinates
/// go all at once, and from the base for autoregressive flows.
struct Alone {
    seed: u64,
    directions: &'static [Direction],
    ledger: Ledger,
}

/// How exact the map of a coordinate is: so many roundings of its numbers, and of those of its interval.
struct Rounding {
    count: f64,
    reach: f64,
}

impl Rounding {
    fn of(name: &str) -> Self {
        match name.contains("spline") {
            // (64 + 8K) ε B with up to eight bins in ±5, as the documentation of splines says.
            true => Self { count: 128.0, reach: 5.0 },
            false => Self { count: 16.0, reach: 0.0 },
        }
    }

    fn at<T: Real>(&self, size: f64) -> f64 {
        self.count * T::EPSILON * (self.reach + size) + T::SMALLEST
    }
}

/// Follows columns with the same context each.
fn follow<T: Real>(flow: &dyn Flow<T>, direction: Direction, points: &DMatrix<T>) -> Moved<T> {
    let context = matrix::<T>(flow.context_dim(), 1, 1.0, 77);
    let context = (flow.context_dim() > 0).then_some(&context);
    flow.follow(direction, points, context).expect("valid input")
}

/// Every column once for each coordinate, which is replaced.
fn one_replaced<T: Real>(points: &DMatrix<T>, by: impl Fn(usize, usize) -> f64) -> DMatrix<T> {
    let dim = points.nrows();
    DMatrix::from_fn(dim, dim * points.ncols(), |row, k| match row == k % dim {
        true => T::of(by(row, k / dim)),
        false => points[(row, k / dim)],
    })
}

/// Whether a column failed otherwise than by saying that the scalar cannot hold it where it went, or for
/// being what is left of one that said so.
fn overflows(outcome: &Outcome) -> bool {
    let reason = outcome.failure().map(|failure| failure.reason);
    !matches!(reason, None | Some(Reason::Saturated { .. } | Reason::NonFiniteInput))
}

/// How many columns returned as they should; those that overflow or saturate say so, and do not count.
fn there_and_back<T: Real>(
    name: &str,
    flow: &dyn Flow<T>,
    direction: Direction,
    start: &DMatrix<T>,
) -> Result<usize, String> {
    let (rounding, dim, back) = (Rounding::of(name), flow.dim(), direction.reversed());
    let there = follow(flow, direction, start);
    let returned = follow(flow, back, &there.points);
    let shifts = follow(flow, direction, &one_replaced(start, |_, _| 0.0)).points;
    let [low, high] = [-4.0, 4.0].map(|share| {
        let moved = one_replaced(&there.points, |i, j| {
            let x = there.points[(i, j)].wide();
            x + share * rounding.at::<T>(x.abs() + shifts[(i, j * dim + i)].wide().abs())
        });
        follow(flow, back, &moved)
    });
    let mut told = 0;
    for (j, z) in start.column_iter().enumerate() {
        let arrived = there.outcomes[j].arrived() && returned.outcomes[j].arrived();
        let places = (0..dim).map(|i| (i, j * dim + i));
        let known = |at: (usize, usize)| low.points[at].is_finite() && high.points[at].is_finite();
        if !arrived || !places.clone().all(known) {
            let ends =
                [&low, &high].into_iter().flat_map(|end| places.clone().map(move |at| (end, at.1)));
            let mut all = ends.chain([(&there, j), (&returned, j)]);
            if name.starts_with("spline") && all.any(|(moved, k)| overflows(&moved.outcomes[k])) {
                return Err(format!("{direction:?}: a spline does not overflow at {z}"));
            }
            continue;
        }
        for i in 0..dim {
            let [low, high] = [&low, &high].map(|ends| ends.points[(i, j * dim + i)].wide());
            let slack = 2.0 * rounding.at::<T>(z[i].wide().abs());
            for value in [z[i], returned.points[(i, j)]].map(|value| value.wide()) {
                // NaN is not inside.
                if !(low - slack <= value && value <= high + slack) {
                    let found = &returned.points.column(j);
                    return Err(format!(
                        "{direction:?}: {value} is not in {low} to {high}, slack {slack:e}, at {z} returned {found}"
                    ));
                }
            }
        }
        log_determinants_cancel(name, &there, &returned, j)?;
        told += 1;
    }
    Ok(told)
}

/// Those of affine maps, which are made of the same numbers on both ways, cancel but for the rounding of
/// their sums.
fn log_determinants_cancel<T: Real>(
    name: &str,
    there: &Moved<T>,
    returned: &Moved<T>,
    j: usize,
) -> Result<(), String> {
    let [there, back] = [there, returned].map(|moved| moved.log_det[j].wide());
    // No log-scale is above 50, and there are five coordinates at most.
    let bound = 16.0 * T::EPSILON * if there.abs() < 15.0 { 15.0 } else { 250.0 };
    if name.contains("spline") || (there + back).abs() <= bound {
        return Ok(());
    }
    Err(format!("the log-determinants are {there} and {back}"))
}

impl Alone {
    fn check<T: Real>(&mut self, name: &str, flow: &dyn Flow<T>) {
        for scale in [1e-6, 3.0, 1e6] {
            let points = matrix::<T>(flow.dim(), COLUMNS, scale, self.seed);
            for &direction in self.directions {
                // From anywhere, and from where points of this size lead.
                let images = follow(flow, direction.reversed(), &points);
                let arrived = images.outcomes.iter().all(|outcome| outcome.arrived());
                let starts = [Some(&points), arrived.then_some(&images.points)];
                for start in starts.into_iter().flatten() {
                    match there_and_back(name, flow, direction, start) {
                        Ok(told) => {
                            self.ledger.held(name, u32::from(told > 0), u32::from(told == 0));
                        }
                        Err(how) => {
                            let how = format!("{}, scale {scale}: {how}", T::NAME);
                            self.ledger.broken(name, self.seed, how);
                        }
                    }
                }
            }
        }
    }
}

impl<T: Real> FlowVisitor<T> for Alone {
    fn meet(&mut self, name: &str, flow: AnyFlow<T>) {
        self.check(name, &flow);
    }
}

/// Tries couplings both ways round and autoregressive flows from the base, with ordinary parameters,
/// with extreme maps, and with extreme networks.
fn every_coordinate_returns_in<T: Real>() {
    let ledger = Ledger::new(format!("coordinates by themselves in {}", T::NAME));
    let mut alone = Alone { seed: 0, directions: &BOTH, ledger };
    rayon::scope(|_| {
        for (_, seed) in seeds(6) {
            alone.seed = seed;
            alone.directions = &BOTH;
            coupling::visit::<T>(seed, &mut alone);
            visit_extreme_couplings::<T>(seed, &mut alone);
            autoregressive::visit_spline_couplings::<T>(0.5, seed, &mut alone);
            alone.directions = &BOTH[..1];
            autoregressive::visit::<T>(seed, &mut alone);
            autoregressive::visit_splines::<T>(seed, &mut alone);
            autoregressive::visit_extreme_maps::<T>(seed, &mut alone);
            autoregressive::visit_extreme::<T>(seed, &mut alone);
        }
    });
    alone.ledger.close(60);
}

#[test]
fn every_coordinate_returns_as_exactly_as_its_map_allows() {
    every_coordinate_returns_in::<f64>();
    every_coordinate_returns_in::<f32>();
}

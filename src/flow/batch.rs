//! A matrix of samples, cut into packets and spread over threads.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::{Direction, Flow, Moved, Packet, Track};
use crate::columns::{Contexts, PACKET, block_to_columns, check_points};
use crate::error::Result;
use crate::ode::{Workspace, mark_non_finite};
use crate::outcome::{Effort, Outcome};
use crate::real::Real;

/// Moves every column of `points` through a flow; [`Track`] says what is wanted.
///
/// # Errors
///
/// As [`Flow::follow`].
pub fn transport<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    direction: Direction,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    track: Track,
) -> Result<Moved<T>> {
    flow.check()?;
    check_points(flow.dim(), points)?;
    let context = Contexts::new(flow.context_dim(), points.ncols(), context)?;
    let follow = |packet: &mut Packet<T>, workspace: &mut Workspace<T>| {
        flow.follow_packet(direction, packet, workspace);
    };
    Ok(spread(&follow, points, &context, track))
}

/// What becomes of every column of `points` at the bounds of a flow: [`Outcome::Outside`] for those outside
/// its support, with as little work as that takes, and none at all for a flow without bounds.
///
/// ```
/// use liouville::flow::elementwise::{Constrain, interval};
/// use liouville::flow::outside;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let flow = Constrain::new().then(interval(0.0, 1.0, 1)?);
/// let found = outside(&flow, Direction::Inverse, &dmatrix![0.2f64, 1.0], None)?;
/// assert!(found[0].arrived() && found[1].is_outside());
/// # Ok::<(), liouville::Error>(())
/// ```
///
/// # Errors
///
/// As [`Flow::follow`].
pub fn outside<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    direction: Direction,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
) -> Result<Vec<Outcome>> {
    flow.check()?;
    check_points(flow.dim(), points)?;
    let context = Contexts::new(flow.context_dim(), points.ncols(), context)?;
    if !flow.is_bounded(direction) {
        return Ok(vec![Outcome::Arrived; points.ncols()]);
    }
    let mark = |packet: &mut Packet<T>, workspace: &mut Workspace<T>| {
        flow.mark_outside(direction, packet, workspace);
    };
    Ok(spread(&mark, points, &context, Track::Points).outcomes)
}

/// What follows one packet, behind a reference: everything around it is compiled once, not once for every
/// flow.
type Follow<'a, T> = &'a (dyn Fn(&mut Packet<T>, &mut Workspace<T>) + Sync);

/// The number of samples in each of the packets that `count` are cut into: twice as many where every thread
/// has several even so, since the last steps of a packet are those of a few samples.
fn packet_size(count: usize) -> usize {
    const EACH: usize = 8;
    let many = count >= 2 * PACKET * EACH * rayon::current_num_threads();
    if many { 2 * PACKET } else { PACKET }
}

/// Cuts points into packets and follows them on all threads.
fn spread<T: Real>(
    follow: Follow<'_, T>,
    points: &DMatrix<T>,
    context: &Contexts<'_, T>,
    track: Track,
) -> Moved<T> {
    let (dim, count) = points.shape();
    let mut moved = Moved {
        points: points.clone(),
        log_det: DVector::zeros(count),
        standard_error: None,
        outcomes: vec![Outcome::Arrived; count],
        efforts: vec![Effort::default(); count],
    };
    let mut errors = DVector::zeros(count);
    let size = packet_size(count);
    let estimated: Vec<bool> = moved
        .points
        .as_mut_slice()
        .par_chunks_mut(dim * size)
        .zip(moved.log_det.as_mut_slice().par_chunks_mut(size))
        .zip(errors.as_mut_slice().par_chunks_mut(size))
        .zip(moved.outcomes.par_chunks_mut(size))
        .zip(moved.efforts.par_chunks_mut(size))
        .enumerate()
        .map_init(
            || (Packet::new(track), Workspace::new(), Vec::new()),
            |(packet, workspace, buffer),
             (index, ((((points, log_det), errors), outcomes), efforts))| {
                let contexts = context.from(index * size, outcomes.len(), buffer);
                packet.load(points, dim, contexts, context.dim);
                mark_non_finite(packet.points.view(), 0.0, &mut packet.outcomes);
                mark_non_finite(packet.context.view(), 0.0, &mut packet.outcomes);
                follow(packet, workspace);
                block_to_columns(&packet.points, points);
                log_det.copy_from_slice(&packet.log_det.row(0)[..log_det.len()]);
                for (error, variance) in errors.iter_mut().zip(packet.variance.row(0)) {
                    *error = variance.sqrt();
                }
                outcomes.copy_from_slice(&packet.outcomes);
                efforts.copy_from_slice(&packet.efforts);
                spoil_failed(outcomes, points, log_det, errors);
                packet.estimated.is_some()
            },
        )
        .collect();
    if estimated.contains(&true) {
        moved.standard_error = Some(errors);
    }
    moved
}

/// Writes NaN over what a failed column left behind.
fn spoil_failed<T: Real>(
    outcomes: &[Outcome],
    points: &mut [T],
    log_det: &mut [T],
    errors: &mut [T],
) {
    let (dim, nan) = (points.len() / outcomes.len(), T::of(f64::NAN));
    for (j, _) in outcomes.iter().enumerate().filter(|(_, outcome)| !outcome.arrived()) {
        points[j * dim..(j + 1) * dim].fill(nan);
        log_det[j] = nan;
        errors[j] = nan;
    }
}

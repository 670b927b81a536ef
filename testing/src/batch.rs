//! The batch law: a sample's bits are its own.

use std::sync::OnceLock;

use liouville::nalgebra::DMatrix;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::moving::{BOTH, Borrowed, Inputs};
use super::{Cause, Difference, Law, Place, Tolerances, Violation};
use liouville::error::Error;
use liouville::flow::{Direction, Flow, Moved, PACKET};
use liouville::real::Real;

/// How many columns are followed alone, and beside a column of NaN.
const SOME: usize = 5;

/// A sample's bits do not depend on its neighbours, its place, or the number of threads.
///
/// In both directions the columns are followed in a batch of several packets, in the opposite
/// order, on one thread and on two, some of them alone, and some beside a column of NaN, which must
/// fail by itself. Points, log-determinants, outcomes and efforts must be the same.
///
/// # Errors
///
/// A [`Violation`] that names the column.
pub fn batch_law<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    let inputs = Inputs { law: Law::Batch, points, context, tolerances };
    BOTH.into_iter().try_for_each(|direction| {
        let (start, _) = inputs.depart(&Borrowed(flow), direction)?;
        Batch { flow: &Borrowed(flow), inputs: inputs.with(&start), direction }.check()
    })
}

/// Some places in a batch, the ends among them.
fn spread(count: usize) -> impl Iterator<Item = usize> {
    let some = count.min(SOME);
    (0..some).map(move |k| k * (count - 1) / (some - 1).max(1))
}

/// One thread or two, started once: a law is tried many times.
fn pool(threads: usize) -> Result<&'static ThreadPool, Error> {
    static POOLS: [OnceLock<ThreadPool>; 2] = [const { OnceLock::new() }; 2];
    let place = &POOLS[threads.clamp(1, 2) - 1];
    if let Some(pool) = place.get() {
        return Ok(pool);
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let failed = |error| Error::setting(format!("{threads} threads could not be started: {error}"));
    let pool = pool.map_err(failed)?;
    Ok(place.get_or_init(|| pool))
}

/// A flow and the columns that it is to follow.
struct Batch<'a, T: Real> {
    flow: &'a dyn Flow<T>,
    inputs: Inputs<'a, T>,
    direction: Direction,
}

impl<T: Real> Batch<'_, T> {
    fn check(&self) -> Result<(), Violation> {
        let count = self.inputs.points.ncols();
        let places: Vec<usize> = (0..count.max(2 * PACKET + 17)).map(|k| k % count).collect();
        let whole = self.follow(&places, None)?;
        for (threads, what) in [(1, "on one thread it"), (2, "on two threads it")] {
            let moved = self.on_threads(threads, || self.follow(&places, None))?;
            self.same(&moved, &whole, &places, what)?;
        }
        let reversed: Vec<usize> = places.iter().rev().copied().collect();
        let moved = self.follow(&reversed, None)?;
        self.same(&moved, &whole, &reversed, "in another order it")?;
        for place in spread(count) {
            let moved = self.follow(&[place], None)?;
            self.same(&moved, &whole, &[place], "alone it")?;
        }
        self.beside_nan(&whole, &places[..3 * count.min(SOME)])
    }

    /// Follows the columns at these places; one of them may be spoilt.
    fn follow(&self, places: &[usize], spoilt: Option<usize>) -> Result<Moved<T>, Violation> {
        let mut points = self.inputs.points.select_columns(places);
        if let Some(column) = spoilt {
            points[(0, column)] = T::of(f64::NAN);
        }
        let context = self.inputs.context.map(|context| match context.ncols() {
            1 => context.clone(),
            _ => context.select_columns(places),
        });
        let moved = self.flow.follow(self.direction, &points, context.as_ref());
        moved.map_err(|error| self.inputs.refused(Some(self.direction), error))
    }

    fn on_threads(
        &self,
        threads: usize,
        work: impl FnOnce() -> Result<Moved<T>, Violation> + Send,
    ) -> Result<Moved<T>, Violation> {
        let pool =
            pool(threads).map_err(|error| self.inputs.refused(Some(self.direction), error))?;
        pool.install(work)
    }

    /// The second of some columns is spoilt: it fails, and the others do not notice.
    fn beside_nan(&self, whole: &Moved<T>, places: &[usize]) -> Result<(), Violation> {
        let moved = self.follow(places, Some(1))?;
        let what = ["the share of NaN columns that are reported as failed", "it should be"];
        if moved.outcomes[1].arrived() {
            return self.differ(Place::Report { column: places[1] }, what, [0.0, 1.0]);
        }
        for (k, &place) in places.iter().enumerate().filter(|(k, _)| *k != 1) {
            let one = Moved {
                points: moved.points.columns(k, 1).into_owned(),
                log_det: liouville::nalgebra::DVector::from_element(1, moved.log_det[k]),
                standard_error: None,
                outcomes: vec![moved.outcomes[k]],
                efforts: vec![moved.efforts[k]],
            };
            self.same(&one, whole, &[place], "beside a column of NaN it")?;
        }
        Ok(())
    }

    /// Column k of `found` is column `places[k]` of `whole`, bit for bit.
    fn same(
        &self,
        found: &Moved<T>,
        whole: &Moved<T>,
        places: &[usize],
        what: &'static str,
    ) -> Result<(), Violation> {
        for (k, &column) in places.iter().enumerate() {
            let agree = |place, name, pair: [T; 2]| match pair[0].bits() == pair[1].bits() {
                true => Ok(()),
                false => self.differ(place, [name, what], [1, 0].map(|i| pair[i].wide())),
            };
            for row in 0..whole.points.nrows() {
                let pair = [found.points[(row, k)], whole.points[(row, column)]];
                agree(Place::Coordinate { column, row }, "in the batch the coordinate", pair)?;
            }
            let pair = [found.log_det[k], whole.log_det[column]];
            agree(Place::LogDet { column }, "in the batch the log-determinant", pair)?;
            self.same_report(found, whole, [k, column], what)?;
        }
        Ok(())
    }

    fn same_report(
        &self,
        found: &Moved<T>,
        whole: &Moved<T>,
        [k, column]: [usize; 2],
        what: &'static str,
    ) -> Result<(), Violation> {
        let (ours, theirs) = (found.efforts[k], whole.efforts[column]);
        let pairs = [
            ("accepted steps", ours.accepted, theirs.accepted),
            ("rejected steps", ours.rejected, theirs.rejected),
            ("the number of evaluations in the batch", ours.evaluations, theirs.evaluations),
            (
                "whether it arrives in the batch",
                u64::from(found.outcomes[k].arrived()),
                u64::from(whole.outcomes[column].arrived()),
            ),
        ];
        for (name, ours, theirs) in pairs {
            if ours != theirs {
                let pair = [theirs as f64, ours as f64];
                return self.differ(Place::Report { column }, [name, what], pair);
            }
        }
        Ok(())
    }

    fn differ(
        &self,
        place: Place,
        what: [&'static str; 2],
        [found, expected]: [f64; 2],
    ) -> Result<(), Violation> {
        let difference = Difference { place, what, found, expected, bound: 0.0 };
        Err(self.inputs.violation(Some(self.direction), Cause::Differs(difference)))
    }
}

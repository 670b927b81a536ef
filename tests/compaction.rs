//! Columns that finish leave the block: the work is the sum of all columns' steps, not their number
//! times the longest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use liouville::columns::LANES;
use liouville::prelude::*;
use nalgebra::DMatrix;

#[test]
fn one_hard_column_does_not_hold_up_the_others() {
    let count = Arc::new(AtomicU64::new(0));
    let counter = count.clone();
    // Far from the origin the field turns fast.
    let field = field::autonomous::<2, _>(move |x| {
        counter.fetch_add(1, Ordering::Relaxed);
        let pace = (x[0] * x[0] + x[1] * x[1]) * 0.5;
        [-x[1] * pace, x[0] * pace]
    });
    let flow = ContinuousFlow::new(field).tolerance(1e-8);
    let n = 128;
    let points =
        DMatrix::from_fn(2, n, |i, j| if j == 5 { 12.0 } else { 0.1 + 0.001 * (i + j) as f64 });
    let moved = flow.follow(Direction::Forward, &points, None).expect("valid input");
    let longest = moved.efforts.iter().map(|effort| effort.evaluations).max().expect("columns");
    let sum: u64 = moved.efforts.iter().map(|effort| effort.evaluations).sum();
    let done = count.load(Ordering::Relaxed);
    assert!(longest > 50 * moved.efforts[0].evaluations, "the hard column is not hard: {longest}");
    // Lanes come in groups of sixteen, so that the last column travels with fifteen idle ones.
    let bound = sum + sum / 4 + LANES as u64 * longest;
    assert!(done < bound, "{done} evaluations for {sum}, the longest {longest}");
    assert!(done < n as u64 * longest / 4, "{done} evaluations for {sum}, the longest {longest}");
}

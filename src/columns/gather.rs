//! Between columns and lanes: transposing in and out, moving a lane, padding the rest.

use super::{Block, RowsMut};
use crate::real::Real;

/// Writes columns (`dim` contiguous values each) into the first lanes of `block`, which takes the
/// shape dim x columns; padding lanes repeat the last column.
pub fn columns_to_block<T: Real>(columns: &[T], dim: usize, block: &mut Block<T>) {
    let count = columns.len().checked_div(dim).unwrap_or(0);
    block.reshape(dim, count);
    for i in 0..dim {
        for (lane, value) in
            block.row_mut(i)[..count].iter_mut().zip(columns[i..].iter().step_by(dim))
        {
            *lane = *value;
        }
    }
    pad_lanes(block.view_mut(), count);
}

/// Writes the first lanes of `block` out as columns of `block.rows()` contiguous values.
pub fn block_to_columns<T: Real>(block: &Block<T>, columns: &mut [T]) {
    let dim = block.rows();
    for i in 0..dim {
        for (value, lane) in columns[i..].iter_mut().step_by(dim).zip(block.row(i)) {
            *value = *lane;
        }
    }
}

/// Copies lane `from` over lane `to` in every row.
pub fn move_lane<T: Real>(mut rows: RowsMut<'_, T>, from: usize, to: usize) {
    for i in 0..rows.rows() {
        let row = rows.row_mut(i);
        row[to] = row[from];
    }
}

/// Repeats the last of the first `used` lanes in the padding behind it, so that padding holds
/// values a field can digest.
pub fn pad_lanes<T: Real>(mut rows: RowsMut<'_, T>, used: usize) {
    if used == 0 {
        return;
    }
    for i in 0..rows.rows() {
        let row = rows.row_mut(i);
        let last = row[used - 1];
        row[used..].fill(last);
    }
}

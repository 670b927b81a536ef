//! An assignment of nearly the least total cost, by an auction that starts from the prices of smoothed transport.

use crate::real::portable::ln;

/// How far the mean cost may lie above the least, as a share of the median cost of what is nearest.
const SHARE: f64 = 0.15;
/// The width of the smoothed transport, in the same units as costs that are about one.
const WIDTH: f64 = 0.02;
/// The least raise of a price; what differs by less is as good.
const LEAST_RAISE: f64 = 1e-9;
/// How often the smoothed transport is balanced.
const BALANCES: usize = 20;
/// After how many bids a row the least raise doubles, so that no war of prices lasts.
const PATIENCE: usize = 20;
/// How many values are compared side by side.
const SIDE: usize = 8;

/// For every row of the square matrix of `costs` (row-major, finite), a column of its own, so that the
/// mean cost is nearly the least.
///
/// A cost and the offset of its row add up to a number that is not negative, about one in size where it
/// matters. The mean cost exceeds the least by at most 0.15 of the median over the rows of that sum
/// for the nearest column, unless columns are so hard to tell apart that this takes too long.
///
/// Rows bid for columns: one that is without takes the column that is best at present prices
/// and raises its price by what it is worth more than the second best, and a little more; who had
/// it bids again. The mean cost ends above the least by at most that little (Bertsekas 1988, The
/// auction algorithm: a distributed relaxation method for the assignment problem, section 2).
/// What makes it quick is to begin with prices that are nearly right: those of transport smoothed by
/// entropy, after a few balances of rows and columns (Cuturi 2013, Sinkhorn distances, section 4).
pub(super) fn nearly_cheapest(costs: &[f64], offsets: &[f64]) -> Vec<usize> {
    let count = offsets.len();
    if count < 2 {
        return vec![0; count];
    }
    let width = count.next_multiple_of(SIDE);
    let padded = padded(costs, count, width);
    let mut auction = Auction { costs: &padded, width, prices: smoothed_prices(costs, count) };
    auction.prices.resize(width, 0.0);
    let raise = (SHARE * auction.nearby(offsets)).max(LEAST_RAISE);
    auction.sell(count, raise)
}

/// The rows with columns behind the last that nobody wants.
fn padded(costs: &[f64], count: usize, width: usize) -> Vec<f64> {
    let mut padded = vec![f64::INFINITY; count * width];
    for (to, from) in padded.chunks_exact_mut(width).zip(costs.chunks_exact(count)) {
        to[..count].copy_from_slice(from);
    }
    padded
}

/// What is for sale.
struct Auction<'a> {
    costs: &'a [f64],
    width: usize,
    /// What a column costs beside its cost.
    prices: Vec<f64>,
}

impl Auction<'_> {
    fn row(&self, row: usize) -> &[f64] {
        &self.costs[row * self.width..(row + 1) * self.width]
    }

    /// The median cost of the best column of every row, with the offset of the row.
    fn nearby(&self, offsets: &[f64]) -> f64 {
        let rows = self.costs.chunks_exact(self.width).zip(offsets);
        let nearest = |(row, offset): (&[f64], &f64)| row[self.best(row).column] + offset;
        let mut costs: Vec<f64> = rows.map(nearest).collect();
        costs.sort_by(f64::total_cmp);
        costs[costs.len() / 2]
    }

    /// The best column of a row at present prices, and how much better it is than the second best.
    fn best(&self, row: &[f64]) -> Bid {
        let (mut least, mut second) = ([f64::INFINITY; SIDE], [f64::INFINITY; SIDE]);
        for (costs, prices) in row.chunks_exact(SIDE).zip(self.prices.chunks_exact(SIDE)) {
            for k in 0..SIDE {
                let total = costs[k] + prices[k];
                let worse = if total > least[k] { total } else { least[k] };
                second[k] = if worse < second[k] { worse } else { second[k] };
                least[k] = if total < least[k] { total } else { least[k] };
            }
        }
        let (mut first, mut next) = (f64::INFINITY, f64::INFINITY);
        for total in least.into_iter().chain(second) {
            next = next.min(total.max(first));
            first = first.min(total);
        }
        let totals = row.iter().zip(&self.prices).map(|(cost, price)| cost + price);
        let column = totals.enumerate().find(|(_, total)| *total == first).map_or(0, |(j, _)| j);
        Bid { column, gap: next - first }
    }

    /// Sells a column to every row, each bid raising a price by at least `raise`.
    fn sell(&mut self, count: usize, raise: f64) -> Vec<usize> {
        let (mut owners, mut columns) = (vec![None; count], vec![0; count]);
        let mut without: Vec<usize> = (0..count).rev().collect();
        let (mut raise, mut bids) = (raise, 0);
        while let Some(row) = without.pop() {
            let Bid { column, gap } = self.best(self.row(row));
            self.prices[column] += gap + raise;
            columns[row] = column;
            without.extend(owners[column].replace(row));
            bids += 1;
            if bids % (PATIENCE * count) == 0 {
                raise *= 2.0;
            }
        }
        columns
    }
}

struct Bid {
    column: usize,
    gap: f64,
}

/// The prices of the columns in transport smoothed by entropy.
///
/// exp(-c / ε) for costs c less the prices is taken as (1 - c / 64 ε)⁶⁴ where that is positive: prices that are nearly right are all that
/// is asked for, and they are the same on every platform.
fn smoothed_prices(costs: &[f64], count: usize) -> Vec<f64> {
    let rows = || costs.chunks_exact(count);
    // The least price of a row, then of a column, that leaves no cost below zero.
    let least =
        |values: &[f64]| values.iter().fold(f64::INFINITY, |a, b| if *b < a { *b } else { a });
    let row_prices: Vec<f64> = rows().map(least).collect();
    let mut prices = vec![f64::INFINITY; count];
    for (row, price) in rows().zip(&row_prices) {
        for (least, cost) in prices.iter_mut().zip(row) {
            let reduced = cost - price;
            *least = if reduced < *least { reduced } else { *least };
        }
    }
    let mut kernel = vec![0.0f32; count * count];
    for ((kernel, row), row_price) in kernel.chunks_exact_mut(count).zip(rows()).zip(&row_prices) {
        for ((kernel, cost), price) in kernel.iter_mut().zip(row).zip(&prices) {
            *kernel = decay((cost - row_price - price) / WIDTH);
        }
    }
    let weights = balanced(&kernel, count);
    prices.iter().zip(weights).map(|(price, b)| -price - WIDTH * ln(f64::from(b))).collect()
}

/// About e⁻ˣ for x that is not negative, and never zero.
#[inline(always)]
fn decay(x: f64) -> f32 {
    let mut power = 1.0 - x as f32 / 64.0;
    power = if power > 0.0 { power } else { 0.0 };
    for _ in 0..6 {
        power *= power;
    }
    power + 1e-20
}

/// The factors of the columns that, with factors of the rows, give the matrix rows and columns that sum to
/// one, nearly.
fn balanced(kernel: &[f32], count: usize) -> Vec<f32> {
    let mut factors = vec![1.0f32; count];
    let mut sums = vec![0.0f32; count];
    for _ in 0..BALANCES {
        sums.fill(0.0);
        for row in kernel.chunks_exact(count) {
            let share = 1.0 / dot(row, &factors);
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += share * value;
            }
        }
        for (factor, sum) in factors.iter_mut().zip(&sums) {
            *factor = (1.0 / sum).clamp(1e-15, 1e15);
        }
    }
    factors
}

/// A sum of products in sixteen parts, so that the order does not depend on the processor.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    let (a_parts, b_parts) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest: f32 = a_parts.remainder().iter().zip(b_parts.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_parts.zip(b_parts) {
        for k in 0..16 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f32>() + rest
}

//! The assignment of least total cost, by shortest augmenting paths.

/// For every row of the square matrix of `costs` (row-major, finite), the column that goes with it, so that
/// the total cost is least.
///
/// Rows enter one by one, each along the shortest way through what is assigned already, with prices
/// of rows and columns that keep reduced costs non-negative (Jonker and Volgenant 1987, A shortest
/// augmenting path algorithm for dense and sparse linear assignment problems, section 2). Costs the
/// cube of the number of rows.
pub(super) fn cheapest(costs: &[f64], count: usize) -> Vec<usize> {
    let mut state = Assignment::new(count);
    for row in 0..count {
        state.enter(costs, row);
    }
    let mut columns = vec![0; count];
    for (column, row) in state.owner.iter().enumerate() {
        if let Some(row) = row {
            columns[*row] = column;
        }
    }
    columns
}

/// What is assigned so far.
struct Assignment {
    /// The row that owns each column.
    owner: Vec<Option<usize>>,
    row_price: Vec<f64>,
    column_price: Vec<f64>,
    search: Search,
}

/// The shortest ways from the row that enters to every column.
struct Search {
    reached: Vec<bool>,
    distance: Vec<f64>,
    /// The column through whose owner each column was reached; `None` for the row that enters.
    before: Vec<Option<usize>>,
}

impl Assignment {
    fn new(count: usize) -> Self {
        let search = Search {
            reached: vec![false; count],
            distance: vec![f64::INFINITY; count],
            before: vec![None; count],
        };
        let prices = || vec![0.0; count];
        Self { owner: vec![None; count], row_price: prices(), column_price: prices(), search }
    }

    /// Assigns one more row, moving others where that is cheaper.
    fn enter(&mut self, costs: &[f64], row: usize) {
        self.search.reached.fill(false);
        self.search.distance.fill(f64::INFINITY);
        let (mut from, mut at) = (row, None);
        loop {
            let (column, step) = self.nearest(costs, from, at);
            self.move_prices(row, step);
            self.search.reached[column] = true;
            at = Some(column);
            match self.owner[column] {
                Some(owner) => from = owner,
                None => break,
            }
        }
        while let Some(column) = at {
            let before = self.search.before[column];
            self.owner[column] = before.map_or(Some(row), |before| self.owner[before]);
            at = before;
        }
    }

    /// Looks at every column that is not reached yet from the row `from`, which was itself reached
    /// by its column `at`; returns the nearest, and how much farther it is than what was reached.
    fn nearest(&mut self, costs: &[f64], from: usize, at: Option<usize>) -> (usize, f64) {
        let count = self.owner.len();
        let costs = &costs[from * count..(from + 1) * count];
        let Search { reached, distance, before } = &mut self.search;
        let mut best = (0, f64::INFINITY);
        for column in (0..count).filter(|&column| !reached[column]) {
            let reduced = costs[column] - self.row_price[from] - self.column_price[column];
            if reduced < distance[column] {
                (distance[column], before[column]) = (reduced, at);
            }
            if distance[column] < best.1 {
                best = (column, distance[column]);
            }
        }
        best
    }

    /// Keeps reduced costs non-negative, and those along the way zero.
    fn move_prices(&mut self, entering: usize, step: f64) {
        self.row_price[entering] += step;
        for column in 0..self.owner.len() {
            if self.search.reached[column] {
                if let Some(owner) = self.owner[column] {
                    self.row_price[owner] += step;
                }
                self.column_price[column] -= step;
            } else {
                self.search.distance[column] -= step;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    /// The least total over all orders of the columns left.
    fn by_hand(costs: &[f64], count: usize, row: usize, used: &mut Vec<bool>) -> f64 {
        if row == count {
            return 0.0;
        }
        let mut least = f64::INFINITY;
        for column in 0..count {
            if !std::mem::replace(&mut used[column], true) {
                let rest = by_hand(costs, count, row + 1, used);
                least = least.min(costs[row * count + column] + rest);
                used[column] = false;
            }
        }
        least
    }

    #[test]
    fn no_order_is_cheaper() {
        let mut rng = StdRng::seed_from_u64(1);
        for case in 0..400 {
            let count = case % 7;
            // Costs of either sign, with many ties in every second case.
            let costs: Vec<f64> = (0..count * count)
                .map(|_| rng.random_range(-3.0..3.0))
                .map(|cost: f64| if case % 2 == 0 { cost.round() } else { cost })
                .collect();
            let columns = cheapest(&costs, count);
            let mut seen = vec![false; count];
            columns.iter().for_each(|&column| seen[column] = true);
            assert!(seen.iter().all(|seen| *seen), "each column once: {columns:?}");
            let ours: f64 = columns.iter().enumerate().map(|(i, j)| costs[i * count + j]).sum();
            let least = by_hand(&costs, count, 0, &mut vec![false; count]);
            assert!((ours - least).abs() < 1e-12, "{ours} against {least}");
        }
    }
}

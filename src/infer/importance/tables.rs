//! Draws as tables with the names of the parameters, to be written as CSV, NPZ or whatever tables are.

use nalgebra::DMatrix;
use rand::Rng;

use super::chains::Chains;
use super::weighted::Weighted;
use crate::error::Result;
use crate::table::Table;

impl Weighted {
    /// The draws of the proposal with the parameters' names, and the logarithm of the weight of each, `log_weight`.
    ///
    /// # Errors
    ///
    /// If two parameters have one name.
    pub fn table(&self) -> Result<Table> {
        let dim = self.points().nrows();
        let mut values = self.points().clone().insert_row(dim, 0.0);
        values.row_mut(dim).copy_from_slice(self.log_weights());
        Table::new(self.names().iter().map(String::as_str).chain(["log_weight"]), values)
    }

    /// `count` draws of the target as [`resampled`](Weighted::resampled) gives them, with the parameters' names.
    ///
    /// ```
    /// use liouville::density::StudentT;
    /// use liouville::infer::{Parameters, formula, importance::Importance};
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let target = formula(Parameters::new().real("mu"), |x| x[0] * x[0] * -0.5);
    /// let wide: StudentT<f64> = StudentT::standard(1, 5.0)?;
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let draws = Importance::new(&target, &wide).draws(5000).run(&mut rng)?.resampled_table(1000, &mut rng)?;
    /// let mut text = Vec::new();
    /// draws.write_csv(&mut text)?;
    /// assert!(text.starts_with(b"mu\n"));
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`table`](Weighted::table).
    pub fn resampled_table<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Table> {
        Table::new(self.names().iter().map(String::as_str), self.resampled(count, rng))
    }
}

impl Chains {
    /// The draws with the parameters' names, behind the columns `chain` and `draw`, which begin at zero.
    ///
    /// # Errors
    ///
    /// If two parameters have one name, or one is called `chain` or `draw`.
    pub fn table(&self) -> Result<Table> {
        let (dim, count) = self.points().shape();
        let draws = self.draws();
        let value = |i: usize, j: usize| match i {
            0 => (j / draws) as f64,
            1 => (j % draws) as f64,
            _ => self.points()[(i - 2, j)],
        };
        let names = ["chain", "draw"].into_iter().chain(self.names().iter().map(String::as_str));
        Table::new(names, DMatrix::from_fn(dim + 2, count, value))
    }
}

//! The rows that a check looks at: columns, and contexts if the model reads some.

use liouville::nalgebra::DMatrix;

/// Rows with their contexts.
pub struct Parts {
    pub points: DMatrix<f64>,
    pub context: Option<DMatrix<f64>>,
}

impl Parts {
    /// At most so many rows, evenly spaced.
    pub fn some(&self, most: usize) -> Self {
        let rows = self.points.ncols();
        let count = rows.min(most);
        let places: Vec<usize> = (0..count).map(|k| k * rows / count).collect();
        self.at(&places)
    }

    /// These rows, each as often as it is named.
    pub fn at(&self, places: &[usize]) -> Self {
        let context = self.context.as_ref().map(|context| context.select_columns(places));
        Self { points: self.points.select_columns(places), context }
    }
}

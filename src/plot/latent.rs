//! Paths from one point of the data to another, along the latent space.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::flow::Flow;
use crate::real::Real;

/// Columns on the way from each column of `starts` to that of `ends`: both are carried to the base, where the
/// way follows a great circle while the radius changes evenly, and what lies on it is carried back. A normal
/// base has next to no mass within the sphere that a straight line would cut (White 2016, Sampling generative
/// networks). The `steps` columns of one way stand side by side, the ends among them.
///
/// ```no_run
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// # let digits = DMatrix::<f64>::zeros(64, 9);
/// # let flow = Chain::<f64>::new();
///
/// let (starts, ends) = (digits.columns(0, 4).into_owned(), digits.columns(4, 4).into_owned());
/// let ways = plot::interpolated(&flow, &starts, &ends, 9)?;
/// plot::images("from one digit to another", &ways).per_row(9).save("ways.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
///
/// # Errors
///
/// If the two do not have one shape, there are fewer than two steps, or a column does not arrive.
pub fn interpolated<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    starts: &DMatrix<T>,
    ends: &DMatrix<T>,
    steps: usize,
) -> Result<DMatrix<T>> {
    if starts.shape() != ends.shape() {
        let ([rows, columns], [other_rows, other_columns]) =
            ([starts.nrows(), starts.ncols()], [ends.nrows(), ends.ncols()]);
        return Err(Error::shape(format!(
            "starts of {rows} x {columns} and ends of {other_rows} x {other_columns}: give as many of both"
        )));
    }
    if steps < 2 {
        return Err(Error::setting(format!(
            "a way in {steps} steps has no start and end: give two or more"
        )));
    }
    let [from, to] = [flow.inverse(starts)?.points, flow.inverse(ends)?.points];
    let mut latent = DMatrix::zeros(from.nrows(), from.ncols() * steps);
    for (j, mut column) in latent.column_iter_mut().enumerate() {
        let (pair, step) = (j / steps, j % steps);
        let share = step as f64 / (steps as f64 - 1.0);
        let [a, b] = [&from, &to].map(|points| points.column(pair).map(|value| value.wide()));
        column.copy_from(&between(&a, &b, share).map(T::of));
    }
    Ok(flow.forward(&latent)?.points)
}

/// On the great circle from one direction to another, at the radius between theirs (Shoemake 1985).
fn between(a: &DVector<f64>, b: &DVector<f64>, share: f64) -> DVector<f64> {
    let [long, other] = [a.norm(), b.norm()];
    let cosine = (a.dot(b) / (long * other)).clamp(-1.0, 1.0);
    let angle = cosine.acos();
    // Opposite directions are joined by many circles, and alike ones, or none, need no circle.
    if angle.is_nan() || angle.sin() < 1e-6 {
        return a * (1.0 - share) + b * share;
    }
    let radius = long + share * (other - long);
    let [first, last] = [((1.0 - share) * angle).sin(), (share * angle).sin()];
    (a * (first / long) + b * (last / other)) * (radius / angle.sin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::DiagonalAffine;
    use crate::flow::ClosedForm;
    use nalgebra::{dmatrix, dvector};

    #[test]
    fn ways_follow_circles_between_their_ends() {
        let (starts, ends) = (dmatrix![2.0, 1.0; 0.0, 1.0], dmatrix![0.0, 2.0; 1.0, 2.0]);
        let none = DiagonalAffine::new(dvector![0.0, 0.0], dvector![0.0, 0.0]).unwrap();
        let none = ClosedForm::new(none);
        let found = interpolated(&none, &starts, &ends, 3).unwrap();
        let half = 1.5 * 0.5f64.sqrt();
        let expected = dmatrix![2.0, half, 0.0, 1.0, 1.5, 2.0; 0.0, half, 1.0, 1.0, 1.5, 2.0];
        assert!((found - expected).amax() < 1e-12);
        assert!(interpolated(&none, &starts, &ends, 1).unwrap_err().is_setting());
        let short = dmatrix![1.0; 2.0];
        assert!(interpolated(&none, &starts, &short, 3).unwrap_err().is_shape());
    }
}

//! The increasing maps of one coordinate that couplings and autoregressive layers are made of.

use nalgebra::DMatrix;

use super::axes::Aspect;
use super::curves::{CurvesPicture, curves};
use crate::columns::{Block, Scratch};
use crate::error::{Error, Result};
use crate::flow::Direction;
use crate::flow::transformer::Transformer;
use crate::outcome::shown;
use crate::real::Real;

/// The points of a curve.
const POINTS: usize = 400;

/// The maps of a transformer from data to base over an interval, one for every column of raw parameters
/// (parameters x n), beside the identity.
///
/// ```no_run
/// use liouville::flow::transformer::Spline;
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
///
/// let raw = DMatrix::from_fn(23, 3, |i, j| ((i * (j + 1)) as f64).sin());
/// plot::transformer::<f64, _>(&Spline::new(8, 3.0)?, &raw, [-3.5, 3.5])?.save("spline.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
///
/// # Errors
///
/// If there is no column, there are more or fewer rows than the transformer has parameters, or the interval is empty.
pub fn transformer<T: Real, G: Transformer<T>>(
    map: &G,
    raw: &DMatrix<T>,
    [from, to]: [f64; 2],
) -> Result<CurvesPicture> {
    if raw.nrows() != map.parameters() || raw.ncols() == 0 {
        return Err(Error::shape(format!(
            "raw parameters of {} x {}, and the map has {}: give a row for each, and a column for each curve",
            raw.nrows(),
            raw.ncols(),
            shown::count(map.parameters(), "parameter")
        )));
    }
    if !(from < to && from.is_finite() && to.is_finite() && (to - from).is_finite()) {
        let [from, to] = [from, to].map(shown::number);
        return Err(Error::setting(format!(
            "an interval from {from} to {to}: give two finite numbers, the smaller one first"
        )));
    }
    let xs: Vec<f64> =
        (0..=POINTS).map(|k| from + (to - from) * k as f64 / POINTS as f64).collect();
    let picture = curves().axis_labels("data", "base").aspect(Aspect::Equal).size(760, 740);
    let picture = picture.guide("identity", &[from, to], &[from, to]);
    Ok((0..raw.ncols()).fold(picture, |picture, j| {
        let name = if raw.ncols() == 1 { "map".to_string() } else { format!("map {}", j + 1) };
        picture.line(&name, &xs, &values(map, raw.column(j).as_slice(), &xs))
    }))
}

/// The values of one map at many points.
fn values<T: Real, G: Transformer<T>>(map: &G, raw: &[T], xs: &[f64]) -> Vec<f64> {
    let (mut points, mut parameters) = (Block::new(1, xs.len()), Block::new(raw.len(), xs.len()));
    for (p, value) in raw.iter().enumerate() {
        parameters.row_mut(p).fill(*value);
    }
    points.fill(T::of(xs[0]));
    for (to, from) in points.row_mut(0).iter_mut().zip(xs) {
        *to = T::of(*from);
    }
    let mut log_det = vec![T::zero(); points.lanes()];
    let (way, mut scratch) = (Direction::Inverse, Scratch::new());
    map.apply(way, parameters.view(), points.view_mut(), &mut log_det, &mut scratch);
    points.row(0)[..xs.len()].iter().map(|value| value.wide()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::transformer::Spline;

    #[test]
    fn a_map_of_identity_parameters_is_the_identity() {
        let spline = Spline::new(8, 3.0).expect("valid");
        let mut raw = vec![0.0f64; 23];
        spline.identity(&mut raw);
        let xs = [-4.0, -1.3, 0.0, 2.9];
        let found = values(&spline, &raw, &xs);
        assert!(found.iter().zip(&xs).all(|(y, x)| (y - x).abs() < 1e-12));
        let raw = DMatrix::from_vec(23, 1, raw);
        assert!(transformer(&spline, &raw, [1.0, 1.0]).unwrap_err().is_setting());
        let short = raw.rows(0, 22).into_owned();
        assert!(transformer(&spline, &short, [-1.0, 1.0]).unwrap_err().is_shape());
    }
}

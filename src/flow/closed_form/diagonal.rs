//! The time-one map of a diagonal affine field: activation normalisation.

use nalgebra::DMatrix;

use super::super::{Direction, check_points};
use super::{ConstantMap, Solvable};
use crate::columns::{Moments, Rows, RowsMut, Scratch};
use crate::error::{Error, Result};
use crate::field::{DiagonalAffine, TrainableField, VectorField};
use crate::kernels::{multiply, row_sums};
use crate::real::Real;
use crate::real::portable::{exp, exp_m1, ln};

/// y_i = scale_i x_i + shift_i; the entries are the scales and the shifts.
#[derive(Debug, Clone)]
pub struct Scaling<T> {
    scale: Vec<T>,
    inverse: Vec<T>,
    shift: Vec<T>,
    log_det: T,
}

impl<T: Real> ConstantMap<T> for Scaling<T> {
    fn log_det(&self) -> T {
        self.log_det
    }

    fn entries(&self) -> usize {
        2 * self.scale.len()
    }

    fn apply(&self, direction: Direction, points: Rows<'_, T>, mut out: RowsMut<'_, T>) {
        for i in 0..points.rows() {
            let (scale, inverse, shift) = (self.scale[i], self.inverse[i], self.shift[i]);
            for (to, &x) in out.row_mut(i).iter_mut().zip(points.row(i)) {
                *to = match direction {
                    Direction::Forward => scale * x + shift,
                    Direction::Inverse => inverse * (x - shift),
                };
            }
        }
    }

    fn blur(&self, _: f64, y: f64) -> f64 {
        self.inverse.iter().fold(0.0, |most: f64, slope| most.max(slope.wide())) * y
    }

    fn blends(&self) -> bool {
        false
    }

    fn pull(&self, direction: Direction, bars: Rows<'_, T>, mut out: RowsMut<'_, T>) {
        for i in 0..bars.rows() {
            let slope = match direction {
                Direction::Forward => self.scale[i],
                Direction::Inverse => self.inverse[i],
            };
            for (to, &bar) in out.row_mut(i).iter_mut().zip(bars.row(i)) {
                *to = slope * bar;
            }
        }
    }

    fn add_entries(
        &self,
        bars: Rows<'_, T>,
        start: Rows<'_, T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let (scales, shifts) = sums.split_at_mut(self.scale.len());
        let mut products = scratch.take(bars.rows(), bars.lanes());
        multiply(bars.values(), start.values(), products.values_mut());
        row_sums(products.view(), scales);
        row_sums(bars, shifts);
        scratch.give(products);
    }
}

/// (eˢ - 1) / s, what a constant push amounts to until t = 1.
fn growth(s: f64) -> f64 {
    if s == 0.0 { 1.0 } else { exp_m1(s) / s }
}

/// The derivative of [`growth`]: (s eˢ - (eˢ - 1)) / s², by its series where that cancels.
fn growth_slope(s: f64) -> f64 {
    if s.abs() > 0.05 {
        return (exp(s) - growth(s)) / s;
    }
    // Σ sᵏ / (k! (k + 2)).
    0.5 + s * (1.0 / 3.0 + s * (0.125 + s * (1.0 / 30.0 + s * (1.0 / 144.0 + s / 840.0))))
}

/// y = eˢ x + b (eˢ - 1) / s, with ln det = Σ s.
///
/// This is the activation normalisation of Kingma and Dhariwal 2018 (Glow, section 3.1), whose shift
/// is b itself; the two reach the same maps.
impl<T: Real> Solvable for DiagonalAffine<T> {
    type Scalar = T;
    type Map = Scaling<T>;

    fn solve(&self) -> Scaling<T> {
        let pairs = self.rates().iter().zip(self.offset());
        Scaling {
            scale: self.rates().iter().map(|s| T::of(exp(s.wide()))).collect(),
            inverse: self.rates().iter().map(|s| T::of(exp(-s.wide()))).collect(),
            shift: pairs.map(|(s, b)| T::of(b.wide() * growth(s.wide()))).collect(),
            log_det: self.rates().iter().fold(T::zero(), |sum, &rate| sum + rate),
        }
    }

    fn fold_map(&self, map: &Scaling<T>, sums: &[T], gradient: &mut [T]) {
        let (entries, log_det) = sums.split_at(map.entries());
        let (scales, shifts) = entries.split_at(self.dim());
        let (by_rate, by_offset) = gradient.split_at_mut(self.dim());
        for i in 0..self.dim() {
            let (s, b) = (self.rates()[i].wide(), self.offset()[i].wide());
            let (scale, shift) = (scales[i].wide(), shifts[i].wide());
            let rate = exp(s) * scale + b * growth_slope(s) * shift;
            by_rate[i] += T::of(rate) + log_det[0];
            by_offset[i] += T::of(growth(s) * shift);
        }
    }

    fn is_unlearnt(&self) -> bool {
        self.parameters().iter().all(|value| *value == T::zero())
    }

    /// A coordinate without spread is moved to 0 and keeps its scale.
    fn standardise(&mut self, direction: Direction, points: &DMatrix<T>) -> Result<()> {
        let dim = self.dim();
        let moments = moments(dim, points)?;
        let mut values = vec![T::zero(); 2 * dim];
        for (i, (mean, deviation)) in moments.into_iter().enumerate() {
            // y = eˢ x + m: from data y to the base, eˢ = deviation and m = mean; the other way
            // round eˢ = 1 / deviation and m = -mean / deviation.
            let (s, shift) = match direction {
                Direction::Inverse => (ln(deviation), mean),
                Direction::Forward => (-ln(deviation), -mean / deviation),
            };
            values[i] = T::of(s);
            values[dim + i] = T::of(shift / growth(values[i].wide()));
        }
        self.set_parameters(&values)
    }
}

/// Mean and standard deviation of every coordinate; the deviation of one without spread is 1.
fn moments<T: Real>(dim: usize, points: &DMatrix<T>) -> Result<Vec<(f64, f64)>> {
    check_points(dim, points)?;
    if points.ncols() < 2 {
        return Err(Error::empty(
            "one column has no spread to take a scale from: give two or more",
        ));
    }
    if let Some(k) = points.iter().position(|value| !value.is_finite()) {
        let (column, row) = (k / dim, k % dim);
        return Err(Error::non_finite(format!(
            "row {row} of column {column} is {}: remove or repair the column",
            points[k]
        )));
    }
    let moments = Moments::of_rows(points).into_iter().map(Moments::beyond_rounding::<T>);
    Ok(moments.map(|row| (row.mean, row.unit())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Flow, TrainableFlow};

    #[test]
    fn growth_and_its_slope_are_smooth_where_the_series_takes_over() {
        for s in [-0.05f64, 0.05] {
            let (inside, outside) = (s * (1.0 - 1e-12), s * (1.0 + 1e-12));
            assert!((growth_slope(inside) - growth_slope(outside)).abs() < 1e-11, "{s}");
            let difference = (growth(s + 1e-5) - growth(s - 1e-5)) / 2e-5;
            assert!((growth_slope(s) - difference).abs() < 1e-9, "{s}");
        }
    }
    #[test]
    fn data_reach_the_base_with_variance_one_from_any_offset_and_scale() {
        let turn = |j: usize| (j as f64 * 2.399).sin() * std::f64::consts::SQRT_2;
        for (center, spread) in [(1000.0, 1.0), (0.0, 1e20), (0.0, 1e-25), (-3e4, 2.0)] {
            let data = DMatrix::from_fn(1, 2000, |_, j| (center + spread * turn(j)) as f32);
            let mut layer = super::super::ClosedForm::new(DiagonalAffine::zero(1).unwrap());
            layer.initialise(Direction::Inverse, &data, None).unwrap();
            let base = layer.inverse(&data).unwrap().points.map(f64::from);
            let mean = base.sum() / 2000.0;
            let variance = base.map(|x| (x - mean).powi(2)).sum() / 2000.0;
            // The shift is rounded in the scalar of the layer.
            let rounding = 2.0 * f64::from(f32::EPSILON) * center.abs() / spread;
            assert!(mean.abs() < 1e-5 + rounding, "{center}: {mean}");
            assert!((variance - 1.0).abs() < 0.01, "{center}: {variance}");
        }
        let constant = DMatrix::from_element(1, 1000, 20.1);
        let mut layer = super::super::ClosedForm::new(DiagonalAffine::zero(1).unwrap());
        layer.initialise(Direction::Inverse, &constant, None).unwrap();
        let base = layer.inverse(&constant).unwrap();
        assert!(base.points.iter().chain(base.log_det.iter()).all(|x| *x == 0.0));
    }
}

//! Errors of inverse and log-determinant, condition numbers, and Lipschitz constants, end to end.

use nalgebra::DMatrix;

use super::chosen::Chosen;
use super::jacobian::{Step, jacobians_where};
use super::settings::Diagnose;
use super::singular::singular_values;
use crate::error::Result;
use crate::flow::{Direction, Flow, Track, transport};
use crate::real::Real;
use crate::real::portable::ln;

/// How a flow stretches space, at some samples: by the Jacobians of base to data. Samples beside which the
/// flow fails are left out, since differences need points there.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditioning {
    /// The singular values at each sample, the largest first.
    pub singular_values: Vec<Vec<f64>>,
    /// |log-determinant - ln |det|| of the Jacobian by finite differences, at each sample: that of
    /// the step that agrees best, as the differences have errors of their own.
    pub log_det_error: Vec<f64>,
    /// A lower bound of the Lipschitz constant from base to data: the largest stretch that was seen,
    /// by a Jacobian or between two samples.
    pub lipschitz_forward: f64,
    /// The same from data to base.
    pub lipschitz_inverse: f64,
}

impl Conditioning {
    /// The ratio of the largest to the smallest singular value, at each sample.
    pub fn condition_numbers(&self) -> Vec<f64> {
        let ratio = |values: &Vec<f64>| match (values.first(), values.last()) {
            (Some(first), Some(last)) => first / last,
            _ => f64::NAN,
        };
        self.singular_values.iter().map(ratio).collect()
    }
}

/// How far each sample comes back from where it was: the largest coordinate of
/// forward(inverse(x)) - x, over 1 + the largest of x. NaN where the way back fails.
pub(super) fn inverse_error<T: Real, F: Flow<T>>(
    flow: &F,
    held_out: &Chosen<T>,
    latent: &DMatrix<T>,
) -> Result<Vec<f64>> {
    let context = held_out.context.as_ref();
    let again = transport(flow, Direction::Forward, latent, context, Track::Points)?.points;
    Ok(relative_errors(&again, &held_out.points))
}

/// The largest error of each column over 1 + its largest coordinate.
pub(crate) fn relative_errors<T: Real>(found: &DMatrix<T>, expected: &DMatrix<T>) -> Vec<f64> {
    let error = |j: usize| {
        let largest = |of: &dyn Fn(usize) -> f64| {
            (0..expected.nrows()).map(of).fold(0.0, |most: f64, x| match x.is_nan() {
                true => x,
                false => most.max(x),
            })
        };
        let off = largest(&|i| (found[(i, j)].wide() - expected[(i, j)].wide()).abs());
        off / (1.0 + largest(&|i| expected[(i, j)].wide().abs()))
    };
    (0..expected.ncols()).map(error).collect()
}

pub(super) fn conditioning<T: Real, F: Flow<T>>(
    settings: &Diagnose,
    flow: &F,
    held_out: &Chosen<T>,
    latent: &DMatrix<T>,
) -> Result<Conditioning> {
    let places = held_out.few(settings.jacobians);
    let few = held_out.at(&places);
    let start = latent.select_columns(&places);
    let context = few.context.as_ref();
    let log_det = flow.follow(Direction::Forward, &start, context)?.log_det;
    let mut best = vec![(f64::INFINITY, Vec::new()); start.ncols()];
    for step in settings.steps_of::<T>() {
        let found = jacobians_where(flow, Direction::Forward, &start, context, Step::of(step))?;
        for ((best, matrix), log_det) in best.iter_mut().zip(&found).zip(log_det.iter()) {
            // A point beside this one does not arrive: with a smaller step it may.
            let Ok(matrix) = matrix else { continue };
            let values = singular_values(matrix);
            let error = (values.iter().map(|s| ln(*s)).sum::<f64>() - log_det.wide()).abs();
            // An error that is not finite is one all the same.
            if best.1.is_empty() || error < best.0 {
                *best = (error, values);
            }
        }
    }
    let (log_det_error, values): (Vec<f64>, Vec<Vec<f64>>) =
        best.into_iter().filter(|(_, values)| !values.is_empty()).unzip();
    let [forward, inverse] = stretches(&held_out.points, latent, held_out.context.as_ref());
    let largest = |values: &mut dyn Iterator<Item = f64>, start| values.fold(start, f64::max);
    Ok(Conditioning {
        log_det_error,
        lipschitz_forward: largest(&mut values.iter().map(|s| s[0]), forward),
        lipschitz_inverse: largest(&mut values.iter().map(|s| 1.0 / s[s.len() - 1]), inverse),
        singular_values: values,
    })
}

/// The largest ratio of the distances of neighbouring samples in data and base, and the other way
/// round; only samples of one context can be compared.
fn stretches<T: Real>(
    points: &DMatrix<T>,
    latent: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
) -> [f64; 2] {
    if context.is_some_and(|context| context.ncols() > 1) {
        return [0.0; 2];
    }
    let distance = |matrix: &DMatrix<T>, a: usize, b: usize| {
        let apart = |i: usize| matrix[(i, a)].wide() - matrix[(i, b)].wide();
        (0..matrix.nrows()).map(|i| apart(i).powi(2)).sum::<f64>().sqrt()
    };
    let mut most = [0.0f64; 2];
    // A few hundred samples against a few others each: enough to see what Jacobians missed.
    let count = points.ncols();
    for a in 0..count.min(400) {
        for b in (a + 1..count).take(20) {
            let (far, near) = (distance(points, a, b), distance(latent, a, b));
            if far > 0.0 && near > 0.0 {
                most = [most[0].max(far / near), most[1].max(near / far)];
            }
        }
    }
    most
}

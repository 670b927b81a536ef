//! A diagnosis in panels: calibration, errors, conditioning, and the way of a continuous flow.

use super::axes::Aspect;
use super::calibration::{RanksPicture, calibration, transforms};
use super::curves::{CurvesPicture, curves};
use super::panels::{Panels, panels};
use super::way::{condition_numbers, step_sizes};
use crate::diagnose::{Calibration, Diagnosis, Summary};

/// Errors below this are drawn here, since a logarithmic axis has no zero.
const LEAST: f64 = 1e-17;

/// A diagnosis in four panels, or six for a continuous flow:
///
/// - the probability integral transforms of held-out samples, which should be flat: the radius, and the
///   coordinate that is furthest from it, with a band of what chance does;
/// - the share of samples inside each region of the base over the share that should be, for the
///   radius and some coordinates, with a band;
/// - the errors of inverse, log-determinant and log-density, each in ascending order;
/// - the singular values of the Jacobian from base to data;
/// - for a continuous flow, its condition number and its step sizes over time.
///
/// ```no_run
/// use liouville::diagnose::Diagnose;
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// # let held_out = DMatrix::<f64>::zeros(2, 9);
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
/// let diagnosis = Diagnose::new().continuous(&model, &held_out, None)?;
/// plot::diagnosis(&diagnosis).save("diagnosis.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn diagnosis(found: &Diagnosis) -> Panels<'static> {
    let panels = panels()
        .add(histogram(&found.calibration))
        .add(calibration(&found.calibration).title("should be the diagonal").aspect(Aspect::Free))
        .add(errors(found))
        .add(stretching(found));
    match &found.passage {
        None => panels,
        Some(passage) => panels
            .add(condition_numbers(passage).title("conditioning on the way"))
            .add(step_sizes(&passage.ways).title("steps on the way")),
    }
}

fn panel(title: &str, x: &str, y: &str) -> CurvesPicture {
    curves().title(title).axis_labels(x, y).size(900, 600)
}

/// The radius, and the coordinate that is furthest from flat.
fn histogram(calibration: &Calibration) -> RanksPicture {
    let worst = calibration.worst_coordinate();
    let picture = transforms("radius |z|²", &calibration.radius.values).title("should be flat");
    match calibration.coordinates.get(worst) {
        None => picture,
        Some(found) => picture.over(&format!("coordinate {worst}, the worst"), &found.values),
    }
}

/// Values in ascending order beside the share of samples that are no larger.
fn ascending(values: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    sorted.into_iter().enumerate().map(|(k, x)| ((k as f64 + 0.5) / count, x.max(LEAST))).unzip()
}

fn errors(found: &Diagnosis) -> CurvesPicture {
    let mut kinds = vec![
        ("inverse", &found.inverse_error),
        ("log-determinant by differences", &found.conditioning.log_det_error),
    ];
    if let Some(passage) = &found.passage {
        kinds.push(("log-density (nats)", &passage.reference.errors));
    }
    let picture = panel("errors", "share of samples", "error").log_y().x_range(0.0, 1.0);
    kinds.into_iter().fold(picture, |picture, (label, values)| {
        let (xs, ys) = ascending(values);
        picture.line(label, &xs, &ys)
    })
}

fn stretching(found: &Diagnosis) -> CurvesPicture {
    let all = &found.conditioning.singular_values;
    let at = |i: usize| -> Vec<f64> { all.iter().map(|values| values[i].max(LEAST)).collect() };
    let picture =
        panel("stretching, base to data", "share of samples", "singular value").x_range(0.0, 1.0);
    let range = Summary::of(&all.concat());
    let picture = if range.most > 10.0 * range.least { picture.log_y() } else { picture };
    let last = found.dim - 1;
    let mut shown = vec![("largest", 0), ("middle", last / 2), ("smallest", last)];
    shown.dedup_by_key(|(_, i)| *i);
    shown.into_iter().fold(picture, |picture, (label, i)| {
        let (xs, ys) = ascending(&at(i));
        picture.points(label, &xs, &ys)
    })
}

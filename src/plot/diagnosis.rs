//! A diagnosis in panels: calibration, errors, conditioning, and the way of a continuous flow.

use super::curves::{CurvesPicture, curves};
use super::panels::{Panels, panels};
use crate::diagnose::{Calibration, Diagnosis, Passage, Summary, Uniformity};

/// The number of bars of a histogram.
const BARS: usize = 20;
/// Errors below this are drawn here, since a logarithmic axis has no zero.
const LEAST: f64 = 1e-17;

/// A diagnosis in four panels, or six for a continuous flow:
///
/// - the probability integral transforms of held-out samples, which should be flat: the radius, and the
///   coordinate that is furthest from it, with two standard deviations of what chance does;
/// - the share of samples inside each region of the base over the share that should be, for the
///   radius and every coordinate;
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
        .add(coverage(&found.calibration))
        .add(errors(found))
        .add(stretching(found));
    match &found.passage {
        None => panels,
        Some(passage) => panels.add(conditioning(passage)).add(step_sizes(passage)),
    }
}

fn panel(title: &str, x: &str, y: &str) -> CurvesPicture {
    curves().title(title).axis_labels(x, y).size(900, 600)
}

/// A histogram as the outline of its bars.
fn outline(test: &Uniformity) -> (Vec<f64>, Vec<f64>) {
    let heights = test.histogram(BARS);
    let edge = |k: usize| k as f64 / BARS as f64;
    let corners = heights.iter().enumerate().flat_map(|(k, &h)| [(edge(k), h), (edge(k + 1), h)]);
    corners.unzip()
}

fn histogram(calibration: &Calibration) -> CurvesPicture {
    let worst = calibration.worst_coordinate();
    let (xs, radius) = outline(&calibration.radius);
    let (_, coordinate) = outline(&calibration.coordinates[worst]);
    let count = calibration.radius.values.len() as f64;
    // The height of a bar is a binomial share over 1 / BARS.
    let band = 2.0 * ((BARS as f64 - 1.0) / count).sqrt();
    let tallest = radius.iter().chain(&coordinate).fold(1.0 + band, |a, b| a.max(*b));
    panel("calibration: should be flat", "probability under the model", "relative frequency")
        .line("radius |z|²", &xs, &radius)
        .line(&format!("coordinate {worst}, the worst"), &xs, &coordinate)
        .guide("two deviations of chance", &[0.0, 1.0], &[1.0 - band; 2])
        .guide("", &[0.0, 1.0], &[1.0 + band; 2])
        .y_range(0.0, 1.4 * tallest)
}

fn coverage(calibration: &Calibration) -> CurvesPicture {
    let shares = |test: &Uniformity| -> (Vec<f64>, Vec<f64>) {
        let count = test.values.len() as f64;
        let inside = test.values.iter().enumerate().map(|(k, u)| (*u, (k as f64 + 0.5) / count));
        [(0.0, 0.0)].into_iter().chain(inside).chain([(1.0, 1.0)]).unzip()
    };
    let picture = panel("calibration: should be the diagonal", "share expected", "share observed");
    let (xs, ys) = shares(&calibration.radius);
    let mut picture = picture.line("radius |z|²", &xs, &ys);
    for (i, coordinate) in calibration.coordinates.iter().take(4).enumerate() {
        let (xs, ys) = shares(coordinate);
        picture = picture.line(&format!("coordinate {i}"), &xs, &ys);
    }
    picture.guide("the diagonal", &[0.0, 1.0], &[0.0, 1.0])
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

fn conditioning(passage: &Passage) -> CurvesPicture {
    let summaries: Vec<Summary> =
        passage.condition_numbers().iter().map(|values| Summary::of(values)).collect();
    let curve = |of: fn(&Summary) -> f64| summaries.iter().map(of).collect::<Vec<f64>>();
    panel("conditioning on the way", "time t, base to data", "condition number")
        .log_y()
        .points("largest", &passage.times, &curve(|summary| summary.most))
        .points("median", &passage.times, &curve(|summary| summary.median))
        .points("smallest", &passage.times, &curve(|summary| summary.least))
}

fn step_sizes(passage: &Passage) -> CurvesPicture {
    let mut bins = vec![Vec::new(); BARS];
    let (from, length) = (passage.span.from, passage.span.length());
    // Every step is counted in all bins that it passes through.
    for [middle, size] in passage.steps() {
        let place = |t: f64| (((t - from) / length).clamp(0.0, 1.0) * BARS as f64) as usize;
        let ends = [place(middle - 0.5 * size), place(middle + 0.5 * size)];
        let (first, last) = (ends[0].min(ends[1]), ends[0].max(ends[1]).min(BARS - 1));
        bins[first.min(last)..=last].iter_mut().for_each(|bin| bin.push(size));
    }
    let times: Vec<f64> =
        (0..BARS).map(|k| from + length * (k as f64 + 0.5) / BARS as f64).collect();
    let summaries: Vec<Summary> = bins.iter().map(|bin| Summary::of(bin)).collect();
    let curve = |of: fn(&Summary) -> f64| summaries.iter().map(of).collect::<Vec<f64>>();
    let (low, high) = (from.min(from + length), from.max(from + length));
    panel("steps on the way", "time t, base to data", "step size")
        .log_y()
        .x_range(low, high)
        .line("largest", &times, &curve(|summary| summary.most))
        .line("median", &times, &curve(|summary| summary.median))
        .line("smallest", &times, &curve(|summary| summary.least))
}

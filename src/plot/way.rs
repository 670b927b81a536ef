//! The way of a continuous flow in time: its step sizes, where evaluations are spent, and its conditioning.

use super::axes::{Aspect, Plane, plane_words};
use super::curves::{CurvesPicture, Hue, Look, chart_picture, curves};
use crate::diagnose::Passage;
use crate::error::{Error, Result};
use crate::flow::ColumnSteps;

/// The parts of the time.
const PARTS: usize = 60;

/// A picture of quantities over the time of a flow; made by [`step_sizes`], [`evaluations`] and
/// [`condition_numbers`].
#[derive(Debug, Clone)]
pub struct WayPicture {
    plane: Plane,
    found: Result<Found>,
}

plane_words!(WayPicture);

/// What is drawn.
#[derive(Debug, Clone)]
enum Found {
    /// At some times the values of all samples.
    Ribbons { times: Vec<f64>, values: Vec<Vec<f64>> },
    /// Bars between times.
    Bars { edges: Vec<f64>, heights: Vec<f64> },
}

/// The sizes of the accepted steps over time: the median of all samples that are on their way at that time, and
/// ribbons that hold half and nine tenths of them.
///
/// ```no_run
/// use liouville::prelude::*;
/// # let points = liouville::nalgebra::DMatrix::<f64>::zeros(2, 9);
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let ways = ContinuousFlow::new(pendulum).steps(Direction::Forward, &points, None)?;
/// let both = plot::panels().add(plot::step_sizes(&ways)).add(plot::evaluations(&ways));
/// both.save("way.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn step_sizes(ways: &[ColumnSteps]) -> WayPicture {
    let found = edges(ways).map(|edges| {
        let times = edges.windows(2).map(|pair| 0.5 * pair[0] + 0.5 * pair[1]).collect();
        let mut values = vec![Vec::new(); PARTS];
        for (first, last, size) in parts(ways, &edges) {
            values[first..=last].iter_mut().for_each(|part| part.push(size));
        }
        Found::Ribbons { times, values }
    });
    started("step size", found)
}

/// The evaluations of the field that a sample takes in each part of the time, by unit of time: the area is what all
/// of its way costs. Rejected steps count where accepted ones are.
///
/// ```no_run
/// use liouville::prelude::*;
/// # let points = liouville::nalgebra::DMatrix::<f64>::zeros(2, 9);
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let ways = ContinuousFlow::new(pendulum).steps(Direction::Forward, &points, None)?;
/// plot::evaluations(&ways).save("evaluations.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn evaluations(ways: &[ColumnSteps]) -> WayPicture {
    let found = edges(ways).map(|edges| {
        let walked = ways.iter().filter(|way| !way.steps.is_empty());
        let share = 1.0 / walked.clone().count() as f64;
        let mut heights = vec![0.0; PARTS];
        for way in walked {
            let each = share * way.effort.evaluations as f64 / way.steps.len() as f64;
            for [t, h] in way.steps.iter().filter(|[_, h]| h.abs() > 0.0) {
                let (low, high) = (t.min(t + h), t.max(t + h));
                for (k, pair) in edges.windows(2).enumerate() {
                    let inside = (high.min(pair[1]) - low.max(pair[0])).max(0.0);
                    heights[k] += each * inside / h.abs() / (pair[1] - pair[0]);
                }
            }
        }
        Found::Bars { edges, heights }
    });
    started("evaluations per time", found)
}

/// The condition number of the way from the base over time: the ratio of the largest to the smallest singular value
/// of its Jacobian, as a diagnosis found it for some samples. Ribbons hold half and nine tenths of them.
///
/// ```no_run
/// use liouville::diagnose::Diagnose;
/// use liouville::prelude::*;
/// # let held_out = liouville::nalgebra::DMatrix::<f64>::zeros(2, 9);
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
/// if let Some(passage) = Diagnose::new().continuous(&model, &held_out, None)?.passage {
///     plot::condition_numbers(&passage).save("conditioning.png")?;
/// }
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn condition_numbers(passage: &Passage) -> WayPicture {
    let times = passage.times.clone();
    let values = passage.condition_numbers();
    let found = match times.is_empty() {
        true => Err(Error::empty("there is no time at which the flow was looked at")),
        false => Ok(Found::Ribbons { times, values }),
    };
    started("condition number", found)
}

fn started(label: &str, found: Result<Found>) -> WayPicture {
    let mut plane = Plane::new("time t, base to data", label);
    plane.aspect = Aspect::Free;
    WayPicture { plane, found }
}

/// The edges of parts of the time in which all steps are.
fn edges(ways: &[ColumnSteps]) -> Result<Vec<f64>> {
    let steps = ways.iter().flat_map(|way| &way.steps);
    let ends = steps.flat_map(|[t, h]| [*t, t + h]).filter(|t| t.is_finite());
    let [from, to] =
        ends.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], t| [low.min(t), high.max(t)]);
    if from >= to {
        return Err(Error::empty(
            "no sample took a step: there is nothing to draw over time, give some that did",
        ));
    }
    Ok((0..=PARTS).map(|k| from + (to - from) * (k as f64 / PARTS as f64)).collect())
}

/// The first and the last part of every step, with its size.
fn parts(ways: &[ColumnSteps], edges: &[f64]) -> Vec<(usize, usize, f64)> {
    let (from, length) = (edges[0], edges[PARTS] - edges[0]);
    let place = |t: f64| ((((t - from) / length) * PARTS as f64) as usize).min(PARTS - 1);
    let steps = ways.iter().flat_map(|way| &way.steps);
    let part = |[t, h]: &[f64; 2]| {
        let (low, high) = (t.min(t + h), t.max(t + h));
        (place(low), place(high).max(place(low)), h.abs())
    };
    steps.map(part).collect()
}

/// The numbers below which these shares of the finite ones lie; NaN of none.
fn quantiles<const N: usize>(values: &[f64], shares: [f64; N]) -> [f64; N] {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    shares.map(|share| sorted.get((share * last).round() as usize).copied().unwrap_or(f64::NAN))
}

impl WayPicture {
    fn chart(&self) -> Result<CurvesPicture> {
        let [x, y] = &self.plane.labels;
        let mut picture = match self.found.clone()? {
            Found::Bars { edges, heights } => {
                let top = heights.iter().copied().fold(0.0, f64::max).max(1e-280);
                curves().bars("", &edges, &heights, Hue::Of(0)).y_range(0.0, 1.1 * top)
            }
            Found::Ribbons { times, values } => ribbons(&times, &values),
        };
        picture = picture.title(&self.plane.title).axis_labels(x, y).aspect(self.plane.aspect);
        if let Some([from, to]) = self.plane.x {
            picture = picture.x_range(from, to);
        }
        if let Some([from, to]) = self.plane.y {
            picture = picture.y_range(from, to);
        }
        Ok(picture)
    }
}

/// Median and ribbons over a logarithmic axis.
fn ribbons(times: &[f64], values: &[Vec<f64>]) -> CurvesPicture {
    let all: Vec<[f64; 5]> =
        values.iter().map(|one| quantiles(one, [0.05, 0.25, 0.5, 0.75, 0.95])).collect();
    let line = |k: usize| all.iter().map(|five| five[k]).collect::<Vec<f64>>();
    let hue = Hue::Of(0);
    curves()
        .log_y()
        .ribbon("90%", times, [&line(0), &line(4)], hue)
        .ribbon("50%", times, [&line(1), &line(3)], hue)
        .look("median", [times, &line(2)], Look::Line, hue)
}

chart_picture!(WayPicture, |_| (900, 600));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Effort, Outcome};

    #[test]
    fn the_area_of_the_bars_is_what_the_ways_cost() {
        let way = |steps: Vec<[f64; 2]>, evaluations: u64| {
            let effort = Effort { evaluations, ..Effort::default() };
            ColumnSteps { steps, effort, outcome: Outcome::Arrived }
        };
        // One to the data, one back, one that did not leave.
        let ways = [
            way(vec![[0.0, 0.3], [0.3, 0.01], [0.31, 0.69]], 40),
            way(vec![[1.0, -0.5], [0.5, -0.5]], 14),
            way(vec![], 1),
        ];
        let area = |found: &Result<Found>| match found {
            Ok(Found::Bars { edges, heights }) => {
                edges.windows(2).zip(heights).map(|(e, h)| (e[1] - e[0]) * h).sum()
            }
            _ => f64::NAN,
        };
        let found = area(&evaluations(&ways).found);
        assert!((found - 27.0).abs() < 1e-9, "{found}");
        let values = match step_sizes(&ways).found {
            Ok(Found::Ribbons { values, .. }) => values,
            _ => Vec::new(),
        };
        assert!(values.len() == PARTS && values.iter().all(|part| part.len() >= 2));
        assert_eq!(values[0], [0.3, 0.5]);
        assert!(step_sizes(&[]).found.expect_err("none").is_empty());
    }
}

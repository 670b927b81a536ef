//! Training: losses, gradients, evaluations and rates, of several runs over each other.

use super::axes::{Range, Steps};
use super::canvas::{Area, Canvas};
use super::curves::{CurvesPicture, Hue, Look, curves};
use super::panels::{Panels, panels};
use super::picture::Picture;
use crate::error::{Error, Result};
use crate::train::{Report, StepReport};

/// A smooth curve has at most so many points.
const POINTS: usize = 400;
/// A mean is taken over this share of the steps.
const WINDOW: f64 = 0.02;
/// The size of a panel.
const PANEL: (u32, u32) = (800, 520);
/// An axis is logarithmic where numbers differ by more than this factor.
const SPREAD: f64 = 20.0;

/// A picture of training runs; made by [`training`].
#[derive(Debug, Clone)]
pub struct TrainingPicture<'a> {
    runs: Vec<(String, &'a Report)>,
    seconds: bool,
    title: Option<String>,
    size: Option<(u32, u32)>,
}

/// Four panels of a training run: its loss with that of held-out samples, the norm of the gradient, the
/// evaluations of the field for each sample, and the learning rate. Every step is drawn faintly, and the mean of
/// those around it clearly. What a run has not is left out.
///
/// ```no_run
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let data: DMatrix<f64> = data::two_moons(0.1).sample(2000, &mut rng)?;
/// let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(Mlp::new(2).build(&mut rng)?));
/// let trainer = Trainer::maximum_likelihood().steps(300).held_out(0.2).quiet();
/// let report = trainer.fit(&mut model, &data, &mut rng)?;
/// plot::training("likelihood", &report).save("training.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn training<'a>(name: &str, report: &'a Report) -> TrainingPicture<'a> {
    TrainingPicture { runs: Vec::new(), seconds: false, title: None, size: None }.over(name, report)
}

impl<'a> TrainingPicture<'a> {
    /// Another run.
    pub fn over(mut self, name: &str, report: &'a Report) -> Self {
        self.runs.push((name.to_string(), report));
        self
    }

    /// Over the seconds since the start, so that runs can be compared whose steps cost differently.
    pub fn over_seconds(mut self) -> Self {
        self.seconds = true;
        self
    }

    /// What stands above the losses. Default: loss.
    pub fn title(mut self, text: &str) -> Self {
        self.title = Some(text.to_string());
        self
    }

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }

    fn check(&self) -> Result<()> {
        match self.runs.iter().find(|(_, report)| report.steps.is_empty()) {
            None => Ok(()),
            Some((name, _)) => Err(Error::empty(format!(
                "the run `{name}` took no step, so that it has no curves: leave it out"
            ))),
        }
    }

    fn panels(&self) -> Result<Panels<'static>> {
        self.check()?;
        let mut all = panels().add(self.losses()?);
        for (title, label, of) in QUANTITIES {
            if let Some(panel) = self.panel(title, label, of)? {
                all = all.add(panel);
            }
        }
        Ok(all)
    }

    fn started(&self, title: &str, label: &str) -> CurvesPicture {
        let along = if self.seconds { "seconds" } else { "step" };
        let picture = curves().title(title).axis_labels(along, label).size(PANEL.0, PANEL.1);
        let ends = self.runs.iter().filter_map(|(_, report)| self.along(report).pop());
        match ends.fold(0.0, f64::max) {
            longest if longest > 0.0 => picture.x_range(0.0, longest),
            _ => picture,
        }
    }

    /// The steps of a run on the first axis.
    fn along(&self, report: &Report) -> Vec<f64> {
        let place = |(k, step): (usize, &StepReport)| match self.seconds {
            true => step.seconds,
            false => (k + 1) as f64,
        };
        report.steps.iter().enumerate().map(place).collect()
    }

    /// Where the checks of a run are on the first axis.
    fn checks(&self, report: &Report) -> (Vec<f64>, Vec<f64>) {
        let seconds =
            |step: usize| step.checked_sub(1).and_then(|k| report.steps.get(k)).map(|s| s.seconds);
        let place = |step: usize| match self.seconds {
            true => seconds(step).unwrap_or(0.0),
            false => step as f64,
        };
        report.checks.iter().map(|check| (place(check.step), check.loss)).unzip()
    }

    fn losses(&self) -> Result<CurvesPicture> {
        let label = self.runs.first().map_or("loss", |(_, report)| report.loss_name.as_ref());
        let mut picture = self.started(self.title.as_deref().unwrap_or("loss"), label);
        let alone = self.runs.len() == 1;
        let mut values = Vec::new();
        for (k, (name, report)) in self.runs.iter().enumerate() {
            let (xs, ys) = (self.along(report), report.curve(|step| step.loss).1);
            let (checked, held_out) = self.checks(report);
            values.extend(ys.iter().chain(&held_out));
            let name = if alone { "training" } else { name.as_str() };
            picture = drawn(picture, name, [&xs, &ys], k);
            let (name, hue) = if alone { ("held out", 1) } else { ("", k) };
            if !checked.is_empty() {
                picture = picture.look(name, [&checked, &held_out], Look::Dots, Hue::Of(hue));
            }
        }
        if !alone && self.runs.iter().any(|(_, report)| !report.checks.is_empty()) {
            picture = picture.look("held out", [&[], &[]], Look::Marks, Hue::Quiet);
        }
        match Range::around_most("the loss", values.into_iter(), 0.06)? {
            Some(range) => Ok(picture.y_range(range.from(), range.to())),
            None => {
                Err(Error::non_finite("no step of the runs has a finite loss: there is no curve"))
            }
        }
    }

    /// Whether a run has a quantity at all.
    fn has(&self, of: Of) -> bool {
        let steps = self.runs.iter().flat_map(|(_, report)| &report.steps);
        steps.map(of).any(|value| value.is_finite() && value != 0.0)
    }

    /// The panel of one quantity, unless no run has it.
    fn panel(&self, title: &str, label: &str, of: Of) -> Result<Option<CurvesPicture>> {
        let values = |report: &Report| report.curve(of).1;
        if !self.has(of) {
            return Ok(None);
        }
        let all: Vec<f64> = self.runs.iter().flat_map(|(_, report)| values(report)).collect();
        let finite = || all.iter().copied().filter(|value| value.is_finite());
        let [least, most] = [finite().fold(f64::INFINITY, f64::min), finite().fold(0.0, f64::max)];
        let mut picture = self.started(title, label);
        if least > 0.0 && most > SPREAD * least {
            picture = picture.log_y();
        } else if let Some(range) = Range::around("y", Steps::Even, [0.0, most].into_iter(), 0.06)?
        {
            picture = picture.y_range(least.min(0.0), range.to());
        }
        for (k, (_, report)) in self.runs.iter().enumerate() {
            picture = drawn(picture, "", [&self.along(report), &values(report)], k);
        }
        Ok(Some(picture))
    }
}

type Of = fn(&StepReport) -> f64;

/// Title, caption and value of what is drawn beside the loss.
const QUANTITIES: [(&str, &str, Of); 4] = [
    ("gradient", "norm", |step| step.gradient_norm),
    ("cost", "evaluations per sample", |step| step.evaluations),
    ("learning rate", "rate", |step| step.learning_rate),
    ("penalty", "penalty", |step| step.penalty),
];

/// A curve in the colour of a run, with the mean of its neighbours.
fn drawn(picture: CurvesPicture, name: &str, [xs, ys]: [&[f64]; 2], k: usize) -> CurvesPicture {
    let (rough_x, rough_y) = thinned(xs, ys);
    let (smooth_x, smooth_y) = smoothed(xs, ys);
    picture.look("", [&rough_x, &rough_y], Look::Faint, Hue::Of(k)).look(
        name,
        [&smooth_x, &smooth_y],
        Look::Line,
        Hue::Of(k),
    )
}

/// The least and the greatest of as many neighbours that no more than some points are left.
fn thinned(xs: &[f64], ys: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let each = ys.len().div_ceil(2 * POINTS).max(1);
    let mut places = Vec::new();
    for start in (0..ys.len()).step_by(each) {
        let part = start..(start + each).min(ys.len());
        let known = || part.clone().filter(|k| !ys[*k].is_nan());
        let least = known().min_by(|a, b| ys[*a].total_cmp(&ys[*b]));
        let most = known().max_by(|a, b| ys[*a].total_cmp(&ys[*b]));
        let (Some(least), Some(most)) = (least, most) else { continue };
        places.extend([least.min(most), least.max(most)]);
        places.dedup();
    }
    places.into_iter().map(|k| (xs[k], ys[k])).unzip()
}

/// Means over the finite values around some steps.
fn smoothed(xs: &[f64], ys: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let half = (0.5 * WINDOW * ys.len() as f64) as usize;
    let mean = |k: usize| {
        let reach = half.min(k).min(ys.len() - 1 - k);
        let near = ys[k - reach..=k + reach].iter().filter(|y| y.is_finite());
        let count = near.clone().count() as f64;
        // Not the sum, which may overflow.
        (xs[k], if count > 0.0 { near.map(|y| y / count).sum() } else { f64::NAN })
    };
    let last = ys.len().saturating_sub(1);
    let count = last.clamp(1, POINTS);
    let mut places: Vec<usize> = (0..=count).map(|k| k * last / count).collect();
    places.dedup();
    places.into_iter().map(mean).unzip()
}

impl Picture for TrainingPicture<'_> {
    fn size(&self) -> (u32, u32) {
        let count = 1 + QUANTITIES.iter().filter(|(_, _, of)| self.has(*of)).count() as u32;
        self.size.unwrap_or((PANEL.0 * count.min(2), PANEL.1 * count.div_ceil(2)))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        self.panels()?.draw(canvas, area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_a_line_lie_on_it_and_spikes_are_kept() {
        let xs: Vec<f64> = (1..=10_000).map(f64::from).collect();
        let mut ys: Vec<f64> = xs.iter().map(|x| 3.0 - 2e-4 * x).collect();
        let (places, means) = smoothed(&xs, &ys);
        assert!(places.len() <= POINTS + 1 && places[places.len() - 1] == 10_000.0);
        for (x, mean) in places.iter().zip(&means) {
            assert!((mean - (3.0 - 2e-4 * x)).abs() < 1e-12, "{x}: {mean}");
        }
        ys[1234] = 99.0;
        ys[7000] = f64::NAN;
        let (places, values) = thinned(&xs, &ys);
        assert!(places.len() <= 4 * POINTS && values.contains(&99.0));
        assert!(places.is_sorted() && values.iter().all(|value| value.is_finite()));
        let (_, one) = smoothed(&[1.0], &[2.0]);
        assert_eq!(one, [2.0]);
    }
}

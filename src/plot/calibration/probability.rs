//! Shares observed over shares expected: the diagonal, but for chance.

use super::chance::{band, check_confidence, everywhere, inside};
use crate::diagnose::Calibration;
use crate::error::Result;
use crate::outcome::shown;
use crate::plot::axes::{Plane, plane_words};
use crate::plot::curves::{CurvesPicture, Hue, Look, chart_picture, curves};

/// The places of the band.
const PLACES: usize = 160;
/// A curve has at most so many points.
const POINTS: usize = 800;
/// The most coordinates of a calibration that are drawn.
const SHOWN: usize = 4;

/// A picture of shares observed over shares expected; made by [`probability`], [`coverage`] and
/// [`calibration`].
#[derive(Debug, Clone)]
pub struct ProbabilityPicture {
    plane: Plane,
    sets: Vec<(String, Result<Vec<f64>>)>,
    confidence: f64,
    difference: bool,
}

plane_words!(ProbabilityPicture);

/// The distribution of probability integral transforms, F(y) of each held-out y under its own prediction: the
/// share of samples below each probability, which is that probability for a calibrated model (Dawid 1984,
/// Statistical theory: the prequential approach). With a confidence of 95%
/// chance alone stays within the band everywhere (Säilynoja, Bürkner and Vehtari 2022, Graphical test for discrete
/// uniformity).
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let transforms: Vec<f64> = (0..200).map(|k| ((f64::from(k) + 0.5) / 200.0).powf(1.2)).collect();
/// plot::probability("model", &transforms).save("probability.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn probability(name: &str, transforms: &[f64]) -> ProbabilityPicture {
    started("probability under the model", "share of samples below").over(name, transforms)
}

/// Observed over nominal coverage, from the mass of the smallest credible region around each truth that holds it:
/// the share of truths within regions of each mass, which is that mass for a calibrated posterior. Above the
/// diagonal regions are too wide, below it too narrow (Hermans et al. 2022, A trust crisis in
/// simulation-based inference?). With a confidence of 95% chance alone stays within the band
/// everywhere.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let masses: Vec<f64> = (0..200).map(|k| ((f64::from(k) + 0.5) / 200.0).powf(0.8)).collect();
/// plot::coverage("posterior", &masses).save("coverage.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn coverage(name: &str, masses: &[f64]) -> ProbabilityPicture {
    started("nominal coverage", "observed coverage").over(name, masses)
}

/// The calibration that a diagnosis found: the radius of the base points of held-out samples, which tells the
/// coverage of the regions of highest density of the base, and their first coordinates, or the first and the worst.
///
/// ```no_run
/// use liouville::diagnose::Diagnose;
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// # let held_out = DMatrix::<f64>::zeros(2, 9);
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
/// let found = Diagnose::new().continuous(&model, &held_out, None)?;
/// plot::calibration(&found.calibration).difference().save("calibration.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn calibration(found: &Calibration) -> ProbabilityPicture {
    let mut picture =
        started("share expected", "share observed").over("radius |z|²", &found.radius.values);
    let worst = found.worst_coordinate();
    for (i, coordinate) in found.coordinates.iter().enumerate() {
        let many = found.coordinates.len() > SHOWN;
        if i + 1 < SHOWN || !many || i == worst.max(SHOWN - 1) {
            let name = if many && i == worst { ", the worst" } else { "" };
            picture = picture.over(&format!("coordinate {i}{name}"), &coordinate.values);
        }
    }
    picture
}

fn started(x: &str, y: &str) -> ProbabilityPicture {
    ProbabilityPicture {
        plane: Plane::new(x, y),
        sets: Vec::new(),
        confidence: 0.95,
        difference: false,
    }
}

impl ProbabilityPicture {
    /// Another set of numbers between 0 and 1.
    pub fn over(mut self, name: &str, values: &[f64]) -> Self {
        self.sets.push((name.to_string(), checked(name, values)));
        self
    }

    /// The confidence with which one set stays within the band at all places. Default: 0.95. Where sets differ in
    /// size, the band is that of the smallest.
    pub fn confidence(mut self, share: f64) -> Self {
        self.confidence = share;
        self
    }

    /// What is observed less what is expected, which shows small differences.
    pub fn difference(mut self) -> Self {
        self.difference = true;
        self
    }

    fn chart(&self) -> Result<CurvesPicture> {
        check_confidence(self.confidence)?;
        let sets = self.sets.iter().map(|(name, values)| Ok((name, values.clone()?)));
        let sets: Vec<_> = sets.collect::<Result<_>>()?;
        let base = |x: f64| if self.difference { x } else { 0.0 };
        let fewest = sets.iter().map(|(_, values)| values.len()).min().unwrap_or(1);
        let xs: Vec<f64> = (0..=PLACES).map(|k| k as f64 / PLACES as f64).collect();
        let each = everywhere(fewest, &xs[1..PLACES], self.confidence);
        let edge = |side: usize| {
            let of = |x: &f64| band(fewest, *x, each)[side] / fewest as f64 - base(*x);
            xs.iter().map(of).collect::<Vec<f64>>()
        };
        let percent = shown::number(100.0 * self.confidence);
        let diagonal = [-base(0.0), 1.0 - base(1.0)];
        let mut picture = curves()
            .band(&format!("{percent}% of chance"), &xs, [&edge(0), &edge(1)])
            .guide("", &[0.0, 1.0], &diagonal);
        for (name, values) in sets {
            let (xs, ys): (Vec<f64>, Vec<f64>) =
                stairs(&values).into_iter().map(|[x, y]| (x, y - base(x))).unzip();
            picture = picture.look(name, [&xs, &ys], Look::Line, Hue::Next);
        }
        let [x, y] = &self.plane.labels;
        let y = if self.difference { format!("{y}, less expected") } else { y.clone() };
        picture = picture.title(&self.plane.title).axis_labels(x, &y);
        let [from, to] = self.plane.x.unwrap_or([0.0, 1.0]);
        picture = picture.x_range(from, to);
        Ok(match (self.plane.y, self.difference) {
            (Some([from, to]), _) => picture.y_range(from, to),
            (None, false) => picture.y_range(0.0, 1.0).aspect(self.plane.aspect),
            (None, true) => picture,
        })
    }
}

/// Numbers between 0 and 1 in ascending order.
fn checked(name: &str, values: &[f64]) -> Result<Vec<f64>> {
    let mut sorted = inside(name, values)?;
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(sorted)
}

/// The distribution function of sorted numbers, as steps where they are few.
fn stairs(sorted: &[f64]) -> Vec<[f64; 2]> {
    let count = sorted.len();
    let each = count.div_ceil(POINTS).max(1);
    let mut points = vec![[0.0, 0.0]];
    for k in (0..count).step_by(each) {
        let last = (k + each).min(count);
        points.push([sorted[k], k as f64 / count as f64]);
        points.push([sorted[last - 1], last as f64 / count as f64]);
    }
    points.push([1.0, 1.0]);
    points
}

chart_picture!(ProbabilityPicture, |picture: &ProbabilityPicture| if picture.difference {
    (900, 600)
} else {
    (760, 760)
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stairs_are_the_share_below() {
        let values: Vec<f64> = (0..5000).map(|k| (k as f64 / 5000.0).powi(2)).collect();
        for sorted in [&values[..], &[0.25, 0.5][..]] {
            for [x, y] in stairs(sorted) {
                let count = sorted.len() as f64;
                let below = sorted.partition_point(|value| *value < x) as f64 / count;
                let most = sorted.partition_point(|value| *value <= x) as f64 / count;
                assert!((below..=most).contains(&y), "{x}: {y} not in {below} to {most}");
            }
        }
    }
}

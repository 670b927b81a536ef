//! Importance weights in order of size, with the tail that says whether they can be trusted.

use super::axes::{Aspect, Plane, plane_words};
use super::curves::{CurvesPicture, Hue, Look, chart_picture, curves};
use crate::error::{Error, Result};
use crate::outcome::shown;

/// A tail has at least so many weights.
const TAIL: usize = 5;
/// As many weights are drawn at most.
const POINTS: usize = 1500;
/// Weights below this share of the mean are not drawn.
const LEAST: f64 = 1e-12;

/// A picture of importance weights; made by [`weights`].
#[derive(Debug, Clone)]
pub struct WeightsPicture {
    plane: Plane,
    sets: Vec<(String, Result<Vec<f64>>)>,
}

plane_words!(WeightsPicture);

/// Importance weights over their mean, the largest first, from their logarithms; with a generalised Pareto
/// distribution fitted to the largest. Its shape k says how many more samples help: above 0.7 estimates by the
/// weights cannot be trusted (Vehtari et al. 2024, Pareto smoothed importance sampling). The legend has
/// it beside the effective sample size, (Σ w)² / Σ w².
///
/// A log-weight may be minus infinity, as where a target is zero.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let log_weights: Vec<f64> = (0..1000).map(|k| (f64::from(k) * 0.7).sin()).collect();
/// plot::weights("posterior", &log_weights).save("weights.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn weights(name: &str, log_weights: &[f64]) -> WeightsPicture {
    let mut plane = Plane::new("place, from the largest", "weight over mean");
    plane.aspect = Aspect::Free;
    WeightsPicture { plane, sets: Vec::new() }.over(name, log_weights)
}

impl WeightsPicture {
    /// Other weights.
    pub fn over(mut self, name: &str, log_weights: &[f64]) -> Self {
        self.sets.push((name.to_string(), ordered(name, log_weights)));
        self
    }

    fn chart(&self) -> Result<CurvesPicture> {
        let [x, y] = &self.plane.labels;
        let mut picture = curves().log_log().title(&self.plane.title).axis_labels(x, y);
        let mut longest = 1;
        for (k, (name, weights)) in self.sets.iter().enumerate() {
            let weights = weights.clone()?;
            longest = longest.max(weights.len());
            let places: Vec<f64> = spread(weights.len()).collect();
            let ys: Vec<f64> = places.iter().map(|place| weights[*place as usize - 1]).collect();
            let tail = Tail::of(&weights);
            let label = legend(name, &weights, tail.as_ref());
            picture = picture.look(&label, [&places, &ys], Look::Marks, Hue::Of(k));
            if let Some(tail) = tail {
                let places: Vec<f64> = spread(tail.count).collect();
                let ys: Vec<f64> = places.iter().map(|place| tail.at(*place)).collect();
                picture = picture.look("", [&places, &ys], Look::Line, Hue::Of(k));
            }
        }
        picture = picture.guide("mean", &[1.0, longest as f64], &[1.0, 1.0]);
        if let Some([from, to]) = self.plane.x {
            picture = picture.x_range(from, to);
        }
        if let Some([from, to]) = self.plane.y {
            picture = picture.y_range(from, to);
        }
        Ok(picture)
    }
}

/// The weights over their mean, the largest first.
fn ordered(name: &str, log_weights: &[f64]) -> Result<Vec<f64>> {
    let bad = |value: &f64| value.is_nan() || *value == f64::INFINITY;
    if let Some(k) = log_weights.iter().position(bad) {
        return Err(Error::non_finite(format!(
            "{name}: log-weight {k} is {}: give finite numbers, or minus infinity for no weight",
            log_weights[k]
        )));
    }
    let most = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return Err(Error::empty(format!(
            "{name}: there is no weight above zero among {}: give one or more",
            shown::count(log_weights.len(), "log-weight")
        )));
    }
    let mut found: Vec<f64> = log_weights.iter().map(|value| (value - most).exp()).collect();
    let mean = found.iter().sum::<f64>() / found.len() as f64;
    found.iter_mut().for_each(|weight| *weight /= mean);
    found.sort_unstable_by(|a, b| b.total_cmp(a));
    // What is next to nothing would only stretch the axis.
    Ok(found.into_iter().map(|weight| if weight < LEAST { 0.0 } else { weight }).collect())
}

/// Places from 1 to `count`, all at first and then in equal ratios.
fn spread(count: usize) -> impl Iterator<Item = f64> {
    let ratio = (count as f64 / 200.0).max(1.0).powf(1.0 / POINTS as f64).max(1.0005);
    let next = move |place: &usize| Some(((*place as f64 * ratio) as usize).max(place + 1));
    std::iter::successors(Some(1), next)
        .take_while(move |place| *place < count)
        .chain([count])
        .map(|place| place as f64)
}

fn legend(name: &str, weights: &[f64], tail: Option<&Tail>) -> String {
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    let sum: f64 = weights.iter().sum();
    let effective = sum * sum / squares;
    let shape =
        tail.map_or_else(String::new, |tail| format!(", k = {:.2}", tail.shape).replace('-', "−"));
    format!("{name}: {effective:.0} effective of {}{shape}", weights.len())
}

/// A generalised Pareto distribution of the weights above a threshold.
struct Tail {
    count: usize,
    threshold: f64,
    shape: f64,
    scale: f64,
}

impl Tail {
    /// Of the largest min(n / 5, 3 √n) weights, by the estimator of Zhang and Stephens 2009, A new and efficient
    /// estimation method for the generalized Pareto distribution, with the prior of ten weights of shape one half of
    /// Vehtari et al. None if there are too few, or they are equal.
    fn of(weights: &[f64]) -> Option<Self> {
        let n = weights.len() as f64;
        let count = (0.2 * n).min(3.0 * n.sqrt()).floor() as usize;
        if count < TAIL {
            return None;
        }
        let threshold = weights[count];
        let mut beyond: Vec<f64> = weights[..count].iter().map(|w| w - threshold).collect();
        beyond.reverse();
        let (largest, quarter) = (beyond[count - 1], beyond[(count + 2) / 4 - 1]);
        if !(quarter > 0.0 && threshold > 0.0) {
            return None;
        }
        let m = count as f64;
        let tried = 30 + m.sqrt() as usize;
        let theta = |j: usize| {
            let part = 1.0 - (tried as f64 / (j as f64 + 0.5)).sqrt();
            1.0 / largest + part / (3.0 * quarter)
        };
        let shape = |theta: f64| beyond.iter().map(|x| (-theta * x).ln_1p()).sum::<f64>() / m;
        let profile = |theta: f64| {
            let k = shape(theta);
            m * ((-theta / k).ln() - k - 1.0)
        };
        let all: Vec<(f64, f64)> = (0..tried)
            .map(theta)
            .map(|theta| (theta, profile(theta)))
            .filter(|p| p.1.is_finite())
            .collect();
        let most = all.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = all.iter().map(|(_, value)| (value - most).exp()).sum();
        let theta: f64 =
            all.iter().map(|(theta, value)| theta * (value - most).exp() / total).sum();
        let raw = shape(theta);
        let found =
            Self { count, threshold, shape: (raw * m + 5.0) / (m + 10.0), scale: -raw / theta };
        (found.shape.is_finite() && found.scale > 0.0 && found.scale.is_finite()).then_some(found)
    }

    /// The weight that is expected at a place, from the largest.
    fn at(&self, place: f64) -> f64 {
        let above = (place - 0.5) / self.count as f64;
        let reach = match self.shape.abs() < 1e-9 {
            true => -above.ln(),
            false => (above.powf(-self.shape) - 1.0) / self.shape,
        };
        self.threshold + self.scale * reach
    }
}

chart_picture!(WeightsPicture, |_| (900, 640));

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights at the quantiles of a Pareto distribution.
    fn pareto(n: usize, shape: f64) -> Vec<f64> {
        (0..n).map(|k| -shape * ((k as f64 + 0.5) / n as f64).ln()).collect()
    }

    #[test]
    fn shapes_of_tails_are_found() {
        for shape in [0.2, 0.5, 0.7, 1.0] {
            let weights = ordered("w", &pareto(20_000, shape)).expect("weights");
            let tail = Tail::of(&weights).expect("a tail");
            // From m of the quantiles the estimate is off by less than its standard error (1 + k) / √m, and the prior
            // draws it by up to 10 / m of the way to one half.
            let m = tail.count as f64;
            let bound = (1.0 + shape) / m.sqrt() + 10.0 * (shape - 0.5f64).abs() / m;
            assert!((tail.shape - shape).abs() < bound, "{} for {shape}", tail.shape);
        }
    }

    #[test]
    fn weights_are_in_order_and_have_mean_one() {
        let found = ordered("w", &[-1000.0, -1001.0, f64::NEG_INFINITY]).expect("weights");
        assert!(found.is_sorted_by(|a, b| a >= b) && found[2] == 0.0);
        assert!((found.iter().sum::<f64>() / 3.0 - 1.0).abs() < 1e-12);
        assert!(ordered("w", &[0.0, f64::NAN]).expect_err("NaN").is_non_finite());
        assert!(ordered("w", &[f64::NEG_INFINITY; 2]).expect_err("nothing").is_empty());
        for count in [1, 2, 300, 1_000_000] {
            let places: Vec<f64> = spread(count).collect();
            assert!(places.len() < 20_000 && places[places.len() - 1] == count as f64);
            assert!(places.is_sorted_by(|a, b| a < b), "{count}");
        }
    }
}

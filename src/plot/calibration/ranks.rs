//! Histograms that should be flat: of ranks, and of probability integral transforms.

use super::chance::{band, check_confidence, inside};
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::plot::axes::{Aspect, Plane, plane_words};
use crate::plot::curves::{CurvesPicture, Hue, Look, chart_picture, curves};

/// The most bars that are drawn unless more are asked for.
const BARS: usize = 20;

/// A histogram that should be flat; made by [`ranks`] and [`transforms`].
#[derive(Debug, Clone)]
pub struct RanksPicture {
    plane: Plane,
    sets: Vec<(String, Result<Vec<f64>>)>,
    /// The number of ranks; none for numbers between 0 and 1.
    places: Option<usize>,
    bars: Option<usize>,
    confidence: f64,
}

plane_words!(RanksPicture);

/// The ranks of truths among samples that were drawn from their posteriors, `draws` for each: from 0, where all
/// are larger, to `draws`, where none is. They are uniform if the posteriors are right (Talts et al. 2018,
/// Validating Bayesian inference algorithms with simulation-based calibration): a hill says that
/// posteriors are too wide, a valley that they are too narrow, a slope that they lie too low or too high.
/// The band holds each bar with a confidence of 99% where that is so.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let found: Vec<usize> = (0..500).map(|k| k * k % 100).collect();
/// plot::ranks("mass", &found, 99).save("ranks.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn ranks(name: &str, ranks: &[usize], draws: usize) -> RanksPicture {
    let beyond = ranks.iter().position(|rank| *rank > draws);
    let values = match beyond {
        Some(k) => Err(Error::setting(format!(
            "{name}: rank {k} is {} among {}: give ranks from 0 to {draws}",
            ranks[k],
            shown::count(draws, "sample")
        ))),
        None => Ok(ranks.iter().map(|rank| *rank as f64).collect()),
    };
    started(
        name,
        values,
        Some(draws.saturating_add(1)),
        ["rank of the truth", "relative frequency"],
    )
}

/// A histogram of probability integral transforms, F(y) of each held-out y under its own prediction, which is
/// flat for a calibrated model. The band holds each bar with a confidence of 99% where that is so.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let found: Vec<f64> = (0..500).map(|k| ((f64::from(k) + 0.5) / 500.0).powf(1.2)).collect();
/// plot::transforms("model", &found).save("transforms.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn transforms(name: &str, values: &[f64]) -> RanksPicture {
    let labels = ["probability under the model", "relative frequency"];
    started(name, inside(name, values), None, labels)
}

fn started(
    name: &str,
    values: Result<Vec<f64>>,
    places: Option<usize>,
    [x, y]: [&str; 2],
) -> RanksPicture {
    let mut plane = Plane::new(x, y);
    plane.aspect = Aspect::Free;
    let sets = vec![(name.to_string(), values)];
    RanksPicture { plane, sets, places, bars: None, confidence: 0.99 }
}

impl RanksPicture {
    /// The number of bars. Default: so many that each stands for ten samples or more, and for as many ranks as the
    /// others if that can be, up to 20.
    pub fn bars(mut self, count: usize) -> Self {
        self.bars = Some(count);
        self
    }

    /// The confidence of the band, for each bar. Default: 0.99.
    pub fn confidence(mut self, share: f64) -> Self {
        self.confidence = share;
        self
    }

    /// Another histogram of probability integral transforms or, of ranks, of their places as shares of all.
    pub(in crate::plot) fn over(mut self, name: &str, values: &[f64]) -> Self {
        self.sets.push((name.to_string(), inside(name, values)));
        self
    }

    fn count(&self, samples: usize) -> Result<usize> {
        let most = self.places.unwrap_or(usize::MAX);
        match self.bars {
            Some(0) => Err(Error::setting("a histogram of 0 bars: give one or more")),
            Some(count) if count > most.min(1000) => Err(Error::setting(format!(
                "a histogram of {count} bars: give {} or fewer",
                most.min(1000)
            ))),
            Some(count) => Ok(count),
            None => {
                let usual = (samples / 10).clamp(1, BARS).min(most);
                // Bars of as many ranks each need no excuse.
                let even =
                    (usual.div_ceil(2)..=usual).rev().find(|count| most.is_multiple_of(*count));
                Ok(if self.places.is_some() { even.unwrap_or(usual) } else { usual })
            }
        }
    }

    /// The edges of the bars.
    fn edges(&self, count: usize) -> Vec<f64> {
        let place = |k: usize| match self.places {
            // Between ranks, so that each belongs to one bar.
            Some(places) => (places as f64 * k as f64 / count as f64).round() - 0.5,
            None => k as f64 / count as f64,
        };
        (0..=count).map(place).collect()
    }

    fn chart(&self) -> Result<CurvesPicture> {
        check_confidence(self.confidence)?;
        let sets = self.sets.iter().map(|(name, values)| Ok((name, values.clone()?)));
        let sets: Vec<_> = sets.collect::<Result<_>>()?;
        let fewest = sets.iter().map(|(_, values)| values.len()).min().unwrap_or(0);
        if fewest == 0 {
            return Err(Error::empty("there is no number to be counted: give one or more"));
        }
        let edges = self.edges(self.count(fewest)?);
        let whole = edges[edges.len() - 1] - edges[0];
        // The share of all that a bar stands for.
        let shares: Vec<f64> = edges.windows(2).map(|pair| (pair[1] - pair[0]) / whole).collect();
        let mut corners: [Vec<f64>; 3] = Default::default();
        for (share, pair) in shares.iter().zip(edges.windows(2)) {
            let counts = band(fewest, *share, self.confidence);
            let heights = counts.map(|count| count / (share * fewest as f64));
            for x in pair {
                corners[0].push(*x);
                corners[1].push(heights[0]);
                corners[2].push(heights[1]);
            }
        }
        let ends = [edges[0], edges[edges.len() - 1]];
        let percent = shown::number(100.0 * self.confidence);
        let name = format!("{percent}% of chance, each bar");
        let all: Vec<_> = sets.iter().map(|(_, values)| heights(values, &edges, &shares)).collect();
        let tallest = all.iter().flatten().chain(&corners[2]).fold(0.0f64, |a, b| a.max(*b));
        let mut picture = curves();
        if let [only] = all.as_slice() {
            picture = picture.bars("", &edges, only, Hue::Of(0));
        }
        picture = picture.band(&name, &corners[0], [&corners[1], &corners[2]]).guide(
            "",
            &ends,
            &[1.0, 1.0],
        );
        for (k, (heights, (name, _))) in all.iter().zip(&sets).enumerate().filter(|_| all.len() > 1)
        {
            let (xs, ys) = outline(&edges, heights);
            picture = picture.look(name, [&xs, &ys], Look::Line, Hue::Of(k));
        }
        let [x, y] = &self.plane.labels;
        let title = match (self.plane.title.as_str(), sets.as_slice()) {
            ("", [(name, _)]) => name.as_str(),
            (title, _) => title,
        };
        let [from, to] = self.plane.x.unwrap_or(ends);
        let [low, high] = self.plane.y.unwrap_or([0.0, 1.15 * tallest]);
        Ok(picture.title(title).axis_labels(x, y).x_range(from, to).y_range(low, high))
    }
}

/// How often numbers are between neighbouring edges, over how often they should be.
fn heights(values: &[f64], edges: &[f64], shares: &[f64]) -> Vec<f64> {
    let mut counts = vec![0usize; shares.len()];
    for value in values {
        let place = edges[1..edges.len() - 1].partition_point(|edge| edge <= value);
        counts[place] += 1;
    }
    let expected = |share: &f64| share * values.len() as f64;
    counts.iter().zip(shares).map(|(count, share)| *count as f64 / expected(share)).collect()
}

/// The upper line of bars.
fn outline(edges: &[f64], heights: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let corners = edges.windows(2).zip(heights);
    corners.flat_map(|(pair, height)| [(pair[0], *height), (pair[1], *height)]).unzip()
}

chart_picture!(RanksPicture, |_| (900, 600));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rank_is_in_one_bar_and_flat_ranks_are_flat() {
        for draws in [1, 9, 50, 99, 100, 996] {
            let all: Vec<usize> = (0..=draws).cycle().take(20 * (draws + 1)).collect();
            let picture = ranks("all", &all, draws);
            let values: Vec<f64> = all.iter().map(|rank| *rank as f64).collect();
            for count in [picture.count(all.len()).expect("some"), 1, 2] {
                let edges = picture.edges(count);
                let whole = (draws + 1) as f64;
                let shares: Vec<f64> = edges.windows(2).map(|e| (e[1] - e[0]) / whole).collect();
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                for height in heights(&values, &edges, &shares) {
                    assert!((height - 1.0).abs() < 1e-12, "{draws} {count}: {height}");
                }
            }
        }
    }
}

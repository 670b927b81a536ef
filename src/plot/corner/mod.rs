//! A corner plot: every coordinate alone on the diagonal, every pair below it.
//!
//! | file | what |
//! | --- | --- |
//! | `source` | samples with names and units |
//! | `marginal`, `pair`, `smooth` | what is found for one coordinate and for two |
//! | `caption`, `layout` | numbers with errors; cells, names and numbers at the edges |
//! | `panels` | what is drawn into the cells |

mod caption;
mod layout;
mod marginal;
mod pair;
mod panels;
mod smooth;
mod source;

use rayon::prelude::*;

use super::axes::{Range, Steps, fitted};
use super::canvas::{Anchor, Area, Canvas, Color, Stroke};
use super::picture::Picture;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::outcome::shown;
use layout::Layout;
pub(super) use marginal::Sorted;
use panels::{Alone, Look, Pair};
use source::with_unit;

pub use source::SampleSet;

/// More coordinates than this have panels too small to be read.
const MOST: usize = 40;

/// A corner plot; made by [`corner`].
#[derive(Debug, Clone)]
pub struct CornerPicture {
    sets: Vec<(String, SampleSet)>,
    names: Option<Vec<String>>,
    truths: Option<Vec<f64>>,
    shares: Vec<f64>,
    look: Look,
    title: String,
    size: Option<(u32, u32)>,
}

/// Samples of any dimension: each coordinate as a histogram with its median and the quantiles of 16% and 84%,
/// and each pair by the smallest regions that hold 50% and 90% of the samples.
///
/// Samples are a matrix (dim x n), what a model drew, or a table, which brings its names and units.
///
/// ```no_run
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// # let (posterior, prior) = (DMatrix::<f64>::zeros(4, 9), DMatrix::<f64>::zeros(4, 9));
///
/// plot::corner(&posterior)
///     .label("posterior")
///     .over("prior", &prior)
///     .names(["mass (kg)", "spin", "distance (Mpc)", "phase"])
///     .truths(&[0.1, 0.3, -0.2, 0.0])
///     .save("corner.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn corner(samples: impl Into<SampleSet>) -> CornerPicture {
    CornerPicture {
        sets: vec![(String::new(), samples.into())],
        names: None,
        truths: None,
        shares: vec![0.5, 0.9],
        look: Look::default(),
        title: String::new(),
        size: None,
    }
}

impl CornerPicture {
    /// What the first samples are called where there are others.
    pub fn label(mut self, text: &str) -> Self {
        if let Some(first) = self.sets.first_mut() {
            first.0 = text.to_string();
        }
        self
    }

    /// Other samples of the same coordinates over the first.
    pub fn over(mut self, label: &str, samples: impl Into<SampleSet>) -> Self {
        self.sets.push((label.to_string(), samples.into()));
        self
    }

    /// Weights of the samples that were given last, one for each column, as of nested or importance sampling:
    /// histograms, quantiles and regions are those of the weighted samples. Of log-weights, give
    /// exp(log w - max log w).
    ///
    /// ```no_run
    /// use liouville::prelude::*;
    /// # let (draws, weights) = (liouville::nalgebra::DMatrix::<f64>::zeros(3, 9), [1.0; 9]);
    ///
    /// plot::corner(&draws).weights(&weights).save("weighted.png")?;
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn weights(mut self, weights: &[f64]) -> Self {
        if let Some((_, set)) = self.sets.last_mut() {
            set.weighed(weights);
        }
        self
    }

    /// What the coordinates are called, with their units.
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The names and units of a model's columns.
    pub fn names_of(self, model: &Model) -> Self {
        let columns = model.headings().iter();
        self.names(columns.map(with_unit))
    }

    /// What the coordinates truly are; a coordinate that is NaN has no line.
    pub fn truths(mut self, values: &[f64]) -> Self {
        self.truths = Some(values.to_vec());
        self
    }

    /// The shares of the samples inside the regions of pairs. Default: 0.5 and 0.9.
    pub fn shares(mut self, shares: &[f64]) -> Self {
        self.shares = shares.to_vec();
        self
    }

    /// Smooth densities on the diagonal in place of histograms.
    pub fn smooth(mut self) -> Self {
        self.look.smooth = true;
        self
    }

    /// Leaves out medians and quantiles, both as numbers and as lines.
    pub fn without_quantiles(mut self) -> Self {
        self.look.quantiles = false;
        self
    }

    /// What stands above.
    pub fn title(mut self, text: &str) -> Self {
        self.title = text.to_string();
        self
    }

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }

    fn dim(&self) -> usize {
        self.sets.first().map_or(0, |(_, set)| set.dim())
    }

    fn check(&self) -> Result<()> {
        let dim = self.dim();
        for (label, set) in &self.sets {
            set.check(label)?;
            if set.dim() != dim {
                return Err(Error::shape(format!(
                    "{label}: {} over samples of {dim}: give the same coordinates",
                    shown::count(set.dim(), "coordinate")
                )));
            }
        }
        if dim > MOST {
            return Err(Error::setting(format!(
                "a corner plot of {dim} coordinates has {} panels: give up to {MOST} coordinates",
                dim * (dim + 1) / 2
            )));
        }
        let as_many = |what: &str, count: Option<usize>| match count {
            Some(count) if count != dim => Err(Error::shape(format!(
                "{count} {what} for {}: give as many",
                shown::count(dim, "coordinate")
            ))),
            _ => Ok(()),
        };
        as_many("names", self.names.as_ref().map(Vec::len))?;
        as_many("truths", self.truths.as_ref().map(Vec::len))?;
        match self.shares.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
            Some(share) => Err(Error::setting(format!(
                "a region that holds a share of {} of the samples: give shares between 0 and 1",
                shown::number(*share)
            ))),
            None => Ok(()),
        }
    }

    fn name(&self, i: usize) -> String {
        let given = self.names.as_ref().and_then(|names| names.get(i).cloned());
        given.unwrap_or_else(|| self.sets[0].1.name(i))
    }

    fn truth(&self, i: usize) -> Option<f64> {
        let value = self.truths.as_ref().and_then(|truths| truths.get(i).copied());
        value.filter(|value| value.is_finite())
    }

    /// All numbers of every set, coordinate by coordinate in ascending order.
    fn sorted(&self) -> Vec<Vec<Sorted>> {
        let each = |(_, set): &(String, SampleSet)| {
            let weights = set.weights();
            let sorted = |i: usize| Sorted::weighed(set.row(i), &weights);
            (0..self.dim()).into_par_iter().map(sorted).collect()
        };
        self.sets.iter().map(each).collect()
    }

    /// From where to where a coordinate is drawn: where the bulk of every set is, and the truth.
    fn range(&self, i: usize, sorted: &[Vec<Sorted>]) -> Result<Range> {
        let bulks = sorted.iter().flat_map(|set| set[i].bulk());
        let found = Range::around(&self.name(i), Steps::Even, bulks.chain(self.truth(i)), 0.06)?;
        found.ok_or_else(|| Error::non_finite(format!("{} has no finite number", self.name(i))))
    }

    /// The colour of a set.
    fn color(canvas: &Canvas, k: usize) -> Color {
        canvas.theme().series(k)
    }

    fn title_height(&self, canvas: &Canvas) -> f64 {
        let theme = canvas.theme();
        let title = if self.title.is_empty() { 0.0 } else { 1.8 * theme.title };
        let caption = if self.look.quantiles { 1.9 * theme.number } else { 0.4 * theme.number };
        canvas.unit() * (title + caption)
    }

    fn draw_title(&self, canvas: &mut Canvas, area: Area) {
        let theme = canvas.theme().clone();
        let (text, size) = fitted(canvas, &self.title, 0.96 * area.width(), theme.title);
        let y = area.top + 1.1 * theme.title * canvas.unit();
        canvas.text([area.middle()[0], y], &text, size, theme.ink, Anchor::Middle);
    }

    /// The names of the sets, and how many samples had no place, in the empty corner.
    fn draw_legend(&self, canvas: &mut Canvas, layout: &Layout) {
        let theme = canvas.theme().clone();
        let (unit, corner) = (canvas.unit(), layout.corner());
        let size = 1.15 * theme.number;
        let mut rows: Vec<(String, Option<Stroke>)> = Vec::new();
        let several = self.sets.len() > 1;
        for (k, (label, set)) in self.sets.iter().enumerate() {
            let mut text = label.clone();
            if set.lost() > 0 {
                text = format!("{text} ({} of {} not finite)", set.lost(), set.given())
                    .trim()
                    .to_string();
            }
            if !text.is_empty() && (several || set.lost() > 0 || self.truths.is_some()) {
                rows.push((text, Some(Stroke::new(Self::color(canvas, k)).width(5.0))));
            }
        }
        if self.truths.is_some() {
            rows.push(("truth".into(), Some(panels::truth_stroke(canvas, several))));
        }
        let width = |row: &(String, Option<Stroke>)| canvas.text_width(&row.0, size);
        let sign = 2.0 * size * unit;
        let widest = rows.iter().map(width).fold(0.0, f64::max).min(corner.width() - 1.4 * sign);
        for (k, (text, stroke)) in rows.iter().enumerate() {
            let y = corner.top + 1.6 * size * unit * (k as f64 + 0.6);
            let left = corner.right - widest - 1.4 * sign;
            if let Some(stroke) = stroke {
                canvas.line(vec![[left, y], [left + sign, y]], *stroke);
            }
            let (text, size) = fitted(canvas, text, widest, size);
            canvas.text([left + 1.4 * sign, y], &text, size, theme.ink, Anchor::Left);
        }
    }
}

impl Picture for CornerPicture {
    fn size(&self) -> (u32, u32) {
        let side = (360 + 170 * self.dim().min(MOST) as u32).clamp(640, 2400);
        self.size.unwrap_or((side, side))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        self.check()?;
        let dim = self.dim();
        let sorted = self.sorted();
        let ranges: Vec<Range> = (0..dim).map(|i| self.range(i, &sorted)).collect::<Result<_>>()?;
        let names: Vec<String> = (0..dim).map(|i| self.name(i)).collect();
        // Letters suit a few cells, not the whole.
        let share = (3.4 / dim as f64).min(1.0);
        let side = area.width().min(area.height()).max(0.0) * share;
        let letters = Area::new([0.0; 2], [side; 2]);
        canvas.part(letters, canvas.least_margins(), |canvas| {
            let above = self.title_height(canvas);
            let layout = Layout::new(canvas, area, &ranges, &names, above)?;
            self.draw_panels(canvas, &layout, &ranges, &sorted)?;
            layout.draw(canvas, &ranges);
            self.draw_title(canvas, area);
            if dim > 1 {
                self.draw_legend(canvas, &layout);
            }
            Ok(())
        })
    }
}

impl CornerPicture {
    fn draw_panels(
        &self,
        canvas: &mut Canvas,
        layout: &Layout,
        ranges: &[Range],
        sorted: &[Vec<Sorted>],
    ) -> Result<()> {
        let dim = self.dim();
        let pairs: Vec<(usize, usize)> =
            (0..dim).flat_map(|row| (0..row).map(move |column| (column, row))).collect();
        let found: Vec<Vec<Pair>> = pairs
            .par_iter()
            .map(|&(column, row)| {
                let each = self.sets.iter().zip(sorted).map(|((_, set), sorted)| {
                    let side = |i: usize| panels::side(set.row(i), &sorted[i], ranges[i]);
                    Pair::new([side(column), side(row)], &set.weights(), &self.shares)
                });
                each.collect()
            })
            .collect();
        for (&(column, row), sets) in pairs.iter().zip(&found) {
            let truths = [self.truth(column), self.truth(row)];
            let cell = layout.cell(column, row);
            panels::draw_pair(canvas, cell, [ranges[column], ranges[row]], sets, truths)?;
        }
        for i in 0..dim {
            let sets: Vec<&Sorted> = sorted.iter().map(|set| &set[i]).collect();
            let alone = Alone { name: &self.name(i), sets: &sets, truth: self.truth(i) };
            alone.draw(canvas, layout.cell(i, i), ranges[i], self.look)?;
        }
        Ok(())
    }
}

//! The colour bar: what the colours of a plot mean.

use super::numbers::y_ticks;
use super::range::{Range, Steps};
use super::ticks::Ticks;
use crate::error::Result;
use crate::plot::canvas::{Anchor, Area, Canvas, ColorMap, Pixels, Stroke};

/// The colours drawn in a bar.
const COLORS: usize = 256;
/// Between plot and bar, in units.
const GAP: f64 = 16.0;
/// The width of the bar, in units.
const WIDTH: f64 = 20.0;

/// Numbers with their colours, to the right of a plot.
#[derive(Debug, Clone)]
pub struct ColorBar {
    range: Range,
    map: ColorMap,
    label: String,
}

impl ColorBar {
    /// A bar for the numbers between two.
    ///
    /// # Errors
    ///
    /// If these are not two finite numbers in ascending order.
    pub fn new(map: ColorMap, ends: [f64; 2]) -> Result<Self> {
        let range = Range::given("colour", Steps::Even, ends)?;
        Ok(Self { range, map, label: String::new() })
    }

    /// What the numbers are; it stands above the bar.
    pub fn label(mut self, text: &str) -> Self {
        self.label = text.to_string();
        self
    }

    /// The colour of a number.
    pub fn color(&self, value: f64) -> [u8; 3] {
        self.map.at(self.range.share(Steps::Even, value))
    }

    /// The room to the right of the plot. It is the same for most numbers, so that plots in a column align.
    pub(super) fn room(&self, canvas: &Canvas) -> f64 {
        let number = canvas.theme().number;
        let usual = canvas.text_width("0.0000", number);
        let widest = |pixels: f64| {
            let found = self.ticks(canvas, pixels).major;
            found.iter().map(|(_, text)| canvas.text_width(text, number)).fold(0.0, f64::max)
        };
        canvas.unit() * (GAP + WIDTH + 11.0) + usual.max(widest(300.0 * canvas.unit()))
    }

    fn ticks(&self, canvas: &Canvas, pixels: f64) -> Ticks {
        y_ticks(canvas, self.range, Steps::Even, pixels)
    }

    /// Draws the bar beside a plot.
    pub(in crate::plot) fn draw(&self, canvas: &mut Canvas, plot: Area, end: f64) -> Result<()> {
        let (unit, theme) = (canvas.unit(), canvas.theme().clone());
        let left = plot.right + GAP * unit;
        let bar = Area { left, right: left + WIDTH * unit, ..plot }.rounded();
        let color = |k: usize| self.map.at(1.0 - (k as f64 + 0.5) / COLORS as f64);
        canvas.image(bar, Pixels::new(1, (0..COLORS).map(color).collect())?.smooth());
        canvas.border(bar, Stroke::new(theme.axis).width(1.0));
        let found = self.ticks(canvas, bar.height());
        for (value, text) in &found.major {
            let y = bar.bottom - bar.height() * self.range.share(Steps::Even, *value);
            let tick = vec![[bar.right, y], [bar.right + 5.0 * unit, y]];
            canvas.line(tick, Stroke::new(theme.axis).width(1.0));
            canvas.text([bar.right + 9.0 * unit, y], text, theme.number, theme.soft, Anchor::Left);
        }
        let (label, place) = self.caption(canvas, plot, end);
        canvas.text(place, &label, theme.number, theme.soft, Anchor::Left);
        Ok(())
    }

    /// What stands above the bar, with a power of ten, and where it begins.
    pub(super) fn caption(&self, canvas: &Canvas, plot: Area, end: f64) -> (String, [f64; 2]) {
        let (unit, number) = (canvas.unit(), canvas.theme().number);
        let found = self.ticks(canvas, plot.height());
        let label = [self.label.as_str(), found.factor.trim()].join(" ").trim().to_string();
        let left = (plot.right + GAP * unit).min(end - canvas.text_width(&label, number));
        (label, [left, plot.top - 1.1 * number * unit])
    }
}

//! What is drawn into the cells: regions of pairs, and histograms with quantiles and captions.

use super::caption::Caption;
use super::marginal::Sorted;
use super::pair::{Region, Side, counted, one_polygon, regions};
use crate::error::Result;
use crate::plot::axes::{Axes, Axis, Frame, Range, Steps, fitted};
use crate::plot::canvas::{Anchor, Area, Canvas, Ink, Marker, Stroke};
use crate::plot::weighing::Weights;

/// So many samples outside all regions are drawn as dots, at most.
const DOTS: usize = 250;
/// So few samples are drawn as dots, all of them: regions say little of them.
const FEW: usize = 30;
/// Of fewer samples, by their weights, not one lies outside of nine tenths of all: regions would say nothing.
const NONE: f64 = 10.0;
/// The quantiles of the captions.
const QUANTILES: [f64; 3] = [0.16, 0.5, 0.84];

/// What is drawn on the diagonal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub smooth: bool,
    pub quantiles: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { smooth: false, quantiles: true }
    }
}

/// One coordinate of a set as one side of a pair.
pub(super) fn side<'a>(values: &'a [f64], sorted: &Sorted, shown: Range) -> Side<'a> {
    Side { values, range: counted(sorted.bulk(), shown), deviation: sorted.deviation() }
}

/// Two coordinates of a set.
pub(super) struct Pair {
    regions: Vec<Region>,
    stray: Vec<[f64; 2]>,
    few: bool,
}

impl Pair {
    pub fn new([x, y]: [Side<'_>; 2], weights: &Weights, shares: &[f64]) -> Self {
        let mut shares = shares.to_vec();
        shares.sort_unstable_by(|a, b| b.total_cmp(a));
        let all = || (0..x.values.len()).collect::<Vec<_>>();
        let told = weights.effective(x.values.len()) >= NONE;
        let (regions, stray) =
            if told { regions(x, y, weights, &shares) } else { (Vec::new(), all()) };
        let place = |k: usize| [x.values[k], y.values[k]];
        let few = x.values.len() <= FEW;
        let shown = if few { all() } else { some_of(&stray, weights) };
        let few = few || !told;
        Self { regions, stray: shown.into_iter().map(place).collect(), few }
    }
}

/// Some of many samples, evenly from all of them, whatever their order means; by their weights where they have some.
fn some_of(places: &[usize], weights: &Weights) -> Vec<usize> {
    if weights.are_equal() {
        let stride = places.len().div_ceil(DOTS).max(1);
        return places.iter().copied().step_by(stride).collect();
    }
    let total: f64 = places.iter().map(|k| weights.at(*k)).sum();
    let wanted = total.ceil().min(DOTS as f64);
    let step = total / wanted;
    let mut reached = 0.5 * step;
    let chosen = |k: &&usize| {
        reached -= weights.at(**k);
        let taken = reached < 0.0;
        while reached < 0.0 {
            reached += step;
        }
        taken
    };
    places.iter().filter(chosen).copied().collect()
}

/// How the truth is drawn: in a colour where there is one set, in ink over several.
pub(super) fn truth_stroke(canvas: &Canvas, several: bool) -> Stroke {
    let theme = canvas.theme();
    let color = if several { theme.ink } else { theme.series(1) };
    Stroke::new(color).width(1.8)
}

fn bare(x: Range, y: Range, canvas: &Canvas, cell: Area) -> Result<Frame> {
    Axes::new(Axis::of(x, Steps::Even), Axis::of(y, Steps::Even)).bare().place(canvas, cell)
}

/// Draws the regions of all sets over one another.
pub(super) fn draw_pair(
    canvas: &mut Canvas,
    cell: Area,
    [x, y]: [Range; 2],
    sets: &[Pair],
    truths: [Option<f64>; 2],
) -> Result<()> {
    let frame = bare(x, y, canvas, cell)?;
    let several = sets.len() > 1;
    for (k, set) in sets.iter().enumerate() {
        let color = canvas.theme().series(k);
        if !several || set.few {
            let (radius, alpha) = if set.few { (3.0, 0.8) } else { (1.5, 0.4) };
            frame.draw_points(
                canvas,
                &set.stray,
                Marker::Dot,
                radius,
                Ink::new(color).alpha(alpha),
            );
        }
        let alpha = if several { 0.2 } else { 0.3 };
        for (n, region) in set.regions.iter().enumerate() {
            let ink = Ink::new(color).alpha(alpha + 0.12 * n as f64);
            frame.draw_polygon(canvas, &one_polygon(&region.rings), ink);
        }
        for region in &set.regions {
            for ring in &region.rings {
                frame.draw_line(canvas, ring, Stroke::new(color).width(1.6));
            }
        }
    }
    let stroke = truth_stroke(canvas, several);
    if let Some(value) = truths[0] {
        frame.draw_line(canvas, &[[value, y.from()], [value, y.to()]], stroke);
    }
    if let Some(value) = truths[1] {
        frame.draw_line(canvas, &[[x.from(), value], [x.to(), value]], stroke);
    }
    if let [Some(a), Some(b)] = truths {
        frame.draw_points(canvas, &[[a, b]], Marker::Square, 4.0, stroke.ink);
    }
    frame.finish(canvas)
}

/// One coordinate of all sets.
pub(super) struct Alone<'a> {
    pub name: &'a str,
    pub sets: &'a [&'a Sorted],
    pub truth: Option<f64>,
}

impl Alone<'_> {
    /// Draws the histograms of all sets over one another, and what the first says in numbers.
    pub fn draw(&self, canvas: &mut Canvas, cell: Area, range: Range, look: Look) -> Result<()> {
        let outline = |set: &&Sorted| {
            let own = counted(set.bulk(), range);
            if look.smooth { set.curve(own) } else { set.bars(own) }
        };
        let outlines: Vec<Vec<[f64; 2]>> = self.sets.iter().map(outline).collect();
        let top = outlines.iter().flatten().map(|point| point[1]).fold(0.0, f64::max);
        let top = if top > 0.0 { top } else { 1.0 };
        let heights = Range::given("height", Steps::Even, [0.0, 1.15])?;
        let frame = bare(range, heights, canvas, cell)?;
        let several = self.sets.len() > 1;
        for (k, outline) in outlines.iter().enumerate() {
            let color = canvas.theme().series(k);
            let mut points: Vec<[f64; 2]> = outline.iter().map(|[x, y]| [*x, y / top]).collect();
            // From the ground and back to it.
            let ends = [points.first(), points.last()].map(|end| end.map(|p| [p[0], 0.0]));
            points.splice(0..0, ends[0]);
            points.extend(ends[1]);
            let alpha = if several { 0.14 } else { 0.3 };
            frame.draw_polygon(canvas, &points, Ink::new(color).alpha(alpha));
            frame.draw_line(canvas, &points, Stroke::new(color).width(1.6));
        }
        if let (true, Some(first)) = (look.quantiles, self.sets.first()) {
            let found = QUANTILES.map(|share| first.quantile(share));
            if !several {
                let stroke =
                    Stroke::new(canvas.theme().ink).width(1.2).alpha(0.75).dashed(6.0, 4.0);
                for value in found {
                    frame.draw_line(canvas, &[[value, 0.0], [value, 1.15]], stroke);
                }
            }
            self.draw_caption(canvas, cell, &Caption::of(found), several);
        }
        if let Some(value) = self.truth {
            let stroke = truth_stroke(canvas, several);
            frame.draw_line(canvas, &[[value, 0.0], [value, 1.15]], stroke);
        }
        frame.finish(canvas)
    }

    /// The median with its errors above the cell; the name before it where there is room.
    fn draw_caption(&self, canvas: &mut Canvas, cell: Area, caption: &Caption, several: bool) {
        let (theme, unit) = (canvas.theme().clone(), canvas.unit());
        let color = if several { theme.series(0) } else { theme.ink };
        let room = 1.06 * cell.width();
        let name = self.name.split(" (").next().and_then(|name| name.split(" [").next());
        let name = name.unwrap_or("");
        let widths = |size: f64, head: &str| {
            let small = 0.72 * size;
            let errors = [&caption.up, &caption.down].map(|text| canvas.text_width(text, small));
            let [head, factor] = [head, &caption.factor].map(|text| canvas.text_width(text, size));
            let gap = 0.2 * size * unit;
            ([head, errors[0].max(errors[1]), factor], gap)
        };
        let total = |size: f64, head: &str| {
            let (parts, gap) = widths(size, head);
            parts.iter().sum::<f64>() + gap * if caption.factor.is_empty() { 1.0 } else { 2.0 }
        };
        let long = format!("{name} = {}", caption.middle);
        let head = if total(theme.number, &long) <= room { long } else { caption.middle.clone() };
        let size = theme.number * (room / total(theme.number, &head)).min(1.0);
        if size < 0.55 * theme.number {
            return;
        }
        let ([wide, errors, _], gap) = widths(size, &head);
        let left = cell.middle()[0] - 0.5 * total(size, &head);
        let y = cell.top - 0.95 * theme.number * unit;
        canvas.text([left, y], &head, size, color, Anchor::Left);
        let small = 0.72 * size;
        for (text, shift) in [(&caption.up, -0.42), (&caption.down, 0.42)] {
            canvas.text(
                [left + wide + gap, y + shift * size * unit],
                text,
                small,
                color,
                Anchor::Left,
            );
        }
        let behind = left + wide + errors + 2.0 * gap;
        let (text, size) = fitted(canvas, &caption.factor, room, size);
        canvas.text([behind, y], &text, size, color, Anchor::Left);
    }
}

//! Densities on the line, over each other and over data.
//!
//! | file | what |
//! | --- | --- |
//! | `ask` | densities at numbers, some of which may not be known |
//! | `range` | where their mass is |
//! | `bars` | histograms |
//! | `curve` | their graphs, finer where they bend |

pub(super) mod ask;
mod bars;
mod curve;
pub(super) mod range;

use std::sync::Arc;

use nalgebra::DMatrix;

use super::axes::{Aspect, Axes, Axis, Frame, Legend, Plane, Range, Sign, Steps, plane_words};
use super::canvas::{Area, Canvas, Ink, Margins, Stroke};
use super::corner::Sorted;
use super::kept::Kept;
use super::picture::Picture;
use crate::density::Density;
use crate::error::{Error, Result};
use crate::real::Real;
use ask::on_the_line;
use bars::bars;
use curve::graph;
use range::find_range;

/// The most strokes of a rug.
const STROKES: usize = 2000;

/// A picture of densities on the line; made by [`line`](fn@line).
#[derive(Clone)]
pub struct LinePicture<'a, T: Real> {
    plane: Plane,
    densities: Vec<(String, &'a dyn Density<T>)>,
    data: Option<(String, Result<Vec<f64>>)>,
    around: Option<Result<Vec<f64>>>,
    rug: bool,
    /// What is drawn, for the ranges that were given.
    found: Kept<[Option<[f64; 2]>; 2], Look>,
}

plane_words!(LinePicture<'a, T> where ['a, T: Real]);

/// The graph of a density of one coordinate, and of others over it. It runs over nearly all of its mass, or
/// less where tails are long.
///
/// ```no_run
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let parting = field::autonomous::<1, _>(|x| [(x[0] * 2.0).sin()]);
/// let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(parting));
/// let samples: Samples<f64> = model.sample(2000, &mut StdRng::seed_from_u64(1))?;
/// let base = StandardNormal::new(1);
/// let picture = plot::line::<f64>(&model).name("flow").over("base", &base).data("samples", &samples);
/// picture.rug().axis_labels("x", "density").save("line.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn line<T: Real>(density: &dyn Density<T>) -> LinePicture<'_, T> {
    let mut plane = Plane::new("x", "density");
    plane.aspect = Aspect::Free;
    LinePicture {
        plane,
        densities: vec![("model".into(), density)],
        data: None,
        around: None,
        rug: false,
        found: Kept::default(),
    }
}

impl<'a, T: Real> LinePicture<'a, T> {
    /// The name of the first density. Default: model.
    pub fn name(mut self, name: &str) -> Self {
        self.densities[0].0 = name.to_string();
        self
    }

    /// Another density.
    pub fn over(mut self, name: &str, density: &'a dyn Density<T>) -> Self {
        self.densities.push((name.to_string(), density));
        self.found = Kept::default();
        self
    }

    /// A histogram of samples (1 x n) behind the densities. Those that are not finite are left out.
    pub fn data(mut self, name: &str, points: &DMatrix<T>) -> Self {
        self.data = Some((name.to_string(), numbers(name, points)));
        self.found = Kept::default();
        self
    }

    /// The axis runs over nearly all of these samples (1 x n), which are not drawn.
    pub fn around(mut self, points: &DMatrix<T>) -> Self {
        self.around = Some(numbers("samples", points));
        self.found = Kept::default();
        self
    }

    /// A stroke for each of the samples, up to 2000, at the lower edge.
    pub fn rug(mut self) -> Self {
        self.rug = true;
        self
    }

    fn sorted(&self) -> Result<Option<Sorted>> {
        let values = self.data.as_ref().map(|(_, values)| values.clone()).transpose()?;
        Ok(values.map(|values| Sorted::new(&values)))
    }

    /// Where densities and data lie; a density whose place is not found is drawn where the others are.
    fn range(&self, data: Option<&Sorted>) -> Result<Range> {
        if let Some(ends) = self.plane.x {
            return Range::given("x", Steps::Even, ends);
        }
        let of_data =
            |sorted: &Sorted| Range::around("x", Steps::Even, sorted.bulk().into_iter(), 0.06);
        if let Some(values) = &self.around {
            let found = of_data(&Sorted::new(&values.clone()?))?;
            return found.ok_or_else(|| Error::non_finite("no sample is finite: give others"));
        }
        let mut all: Option<Range> = data.map(of_data).transpose()?.flatten();
        let mut failed = None;
        for (_, density) in &self.densities {
            let ask = |xs: &[f64]| on_the_line(*density, xs);
            match find_range(&ask, T::LARGEST.sqrt()) {
                Ok(found) => all = Some(all.map_or(found, |range| range.joined(found))),
                Err(error) if error.is_shape() => return Err(error),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let none = || failed.unwrap_or_else(|| Error::empty("there is no density to draw"));
        all.ok_or_else(none)
    }

    fn look(&self) -> Result<Arc<Look>> {
        self.found.get([self.plane.x, self.plane.y], || self.find())
    }

    fn find(&self) -> Result<Look> {
        let data = self.sorted()?;
        let x = self.range(data.as_ref())?;
        let graphs = self.densities.iter().map(|(_, density)| {
            let ask = |xs: &[f64]| on_the_line(*density, xs);
            graph(&ask, x)
        });
        let graphs: Vec<_> = graphs.collect::<Result<_>>()?;
        let bars = data.as_ref().map_or_else(Vec::new, |sorted| bars(sorted, x));
        let heights = graphs.iter().flatten().chain(&bars).map(|point| point[1]);
        let top = heights.filter(|height| height.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        let y = match self.plane.y {
            Some(ends) => Range::given("density", Steps::Even, ends)?,
            None if top == f64::NEG_INFINITY => {
                return Err(Error::non_finite(format!(
                    "the density is nowhere a finite number from {} to {}: give another x_range",
                    x.from(),
                    x.to()
                )));
            }
            None => heights_to(top)?,
        };
        Ok(Look { ranges: [x, y], graphs, bars })
    }

    fn axes(&self, [x, y]: [Range; 2]) -> Axes {
        let axes = self.plane.axes_of([Axis::of(x, Steps::Even), Axis::of(y, Steps::Even)]);
        axes.open()
    }

    fn draw_rug(&self, canvas: &mut Canvas, frame: &Frame, values: &[f64]) {
        let (unit, bottom) = (canvas.unit(), frame.inner().bottom);
        let stroke = Stroke::new(canvas.theme().soft).width(1.0).alpha(rug_alpha(values.len()));
        let every = values.len().div_ceil(STROKES).max(1);
        let [from, to] = frame.ranges()[0];
        let inside = values.iter().filter(|x| (from..=to).contains(*x)).step_by(every);
        for x in inside {
            let [x, _] = frame.at([*x, 0.0]);
            canvas.line(vec![[x, bottom - 12.0 * unit], [x, bottom]], stroke);
        }
    }
}

/// The more strokes, the fainter.
fn rug_alpha(count: usize) -> f64 {
    0.5 * (50.0 / count as f64).powf(0.45).min(1.0)
}

/// What is drawn.
#[derive(Debug)]
struct Look {
    ranges: [Range; 2],
    graphs: Vec<Vec<[f64; 2]>>,
    bars: Vec<[f64; 2]>,
}

/// From zero to a little above the highest.
fn heights_to(top: f64) -> Result<Range> {
    match top > 1e-280 {
        true => Range::given("density", Steps::Even, [0.0, 1.06 * top]),
        false => Range::given("density", Steps::Even, [0.0, 1.0]),
    }
}

/// The finite numbers of a row.
fn numbers<T: Real>(name: &str, points: &DMatrix<T>) -> Result<Vec<f64>> {
    let (rows, columns) = points.shape();
    if rows != 1 {
        return Err(Error::shape(format!(
            "{name}: a {rows} x {columns} matrix is no set of points on the line: give one row, and a column for \
             each point"
        )));
    }
    if columns == 0 {
        return Err(Error::empty(format!("{name}: there is no column to draw, give one or more")));
    }
    let found: Vec<f64> = points.iter().map(|x| x.wide()).filter(|x| x.is_finite()).collect();
    match found.is_empty() {
        true => Err(Error::non_finite(format!(
            "{name}: none of the {columns} numbers is finite: give others"
        ))),
        false => Ok(found),
    }
}

impl<T: Real> Picture for LinePicture<'_, T> {
    fn size(&self) -> (u32, u32) {
        self.plane.size.unwrap_or((1000, 640))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        Ok(self.axes(self.look()?.ranges).margins(canvas, area))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let look = self.look()?;
        let Look { ranges, graphs, bars } = look.as_ref();
        let frame = self.axes(*ranges).place(canvas, area)?;
        frame.draw_grid(canvas);
        let mut legend = Legend::new();
        let theme = canvas.theme().clone();
        if let Some((name, values)) = &self.data {
            let ink = Ink::new(theme.axis).alpha(0.35);
            draw_bars(canvas, &frame, bars, ink);
            legend = legend.entry(name, Sign::Patch(ink));
            if self.rug {
                self.draw_rug(canvas, &frame, &values.clone()?);
            }
        }
        for (k, (points, (name, _))) in graphs.iter().zip(&self.densities).enumerate() {
            let stroke = Stroke::new(theme.series(k)).width(1.2 * theme.line);
            if self.data.is_none() && graphs.len() == 1 {
                draw_below(canvas, &frame, points, Ink::new(theme.series(k)).alpha(0.16));
            }
            frame.draw_line(canvas, points, stroke);
            legend = legend.entry(name, Sign::Line(stroke));
        }
        legend.draw(canvas, &frame);
        frame.finish(canvas)
    }
}

/// Bars as one area, so that no seams are seen between them, with their outline.
fn draw_bars(canvas: &mut Canvas, frame: &Frame, outline: &[[f64; 2]], ink: Ink) {
    draw_below(canvas, frame, outline, ink);
    let stroke = Stroke::new(ink.alpha(0.8)).width(1.0);
    frame.draw_line(canvas, outline, stroke);
}

/// Fills what is between points and zero.
fn draw_below(canvas: &mut Canvas, frame: &Frame, points: &[[f64; 2]], ink: Ink) {
    for run in points.split(|point| point[1].is_nan()) {
        if let (Some(first), Some(last)) = (run.first(), run.last()) {
            let mut outline = run.to_vec();
            outline.extend([[last[0], 0.0], [first[0], 0.0]]);
            frame.draw_polygon(canvas, &outline, ink);
        }
    }
}

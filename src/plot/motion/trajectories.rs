//! Trajectories in the plane, coloured by time.

use std::sync::OnceLock;

use nalgebra::DMatrix;

use super::under::sampled;
use crate::density::{Evolving, Moving};
use crate::error::{Error, Result};
use crate::ode::Span;
use crate::outcome::shown;
use crate::plot::axes::{Axes, ColorBar, Legend, Plane, Range, Sign, Steps, plane_words};
use crate::plot::canvas::{Area, Canvas, ColorMap, Ink, Margins, Marker, Stroke};
use crate::plot::picture::Picture;
use crate::plot::samples::{check_plane, points_of};
use crate::real::Real;

/// The times between start and end.
const TIMES: usize = 60;
/// More paths than this would cover one another.
const MOST: usize = 20_000;

/// Points at some times, and the times.
type Paths = (Vec<f64>, Vec<Vec<[f64; 2]>>);

/// How paths are found: from their number and a seed.
type Find<'a> = dyn Fn(usize, u64) -> Result<Paths> + 'a;

/// Trajectories in the plane; made by [`trajectories`], [`trajectories_from`] and [`trajectories_through`].
pub struct TrajectoriesPicture<'a> {
    plane: Plane,
    find: Box<Find<'a>>,
    count: usize,
    seed: u64,
    /// Whether points are given, and none are drawn.
    given: bool,
    problem: Option<Error>,
    found: OnceLock<Result<Paths>>,
}

plane_words!(TrajectoriesPicture<'a> where ['a]);

/// The ways of samples of the base to the data, coloured by time.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
/// plot::trajectories::<f64>(&model).count(80).save("ways.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn trajectories<T: Real>(model: &dyn Evolving<T>) -> TrajectoriesPicture<'_> {
    let find = move |count: usize, seed: u64| {
        check_planar(model.coordinates())?;
        let times = even_times(model.span()?);
        let steps = sampled(model, &times, count, seed)?;
        Ok((times, steps.iter().map(points_of).collect()))
    };
    TrajectoriesPicture::new(Box::new(find))
}

/// The ways of points (2 x n) from the time of the base to that of the data.
pub fn trajectories_from<'a, T: Real>(
    flow: &'a dyn Moving<T>,
    start: &DMatrix<T>,
) -> TrajectoriesPicture<'a> {
    let start = start.clone();
    let find = move |_: usize, _: u64| {
        check_plane("trajectories", &start)?;
        let times = even_times(flow.span()?);
        let steps = flow.path(&start, &times)?;
        Ok((times, steps.iter().map(points_of).collect()))
    };
    TrajectoriesPicture::new(Box::new(find)).given()
}

/// The ways through points that are known: 2 x n at each of the times.
pub fn trajectories_through<T: Real>(
    times: &[f64],
    steps: &[DMatrix<T>],
) -> TrajectoriesPicture<'static> {
    let known = known(times, steps);
    TrajectoriesPicture::new(Box::new(move |_, _| known.clone())).given()
}

fn known<T: Real>(times: &[f64], steps: &[DMatrix<T>]) -> Result<Paths> {
    if times.len() != steps.len() || times.len() < 2 {
        return Err(Error::shape(format!(
            "{} and points at {} of them: give points at every time, two times or more",
            shown::count(times.len(), "time"),
            steps.len()
        )));
    }
    if let Some(k) = times.iter().position(|t| !t.is_finite()) {
        return Err(Error::non_finite(format!("time {k} is {}: give finite times", times[k])));
    }
    for step in steps {
        check_plane("trajectories", step)?;
        if step.ncols() != steps[0].ncols() {
            return Err(Error::shape(format!(
                "trajectories: {} at one time, {} at the first: give the same points at all",
                shown::count(step.ncols(), "point"),
                steps[0].ncols()
            )));
        }
    }
    Ok((times.to_vec(), steps.iter().map(points_of).collect()))
}

/// From the base to the data in equal steps.
fn even_times(span: Span) -> Vec<f64> {
    let at = |k: usize| span.from + span.length() * k as f64 / TIMES as f64;
    (0..TIMES).map(at).chain([span.to]).collect()
}

fn check_planar(dim: usize) -> Result<()> {
    match dim {
        2 => Ok(()),
        1 => Err(Error::shape(
            "trajectories of one coordinate have no picture in the plane: draw time against it by `timeline`",
        )),
        _ => Err(Error::shape(format!(
            "trajectories in {} have no picture in the plane: give those of two rows",
            shown::count(dim, "dimension")
        ))),
    }
}

impl<'a> TrajectoriesPicture<'a> {
    fn new(find: Box<Find<'a>>) -> Self {
        let plane = Plane::new("x₁", "x₂");
        let (given, problem) = (false, None);
        Self { plane, find, count: 120, seed: 1, given, problem, found: OnceLock::new() }
    }

    /// How many samples of the base are followed. Default: 120.
    pub fn count(mut self, samples: usize) -> Self {
        (self.count, self.found) = (samples, OnceLock::new());
        self.drawing()
    }

    /// The seed of the samples. Default: 1.
    pub fn seed(mut self, seed: u64) -> Self {
        (self.seed, self.found) = (seed, OnceLock::new());
        self.drawing()
    }

    /// The same, of points that are given.
    fn given(mut self) -> Self {
        self.given = true;
        self
    }

    /// The same, with an error where no samples are drawn.
    fn drawing(mut self) -> Self {
        if self.given {
            self.problem = Some(Error::setting(
                "trajectories of points that were given draw no samples: leave `count` and `seed` out",
            ));
        }
        self
    }

    fn paths(&self) -> Result<&Paths> {
        if self.count > MOST {
            return Err(Error::setting(format!(
                "{} trajectories would cover one another: give up to {MOST}",
                self.count
            )));
        }
        if let Some(error) = &self.problem {
            return Err(error.clone());
        }
        let found = self.found.get_or_init(|| (self.find)(self.count, self.seed));
        found.as_ref().map_err(Clone::clone)
    }

    fn axes(&self, canvas: &Canvas) -> Result<(Axes, ColorBar)> {
        let (times, steps) = self.paths()?;
        let range = |name: &str, axis: usize| {
            let values = steps.iter().flatten().map(|point| point[axis]);
            Range::around(name, Steps::Even, values, 0.06)?.ok_or_else(|| {
                Error::non_finite(format!("no trajectory has a finite {name}: give others"))
            })
        };
        let ends = times
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], t| [low.min(*t), high.max(*t)]);
        let bar = ColorBar::new(time_colors(canvas), ends)?.label("time");
        let axes = self.plane.axes(|| Ok([range("x", 0)?, range("y", 1)?]))?;
        Ok((axes.bar(bar.clone()), bar))
    }
}

/// The colours of times, without those that are hardly seen on the ground.
fn time_colors(canvas: &Canvas) -> ColorMap {
    let map = &canvas.theme().sequential;
    let light = canvas.theme().background[0] > 128;
    let [from, to] = if light { [0.0, 0.88] } else { [0.22, 1.0] };
    let at = |k: usize| map.at(from + (to - from) * k as f64 / 16.0);
    ColorMap::new(&(0..=16).map(at).collect::<Vec<_>>())
}

impl Picture for TrajectoriesPicture<'_> {
    fn size(&self) -> (u32, u32) {
        self.plane.size.unwrap_or((1000, 860))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        Ok(self.axes(canvas)?.0.margins(canvas, area))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let (axes, bar) = self.axes(canvas)?;
        let (times, steps) = self.paths()?;
        let frame = axes.place(canvas, area)?;
        frame.draw_grid(canvas);
        let theme = canvas.theme().clone();
        let crowd = (steps[0].len() as f64 / 120.0).max(1.0);
        let width = (1.9 / crowd.powf(0.3)).max(0.7);
        let colored = |k: usize| bar.color(0.5 * (times[k] + times[k + 1]));
        // Pieces of one time lie over all earlier ones.
        for k in 0..steps.len() - 1 {
            let stroke = Stroke::new(colored(k)).width(width);
            for (from, to) in steps[k].iter().zip(&steps[k + 1]) {
                frame.draw_line(canvas, &[*from, *to], stroke);
            }
        }
        let [start, end] = [theme.soft, theme.series(1)];
        let radius = (3.6 / crowd.powf(0.3)).max(1.3);
        let marks = [(steps.first(), start, 0.8 * radius), (steps.last(), end, radius)];
        for (points, color, radius) in marks {
            let points = points.map_or(&[][..], Vec::as_slice);
            frame.draw_points(canvas, points, Marker::Dot, radius, Ink::new(color).alpha(0.95));
        }
        let signs = [start, end].map(|color| Sign::Dot(color.into()));
        Legend::new().entry("start", signs[0]).entry("end", signs[1]).draw(canvas, &frame);
        frame.finish(canvas)
    }
}

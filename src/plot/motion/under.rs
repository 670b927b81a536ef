//! A density at a time: what lies below fields, and what films are made of.

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use crate::density::{Density, Evolving};
use crate::error::{Error, Result};
use crate::plot::axes::{Frame, Range, Steps};
use crate::plot::canvas::{Canvas, Color, ColorMap, Ink, Marker, Pixels};
use crate::plot::density::ask::{check_planar, log_densities};
use crate::plot::density::mass::find_mass;
use crate::plot::density::sheet::{Budget, Sheet};
use crate::real::Real;

/// So many samples say where a density lies.
const SURVEYED: usize = 1500;

/// A density that changes in time, at one time.
pub(super) struct AtTime<'a, T: Real> {
    model: &'a dyn Evolving<T>,
    t: f64,
}

impl<'a, T: Real> AtTime<'a, T> {
    pub fn new(model: &'a dyn Evolving<T>, t: f64) -> Self {
        Self { model, t }
    }
}

impl<T: Real> Density<T> for AtTime<'_, T> {
    fn dim(&self) -> usize {
        self.model.coordinates()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        self.model.log_prob_at(self.t, points)
    }
}

/// Log-densities at a time and some points.
type Ask<'a> = dyn Fn(f64, &[[f64; 2]]) -> Result<Vec<f64>> + 'a;
/// Where the density lies at a time.
type Find<'a> = dyn Fn(f64) -> Result<[Range; 2]> + 'a;

/// A density in the plane, whatever its scalar, which may change in time.
pub(in crate::plot) struct Under<'a> {
    ask: Box<Ask<'a>>,
    find: Box<Find<'a>>,
}

impl<'a> Under<'a> {
    /// The same at all times.
    pub fn of<T: Real>(density: &'a dyn Density<T>) -> Self {
        let ask = move |_: f64, points: &[[f64; 2]]| log_densities(density, points);
        let find = move |_: f64| {
            check_planar(density)?;
            find_mass(density)
        };
        Self { ask: Box::new(ask), find: Box::new(find) }
    }

    pub fn evolving<T: Real>(model: &'a dyn Evolving<T>) -> Self {
        let ask = move |t: f64, points: &[[f64; 2]]| log_densities(&AtTime::new(model, t), points);
        let find = move |t: f64| {
            check_planar(&AtTime::new(model, t))?;
            let points = sampled(model, &[t], SURVEYED, 1)?;
            Ok([seen_range("x", &points[0], 0)?, seen_range("y", &points[0], 1)?])
        };
        Self { ask: Box::new(ask), find: Box::new(find) }
    }

    /// Where the density lies at a time.
    pub fn ranges(&self, t: f64) -> Result<[Range; 2]> {
        (self.find)(t)
    }

    /// The density at a time over a plot.
    pub fn sheet(&self, t: f64, frame: &Frame) -> Result<Sheet> {
        self.sheet_of(t, ranges_of(frame)?, Budget::of(160))
    }

    pub fn sheet_of(&self, t: f64, ranges: [Range; 2], budget: Budget) -> Result<Sheet> {
        let ask =
            |points: &[[f64; 2]]| Ok((self.ask)(t, points)?.into_iter().map(f64::exp).collect());
        Sheet::of(&ask, ranges, budget)
    }
}

/// The ranges of axes in their place.
pub(super) fn ranges_of(frame: &Frame) -> Result<[Range; 2]> {
    let [x, y] = frame.ranges();
    Ok([Range::given("x", Steps::Even, x)?, Range::given("y", Steps::Even, y)?])
}

/// The same samples of a model at several times, NaN from where one failed.
pub(super) fn sampled<T: Real>(
    model: &dyn Evolving<T>,
    times: &[f64],
    count: usize,
    seed: u64,
) -> Result<Vec<DMatrix<T>>> {
    let start = model.draw_base(count, &mut Xoshiro256PlusPlus::seed_from_u64(seed))?;
    let all: Vec<f64> = std::iter::once(model.span()?.from).chain(times.iter().copied()).collect();
    let mut path = model.path(&start, &all)?;
    path.remove(0);
    Ok(path)
}

/// From where to where nearly all of some samples lie along an axis, with a margin.
pub(in crate::plot) fn seen_range<T: Real>(
    name: &str,
    points: &DMatrix<T>,
    axis: usize,
) -> Result<Range> {
    let mut values: Vec<f64> =
        points.row(axis).iter().map(|x| x.wide()).filter(|x| x.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let beyond = values.len() / 250;
    let kept = values.get(beyond..values.len() - beyond).unwrap_or_default();
    Range::around(name, Steps::Even, kept.iter().copied(), 0.14)?.ok_or_else(|| {
        Error::non_finite(format!("no sample has a finite {name}: give the range by hand"))
    })
}

/// Small dots that show where samples are without hiding what lies below.
pub(super) fn draw_samples(canvas: &mut Canvas, frame: &Frame, points: &[[f64; 2]]) {
    let crowd = (points.len() as f64 / 150.0).max(1.0);
    let radius = (2.6 / crowd.powf(0.25)).max(1.4);
    frame.draw_points(canvas, points, Marker::Dot, radius, Ink::new([255; 3]).alpha(0.75));
}

/// The colours of a map at a power of shares below one: what is low beside narrow peaks is still seen.
pub(super) fn lifted(map: &ColorMap) -> ColorMap {
    const KNOTS: usize = 1000;
    let at = |k: usize| map.at((k as f64 / KNOTS as f64).powf(0.6));
    ColorMap::new(&(0..=KNOTS).map(at).collect::<Vec<_>>())
}

/// Values on a sheet as colours, from the top down.
pub(in crate::plot) fn pixels(sheet: &Sheet, color: impl Fn(f64) -> Color) -> Result<Pixels> {
    let rows = sheet.values.chunks_exact(sheet.columns).rev();
    let color = |value: &f64| color(if value.is_nan() { 0.0 } else { *value });
    Ok(Pixels::new(sheet.columns, rows.flatten().map(color).collect())?.smooth())
}

//! The density of one coordinate over a context: as a heat map, or as ribbons between quantiles.

use nalgebra::{DMatrix, DVector};

use super::axes::{
    Aspect, Axes, Axis, ColorBar, Frame, Legend, Plane, Range, Sign, Steps, plane_words,
};
use super::canvas::{Area, Canvas, Ink, Margins, Stroke};
use super::density::sheet::{Budget, Sheet};
use super::kept::Kept;
use super::known::known;
use super::line::ask::{check_line, none_infinite};
use super::line::range::find_range;
use super::motion::pixels;
use super::picture::Picture;
use super::samples::draw_dots;
use crate::density::Density;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// The density is asked for at as many points as a square with so many nodes along a side has.
const NODES: usize = 160;
/// The contexts at which quantiles are found.
const CONTEXTS: usize = 97;
/// The numbers at which the density is asked for at each of them.
const ALONG: usize = 161;
/// The contexts at which the mass is searched.
const SURVEYED: usize = 9;
/// The share of nodes whose densities have the last colour, so that a narrow peak does not darken all.
const BRIGHTEST: f64 = 0.004;

/// A picture of a conditional density; made by [`conditional`].
pub struct ConditionalPicture<'a, T: Real> {
    plane: Plane,
    given: Box<Given<'a, T>>,
    fixed: Option<(usize, Vec<f64>)>,
    ends: [f64; 2],
    data: Option<(String, Result<Vec<[f64; 2]>>)>,
    look: Look,
    /// Where the mass is, between these contexts.
    found: Kept<[f64; 2], Range>,
}

/// The log-densities of points (1 x n), each under its context.
type Given<'a, T> = dyn Fn(&DMatrix<T>, DMatrix<T>) -> Result<DVector<T>> + 'a;

#[derive(Clone, Copy, PartialEq)]
enum Look {
    Heat,
    Ribbons,
}

plane_words!(ConditionalPicture<'a, T> where ['a, T: Real]);

/// What a conditional family of one coordinate says about it at contexts between two: a heat map of p(y | c),
/// or [ribbons](ConditionalPicture::ribbons) between its quantiles.
///
/// ```no_run
/// use liouville::prelude::*;
/// # let (contexts, points) = (liouville::nalgebra::DMatrix::<f64>::zeros(1, 9), liouville::nalgebra::DMatrix::zeros(1, 9));
///
/// let bent = field::conditional::<1, 1, _>(|_, x, c| [c[0].sin() - x[0] * c[0] * 0.2]);
/// let family = StandardNormal::new(1).pushed_by(ContinuousFlow::new(bent));
/// let picture = plot::conditional::<f64, _>(|context| family.given(context), [0.0, 5.0]).ribbons();
/// picture.data("held out", &contexts, &points).axis_labels("time (s)", "height (m)").save("family.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn conditional<'a, T: Real, D: Density<T>>(
    given: impl Fn(DMatrix<T>) -> D + 'a,
    contexts: [f64; 2],
) -> ConditionalPicture<'a, T> {
    let mut plane = Plane::new("context", "y");
    plane.aspect = Aspect::Free;
    let given = move |points: &DMatrix<T>, context: DMatrix<T>| {
        let density = given(context);
        check_line(&density)?;
        density.log_prob(points)
    };
    ConditionalPicture {
        plane,
        given: Box::new(given),
        fixed: None,
        ends: contexts,
        data: None,
        look: Look::Heat,
        found: Kept::default(),
    }
}

/// Contexts and coordinates of samples (1 x n each), of which one or more are finite.
fn pairs<T: Real>(name: &str, contexts: &DMatrix<T>, points: &DMatrix<T>) -> Result<Vec<[f64; 2]>> {
    let ((k, n), (dim, m)) = (contexts.shape(), points.shape());
    if (k, dim) != (1, 1) || n != m {
        return Err(Error::shape(format!(
            "{name}: contexts are {k} x {n} and points {dim} x {m}: give one row of both, and as many columns"
        )));
    }
    if n == 0 {
        return Err(Error::empty(format!("{name}: there is no column to draw, give one or more")));
    }
    let all = contexts.iter().zip(points.iter()).map(|(c, y)| [c.wide(), y.wide()]);
    let found: Vec<_> = all.filter(|pair| pair.iter().all(|part| part.is_finite())).collect();
    match found.is_empty() {
        true => Err(Error::non_finite(format!(
            "{name}: none of the {} is finite in its context and its coordinate: give others",
            shown::count(n, "sample")
        ))),
        false => Ok(found),
    }
}

impl<T: Real> ConditionalPicture<'_, T> {
    /// Which of several context values the picture runs along; the others are fixed at those of `context`,
    /// whose own value at this place is not used. Default: the only one.
    pub fn along(mut self, place: usize, context: &[f64]) -> Self {
        self.fixed = Some((place, context.to_vec()));
        self.found = Kept::default();
        self
    }

    /// Ribbons that hold half and nine tenths of the mass, with the median.
    pub fn ribbons(mut self) -> Self {
        self.look = Look::Ribbons;
        self
    }

    /// Dots of samples on top: their values of the context that varies, and of the coordinate (1 x n each).
    pub fn data(mut self, name: &str, contexts: &DMatrix<T>, points: &DMatrix<T>) -> Self {
        self.data = Some((name.to_string(), pairs(name, contexts, points)));
        self.found = Kept::default();
        self
    }

    /// Log-densities at points (context, coordinate), NaN where they are not known.
    fn ask(&self, points: &[[f64; 2]]) -> Result<Vec<f64>> {
        let (place, fixed) = self.fixed.clone().unwrap_or((0, vec![0.0]));
        known(points.len(), &|places| {
            let ys = DMatrix::from_fn(1, places.len(), |_, k| T::of(points[places[k]][1]));
            let context = DMatrix::from_fn(fixed.len(), places.len(), |row, k| {
                T::of(if row == place { points[places[k]][0] } else { fixed[row] })
            });
            (self.given)(&ys, context)
        })
        .map(none_infinite)
    }

    /// The range of contexts, of the coordinate as it is shown, and as it holds the mass.
    fn ranges(&self) -> Result<[Range; 3]> {
        let (place, fixed) = self.fixed.clone().unwrap_or((0, vec![0.0]));
        if place >= fixed.len() {
            return Err(Error::setting(format!(
                "along context {place} of {}: count them from 0",
                shown::count(fixed.len(), "value")
            )));
        }
        let known = |(k, value): &(usize, &f64)| *k == place || value.is_finite();
        if let Some((k, value)) = fixed.iter().enumerate().find(|all| !known(all)) {
            return Err(Error::setting(format!("context value {k} is {value}: give a finite one")));
        }
        let ends = self.plane.x.unwrap_or(self.ends);
        let x = Range::given("context", Steps::Even, ends)?;
        let mass = *self.found.get(ends, || self.mass(x))?;
        let given = self.plane.y.map(|ends| Range::given("y", Steps::Even, ends)).transpose()?;
        Ok([x, given.unwrap_or(mass), mass])
    }

    /// Where the mass and the data are between some contexts.
    fn mass(&self, x: Range) -> Result<Range> {
        let mut all: Option<Range> = None;
        let mut failed = None;
        for k in 0..SURVEYED {
            let c = x.at((k as f64 + 0.5) / SURVEYED as f64);
            let ask = |ys: &[f64]| self.ask(&ys.iter().map(|y| [c, *y]).collect::<Vec<_>>());
            match find_range(&ask, T::LARGEST.sqrt()) {
                Ok(found) => all = Some(all.map_or(found, |range| range.joined(found))),
                Err(error) if error.is_shape() => return Err(error),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some((_, points)) = &self.data {
            let points = points.clone()?;
            let values = points.iter().map(|point| point[1]);
            let seen = Range::around_most("y", values, 0.05)?;
            all = all.map(|range| seen.map_or(range, |seen| range.joined(seen))).or(seen);
        }
        let none = || failed.unwrap_or_else(|| Error::empty("there is no density to draw"));
        all.ok_or_else(none)
    }

    fn axes(&self, [x, y]: [Range; 2], bar: Option<ColorBar>) -> Axes {
        let axes = self.plane.axes_of([
            Axis::of(x, Steps::Even).stretches(false),
            Axis::of(y, Steps::Even).stretches(false),
        ]);
        match bar {
            Some(bar) => axes.bar(bar.label("density")),
            None => axes.open(),
        }
    }

    fn sheet(&self, ranges: [Range; 2]) -> Result<Sheet> {
        let ask = |points: &[[f64; 2]]| {
            Ok(self.ask(points)?.into_iter().map(f64::exp).map(finite).collect())
        };
        Sheet::of(&ask, ranges, Budget::of(NODES))
    }

    /// The density at contexts along a range: over all of the mass at first, then at each over its own.
    fn profiles(&self, x: Range, mass: Range) -> Result<Vec<Profile>> {
        let contexts: Vec<f64> =
            (0..CONTEXTS).map(|k| x.at(k as f64 / (CONTEXTS as f64 - 1.0))).collect();
        let whole = vec![[mass.from(), mass.to()]; CONTEXTS];
        let coarse = profiles_by(&|points| self.ask(points), &contexts, &whole)?;
        let own: Vec<[f64; 2]> = coarse.iter().map(Profile::bulk).collect();
        let finer = profiles_by(&|points| self.ask(points), &contexts, &own)?;
        let own: Vec<[f64; 2]> = finer.iter().map(Profile::bulk).collect();
        profiles_by(&|points| self.ask(points), &contexts, &own)
    }

    fn draw_data(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        legend: Legend,
        ink: Ink,
    ) -> Result<Legend> {
        let Some((name, points)) = &self.data else { return Ok(legend) };
        draw_dots(canvas, frame, &points.clone()?, ink);
        Ok(legend.entry(name, Sign::Dot(ink)))
    }

    fn draw_heat(&self, canvas: &mut Canvas, area: Area, [x, y]: [Range; 2]) -> Result<()> {
        let sheet = self.sheet([x, y])?;
        let map = canvas.theme().sequential.clone();
        let bar = ColorBar::new(map, [0.0, brightest(&sheet.values)])?;
        let frame = self.axes([x, y], Some(bar.clone())).place(canvas, area)?;
        frame.draw_image(canvas, pixels(&sheet, |value| bar.color(value))?);
        let dots = Ink::new([255; 3]).alpha(0.7);
        self.draw_data(canvas, &frame, Legend::new(), dots)?;
        frame.finish(canvas)
    }

    fn draw_ribbons(
        &self,
        canvas: &mut Canvas,
        area: Area,
        [x, y, mass]: [Range; 3],
    ) -> Result<()> {
        let profiles = self.profiles(x, mass)?;
        let frame = self.axes([x, y], None).place(canvas, area)?;
        frame.draw_grid(canvas);
        let theme = canvas.theme().clone();
        let color = Ink::new(theme.series(0));
        let data =
            self.draw_data(canvas, &frame, Legend::new(), Ink::new(theme.soft).alpha(0.5))?;
        let line = |share: f64| line(&profiles, share);
        for (beyond, alpha) in [(0.05, 0.2), (0.25, 0.32)] {
            let (low, high) = (line(beyond), line(1.0 - beyond));
            draw_between(canvas, &frame, &low, &high, color.alpha(alpha));
        }
        let median = Stroke::new(color).width(theme.line);
        frame.draw_line(canvas, &line(0.5), median);
        let legend = data
            .entry("median", Sign::Line(median))
            .entry("50%", Sign::Patch(color.alpha(0.46)))
            .entry("90%", Sign::Patch(color.alpha(0.2)));
        legend.draw(canvas, &frame);
        frame.finish(canvas)
    }
}

/// Log-densities of pairs of a context and a value.
type Ask<'a> = dyn Fn(&[[f64; 2]]) -> Result<Vec<f64>> + 'a;

/// Densities at contexts, each between two ends, from log-densities of points.
fn profiles_by(ask: &Ask<'_>, contexts: &[f64], ends: &[[f64; 2]]) -> Result<Vec<Profile>> {
    let place = |k: usize| k as f64 / (ALONG as f64 - 1.0);
    let points = contexts.iter().zip(ends).flat_map(|(context, [from, to])| {
        (0..ALONG).map(move |k| [*context, from + (to - from) * place(k)])
    });
    let values = ask(&points.collect::<Vec<_>>())?;
    let parts = values.chunks_exact(ALONG).map(|part| {
        // Over the highest, so that nodes that miss a narrow peak still say where it is.
        let most = part.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ratio = |value: &f64| Some((value - most).exp()).filter(|p| p.is_finite());
        part.iter().map(|value| ratio(value).unwrap_or(0.0)).collect()
    });
    let each = contexts.iter().zip(ends).zip(parts);
    Ok(each
        .map(|((context, ends), values)| Profile { context: *context, ends: *ends, values })
        .collect())
}

/// What is no finite number is not known.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// The density that has the last colour: few are above it.
fn brightest(values: &[f64]) -> f64 {
    let mut all: Vec<f64> = values.iter().copied().filter(|value| *value > 0.0).collect();
    all.sort_unstable_by(f64::total_cmp);
    let beyond = (BRIGHTEST * all.len() as f64) as usize;
    let found = all.get(all.len().saturating_sub(1 + beyond)).copied().unwrap_or(1.0);
    found.max(1e-280)
}

/// The density of the coordinate at one context over its highest, on even nodes between two numbers; zero where it
/// is not known.
struct Profile {
    context: f64,
    ends: [f64; 2],
    values: Vec<f64>,
}

impl Profile {
    /// The number below which a share of the mass lies, by the trapezoid rule; NaN where there is no mass.
    fn quantile(&self, share: f64) -> f64 {
        let last = self.values.len() - 1;
        let part = |k: usize| 0.5 * (self.values[k] + self.values[k + 1]);
        let mut wanted = share * (0..last).map(part).sum::<f64>();
        for k in 0..last {
            let part = part(k);
            if wanted <= part && part > 0.0 {
                let [from, to] = self.ends;
                return from + (to - from) * (k as f64 + wanted / part) / last as f64;
            }
            wanted -= part;
        }
        f64::NAN
    }

    /// Around nearly all of the mass; all that was looked at if there is none.
    fn bulk(&self) -> [f64; 2] {
        let [from, to] = self.ends;
        let margin = 2.0 * (to - from) / (self.values.len() as f64 - 1.0);
        let found = [self.quantile(5e-4) - margin, self.quantile(0.9995) + margin];
        if found[0] < found[1] { [found[0].max(from), found[1].min(to)] } else { self.ends }
    }
}

/// The same quantile at all contexts.
fn line(profiles: &[Profile], share: f64) -> Vec<[f64; 2]> {
    profiles.iter().map(|profile| [profile.context, profile.quantile(share)]).collect()
}

/// Fills what is between two lines over the same numbers, where both are known.
fn draw_between(canvas: &mut Canvas, frame: &Frame, low: &[[f64; 2]], high: &[[f64; 2]], ink: Ink) {
    let pairs: Vec<_> = low.iter().zip(high).collect();
    for run in pairs.split(|(low, high)| low[1].is_nan() || high[1].is_nan()) {
        let above = run.iter().rev().map(|(_, high)| **high);
        let outline: Vec<_> = run.iter().map(|(low, _)| **low).chain(above).collect();
        frame.draw_polygon(canvas, &outline, ink);
    }
}

impl<T: Real> Picture for ConditionalPicture<'_, T> {
    fn size(&self) -> (u32, u32) {
        self.plane.size.unwrap_or((1000, 640))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        let [x, y, _] = self.ranges()?;
        let bar = match self.look {
            Look::Heat => Some(ColorBar::new(canvas.theme().sequential.clone(), [0.0, 1.0])?),
            Look::Ribbons => None,
        };
        Ok(self.axes([x, y], bar).margins(canvas, area))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let [x, y, mass] = self.ranges()?;
        match self.look {
            Look::Heat => self.draw_heat(canvas, area, [x, y]),
            Look::Ribbons => self.draw_ribbons(canvas, area, [x, y, mass]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_density_at_each_context() {
        // A normal density whose mean grows with the context, and whose deviation by a factor of a thousand.
        let scale = |c: f64| 1e-3 * 1e3f64.powf(c);
        let log = |[c, y]: [f64; 2]| -0.5 * ((y - c) / scale(c)).powi(2) - scale(c).ln();
        let ask = |points: &[[f64; 2]]| Ok(points.iter().map(|point| log(*point)).collect());
        let contexts: Vec<f64> = (0..20).map(|k| f64::from(k) / 19.0).collect();
        let mut ends = vec![[-4.0, 6.0]; 20];
        for _ in 0..2 {
            ends = profiles_by(&ask, &contexts, &ends)
                .expect("asked")
                .iter()
                .map(Profile::bulk)
                .collect();
        }
        let profiles = profiles_by(&ask, &contexts, &ends).expect("asked");
        for (share, normal) in [(0.05, -1.6449), (0.5, 0.0), (0.75, 0.6745)] {
            for [c, y] in line(&profiles, share) {
                let off = (y - c) / scale(c) - normal;
                assert!(off.abs() < 0.05, "{share} at {c}: off by {off} deviations");
            }
        }
    }
}

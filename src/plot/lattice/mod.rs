//! How a flow bends a chessboard: an even lattice of the base where the flow takes it, and how volumes change.
//!
//! | file | what |
//! | --- | --- |
//! | `follow` | what takes a lattice somewhere |
//! | `bent` | its lines there, smooth where they bend |

mod bent;
mod follow;

use std::sync::Arc;

use nalgebra::DMatrix;

use super::axes::{Axes, ColorBar, Plane, Range, Steps, plane_words};
use super::canvas::{Area, Canvas, Color, Margins, Stroke, mixed};
use super::kept::Kept;
use super::picture::Picture;
use crate::error::{Error, Result};
use crate::flow::{Direction, Flow};
use crate::model::Model;
use crate::real::Real;
use bent::{Bends, Bent};
use follow::{Follow, by_flow, by_model};

/// More cells along an axis than this are more than pixels.
const MOST: usize = 400;
/// Where the base is drawn both ways.
const SQUARE: [f64; 2] = [-3.0, 3.0];

/// What fills the cells.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fill {
    Chess,
    Volumes,
    Nothing,
}

/// A lattice bent by a flow in the plane; made by [`lattice`] and [`lattice_of`].
pub struct LatticePicture<'a, T: Real> {
    plane: Plane,
    follow: Box<Follow<'a, T>>,
    /// Whether the square of the base suits both ends of the way.
    alike: bool,
    context: Option<DMatrix<T>>,
    direction: Direction,
    square: Option<[[f64; 2]; 2]>,
    cells: usize,
    fill: Fill,
    found: Kept<(), Bent>,
}

plane_words!(LatticePicture<'a, T> where ['a, T: Real]);

/// A chessboard of 24 x 24 fields on the square from -3 to 3 in the base, as a flow in the plane bends it on its
/// way to the data.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// plot::lattice::<f64>(&ContinuousFlow::new(pendulum)).log_det().save("lattice.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn lattice<T: Real>(flow: &dyn Flow<T>) -> LatticePicture<'_, T> {
    started(Plane::new("x₁", "x₂"), by_flow(flow), true)
}

/// As [`lattice`], from the base of a model to the units of its table, with the names of its columns. Backwards the
/// lattice is on the square of the table to which that of the base goes.
///
/// ```no_run
/// use liouville::model::Model;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let turning: field::Linear<f64> = field::Linear::new(dmatrix![0.4, -1.0; 1.0, -0.3])?;
/// let core = StandardNormal::new(2).pushed_by(ContinuousFlow::new(turning));
/// let model = Model::new(core).columns(["angle", "speed"])?;
/// plot::lattice_of(&model).save("lattice.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn lattice_of(model: &Model) -> LatticePicture<'_, f64> {
    let caption = |k: usize| model.headings().get(k).map_or_else(String::new, ToString::to_string);
    started(Plane::new(&caption(0), &caption(1)), by_model(model), false)
}

fn started<T: Real>(
    plane: Plane,
    follow: Box<Follow<'_, T>>,
    alike: bool,
) -> LatticePicture<'_, T> {
    LatticePicture {
        plane,
        follow,
        alike,
        context: None,
        direction: Direction::Forward,
        square: None,
        cells: 24,
        fill: Fill::Chess,
        found: Kept::default(),
    }
}

impl<T: Real> LatticePicture<'_, T> {
    /// From where to where the lattice runs along both axes. Default: -3 to 3 both ways.
    pub fn from(mut self, x: [f64; 2], y: [f64; 2]) -> Self {
        (self.square, self.found) = (Some([x, y]), Kept::default());
        self
    }

    /// The number of cells along each axis. Default: 24.
    pub fn cells(mut self, count: usize) -> Self {
        (self.cells, self.found) = (count, Kept::default());
        self
    }

    /// From the data to the base.
    pub fn inverse(mut self) -> Self {
        (self.direction, self.found) = (Direction::Inverse, Kept::default());
        self
    }

    /// The context, in one column.
    pub fn given(mut self, context: &DMatrix<T>) -> Self {
        (self.context, self.found) = (Some(context.clone()), Kept::default());
        self
    }

    /// Colours every cell by ln |det| of the Jacobian in its middle: where volumes grow and where they shrink.
    pub fn log_det(mut self) -> Self {
        self.fill = Fill::Volumes;
        self
    }

    /// Lines alone.
    pub fn lines_only(mut self) -> Self {
        self.fill = Fill::Nothing;
        self
    }

    /// Takes points one way.
    fn ask(&self, direction: Direction, points: &[[f64; 2]]) -> Result<Bends> {
        let points = DMatrix::from_fn(2, points.len(), |i, k| T::of(points[k][i]));
        (self.follow)(direction, &points, self.context.as_ref())
    }

    /// An error unless a context is one column of finite numbers.
    fn check_context(&self) -> Result<()> {
        let Some(context) = &self.context else { return Ok(()) };
        if context.ncols() != 1 {
            let (rows, columns) = context.shape();
            return Err(Error::shape(format!(
                "the context of a lattice is {rows} x {columns}: give one column"
            )));
        }
        match context.iter().position(|value| !value.is_finite()) {
            Some(row) => Err(Error::non_finite(format!(
                "value {row} of the lattice's context is {}: give finite numbers",
                context[row]
            ))),
            None => Ok(()),
        }
    }

    /// From where to where the lattice runs.
    fn ends(&self) -> Result<[Range; 2]> {
        let given = |name: &str, ends: [f64; 2]| Range::given(name, Steps::Even, ends);
        let usual = [given("x", SQUARE)?, given("y", SQUARE)?];
        match self.square {
            Some([x, y]) => Ok([given("x", x)?, given("y", y)?]),
            None if self.alike || self.direction == Direction::Forward => Ok(usual),
            None => {
                let ask = |places: &[[f64; 2]]| {
                    self.ask(Direction::Forward, &on_square(places, usual, self.cells))
                };
                Ok(Bent::of(&ask, self.cells)?.ranges)
            }
        }
    }

    /// The lattice where the flow takes it.
    fn bent(&self) -> Result<Arc<Bent>> {
        if !(1..=MOST).contains(&self.cells) {
            return Err(Error::setting(format!(
                "a lattice of {} cells along each axis: give 1 to {MOST}",
                self.cells
            )));
        }
        self.check_context()?;
        self.found.get((), || {
            let ends = self.ends()?;
            let ask = |places: &[[f64; 2]]| {
                self.ask(self.direction, &on_square(places, ends, self.cells))
            };
            Bent::of(&ask, self.cells)
        })
    }

    fn axes(&self, bent: &Bent, bar: Option<&ColorBar>) -> Result<Axes> {
        let axes = self.plane.axes(|| Ok(bent.ranges))?;
        Ok(match bar {
            Some(bar) => axes.bar(bar.clone()),
            None => axes,
        })
    }

    fn bar(&self, canvas: &Canvas, bent: &Bent) -> Result<Option<ColorBar>> {
        if self.fill != Fill::Volumes {
            return Ok(None);
        }
        let mut sizes: Vec<f64> =
            bent.volumes.iter().map(|value| value.abs()).filter(|v| v.is_finite()).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let top = sizes.get((0.995 * sizes.len() as f64) as usize).copied().unwrap_or(1.0);
        let top = if top > 1e-9 { top } else { 1.0 };
        let bar = ColorBar::new(canvas.theme().diverging.clone(), [-top, top])?;
        Ok(Some(bar.label("ln |det J|")))
    }
}

/// Places that are counted in cells on a square.
fn on_square(places: &[[f64; 2]], [x, y]: [Range; 2], cells: usize) -> Vec<[f64; 2]> {
    let share = |place: f64| place / cells as f64;
    places.iter().map(|[i, j]| [x.at(share(*i)), y.at(share(*j))]).collect()
}

impl<T: Real> Picture for LatticePicture<'_, T> {
    fn size(&self) -> (u32, u32) {
        let width = if self.fill == Fill::Volumes { 1000 } else { 900 };
        self.plane.size.unwrap_or((width, 860))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        let bent = self.bent()?;
        Ok(self.axes(&bent, self.bar(canvas, &bent)?.as_ref())?.margins(canvas, area))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let bent = self.bent()?;
        let bar = self.bar(canvas, &bent)?;
        let frame = self.axes(&bent, bar.as_ref())?.place(canvas, area)?;
        let theme = canvas.theme().clone();
        let dark = mixed(theme.background, theme.series(0), 0.8);
        let color = |i: usize, j: usize| -> Option<Color> {
            let volume = bent.volumes[j * bent.cells + i];
            match self.fill {
                Fill::Volumes => bar.as_ref().filter(|_| !volume.is_nan()).map(|b| b.color(volume)),
                Fill::Chess => (i + j).is_multiple_of(2).then_some(dark),
                Fill::Nothing => None,
            }
        };
        for (i, j) in (0..bent.cells).flat_map(|j| (0..bent.cells).map(move |i| (i, j))) {
            if let Some(color) = color(i, j) {
                frame.draw_polygon(canvas, &bent.cell(i, j), color);
            }
        }
        let (ink, width) = match self.fill {
            Fill::Nothing => (theme.series(0), 1.5),
            _ => (mixed(theme.background, theme.ink, 0.55), 0.9),
        };
        for line in bent.lines() {
            frame.draw_line(canvas, line, Stroke::new(ink).width(width));
        }
        frame.finish(canvas)
    }
}

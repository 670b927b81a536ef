//! How a flow bends a chessboard: an even lattice of the base where the flow takes it, and how volumes change.

use nalgebra::DMatrix;

use super::axes::{Axes, ColorBar, Plane, Range, Steps, plane_words};
use super::canvas::{Area, Canvas, Color, Margins, Stroke, mixed};
use super::picture::Picture;
use crate::error::{Error, Result};
use crate::flow::{Direction, Flow};
use crate::outcome::shown;
use crate::real::Real;

/// The pieces of a side of a cell.
const PIECES: usize = 8;
/// More cells along an axis than this are more than pixels.
const MOST: usize = 400;

/// What fills the cells.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fill {
    Chess,
    Volumes,
    Nothing,
}

/// A lattice bent by a flow in the plane; made by [`lattice`].
pub struct LatticePicture<'a, T: Real> {
    plane: Plane,
    flow: &'a dyn Flow<T>,
    context: Option<DMatrix<T>>,
    direction: Direction,
    square: [[f64; 2]; 2],
    cells: usize,
    fill: Fill,
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
    LatticePicture {
        plane: Plane::new("x₁", "x₂"),
        flow,
        context: None,
        direction: Direction::Forward,
        square: [[-3.0, 3.0]; 2],
        cells: 24,
        fill: Fill::Chess,
    }
}

impl<T: Real> LatticePicture<'_, T> {
    /// From where to where the lattice runs along both axes. Default: -3 to 3 both ways.
    pub fn from(mut self, x: [f64; 2], y: [f64; 2]) -> Self {
        self.square = [x, y];
        self
    }

    /// The number of cells along each axis. Default: 24.
    pub fn cells(mut self, count: usize) -> Self {
        self.cells = count;
        self
    }

    /// From the data to the base.
    pub fn inverse(mut self) -> Self {
        self.direction = Direction::Inverse;
        self
    }

    /// The context, in one column.
    pub fn given(mut self, context: &DMatrix<T>) -> Self {
        self.context = Some(context.clone());
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

    /// The nodes of the finer lattice that sides of cells are made of.
    fn fine(&self) -> usize {
        self.cells * PIECES + 1
    }

    /// The lattice and the middles of its cells where the flow takes them.
    fn bent(&self) -> Result<Bent> {
        if self.flow.dim() != 2 {
            return Err(Error::shape(format!(
                "a flow in {} bends no chessboard: give one in two",
                shown::count(self.flow.dim(), "dimension")
            )));
        }
        if !(1..=MOST).contains(&self.cells) {
            return Err(Error::setting(format!(
                "a lattice of {} cells along each axis: give 1 to {MOST}",
                self.cells
            )));
        }
        let [x, y] =
            [("x", 0), ("y", 1)].map(|(name, k)| Range::given(name, Steps::Even, self.square[k]));
        let (x, y) = (x?, y?);
        let (fine, cells) = (self.fine(), self.cells);
        let at = |i: f64, j: f64| [T::of(x.at(i)), T::of(y.at(j))];
        // Lines only: inner points of cells are not asked for.
        let on_line =
            |k: &usize| (k % fine).is_multiple_of(PIECES) || (k / fine).is_multiple_of(PIECES);
        let kept: Vec<usize> = (0..fine * fine).filter(on_line).collect();
        let last = (fine - 1) as f64;
        let lines = kept.iter().map(|k| at((k % fine) as f64 / last, (k / fine) as f64 / last));
        let middle = |k: usize| {
            let place = |n: usize| (n as f64 + 0.5) / cells as f64;
            at(place(k % cells), place(k / cells))
        };
        let points: Vec<T> = lines.chain((0..cells * cells).map(middle)).flatten().collect();
        let points = DMatrix::from_vec(2, points.len() / 2, points);
        let moved = self.flow.follow(self.direction, &points, self.context.as_ref())?;
        let mut nodes = vec![[f64::NAN; 2]; fine * fine];
        for (k, column) in kept.iter().zip(moved.points.column_iter()) {
            nodes[*k] = [column[0].wide(), column[1].wide()];
        }
        let volumes = moved.log_det.iter().skip(kept.len()).map(|value| value.wide()).collect();
        Ok(Bent { fine, cells, nodes, volumes })
    }

    fn axes(&self, bent: &Bent, bar: Option<&ColorBar>) -> Result<Axes> {
        let axes = self.plane.axes(|| Ok([bent.range("x", 0)?, bent.range("y", 1)?]))?;
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

/// A lattice where a flow took it; NaN for nodes that failed, and inside cells.
struct Bent {
    fine: usize,
    cells: usize,
    nodes: Vec<[f64; 2]>,
    volumes: Vec<f64>,
}

impl Bent {
    /// Where nearly all nodes are along an axis.
    fn range(&self, name: &str, axis: usize) -> Result<Range> {
        let mut values: Vec<f64> =
            self.nodes.iter().map(|p| p[axis]).filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let beyond = values.len() / 500;
        let kept = values.get(beyond..values.len() - beyond).unwrap_or_default();
        Range::around(name, Steps::Even, kept.iter().copied(), 0.05)?.ok_or_else(|| {
            Error::non_finite("the flow takes no node of the lattice anywhere: give another square")
        })
    }

    fn node(&self, i: usize, j: usize) -> [f64; 2] {
        self.nodes[j * self.fine + i]
    }

    /// A line of the lattice: the k-th along the second axis, or along the first.
    fn line(&self, k: usize, upward: bool) -> Vec<[f64; 2]> {
        let node = |n: usize| match upward {
            true => self.node(k * PIECES, n),
            false => self.node(n, k * PIECES),
        };
        (0..self.fine).map(node).collect()
    }

    /// The border of a cell, all around.
    fn cell(&self, i: usize, j: usize) -> Vec<[f64; 2]> {
        let (a, b) = (i * PIECES, j * PIECES);
        let below = (0..PIECES).map(|n| self.node(a + n, b));
        let right = (0..PIECES).map(|n| self.node(a + PIECES, b + n));
        let above = (0..PIECES).map(|n| self.node(a + PIECES - n, b + PIECES));
        let left = (0..PIECES).map(|n| self.node(a, b + PIECES - n));
        below.chain(right).chain(above).chain(left).collect()
    }
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
        for k in 0..=bent.cells {
            for upward in [false, true] {
                let stroke = Stroke::new(ink).width(width);
                frame.draw_line(canvas, &bent.line(k, upward), stroke);
            }
        }
        frame.finish(canvas)
    }
}

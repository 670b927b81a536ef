//! Densities in the plane: heat maps with highest-density regions, beside data and other densities.
//!
//! | file | what |
//! | --- | --- |
//! | `ask`, `mass` | densities at points, and where their mass is searched |
//! | `sheet` | grids that are finer where a density changes |
//! | `contour`, `levels` | lines of one density, and those around shares of the mass |
//! | `heat`, `seen`, `drawing` | values as colours, what panels show, and how it is drawn |
//! | `difference` | one density less another |

pub(super) mod ask;
pub(super) mod contour;
mod difference;
mod drawing;
mod heat;
mod levels;
pub(super) mod mass;
mod seen;
pub(super) mod sheet;

use std::sync::{Arc, OnceLock};

use nalgebra::DMatrix;

use super::axes::{Axes, ColorBar, Plane, Range, plane_words};
use super::canvas::Canvas;
use super::samples::{check_plane, range_of_samples};
use crate::density::Density;
use crate::error::{Error, Result};
use crate::real::Real;
use ask::check_planar;
use mass::find_mass;
use seen::Seen;

pub use difference::{DifferencePicture, difference};

/// A finer grid than this has more nodes than a picture has pixels.
const MOST_NODES: usize = 4000;

/// A picture of densities in the plane; made by [`density`].
pub struct DensityPicture<'a, T: Real> {
    plane: Plane,
    parts: Vec<Part<'a, T>>,
    resolution: usize,
    shares: Vec<f64>,
    look: Look,
    top: Option<f64>,
    samples: Option<DMatrix<T>>,
    found: OnceLock<Result<[Range; 2]>>,
    seen: OnceLock<Arc<Seen>>,
}

plane_words!(DensityPicture<'a, T> where ['a, T: Real]);

/// One panel.
struct Part<'a, T: Real> {
    title: Option<String>,
    source: Source<'a, T>,
}

enum Source<'a, T: Real> {
    Model(&'a dyn Density<T>),
    Points(DMatrix<T>),
}

/// What is drawn between contour lines.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    Heat,
    Bands,
    Nothing,
}

/// A heat map of a density in the plane, with a colour bar and the borders of the smallest regions
/// that hold 50% and 90% of the mass. The ranges are found unless they are given.
///
/// The shares are of all mass, whether or not it lies in the picture; where not enough of it can be found, the
/// picture says that they are shares of what it shows. The density is asked for at as many points as a
/// grid of the [resolution](DensityPicture::resolution) has, most of them where it changes.
///
/// ```no_run
/// use liouville::prelude::*;
/// # let (model, held_out) = (data::two_moons(0.1), liouville::nalgebra::DMatrix::<f64>::zeros(2, 9));
///
/// plot::density::<f64>(&model).title("model").beside_data("data", &held_out).save("moons.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn density<T: Real>(model: &dyn Density<T>) -> DensityPicture<'_, T> {
    DensityPicture {
        plane: Plane::new("x₁", "x₂"),
        parts: vec![Part { title: None, source: Source::Model(model) }],
        resolution: 200,
        shares: vec![0.5, 0.9],
        look: Look::Heat,
        top: None,
        samples: None,
        found: OnceLock::new(),
        seen: OnceLock::new(),
    }
}

impl<'a, T: Real> DensityPicture<'a, T> {
    /// The density is asked for at the square of this number of points. Default: 200.
    pub fn resolution(mut self, nodes: usize) -> Self {
        self.resolution = nodes;
        self.anew()
    }

    /// The shares of the mass within the contour lines. Default: 0.5 and 0.9; none draws no line.
    pub fn levels(mut self, shares: &[f64]) -> Self {
        self.shares = shares.to_vec();
        self.anew()
    }

    /// One colour between neighbouring contour lines, in place of a heat map.
    pub fn filled(mut self) -> Self {
        self.look = Look::Bands;
        self.shares = vec![0.1, 0.25, 0.5, 0.75, 0.9, 0.98];
        self.anew()
    }

    /// Contour lines alone.
    pub fn lines(mut self) -> Self {
        self.look = Look::Nothing;
        self
    }

    /// The density that has the last colour, so that pictures can be compared. Default: the greatest.
    pub fn brightest(mut self, density: f64) -> Self {
        self.top = Some(density);
        self
    }

    /// Draws samples (2 x n) on top.
    pub fn samples(mut self, points: &DMatrix<T>) -> Self {
        self.samples = Some(points.clone());
        self.anew()
    }

    /// Another density in a panel of its own, with the same axes and colours.
    pub fn beside(mut self, title: &str, model: &'a dyn Density<T>) -> Self {
        self.parts.push(Part { title: Some(title.into()), source: Source::Model(model) });
        self.anew()
    }

    /// A histogram of samples (2 x n) in a panel of its own, with the same axes and colours.
    pub fn beside_data(mut self, title: &str, points: &DMatrix<T>) -> Self {
        let source = Source::Points(points.clone());
        self.parts.push(Part { title: Some(title.into()), source });
        self.anew()
    }

    /// The ranges of the samples, else those of the mass; they are found once.
    fn ranges(&self) -> Result<[Range; 2]> {
        let find = || match &self.samples {
            Some(samples) => range_of_samples(samples),
            None => self.masses(),
        };
        self.found.get_or_init(find).clone()
    }

    /// The ranges that hold the mass of every model.
    fn masses(&self) -> Result<[Range; 2]> {
        let models = self.parts.iter().filter_map(|part| match part.source {
            Source::Model(model) => Some(model),
            Source::Points(_) => None,
        });
        let found = models.map(find_mass).collect::<Result<Vec<_>>>()?;
        let first = found.first().copied().ok_or_else(|| Error::empty("there is no density"))?;
        Ok(found[1..]
            .iter()
            .fold(first, |[x, y], [other_x, other_y]| [x.joined(*other_x), y.joined(*other_y)]))
    }

    fn check(&self) -> Result<()> {
        for part in &self.parts {
            match &part.source {
                Source::Model(model) => check_planar(*model)?,
                Source::Points(points) => check_plane("data", points)?,
            }
        }
        if !(2..=MOST_NODES).contains(&self.resolution) {
            return Err(Error::setting(format!(
                "a resolution of {} grid nodes along each axis: give 2 to {MOST_NODES}",
                self.resolution
            )));
        }
        if let Some(share) = self.shares.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
            return Err(Error::setting(format!(
                "a contour line around the share {share} of the mass: give shares between 0 and 1"
            )));
        }
        if let Some(top) = self.top.filter(|top| !(1e-280..1e280).contains(top)) {
            return Err(Error::setting(format!(
                "{top} as the brightest density: give a positive number"
            )));
        }
        self.samples.as_ref().map_or(Ok(()), |samples| check_plane("samples", samples))
    }

    /// Forgets what was found before something was changed.
    fn anew(mut self) -> Self {
        (self.found, self.seen) = (OnceLock::new(), OnceLock::new());
        self
    }

    /// Axes without a bar.
    fn axes(&self) -> Result<Axes> {
        self.check()?;
        self.plane.axes(|| self.ranges())
    }

    /// The colours of densities up to some number.
    fn bar(&self, canvas: &Canvas, top: f64) -> Result<ColorBar> {
        // What is so small is no colour; the bar shows what none would be.
        let found = if top > 1e-280 { top } else { 1.0 };
        let top = self.top.or(canvas.brightest()).unwrap_or(found);
        Ok(ColorBar::new(canvas.theme().sequential.clone(), [0.0, top])?.label("density"))
    }
}

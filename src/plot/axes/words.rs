//! The words that all pictures in a plane share, from one place.

use super::layout::{Aspect, Axes, Axis};
use super::range::{Range, Steps};
use crate::error::Result;

/// What every picture in a plane is asked for.
#[derive(Debug, Clone)]
pub(in crate::plot) struct Plane {
    pub title: String,
    pub labels: [String; 2],
    pub x: Option<[f64; 2]>,
    pub y: Option<[f64; 2]>,
    pub aspect: Aspect,
    pub size: Option<(u32, u32)>,
}

impl Plane {
    pub fn new(x: &str, y: &str) -> Self {
        let labels = [x.to_string(), y.to_string()];
        let aspect = Aspect::default();
        Self { title: String::new(), labels, x: None, y: None, aspect, size: None }
    }

    /// The same, in a size.
    pub fn sized(self, width: u32, height: u32) -> Self {
        Self { size: Some((width, height)), ..self }
    }

    /// Axes of the ranges that were given, or else that are found; the latter may become longer.
    pub fn axes(&self, found: impl FnOnce() -> Result<[Range; 2]>) -> Result<Axes> {
        let given = |name: &str, ends: Option<[f64; 2]>| {
            ends.map(|ends| Range::given(name, Steps::Even, ends)).transpose()
        };
        let (x, y) = (given("x", self.x)?, given("y", self.y)?);
        let [x, y] = match (x, y) {
            (Some(x), Some(y)) => [x, y],
            _ => {
                let found = found()?;
                [x.unwrap_or(found[0]), y.unwrap_or(found[1])]
            }
        };
        Ok(self.axes_of([Axis::of(x, Steps::Even), Axis::of(y, Steps::Even)]))
    }

    /// These axes with the captions that were given.
    pub fn axes_of(&self, [x, y]: [Axis; 2]) -> Axes {
        let x = x.label(&self.labels[0]).stretches(self.x.is_none());
        let y = y.label(&self.labels[1]).stretches(self.y.is_none());
        Axes::new(x, y).title(&self.title).aspect(self.aspect)
    }
}

/// Implements the shared words for a picture with a field `plane`.
macro_rules! plane_words {
    ($picture:ty $(where [$($generics:tt)*])?) => {
        impl $(<$($generics)*>)? $picture {
            /// What stands above.
            pub fn title(mut self, text: &str) -> Self {
                self.plane.title = text.to_string();
                self
            }

            /// What stands at the axes.
            pub fn axis_labels(mut self, x: &str, y: &str) -> Self {
                self.plane.labels = [x.to_string(), y.to_string()];
                self
            }

            /// From where to where the first axis runs.
            pub fn x_range(mut self, from: f64, to: f64) -> Self {
                self.plane.x = Some([from, to]);
                self
            }

            /// From where to where the second axis runs.
            pub fn y_range(mut self, from: f64, to: f64) -> Self {
                self.plane.y = Some([from, to]);
                self
            }

            /// Whether one unit is equally long on both axes. Default: where that makes sense, see
            /// [`Aspect::Auto`]($crate::plot::Aspect::Auto).
            pub fn aspect(mut self, aspect: $crate::plot::Aspect) -> Self {
                self.plane.aspect = aspect;
                self
            }

            /// Width and height in pixels.
            pub fn size(mut self, width: u32, height: u32) -> Self {
                self.plane.size = Some((width, height));
                self
            }
        }
    };
}

pub(in crate::plot) use plane_words;

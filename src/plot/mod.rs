//! Pictures: densities, samples, fields with trajectories, curves, sheets of images; as PNG, SVG or animation.
//!
//! Every picture is a builder that ends in [`save`](Picture::save); several go into one file through
//! [`panels`], and one after another through [`animation`]. A [`Theme`] says how all of them look. Text is
//! drawn with a font that comes with the crate, so that no system library is needed. [`Axes`] shows how to
//! make a picture of one's own.
//!
//! | file | what |
//! | --- | --- |
//! | `picture`, `animation` | what can be drawn and saved, and pictures one after another |
//! | `canvas` | shapes in pixels, colours, letters, and the theme |
//! | `axes` | axes around a plot, with numbers, colour bar and legend |
//! | `output` | how shapes become a file |
//! | `density` | heat maps with highest-density regions, beside others, and their differences |
//! | `line` | densities of one coordinate, over each other and over data |
//! | `conditional` | the density of one coordinate over a context |
//! | `corner` | samples of any dimension: every coordinate, and every pair |
//! | `training` | losses, gradients, costs and rates of training runs |
//! | `calibration` | probabilities, ranks and coverage, with what chance does |
//! | `way` | step sizes, evaluations and conditioning over the time of a flow |
//! | `weights` | importance weights and their tail |
//! | `diagnosis` | what was found about a density, in panels |
//! | `field`, `motion` | velocities as arrows and streamlines; what a flow does in time |
//! | `lattice`, `transformer` | how a flow bends a chessboard, and a layer one coordinate |
//! | `samples`, `curves`, `images`, `panels` | the other pictures |
//! | `latent` | paths between images |
//! | `weighing` | what samples weigh |
//! | `known` | log-densities of points, as far as they can be computed |
//! | `kept` | what was computed once |

mod animation;
mod axes;
mod calibration;
mod canvas;
mod conditional;
mod corner;
mod curves;
mod density;
mod diagnosis;
mod field;
mod images;
mod kept;
mod known;
mod latent;
mod lattice;
mod line;
mod motion;
mod output;
mod panels;
mod picture;
mod samples;
mod training;
mod transformer;
mod way;
mod weighing;
mod weights;

pub use plotters;

pub use animation::{Animation, animation};
pub use axes::{Aspect, Axes, Axis, ColorBar, Frame, Legend, Sign};
pub use calibration::{
    ProbabilityPicture, RanksPicture, calibration, coverage, probability, ranks, transforms,
};
pub use canvas::{
    Anchor, Area, Canvas, Color, ColorMap, Ink, Margins, Marker, Pixels, Stroke, Theme,
};
pub use conditional::{ConditionalPicture, conditional};
pub use corner::{CornerPicture, SampleSet, corner};
pub use curves::{CurvesPicture, curves};
pub use density::{DensityPicture, DifferencePicture, density, difference};
pub use diagnosis::diagnosis;
pub use field::{FieldPicture, field, field_of};
pub use images::{ImagesPicture, images};
pub use latent::interpolated;
pub use lattice::{LatticePicture, lattice, lattice_of};
pub use line::{LinePicture, line};
pub use motion::{
    Film, FilmstripPicture, TimelinePicture, TrajectoriesPicture, film, filmstrip, timeline,
    trajectories, trajectories_from, trajectories_through,
};
pub use output::Style;
pub use panels::{Panels, panels};
pub use picture::{Picture, Styled};
pub use samples::{SamplesPicture, samples};
pub use training::{TrainingPicture, training};
pub use transformer::transformer;
pub use way::{WayPicture, condition_numbers, evaluations, step_sizes};
pub use weights::{WeightsPicture, weights};

//! What a continuous flow does in time: trajectories, time against a coordinate, filmstrips and films.
//!
//! | file | what |
//! | --- | --- |
//! | `under` | a density at a time, on a sheet |
//! | `edges` | numbers at the outer sides of panels that share their axes |
//! | `trajectories` | ways in the plane, coloured by time |
//! | `timeline` | time against the one coordinate of a flow |
//! | `filmstrip`, `film` | a density at several times, side by side, or as an animation |

mod edges;
mod film;
mod filmstrip;
mod timeline;
mod trajectories;
mod under;

pub use film::{Film, film};
pub use filmstrip::{FilmstripPicture, filmstrip};
pub use timeline::{TimelinePicture, timeline};
pub use trajectories::{
    TrajectoriesPicture, trajectories, trajectories_from, trajectories_through,
};

pub(super) use under::{Under, pixels, seen_range};

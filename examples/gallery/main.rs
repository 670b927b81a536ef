//! Every picture that the crate draws, from real and toy data, and a page of them with the lines that draw them.
//!
//! `cargo run --release --example gallery [-- FOLDER]`; `SHORT=1` trains for a moment only.

mod judged;
mod motions;
mod one_line;
mod page;
mod planes;
mod rows;
mod toys;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use toys::Toys;

/// How a picture of these toys is written to a file.
type Draw = fn(&Toys, &Path) -> liouville::Result<()>;

/// Pictures of one kind.
pub struct Room {
    title: &'static str,
    /// The text of the file that draws them.
    source: &'static str,
    entries: Vec<Entry>,
}

/// One picture.
pub struct Entry {
    /// The name of the function that draws it, and of its file.
    name: &'static str,
    ending: &'static str,
    title: &'static str,
    draw: Draw,
}

impl Entry {
    fn file(&self) -> String {
        format!("{}.{}", self.name, self.ending)
    }
}

/// A room of a file, its functions one after another.
macro_rules! room {
    ($title:literal, $room:ident: $($name:ident $ending:literal $what:literal),+ $(,)?) => {
        Room {
            title: $title,
            source: include_str!(concat!(stringify!($room), ".rs")),
            entries: vec![$(Entry {
                name: stringify!($name),
                ending: $ending,
                title: $what,
                draw: $room::$name,
            }),+],
        }
    };
}

fn rooms() -> Vec<Room> {
    vec![
        room!("In the plane", planes:
            density "png" "A density that was learnt, beside the data",
            regions "svg" "The smallest regions that hold shares of the mass",
            lines "svg" "Contour lines over samples",
            difference "png" "What was learnt less the truth",
            known "png" "Known densities, on colours of their own",
            samples "png" "Samples beside samples",
            arrows "svg" "A velocity field",
            streamlines "png" "Streamlines, coloured by speed",
            streamlines_over_density "png" "The field of a model over its density",
            chessboard "png" "How a flow bends a chessboard",
            volumes "png" "Where volumes grow and where they shrink",
        ),
        room!("In time", motions:
            film "gif" "Two moons, from noise to data",
            turning "png" "Any pictures one after another (APNG)",
            filmstrip "png" "A density at several times",
            trajectories "png" "Ways of samples, coloured by time",
            pendulum "svg" "Ways through a field",
            timeline "png" "Time against the one coordinate of a flow",
        ),
        room!("Of any dimension", rows:
            posterior "png" "A posterior over its prior, with the truth",
            weighted "png" "Weighted samples, over equal ones",
            wine "png" "A table: 178 wines",
            smooth "png" "Smooth marginals, in the dark",
            digits "png" "Real handwritten digits",
            ways_between_digits "png" "From one digit to another along the latent space",
            splines "svg" "Maps of a layer: rational-quadratic splines",
        ),
        room!("One coordinate, training and calibration", judged:
            line "png" "A density on the line, over its base and samples",
            conditional "png" "A conditional density over its context",
            ribbons "svg" "Its quantiles, over data",
            training "png" "Training runs over each other",
            calibration "svg" "Is it calibrated?",
            ranks "svg" "Ranks, with what chance does",
            weights "svg" "Importance weights, and whether they can be trusted",
            diagnosis "png" "A diagnosis",
        ),
        room!("Curves, and pictures of one's own", one_line:
            curves "svg" "Curves over each other",
            own "png" "A picture of one's own",
        ),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/pictures/gallery".into());
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    let start = Instant::now();
    let toys = Toys::new(std::env::var_os("SHORT").is_some())?;
    println!("{:6.2} s  models", start.elapsed().as_secs_f64());
    let rooms = rooms();
    for entry in rooms.iter().flat_map(|room| &room.entries) {
        let start = Instant::now();
        let file = folder.join(entry.file());
        (entry.draw)(&toys, &file)?;
        let kilobytes = std::fs::metadata(&file)?.len().div_ceil(1000);
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds:6.2} s  {:32} {kilobytes:5} kB", entry.file());
    }
    let page = folder.join("index.html");
    std::fs::write(&page, page::page(&rooms)?)?;
    println!("{:6.2} s  in all; see {}", start.elapsed().as_secs_f64(), page.display());
    Ok(())
}

//! Pictures, and the numbers that they show, for `peers/pictures`, which draws the same by matplotlib and corner.py.
//!
//! `cargo bench -p liouville-benches --bench pictures -- FOLDER [DRAWS.csv]`

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use liouville::density::Evolving;
use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The nodes of a grid along a side.
const NODES: usize = 240;
/// The times of the filmstrip.
const TIMES: [f64; 5] = [0.0, 0.5, 1.0, 1.5, 2.0];

type Failure = Box<dyn std::error::Error>;

/// Draws of a posterior in five dimensions that is bent.
fn posterior() -> Result<Table, Failure> {
    let normal: DMatrix<f64> =
        StandardNormal::new(5).sample(20_000, &mut StdRng::seed_from_u64(1))?;
    let bent = DMatrix::from_fn(5, normal.ncols(), |i, j| {
        let at = |k: usize| 0.45 * normal[(k, j)];
        match i {
            0 => 1.4 * (0.3 * at(0)).exp(),
            1 => 0.5 + 0.4 * (0.8 * at(1) - 0.7 * at(0)).tanh(),
            2 => 400.0 + 90.0 * at(2) + 70.0 * at(0) * at(0),
            3 => 0.3 * at(3) + 0.5 * (1.5 * at(2)).sin(),
            _ => 2.1e-4 * (1.0 + at(4) - 0.8 * at(1)),
        }
    });
    let mut text = String::from("mass [M☉],spin,distance [Mpc],phase,rate [1/yr]\n");
    for draw in bent.column_iter() {
        let row: Vec<String> = draw.iter().map(f64::to_string).collect();
        writeln!(text, "{}", row.join(","))?;
    }
    Ok(Table::reader_of(text.as_bytes()).read()?)
}

/// Rows of numbers.
fn keep(path: PathBuf, values: impl Iterator<Item = f64>, columns: usize) -> Result<(), Failure> {
    let all: Vec<String> = values.map(|value| value.to_string()).collect();
    let rows: Vec<String> = all.chunks(columns).map(|row| row.join(" ")).collect();
    Ok(std::fs::write(path, rows.join("\n") + "\n")?)
}

/// The nodes of a grid, row by row from below.
fn grid([x0, x1]: [f64; 2], [y0, y1]: [f64; 2]) -> DMatrix<f64> {
    let share = |k: usize| k as f64 / (NODES - 1) as f64;
    DMatrix::from_fn(2, NODES * NODES, |i, k| match i {
        0 => x0 + (x1 - x0) * share(k % NODES),
        _ => y0 + (y1 - y0) * share(k / NODES),
    })
}

/// Saves a picture, and says how long that took.
fn save(folder: &Path, name: &str, picture: &impl Picture) -> Result<(), Failure> {
    let start = Instant::now();
    picture.save(folder.join(format!("{name}_ours.png")))?;
    println!("liouville\t{name}\t{:.2}", start.elapsed().as_secs_f64());
    Ok(())
}

fn corners(folder: &Path, draws: &Table) -> Result<(), Failure> {
    let first: Vec<String> = draws.names().take(6).map(str::to_string).collect();
    let draws = draws.select(first)?;
    let matrix = draws.matrix();
    draws.write(folder.join("draws.csv"))?;
    save(folder, "corner", &plot::corner(&draws).truths(matrix.column(0).as_slice()))?;
    // As if the first coordinate had another prior.
    let row = matrix.row(0);
    let (mean, variance) = (row.mean(), row.variance());
    let weight = |x: &f64| (-(x - mean - variance.sqrt()).powi(2) / variance).exp();
    let weights: Vec<f64> = row.iter().map(weight).collect();
    keep(folder.join("weights.txt"), weights.iter().copied(), 1)?;
    save(folder, "weighted", &plot::corner(&draws).weights(&weights))
}

fn density(folder: &Path) -> Result<(), Failure> {
    let moons = data::two_moons(0.1);
    let (x, y) = ([-1.6, 2.6], [-1.2, 1.7]);
    let values: liouville::nalgebra::DVector<f64> = moons.log_prob(&grid(x, y))?;
    keep(folder.join("density.txt"), values.iter().map(|value| value.exp()), NODES)?;
    let picture = plot::density::<f64>(&moons).title("two moons");
    save(folder, "density", &picture.x_range(x[0], x[1]).y_range(y[0], y[1]))
}

fn fields(folder: &Path) -> Result<(), Failure> {
    let field = || plot::field(|_, x| [x[1], -x[0].sin() - 0.15 * x[1]]);
    let pendulum = || field().x_range(-7.0, 7.0).y_range(-3.5, 3.5).axis_labels("angle", "speed");
    save(folder, "streamlines", &pendulum().streamlines().speed().size(900, 500))?;
    save(folder, "arrows", &pendulum().size(900, 500))
}

fn film(folder: &Path) -> Result<(), Failure> {
    let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin() - x[1] * 0.15]);
    let flow = ContinuousFlow::new(pendulum).span(0.0, 2.0);
    let model = StandardNormal::new(2).pushed_by(flow);
    let mut values = Vec::new();
    for t in TIMES {
        let found: liouville::nalgebra::DVector<f64> =
            model.log_prob_at(t, &grid([-4.0, 4.0], [-4.0, 4.0]))?;
        values.extend(found.iter().map(|value| value.exp()));
    }
    keep(folder.join("film.txt"), values.into_iter(), NODES)?;
    let strip = plot::filmstrip::<f64>(&model).times(&TIMES);
    save(folder, "filmstrip", &strip.x_range(-4.0, 4.0).y_range(-4.0, 4.0))
}

fn main() -> Result<(), Failure> {
    let mut given = std::env::args().skip(1).filter(|word| word != "--bench");
    let folder = PathBuf::from(given.next().unwrap_or_else(|| "target/pictures/peers".into()));
    std::fs::create_dir_all(&folder)?;
    let draws = match given.next() {
        Some(path) => Table::read(path)?,
        None => posterior()?,
    };
    corners(&folder, &draws)?;
    density(&folder)?;
    fields(&folder)?;
    film(&folder)
}

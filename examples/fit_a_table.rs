//! One call from a table to a model that has been judged: fits, prints the verdict, saves, draws.
//!
//! `cargo run --release --example fit_a_table [-- TABLE [FOLDER]]`

use std::error::Error;
use std::path::PathBuf;

use liouville::fit::Fit;
use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use liouville::rand::{SeedableRng, rngs::StdRng};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "examples/data/wine.csv".into());
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "pictures/fit_a_table".into()));
    std::fs::create_dir_all(&folder)?;
    let table = Table::read(&path)?;
    let mut fit = Fit::new(&table);
    // For tests of this example: what is learnt in a second.
    if std::env::var_os("SHORT").is_some() {
        fit = fit.seconds(1.0);
    }
    let fitted = fit.run()?;
    println!("{fitted}");

    let model = &fitted.model;
    model.save(folder.join("model.safetensors"))?;
    let drawn = model.sample(1000, &mut StdRng::seed_from_u64(1))?.arrived().1;
    let names: Vec<&str> = model.headings().iter().map(|column| column.name()).collect();
    let seen = table.select(&names)?;
    let mut all = plot::panels().columns(1);
    for k in 0..(names.len() / 2).min(3) {
        let pair = |points: &DMatrix<f64>| points.rows(2 * k, 2).into_owned();
        let picture = plot::samples("model", &pair(&drawn)).beside("data", &pair(seen.matrix()));
        all =
            all.add(picture.aspect(plot::Aspect::Free).axis_labels(names[2 * k], names[2 * k + 1]));
    }
    all.save(folder.join("pairs.png"))?;
    println!("model and picture: {}", folder.display());
    Ok(())
}

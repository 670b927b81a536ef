//! `plot`: a picture of a model, beside the data if they are given.

use std::path::Path;

use liouville::model::Model;
use liouville::nalgebra::DMatrix;
use liouville::plot::{self, Aspect, Picture, density, panels, samples};
use liouville::rand::SeedableRng;
use liouville::rand::rngs::ChaCha8Rng;
use liouville::table::Table;
use liouville::{Error, Result};

use super::args::Plot;
use super::out::{self, Out, object};

/// The most samples that a panel shows.
const SHOWN: usize = 5000;

pub fn run(asked: &Plot, out: Out) -> Result<()> {
    out::check_output(&asked.output, &[&asked.model])?;
    let model = out::model(&asked.model)?;
    let data = asked.data.as_ref().map(|path| out::reader(path, &asked.input)?.read());
    let data = data.transpose()?;
    draw(&model, data.as_ref(), &asked.columns, asked.seed, &asked.output)?;
    out.note(&format!("wrote {}", asked.output.display()));
    match out.json {
        true => out.say("", object([("picture", asked.output.display().to_string().into())])),
        false => Ok(()),
    }
}

/// The picture of a model beside a table, of these columns or the first.
pub fn draw(
    model: &Model,
    data: Option<&Table>,
    columns: &[String],
    seed: u64,
    output: &Path,
) -> Result<()> {
    let parts = data.map(|table| model.parts_of(table)).transpose()?;
    if model.context_dim() > 0 && data.is_none() {
        return Err(Error::setting(
            "the model is conditional: give a table with its contexts behind the model",
        ));
    }
    let points = parts.as_ref().map(|(points, _)| some(points));
    let picture: Box<dyn Picture> = match (model.dim(), model.context_dim()) {
        (1, 0) => line(model, points.as_ref(), seed)?,
        (2, 0) if model.whole_columns().is_empty() => plane(model, points.as_ref()),
        _ => {
            let rows = data.map_or(SHOWN, Table::rows).min(SHOWN);
            let context = parts.and_then(|(_, context)| context).map(|context| some(&context));
            let drawn = model.sample_detailed(
                rows,
                context.as_ref(),
                &mut ChaCha8Rng::seed_from_u64(seed),
            )?;
            pairs(model, points.as_ref(), &drawn.arrived().1, columns)?
        }
    };
    picture.save(output)
}

/// The first columns.
fn some(points: &DMatrix<f64>) -> DMatrix<f64> {
    points.columns(0, points.ncols().min(SHOWN)).into_owned()
}

fn caption(model: &Model, place: usize) -> String {
    model.table_columns()[place].to_string()
}

/// The density of one column.
fn line<'a>(
    model: &'a Model,
    data: Option<&DMatrix<f64>>,
    seed: u64,
) -> Result<Box<dyn Picture + 'a>> {
    let picture = plot::line::<f64>(model).axis_labels(&caption(model, 0), "density");
    let Some(points) = data else {
        // Where its samples are, which lie anywhere: the axes of a table have units.
        let drawn = model.sample(SHOWN, &mut ChaCha8Rng::seed_from_u64(seed))?;
        return Ok(Box::new(picture.around(&drawn.arrived().1)));
    };
    Ok(Box::new(picture.data("data", points)))
}

/// The density in the plane, with the data as dots.
fn plane<'a>(model: &'a Model, data: Option<&DMatrix<f64>>) -> Box<dyn Picture + 'a> {
    let picture = density::<f64>(model)
        .axis_labels(&caption(model, 0), &caption(model, 1))
        .aspect(Aspect::Free);
    match data {
        Some(data) => Box::new(picture.samples(data)),
        None => Box::new(picture),
    }
}

/// Samples of two columns at a time, of the model and of the data; those of a single column by their place.
fn pairs(
    model: &Model,
    data: Option<&DMatrix<f64>>,
    drawn: &DMatrix<f64>,
    columns: &[String],
) -> Result<Box<dyn Picture>> {
    let places = places(model, columns)?;
    let mut all = panels().columns(1);
    for pair in places.chunks(2) {
        let of = |points: &DMatrix<f64>| {
            DMatrix::from_fn(2, points.ncols(), |i, j| match (i, pair) {
                (0, [_]) => j as f64,
                (_, [one]) => points[(*one, j)],
                (i, _) => points[(pair[i], j)],
            })
        };
        let [x, y] = match pair {
            [one] => ["row".to_string(), caption(model, *one)],
            _ => [caption(model, pair[0]), caption(model, pair[1])],
        };
        let picture =
            samples("model", &of(drawn)).axis_labels(&x, &y).aspect(Aspect::Free).size(1400, 600);
        all = all.add(match data {
            Some(data) => picture.beside("data", &of(data)),
            None => picture,
        });
    }
    Ok(Box::new(all))
}

/// The places of the named columns, or of the first; the last of an odd number beside the one before it.
fn places(model: &Model, columns: &[String]) -> Result<Vec<usize>> {
    let names: Vec<&str> = model.column_names().iter().map(|column| column.name.as_str()).collect();
    let place = |name: &String| {
        names.iter().position(|own| own == name).ok_or_else(|| {
            let names = names.join(", ");
            Error::setting(format!("the model has no column `{name}`: it has {names}"))
        })
    };
    let mut places: Vec<usize> = columns.iter().map(place).collect::<Result<_>>()?;
    if places.is_empty() {
        places = (0..names.len().min(6)).collect();
    }
    if places.len() % 2 == 1 && places.len() > 1 {
        let last = places.len() - 1;
        places.insert(last, places[last - 1]);
    }
    Ok(places)
}

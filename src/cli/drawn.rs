//! The pictures of models and tables that the command draws.

use std::path::Path;

use liouville::density::Moving;
use liouville::model::Model;
use liouville::nalgebra::DMatrix;
use liouville::plot::{self, Aspect, Picture, Style};
use liouville::rand::SeedableRng;
use liouville::rand::rngs::ChaCha8Rng;
use liouville::table::Table;
use liouville::{Error, Result};

use super::args::Shown;

/// The most samples that a panel shows.
const DOTS: usize = 5000;
/// So many columns are drawn in pairs where nothing is said.
const FEW: usize = 6;

/// What is asked of a picture.
pub struct Asked<'a> {
    pub columns: &'a [String],
    pub seed: u64,
    /// The time of a field.
    pub time: Option<f64>,
}

/// A table alone.
pub fn of_table(kind: Shown, table: &Table) -> Result<Box<dyn Picture>> {
    if kind == Shown::Samples {
        let [x, y] = [0, 1].map(|place| table.headings()[place].to_string());
        let picture = plot::samples("", table.matrix()).axis_labels(&x, &y);
        return Ok(Box::new(picture.aspect(Aspect::Free)));
    }
    let columns = table.headings().iter().take(FEW).map(ToString::to_string);
    let count = columns.len();
    match count < table.dim() {
        // Columns that were named are all drawn: the table has no others.
        true => {
            let some = table.matrix().rows(0, count).into_owned();
            Ok(Box::new(plot::corner(&some).names(columns)))
        }
        false => Ok(Box::new(plot::corner(table))),
    }
}

/// A model beside a table.
pub fn of_model<'a>(
    kind: Shown,
    model: &'a Model,
    data: Option<&Table>,
    asked: &Asked<'_>,
) -> Result<Box<dyn Picture + 'a>> {
    let parts = data.map(|table| model.parts_of(table)).transpose()?;
    if model.context_dim() > 0 && data.is_none() {
        return Err(Error::setting(
            "the model is conditional: give a table with its contexts behind the model",
        ));
    }
    let points = parts.as_ref().map(|(points, _)| some(points));
    let context = parts.and_then(|(_, context)| context).map(|context| some(&context));
    let [x, y] = [0, 1].map(|place| caption(model, place));
    Ok(match kind {
        Shown::Line => line(model, points.as_ref(), asked.seed)?,
        Shown::Timeline => Box::new(plot::timeline::<f64>(model).axis_labels("time", &x)),
        Shown::Conditional => conditional(model, points.as_ref(), context.as_ref())?,
        Shown::Field | Shown::Streamlines => field(kind, model, asked)?,
        Shown::Trajectories => {
            let picture = plot::trajectories::<f64>(model).seed(asked.seed).axis_labels(&x, &y);
            Box::new(picture.aspect(Aspect::Free))
        }
        Shown::Filmstrip => Box::new(plot::filmstrip::<f64>(model).axis_labels(&x, &y)),
        Shown::Density | Shown::Animation => {
            let picture = plot::density::<f64>(model).axis_labels(&x, &y).aspect(Aspect::Free);
            match points {
                Some(points) => Box::new(picture.samples(&points)),
                None => Box::new(picture),
            }
        }
        Shown::Corner | Shown::Samples => {
            let rows = context.as_ref().map_or(DOTS, DMatrix::ncols);
            let rng = &mut ChaCha8Rng::seed_from_u64(asked.seed);
            let drawn = model.sample_detailed(rows, context.as_ref(), rng)?.arrived().1;
            corner(model, points.as_ref(), &drawn, asked.columns)?
        }
    })
}

/// From base to data.
pub fn animation(model: &Model, style: Style, output: &Path) -> Result<()> {
    let film = plot::film::<f64>(model).axis_labels(&caption(model, 0), &caption(model, 1));
    film.with(style).save(output)
}

/// The first columns.
fn some(points: &DMatrix<f64>) -> DMatrix<f64> {
    points.columns(0, points.ncols().min(DOTS)).into_owned()
}

/// The name of a column with its unit, if there is such a column.
fn caption(model: &Model, place: usize) -> String {
    model.headings().get(place).map_or_else(String::new, ToString::to_string)
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
        let drawn = model.sample(DOTS, &mut ChaCha8Rng::seed_from_u64(seed))?;
        return Ok(Box::new(picture.around(&drawn.arrived().1)));
    };
    Ok(Box::new(picture.data("data", points)))
}

/// The density of one column over the context, where the contexts of the data are.
fn conditional<'a>(
    model: &'a Model,
    points: Option<&DMatrix<f64>>,
    context: Option<&DMatrix<f64>>,
) -> Result<Box<dyn Picture + 'a>> {
    let (Some(points), Some(context)) = (points, context) else {
        return Err(Error::setting("the picture of a conditional model needs a table"));
    };
    let (low, high) = (context.min(), context.max());
    let name = model.context_headings().first().map_or_else(String::new, ToString::to_string);
    let picture = plot::conditional::<f64, _>(|context| model.given(context), [low, high]);
    let picture = picture.data("data", context, points);
    Ok(Box::new(picture.axis_labels(&name, &caption(model, 0))))
}

/// The field over the density of the same time, half way if none is given.
fn field<'a>(kind: Shown, model: &'a Model, asked: &Asked<'_>) -> Result<Box<dyn Picture + 'a>> {
    let span = Moving::<f64>::span(model)?;
    let time = asked.time.unwrap_or(0.5 * (span.from + span.to));
    let picture = plot::field_of::<f64>(model).time(time).over_evolving::<f64>(model);
    let picture = picture.axis_labels(&caption(model, 0), &caption(model, 1));
    Ok(match kind {
        Shown::Streamlines => Box::new(picture.streamlines()),
        _ => Box::new(picture),
    })
}

/// Samples of the model over the data, each column and each pair.
fn corner(
    model: &Model,
    data: Option<&DMatrix<f64>>,
    drawn: &DMatrix<f64>,
    columns: &[String],
) -> Result<Box<dyn Picture>> {
    let places = places(model, columns)?;
    let of = |points: &DMatrix<f64>| points.select_rows(&places);
    let names = places.iter().map(|place| caption(model, *place));
    let picture = plot::corner(of(drawn)).label("model").names(names);
    Ok(match data {
        Some(data) => Box::new(picture.over("data", of(data))),
        None => Box::new(picture),
    })
}

/// The places of the named columns, or of the first.
fn places(model: &Model, columns: &[String]) -> Result<Vec<usize>> {
    let names: Vec<&str> = model.headings().iter().map(|column| column.name()).collect();
    let place = |name: &String| {
        names.iter().position(|own| own == name).ok_or_else(|| {
            let names = names.join(", ");
            Error::setting(format!("the model has no column `{name}`: it has {names}"))
        })
    };
    match columns.is_empty() {
        true => Ok((0..names.len().min(FEW)).collect()),
        false => columns.iter().map(place).collect(),
    }
}

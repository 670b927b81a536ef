//! `log-prob`: the log-density of every row of a table, a piece at a time.

use liouville::model::Model;
use liouville::nalgebra::DMatrix;
use liouville::{Error, Result};
use serde_json::Value;

use super::args::Score;
use super::out::{self, Out, number, object};

/// The number of rows that are read at once.
const ROWS: usize = 1 << 16;

/// What the rows had in common.
#[derive(Default)]
struct Sums {
    rows: u64,
    zero: u64,
    total: f64,
}

impl Sums {
    fn add(&mut self, log_prob: &[f64]) {
        for value in log_prob {
            self.rows += 1;
            match value.is_finite() {
                true => self.total += value,
                false => self.zero += 1,
            }
        }
    }

    /// The mean of those that are finite.
    fn mean(&self) -> f64 {
        self.total / (self.rows - self.zero) as f64
    }
}

pub fn run(asked: &Score, out: Out) -> Result<()> {
    if let Some(output) = asked.output.as_deref().filter(|output| !out::is_standard(output)) {
        out::check_output(output, &[&asked.model, &asked.data])?;
    }
    let model = Model::load(&asked.model)?;
    let names: Vec<String> = model
        .column_names()
        .iter()
        .chain(model.context_names())
        .map(|column| column.name.clone())
        .collect();
    let chunks = out::reader(&asked.data, &asked.input)?.columns(names).chunks(ROWS)?;
    // With figures alone on the standard output there is no place for a table.
    let silent = out.json && asked.output.is_none();
    let columns = vec!["log_prob".into()];
    let mut writer = if silent { None } else { Some(out::writer(asked.output.as_ref(), columns)?) };
    let (mut sums, mut values) = (Sums::default(), Vec::new());
    for chunk in chunks {
        let chunk = chunk?;
        let (points, context) = model.parts_of(&chunk)?;
        let contexts = context.as_ref().map_or(&[][..], DMatrix::as_slice);
        let first = sums.rows as usize;
        let found = model.log_prob_rows(points.as_slice(), contexts);
        let found = found.map_err(|error| placed(error, &chunk, first))?;
        sums.add(&found);
        match &mut writer {
            Some(writer) => writer.write(&DMatrix::from_row_slice(1, found.len(), &found))?,
            None => values.extend(found.into_iter().map(number)),
        }
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    let mut figures = object([
        ("rows", sums.rows.into()),
        ("zero_density", sums.zero.into()),
        ("mean_log_prob", number(sums.mean())),
    ]);
    if silent {
        figures.insert("log_prob".into(), Value::Array(values));
    }
    if out.json {
        return out.say("", figures);
    }
    let zero = match sums.zero {
        0 => String::new(),
        zero => format!(", without {zero} of density zero"),
    };
    out.note(&format!("{} rows, mean log-density {:.4} nats{zero}", sums.rows, sums.mean()));
    Ok(())
}

/// The error with the place in the file of the first row that failed.
fn placed(error: Error, chunk: &liouville::table::Table, first: usize) -> Error {
    match error.failed_columns().first() {
        Some(&(row, _)) => {
            error.during(format!("row {} of the table, {}", first + row, chunk.place(row)))
        }
        None => error,
    }
}

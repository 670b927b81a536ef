//! `log-prob`: the log-density of every row of a table, a piece at a time.

use liouville::nalgebra::DMatrix;
use liouville::{Error, Result};
use serde_json::{Map, Value};

use super::args::Score;
use super::out::{self, Out, Rows, counted, number, object};
use super::shown::nats;
use super::stop::{Done, of_reading};

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

pub fn run(asked: &Score, out: Out) -> Done {
    if let Some(output) = asked.output.as_deref().filter(|output| !out::is_standard(output)) {
        out::check_output(output, &[&asked.model, &asked.data])?;
    }
    let model = out::model(&asked.model)?;
    let names: Vec<String> = model
        .headings()
        .iter()
        .chain(model.context_headings())
        .map(|column| column.name().to_string())
        .collect();
    let chunks = out::reader(&asked.data, &asked.input)?.columns(names).chunks(ROWS);
    let chunks = chunks.map_err(of_reading)?;
    // With figures alone on the standard output there is no place for a table.
    let (silent, mut listed) = (out.json && asked.output.is_none(), Listed::default());
    let columns = vec!["log_prob".into()];
    let output = asked.output.as_ref();
    let mut rows = if silent { None } else { Some(Rows::to(output, columns, out)?) };
    let mut sums = Sums::default();
    for chunk in chunks {
        let chunk = chunk?;
        let (points, context) = model.parts_of(&chunk)?;
        let contexts = context.as_ref().map_or(&[][..], DMatrix::as_slice);
        let first = sums.rows as usize;
        let found = model.log_prob_rows(points.as_slice(), contexts);
        let found = found.map_err(|error| placed(error, &chunk, first))?;
        sums.add(&found);
        match &mut rows {
            Some(rows) => rows.write(&DMatrix::from_row_slice(1, found.len(), &found))?,
            None => listed.add(&found)?,
        }
    }
    let figures = object([
        ("rows", sums.rows.into()),
        ("zero_density", sums.zero.into()),
        ("mean_log_prob", number(sums.mean())),
    ]);
    match rows {
        Some(rows) => rows.finish()?,
        None => return Ok(listed.finish(figures)?),
    }
    if out.json {
        return out.say("", figures);
    }
    let zero = match sums.zero {
        0 => String::new(),
        all if all == sums.rows => ", all of density zero".into(),
        zero => format!(", without {zero} of density zero"),
    };
    let (rows, mean) = (counted(sums.rows, "row"), sums.mean());
    out.note(&match sums.zero == sums.rows {
        true => format!("{rows}{zero}"),
        false => format!("{rows}, mean log-density {} nats{zero}", nats(mean)),
    });
    Ok(())
}

/// An object of JSON whose first entry is a list that is longer than memory.
#[derive(Default)]
struct Listed {
    begun: bool,
}

impl Listed {
    fn add(&mut self, values: &[f64]) -> Result<()> {
        let mut text = String::new();
        for value in values {
            text += if self.begun { "," } else { "{\"log_prob\":[" };
            self.begun = true;
            text += &number(*value).to_string();
        }
        out::bytes(text.as_bytes())
    }

    /// The end of the list, and the other entries.
    fn finish(self, figures: Map<String, Value>) -> Result<()> {
        let begin = if self.begun { "" } else { "{\"log_prob\":[" };
        let rest = Value::Object(figures).to_string();
        out::bytes(format!("{begin}],{}\n", rest.trim_start_matches('{')).as_bytes())
    }
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

//! A checkpoint as a description with arrays, and back: what its file holds.
//!
//! | file | what |
//! | --- | --- |
//! | `state` | parameters, average, best, what the optimiser remembers, and where the run goes back to |
//! | `settings` | what the run is of, what it goes by, and how far |
//! | `report`, `curves`, `notes` | the report so far: curves, warnings, events |
//! | `words` | numbers that JSON does not have, sizes, lists |

mod curves;
mod notes;
mod report;
mod settings;
mod state;
mod words;

use super::{Checkpoint, Stop};
use crate::description::{Arrays, Describe, Description, Restore, Source};
use crate::error::{Error, Result};
use crate::parameters::Layout;
use crate::real::Real;

/// What stands in front of the names of arrays.
const PARAMETERS: &str = "parameters";
const STATE: &str = "state";
const GUARD: &str = "guard";
const REPORT: &str = "report";
/// What was learnt in the first half of the last cycle.
const HALF: &str = "half";

impl<T: Real> Describe<T> for Checkpoint<T> {
    fn description(&self) -> Result<Description> {
        let seed = self.seed.map(usize::from);
        let entries = self.layout.entries().iter();
        let names: Vec<String> = entries.map(|entry| entry.name.clone()).collect();
        Ok(Description::new("Checkpoint")
            .with("seed", seed.as_slice())
            .with_some("ended", self.ended.and_then(report::stop_word))
            .with("fingerprint", self.layout.fingerprint())
            .with("parameters", names)
            .part("subject", settings::describe_subject(&self.subject))
            .part("stages", settings::describe_stages(&self.stages))
            .part("tolerances", settings::describe_tolerances(&self.tolerances))
            .part(STATE, state::describe(&self.state))
            .part(GUARD, state::describe_guard(&self.guard))
            .part(REPORT, report::describe(&self.report)))
    }

    fn arrays(&self) -> Result<Arrays> {
        let (mut arrays, mut parameters) = (Arrays::new(), Arrays::new());
        parameters.add_parameters(&self.layout, &self.state.parameters)?;
        arrays.add_part(PARAMETERS, parameters)?;
        arrays.add_part(STATE, state::arrays(&self.state)?)?;
        arrays.add_part(GUARD, state::guard_arrays(&self.guard)?)?;
        arrays.add_part(REPORT, report::arrays(&self.report)?)?;
        if let Some(half) = &self.half {
            words::add(&mut arrays, HALF, half)?;
        }
        Ok(arrays)
    }
}

impl<T: Real> Restore<T> for Checkpoint<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Checkpoint")?;
        let (layout, parameters) = parameters(source)?;
        let len = parameters.len();
        let subject = settings::subject(&source.part("subject")?)?;
        let report = report::restore(&source.part_within(REPORT, REPORT)?, subject.choices)?;
        let sizes = [len, report.steps.len()];
        let half = match source.has_array(HALF) {
            true => Some(words::vector(source, HALF, len)?),
            false => None,
        };
        Ok(Self {
            layout,
            seed: seed(source)?,
            state: state::restore(&source.part_within(STATE, STATE)?, parameters)?,
            guard: state::restore_guard(&source.part_within(GUARD, GUARD)?, sizes)?,
            half,
            stages: settings::stages(&source.part("stages")?)?,
            tolerances: settings::tolerances(&source.part("tolerances")?)?,
            subject,
            report,
            ended: ended(source)?,
        })
    }
}

/// The parameters by their names, in the order of the layout.
fn parameters<T: Real>(source: &Source<'_>) -> Result<(Layout, Vec<T>)> {
    let (mut layout, mut values) = (Layout::new(), Vec::new());
    for name in words::names(source, "parameters")? {
        let array = source.array(&format!("{PARAMETERS}.{name}"))?;
        for &value in &array.values {
            values.push(words::narrow(&name, value)?);
        }
        layout.push(name, &array.shape);
    }
    Ok((layout.marked(source.whole("fingerprint")?), values))
}

/// How the run ended, if it did by itself.
fn ended(source: &Source<'_>) -> Result<Option<Stop>> {
    let told = source.description().setting("ended");
    let stop = told.map(|_| report::stop_of(source, "ended")).transpose()?;
    match stop {
        Some(Stop::Asked | Stop::Failed) => Err(source.unknown("ended", "a run that can go on")),
        stop => Ok(stop),
    }
}

fn seed(source: &Source<'_>) -> Result<[u8; 32]> {
    let bytes = source.counts("seed")?;
    let bytes: Option<Vec<u8>> = bytes.iter().map(|&byte| u8::try_from(byte).ok()).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        Error::format("the seed of the checkpoint is not 32 bytes: the file was changed")
    })
}

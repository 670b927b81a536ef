//! What a fit leaves on the disk while it goes on, and by what it is known again.

use super::settings::Choices;
use crate::description::{Arrays, Description, Value};
use crate::error::{Error, Result};
use crate::files::within;
use crate::save::Document;
use crate::table::Table;
use crate::trace::mix;
use crate::train::{Checkpoints, Earlier, SUBJECT};

/// The kind of what is kept.
const KIND: &str = "Fit";

/// Begins a fit that keeps checkpoints, or makes sure that it is the one that was begun.
pub(super) fn begin(
    plan: &Checkpoints,
    tables: (&Table, Option<&Table>),
    choices: &Choices,
) -> Result<()> {
    plan.check()?;
    let own = subject(tables, choices);
    let place = plan.folder.join(SUBJECT);
    let known = place.is_file();
    match plan.earlier {
        Earlier::Resumed if known => return check_like(plan, &own),
        Earlier::Replaced => plan.clear()?,
        Earlier::Refused if known || plan.is_begun()? => {
            return Err(Error::setting(format!(
                "there are checkpoints of an earlier fit in {}: go on from them by `Checkpoints::resuming`, remove them by `replacing`, or give another folder",
                plan.folder.display()
            )));
        }
        _ => {}
    }
    plan.make_folder()?;
    let description =
        own.into_iter().fold(Description::new(KIND), |all, (name, words)| all.with(name, words));
    Document { scalar: "f64".into(), description, arrays: Arrays::new() }.write(&place)
}

/// What a fit is of, in words: two of the same words give the same model.
fn subject(
    (table, valid): (&Table, Option<&Table>),
    choices: &Choices,
) -> Vec<(&'static str, String)> {
    let some = |told: Option<String>| told.unwrap_or_else(|| "found".into());
    let list = |all: Vec<String>| if all.is_empty() { "none".into() } else { all.join(", ") };
    let kinds = choices.kinds.iter().map(|(name, kind)| format!("{name}: {kind:?}"));
    vec![
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("table", shown(table)),
        ("validation table", some(valid.map(shown))),
        ("choice of contexts", list(choices.contexts.clone())),
        ("weights", some(choices.weights.clone())),
        ("choice of kinds", list(kinds.collect())),
        ("flow", format!("{:?}", choices.flow)),
        ("number of steps", some(choices.steps.map(|steps| steps.to_string()))),
        ("time limit", some(choices.seconds.map(|limit| format!("{limit} s")))),
        ("share to choose by", some(choices.valid.map(|share| share.to_string()))),
        ("number of members", some(choices.members.map(|members| members.to_string()))),
        ("seed", choices.seed.to_string()),
    ]
}

/// A table in words that no other has.
fn shown(table: &Table) -> String {
    let names: Vec<&str> = table.names().collect();
    let digest = table.matrix().iter().fold(0, |state, value| mix(state, value.to_bits()));
    format!("{} rows of {} ({digest:016x})", table.rows(), names.join(", "))
}

/// An error unless the checkpoints are of this fit.
fn check_like(plan: &Checkpoints, own: &[(&str, String)]) -> Result<()> {
    let place = plan.folder.join(SUBJECT);
    let there = within(&place, Document::read(&place))?.description;
    let told = |name: &str| match there.setting(name) {
        Some(Value::Word(words)) => words.clone(),
        _ => "not known".into(),
    };
    match own.iter().map(|(name, here)| (name, told(name), here)).find(|(_, a, b)| a != *b) {
        None => Ok(()),
        Some((name, there, here)) => Err(Error::setting(format!(
            "the checkpoints in {} are of another fit: the {name} there is {there}, and here it is {here}; tell the same to go on, or begin anew by `Checkpoints::replacing`",
            plan.folder.display()
        ))),
    }
}

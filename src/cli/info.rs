//! `info`: what a model is.

use std::fmt::Write;

use liouville::description::{Description, Value as Setting};
use liouville::model::{Heading, Model};
use serde_json::{Map, Value};

use super::args::Info;
use super::out::{self, Out, number, object};
use super::shown;
use super::stop::Done;

pub fn run(asked: &Info, out: Out) -> Done {
    let model = out::model(&asked.model)?;
    let mut words = String::new();
    let columns = |columns: &[Heading]| {
        columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(words, "columns     {}", columns(model.headings()));
    if model.context_dim() > 0 {
        let _ = writeln!(words, "contexts    {}", columns(model.context_headings()));
    }
    let whole: Vec<String> =
        model.whole_columns().iter().map(|&place| model.headings()[place].to_string()).collect();
    if !whole.is_empty() {
        let _ = writeln!(words, "whole       {}", whole.join(", "));
    }
    let _ = writeln!(words, "scalar      {}", model.scalar());
    let _ = writeln!(words, "parameters  {}", model.parameter_count());
    let notes = model.notes().iter().filter(|(_, value)| !said(value).is_empty());
    for (name, value) in notes {
        let _ = writeln!(words, "{name:<11} {}", said(value));
    }
    let description = model.description()?;
    let _ = writeln!(words);
    for (name, part) in description.parts().iter().filter(|(name, _)| name != "notes") {
        tree(&mut words, name, part, 0);
    }
    out.say(&words, figures(&model, &description))
}

fn figures(model: &Model, description: &Description) -> Map<String, Value> {
    let names = |columns: &[Heading]| -> Value {
        columns.iter().map(Heading::name).collect::<Vec<_>>().into()
    };
    object([
        ("columns", names(model.headings())),
        ("contexts", names(model.context_headings())),
        ("scalar", model.scalar().into()),
        ("parameters", model.parameter_count().into()),
        ("notes", model.notes().iter().map(|(name, value)| (name.clone(), json(value))).collect()),
        ("model", node(description)),
    ])
}

fn said(value: &Setting) -> String {
    match value {
        Setting::Word(word) => word.clone(),
        Setting::Words(words) => words.join(", "),
        Setting::Number(number) => shown::short(*number),
        Setting::Count(count) => count.to_string(),
        Setting::Flag(flag) => flag.to_string(),
        Setting::Counts(counts) => listed(counts, ToString::to_string),
        Setting::Numbers(numbers) => listed(numbers, |number| shown::short(*number)),
    }
}

/// The first of some numbers, and how many there are.
fn listed<T>(values: &[T], shown: impl Fn(&T) -> String) -> String {
    const MOST: usize = 12;
    let first: Vec<String> = values.iter().take(MOST).map(shown).collect();
    match values.len() {
        0..=MOST => first.join(", "),
        all => format!("{}, ... {all} in all", first.join(", ")),
    }
}

/// A node with its parts below it.
fn tree(words: &mut String, name: &str, node: &Description, depth: usize) {
    let settings: Vec<String> =
        node.settings().iter().map(|(name, value)| format!("{name} {}", said(value))).collect();
    let indent = "  ".repeat(depth);
    let line = format!("{indent}{name}: {} {}", node.kind(), settings.join(", "));
    let _ = writeln!(words, "{}", line.trim_end());
    node.parts().iter().for_each(|(name, part)| tree(words, name, part, depth + 1));
}

fn json(value: &Setting) -> Value {
    match value {
        Setting::Flag(flag) => (*flag).into(),
        Setting::Count(count) => (*count).into(),
        Setting::Number(value) => number(*value),
        Setting::Word(word) => word.clone().into(),
        Setting::Counts(counts) => counts.clone().into(),
        Setting::Numbers(numbers) => numbers.iter().copied().map(number).collect(),
        Setting::Words(words) => words.clone().into(),
    }
}

fn node(description: &Description) -> Value {
    let settings = description.settings().iter();
    let parts = description.parts().iter();
    Value::Object(object([
        ("kind", description.kind().into()),
        ("settings", settings.map(|(name, value)| (name.clone(), json(value))).collect()),
        ("parts", parts.map(|(name, part)| (name.clone(), node(part))).collect()),
    ]))
}

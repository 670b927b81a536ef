//! `plot`: a picture of a model, beside the data if they are given, or of a table alone.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use liouville::density::Moving;
use liouville::model::Model;
use liouville::plot::{Picture, Style, Theme};
use liouville::table::{Format, Table};
use liouville::{Result, save};

use super::args::{Look, Plot, Shown};
use super::drawn::{self, Asked};
use super::out::{self, Out, object};
use super::stop::{Done, of_choosing, of_reading, usage};
use super::words;

pub fn run(asked: &Plot, out: Out) -> Done {
    let read: Vec<&Path> =
        asked.data.iter().chain([&asked.subject]).map(PathBuf::as_path).collect();
    out::check_output(&asked.output, &read)?;
    let style = style(asked);
    match is_table(asked) {
        true => table(asked, style)?,
        false => model(asked, style)?,
    }
    out.note(&format!("wrote {}", asked.output.display()));
    match out.json {
        true => out.say("", object([("picture", asked.output.display().to_string().into())])),
        false => Ok(()),
    }
}

/// Whether the subject is a table: by what it holds, and else by its ending.
fn is_table(asked: &Plot) -> bool {
    let told = out::is_standard(&asked.subject) || asked.input.format.is_some();
    !save::is_safetensors(&asked.subject) && (told || Format::of(&asked.subject).is_ok())
}

fn style(asked: &Plot) -> Style {
    let theme = match asked.theme {
        Look::Light => Theme::light(),
        Look::Dark => Theme::dark(),
    };
    Style::new().theme(theme).scale(asked.scale)
}

/// The picture of a model beside a table, of these columns or the first, as `fit` draws it.
pub fn draw(model: &Model, data: &Table, seed: u64, output: &Path) -> Result<()> {
    let asked = Asked { columns: &[], seed, time: None };
    let kind = of_model(model)[0];
    drawn::of_model(kind, model, Some(data), &asked)?.save(output)
}

/// A table alone.
fn table(asked: &Plot, style: Style) -> Done {
    if asked.data.is_some() {
        let subject = asked.subject.display();
        return Err(usage(format!(
            "{subject} is a table, which is drawn alone: beside another a model comes first"
        )));
    }
    let read = out::reader(&asked.subject, &asked.input)?;
    let table = match asked.columns.is_empty() {
        true => read.read(),
        false => read.columns(&asked.columns).read(),
    };
    let table = table.map_err(of_choosing)?;
    let possible = match table.dim() {
        2 => vec![Shown::Corner, Shown::Samples],
        _ => vec![Shown::Corner],
    };
    let kind = chosen(asked, &possible, "a table of these columns")?;
    Ok(drawn::of_table(kind, &table)?.with(style).save(&asked.output)?)
}

fn model(asked: &Plot, style: Style) -> Done {
    if asked.data.is_none() {
        asked.input.check_unused("a table behind the model")?;
    }
    let model = out::model(&asked.subject)?;
    let kind = chosen(asked, &of_model(&model), "this model")?;
    check_columns(asked, &model)?;
    let read = |path: &PathBuf| out::reader(path, &asked.input)?.read().map_err(of_reading);
    let data = asked.data.as_ref().map(read).transpose()?;
    let how = Asked { columns: &asked.columns, seed: asked.seed, time: asked.time };
    if model.context_dim() > 0 && data.is_none() {
        let what = "the model is conditional: give a table with its contexts behind the model";
        return Err(usage(what));
    }
    let drawn = match kind {
        Shown::Animation => drawn::animation(&model, style, &asked.output),
        kind => drawn::of_model(kind, &model, data.as_ref(), &how)
            .and_then(|picture| picture.with(style).save(&asked.output)),
    };
    Ok(drawn?)
}

/// What a model can be drawn as, the first if nothing is said.
fn of_model(model: &Model) -> Vec<Shown> {
    let moves = Moving::<f64>::span(model).is_ok();
    let mut kinds = match (model.dim(), model.context_dim()) {
        (1, 0) if moves => vec![Shown::Line, Shown::Timeline],
        (1, 0) => vec![Shown::Line],
        (1, 1) => vec![Shown::Conditional],
        (2, 0) if !model.whole_columns().is_empty() => Vec::new(),
        (2, 0) if moves => vec![
            Shown::Density,
            Shown::Field,
            Shown::Streamlines,
            Shown::Trajectories,
            Shown::Filmstrip,
            Shown::Animation,
        ],
        (2, 0) => vec![Shown::Density],
        _ => Vec::new(),
    };
    kinds.push(Shown::Corner);
    kinds
}

/// The kind that is asked for, or the first that fits the ending; what does not fit is a usage error.
fn chosen(asked: &Plot, possible: &[Shown], what: &str) -> Done<Shown> {
    let is_film = words::is_film(&asked.output);
    let kind = match (asked.kind, is_film) {
        (Some(kind), _) => kind,
        (None, true) => Shown::Animation,
        (None, false) => possible[0],
    };
    let name = |kind: &Shown| {
        kind.to_possible_value().map_or_else(String::new, |value| value.get_name().to_string())
    };
    if !possible.contains(&kind) {
        let names: Vec<String> = possible.iter().map(name).collect();
        let (kind, names) = (name(&kind), names.join(", "));
        return Err(usage(format!("{what} cannot be drawn as {kind}: give {names}")));
    }
    let ending = asked.output.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let wrong = match (kind == Shown::Animation, ending.as_deref()) {
        (true, Some("svg")) => {
            Some("an animation is no SVG: give a name that ends in .gif, .apng or .png".into())
        }
        (false, _) if is_film => {
            Some(format!("{} is one picture: give a name that ends in .png or .svg", name(&kind)))
        }
        _ if asked.time.is_some() && !matches!(kind, Shown::Field | Shown::Streamlines) => {
            Some(format!("--time is for field and streamlines, and not for {}", name(&kind)))
        }
        _ if !asked.columns.is_empty() && kind != Shown::Corner && kind != Shown::Samples => {
            Some(format!("--columns is for corner, and not for {}", name(&kind)))
        }
        _ => None,
    };
    wrong.map_or(Ok(kind), |message| Err(usage(message)))
}

/// An error unless the model has the columns that were named, each once.
fn check_columns(asked: &Plot, model: &Model) -> Done {
    let names: Vec<&str> = model.headings().iter().map(|column| column.name()).collect();
    let twice = |k: &usize| asked.columns[..*k].contains(&asked.columns[*k]);
    match asked.columns.iter().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(usage(format!(
            "the model has no column {name:?}: it has {}",
            names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
        ))),
        None => match (0..asked.columns.len()).find(twice) {
            Some(k) => {
                Err(usage(format!("column {:?} is given to --columns twice", asked.columns[k])))
            }
            None => Ok(()),
        },
    }
}

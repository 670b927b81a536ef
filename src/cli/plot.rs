//! `plot`: a picture of a model, beside the data if they are given, or of a table alone.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, ValueEnum};
use liouville::Result;
use liouville::density::Moving;
use liouville::model::Model;
use liouville::plot::{Picture, Style, Theme};
use liouville::table::{Format, Table};

use super::args::{Arguments, Look, Plot, Shown};
use super::drawn::{self, Asked};
use super::out::{self, Out, object};
use super::words;

pub fn run(asked: &Plot, out: Out) -> Result<()> {
    let read: Vec<&Path> =
        asked.data.iter().chain([&asked.subject]).map(PathBuf::as_path).collect();
    out::check_output(&asked.output, &read)?;
    let style = style(asked);
    match Format::of(&asked.subject) {
        _ if out::is_standard(&asked.subject) => table(asked, style)?,
        Ok(_) => table(asked, style)?,
        Err(_) => model(asked, style)?,
    }
    out.note(&format!("wrote {}", asked.output.display()));
    match out.json {
        true => out.say("", object([("picture", asked.output.display().to_string().into())])),
        false => Ok(()),
    }
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
fn table(asked: &Plot, style: Style) -> Result<()> {
    if asked.data.is_some() {
        let subject = asked.subject.display();
        refuse(&format!(
            "{subject} is a table, which is drawn alone: beside another a model comes first"
        ));
    }
    let read = out::reader(&asked.subject, &asked.input)?;
    let table = match asked.columns.is_empty() {
        true => read.read()?,
        false => read.columns(&asked.columns).read()?,
    };
    let possible = match table.dim() {
        2 => vec![Shown::Corner, Shown::Samples],
        _ => vec![Shown::Corner],
    };
    let kind = chosen(asked, &possible, "a table of these columns");
    drawn::of_table(kind, &table)?.with(style).save(&asked.output)
}

fn model(asked: &Plot, style: Style) -> Result<()> {
    let model = out::model(&asked.subject)?;
    let kind = chosen(asked, &of_model(&model), "this model");
    let data = asked.data.as_ref().map(|path| out::reader(path, &asked.input)?.read());
    let data = data.transpose()?;
    let how = Asked { columns: &asked.columns, seed: asked.seed, time: asked.time };
    match kind {
        Shown::Animation => drawn::animation(&model, style, &asked.output),
        kind => drawn::of_model(kind, &model, data.as_ref(), &how)?.with(style).save(&asked.output),
    }
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
fn chosen(asked: &Plot, possible: &[Shown], what: &str) -> Shown {
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
        refuse(&format!("{what} cannot be drawn as {}: give {}", name(&kind), names.join(", ")));
    }
    let ending = asked.output.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match (kind == Shown::Animation, ending.as_deref()) {
        (true, Some("svg")) => {
            refuse("an animation is no SVG: give a name that ends in .gif, .apng or .png")
        }
        (false, _) if is_film => {
            refuse(&format!(
                "{} is one picture: give a name that ends in .png or .svg",
                name(&kind)
            ));
        }
        _ => {}
    }
    if asked.time.is_some() && !matches!(kind, Shown::Field | Shown::Streamlines) {
        refuse(&format!("--time is for field and streamlines, and not for {}", name(&kind)));
    }
    if !asked.columns.is_empty() && kind != Shown::Corner && kind != Shown::Samples {
        refuse(&format!("--columns is for corner, and not for {}", name(&kind)));
    }
    kind
}

/// Ends with a usage error.
fn refuse(message: &str) -> ! {
    Arguments::command().error(ErrorKind::ArgumentConflict, message).exit()
}

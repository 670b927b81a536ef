//! `fit`: from a table to a judged model, with its picture.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use liouville::fit::{Fit, Fitted, FlowChoice, Nats, Stage};
use liouville::table::Table;
use liouville::train::Checkpoints;
use liouville::{Error, Result};
use serde_json::{Map, Value};

use super::args::{self, Flow};
use super::out::{self, Out, counted, number, object};
use super::plot;
use super::stop::{Done, of_choosing, of_reading};

/// When Ctrl-C was pressed first.
static PRESSED: OnceLock<Instant> = OnceLock::new();
/// Signals so near one another are one: `timeout` sends its own to the program and then to its group.
const TOGETHER: Duration = Duration::from_millis(500);

pub fn run(asked: &args::Fit, out: Out) -> Done {
    let read_too = [Some(&asked.data), asked.valid.as_ref()].into_iter().flatten();
    out::check_output(&asked.output, &read_too.map(PathBuf::as_path).collect::<Vec<_>>())?;
    let picture = asked.picture.clone().or_else(|| beside(&asked.output));
    let picture = picture.filter(|_| !asked.no_picture);
    if let Some(path) = &picture {
        out::check_output(path, &[&asked.data, &asked.output])?;
    }
    let table = read(asked)?;
    asked.check_columns(&table)?;
    let valid = asked.valid.as_ref().map(|path| -> Done<Table> {
        // Those of the table: what else it holds does not matter.
        let names = table.names().map(String::from);
        out::reader(path, &asked.input)?.columns(names).read().map_err(of_reading)
    });
    let valid = valid.transpose()?;
    let (rows, columns) = (counted(table.rows(), "row"), counted(table.dim(), "column"));
    out.note(&format!("{rows} and {columns}"));
    let told = Told::new(out);
    let progress = |stage: &Stage| told.hear(stage);
    let kept = checkpoints(asked, out);
    let mut fit = choose(Fit::new(&table), asked).progress(&progress).checkpoints(kept.clone());
    if let Some(valid) = &valid {
        fit = fit.valid(valid);
    }
    watch_for_the_end()?;
    let fitted = fit.run()?;
    told.finish();
    fitted.model.save(&asked.output)?;
    let goes_on = interrupted() && asked.resume;
    if !goes_on && let Err(error) = kept.clear() {
        eprintln!("warning: checkpoints are left: {error}");
    }
    // The verdict is said whatever becomes of the picture.
    let picture = picture.and_then(|path| {
        let drawn = draw(&fitted, &table, path);
        drawn.map_err(|error| eprintln!("warning: there is no picture: {error}")).ok()
    });
    let mut words = fitted.to_string();
    if interrupted() {
        words +=
            "\nwarning              training was ended by a signal: this is the best model so far";
        if goes_on {
            words += "; the same command goes on from here";
        }
    }
    words += &format!("\nfile                 {}", asked.output.display());
    if let Some(path) = &picture {
        words += &format!("\npicture              {}", path.display());
    }
    out.say(&words, figures(&fitted, asked, picture.as_deref()))
}

/// Where checkpoints are kept, and what is done about those of an earlier fit.
fn checkpoints(asked: &args::Fit, out: Out) -> Checkpoints {
    let mut folder = asked.output.clone().into_os_string();
    folder.push(".checkpoints");
    let kept = Checkpoints::to(&folder).every_minutes(asked.checkpoint_minutes);
    match (asked.resume, Path::new(&folder).is_dir()) {
        (true, there) => {
            if there {
                out.note(&format!("going on from {}", folder.display()));
            }
            kept.resuming()
        }
        (false, there) => {
            if there {
                out.note("begins anew: with --resume it would have gone on with an earlier fit");
            }
            kept.replacing()
        }
    }
}

fn read(asked: &args::Fit) -> Done<Table> {
    let reader = out::reader(&asked.data, &asked.input)?;
    let wanted = [&asked.columns[..], &asked.context, asked.weights.as_slice()].concat();
    let reader = match (asked.columns.is_empty(), asked.except.is_empty()) {
        (false, _) => reader.columns(wanted),
        (true, false) => reader.except(asked.except.clone()),
        (true, true) => reader,
    };
    reader.read().map_err(of_choosing)
}

fn choose<'a>(mut fit: Fit<'a>, asked: &args::Fit) -> Fit<'a> {
    fit = fit.contexts(asked.context.clone()).seed(asked.seed).flow(match asked.flow {
        Flow::Auto => FlowChoice::Auto,
        Flow::Continuous => FlowChoice::Continuous,
        Flow::Spline => FlowChoice::Spline,
        Flow::RealNvp => FlowChoice::RealNvp,
        Flow::Maf => FlowChoice::Maf,
        Flow::None => FlowChoice::None,
    });
    for (name, kind) in &asked.kind {
        fit = fit.kind(name, *kind);
    }
    if let Some(name) = &asked.weights {
        fit = fit.weights(name);
    }
    if let Some(steps) = asked.steps {
        fit = fit.steps(steps);
    }
    if let Some(limit) = asked.seconds {
        fit = fit.seconds(limit);
    }
    if let Some(share) = asked.valid_share {
        fit = fit.valid_share(share);
    }
    match asked.members {
        Some(members) => fit.members(members),
        None => fit,
    }
}

/// Ctrl-C ends the training and keeps the best model; twice it ends the program.
fn watch_for_the_end() -> Result<()> {
    let pressed = || match PRESSED.get() {
        Some(first) if first.elapsed() > TOGETHER => std::process::exit(130),
        Some(_) => {}
        None => {
            PRESSED.get_or_init(Instant::now);
            eprintln!("\nending with the best model so far; Ctrl-C again to leave at once");
        }
    };
    let set = ctrlc::set_handler(pressed);
    set.map_err(|error| Error::setting(format!("Ctrl-C cannot be watched: {error}")))
}

/// Whether a signal asked for the end.
fn interrupted() -> bool {
    PRESSED.get().is_some()
}

/// What is said on the way: a line that is written over on a terminal, plain lines elsewhere.
struct Told {
    silent: bool,
    terminal: bool,
    last: Mutex<Option<Instant>>,
}

impl Told {
    fn new(out: Out) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { silent: out.quiet || out.json, terminal, last: Mutex::new(None) }
    }

    /// Whether to go on.
    fn hear(&self, stage: &Stage) -> bool {
        let apart = Duration::from_millis(if self.terminal { 100 } else { 10_000 });
        if !self.silent && self.is_due(apart) {
            // A terminal that is gone is no reason to end.
            let _ = match self.terminal {
                true => write!(std::io::stderr(), "\r\x1b[2K{stage}"),
                false => writeln!(std::io::stderr(), "{stage}"),
            };
        }
        !interrupted()
    }

    /// Whether so much time has passed since something was said.
    fn is_due(&self, apart: Duration) -> bool {
        let Ok(mut last) = self.last.lock() else { return false };
        let due = last.is_none_or(|last| last.elapsed() >= apart);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    fn finish(&self) {
        if self.terminal && !self.silent {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

/// The name of the model with the ending of a picture.
fn beside(model: &Path) -> Option<PathBuf> {
    Some(model.with_extension("png")).filter(|path| path != model)
}

/// A picture of the model beside the table that it was made from.
fn draw(fitted: &Fitted, table: &Table, path: PathBuf) -> Result<PathBuf> {
    plot::draw(&fitted.model, table, fitted.seed, &path)?;
    Ok(path)
}

fn nats(nats: &Nats) -> Value {
    Value::Object(object([
        ("mean", number(nats.mean)),
        ("standard_error", number(nats.standard_error)),
    ]))
}

fn figures(fitted: &Fitted, asked: &args::Fit, picture: Option<&Path>) -> Map<String, Value> {
    let verdict = &fitted.verdict;
    let words = |all: Vec<String>| Value::from(all);
    let columns = fitted.columns.iter().map(|found| {
        Value::Object(object([
            ("name", found.name.clone().into()),
            ("kind", found.kind.to_string().into()),
        ]))
    });
    let calibration: Map<String, Value> =
        verdict.calibration.iter().map(|(name, p)| (name.clone(), number(*p))).collect();
    let candidates = fitted.candidates.iter().map(|(candidate, log_prob)| {
        Value::Object(object([
            ("candidate", candidate.to_string().into()),
            ("mean_log_prob", number(*log_prob)),
        ]))
    });
    object([
        ("verdict", verdict.sentence().into()),
        ("trusted", verdict.is_trusted().into()),
        ("calibrated", verdict.is_calibrated().into()),
        ("chosen", verdict.chosen.to_string().into()),
        ("rows", verdict.all_rows.into()),
        ("different_rows", verdict.rows.into()),
        ("held_out", verdict.held_out.into()),
        ("held_out_different", verdict.held_out_different.into()),
        ("nats", nats(&verdict.nats)),
        ("gaussian", nats(&verdict.gaussian)),
        ("mixture", nats(&verdict.mixture)),
        ("components", verdict.components.into()),
        ("over_gaussian", nats(&verdict.over_gaussian)),
        ("over_mixture", nats(&verdict.over_mixture)),
        ("calibration", Value::Object(calibration)),
        ("density_calibration", number(verdict.density_calibration)),
        ("doubts", words(verdict.doubts.clone())),
        ("warnings", words(fitted.warnings.iter().map(ToString::to_string).collect())),
        ("columns", columns.collect()),
        ("candidates", candidates.collect()),
        ("interrupted", interrupted().into()),
        ("seed", fitted.seed.into()),
        ("seconds", number(fitted.seconds)),
        ("model", asked.output.display().to_string().into()),
        ("picture", picture.map(|path| path.display().to_string()).into()),
    ])
}

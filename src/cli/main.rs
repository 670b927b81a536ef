//! The command `liouville`: densities from tables, without a program.

mod args;
mod beside;
mod check;
mod datasets;
mod diagnosed;
mod drawn;
mod fit;
mod found;
mod import;
mod info;
mod integral;
mod log_prob;
mod means;
mod measured;
mod out;
mod own;
mod parts;
mod plot;
mod roles;
mod sample;
mod shown;
mod size;
mod stop;
mod words;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use liouville::Error;

use args::{Arguments, Command};
use out::Out;
use stop::{Done, Stop, usage};

fn main() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let name = matches.subcommand_name();
    let out = Out { json: arguments.json, quiet: arguments.quiet };
    match prepare(&arguments).and_then(|()| run(arguments.command, out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Usage(message)) => refuse(name, as_options(&message, name)),
        // Whoever reads has seen enough, as `head` does.
        Err(Stop::Failed(error)) if error.io_kind() == Some(std::io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(Stop::Failed(error)) => {
            eprintln!("error: {}", as_options(&error.to_string(), name));
            ExitCode::FAILURE
        }
    }
}

/// Ends with a usage error of this command.
fn refuse(name: Option<&str>, message: String) -> ! {
    let mut command = Arguments::command();
    command.build();
    let kind = ErrorKind::ValueValidation;
    match name.and_then(|name| command.find_subcommand_mut(name)) {
        Some(own) => own.error(kind, message).exit(),
        None => command.error(kind, message).exit(),
    }
}

/// A message of the library, whose words for reading a table are options here; columns are left out by a fit alone.
fn as_options(message: &str, command: Option<&str>) -> String {
    let phrases = [
        (", or columns by `columns` or `except`", ""),
        (", or leave them out by `columns` or `except`", ""),
    ];
    let words = [
        ("`leave_out_missing`", "--leave-out-missing"),
        ("`delimiter`", "--delimiter"),
        ("`missing`", "--missing"),
        ("`columns`", "--columns"),
        ("`except`", "--except"),
        ("`names`", "--names"),
        ("`format`", "--format"),
        ("`array`", "--array"),
        ("by `Checkpoints::replacing`", "without --resume"),
        ("read it by `Model::load`", "use the file as it is"),
        ("; `Table::write` knows NPZ, too", ""),
    ];
    let is_fit = command == Some("fit");
    let phrases = phrases.iter().filter(|_| !is_fit);
    let begun = match command {
        Some("fit") => message.to_string(),
        Some("plot") => advised(message, "choose columns of numbers by `columns`"),
        _ => advised(message, "write the column in numbers"),
    };
    phrases.chain(&words).fold(begun, |text, (word, option)| text.replace(word, option))
}

/// What is said of cells that are no numbers, with other advice where no option leaves columns out.
fn advised(message: &str, advice: &str) -> String {
    let whole = || {
        let (before, rest) = message.split_once("choose columns of numbers by `columns`")?;
        let (_, behind) = rest.split_once("by `except`")?;
        Some(format!("{before}{advice}{behind}"))
    };
    whole().unwrap_or_else(|| message.to_string())
}

/// The threads that were asked for.
fn prepare(arguments: &Arguments) -> Done {
    let Some(threads) = arguments.threads else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    Ok(pool.map_err(|error| Error::setting(format!("{threads} threads cannot be had: {error}")))?)
}

fn run(command: Command, out: Out) -> Done {
    match command {
        Command::Fit(asked) => {
            asked.check().map_err(usage)?;
            fit::run(&asked, out)
        }
        Command::LogProb(asked) => log_prob::run(&asked, out),
        Command::Sample(asked) => sample::run(&asked, out),
        Command::Check(asked) => check::run(&asked, out),
        Command::Plot(asked) => plot::run(&asked, out),
        Command::Info(asked) => info::run(&asked, out),
        Command::Datasets(asked) => datasets::run(&asked, out),
        Command::ImportPytorch(asked) => import::run(&asked, out),
        Command::Completions { shell } => {
            let mut words = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "liouville", &mut words);
            Ok(out::bytes(&words)?)
        }
    }
}

//! The command `liouville`: densities from tables, without a program.

mod args;
mod check;
mod datasets;
mod diagnosed;
mod drawn;
mod fit;
mod import;
mod info;
mod log_prob;
mod out;
mod plot;
mod sample;
mod words;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use liouville::Error;

use args::{Arguments, Command};
use out::Out;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::Fit(asked) = &arguments.command
        && let Err(message) = asked.check()
    {
        Arguments::command().error(ErrorKind::ArgumentConflict, message).exit();
    }
    let is_fit = matches!(arguments.command, Command::Fit(_));
    let out = Out { json: arguments.json, quiet: arguments.quiet };
    match prepare(&arguments).and_then(|()| run(arguments.command, out)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough, as `head` does.
        Err(error) if error.io_kind() == Some(std::io::ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", as_options(&error.to_string(), is_fit));
            ExitCode::FAILURE
        }
    }
}

/// A message of the library, whose words for reading a table are options here; columns are chosen by a fit alone.
fn as_options(message: &str, is_fit: bool) -> String {
    let phrases = [
        (", or columns by `columns` or `except`", ""),
        (", or leave them out by `columns` or `except`", ""),
        ("choose columns of numbers by `columns`, ", ""),
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
        ("; `Table::write` knows NPZ, too", ""),
    ];
    let phrases = phrases.iter().filter(|_| !is_fit);
    phrases
        .chain(&words)
        .fold(message.to_string(), |text, (word, option)| text.replace(word, option))
}

/// The threads that were asked for.
fn prepare(arguments: &Arguments) -> liouville::Result<()> {
    let Some(threads) = arguments.threads else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
    pool.map_err(|error| Error::setting(format!("{threads} threads cannot be had: {error}")))
}

fn run(command: Command, out: Out) -> liouville::Result<()> {
    match command {
        Command::Fit(asked) => fit::run(&asked, out),
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
            out::bytes(&words)
        }
    }
}

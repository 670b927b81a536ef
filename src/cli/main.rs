//! The command `liouville`: densities from tables, without a program.

mod args;
mod check;
mod datasets;
mod fit;
mod import;
mod info;
mod log_prob;
mod out;
mod plot;
mod sample;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use liouville::Error;

use args::{Arguments, Command};
use out::Out;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let out = Out { json: arguments.json, quiet: arguments.quiet };
    match prepare(&arguments).and_then(|()| run(arguments.command, out)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough, as `head` does.
        Err(error) if error.io_kind() == Some(std::io::ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", as_options(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

/// A message of the library, whose words for reading a table are options here.
fn as_options(message: &str) -> String {
    let words = [
        ("`leave_out_missing`", "--leave-out-missing"),
        ("`delimiter`", "--delimiter"),
        ("`missing`", "--missing"),
        ("`columns`", "--columns"),
        ("`except`", "--except"),
        ("by `Checkpoints::replacing`", "without --resume"),
    ];
    words.iter().fold(message.to_string(), |text, (word, option)| text.replace(word, option))
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

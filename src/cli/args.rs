//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use liouville::fit::Kind;
use liouville::kernels::Activation;
use liouville::table::Format;

use super::stop::{Done, usage};
use super::words;

const EXAMPLES: &str = "\
Examples:
  liouville datasets two-moons -n 5000 -o moons.csv
  liouville fit moons.csv -o moons.safetensors
  liouville check moons.safetensors moons.csv
  liouville log-prob moons.safetensors moons.csv -o scores.csv
  liouville sample moons.safetensors -n 1000 | head
  liouville plot moons.safetensors moons.csv -o moons.png

Tables are read from CSV, NPY and NPZ by their ending, in a build with the feature `parquet` from Parquet and Arrow, too, and
written to CSV and NPY; `-` is the standard input or output, as CSV. Log-densities are in nats, in the units of the table.

Exit codes: 0 done; 2 the command line is wrong: an option, a value, the ending of a name, or a column that it names and the
table does not have; 1 anything else.";

/// Densities from tables: continuous normalizing flows, fitted, judged, scored, sampled and drawn.
#[derive(Parser)]
#[command(name = "liouville", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Arguments {
    /// The number of threads; results have the same bits whatever it is [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = words::threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Print JSON in place of words and tables, with every figure to the last digit: one object, or one a row where
    /// rows are drawn
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Fit a model to a table, judge it on rows that it has not seen, and draw it
    Fit(Fit),
    /// Score every row of a table: its log-density in nats
    LogProb(Score),
    /// Draw samples from a model
    Sample(Draw),
    /// Examine a model: by itself, and on a table that it has not seen
    Check(Check),
    /// Draw a picture or an animation of a model, beside the data if they are given, or a table alone
    Plot(Plot),
    /// Say what a model is
    Info(Info),
    /// Draw samples from a known density, to try things on
    Datasets(Datasets),
    /// Make a model of a field of PyTorch: a plain network in a file of safetensors
    ImportPytorch(Import),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where a table is read from.
#[derive(Args)]
pub struct Input {
    /// What separates the cells of a text, such as ; or \t [default: found]
    #[arg(long, value_name = "CHAR", value_parser = words::delimiter)]
    pub delimiter: Option<u8>,
    /// The format of the table: csv, npy or npz [default: by its ending; csv of the standard input]
    #[arg(long, value_name = "FORMAT", value_parser = words::format)]
    pub format: Option<Format>,
    /// The names of all columns of the table, in place of those that it has
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub names: Vec<String>,
    /// The array of an archive, if it holds more than one
    #[arg(long, value_name = "NAME")]
    pub array: Option<String>,
    /// The first row of a text is data, and columns are called x0, x1, ...
    #[arg(long)]
    pub no_header: bool,
    /// One more word for a missing value
    #[arg(long, value_name = "WORD")]
    pub missing: Vec<String>,
    /// Leave out rows with missing values, which are an error otherwise
    #[arg(long)]
    pub leave_out_missing: bool,
}

/// The flow that is tried beside a Gaussian and a mixture of them.
#[derive(Clone, Copy, ValueEnum)]
pub enum Flow {
    /// By rows and columns
    Auto,
    Continuous,
    Spline,
    RealNvp,
    Maf,
    /// The better one of Gaussian and mixture; with contexts a linear regression
    None,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  liouville fit wine.csv -o wine.safetensors
  liouville fit stars.csv -o stars.safetensors --context mass,age --weights weight
  liouville fit wind.csv -o wind.safetensors --kind direction=angle:0:360 --kind speed=positive

A Gaussian, mixtures of Gaussians and a flow are tried, and the best on rows that none of them learnt from is taken.
Ctrl-C ends the training and keeps the best model so far. A fit that was killed goes on by the same command with --resume.")]
pub struct Fit {
    /// The table
    pub data: PathBuf,
    /// Where the model goes: a name that ends in .safetensors
    #[arg(long, short, value_name = "MODEL", value_parser = words::model)]
    pub output: PathBuf,
    /// The columns to learn [default: all but contexts and weights]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "except")]
    pub columns: Vec<String>,
    /// Columns to leave out, such as labels that are no numbers
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub except: Vec<String>,
    /// Columns that the model is conditional on
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub context: Vec<String>,
    /// The column that weighs rows
    #[arg(long, value_name = "NAME")]
    pub weights: Option<String>,
    /// What a column holds, in place of what it seems: NAME=continuous, positive, whole, bounded:LOW:HIGH or
    /// angle:LOW:HIGH
    #[arg(long, value_name = "NAME=KIND", value_parser = words::kind)]
    pub kind: Vec<(String, Kind)>,
    /// The flow that is tried
    #[arg(long, value_enum, default_value_t = Flow::Auto)]
    pub flow: Flow,
    /// The number of flows whose mean is the model [default: 3 to 10 by rows]
    #[arg(long, value_name = "N", value_parser = words::count::<usize>, allow_negative_numbers = true)]
    pub members: Option<usize>,
    /// The steps of training of each flow [default: found]
    #[arg(long, value_name = "N", value_parser = words::count::<usize>, allow_negative_numbers = true)]
    pub steps: Option<usize>,
    /// A time limit for the training of all flows; the model then depends on the machine
    #[arg(long, value_name = "S", value_parser = words::positive, allow_negative_numbers = true)]
    pub seconds: Option<f64>,
    /// A table whose rows end the training and choose between models, in place of a share of DATA
    #[arg(long, value_name = "FILE", conflicts_with = "valid_share")]
    pub valid: Option<PathBuf>,
    /// The share of rows by which training is ended and models are chosen [default: 0.1]
    #[arg(long, value_name = "SHARE", value_parser = words::share, allow_negative_numbers = true)]
    pub valid_share: Option<f64>,
    /// Go on with a fit that was interrupted, from its checkpoints in MODEL.checkpoints: the model is that of a fit
    /// without an interruption. Without it a fit begins anew
    #[arg(long)]
    pub resume: bool,
    /// How far apart checkpoints are, in minutes
    #[arg(long, value_name = "M", value_parser = words::positive, allow_negative_numbers = true, default_value_t = 1.0)]
    pub checkpoint_minutes: f64,
    /// What all random numbers come from
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = words::seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// The picture of the model beside the table [default: MODEL with the ending png]
    #[arg(long, value_name = "FILE", value_parser = words::picture, conflicts_with = "no_picture")]
    pub picture: Option<PathBuf>,
    /// Draw no picture
    #[arg(long)]
    pub no_picture: bool,
    #[command(flatten)]
    pub input: Input,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  liouville log-prob wine.safetensors wine.csv -o scores.csv

Columns and contexts are found by their names. The table is read in pieces, so that it may be larger than
memory.")]
pub struct Score {
    /// The model
    pub model: PathBuf,
    /// The table
    pub data: PathBuf,
    /// Where the log-densities go, one a row [default: the standard output]
    #[arg(long, short, value_name = "FILE", value_parser = words::table)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub input: Input,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  liouville sample wine.safetensors -n 1000 -o drawn.csv
  liouville sample spectrum.safetensors -n 3 --context observed.csv")]
pub struct Draw {
    /// The model
    pub model: PathBuf,
    /// The number of samples, or of samples for each row of contexts
    #[arg(short, long, value_name = "N", value_parser = words::count::<u64>, allow_negative_numbers = true)]
    pub number: u64,
    /// A table with the contexts of a conditional model
    #[arg(long, value_name = "FILE")]
    pub context: Option<PathBuf>,
    /// What the random numbers start from
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = words::seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// Where the samples go [default: the standard output]
    #[arg(long, short, value_name = "FILE", value_parser = words::table)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub input: Input,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  liouville check wine.safetensors held-out.csv
  liouville check moons.safetensors moons.csv --members

With a table: the mean log-density of its rows beside that of a Gaussian of the same columns and of the rows that were held
out when the model was fitted, and whether its rows look like samples of the model, column by column. Always: whether samples
arrive and come back, whether log-determinants are those of Jacobians, and whether the density integrates to one.")]
pub struct Check {
    /// The model
    pub model: PathBuf,
    /// A table that the model has not seen
    pub data: Option<PathBuf>,
    /// Every flow of the model by itself, too, in the coordinates that it sees
    #[arg(long)]
    pub members: bool,
    /// What the random numbers start from
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = words::seed, allow_negative_numbers = true)]
    pub seed: u64,
    #[command(flatten)]
    pub input: Input,
}

/// What a picture shows.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Shown {
    /// The density of two columns
    Density,
    /// Every column alone, and every pair
    Corner,
    /// The rows of a table of two columns as dots
    Samples,
    /// The density of one column
    Line,
    /// Time against the one column of a continuous flow
    Timeline,
    /// One column over one context
    Conditional,
    /// Arrows along the field of a continuous flow
    Field,
    /// Lines along it
    Streamlines,
    /// Ways of samples from base to data
    Trajectories,
    /// The density at several times
    Filmstrip,
    /// From base to data, as GIF or APNG
    Animation,
}

/// The theme of a picture.
#[derive(Clone, Copy, ValueEnum)]
pub enum Look {
    Light,
    Dark,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  liouville plot moons.safetensors moons.csv -o moons.png
  liouville plot moons.safetensors -o moons.gif
  liouville plot moons.safetensors --kind streamlines --theme dark --scale 2 -o field.png
  liouville plot wine.csv --columns alcohol,hue -o wine.svg")]
pub struct Plot {
    /// The model, or a table that is drawn alone
    #[arg(value_name = "MODEL|DATA")]
    pub subject: PathBuf,
    /// A table to draw beside a model, with the contexts of a conditional one
    pub data: Option<PathBuf>,
    /// The picture: PNG, SVG, GIF or APNG by its ending
    #[arg(long, short, value_name = "FILE", value_parser = words::picture_or_film)]
    pub output: PathBuf,
    /// What the picture shows [default: by the ending, and the number of columns]
    #[arg(long, value_enum)]
    pub kind: Option<Shown>,
    /// Which columns a corner plot has [default: the first six]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// The time of a field [default: half way from base to data]
    #[arg(long, value_name = "T", value_parser = words::finite, allow_negative_numbers = true)]
    pub time: Option<f64>,
    /// The theme
    #[arg(long, value_enum, default_value_t = Look::Light)]
    pub theme: Look,
    /// How many times more pixels a PNG has each way: 2 or 3 for print
    #[arg(long, value_name = "FACTOR", value_parser = words::scale, allow_negative_numbers = true, default_value_t = 1.0)]
    pub scale: f64,
    /// What the random numbers start from
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = words::seed, allow_negative_numbers = true)]
    pub seed: u64,
    #[command(flatten)]
    pub input: Input,
}

#[derive(Args)]
pub struct Info {
    /// The model
    pub model: PathBuf,
}

/// The densities of the module `data`.
#[derive(Clone, Copy, ValueEnum)]
pub enum Known {
    TwoMoons,
    EightGaussians,
    Pinwheel,
    SwissRoll,
    Rings,
    TwoSpirals,
    Checkerboard,
}

#[derive(Args)]
pub struct Datasets {
    /// Which
    pub name: Known,
    /// The number of rows
    #[arg(short, long, value_name = "N", default_value_t = 1000, value_parser = words::count::<u64>, allow_negative_numbers = true)]
    pub number: u64,
    /// What the random numbers start from
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = words::seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// Where the table goes [default: the standard output]
    #[arg(long, short, value_name = "FILE", value_parser = words::table)]
    pub output: Option<PathBuf>,
}

/// Which input of a network is the time.
#[derive(Clone, Copy, ValueEnum)]
pub enum Place {
    First,
    Last,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  liouville import-pytorch field.safetensors --activation tanh --time last -o model.safetensors

The file holds the state dict of a `Sequential` of `Linear` layers and activations (from `safetensors.torch.save_file`), a
network from [x, t] to dx/dt. The model is the flow of that field from a standard normal at t = 0 to the data at
t = 1.")]
pub struct Import {
    /// The weights
    pub weights: PathBuf,
    /// tanh, softplus, silu, sin or relu
    #[arg(long, value_parser = words::activation)]
    pub activation: Activation,
    /// Which input is the time
    #[arg(long, value_enum)]
    pub time: Place,
    /// What stands in front of the names of the layers, as `net.` in `net.0.weight` [default: found]
    #[arg(long, value_name = "WORDS")]
    pub prefix: Option<String>,
    /// The times of base and data, such as 1,0 for a field that runs to the base
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', num_args = 2, default_values_t = [0.0, 1.0], value_parser = words::finite, allow_negative_numbers = true)]
    pub span: Vec<f64>,
    /// The tolerance of integration
    #[arg(long, default_value_t = 1e-5, value_parser = words::tolerance, allow_negative_numbers = true)]
    pub tolerance: f64,
    /// Where the model goes: a name that ends in .safetensors
    #[arg(long, short, value_name = "FILE", value_parser = words::model)]
    pub output: PathBuf,
}

impl Input {
    /// An error if something is said of a table and there is none.
    pub fn check_unused(&self, where_one_goes: &str) -> Done {
        let given = [
            (self.delimiter.is_some(), "--delimiter"),
            (self.format.is_some(), "--format"),
            (!self.names.is_empty(), "--names"),
            (self.array.is_some(), "--array"),
            (self.no_header, "--no-header"),
            (!self.missing.is_empty(), "--missing"),
            (self.leave_out_missing, "--leave-out-missing"),
        ];
        match given.into_iter().find(|(given, _)| *given) {
            Some((_, option)) => Err(usage(format!(
                "{option} says how a table is read, and there is none: give {where_one_goes}"
            ))),
            None => Ok(()),
        }
    }
}

//! Held-out nats on small and large tables with every choice left out: single flows and ensembles, and seconds.
//!
//! `LIOUVILLE_REFERENCE_DATA=FOLDER cargo bench -p liouville-benches --bench tables -- SEEDS [TABLE...]`, seeds as
//! `0..5`. The folder holds `tables/NAME.csv`: rows are samples, the first line names columns. Rows are ordered by
//! 7919 i mod n; the small tables are divided into five folds by position mod 5, MAGIC by position mod 10 into
//! eight parts to train on, one that is not used, and one to test. Numbers are in nats of rows that are
//! standardised by mean and population deviation of those to train on. Digits are bits a pixel: of the pictures 85% at random,
//! each with eight draws of uniform noise, to train on, the others with one to test; by likelihood, then by flow matching,
//! and an ensemble by flow matching. One core.

use std::ops::Range;
use std::time::Instant;

use liouville::prelude::*;
use nalgebra::{DMatrix, DVector};
use rand::rngs::{StdRng, Xoshiro256PlusPlus};
use rand::{RngExt, SeedableRng};

type Model = Pushforward<StandardNormal, ContinuousFlow<Mlp<f32>>>;

/// A table and how it is divided.
#[derive(Clone, Copy)]
struct Table {
    name: &'static str,
    file: &'static str,
    dim: usize,
    /// How many parts it is divided into, and how many of them are tested in turn.
    parts: usize,
    tested: usize,
}

const TABLES: [Table; 4] = [
    Table { name: "wine", file: "sklearn_wine", dim: 13, parts: 5, tested: 5 },
    Table { name: "breast", file: "sklearn_breast_cancer", dim: 30, parts: 5, tested: 5 },
    Table { name: "penguins", file: "penguins", dim: 4, parts: 5, tested: 5 },
    Table { name: "magic", file: "magic_gamma", dim: 10, parts: 10, tested: 1 },
];

impl Table {
    /// The samples as columns, in the order of the split.
    fn read(&self, folder: &str) -> DMatrix<f64> {
        let path = format!("{folder}/tables/{}.csv", self.file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{path}: {cause}"));
        let number = |cell: &str| cell.trim().parse::<f64>().expect("a number");
        let row = |line: &str| line.split(',').take(self.dim).map(number).collect::<Vec<_>>();
        let values: Vec<f64> = text.lines().skip(1).flat_map(row).collect();
        let rows = values.len() / self.dim;
        DMatrix::from_fn(self.dim, rows, |i, j| values[7919 * j % rows * self.dim + i])
    }

    /// What to train on and what to test by, standardised.
    fn divided(&self, data: &DMatrix<f64>, fold: usize) -> [DMatrix<f32>; 2] {
        // MAGIC: below 8 to train on, 8 to validate, 9 to test.
        let train = |part: usize| match self.tested {
            1 => part < 8,
            _ => part != fold,
        };
        let test = |part: usize| if self.tested == 1 { part == 9 } else { part == fold };
        let choose = |wanted: &dyn Fn(usize) -> bool| {
            let columns: Vec<usize> =
                (0..data.ncols()).filter(|j| wanted(j % self.parts)).collect();
            data.select_columns(&columns)
        };
        let (train, test) = (choose(&train), choose(&test));
        let scale = liouville::data::Standardizer::fit(&train).expect("finite");
        [train, test].map(|part| scale.apply(&part).expect("the same rows").map(|x| x as f32))
    }
}

/// The mean cost of the test samples by the normal density of the training samples.
fn gaussian([train, test]: &[DMatrix<f32>; 2]) -> f64 {
    let (train, test) = (train.map(f64::from), test.map(f64::from));
    let mean = train.column_mean();
    let centred = |data: &DMatrix<f64>| {
        let columns: Vec<DVector<f64>> = data.column_iter().map(|x| x - &mean).collect();
        DMatrix::from_columns(&columns)
    };
    let deviations = centred(&train);
    let covariance = &deviations * deviations.transpose() / train.ncols() as f64;
    let root = covariance.cholesky().expect("more samples than dimensions").l();
    let white = root.solve_lower_triangular(&centred(&test)).expect("regular");
    let volume: f64 = root.diagonal().iter().map(|d| d.ln()).sum();
    let dim = test.nrows() as f64;
    let squares: f64 = white.column_iter().map(|z| z.norm_squared()).sum();
    0.5 * squares / test.ncols() as f64 + volume + 0.5 * dim * std::f64::consts::TAU.ln()
}

fn make(dim: usize, rng: &mut Xoshiro256PlusPlus) -> liouville::Result<Model> {
    Ok(StandardNormal::new(dim).pushed_by(ContinuousFlow::new(Mlp::new(dim).build(rng)?)))
}

/// Nats and seconds of a single model, then of an ensemble.
fn train([train, test]: &[DMatrix<f32>; 2], seed: u64, talk: bool) -> [[f64; 2]; 2] {
    let trainer = || Trainer::maximum_likelihood().quiet();
    let dim = train.nrows();
    let start = Instant::now();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut single = make(dim, &mut Xoshiro256PlusPlus::from_rng(&mut rng)).expect("valid sizes");
    let report = trainer().fit(&mut single, train, &mut rng).expect("trains");
    let first =
        [-f64::from(single.log_prob(test).expect("finite").mean()), start.elapsed().as_secs_f64()];
    let start = Instant::now();
    let mut rng = StdRng::seed_from_u64(seed);
    let fitted = trainer().ensemble().fit(|rng| make(dim, rng), train, &mut rng);
    let (ensemble, all) = fitted.expect("trains");
    let seconds = start.elapsed().as_secs_f64();
    if talk {
        println!("{report}\n\n{all}\n");
    }
    [first, [-f64::from(ensemble.log_prob(test).expect("finite").mean()), seconds]]
}

/// One line for a table and a seed: means over the folds.
fn run(table: Table, data: &DMatrix<f64>, seed: u64, talk: bool) {
    let mut sums = [0.0; 5];
    for fold in 0..table.tested {
        let parts = table.divided(data, fold);
        let [[single, single_s], [ensemble, ensemble_s]] = train(&parts, seed, talk && fold == 0);
        let found = [gaussian(&parts), single, single_s, ensemble, ensemble_s];
        sums.iter_mut().zip(found).for_each(|(sum, value)| *sum += value / table.tested as f64);
    }
    let [normal, single, single_s, ensemble, ensemble_s] = sums;
    println!(
        "{:9} {seed:4} {normal:9.3} {single:9.3} {single_s:7.1} s {ensemble:9.3} {ensemble_s:7.1} s",
        table.name
    );
}

/// Digits, with uniform noise on `copies` of each.
fn blurred(images: &DMatrix<f32>, copies: usize, rng: &mut StdRng) -> DMatrix<f32> {
    let count = images.ncols();
    DMatrix::from_fn(images.nrows(), copies * count, |i, j| {
        images[(i, j % count)] + rng.random::<f32>()
    })
}

/// One line of bits a pixel for a seed.
fn digits(folder: &str, seed: u64, talk: bool) {
    let table = Table { name: "digits", file: "sklearn_digits8x8", dim: 64, parts: 1, tested: 1 };
    let images = table.read(folder).map(|x| x as f32);
    let mut rng = StdRng::seed_from_u64(seed);
    let (train, test) = data::split(&images, 0.85, &mut rng).expect("two parts");
    let (train, test) = (blurred(&train, 8, &mut rng), blurred(&test, 1, &mut rng));
    let bits = |log_prob: DVector<f32>| -f64::from(log_prob.mean()) / 64.0 / std::f64::consts::LN_2;
    let trainer = || Trainer::flow_matching().quiet();
    let start = Instant::now();
    let mut likely = make(64, &mut Xoshiro256PlusPlus::from_rng(&mut rng)).expect("valid sizes");
    let first = Trainer::maximum_likelihood().quiet().fit(&mut likely, &train, &mut rng);
    let first_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let mut matched = make(64, &mut Xoshiro256PlusPlus::from_rng(&mut rng)).expect("valid sizes");
    let second = trainer().fit(&mut matched, &train, &mut rng).expect("trains");
    let second_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let fitted = trainer().ensemble().fit(|rng| make(64, rng), &train, &mut rng);
    let (ensemble, all) = fitted.expect("trains");
    let third_s = start.elapsed().as_secs_f64();
    if talk {
        println!("{}\n\n{second}\n\n{all}\n", first.expect("trains"));
    }
    let [first, second] =
        [&likely, &matched].map(|model| bits(model.log_prob(&test).expect("finite")));
    let third = bits(ensemble.log_prob(&test).expect("finite"));
    println!(
        "digits    {seed:4} {first:9.3} {first_s:7.1} s {second:9.3} {second_s:7.1} s {third:9.3} {third_s:7.1} s"
    );
}

/// `3` or `0..5`.
fn seeds(text: &str) -> Range<u64> {
    let number = |text: &str| text.parse::<u64>().expect("a seed");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(text)..number(text) + 1,
    }
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let talk = std::env::args().any(|argument| argument == "--reports");
    let (Ok(folder), Some(range)) = (std::env::var("LIOUVILLE_REFERENCE_DATA"), given.first())
    else {
        println!("skipped: set LIOUVILLE_REFERENCE_DATA, and give seeds such as 0..5");
        return;
    };
    let wanted =
        |table: &&Table| given.len() == 1 || given[1..].iter().any(|name| name == table.name);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    println!("table     seed  Gaussian  one flow           ensemble");
    threads.install(|| {
        for table in TABLES.iter().filter(wanted) {
            let data = table.read(&folder);
            seeds(range).for_each(|seed| run(*table, &data, seed, talk));
        }
        if given.len() == 1 || given[1..].iter().any(|name| name == "digits") {
            seeds(range).for_each(|seed| digits(&folder, seed, talk));
        }
    });
}

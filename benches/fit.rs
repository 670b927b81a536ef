//! One call on the tables with every choice left out: held-out nats on the rows of the comparison, and seconds.
//!
//! `LIOUVILLE_REFERENCE_DATA=FOLDER cargo bench -p liouville-benches --bench fit -- SEEDS [TABLE...]`, seeds as
//! `0..3`, tables among wine, breast, penguins, magic, digits and, if asked for, wide. The folder holds `tables/NAME.csv`. Rows are ordered by 7919 i mod n; of ten neighbours the last is for
//! testing, and the fit sees the others. Tables that are made, anew for every seed, and on which settings are chosen: `gaussian`
//! (300 x 2), `moons` and `spiral` (300 rows), `board` (1500), `hundred` and `thousand` (of MAGIC's rows), `normals` (150 x 8). Numbers are in nats of rows that are standardised by mean and population
//! deviation of the rows at places 0 to 7 of ten, as in `peers/compare_likelihoods`.

use std::ops::Range;
use std::time::Instant;

use liouville::columns::Moments;
use liouville::fit::Fit;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Name, file, and the columns that are not learnt.
const TABLES: [(&str, &str, &[&str]); 5] = [
    ("wine", "sklearn_wine", &["target"]),
    ("breast", "sklearn_breast_cancer", &["target"]),
    ("penguins", "penguins", &["species", "sex"]),
    ("magic", "magic_gamma", &["label"]),
    ("digits", "sklearn_digits8x8", &["label"]),
];

/// The rows to learn from, those to test by, and what standardising takes off the nats.
fn divided(table: &Table) -> (Table, Table) {
    let rows = table.rows();
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by_key(|row| 7919 * row % rows);
    let part = |wanted: &dyn Fn(usize) -> bool| {
        let places = order.iter().enumerate().filter(|(place, _)| wanted(place % 10));
        table.select_rows(places.map(|(_, row)| *row)).expect("rows of the table")
    };
    (part(&|place| place < 9), part(&|place| place == 9))
}

fn run(name: &str, table: &Table, seed: u64, talk: bool) {
    let (learn, test) = divided(table);
    let start = Instant::now();
    let fitted = Fit::new(&learn).seed(seed).run().expect("fits");
    let seconds = start.elapsed().as_secs_f64();
    if talk {
        println!("{fitted}");
        fitted.candidates.iter().for_each(|(one, score)| println!("    {one}: {score:.3}"));
    }
    let names: Vec<&str> = fitted.columns.iter().map(|one| one.name.as_str()).collect();
    let test = test.select(&names).expect("columns");
    let log_p = fitted.model.evaluate(test.matrix(), None).expect("shapes fit").log_prob;
    let first: Vec<usize> = (0..learn.rows()).filter(|place| place % 9 < 8).collect();
    let first = learn.select_rows(first).expect("rows").select(&names).expect("columns");
    let units: f64 = Moments::of_rows(first.matrix()).iter().map(|one| one.unit().ln()).sum();
    let nats = -log_p.mean() - units;
    let verdict = &fitted.verdict;
    println!(
        "{name:9} {seed:4} {nats:9.3} {:9.3} {:7.3} {:7.3} {:8.1e} {seconds:7.1} s  {} ({})",
        verdict.nats.mean - units,
        verdict.over_mixture.mean,
        verdict.over_gaussian.mean,
        verdict.p_value(),
        verdict.chosen,
        verdict.sentence()
    );
}

/// Two hundred columns and two thousand rows: ten normal factors, bent a little, and noise.
fn wide() -> Table {
    let mut rng = StdRng::seed_from_u64(1);
    let mut normal = |rows, columns| {
        DMatrix::<f64>::from_fn(rows, columns, |_, _| rng.sample(rand_distr::StandardNormal))
    };
    let (factors, loads, noise) = (normal(10, 2000), normal(200, 10), normal(200, 2000));
    let bent = factors.map(|x| x + 0.3 * x * x);
    let names = (0..200).map(|i| format!("x{i}"));
    Table::new(names, loads * bent + noise).expect("named")
}

/// A table that is made, or drawn from MAGIC.
fn made(name: &str, folder: &str, seed: u64) -> Option<Table> {
    let mut rng = StdRng::seed_from_u64(1000 + seed);
    let mut drawn = |rows, columns| {
        DMatrix::<f64>::from_fn(columns, rows, |_, _| rng.sample(rand_distr::StandardNormal))
    };
    let named = |samples: DMatrix<f64>| {
        let names: Vec<String> = (0..samples.nrows()).map(|i| format!("x{i}")).collect();
        Some(Table::new(names, samples).expect("named"))
    };
    let part = |rng: &mut StdRng, rows: usize| {
        let path = format!("{folder}/tables/magic_gamma.csv");
        let all = Table::read(&path).expect("readable").without(["label"]).expect("labels");
        let chosen: Vec<usize> = (0..rows).map(|_| rng.random_range(0..all.rows())).collect();
        Some(all.select_rows(chosen).expect("rows"))
    };
    match name {
        "gaussian" => named(drawn(300, 2)),
        "normals" => named(drawn(150, 8)),
        "moons" => named(data::two_moons(0.1).sample(300, &mut rng).expect("drawn")),
        "spiral" => named(data::two_spirals().sample(300, &mut rng).expect("drawn")),
        "board" => named(data::checkerboard().sample(1500, &mut rng).expect("drawn")),
        "hundred" => part(&mut rng, 100),
        "thousand" => part(&mut rng, 1000),
        _ => None,
    }
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
        println!("skipped: set LIOUVILLE_REFERENCE_DATA, and give seeds such as 0..3");
        return;
    };
    println!("table     seed      nats   verdict mixture Gaussian      p");
    if given.iter().any(|wanted| wanted == "wide") {
        seeds(range).for_each(|seed| run("wide", &wide(), seed, talk));
    }
    for name in &given[1..] {
        for seed in seeds(range) {
            if let Some(table) = made(name, &folder, seed) {
                run(name, &table, seed, talk);
            }
        }
    }
    for (name, file, labels) in TABLES {
        if given.len() > 1 && !given[1..].iter().any(|wanted| wanted == name) {
            continue;
        }
        let path = format!("{folder}/tables/{file}.csv");
        let table = Table::read(&path).expect("readable").without(labels).expect("labels");
        seeds(range).for_each(|seed| run(name, &table, seed, talk));
    }
}

//! Posteriors with every choice left out, beside reference values: how often what is stated is so.
//!
//! `LIOUVILLE_REFERENCE_DATA=FOLDER cargo bench -p liouville-benches --bench posteriors -- SEEDS [TARGET...]
//! [--threads N] [--seconds LIMIT]`, seeds as `0..50`. The folder holds `posteriors/log_z.csv` and a folder for each
//! target that has draws. N fits run at a time, of one thread each; none is begun after LIMIT. One line a fit, and a
//! summary of each target at the end; means are off in reference deviations.

#[path = "../tests/posteriors/mod.rs"]
mod posteriors;

use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use liouville::flow::{Direction, Flow};
use liouville::infer::{Posterior, Target, Variational, Weighted, log_density_free};
use nalgebra::DMatrix;
use posteriors::Named;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// What is asked.
struct Task {
    seeds: Range<u64>,
    only: Vec<String>,
    threads: usize,
    seconds: f64,
}

impl Task {
    fn read(arguments: &[String]) -> Option<Self> {
        let mut task = Self { seeds: 0..0, only: Vec::new(), threads: 1, seconds: f64::INFINITY };
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            match word.as_str() {
                "--bench" => {}
                "--threads" => task.threads = rest.next()?.parse().ok()?,
                "--seconds" => task.seconds = rest.next()?.parse().ok()?,
                word => match word.split_once("..") {
                    Some((from, to)) => task.seeds = from.parse().ok()?..to.parse().ok()?,
                    None => task.only.push(word.to_string()),
                },
            }
        }
        (!task.seeds.is_empty()).then_some(task)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

/// What one fit is worth.
#[derive(Clone)]
struct Run {
    seed: u64,
    seconds: f64,
    /// Estimate less truth, and its standard error.
    log_evidence: [f64; 2],
    /// The truth less the lower bound, and the standard error of that.
    gap: [f64; 2],
    shape: f64,
    /// The worst mean, in reference deviations, and the worst ratio of deviations less one.
    moments: Option<[f64; 2]>,
    /// The worst relative error of the mass of a mode.
    masses: Option<f64>,
    verdict: String,
    believed: bool,
}

/// The rows of a table of moments as (mean, deviation).
fn moments(path: &Path) -> Option<Vec<[f64; 2]>> {
    let text = std::fs::read_to_string(path).ok()?;
    let number = |cell: Option<&str>| cell.and_then(|cell| cell.parse().ok()).expect("a number");
    let row = |line: &str| {
        let mut cells = line.split(',').skip(1);
        [number(cells.next()), number(cells.next())]
    };
    Some(text.lines().skip(1).map(row).collect())
}

/// The quantities of which a folder holds moments.
fn quantities(name: &str, x: &[f64]) -> Vec<f64> {
    match name {
        "eight_schools_noncentered" => {
            let theta = x[..8].iter().map(|z| x[8] + x[9] * z);
            theta.chain([x[8], x[9]]).collect()
        }
        // The rest of the folder's are values of the process, whose free coordinates are compared.
        "gp_pois_regr" => x[..2].to_vec(),
        _ => x.to_vec(),
    }
}

/// The worst mean and deviation of the parameters and of their free coordinates.
fn compare(name: &str, target: &dyn Target, draws: &Weighted) -> Option<[f64; 2]> {
    let folder = posteriors::folder()?;
    // Both ways of writing eight schools have the same parameters.
    let same = name.replace("_centered", "_noncentered");
    let constrained = moments(&folder.join(same).join("moments.csv"))?;
    let free = moments(&folder.join(name).join("unconstrained_moments.csv"))?;
    let columns = draws.points().column_iter();
    let values: Vec<Vec<f64>> =
        columns.map(|x| quantities(name, x.clone_owned().as_slice())).collect();
    let values = DMatrix::from_fn(values[0].len(), values.len(), |i, j| values[j][i]);
    let back = target.parameters().constrain().follow(Direction::Inverse, draws.points(), None);
    let back = back.expect("parameters on their supports").points;
    let mut worst = [0.0f64; 2];
    for (points, expected) in [(values, constrained), (back, free)] {
        let found = Weighted::new(points, draws.log_weights().to_vec()).expect("weights");
        let both = found.means().into_iter().zip(found.deviations());
        for ((mean, deviation), [expected, width]) in both.zip(expected) {
            worst[0] = worst[0].max((mean.value - expected).abs() / width);
            worst[1] = worst[1].max((deviation.value / width - 1.0).abs());
        }
    }
    Some(worst)
}

/// The worst relative error of the masses of the eight wells.
fn masses(draws: &Weighted) -> f64 {
    let well = |a: f64| (0.5 * a + 6.0 * a * a - a.powi(4)).exp();
    let sum = |from: i32, to: i32| (from..to).map(|k| well(f64::from(k) / 1000.0)).sum::<f64>();
    let left = sum(-5000, 0) / sum(-5000, 5000);
    let error = |pattern: usize| {
        let is_left = |k: usize| pattern >> k & 1 == 1;
        let mass: f64 = (0..3).map(|k| if is_left(k) { left } else { 1.0 - left }).product();
        let has = |x: &[f64]| (0..3).all(|k| (x[2 * k] < 0.0) == is_left(k));
        let found = draws.expectation(|x| f64::from(u8::from(has(x))));
        (found.value / mass - 1.0).abs()
    };
    (0..8).map(error).fold(0.0, f64::max)
}

/// The log-evidence of a target.
fn truth(name: &str) -> f64 {
    let path = posteriors::folder().expect("a folder").join("log_z.csv");
    let text = std::fs::read_to_string(path).expect("the log-evidences");
    let line = text.lines().find(|line| line.split(',').next() == Some(name)).expect("a line");
    line.split(',').nth(2).expect("a column").parse().expect("a number")
}

fn run((name, target): &Named, seed: u64) -> Result<Run, liouville::Error> {
    let start = Instant::now();
    let found: Posterior = Variational::new(&**target).run(&mut StdRng::seed_from_u64(seed))?;
    let seconds = start.elapsed().as_secs_f64();
    let (truth, evidence, verdict) = (truth(name), found.log_evidence(), found.verdict());
    Ok(Run {
        seed,
        seconds,
        log_evidence: [evidence.value - truth, evidence.standard_error],
        gap: [truth - verdict.lower_bound.value, verdict.lower_bound.standard_error],
        shape: verdict.pareto_shape,
        moments: compare(name, &**target, found.draws()),
        masses: (*name == "many_well_6").then(|| masses(found.draws())),
        verdict: verdict.to_string(),
        believed: verdict.is_believed(),
    })
}

impl Run {
    /// Whether the truth lies in the stated interval of 95%.
    fn is_inside(&self) -> bool {
        self.log_evidence[0].abs() <= 1.96 * self.log_evidence[1]
    }

    fn line(&self, name: &str) -> String {
        let [off, error] = self.log_evidence;
        let mark = if self.is_inside() { ' ' } else { '!' };
        let moments = self.moments.map(|[mean, width]| format!(" mean {mean:.3} sd {width:.3}"));
        let masses = self.masses.map(|worst| format!(" masses {worst:.3}"));
        format!(
            "{name} seed {}: {:.1} s gap {:+.4} k̂ {:.2} ln Z {off:+.4} ± {error:.4}{mark}{}{} | {}",
            self.seed,
            self.seconds,
            self.gap[0],
            self.shape,
            moments.unwrap_or_default(),
            masses.unwrap_or_default(),
            self.verdict
        )
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn summary(name: &str, runs: &[Run]) {
    let believed: Vec<&Run> = runs.iter().filter(|run| run.believed).collect();
    let count = |of: &dyn Fn(&Run) -> bool| believed.iter().filter(|run| of(run)).count();
    let seconds = sorted(runs.iter().map(|run| run.seconds));
    let gaps = sorted(runs.iter().map(|run| run.gap[0]));
    let off = sorted(believed.iter().map(|run| run.log_evidence[0].abs()));
    let middle = |values: &[f64]| values.get(values.len() / 2).copied().unwrap_or(f64::NAN);
    let last = |values: &[f64]| values.last().copied().unwrap_or(f64::NAN);
    println!(
        "== {name}: {} seeds, {} believed; of these ln Z inside 95% {}, within 0.02 {}, worst {:.4}; k̂ below 0.7 {}; gap median {:.4} worst {:.4}; moments within 0.1 and 5% {}; masses within 10% {}; bound above the evidence by more than 3 errors {}; of all inside {}; seconds median {:.1} worst {:.1}",
        runs.len(),
        believed.len(),
        count(&Run::is_inside),
        count(&|run| run.log_evidence[0].abs() <= 0.02),
        last(&off),
        count(&|run| run.shape < 0.7),
        middle(&gaps),
        last(&gaps),
        count(&|run| run.moments.is_none_or(|[mean, width]| mean <= 0.1 && width <= 0.05)),
        count(&|run| run.masses.is_none_or(|worst| worst <= 0.1)),
        runs.iter().filter(|run| -run.gap[0] > 3.0 * run.gap[1]).count(),
        runs.iter().filter(|run| run.is_inside()).count(),
        middle(&seconds),
        last(&seconds)
    );
}

/// The largest disagreement of a ported log-density with its check file.
fn check((name, target): &Named) {
    let path = posteriors::folder().expect("a folder").join(name).join("logdensity_check.csv");
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let error = |line: &str| {
        let row: Vec<f64> =
            line.split(',').map(|number| number.parse().expect("a number")).collect();
        let (free, expected) = row.split_at(row.len() - 1);
        (log_density_free(&**target, free).expect("a value") - expected[0]).abs()
    };
    let worst = text.lines().skip(1).map(error).fold(0.0, f64::max);
    println!("{name}: log-density off by {worst:.1e} at most");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(task), Some(_)) = (Task::read(&arguments), posteriors::folder()) else {
        println!("skipped: set LIOUVILLE_REFERENCE_DATA, and give seeds such as 0..50");
        return;
    };
    let targets: Vec<Named> =
        posteriors::all().into_iter().filter(|(name, _)| task.wants(name)).collect();
    targets.iter().for_each(check);
    let jobs: Vec<(u64, usize)> =
        task.seeds.clone().flat_map(|seed| (0..targets.len()).map(move |k| (seed, k))).collect();
    let (next, start) = (AtomicUsize::new(0), Instant::now());
    let runs: Vec<Mutex<Vec<Run>>> = targets.iter().map(|_| Mutex::default()).collect();
    let work = || {
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        while start.elapsed().as_secs_f64() < task.seconds {
            let Some(&(seed, k)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            match alone.install(|| run(&targets[k], seed)) {
                Ok(run) => {
                    println!("{}", run.line(targets[k].0));
                    runs[k].lock().expect("no panic").push(run);
                }
                Err(error) => println!("{} seed {seed}: {error}", targets[k].0),
            }
        }
    };
    std::thread::scope(|scope| (0..task.threads).for_each(|_| drop(scope.spawn(work))));
    for ((name, _), runs) in targets.iter().zip(&runs) {
        summary(name, &runs.lock().expect("no panic"));
    }
}

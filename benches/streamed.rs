//! A table of a million rows and two columns through the command `log-prob`, beside the call on numbers in memory; and
//! one that is larger than memory should be.
//!
//! `cargo build --release --features cli`, then `cargo bench -p liouville-benches --bench streamed -- [GIGABYTES]`; the
//! file stands in the folder for temporary files, and goes. Peaks of memory are read from `/proc`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use liouville::flow::continuous::Whitening;
use liouville::model::Model;
use liouville::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const ROWS: usize = 1_000_000;

/// The command, built beside this program.
fn command() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let path = own.ancestors().nth(2)?.join("liouville");
    path.is_file().then_some(path)
}

/// The seconds of a command, and its peak of memory in MB.
fn run(command: &mut Command) -> (f64, f64) {
    let begun = Instant::now();
    let mut process = command.spawn().expect("runs");
    let status = format!("/proc/{}/status", process.id());
    let mut peak = 0.0f64;
    while process.try_wait().expect("a state").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        peak = peak.max(size.unwrap_or(0.0) / 1e3);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(process.wait().expect("over").success());
    (begun.elapsed().as_secs_f64(), peak)
}

/// The least seconds of three, and the largest peak.
fn best(mut call: impl FnMut() -> (f64, f64)) -> (f64, f64) {
    let all = (0..3).map(|_| call());
    all.fold((f64::INFINITY, 0.0), |best, one| (best.0.min(one.0), best.1.max(one.1)))
}

fn models() -> Vec<(&'static str, Model)> {
    let rng = &mut StdRng::seed_from_u64(1);
    let affine =
        Whitening::standardising::<f64>(&data::two_moons(0.1).sample(100, rng).expect("drawn"));
    let spline: Chain<f32> = Stack::spline_coupling(2).build(rng).expect("valid");
    let real_nvp: Chain<f32> = Stack::real_nvp(2).build(rng).expect("valid");
    let field: Mlp<f32> = Mlp::new(2).build(rng).expect("valid");
    let normal = StandardNormal::new(2);
    vec![
        ("Gaussian", Model::new::<f64, _, _>(normal.pushed_by(affine.expect("a frame")))),
        ("real_nvp", Model::new(normal.pushed_by(real_nvp))),
        ("spline_coupling", Model::new(normal.pushed_by(spline))),
        ("continuous", Model::new(normal.pushed_by(ContinuousFlow::new(field)))),
    ]
}

/// A file of at least so many bytes: the rows of a table again and again.
fn large(path: &Path, rows: &Path, bytes: u64) -> u64 {
    let text = std::fs::read(rows).expect("readable");
    let header = text.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    let mut file = File::create(path).expect("open");
    file.write_all(&text[..header]).expect("written");
    let body = &text[header..];
    let times = bytes.div_ceil(body.len() as u64);
    (0..times).for_each(|_| file.write_all(body).expect("written"));
    times * ROWS as u64
}

fn main() {
    let Some(command) = command() else {
        println!("skipped: `cargo build --release --features cli` builds the command");
        return;
    };
    let gigabytes = std::env::args().skip(1).find_map(|word| word.parse::<f64>().ok());
    let folder = std::env::temp_dir().join(format!("liouville-streamed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let [rows, scores, model] =
        ["rows.csv", "scores.csv", "m.safetensors"].map(|name| folder.join(name));
    let rng = &mut StdRng::seed_from_u64(2);
    let numbers: Vec<f64> = (0..2 * ROWS).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect();
    let table = Table::from_rows(["x", "y"], numbers).expect("rows");
    table.write(&rows).expect("written");
    println!("{:<18} {:>10} {:>10} {:>7} {:>9}", "", "memory", "CSV to CSV", "times", "peak");
    let score = |data: &Path| {
        run(Command::new(&command)
            .arg("log-prob")
            .args([model.as_path(), data])
            .arg("-qo")
            .arg(&scores))
    };
    for (name, own) in models() {
        let own = own.columns(["x", "y"]).expect("two");
        own.save(&model).expect("written");
        let (memory, _) = best(|| {
            let begun = Instant::now();
            let found = own.log_prob_rows(table.matrix().as_slice(), &[]).expect("scored");
            assert_eq!(found.len(), ROWS);
            (begun.elapsed().as_secs_f64(), 0.0)
        });
        let (seconds, peak) = best(|| score(&rows));
        let times = seconds / memory;
        println!("{name:<18} {memory:>8.2} s {seconds:>8.2} s {times:>7.2} {peak:>6.0} MB");
    }
    if let Some(gigabytes) = gigabytes {
        let (_, gaussian) = models().swap_remove(0);
        gaussian.columns(["x", "y"]).expect("two").save(&model).expect("written");
        let path = folder.join("large.csv");
        let count = large(&path, &rows, (gigabytes * 1e9) as u64);
        let (seconds, peak) = score(&path);
        println!("{gigabytes} GB, {count} rows: {seconds:.1} s, {peak:.0} MB");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

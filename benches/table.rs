//! Reading and writing a table of a million rows and two columns, beside its bytes and its numbers alone.
//!
//! `cargo bench -p liouville-benches --bench table`; one core.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use liouville::table::{Reader, Table};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const ROWS: usize = 1_000_000;

/// The least seconds of five calls.
fn seconds<T>(mut call: impl FnMut() -> T) -> f64 {
    let once = |_| {
        let begun = Instant::now();
        black_box(call());
        begun.elapsed().as_secs_f64()
    };
    (0..5).map(once).fold(f64::INFINITY, f64::min)
}

/// Reads all numbers of a text as simply as one can: no names, no missing values, no lines.
fn simply(path: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(path).expect("readable");
    let cells = text.lines().skip(1).flat_map(|line| line.split(','));
    cells.map(|cell| cell.parse().expect("a number")).collect()
}

fn main() {
    let mut rng = StdRng::seed_from_u64(1);
    let numbers = (0..2 * ROWS).map(|_| rng.random::<f64>()).collect();
    let table = Table::from_rows(["x", "y"], numbers).expect("rows");
    let folder = std::env::temp_dir().join(format!("liouville-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for name in ["table.csv", "table.npy", "table.npz"] {
        let path = folder.join(name);
        let write = seconds(|| table.write(&path).expect("written"));
        let read = seconds(|| Table::read(&path).expect("read"));
        let chunks = seconds(|| {
            let chunks = Reader::new(&path).chunks(10_000).expect("chunks");
            chunks.map(|chunk| chunk.expect("a chunk").rows()).sum::<usize>()
        });
        let size = std::fs::metadata(&path).expect("there").len() as f64 / 1e6;
        println!(
            "{name}: {size:.0} MB; write {write:.3} s, read {read:.3} s, in chunks {chunks:.3} s"
        );
    }
    let least = seconds(|| simply(&folder.join("table.csv")));
    println!("lines, split and parse alone: {least:.3} s");
    std::fs::remove_dir_all(&folder).expect("removed");
}

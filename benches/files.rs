//! Saving and loading a model of a million parameters, with its pieces, and scoring behind a pointer.
//!
//! `cargo bench -p liouville-benches --bench files`; one core.

use std::hint::black_box;
use std::time::Instant;

use liouville::density::AnyBase;
use liouville::description::Kinds;
use liouville::flow::AnyFlow;
use liouville::model::Model;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The median and the least of the milliseconds of nine calls.
fn milliseconds<T>(mut call: impl FnMut() -> T) -> [f64; 2] {
    let once = |_| {
        let begun = Instant::now();
        black_box(call());
        begun.elapsed().as_secs_f64() * 1e3
    };
    let mut all: Vec<f64> = (0..9).map(once).collect();
    all.sort_by(f64::total_cmp);
    [all[4], all[0]]
}

fn print(what: &str, [median, least]: [f64; 2]) {
    println!("{what:<44} {median:8.2} ms (least {least:.2})");
}

fn main() {
    let mut rng = StdRng::seed_from_u64(1);
    // 64 x 700 + 700 x 700 + 700 x 700 + ...: a million.
    let field: Mlp<f32> =
        Mlp::new(64).hidden([650, 650, 650]).last_scale(1.0).build(&mut rng).expect("a field");
    let model = Model::new(StandardNormal::new(64).pushed_by(ContinuousFlow::new(field)));
    println!("{} parameters", model.parameter_count());
    let folder = std::env::temp_dir().join(format!("liouville-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("model.safetensors");
    print("to bytes", milliseconds(|| model.to_bytes().expect("bytes")));
    let bytes = model.to_bytes().expect("bytes");
    print(
        "from bytes",
        milliseconds(|| Model::from_bytes(&bytes, &Kinds::new()).expect("a model")),
    );
    print("save, synced to the disk", milliseconds(|| model.save(&path).expect("saved")));
    print("load", milliseconds(|| Model::load(&path).expect("loaded")));
    std::fs::remove_dir_all(&folder).expect("removed");

    let field: Mlp<f32> =
        Mlp::new(2).hidden([64, 64]).last_scale(1.0).build(&mut rng).expect("a field");
    let flow = ContinuousFlow::new(field);
    let typed = StandardNormal::new(2).pushed_by(flow.clone());
    let any = AnyBase::new(StandardNormal::new(2)).pushed_by(AnyFlow::new(flow));
    let model = Model::new(typed.clone());
    let points: DMatrix<f32> = data::two_moons(0.05).sample(4096, &mut rng).expect("points");
    let wide = points.map(f64::from);
    for round in 0..3 {
        println!("round {round}, 4096 log-densities in the plane");
        print("typed", milliseconds(|| typed.log_prob(&points).expect("values")));
        print("behind a pointer", milliseconds(|| any.log_prob(&points).expect("values")));
        print("model, from f64", milliseconds(|| model.log_prob(&wide).expect("values")));
    }
}

use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::{SeedableRng, RngExt};
fn main() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let n = 20000;
    let mut data = DMatrix::<f32>::zeros(2, n);
    for j in 0..n {
        let t: f64 = rng.random::<f64>() * std::f64::consts::PI;
        let (a, b) = if rng.random::<bool>() { (t.cos(), t.sin()) } else { (1.0 - t.cos(), 0.5 - t.sin()) };
        let e: [f64; 2] = [rng.sample(rand_distr::StandardNormal), rng.sample(rand_distr::StandardNormal)];
        data[(0, j)] = (a + 0.05 * e[0]) as f32;
        data[(1, j)] = (b + 0.05 * e[1]) as f32;
    }
    let args: Vec<String> = std::env::args().collect();
    let get = |i: usize, d: f64| args.get(i).map_or(d, |s| s.parse().unwrap());
    let field = Mlp::new(2).hidden([64, 64]).build(&mut rng).unwrap();
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field).tolerance(get(4, 1e-5)));
    let report = Trainer::maximum_likelihood().steps(get(1, 300.0) as usize).batch(get(2, 512.0) as usize).learning_rate(get(3, 2e-3)).average(0.99).quiet().fit(&mut model, &data, &mut rng).unwrap();
    println!("{report}");
    for c in &report.checks { println!("{} {:.4} {:.1}", c.step, c.loss, c.evaluations); }
}

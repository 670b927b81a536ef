//! Follows a density along a pendulum, and along its linearisation, where the answer is known exactly.
//!
//! `cargo run --release --example pendulum [-- FOLDER]`

use std::error::Error;
use std::path::PathBuf;

use liouville::nalgebra::{self, DMatrix, Matrix2, Vector2, dvector, vector};
use liouville::prelude::*;
use liouville::rand::{SeedableRng, rngs::StdRng};

const FRICTION: f64 = 0.15;
const TIMES: [f64; 4] = [0.0, 1.5, 3.0, 6.0];

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "pictures/pendulum".into()));
    std::fs::create_dir_all(&folder)?;
    let mut rng = StdRng::seed_from_u64(1);

    // The linear pendulum: angle' = speed, speed' = -angle - friction speed, started around (0, 1).
    let a = Matrix2::new(0.0, 1.0, -1.0, -FRICTION);
    let drift = field::Linear::new(DMatrix::from_column_slice(2, 2, a.as_slice()))?
        .with_offset(&dvector![0.0, 1.0])?;
    println!("   t   largest error of log p   volume, computed and exact   evaluations");
    for t in TIMES {
        let flow = ContinuousFlow::new(drift.clone()).span(0.0, t).tolerance(1e-10);
        let density = StandardNormal::new(2).pushed_by(flow);
        let points: Samples<f64> = density.sample(1_000, &mut rng)?;
        let found = density.evaluate(&points, None)?;
        // x(t) = exp(A t) z + shift is normal with covariance exp(A t) exp(A t)'.
        let map = (a * t).exp();
        let shift = (map - Matrix2::identity())
            * a.try_inverse().ok_or("A is regular")?
            * vector![0.0, 1.0];
        let inverse = map.try_inverse().ok_or("an exponential is regular")?;
        let exact = |x: Vector2<f64>| {
            -0.5 * (inverse * (x - shift)).norm_squared()
                - std::f64::consts::TAU.ln()
                - map.determinant().ln()
        };
        let points = points.column_iter().map(|x| exact(vector![x[0], x[1]]));
        let error = points.zip(&found.log_prob).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max);
        let start = DMatrix::<f64>::zeros(2, 1);
        let volume = density.flow().forward(&start)?.log_det[0].exp();
        let evaluations: u64 = found.efforts.iter().map(|effort| effort.evaluations).sum();
        let (exact, mean) = ((-FRICTION * t).exp(), evaluations as f64 / 1_000.0);
        println!("{t:4.1}   {error:22.1e}   {volume:.10}  {exact:.10}   {mean:11.1}");
    }

    // The real pendulum: no closed form, the same words.
    let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin() - x[1] * FRICTION]);
    let at = |t: f64| {
        let flow = ContinuousFlow::new(pendulum.clone()).span(0.0, t).tolerance(1e-7);
        StandardNormal::new(2).pushed_by(flow)
    };
    let densities = TIMES.map(at);
    let mut panels = plot::panels();
    for (density, t) in densities.iter().zip(TIMES) {
        let picture = plot::density::<f64>(density).x_range(-5.0, 5.0).y_range(-4.0, 4.0);
        panels = panels.add(picture.axis_labels("angle", "speed").title(&format!("t = {t}")));
    }
    panels.save(folder.join("density.png"))?;

    let start: DMatrix<f64> = densities[0].base().sample(60, &mut rng)?;
    let times: Vec<f64> = (0..=120).map(|k| 0.05 * f64::from(k)).collect();
    let paths = densities[3].flow().trajectory(&start, None, &times)?;
    plot::field(|_, x| [x[1], -x[0].sin() - FRICTION * x[1]])
        .trajectories(&paths)
        .axis_labels("angle", "speed")
        .title("a damped pendulum")
        .save(folder.join("trajectories.svg"))?;
    println!("pictures: {}", folder.display());
    Ok(())
}

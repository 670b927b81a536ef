//! Work against precision: the error of log-densities over evaluations and milliseconds, one thread.
//!
//! `cargo bench -p liouville-benches --bench work_precision` prints a table and draws `target/work_precision.png`.

mod models;

use std::time::Instant;

use liouville::ode::Adaptive;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::ThreadPoolBuilder;

/// One way of solving, at all tolerances.
struct Curve {
    label: &'static str,
    evaluations: Vec<f64>,
    milliseconds: Vec<f64>,
    errors: Vec<f64>,
}

/// Points of the model that a field makes, and their log-densities at the tightest tolerance.
struct Problem {
    name: &'static str,
    points: DMatrix<f64>,
    log_prob: Vec<f64>,
}

fn model<T: Real>(
    field: Mlp<T>,
    solver: Adaptive,
) -> Pushforward<StandardNormal, ContinuousFlow<Mlp<T>>> {
    StandardNormal::new(field.dim()).pushed_by(ContinuousFlow::new(field).solver(solver))
}

fn problem(name: &'static str, field: Mlp<f64>, count: usize) -> Problem {
    let reference = model(field, dopri8().tolerance(1e-13));
    let points =
        reference.sample(count, &mut StdRng::seed_from_u64(5)).expect("valid").into_matrix();
    let log_prob = reference.log_prob(&points).expect("valid").as_slice().to_vec();
    Problem { name, points, log_prob }
}

impl Problem {
    /// Follows all points at each tolerance: root mean square error, evaluations a point, and the
    /// median time of five.
    fn curve<T: Real>(
        &self,
        label: &'static str,
        field: &Mlp<T>,
        solver: Adaptive,
        powers: std::ops::RangeInclusive<i32>,
    ) -> Curve {
        let mut curve = Curve { label, evaluations: vec![], milliseconds: vec![], errors: vec![] };
        let points = self.points.map(T::of);
        let count = self.log_prob.len() as f64;
        for power in powers {
            let model = model(field.clone(), solver.tolerance(10f64.powi(-power)));
            let found = model.evaluate(&points, None).expect("valid");
            let evaluations = found.efforts.iter().map(|effort| effort.evaluations).sum::<u64>();
            let squares =
                found.log_prob.iter().zip(&self.log_prob).map(|(a, b)| (a.wide() - b).powi(2));
            let error = (squares.sum::<f64>() / count).sqrt();
            let mut times: Vec<f64> = (0..5)
                .map(|_| {
                    let start = Instant::now();
                    model.log_prob(&points).expect("valid");
                    start.elapsed().as_secs_f64() * 1e3
                })
                .collect();
            times.sort_by(f64::total_cmp);
            let (evaluations, time) = (evaluations as f64 / count, times[2]);
            println!(
                "{:<34} {label:<14} 1e-{power:<2}  error {error:8.1e}  {evaluations:6.1} evaluations  {time:8.2} ms",
                self.name
            );
            curve.evaluations.push(evaluations);
            curve.milliseconds.push(time);
            curve.errors.push(error);
        }
        curve
    }

    fn curves(&self, wide: &Mlp<f64>, narrow: &Mlp<f32>) -> Vec<Curve> {
        vec![
            self.curve("tsit5", wide, tsit5(), 3..=12),
            self.curve("dopri5", wide, dopri5(), 3..=12),
            self.curve("dopri8", wide, dopri8(), 3..=12),
            self.curve("automatic, f32", narrow, automatic(), 3..=6),
        ]
    }
}

/// Two pictures beside one another: errors over evaluations, and over time.
fn draw(problem: &Problem, curves: &[Curve]) -> [plot::CurvesPicture; 2] {
    let picture = |label: &str, work: fn(&Curve) -> &[f64]| {
        let empty = plot::curves()
            .log_log()
            .title(problem.name)
            .axis_labels(label, "error of log p")
            .size(720, 460);
        curves
            .iter()
            .fold(empty, |picture, curve| picture.points(curve.label, work(curve), &curve.errors))
    };
    [
        picture("evaluations a point", |curve| &curve.evaluations),
        picture("milliseconds", |curve| &curve.milliseconds),
    ]
}

fn main() -> liouville::Result<()> {
    let single = ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let pictures = single.install(|| {
        let small = problem("2-64-64-2, 1000 points", models::rings(), 1000);
        let large = problem("64-128-128-64, 128 points", models::wide(), 128);
        let [small_curves, large_curves] = [
            small.curves(&models::rings(), &models::rings()),
            large.curves(&models::wide(), &models::wide()),
        ];
        [draw(&small, &small_curves), draw(&large, &large_curves)]
    });
    let mut sheet = plot::panels().columns(2);
    for picture in pictures.into_iter().flatten() {
        sheet = sheet.add(picture);
    }
    sheet.save(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/work_precision.png"))
}

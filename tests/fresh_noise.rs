//! Noise is never learnt: what was trained by estimates has the same log-density by every seed, and exactly.

use liouville::flow::continuous::Gradient;
use liouville::flow::euler_step::{Determinant, PowerSeries};
use liouville::flow::{Packet, Track};
use liouville::ode::Workspace;
use liouville::prelude::*;
use liouville::train::{MaximumLikelihood, Report};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Few samples, nothing held out, and one probe each: all that it takes to learn noise by heart.
#[derive(Clone, Copy)]
struct Training {
    dim: usize,
    samples: usize,
    steps: usize,
}

const SHORT: Training = Training { dim: 8, samples: 32, steps: 250 };

impl Training {
    fn network(&self) -> Mlp<f32> {
        let mut rng = StdRng::seed_from_u64(3);
        Mlp::new(self.dim).hidden([32, 32]).last_scale(1.0).build(&mut rng).expect("valid sizes")
    }

    fn trainer(&self) -> Trainer<MaximumLikelihood> {
        let trainer = Trainer::maximum_likelihood().steps(self.steps);
        trainer.learning_rate(1e-2).held_out(0.0).quiet()
    }

    /// Trains a flow by the estimates of seed 0; `by` is the same flow by another seed, or exact.
    ///
    /// The mean difference of two log-densities of the same samples has the standard error of the
    /// mean of these differences, as every sample has noise of its own.
    fn check<F: TrainableFlow<f32> + Clone>(
        &self,
        what: &str,
        flow: F,
        by: impl Fn(&F, Option<u64>) -> F,
        fit: impl Fn(&mut Pushforward<StandardNormal, F>, &DMatrix<f32>, &mut StdRng) -> Report,
    ) {
        let mut rng = StdRng::seed_from_u64(1);
        let base = StandardNormal::new(self.dim);
        let data: DMatrix<f32> = base.sample(self.samples, &mut rng).expect("some");
        let mut model = base.pushed_by(by(&flow, Some(0)));
        let report = fit(&mut model, &data, &mut rng);
        assert!(report.estimated.is_some_and(|estimate| estimate.probes <= 2), "{what}");
        assert!(report.to_string().contains("estimated during training by"), "{what}: {report}");
        let log_prob = |seed: Option<u64>| {
            let model = base.pushed_by(by(model.flow(), seed));
            model.log_prob(&data).expect("valid input").map(f64::from)
        };
        let [exact, seen, other] = [None, Some(0), Some(1)].map(log_prob);
        let means = [&exact, &seen, &other].map(|values| values.mean());
        println!("{what}: exact {:.2}, seed 0 {:.2}, seed 1 {:.2}", means[0], means[1], means[2]);
        agree(&format!("{what}, seed 0 and exact"), &seen, &exact);
        agree(&format!("{what}, seed 1 and exact"), &other, &exact);
        agree(&format!("{what}, seed 0 and seed 1"), &seen, &other);
    }

    fn flow(&self) -> ContinuousFlow<Mlp<f32>> {
        ContinuousFlow::new(self.network()).tolerance(1e-3)
    }

    fn check_trace(&self, what: &str, trace: impl Fn(u64) -> Trace) {
        self.check(
            what,
            self.flow(),
            |flow, seed| flow.clone().trace(seed.map_or(Trace::Exact, &trace)),
            |model, data, rng| self.trainer().fit(model, data, rng).expect("trains"),
        );
    }
}

/// Four standard errors of the mean difference, at most.
fn agree(what: &str, one: &DVector<f64>, other: &DVector<f64>) {
    let differences = one - other;
    let error = (differences.variance() / (differences.len() - 1) as f64).sqrt();
    let off = differences.mean();
    assert!(off.abs() < 4.0 * error + 1e-3, "{what}: apart by {off} ± {error} nats");
}

#[test]
fn of_hutchinsons_probes() {
    for noise in [Noise::Rademacher, Noise::Gaussian, Noise::Orthogonal] {
        let trace = |seed| Trace::Hutchinson(Hutchinson { probes: 1, noise, seed });
        SHORT.check_trace(&format!("{noise:?}"), trace);
    }
}

#[test]
fn of_hutch_plus_plus() {
    let trace = |seed| Trace::HutchPlusPlus(HutchPlusPlus { range: 1, residual: 1, seed });
    SHORT.check_trace("Hutch++", trace);
}

/// Penalties of the Jacobian share the probes, and adjoints see those of the way there.
#[test]
fn of_penalties_and_adjoints() {
    let adjoint = automatic().tolerance(1e-3);
    let flow = SHORT.flow().gradient(Gradient::Adjoint(adjoint));
    let by = |flow: &ContinuousFlow<_>, seed: Option<u64>| {
        let noise = Noise::Rademacher;
        let probe = |seed| Trace::Hutchinson(Hutchinson { probes: 1, noise, seed });
        flow.clone().trace(seed.map_or(Trace::Exact, probe))
    };
    SHORT.check("penalties", flow, by, |model, data, rng| {
        let trainer = SHORT.trainer().kinetic_energy(1e-4).jacobian_norm(1e-4);
        trainer.fit(model, data, rng).expect("trains")
    });
}

#[test]
fn of_the_power_series() {
    let by = |flow: &EulerStep<Mlp<f32>>, seed: Option<u64>| {
        let series = |seed| PowerSeries { probes: 1, seed, ..PowerSeries::default() };
        let determinant = seed.map_or(Determinant::Exact, |seed| Determinant::Series(series(seed)));
        flow.clone().determinant(determinant)
    };
    SHORT.check("power series", EulerStep::new(SHORT.network()), by, |model, data, rng| {
        SHORT.trainer().fit(model, data, rng).expect("trains")
    });
}

/// Flows whose log-determinants are estimated, by probes that are never the same by chance.
fn estimated() -> [(&'static str, Box<dyn Flow<f32>>); 3] {
    let (noise, seed) = (Noise::Gaussian, 0);
    let plain = Trace::Hutchinson(Hutchinson { probes: 1, noise, seed });
    let plus = Trace::HutchPlusPlus(HutchPlusPlus { range: 1, residual: 1, seed: 0 });
    let series = PowerSeries { probes: 1, noise, ..PowerSeries::default() };
    let layer = EulerStep::new(SHORT.network()).determinant(Determinant::Series(series));
    [
        ("Hutchinson", Box::new(SHORT.flow().trace(plain))),
        ("Hutch++", Box::new(SHORT.flow().trace(plus))),
        ("power series", Box::new(layer)),
    ]
}

fn log_dets(flow: &dyn Flow<f32>, points: &DMatrix<f32>, noise: Option<u64>) -> Vec<f32> {
    let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
    packet.load(points.as_slice(), points.nrows(), &[], 0);
    packet.noise = noise;
    flow.follow_packet(Direction::Inverse, &mut packet, &mut workspace);
    assert!(packet.estimated.is_some());
    packet.log_det.row(0)[..points.ncols()].to_vec()
}

#[test]
fn noise_belongs_to_the_mini_batch_and_the_sample() {
    let mut rng = StdRng::seed_from_u64(1);
    let points: DMatrix<f32> = StandardNormal::new(SHORT.dim).sample(20, &mut rng).expect("some");
    for (what, flow) in estimated() {
        let found = log_dets(&*flow, &points, Some(7));
        for (column, expected) in found.iter().enumerate() {
            let alone = log_dets(&*flow, &points.columns(column, 1).into_owned(), Some(7));
            assert_eq!(alone, [*expected], "{what}: column {column}, alone");
        }
        let plain = flow.follow(Direction::Inverse, &points, None).expect("valid input");
        assert_eq!(log_dets(&*flow, &points, None), plain.log_det.as_slice(), "{what}");
        for other in [None, Some(0), Some(8)] {
            let other = log_dets(&*flow, &points, other);
            assert!(found.iter().zip(&other).all(|(a, b)| a != b), "{what}: the same noise");
        }
    }
}

/// The parameters after a few steps.
fn trained<F: TrainableFlow<f32>>(threads: usize, flow: F) -> Vec<f32> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a small pool");
    pool.install(|| {
        let mut rng = StdRng::seed_from_u64(1);
        let data: DMatrix<f32> =
            StandardNormal::new(SHORT.dim).sample(300, &mut rng).expect("some");
        let mut model = StandardNormal::new(SHORT.dim).pushed_by(flow);
        let trainer = Trainer::maximum_likelihood().steps(3).quiet();
        trainer.fit(&mut model, &data, &mut rng).expect("trains");
        model.flow().parameters()
    })
}

#[test]
fn fresh_noise_is_the_same_on_any_number_of_threads() {
    for trace in [Trace::hutchinson(2), Trace::hutch_plus_plus(2)] {
        let parameters = |threads: usize| trained(threads, SHORT.flow().trace(trace));
        assert_eq!(parameters(1), parameters(2), "{trace:?}");
    }
    let series = Determinant::Series(PowerSeries { probes: 1, ..PowerSeries::default() });
    let layer = EulerStep::new(SHORT.network()).determinant(series);
    assert_eq!(trained(1, layer.clone()), trained(2, layer));
}

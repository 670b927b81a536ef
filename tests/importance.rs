//! Importance sampling and independent proposals, beside closed forms.

use std::f64::consts::TAU;

use liouville::density::{Ensemble, Mixture, MultivariateNormal, StudentT, UniformBox};
use liouville::flow::continuous::Whitening;
use liouville::flow::elementwise::positive;
use liouville::flow::{AnyFlow, Constrain};
use liouville::infer::importance::{Importance, Independence, Proposal};
use liouville::infer::{Measured, Number, Parameters, Weighted, formula};
use liouville::model::Model;
use liouville::nalgebra::{self, DMatrix, dmatrix, dvector};
use liouville::num_dual::DualNum;
use liouville::prelude::*;
use liouville::rand::rngs::StdRng;
use liouville::rand::{RngExt, SeedableRng};
use liouville::trace::Trace;

fn rng() -> StdRng {
    StdRng::seed_from_u64(rand::random())
}

/// How many of `runs` hold the truth in their intervals of 95%: at least so many, or a chance of one in a million was
/// met. For 200 runs the mean is 190 and the deviation 3.1.
fn covers(runs: u32, run: impl Fn(&mut StdRng) -> (Measured, f64)) {
    let mut rng = rng();
    let inside = (0..runs).filter(|_| {
        let (found, truth) = run(&mut rng);
        found.interval().contains(&truth)
    });
    let (inside, mean) = (inside.count() as f64, 0.95 * f64::from(runs));
    assert!(inside > mean - 5.0 * (0.05 * mean).sqrt(), "{inside} of {runs}");
}

/// 2.5 N(0.3, 0.8²) in two dimensions, of which all is known.
fn shifted(x: &[f64]) -> f64 {
    let z = x.iter().map(|x| ((x - 0.3) / 0.8).powi(2)).sum::<f64>();
    2.5f64.ln() - 0.5 * z - TAU.ln() - 2.0 * 0.8f64.ln()
}

#[test]
fn intervals_of_evidence_and_expectations_hold_the_truth() {
    let wide: StudentT<f64> = StudentT::standard(2, 6.0).expect("a base");
    let sampling = Importance::of(shifted, &wide).draws(1000).moves(0);
    let run = |rng: &mut StdRng| sampling.run(rng).expect("draws");
    covers(200, |rng| (run(rng).log_evidence(), 2.5f64.ln()));
    covers(200, |rng| (run(rng).expectation(|x| x[0] * x[1]), 0.09));
    covers(200, |rng| (run(rng).means()[1], 0.3));
    covers(200, |rng| (run(rng).deviations()[0], 0.8));
    // The lower bound is the evidence less a divergence, never more than it but for its error.
    let found = run(&mut rng());
    let bound = found.lower_bound();
    assert!(bound.value - 4.0 * bound.standard_error < 2.5f64.ln());
}

/// A linear flow, whose density is known, with a trace that is estimated by a few probes.
#[test]
fn errors_of_estimated_traces_are_part_of_those_of_the_evidence() {
    let mut own = StdRng::seed_from_u64(3);
    let matrix = DMatrix::from_fn(5, 5, |_, _| 0.6 * (own.random::<f64>() - 0.5));
    let flow = |trace: Trace| {
        ContinuousFlow::new(field::Linear::new(matrix.clone()).expect("a field"))
            .tolerance(1e-8)
            .trace(trace)
    };
    let exact = StandardNormal::new(5).pushed_by(flow(Trace::Auto));
    let log_p = |x: &[f64]| exact.log_prob(&DMatrix::from_column_slice(5, 1, x)).expect("one")[0];
    let rough = StandardNormal::new(5).pushed_by(flow(Trace::hutchinson(4)));
    let variances = {
        let points: Samples<f64> = rough.sample(200, &mut own).expect("draws");
        let errors = rough.evaluate(&points, None).expect("densities").standard_error;
        errors.expect("estimates").map(|error| error * error)
    };
    // Weights are e^ε, so that the evidence would come out too high by half the variance, which shows.
    assert!(variances.mean() > 0.05, "{}", variances.mean());
    let sampling = Importance::of(log_p, &rough).draws(400).moves(0);
    covers(60, |rng| (sampling.run(rng).expect("draws").log_evidence(), 0.0));
    let found = sampling.run(&mut rng()).expect("draws");
    assert!(found.log_evidence().standard_error > 0.1 / 400f64.sqrt());
    // A single probe does not tell its error.
    let blind = StandardNormal::new(5).pushed_by(flow(Trace::hutchinson(1)));
    let found = Importance::of(log_p, &blind).draws(2000).moves(0).run(&mut rng()).expect("draws");
    assert!(found.verdict().to_string().contains("single probe"), "{}", found.verdict());
}

/// x' = x in one step of Runge and Kutta: points come to 2.7083 z and not to e z, while the trace is exact, so
/// that the weights of N(0, e²) have the mean e / 2.7083.
#[test]
fn errors_of_coarse_steps_are_part_of_those_of_the_evidence() {
    let growth = field::Linear::new(dmatrix![1.0]).expect("a field");
    let coarse = StandardNormal::new(1).pushed_by(ContinuousFlow::new(growth).solver(rk4(1)));
    let e = std::f64::consts::E;
    let log_p = |x: &[f64]| -0.5 * (x[0] / e).powi(2) - 0.5 * TAU.ln() - 1.0;
    let found = Importance::of(log_p, &coarse).moves(0).run(&mut rng()).expect("draws");
    let evidence = found.log_evidence();
    let bias = (e / (1.0 + 1.0 + 0.5 + 1.0 / 6.0 + 1.0 / 24.0)).ln();
    assert!((evidence.value - bias).abs() < 5e-4, "{evidence}");
    // The stated error holds what the steps cost, and little else.
    assert!(evidence.standard_error > 0.8 * bias && evidence.standard_error < 1.3 * bias);
    let square = found.expectation(|x| x[0] * x[0]);
    assert!((square.value - e * e).abs() < 5.0 * square.standard_error, "{square}");
}

#[test]
fn a_proposal_that_misses_mass_is_doubted() {
    let normal = |x: &[f64]| -0.5 * x[0] * x[0];
    // Half of the mass: its weights are as good as can be.
    let half = UniformBox::new(dvector![0.0], dvector![6.0]).expect("a box");
    let found = Importance::of(normal, &half).run(&mut rng()).expect("draws");
    assert!(found.pareto_shape() < 0.7);
    assert!(found.verdict().to_string().contains("mass where the proposal"), "{}", found.verdict());
    // The tails: few draws decide.
    let narrow = MultivariateNormal::new(dvector![0.0], &dmatrix![0.06]).expect("a base");
    let found = Importance::of(normal, &narrow).run(&mut rng()).expect("draws");
    assert!(!found.verdict().is_believed(), "{}", found.verdict());
    // One of two modes that are joined.
    let bump = |x: f64| (-0.5 * x * x).exp();
    let two = |x: &[f64]| (bump(x[0] - 2.0) + bump(x[0] + 2.0)).ln();
    let left = MultivariateNormal::new(dvector![-2.0], &dmatrix![1.0]).expect("a base");
    let found = Importance::of(two, &left).run(&mut rng()).expect("draws");
    assert!(!found.verdict().is_believed(), "{}", found.verdict());
    // And one that misses nothing is believed, in nearly all runs.
    let wide: StudentT<f64> = StudentT::standard(1, 4.0).expect("a base");
    let believed = (0..20).filter(|_| {
        Importance::of(normal, &wide).run(&mut rng()).expect("draws").verdict().is_believed()
    });
    assert!(believed.count() >= 17);
}

/// Models of either scalar, and mixtures of them, in the units of a table: their own density has the evidence one.
#[test]
fn models_are_proposals() {
    let data = dmatrix![90.0, 110.0, 100.0; 1.0, 2.0, 4.0];
    let units = || AnyFlow::new(Whitening::standardising(&data).expect("units"));
    let turn = field::Linear::new(dmatrix![0.1, -0.5; 0.5, 0.2]).expect("a field");
    let double = StandardNormal::new(2).pushed_by(ContinuousFlow::new(turn.clone()));
    let single = field::Linear::new(dmatrix![0.1f32, -0.5; 0.5, 0.2]).expect("a field");
    let single = StandardNormal::new(2).pushed_by(ContinuousFlow::new(single));
    let both = Ensemble::new(vec![double.clone(), double.clone()]).expect("two");
    for model in [Model::new(double), Model::new(single), Model::mixture(both)] {
        let model = model.prepared_by(units()).expect("units fit");
        let log_p =
            |x: &[f64]| model.log_prob(&DMatrix::from_column_slice(2, 1, x)).expect("one")[0];
        let found = Importance::of(log_p, &model).draws(500).moves(5).run(&mut rng());
        let found = found.expect("draws");
        let evidence = found.log_evidence();
        assert!(evidence.value.abs() < 5.0 * evidence.standard_error + 1e-4, "{evidence}");
        assert!(evidence.standard_error < 1e-2, "{evidence}");
    }
}

#[test]
fn draws_outside_the_support_have_no_weight() {
    // x e^(-x) on x > 0, by draws on the whole line.
    let gamma = formula(Parameters::new().positive("x"), |x| x[0].ln() - x[0]);
    let wide: StudentT<f64> = StudentT::standard(1, 3.0).expect("a base");
    let shift = field::DiagonalAffine::new(dvector![2f64.ln()], dvector![2.0]).expect("a field");
    let wide = wide.pushed_by(liouville::flow::layers::ActNorm::new(shift));
    let found = Importance::new(&gamma, &wide).run(&mut rng()).expect("draws");
    let (evidence, mean) = (found.log_evidence(), found.means()[0]);
    assert!(evidence.value.abs() < 5.0 * evidence.standard_error, "{evidence}");
    assert!((mean.value - 2.0).abs() < 5.0 * mean.standard_error, "{mean}");
    assert_eq!(found.names(), ["x"]);
    assert!(
        found.points().iter().zip(found.log_weights()).all(|(x, w)| *x > 0.0 || w.is_infinite())
    );
}

#[test]
fn what_cannot_be_weighed_is_counted_or_refused() {
    let wide: StudentT<f64> = StudentT::standard(1, 5.0).expect("a base");
    let holes = |x: &[f64]| if x[0] > 1.5 { f64::NAN } else { -0.5 * x[0] * x[0] };
    let found = Importance::of(holes, &wide).run(&mut rng()).expect("draws");
    assert!(found.lost() > 0.03 && found.lost() < 0.2);
    assert!(found.verdict().to_string().contains("could not be weighed"), "{}", found.verdict());
    let message = |value: f64, wide: &StudentT<f64>| {
        let sampling = Importance::of(move |_| value, wide);
        sampling.draws(50).run(&mut rng()).map(|_| ()).expect_err("refused").to_string()
    };
    assert!(message(f64::NAN, &wide).contains("none of 50 draws"));
    assert!(message(f64::INFINITY, &wide).contains("none of 50 draws"));
    assert!(message(f64::NEG_INFINITY, &wide).contains("nothing in common"));
    let target = formula(Parameters::new().reals("x", 2), |_| Number::from_re(0.0));
    let refused = Importance::new(&target, &wide).run(&mut rng()).map(|_| ());
    assert!(refused.expect_err("dimensions").to_string().contains("dimension 1"));
    assert!(Importance::of(|_| 0.0, &wide).draws(0).run(&mut rng()).is_err());
    assert!(Independence::of(|_| 0.0, &wide).chains(0).run(&mut rng()).is_err());
    assert!(Weighted::new(dmatrix![0.0], vec![f64::NAN]).is_err());
    assert!(Weighted::new(dmatrix![0.0], vec![0.0]).expect("one").named(["a", "b"]).is_err());
}

/// A skewed density, exponential of mean one, by proposals whose logarithm is Student's.
#[test]
fn chains_of_independent_proposals_are_those_of_the_target() {
    let exponential = formula(Parameters::new().positive("t"), |x| -x[0]);
    // Student's tails in ln t, so that no weight is large.
    let free: StudentT<f64> = StudentT::standard(1, 3.0).expect("a base");
    let free = free.pushed_by(Constrain::new().then(positive(1)));
    covers(60, |rng| {
        let chains = Independence::new(&exponential, &free).draws(500).run(rng).expect("chains");
        (chains.expectation(|x| (-x[0]).exp()), 0.5)
    });
    let chains = Independence::new(&exponential, &free).run(&mut rng()).expect("chains");
    assert_eq!(
        (chains.chains(), chains.draws(), chains.names()),
        (4, 2500, &["t".to_string()][..])
    );
    assert!(chains.r_hat()[0] < 1.05 && chains.effective_samples()[0] > 500.0, "{chains}");
    let table = chains.table().expect("names");
    assert_eq!(table.names().collect::<Vec<_>>(), ["chain", "draw", "t"]);
    assert_eq!(table.row(2501)[..2], [1.0, 1.0]);
}

#[test]
fn draws_become_tables_with_names() {
    let target =
        formula(Parameters::new().real("mu").positive("tau"), |x| -(x[0] * x[0]) * 0.5 - x[1]);
    let wide =
        Mixture::normals(&[1.0, 1.0], &dmatrix![0.0, 0.0; 0.5, 2.0], &dmatrix![1.5, 2.0; 0.7, 2.0]);
    let found = Importance::new(&target, &wide.expect("a base")).draws(3000).run(&mut rng());
    let found = found.expect("draws");
    let table = found.table().expect("names");
    assert_eq!(table.names().collect::<Vec<_>>(), ["mu", "tau", "log_weight"]);
    assert_eq!(table.rows(), found.points().ncols());
    let drawn = found.resampled_table(100, &mut rng()).expect("names");
    assert!((0..100).all(|row| drawn.row(row)[1] > 0.0));
    let mut text = Vec::new();
    drawn.write_csv(&mut text).expect("written");
    assert!(text.starts_with(b"mu,tau\n"));
}

/// Draws do not depend on how many there are, nor on the number of threads.
#[test]
fn the_first_of_more_draws_are_the_same() {
    let turn = field::Linear::new(dmatrix![0.1, -0.5; 0.5, 0.2]).expect("a field");
    let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(turn));
    let [few, many] = [10, 30].map(|count| model.propose(count, 5, None).expect("draws"));
    assert_eq!(few.points, many.points.columns(0, 10));
    assert_eq!(few.log_density, many.log_density[..10]);
    let finer = model.propose(10, 5, Some(1e-10)).expect("draws");
    let off = (&finer.points - &few.points).amax();
    assert!(off > 0.0 && off < 1e-3, "{off}");
}

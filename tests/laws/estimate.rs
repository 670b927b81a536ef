//! Hutchinson's estimator is honest: unbiased, and as far off as it says.

use liouville::prelude::*;
use liouville::trace::Estimator;

use crate::catalogue::{linear, mlp};
use crate::support::matrix;

/// Over many seeds: the mean error in standard errors of the mean, and the mean squared error over
/// the mean stated variance.
fn calibration(noise: Noise, probes: usize) -> (f64, f64) {
    let (dim, seeds) = (3, 1000);
    let (points, context) = (matrix::<f64>(dim, 1, 1.0, 7), matrix::<f64>(2, 1, 1.0, 8));
    let flow = ContinuousFlow::new(mlp::<f64>(3, &[9, 6], Activation::Tanh)).tolerance(1e-6);
    let follow = |trace: Trace| {
        let flow = flow.clone().trace(trace);
        flow.follow(Direction::Inverse, &points, Some(&context)).expect("valid input")
    };
    let exact = follow(Trace::Exact).log_det[0];
    let (mut errors, mut variance) = (Vec::new(), 0.0);
    for seed in 0..seeds {
        let moved = follow(Trace::Hutchinson(Hutchinson { probes, noise, seed }));
        errors.push(moved.log_det[0] - exact);
        variance += moved.standard_error.expect("two probes or more")[0].powi(2) / seeds as f64;
    }
    let mean = errors.iter().sum::<f64>() / seeds as f64;
    let square = errors.iter().map(|error| error * error).sum::<f64>() / seeds as f64;
    (mean / (square / seeds as f64).sqrt(), square / variance)
}

#[test]
fn errors_over_a_thousand_seeds_agree_with_the_standard_error() {
    for noise in [Noise::Rademacher, Noise::Gaussian] {
        for probes in [2, 8] {
            let (bias, ratio) = calibration(noise, probes);
            assert!(bias.abs() < 5.0, "{noise:?}, {probes} probes: bias of {bias} standard errors");
            assert!((0.75..1.33).contains(&ratio), "{noise:?}, {probes} probes: {ratio}");
        }
    }
}

/// In five dimensions, so that several probes at right angles leave some directions out.
#[test]
fn orthogonal_probes_err_less_and_say_so() {
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(2);
    let a = matrix::<f64>(5, 5, 1.0, 4);
    let points = matrix::<f64>(5, 1, 1.0, 9);
    let flow = ContinuousFlow::new(field::Linear::new(a.clone()).expect("square"));
    let mut squares = [0.0; 2];
    for (square, noise) in squares.iter_mut().zip([Noise::Gaussian, Noise::Orthogonal]) {
        let (mut sum, mut variance) = (0.0, 0.0);
        for _ in 0..1000 {
            let seed = rand::RngExt::random(&mut rng);
            let trace = Trace::Hutchinson(Hutchinson { probes: 4, noise, seed });
            let moved = flow.clone().trace(trace).forward(&points).expect("valid input");
            let error = moved.log_det[0] - a.trace();
            sum += error / 1000.0;
            *square += error * error / 1000.0;
            variance += moved.standard_error.expect("four probes")[0].powi(2) / 1000.0;
        }
        let bias = sum / (*square / 1000.0).sqrt();
        assert!(bias.abs() < 5.0, "{noise:?}: bias of {bias} standard errors");
        let ratio = *square / variance;
        assert!((0.75..1.33).contains(&ratio), "{noise:?}: {ratio}");
    }
    assert!(squares[1] < 0.6 * squares[0], "{squares:?}");
    let all = Trace::Hutchinson(Hutchinson { probes: 5, noise: Noise::Orthogonal, seed: 1 });
    let moved = flow.trace(all).forward(&points).expect("valid input");
    assert!((moved.log_det[0] - a.trace()).abs() < 1e-12 && moved.standard_error.is_none());
}

#[test]
fn one_probe_knows_no_error_and_exact_traces_have_none() {
    let flow = ContinuousFlow::new(linear::<f64>(1));
    let points = matrix::<f64>(3, 2, 1.0, 1);
    let errors = |trace: Trace| {
        flow.clone().trace(trace).forward(&points).expect("valid input").standard_error
    };
    let unknown = errors(Trace::hutchinson(1)).expect("an estimate says that it is one");
    assert!(unknown.iter().all(|error| error.is_nan()));
    assert!(errors(Trace::Exact).is_none() && errors(Trace::Auto).is_none());
}

#[test]
fn auto_is_exact_in_training_where_that_is_cheap() {
    let network = |dim: usize, hidden: Vec<usize>| -> Mlp<f64> {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
        Mlp::new(dim).hidden(hidden).build(&mut rng).expect("valid sizes")
    };
    let noise = |dim: usize, hidden: Vec<usize>| {
        Trace::Auto.estimator_in_training(&network(dim, hidden)).map(|found| match found {
            Estimator::Hutchinson(found) => found.noise,
            Estimator::HutchPlusPlus(_) => panic!("not by itself"),
        })
    };
    assert_eq!(noise(64, vec![32, 32]), None);
    assert_eq!(noise(16, vec![32, 32, 32]), None);
    assert_eq!(noise(24, vec![32, 32, 32]), Some(Noise::Orthogonal));
    assert_eq!(noise(64, vec![32, 32, 32]), Some(Noise::Rademacher));
    let springs = |dim: usize| field::autonomous_dyn(dim, |x, out| out.copy_from_slice(x));
    let estimated =
        |dim: usize| Trace::Auto.estimator_in_training::<f64, _>(&springs(dim)).is_some();
    assert!(!estimated(16) && estimated(20));
    let wide = field::autonomous::<40, _>(|x| x);
    assert!(
        Trace::Auto.estimator_in_training::<f64, _>(&wide).is_none(),
        "one evaluation gives the Jacobian"
    );
}

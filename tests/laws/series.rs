//! Estimated log-determinants of residual layers: unbiased, as far off as they say, with gradients of their own.

use liouville::flow::euler_step::{Determinant, PowerSeries};
use liouville::flow::layers::Residual;
use liouville::flow::{Packet, Track};
use liouville::ode::Workspace;
use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::objective::{gradients_agree_at, parameter_gradients_agree};
use crate::steps::follow;
use crate::support::{BOTH, cases, matrix};

/// A residual layer with a context, and with weights as large as the constraint lets them be.
fn layer(seed: u64, dim: usize, determinant: Determinant) -> Residual<f64> {
    let builder = Mlp::new(dim).context(2).hidden(vec![9, 6]);
    let mut rng = StdRng::seed_from_u64(seed);
    let untrained: Mlp<f64> = builder.build(&mut rng).expect("valid sizes");
    let count = untrained.parameters().len();
    let values = (0..count).map(|_| rng.random_range(-2.0..2.0)).collect();
    let network = builder.with_parameters(values).expect("as many as there are");
    EulerStep::new(network).determinant(determinant)
}

/// Over many seeds: the mean error in standard errors of the mean, the mean squared error over the
/// mean stated variance, and the share of errors within two stated standard errors.
fn calibration(network: u64, settings: PowerSeries) -> [f64; 3] {
    let (dim, seeds) = (5, 1000u64);
    let points = matrix::<f64>(dim, 1, 0.5, network + 1);
    let exact = follow("exact", &layer(network, dim, Determinant::Exact), BOTH[0], &points);
    assert!(exact.standard_error.is_none());
    let (mut errors, mut stated) = (Vec::new(), Vec::new());
    for seed in 0..seeds {
        let series = PowerSeries { seed, ..settings };
        let layer = layer(network, dim, Determinant::Series(series));
        let moved = follow("series", &layer, BOTH[0], &points);
        errors.push(moved.log_det[0] - exact.log_det[0]);
        stated.push(moved.standard_error.expect("several probes")[0]);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / seeds as f64;
    let squares = |values: &[f64]| mean(&values.iter().map(|x| x * x).collect::<Vec<_>>());
    let within = errors.iter().zip(&stated).filter(|(error, stated)| error.abs() < 2.0 * **stated);
    let share = within.count() as f64 / seeds as f64;
    let bias = mean(&errors) / (squares(&errors) / seeds as f64).sqrt();
    [bias, squares(&errors) / squares(&stated), share]
}

#[test]
fn errors_over_a_thousand_seeds_agree_with_the_standard_error() {
    for (network, noise) in [(1, Noise::Rademacher), (2, Noise::Gaussian)] {
        // Few terms for certain, so that the random number of terms matters.
        let settings = PowerSeries { noise, probes: 16, terms: 2, ..PowerSeries::default() };
        let [bias, ratio, share] = calibration(network, settings);
        assert!(bias.abs() < 5.0, "{noise:?}: bias of {bias} standard errors");
        assert!((0.75..1.33).contains(&ratio), "{noise:?}: {ratio}");
        // Student's distribution with 15 degrees of freedom has 93.6% within two.
        assert!((0.90..0.98).contains(&share), "{noise:?}: {share}");
    }
}

#[test]
fn a_series_that_is_cut_off_nears_the_determinant_as_terms_are_added() {
    let points = matrix::<f64>(1, 20, 1.0, 3);
    let exact = follow("exact", &layer(4, 1, Determinant::Exact), BOTH[0], &points).log_det;
    // In one dimension u'J^k u = J^k for probes of ±1: nothing is random.
    let error = |terms: usize| {
        let series = PowerSeries { probes: 1, terms, survival: 0.0, ..PowerSeries::default() };
        let moved = follow("series", &layer(4, 1, Determinant::Series(series)), BOTH[0], &points);
        let unknown = moved.standard_error.expect("an estimate says that it is one");
        assert!(unknown.iter().all(|error| error.is_nan()), "one probe knows no error");
        (moved.log_det - &exact).amax()
    };
    let bound = |terms: i32| 0.9f64.powi(terms + 1) / (f64::from(terms + 1) * 0.1);
    assert!(error(1) > error(4) && error(4) > error(16));
    for terms in [1, 4, 16] {
        assert!(error(terms) <= bound(terms as i32), "{terms}");
    }
    assert!(error(400) < 1e-14);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(4)))]

    #[test]
    fn gradients_are_those_of_the_computed_estimate(seed in any::<u32>()) {
        let seed = u64::from(seed);
        for direction in BOTH {
            // The noise depends on the bits of a sample: where it must not, there is none.
            let still = PowerSeries { probes: 1, terms: 7, survival: 0.0, ..PowerSeries::default() };
            let points = matrix::<f64>(1, 5, 1.0, seed);
            let one = layer(seed, 1, Determinant::Series(still));
            gradients_agree_at("series in one dimension", &one, direction, &points, seed);
            let points = matrix::<f64>(3, 5, 1.0, seed);
            let series = PowerSeries { probes: 3, terms: 2, survival: 0.7, ..PowerSeries::default() };
            let three = layer(seed, 3, Determinant::Series(series));
            parameter_gradients_agree("series", &three, direction, &points, seed);
        }
    }

    #[test]
    fn estimates_do_not_depend_on_the_batch(seed in any::<u32>(), place in 0usize..200) {
        let layer = layer(u64::from(seed), 4, Determinant::Series(PowerSeries::default()));
        let points = matrix::<f64>(4, 200, 2.0, u64::from(seed));
        for direction in BOTH {
            let batch = follow("batch", &layer, direction, &points);
            let alone = follow("alone", &layer, direction, &points.columns(place, 1).into_owned());
            prop_assert_eq!(alone.points.column(0), batch.points.column(place));
            prop_assert_eq!(alone.log_det[0], batch.log_det[place]);
            let errors = |moved: &liouville::flow::Moved<f64>| moved.standard_error.clone();
            prop_assert_eq!(
                errors(&alone).expect("several probes")[0],
                errors(&batch).expect("several probes")[place]
            );
        }
    }
}

/// In evaluation never, in training in high dimension only.
#[test]
fn auto_estimates_in_training_in_high_dimension_only() {
    for (dim, estimated) in [(64, false), (65, true)] {
        let layer = layer(1, dim, Determinant::Auto);
        let points = matrix::<f64>(dim, 3, 0.3, 1);
        let moved = follow("auto", &layer, BOTH[0], &points);
        let exact = layer.clone().determinant(Determinant::Exact);
        let exact = follow("exact", &exact, BOTH[0], &points);
        assert!(moved.standard_error.is_none(), "{dim}");
        assert_eq!((exact.points, &exact.log_det), (moved.points, &moved.log_det));
        let context = matrix::<f64>(2, 3, 1.0, 1);
        let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
        packet.load(points.as_slice(), dim, context.as_slice(), 2);
        packet.noise = Some(1);
        layer.follow_packet(BOTH[0], &mut packet, &mut workspace);
        assert_eq!(packet.estimated.is_some(), estimated, "{dim}");
    }
}

#[test]
fn settings_of_a_series_are_checked() {
    let good = PowerSeries::default();
    for bad in [
        PowerSeries { probes: 0, ..good },
        PowerSeries { terms: 0, ..good },
        PowerSeries { survival: 1.0, ..good },
        PowerSeries { survival: -0.1, ..good },
        PowerSeries { survival: f64::NAN, ..good },
        PowerSeries { noise: Noise::Orthogonal, ..good },
    ] {
        let layer = layer(1, 3, Determinant::Series(bad));
        let context = DMatrix::zeros(2, 1);
        let moved = layer.follow(Direction::Forward, &DMatrix::zeros(3, 1), Some(&context));
        assert!(moved.expect_err("out of range").is_setting(), "{bad:?}");
    }
}

//! Where some columns fail, the others are given, and the failed ones are named.

use liouville::diagnose::{Diagnose, jacobians};
use liouville::flow::elementwise::{Constrain, positive};
use liouville::flow::layers::ActNorm;
use liouville::outcome::{Outcome, Reason};
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix, dvector};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// x with ln x ~ N(0, 30²).
fn wide<T: Real>() -> Pushforward<StandardNormal, Chain<T>> {
    let rate = dvector![T::of(30f64.ln())];
    let affine = field::DiagonalAffine::new(rate, dvector![T::zero()]).expect("finite");
    let chain = Chain::new().then(ActNorm::new(affine)).then(Constrain::new().then(positive(1)));
    StandardNormal::new(1).pushed_by(chain)
}

fn draw(count: usize, seed: u64) -> Samples<f32> {
    wide().sample(count, &mut StdRng::seed_from_u64(seed)).expect("most arrive")
}

#[test]
fn samples_that_overflow_are_named_and_the_others_given() {
    let (mut all, mut lost) = (0, 0);
    for seed in 0..100 {
        let drawn = draw(1000, seed);
        let base: DMatrix<f32> =
            StandardNormal::new(1).sample(1000, &mut StdRng::seed_from_u64(seed)).expect("drawn");
        let failed: Vec<usize> = drawn.failed().map(|(j, _)| j).collect();
        for j in 0..1000 {
            // Where e^(30 z) lies well within f32, well outside, or neither.
            let log_x = 30.0 * f64::from(base[j]);
            let inside = (-87.0..88.7).contains(&log_x);
            let outside = !(-105.0..88.8).contains(&log_x);
            assert!(!(inside && failed.contains(&j)), "seed {seed}: {log_x} failed");
            assert!(!outside || failed.contains(&j), "seed {seed}: {log_x} arrived");
            assert_eq!(drawn[j].is_nan(), failed.contains(&j));
            if inside {
                assert!((f64::from(drawn[j]).ln() - log_x).abs() < 1e-4);
            }
        }
        let (places, points) = drawn.arrived();
        assert_eq!(places.len() + failed.len(), 1000);
        assert!(points.iter().zip(&places).all(|(x, &j)| x.to_bits() == drawn[j].to_bits()));
        assert!(wide().log_prob(&points).expect("they arrived").iter().all(|p| p.is_finite()));
        let error = drawn.all_arrived();
        assert_eq!(error.is_err(), !failed.is_empty());
        if let Err(error) = error {
            let named: Vec<usize> = error.failed_columns().iter().map(|(j, _)| *j).collect();
            assert_eq!(named, failed);
            assert!(
                error
                    .to_string()
                    .contains(&format!("column{}", if failed.len() == 1 { " " } else { "s " }))
            );
        }
        (all, lost) = (all + 1, lost + usize::from(!failed.is_empty()));
    }
    // P(z > 2.96) = 0.0015: few seeds have a thousand without one.
    assert!(all == 100 && lost > 50, "{lost}");
}

#[test]
fn the_first_samples_do_not_depend_on_their_number() {
    let (few, many) = (draw(100, 7), draw(3000, 7));
    assert!(many.failed().any(|(j, _)| j >= 100));
    for j in 0..100 {
        assert_eq!(few[j].to_bits(), many[j].to_bits());
        assert_eq!(few.outcomes()[j], many.outcomes()[j]);
    }
}

#[test]
fn only_where_nothing_arrives_there_is_an_error() {
    let affine = field::DiagonalAffine::new(dvector![0.0], dvector![1e4]).expect("finite");
    let chain = Chain::new().then(ActNorm::new(affine)).then(Constrain::new().then(positive(1)));
    let model = StandardNormal::new(1).pushed_by(chain);
    let mut rng = StdRng::seed_from_u64(1);
    let error = model.sample(9, &mut rng).expect_err("e^10000 for all");
    assert_eq!(error.failed_columns().len(), 9);
    assert!(error.to_string().starts_with("no sample arrived: columns 0, 1, 2, 3 and 5 more of 9"));
    let drawn = model.sample_detailed(9, None, &mut rng).expect("a report on every column");
    assert_eq!(drawn.failed().count(), 9);
    assert!(drawn.iter().all(|x: &f64| x.is_nan()));
}

#[test]
fn samples_are_taken_wherever_a_matrix_is() {
    let drawn = draw(3000, 3);
    let failed = drawn.failed().count();
    assert!(failed > 0 && drawn.to_string().contains("samples of dimension 1; "), "{drawn}");
    let error = wide().log_prob(&drawn).expect_err("some are NaN");
    assert_eq!(error.failed_columns().len(), failed);
    assert!(error.to_string().contains("`evaluate` gives"));
    let all = wide().evaluate(&drawn, None).expect("a report on every column");
    assert_eq!(all.log_prob.iter().filter(|p| p.is_finite()).count(), 3000 - failed);

    let pairs = DMatrix::from_fn(2, 3000, |i, j| drawn[j].ln() + i as f32);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    plot::samples("logarithms", &pairs).save(folder.join("pairs.png")).expect("drawn");
    let error = Trainer::maximum_likelihood()
        .steps(1)
        .quiet()
        .fit(&mut wide(), &drawn, &mut StdRng::seed_from_u64(1))
        .expect_err("NaN cannot be learnt from");
    assert!(error.is_non_finite(), "{error}");
}

/// x' = x², which is infinite at t = 1 / x.
fn explosive() -> ContinuousFlow<impl VectorField<f64> + Clone> {
    ContinuousFlow::new(field::autonomous::<1, _>(|x| [x[0] * x[0]])).tolerance(1e-8)
}

#[test]
fn trajectories_go_on_beside_one_that_fails() {
    let points = dmatrix![0.5, 2.0, -1.0];
    let times = [0.0, 0.25, 0.75, 1.0];
    let error = explosive().trajectory(&points, None, &times).expect_err("one blows up");
    assert_eq!(error.failed_columns().len(), 1);
    assert!(error.to_string().contains("`trajectory_detailed` gives"), "{error}");
    let found = explosive().trajectory_detailed(&points, None, &times).expect("valid");
    let failure = found.outcomes[1].failure().expect("it blows up at a half");
    assert!((failure.t - 0.5).abs() < 1e-3, "{failure:?}");
    assert!(found.path[1][1].is_finite() && found.path[2][1].is_nan() && found.path[3][1].is_nan());
    for (t, points) in times.iter().zip(&found.path) {
        for (j, x) in [(0, 0.5), (2, -1.0)] {
            assert!((points[j] - x / (1.0 - x * t)).abs() < 1e-6);
        }
    }
}

#[test]
fn jacobians_name_the_columns_as_given() {
    let flow = Constrain::<f64>::new().then(positive(2));
    let points = dmatrix![1.0, 2.0, 1e-9; 3.0, 4.0, 1.0];
    let error = jacobians(&flow, Direction::Inverse, &points, None, 1e-3).expect_err("next to 0");
    assert_eq!(error.failed_columns(), [(2, Outcome::Outside { coordinate: 0 })]);
}

#[test]
fn a_diagnosis_leaves_out_what_has_no_neighbours() {
    // Of the moved points beside the largest, some overflow.
    let data = dmatrix![1.0f32, 2.0, 0.5, f32::MAX * 0.9];
    let found = Diagnose::new().flow(&wide(), &data, None).expect("three have neighbours");
    assert_eq!((found.failed, found.log_prob.len()), (0, 4));
    assert_eq!(found.conditioning.singular_values.len(), 3);
    assert!(!found.to_string().is_empty());
}

#[test]
fn scores_of_the_others_are_given() {
    let points = dmatrix![1.0, f64::NAN, 2.0];
    let scored = wide::<f64>().score(&points, None).expect("a report on every column");
    assert_eq!(scored.outcomes[1].failure().map(|f| f.reason), Some(Reason::NonFiniteInput));
    for j in [0, 2] {
        // d/dx of -(ln x)² / 1800 - ln x.
        let expected = -(points[j].ln() / 900.0 + 1.0) / points[j];
        assert!((scored.score[j] - expected).abs() < 1e-12);
    }
}

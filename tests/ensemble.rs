//! Ensembles: the density of a mixture by hand, its mass, its samples, scores, failures and contexts.

use liouville::density::{Ensemble, Given};
use liouville::flow::elementwise::{Constrain, positive};
use liouville::flow::layers::ActNorm;
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

type Normal = Pushforward<StandardNormal, ActNorm<f64>>;

/// N(mean, e^(2 log_scale)) in one dimension.
fn normal(mean: f64, log_scale: f64) -> Normal {
    // The flow of s x + b ends in e^s x + b (e^s - 1) / s.
    let growth = if log_scale == 0.0 { 1.0 } else { log_scale.exp_m1() / log_scale };
    let map = field::DiagonalAffine::new(dvector![log_scale], dvector![mean / growth]).unwrap();
    StandardNormal::new(1).pushed_by(ActNorm::new(map))
}

/// Three normal densities with their weights.
fn three() -> Ensemble<Normal> {
    let members = vec![normal(-2.0, -0.5), normal(0.5, 0.3), normal(3.0, 0.0)];
    Ensemble::weighted(members, vec![1.0, 2.0, 5.0]).unwrap()
}

/// The log-density of each member at x, as it is on paper.
fn by_hand(x: f64) -> [f64; 3] {
    [(-2.0, -0.5f64), (0.5, 0.3), (3.0, 0.0)].map(|(mean, log_scale)| {
        let z = (x - mean) / log_scale.exp();
        -0.5 * z * z - log_scale - 0.5 * std::f64::consts::TAU.ln()
    })
}

#[test]
fn densities_are_weighted_means() {
    let points = DMatrix::from_fn(1, 61, |_, j| -6.0 + 0.2 * j as f64);
    let ensemble = three();
    let plain = ensemble.log_prob(&points).unwrap();
    let found = ensemble.evaluate(&points, None).unwrap();
    let spread = ensemble.spread(&points).unwrap();
    for (j, x) in points.iter().enumerate() {
        let members = by_hand(*x);
        let weighted = members.iter().zip([0.125, 0.25, 0.625]);
        let expected = weighted.clone().map(|(l, w)| w * l.exp()).sum::<f64>().ln();
        assert!((plain[j] - expected).abs() < 1e-12 * (1.0 + expected.abs()), "at {x}");
        assert_eq!(plain[j], found.log_prob[j]);
        let mean: f64 = weighted.clone().map(|(l, w)| w * l).sum();
        let square: f64 = weighted.map(|(l, w)| w * (l - mean).powi(2)).sum();
        let expected =
            (square / (1.0 - 0.125f64.powi(2) - 0.25f64.powi(2) - 0.625f64.powi(2))).sqrt();
        assert!((spread[j] - expected).abs() < 1e-11 * (1.0 + expected), "at {x}");
        assert_eq!(spread[j], found.spread[j]);
        assert!((0..3).all(|k| (found.members[(k, j)] - members[k]).abs() < 1e-12 * 40.0));
        assert!(found.outcomes[j].arrived() && found.culprits[j].is_none());
    }
    assert!(found.standard_error.is_none());
}

#[test]
fn the_mass_is_one() {
    // Trapezoids are exact to rounding for smooth densities that end within the range.
    let (from, step) = (-14.0, 0.05);
    let points = DMatrix::from_fn(1, 640, |_, j| from + step * j as f64);
    let mass: f64 = three().log_prob(&points).unwrap().iter().map(|l| step * l.exp()).sum();
    assert!((mass - 1.0).abs() < 1e-12, "{mass}");
}

#[test]
fn samples_are_those_of_the_mixture() {
    // Members so far apart that every sample tells where it comes from.
    let members = (0..4).map(|k| normal(100.0 * f64::from(k), 0.0)).collect();
    let weights = vec![1.0, 4.0, 2.0, 3.0];
    let ensemble = Ensemble::weighted(members, weights).unwrap();
    let seed = rand::random();
    let draw = |count: usize| ensemble.sample(count, &mut StdRng::seed_from_u64(seed)).unwrap();
    let (count, drawn) = (20_000, draw(20_000));
    for (k, share) in [0.1, 0.4, 0.2, 0.3].into_iter().enumerate() {
        let own: Vec<f64> =
            drawn.iter().map(|x| x - 100.0 * k as f64).filter(|x| x.abs() < 50.0).collect();
        let (n, found) = (own.len() as f64, own.len() as f64 / count as f64);
        // Six standard errors of a share, and of a mean.
        let bound = 6.0 * (share * (1.0 - share) / f64::from(count)).sqrt();
        assert!((found - share).abs() < bound, "member {k}: {found} for {share}, seed {seed}");
        let mean = own.iter().sum::<f64>() / n;
        assert!(mean.abs() < 6.0 / n.sqrt(), "member {k}: {mean}, seed {seed}");
    }
    let few = draw(7);
    assert_eq!(few.as_slice(), &drawn.as_slice()[..7], "the first do not depend on how many");
}

#[test]
fn scores_are_derivatives() {
    let (ensemble, h) = (three(), 1e-5);
    let points = DMatrix::from_fn(1, 25, |_, j| -4.0 + 0.35 * j as f64);
    let at = |shift: f64| ensemble.log_prob(&points.add_scalar(shift)).unwrap();
    let slopes: DVector<f64> = (at(h) - at(-h)) / (2.0 * h);
    let found = ensemble.score(&points, None).unwrap();
    assert_eq!(found.log_prob, ensemble.log_prob(&points).unwrap());
    for (j, slope) in slopes.iter().enumerate() {
        // h² / 6 of third derivatives below a few hundred, and rounding / h.
        assert!((found.score[j] - slope).abs() < 1e-7, "{} {slope}", found.score[j]);
    }
}

#[test]
fn what_a_member_cannot_do_is_named() {
    let half = |mean| {
        let map = field::DiagonalAffine::new(dvector![0.0], dvector![mean]).unwrap();
        let chain = Chain::new().then(ActNorm::new(map)).then(Constrain::new().then(positive(1)));
        StandardNormal::new(1).pushed_by(chain)
    };
    let ensemble = Ensemble::new(vec![half(0.0), half(1.0)]).unwrap();
    // Outside the supports of all, the density is zero.
    let found = ensemble.evaluate(&dmatrix![1.0, -1.0, f64::NAN], None).unwrap();
    assert!(found.outcomes[0].arrived() && found.outcomes[1].is_outside());
    assert_eq!((found.log_prob[1], found.spread[1]), (f64::NEG_INFINITY, 0.0));
    assert!(found.outcomes[2].failure().is_some() && found.log_prob[2].is_nan());
    assert_eq!(found.culprits, [None, None, Some(0)]);
    let error = found.none_failed().unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("member 0 of an ensemble of 2: column 2 of 3 failed"), "{text}");
    assert_eq!(error.failed_columns().len(), 1);
    let error = ensemble.log_prob(&dmatrix![1.0; 2.0]).unwrap_err().to_string();
    assert!(error.starts_with("member 0 of an ensemble of 2:"), "{error}");
}

#[test]
fn refusals() {
    let empty = Ensemble::<Normal>::new(Vec::new()).unwrap_err();
    assert!(empty.is_empty());
    let one = || vec![normal(0.0, 0.0)];
    assert!(Ensemble::weighted(one(), vec![1.0, 2.0]).unwrap_err().is_shape());
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Ensemble::weighted(one(), vec![weight]).unwrap_err();
        assert!(error.is_setting() && error.to_string().contains("member 0"), "{error}");
    }
    let huge = Ensemble::weighted(vec![normal(0.0, 0.0), normal(1.0, 0.0)], vec![1e308, 1e308]);
    assert_eq!(huge.unwrap().weights(), [0.5, 0.5]);
    assert!(three().sample(0, &mut rand::rng()).unwrap_err().is_empty());
}

#[test]
fn contexts_are_given_to_every_member() {
    let shift = |by: f64| {
        let shift = field::conditional::<1, 1, _>(move |_, _, context| [context[0] * by]);
        StandardNormal::new(1).pushed_by(ContinuousFlow::new(shift).tolerance(1e-9))
    };
    let family = Ensemble::new(vec![shift(1.0), shift(-1.0)]).unwrap();
    let at_two = family.given(dmatrix![2.0]);
    let log_p = at_two.log_prob(&dmatrix![0.0, 2.0]).unwrap();
    let normal = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    for (found, x) in log_p.iter().zip([0.0, 2.0]) {
        let expected = (0.5 * normal(x - 2.0) + 0.5 * normal(x + 2.0)).ln();
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    // Contexts of 0 and 40 in turn: samples lie near 0, or 40 to either side.
    let contexts = DMatrix::from_fn(1, 400, |_, j| if j % 2 == 0 { 0.0 } else { 40.0 });
    let drawn = family.given(contexts).sample(400, &mut rand::rng()).unwrap();
    let near = |x: f64, j: usize| {
        if j.is_multiple_of(2) { x.abs() < 9.0 } else { (x.abs() - 40.0).abs() < 9.0 }
    };
    assert!(drawn.iter().enumerate().all(|(j, x)| near(*x, j)));
    let right = drawn.iter().filter(|x| **x > 20.0).count();
    assert!((40..160).contains(&right), "half of 200, within eight deviations: {right}");
    let error = family.given(dmatrix![1.0, 2.0]).sample(3, &mut rand::rng()).unwrap_err();
    assert!(error.is_shape(), "{error}");
    let _: &Given<'_, _, f64> = &at_two;
}

#[test]
fn an_ensemble_is_a_density_wherever_one_is_asked_for() {
    let map = |x: f64| {
        let map = field::DiagonalAffine::new(dvector![0.0, 0.0], dvector![x, 0.0]).unwrap();
        StandardNormal::new(2).pushed_by(ActNorm::new(map))
    };
    let ensemble = Ensemble::new(vec![map(-1.0), map(1.0)]).unwrap();
    let dynamic: &dyn Density<f64> = &ensemble;
    assert_eq!(dynamic.dim(), 2);
    let picture = plot::density(dynamic).resolution(40).title("two").size(300, 260);
    let path = std::env::temp_dir().join(format!("ensemble-{}.png", rand::rng().random::<u64>()));
    picture.save(&path).unwrap();
    std::fs::remove_file(path).unwrap();
}

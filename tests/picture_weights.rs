//! Weighted samples in pictures: scale means nothing, equal weights are none, and what weighs nothing is not there.

use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn normals(seed: u64) -> DMatrix<f64> {
    StandardNormal::new(2).sample(600, &mut StdRng::seed_from_u64(seed)).expect("drawn")
}

/// Both pictures of samples with weights, as text.
fn texts(points: &DMatrix<f64>, weights: Option<&[f64]>) -> [String; 2] {
    let (mut corner, mut dots) = (plot::corner(points), plot::samples("dots", points));
    if let Some(weights) = weights {
        (corner, dots) = (corner.weights(weights), dots.weights(weights));
    }
    [corner.to_svg().expect("a corner"), dots.to_svg().expect("dots")]
}

#[test]
fn equal_weights_are_none_and_their_scale_means_nothing() {
    let points = normals(1);
    assert_eq!(texts(&points, Some(&[0.3; 600])), texts(&points, None));
    let weights: Vec<f64> = points.row(0).iter().map(|x| x.exp()).collect();
    let found = texts(&points, Some(&weights));
    for power in [-900, 900] {
        // Powers of two, so that every weight keeps its bits.
        let scaled: Vec<f64> = weights.iter().map(|weight| weight * 2f64.powi(power)).collect();
        assert_eq!(texts(&points, Some(&scaled)), found, "2^{power}");
    }
    assert!(found[1].contains("effective of 600"));
}

#[test]
fn what_weighs_nothing_is_not_there() {
    let mut points = normals(2);
    points.column_mut(7).fill(f64::NAN);
    let kept = |k: &usize| !k.is_multiple_of(3) && *k != 7;
    let weights: Vec<f64> = (0..600).map(|k| f64::from(u8::from(kept(&k)))).collect();
    let places: Vec<usize> = (0..600).filter(kept).collect();
    let [corner, _] = texts(&points, Some(&weights));
    let [alone, _] = texts(&points.select_columns(&places), None);
    // But for the name of the one that is not finite.
    let shapes = |text: &str| {
        let lines = text.lines().filter(|line| !line.contains("not finite"));
        lines.filter(|line| line.contains("<path") && line.contains("fill-opacity")).count()
    };
    assert_eq!(shapes(&corner), shapes(&alone));
    assert!(corner.contains("1 of 600 not finite"));
    let captions = |text: &str| {
        let words = text.lines().filter(|line| line.contains(" = ")).map(str::to_string);
        words.collect::<Vec<_>>()
    };
    assert_eq!(captions(&corner), captions(&alone));
}

#[test]
fn regions_and_quantiles_follow_weights() {
    // Every sample in one of two heaps, of which one weighs nine times as much.
    let points = DMatrix::from_fn(2, 2000, |i, j| {
        let heap = if j % 2 == 0 { 0.0 } else { 10.0 };
        heap + ((j * (i + 3)) % 97) as f64 / 97.0
    });
    let weights: Vec<f64> = (0..2000).map(|j| if j % 2 == 0 { 9.0 } else { 1.0 }).collect();
    let text = plot::corner(&points).weights(&weights).to_svg().expect("drawn");
    // Medians are in the heavy heap, at 5/9 of it.
    let median = text.split("x₁ = ").nth(1).and_then(|rest| rest.split('<').next());
    let median: f64 = median.expect("a caption").parse().expect("a number");
    assert!((median - 5.0 / 9.0).abs() < 0.02, "{median}");
}

#[test]
fn weights_that_do_not_fit_are_named() {
    let points = normals(3);
    let refused = |weights: &[f64]| {
        let corner = plot::corner(&points).weights(weights).to_svg().expect_err("corner");
        let dots = plot::samples("dots", &points).weights(weights).to_svg().expect_err("dots");
        assert_eq!(corner.to_string(), dots.to_string());
        corner
    };
    assert!(refused(&[1.0]).is_shape() && refused(&[]).is_shape());
    assert!(refused(&[0.0; 600]).is_empty());
    for (bad, place) in [(f64::NAN, 3), (f64::INFINITY, 599), (-1e-300, 0)] {
        let mut weights = vec![1.0; 600];
        weights[place] = bad;
        let error = refused(&weights);
        assert!(error.to_string().contains(&format!("weight {place} ")), "{error}");
        assert!(error.is_non_finite() || error.is_setting());
    }
}

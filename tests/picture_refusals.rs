//! What cannot be drawn is refused, and the error says where it is in what was given.

use liouville::Error;
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn refused(picture: &impl Picture) -> Error {
    picture.to_svg().expect_err("refused")
}

fn says(error: &Error, words: &[&str]) {
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

fn normals(count: usize) -> DMatrix<f64> {
    StandardNormal::new(2).sample(count, &mut StdRng::seed_from_u64(5)).expect("drawn")
}

#[test]
fn contexts_of_a_lattice_are_one_column_of_finite_numbers() {
    let drift = field::conditional::<2, 1, _>(|_, x, c| [c[0] - x[0], x[1]]);
    let flow = ContinuousFlow::new(drift);
    let given = |context: &DMatrix<f64>| plot::lattice(&flow).cells(4).given(context);
    given(&dmatrix![0.5]).to_svg().expect("drawn");
    for columns in [0, 2, 7] {
        let error = refused(&given(&DMatrix::zeros(1, columns)));
        says(&error, &[&format!("1 x {columns}"), "one column"]);
        assert!(error.is_shape(), "{error}");
    }
    for wrong in [f64::NAN, f64::INFINITY] {
        says(&refused(&given(&dmatrix![wrong])), &["context", &wrong.to_string()]);
    }
}

#[test]
fn samples_over_a_context_are_there_and_finite() {
    let bent = field::conditional::<1, 2, _>(|_, x, c| [c[0].sin() - x[0] * c[1]]);
    let family = StandardNormal::new(1).pushed_by(ContinuousFlow::new(bent));
    let picture = || plot::conditional::<f64, _>(|c| family.given(c), [0.0, 1.0]).size(300, 200);
    let along = |fixed: f64| picture().along(0, &[f64::NAN, fixed]);
    let data = |contexts: DMatrix<f64>, ys: DMatrix<f64>| along(0.2).data("seen", &contexts, &ys);
    data(dmatrix![0.5, f64::NAN], dmatrix![0.1, 0.2]).to_svg().expect("drawn");
    let none = DMatrix::zeros(1, 0);
    says(&refused(&data(none.clone(), none)), &["seen", "no column"]);
    says(&refused(&data(dmatrix![f64::NAN, 0.5], dmatrix![0.1, f64::NAN])), &["seen", "2 samples"]);
    says(&refused(&along(f64::NAN)), &["context value 1", "NaN"]);
}

#[test]
fn a_coordinate_that_is_finite_nowhere_is_named() {
    let mut points = normals(50);
    points.row_mut(1).fill(f64::NAN);
    says(&refused(&plot::corner(&points)), &["50 samples", "row 1", "x₂"]);
}

#[test]
fn few_samples_are_dots_without_regions_whether_by_number_or_by_weights() {
    let regions = |points: &DMatrix<f64>, weights: &[f64]| {
        let picture = plot::corner(points).weights(weights);
        let text = picture.to_svg().expect("drawn");
        // Nothing but the histograms of the two coordinates is filled.
        text.lines().filter(|line| line.contains("fill-opacity") && line.contains("<path")).count()
    };
    let many = regions(&normals(400), &[1.0; 400]);
    let mut heavy = [1e-6; 400];
    heavy[..3].fill(1.0);
    for (points, weights) in [(normals(3), &[1.0; 3][..]), (normals(400), &heavy[..])] {
        assert_eq!(regions(&points, weights), many - 2, "two regions of one pair less");
    }
}

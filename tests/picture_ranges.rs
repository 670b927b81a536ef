//! No picture panics, whatever the finite numbers in it and whatever its size.

use std::path::{Path, PathBuf};

use liouville::diagnose::Diagnose;
use liouville::prelude::*;
use nalgebra::DMatrix;

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).expect("writable");
    path
}

/// Numbers that are too close, too small, too large or too few for axes that do not take care, and
/// whether they can be drawn on axes of equal steps.
fn numbers() -> Vec<(Vec<f64>, bool)> {
    vec![
        (vec![0.3, 0.1 + 0.2], true),
        (vec![0.7], true),
        (vec![0.0; 3], true),
        (vec![1.0, 1.0 + f64::EPSILON, 1.0 - f64::EPSILON], true),
        (vec![1e-300, 2e-300], true),
        (vec![5e-324, 0.0], true),
        (vec![1e-200, 3e-200], true),
        (vec![1e15, 1e15 + 1.0], true),
        (vec![-1e299, 1e300], true),
        (vec![1.0, 1e300], true),
        (vec![1e-300, 1e300], true),
        (vec![f64::NAN, 1.0, f64::INFINITY, 2.0], true),
        (vec![f64::MAX, -f64::MAX], false),
        (vec![f64::MAX], false),
        (vec![], false),
        (vec![f64::NAN, f64::NEG_INFINITY], false),
    ]
}

/// Whether a picture was drawn; that it was not is an error of a kind that says why.
fn drawn(picture: &impl Picture, path: &Path, what: &str) -> bool {
    match picture.save(path) {
        Ok(()) => true,
        Err(error) => {
            let typed = error.is_setting() || error.is_non_finite() || error.is_empty();
            assert!(typed && !error.to_string().is_empty(), "{what}: {error:?}");
            false
        }
    }
}

#[test]
fn samples_fields_and_curves_of_any_numbers_are_drawn_or_refused() {
    let path = folder("ranges").join("any.svg");
    for (xs, drawable) in numbers() {
        for (ys, also) in numbers() {
            let count = xs.len().min(ys.len());
            let points = DMatrix::from_fn(2, count, |i, j| [&xs, &ys][i][j]);
            let what = format!("{points}");
            let finite = |of: &[f64]| of[..count].iter().any(|x| x.is_finite());
            let expected = drawable && also && finite(&xs) && finite(&ys);
            let picture = plot::samples("all", &points).beside("again", &points).size(500, 200);
            assert_eq!(drawn(&picture, &path, &what), expected, "{what}");
            let picture = plot::field(|_, x| [x[1], -x[0]])
                .arrows(5)
                .trajectories(std::slice::from_ref(&points));
            drawn(&picture.size(300, 300), &path, &what);
            let line = |picture: plot::CurvesPicture| picture.line("", &xs[..count], &ys[..count]);
            drawn(&line(plot::curves()).size(300, 200), &path, &what);
            drawn(&line(plot::curves().log_y()).size(300, 200), &path, &what);
            drawn(&line(plot::curves().log_log()).size(300, 200), &path, &what);
        }
        let values = DMatrix::from_vec(1, xs.len(), xs.clone());
        drawn(&plot::images("grey", &values).size(200, 200), &path, &format!("{xs:?}"));
    }
}

#[test]
fn ranges_of_any_numbers_are_drawn_or_refused() {
    let path = folder("ranges").join("given.svg");
    let normal = StandardNormal::new(2);
    let ends =
        [-f64::MAX, -1e300, -1.0, 0.0, 5e-324, 1e-300, 0.3, 0.1 + 0.2, 1e15, f64::MAX, f64::NAN];
    for from in ends {
        for to in ends {
            let what = format!("{from:e} to {to:e}");
            let picture = plot::density::<f64>(&normal).resolution(9).size(400, 300);
            drawn(&picture.x_range(from, to).y_range(-1.0, 1.0), &path, &what);
            let curve = |picture: plot::CurvesPicture| {
                picture.line("", &[0.1, 2.0], &[0.1, 3.0]).size(300, 200).x_range(from, to)
            };
            drawn(&curve(plot::curves()), &path, &what);
            drawn(&curve(plot::curves().log_log()), &path, &what);
            drawn(&curve(plot::curves().log_y()).y_range(from, to), &path, &what);
            drawn(&plot::field(|_, x| x).x_range(from, to).size(300, 300), &path, &what);
        }
    }
}

#[test]
fn pictures_of_any_size_are_drawn_or_refused() {
    let path = folder("ranges").join("size.png");
    let normal = StandardNormal::new(2);
    let points = nalgebra::dmatrix![0.0, 1.0; 0.0, 2.0];
    let sizes = [0, 1, 2, 17, 40, 150, 400, 100_000, u32::MAX];
    for width in sizes {
        for height in sizes {
            let what = format!("{width} x {height}");
            let density = plot::density::<f64>(&normal).resolution(9).size(width, height);
            drawn(&density, &path, &what);
            drawn(&plot::samples("a title", &points).size(width, height), &path, &what);
            drawn(&plot::images("all", &points).shape(2, 1).size(width, height), &path, &what);
            let curve = plot::curves().line("a name", &[0.0, 1.0], &[1.0, 2.0]);
            drawn(&curve.clone().size(width, height), &path, &what);
            let field = plot::field(|_, x| x).size(width, height);
            drawn(&plot::panels().add(curve.size(width, height)).add(field), &path, &what);
        }
    }
    let many = DMatrix::<f64>::zeros(1, 10_000);
    assert!(drawn(&plot::images("many", &many), &path, "many"));
    assert!(!drawn(&plot::images("many", &many).size(110, 90), &path, "many in few pixels"));
}

#[test]
fn narrow_and_shifted_densities_are_found_or_refused() {
    let path = folder("ranges").join("found.svg");
    for scale in [1e-300, 1e-6, 1e-3, 0.1, 1.0, 30.0, 1e9] {
        let map = field::Linear::new(DMatrix::identity(2, 2) * f64::ln(scale)).expect("finite");
        let model = StandardNormal::new(2).pushed_by(liouville::flow::ClosedForm::new(map));
        let found = drawn(&plot::density::<f64>(&model).resolution(20), &path, &scale.to_string());
        assert!(found || !(1e-6..50.0).contains(&scale), "{scale}");
    }
}

#[test]
fn a_diagnosis_of_any_numbers_is_drawn_or_refused() {
    let path = folder("ranges").join("diagnosis.svg");
    let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
    let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
    let points = nalgebra::dmatrix![0.1, 0.5, -1.0, 0.3; 0.2, -0.4, 1.0, 0.0];
    let found = Diagnose::new().times(3).continuous(&model, &points, None).expect("arrives");
    for (values, _) in numbers() {
        let mut odd = found.clone();
        odd.inverse_error = values.clone();
        odd.conditioning.log_det_error = values.clone();
        odd.conditioning.singular_values = values.iter().map(|value| vec![*value; 2]).collect();
        drawn(&plot::diagnosis(&odd), &path, &format!("{values:?}"));
    }
}

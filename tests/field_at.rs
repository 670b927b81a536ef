//! Fields at a matrix of points: the same alone and together, and wrong shapes are named.

use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

#[test]
fn a_column_has_the_same_velocity_alone_and_among_others() {
    let mut rng = StdRng::seed_from_u64(3);
    let field: Mlp<f32> = Mlp::new(3).context(2).hidden([16, 16]).build(&mut rng).expect("valid");
    let points = StandardNormal::new(3).sample(300, &mut rng).expect("drawn");
    let contexts: DMatrix<f32> = StandardNormal::new(2).sample(300, &mut rng).expect("drawn");
    let all = field.at_given(0.3, &points, &contexts).expect("fits");
    for j in [0, 127, 128, 299] {
        let [point, context] = [&points, &contexts].map(|m| m.columns(j, 1).into_owned());
        let one = field.at_given(0.3, &point, &context).expect("fits");
        assert_eq!(one.column(0), all.column(j), "column {j}");
        let shared = field.at_given(0.3, &points, &context).expect("one for all");
        assert_eq!(shared.column(j), all.column(j));
    }
}

#[test]
fn velocities_are_those_that_moving_points_have() {
    let field = field::time_dependent::<2, _>(|t, x| [x[1] + t, -x[0].sin()]);
    let flow = ContinuousFlow::new(field.clone()).tolerance(1e-10);
    let (start, step) = (nalgebra::dmatrix![0.4, -1.0; 0.2, 2.0], 1e-4);
    let path = flow.trajectory(&start, None, &[0.0, 0.5 - step, 0.5, 0.5 + step]).expect("arrives");
    let slope = (&path[3] - &path[1]) / (2.0 * step);
    let velocity = field.at(0.5, &path[2]).expect("fits");
    // Central differences err by step² / 6 of a third derivative, here below 100.
    assert!((slope - velocity).amax() < 1e-6);
}

#[test]
fn what_does_not_fit_is_named() {
    let field = field::conditional::<1, 1, _>(|_, x, c| [x[0] * c[0]]);
    let (points, context) = (DMatrix::<f64>::zeros(1, 3), DMatrix::<f64>::zeros(1, 2));
    let error = field.at(0.0, &points).expect_err("no context");
    assert!(error.is_shape() && error.to_string().contains("at_given"), "{error}");
    assert!(field.at_given(0.0, &points, &context).expect_err("two for three").is_shape());
    let empty = DMatrix::<f64>::zeros(1, 0);
    assert!(field.at_given(0.0, &empty, &context).expect_err("no column").is_empty());
    let turning = field::autonomous::<2, _>(|x| [x[1], -x[0]]);
    let error = turning.at(0.0, &points).expect_err("one row");
    assert!(error.is_shape() && error.to_string().contains("dimension is 2"), "{error}");
    assert!(turning.at(f64::NAN, &DMatrix::<f64>::zeros(2, 1)).expect_err("NaN").is_non_finite());
}

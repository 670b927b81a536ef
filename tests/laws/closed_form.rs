//! Laws of flows with a closed form: they equal the integrated flow, and begin as their data ask.

use liouville::flow::layers::{ActNorm, LinearFlow, Rotation};
use liouville::flow::{ClosedForm, InvertibleLinear, Permutation, Solvable};
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector, dmatrix};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::closed_form::{dense, diagonal, factored, skew};
use crate::steps::follow;
use crate::support::{BOTH, cases, matrix};

/// The closed form against integration to a tight tolerance.
fn equals_the_integrated_flow<F>(name: &str, field: F, seed: u64)
where
    F: Solvable<Scalar = f64> + Clone,
{
    let points = matrix::<f64>(field.dim(), 5, 2.0, seed);
    let integrated = ContinuousFlow::new(field.clone()).solver(dopri8().tolerance(1e-12));
    let closed = ClosedForm::new(field);
    for direction in BOTH {
        let ours = follow(name, &closed, direction, &points);
        let theirs = follow(name, &integrated, direction, &points);
        let scale = 1.0 + theirs.points.amax();
        let error = (&ours.points - &theirs.points).amax() / scale;
        assert!(error < 1e-9, "{name} {direction:?}: {error:e}");
        let error = (&ours.log_det - &theirs.log_det).amax();
        assert!(error < 1e-9, "{name} {direction:?}: {error:e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(8)))]

    #[test]
    fn closed_forms_are_the_integrated_flows(seed in any::<u32>()) {
        let seed = u64::from(seed);
        for dim in [1, 2, 4] {
            equals_the_integrated_flow("diagonal", diagonal::<f64>(seed, dim, 1.5), seed);
            equals_the_integrated_flow("linear", dense::<f64>(seed, dim, 1.0), seed);
            equals_the_integrated_flow("skew", skew::<f64>(seed, dim, 2.0), seed);
        }
    }

    #[test]
    fn rotations_keep_lengths(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let rotation: Rotation<f64> = ClosedForm::new(skew(seed, 5, 50.0));
        let points = matrix::<f64>(5, 20, 3.0, seed);
        let moved = rotation.forward(&points).expect("valid");
        for (a, b) in points.column_iter().zip(moved.points.column_iter()) {
            prop_assert!((a.norm() - b.norm()).abs() < 1e-12);
        }
        prop_assert!(moved.log_det.amax() == 0.0);
    }

    #[test]
    fn a_factored_layer_begins_as_its_matrix(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let matrix_of = matrix::<f64>(4, 4, 1.0, seed) + DMatrix::identity(4, 4) * 0.1;
        prop_assume!(matrix_of.determinant().abs() > 1e-3);
        let layer = InvertibleLinear::new(&matrix_of).expect("invertible");
        let points = matrix::<f64>(4, 10, 2.0, seed + 1);
        let moved = layer.forward(&points).expect("valid");
        prop_assert!((&matrix_of * &points - &moved.points).amax() < 1e-12);
        prop_assert!((matrix_of.determinant().abs().ln() - moved.log_det[0]).abs() < 1e-10);
        let mut rng = StdRng::seed_from_u64(seed);
        let rotation = InvertibleLinear::<f64>::random(4, &mut rng).expect("a rotation");
        let map = rotation.forward(&DMatrix::identity(4, 4)).expect("valid").points;
        prop_assert!((&map * map.transpose() - DMatrix::identity(4, 4)).amax() < 1e-13);
        prop_assert!((map.determinant() - 1.0).abs() < 1e-13);
    }

    #[test]
    fn data_arrive_standardised(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let spread = DMatrix::from_fn(3, 3, |i, j| if i == j { 10f64.powi(i as i32 - 1) } else { 0.3 });
        let data = (spread * matrix::<f64>(3, 400, 1.0, seed)).map(|x| x + 40.0);
        let check = |points: &DMatrix<f64>| {
            for row in points.row_iter() {
                assert!(row.mean().abs() < 1e-9 && (row.variance() - 1.0).abs() < 1e-9, "{row}");
            }
        };
        // The first link of the chain is the last that the data meet.
        let chain = Chain::new()
            .then(actnorm(3))
            .then(factored::<f64>(seed, 3, 0.3))
            .then(Inverted::new(actnorm(3)))
            .then(EulerStep::new(crate::catalogue::planar::<f64>(seed)));
        let mut model = StandardNormal::new(3).pushed_by(chain);
        model.initialise(&data, None).expect("enough of them");
        let base = model.flow().inverse(&data).expect("valid").points;
        check(&base);
        let mut alone = actnorm(3);
        alone.initialise(Direction::Forward, &data, None).expect("enough of them");
        check(&alone.forward(&data).expect("valid").points);
    }
}

fn actnorm(dim: usize) -> ActNorm<f64> {
    ActNorm::new(field::DiagonalAffine::zero(dim).expect("a dimension or more"))
}

#[test]
fn data_that_determine_nothing_are_refused_and_constants_are_centred() {
    let mut layer = actnorm(2);
    let mut initialise = |data: DMatrix<f64>| layer.initialise(Direction::Inverse, &data, None);
    assert!(initialise(dmatrix![1.0; 2.0]).expect_err("one sample").is_empty());
    assert!(initialise(dmatrix![1.0, 2.0]).expect_err("one row").is_shape());
    let error = initialise(dmatrix![1.0, 2.0; f64::NAN, 0.0]).expect_err("a NaN");
    assert!(error.is_non_finite() && error.to_string().contains("column 0"), "{error}");
    initialise(dmatrix![0.1, 0.1, 0.1; 1.0, 2.0, 3.0]).expect("a constant coordinate");
    let base = layer.inverse(&dmatrix![0.1, 1.1; 2.0, 2.0]).expect("valid").points;
    assert!((base - dmatrix![0.0, 1.0; 0.0, 0.0]).amax() < 1e-12);
    let chain = Chain::new().then(actnorm(2)).then(actnorm(2));
    let mut model = StandardNormal::new(2).pushed_by(chain);
    let error = model.initialise(&dmatrix![1.0; 2.0], None).expect_err("one sample");
    assert!(error.is_empty() && error.to_string().contains("link 1"), "{error}");
}

#[test]
fn bad_matrices_and_orders_are_refused() {
    let new = |matrix: DMatrix<f64>| InvertibleLinear::new(&matrix);
    assert!(new(DMatrix::zeros(0, 0)).expect_err("empty").is_empty());
    assert!(new(DMatrix::zeros(2, 3)).expect_err("not square").is_shape());
    assert!(new(dmatrix![1.0, 2.0; 2.0, 4.0]).expect_err("singular").is_setting());
    assert!(new(dmatrix![1.0, 2.0; 2.0, f64::NAN]).expect_err("a NaN").is_non_finite());
    assert!(Permutation::new(vec![]).expect_err("empty").is_empty());
    for order in [vec![0, 0], vec![0, 2], vec![1, 1, 0]] {
        assert!(Permutation::new(order).expect_err("no permutation").is_setting());
    }
    assert!(Flow::<f64>::check(&Permutation::reverse(0)).is_err());
    assert!(field::Skew::new(3, vec![1.0f64]).expect_err("three angles").is_shape());
    assert!(field::Skew::<f64>::new(0, vec![]).expect_err("no dimension").is_empty());
    let rates = DVector::from_vec(vec![1.0, f64::INFINITY]);
    assert!(field::DiagonalAffine::new(rates, DVector::zeros(2)).is_err());
}

#[test]
fn a_map_that_overflows_fails_its_columns() {
    let layer: LinearFlow<f64> = ClosedForm::new(dense(1, 2, 1e5));
    let moved = layer.follow(Direction::Forward, &matrix(2, 3, 1.0, 1), None).expect("valid shape");
    assert!(moved.outcomes.iter().all(|outcome| !outcome.arrived()));
    let text = layer.forward(&matrix(2, 3, 1.0, 1)).expect_err("overflow").to_string();
    assert!(text.contains("too large"), "{text}");
}

//! Laws of Sylvester layers: the paper's map, its special case, the constraint, and bad input.

use liouville::field::{Planar, Sylvester};
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::StepVisitor;
use crate::catalogue::sylvester::{field, visit_at_the_edge};
use crate::steps::{Extreme, follow};
use crate::support::{cases, matrix};

/// Upper triangles from packed parameters.
fn unpack(values: &[f64], rank: usize) -> DMatrix<f64> {
    let mut packed = values.iter();
    let mut matrix = DMatrix::zeros(rank, rank);
    for i in 0..rank {
        for j in i..rank {
            matrix[(i, j)] = *packed.next().expect("enough");
        }
    }
    matrix
}

/// z + Q R tanh(R̃ Q'z + b) as the paper writes it, with Q from the reflections one by one, and the
/// determinant of the whole Jacobian.
fn by_the_paper(values: &[f64], [dim, rank]: [usize; 2], z: &DVector<f64>) -> (DVector<f64>, f64) {
    let mut q = DMatrix::<f64>::identity(dim, dim);
    for k in 0..rank {
        let v = DVector::from_column_slice(&values[k * dim..(k + 1) * dim]);
        q *= DMatrix::identity(dim, dim) - &v * v.transpose() * (2.0 / v.norm_squared());
    }
    let q = q.columns(0, rank).into_owned();
    let size = rank * (rank + 1) / 2;
    let rest = &values[dim * rank..];
    let (r, r_tilde) = (unpack(rest, rank), unpack(&rest[size..], rank));
    let b = DVector::from_column_slice(&rest[2 * size..]);
    let h = (&r_tilde * q.transpose() * z + b).map(f64::tanh);
    let slopes = DMatrix::from_diagonal(&h.map(|h| 1.0 - h * h));
    let jacobian = DMatrix::identity(dim, dim) + &q * &r * slopes * &r_tilde * q.transpose();
    (z + &q * r * h, jacobian.determinant().ln())
}

/// The constraint holds strictly.
struct Constrained;

impl<T: Real> StepVisitor<T> for Constrained {
    fn visit<F: liouville::flow::StepInvertible<T> + 'static>(
        &mut self,
        name: &str,
        layer: EulerStep<F>,
    ) {
        let points = matrix::<T>(3, 200, 1.0, 5);
        let moved = follow(name, &layer, Direction::Forward, &points);
        assert!(moved.log_det.iter().all(|value| value.is_finite()), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(8)))]

    #[test]
    fn extreme_sylvester_layers_are_inverted_as_well_as_rounding_allows(seed in any::<u32>()) {
        let seed = u64::from(seed);
        visit_at_the_edge::<f64>(seed, &mut Constrained);
        visit_at_the_edge::<f32>(seed, &mut Constrained);
        for scale in [1.0, 1e6] {
            visit_at_the_edge::<f64>(seed, &mut Extreme { seed, scale });
            visit_at_the_edge::<f32>(seed, &mut Extreme { seed, scale });
        }
    }

    #[test]
    fn the_layer_is_that_of_the_paper(seed in any::<u32>()) {
        let seed = u64::from(seed);
        for (dim, rank) in [(1, 1), (4, 2), (3, 3)] {
            let layer = EulerStep::new(field::<f64>(seed, dim, rank, 1.5));
            let values = layer.constrained().parameters();
            let points = matrix::<f64>(dim, 10, 2.0, seed);
            let moved = layer.forward(&points).expect("valid");
            for (j, z) in points.column_iter().enumerate() {
                let (point, log_det) = by_the_paper(values, [dim, rank], &z.into_owned());
                let error = (moved.points.column(j) - point).amax();
                prop_assert!(error < 1e-12, "{error:e}");
                // The paper's determinant loses what cancels in it.
                let error = (moved.log_det[j] - log_det).abs();
                prop_assert!(error < 1e-9 * (1.0 + (-log_det).exp()), "{error:e} {log_det}");
            }
        }
    }

    #[test]
    fn with_one_direction_the_field_is_planar(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let sylvester = field::<f64>(seed, 3, 1, 1.0);
        let values = sylvester.parameters();
        let v = DVector::from_column_slice(&values[..3]);
        // The first column of I - 2 v v' / v'v.
        let q = dvector![1.0, 0.0, 0.0] - &v * (2.0 * v[0] / v.norm_squared());
        let planar = Planar::new(&q * values[3], &q * values[4], values[5]).expect("finite");
        let points = matrix::<f64>(3, 20, 2.0, seed);
        let flow = |field| ContinuousFlow::new(field).tolerance(1e-10).forward(&points).expect("valid");
        let ours = flow(Box::new(sylvester) as Box<dyn VectorField<f64>>);
        let theirs = flow(Box::new(planar));
        prop_assert!((ours.points - theirs.points).amax() < 1e-8);
        prop_assert!((ours.log_det - theirs.log_det).amax() < 1e-8);
    }
}

#[test]
fn bad_sylvester_parameters_are_refused() {
    let (vectors, square) = (DMatrix::<f64>::identity(3, 2), DMatrix::<f64>::identity(2, 2));
    let b = DVector::zeros(2);
    let new = Sylvester::new;
    assert!(new(&vectors.transpose(), &square, &square, &b).expect_err("too many").is_setting());
    assert!(new(&DMatrix::zeros(3, 0), &square, &square, &b).expect_err("none").is_setting());
    assert!(new(&DMatrix::zeros(3, 2), &square, &square, &b).expect_err("zero").is_setting());
    assert!(new(&vectors, &DMatrix::identity(3, 3), &square, &b).expect_err("shape").is_shape());
    assert!(new(&vectors, &square, &square, &DVector::zeros(3)).expect_err("shape").is_shape());
    let full = dmatrix![1.0, 2.0; 3.0, 4.0];
    let error = new(&vectors, &square, &full, &b).expect_err("not triangular");
    assert!(error.is_setting() && error.to_string().contains("R~"), "{error}");
    let broken = dmatrix![1.0, f64::NAN; 0.0, 1.0];
    assert!(new(&vectors, &broken, &square, &b).expect_err("a NaN").is_non_finite());
    let mut rng = StdRng::seed_from_u64(1);
    assert!(Sylvester::<f64>::random(2, 3, &mut rng).is_err());
    assert!(Sylvester::<f64>::random(3, 2, &mut rng).is_ok());
}

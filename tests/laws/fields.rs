//! Laws of vector fields: derivatives agree with finite differences, lanes do not mix.

use liouville::columns::{Block, Scratch, columns_to_block};
use liouville::field::divergence_by_tangents;
use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::fields;
use crate::support::{
    Inputs, cases, derivative, divergence, matrix, random_inputs, to_matrix, velocity,
};

/// J of every column by finite differences.
fn jacobians(
    field: &dyn VectorField<f64>,
    [t, x, context]: [&DMatrix<f64>; 3],
) -> Vec<DMatrix<f64>> {
    let dim = field.dim();
    let moved = |j: usize, s: f64| {
        let mut x = x.clone();
        x.row_mut(j).add_scalar_mut(s);
        velocity(field, [t, &x, context])
    };
    let column =
        |c: usize| DMatrix::from_fn(dim, dim, |i, j| derivative(1e-2, |s| moved(j, s)[(i, c)]));
    (0..x.ncols()).map(column).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(8)))]

    #[test]
    fn products_and_traces_are_those_of_the_jacobian(seed in any::<u32>()) {
        for entry in fields::<f64>() {
            let field = (entry.make)(u64::from(seed));
            let columns = 3;
            let [t, x, context] = random_inputs(&field, columns, u64::from(seed));
            let jacobians = jacobians(&field, [&t, &x, &context]);
            let (_, traces) = divergence(&field, [&t, &x, &context]);
            for (jacobian, trace) in jacobians.iter().zip(&traces) {
                prop_assert!((jacobian.trace() - trace).abs() < 1e-8, "{}: {} {trace}", entry.name, jacobian.trace());
            }
            // Two tangents per column, in neighbouring groups of lanes.
            let inputs = Inputs::new(&t, &x, &context);
            let (dim, lanes) = (field.dim(), inputs.x.lanes());
            let u: DMatrix<f64> = matrix(dim, 2 * lanes, 1.0, u64::from(seed) + 3);
            let [mut tangents, mut products, mut out] = std::array::from_fn(|_| Block::new(dim, 2 * lanes));
            columns_to_block(u.as_slice(), dim, &mut tangents);
            out.reshape(dim, lanes);
            field.jvp(inputs.at(), tangents.view(), out.view_mut(), products.view_mut(), &mut Scratch::new());
            let products = to_matrix(&products, 2 * lanes);
            for (c, jacobian) in jacobians.iter().enumerate() {
                for k in 0..2 {
                    let expected = jacobian * u.column(k * lanes + c);
                    let error = (products.column(k * lanes + c) - expected).amax();
                    prop_assert!(error < 1e-8, "{}: {error:e}", entry.name);
                }
            }
        }
    }

    #[test]
    fn every_way_to_the_divergence_agrees(seed in any::<u32>()) {
        for entry in fields::<f64>() {
            let field = (entry.make)(u64::from(seed));
            let [t, x, context] = random_inputs(&field, 5, u64::from(seed));
            let plain = velocity(&field, [&t, &x, &context]);
            let (beside, traces) = divergence(&field, [&t, &x, &context]);
            prop_assert_eq!(&plain, &beside, "the velocity differs: {}", entry.name);
            let inputs = Inputs::new(&t, &x, &context);
            let mut out = Block::new(field.dim(), 5);
            let mut trace = vec![0.0; out.lanes()];
            divergence_by_tangents(&field, inputs.at(), out.view_mut(), &mut trace, &mut Scratch::new());
            for (a, b) in traces.iter().zip(&trace) {
                prop_assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{}: {a} {b}", entry.name);
            }
        }
    }

    #[test]
    fn a_column_does_not_feel_its_neighbours(seed in any::<u32>(), place in 0usize..40) {
        fn check<T: Real>(seed: u64, place: usize) -> Result<(), TestCaseError> {
            for entry in fields::<T>() {
                let field = (entry.make)(seed);
                let [t, x, context] = random_inputs(&field, 40, seed);
                let all = divergence(&field, [&t, &x, &context]);
                let one = |matrix: &DMatrix<T>| matrix.columns(place, 1).into_owned();
                let alone = divergence(&field, [&one(&t), &one(&x), &one(&context)]);
                prop_assert_eq!(alone.0, one(&all.0), "{}", entry.name);
                prop_assert_eq!(alone.1[0], all.1[place], "{}", entry.name);
            }
            Ok(())
        }
        check::<f32>(u64::from(seed), place)?;
        check::<f64>(u64::from(seed), place)?;
    }

    #[test]
    fn single_precision_follows_double(seed in any::<u32>()) {
        for (narrow, wide) in fields::<f32>().iter().zip(fields::<f64>()) {
            let (a, b) = ((narrow.make)(u64::from(seed)), (wide.make)(u64::from(seed)));
            let inputs = random_inputs::<f64, _>(&b, 4, u64::from(seed));
            let rounded = random_inputs::<f32, _>(&a, 4, u64::from(seed));
            let (va, da) = divergence(&a, [&rounded[0], &rounded[1], &rounded[2]]);
            let (vb, db) = divergence(&b, [&inputs[0], &inputs[1], &inputs[2]]);
            for (a, b) in va.iter().chain(&da).zip(vb.iter().chain(&db)) {
                prop_assert!((f64::from(*a) - b).abs() < 1e-4 * (1.0 + b.abs()), "{}: {a} {b}", wide.name);
            }
        }
    }
}

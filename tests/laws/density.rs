//! Laws of densities: they integrate to one, and samples follow them.

use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::fields;
use crate::support::{cases, matrix};

/// The points of a square grid around the origin, and the area of a cell.
fn grid(half: f64, per_side: usize) -> (DMatrix<f64>, f64) {
    let step = 2.0 * half / per_side as f64;
    let at = |i: usize| -half + (i as f64 + 0.5) * step;
    let points = DMatrix::from_fn(2, per_side * per_side, |row, k| {
        at(if row == 0 { k % per_side } else { k / per_side })
    });
    (points, step * step)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(3)))]

    #[test]
    fn densities_in_the_plane_integrate_to_one(seed in any::<u32>()) {
        let (points, area) = grid(14.0, 200);
        for entry in fields::<f64>() {
            let field = (entry.make)(u64::from(seed));
            if field.dim() != 2 {
                continue;
            }
            let context = matrix(field.context_dim(), 1, 1.0, u64::from(seed));
            let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field).tolerance(1e-7));
            let log_prob = match context.nrows() {
                0 => model.log_prob(&points),
                _ => model.given(context).log_prob(&points),
            };
            let mass = log_prob.expect("valid input").map(f64::exp).sum() * area;
            prop_assert!((mass - 1.0).abs() < 1e-3, "{}: {mass}", entry.name);
        }
    }

    #[test]
    fn the_density_of_samples_is_that_of_their_base_points(seed in any::<u32>()) {
        for entry in fields::<f64>() {
            let field = (entry.make)(u64::from(seed));
            let dim = field.dim();
            if field.context_dim() > 0 {
                continue;
            }
            let model = StandardNormal::new(dim).pushed_by(ContinuousFlow::new(field).tolerance(1e-9));
            let mut rng = StdRng::seed_from_u64(u64::from(seed));
            let points: Samples<f64> = model.sample(20, &mut rng).expect("valid");
            let base: DMatrix<f64> =
                model.base().sample(20, &mut StdRng::seed_from_u64(u64::from(seed))).expect("valid");
            let moved = model.flow().forward(&base).expect("valid");
            let expected = model.base().log_prob(&base).expect("valid") - moved.log_det;
            let log_prob = model.log_prob(&points).expect("valid");
            prop_assert!((log_prob - expected).amax() < 1e-5, "{}", entry.name);
        }
    }
}

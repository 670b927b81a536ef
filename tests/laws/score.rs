//! The score of a model is the gradient of its log-density, by points and by contexts.

use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::{TrainableVisitor, visit_trainable};
use crate::support::{cases, derivative, matrix};

struct Scores {
    seed: u64,
}

/// Every entry of `gradients`, which belong to the entries of `at`, against differences of the
/// log-density of its column.
fn agree(
    name: &str,
    gradients: &DMatrix<f64>,
    at: &DMatrix<f64>,
    log_prob: impl Fn(&DMatrix<f64>) -> nalgebra::DVector<f64>,
) {
    for j in 0..at.ncols() {
        for i in 0..at.nrows() {
            let expected = derivative(2e-3, |h| {
                let mut moved = at.clone();
                moved[(i, j)] += h;
                log_prob(&moved)[j]
            });
            let (ours, scale) = (gradients[(i, j)], gradients.column(j).norm().max(1.0));
            assert!((ours - expected).abs() < 1e-6 * scale, "{name}: {ours} against {expected}");
        }
    }
}

impl TrainableVisitor<f64> for Scores {
    fn visit<F: TrainableField<f64> + Clone + 'static>(&mut self, name: &str, field: F) {
        let points = matrix::<f64>(field.dim(), 3, 1.5, self.seed);
        let contexts = matrix::<f64>(field.context_dim(), 3, 1.0, self.seed + 1);
        let flow = ContinuousFlow::new(field.clone()).solver(rk4(6)).trace(Trace::Exact);
        let model = StandardNormal::new(field.dim()).pushed_by(flow);
        let scored = model.score(&points, Some(&contexts)).expect("valid");
        let log_prob = |x: &DMatrix<f64>, c: &DMatrix<f64>| {
            model.evaluate(x, Some(c)).expect("valid").none_failed().expect("all arrive")
        };
        assert_eq!(scored.log_prob, log_prob(&points, &contexts), "{name}");
        agree(name, &scored.score, &points, |x| log_prob(x, &contexts));
        agree(name, &scored.context_score, &contexts, |c| log_prob(&points, c));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(3)))]

    #[test]
    fn scores_are_gradients_of_log_densities(seed in any::<u32>()) {
        visit_trainable(u64::from(seed), &mut Scores { seed: u64::from(seed) });
    }

    /// At probes of its own for every seed, the score of an estimate has the exact score for its mean.
    #[test]
    fn scores_of_estimates_are_right_on_average(seed in any::<u32>()) {
        let field = crate::catalogue::gated::<f64>(u64::from(seed), &[6, 5, 7]);
        let points = matrix::<f64>(3, 2, 1.0, u64::from(seed));
        let contexts = matrix::<f64>(2, 2, 1.0, u64::from(seed) + 1);
        let score = |trace: Trace| {
            let flow = ContinuousFlow::new(field.clone()).solver(rk4(4)).trace(trace);
            let model = StandardNormal::new(3).pushed_by(flow);
            let scored = model.score(&points, Some(&contexts)).expect("valid");
            DMatrix::from_fn(5, 2, |i, j| {
                if i < 3 { scored.score[(i, j)] } else { scored.context_score[(i - 3, j)] }
            })
        };
        let exact = score(Trace::Exact);
        let of = |k: usize, seed: u64| match k {
            0 => Trace::Hutchinson(Hutchinson { probes: 1, noise: Noise::Rademacher, seed }),
            _ => Trace::HutchPlusPlus(HutchPlusPlus { range: 1, residual: 1, seed }),
        };
        for k in 0..2 {
            let errors: Vec<DMatrix<f64>> = (0..200).map(|seed| score(of(k, seed)) - &exact).collect();
            for i in 0..exact.len() {
                let mean = errors.iter().map(|error| error[i]).sum::<f64>() / 200.0;
                let square = errors.iter().map(|error| error[i] * error[i]).sum::<f64>() / 200.0;
                prop_assert!(mean.abs() < 5.5 * (square / 200.0).sqrt() + 1e-9, "{k} {i}: {mean}");
            }
        }
    }

    #[test]
    fn the_score_of_a_carried_normal_is_linear(seed in any::<u32>()) {
        let a = matrix::<f64>(3, 3, 1.0, u64::from(seed));
        let field = field::Linear::new(a.clone()).expect("square");
        let model = StandardNormal::new(3).pushed_by(ContinuousFlow::new(field).tolerance(1e-10));
        let points = matrix::<f64>(3, 20, 2.0, u64::from(seed) + 1);
        // x = Fz with F = exp A: the score is -(FF')⁻¹ x.
        let back = (-a).exp();
        let expected = -(back.transpose() * back * &points);
        let found = model.score(&points, None).expect("valid");
        prop_assert!((found.score - &expected).amax() < 1e-7 * expected.amax().max(1.0));
    }
}

#[test]
fn scores_do_not_depend_on_neighbours_and_threads() {
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(4);
    let field: Mlp<f64> = Mlp::new(2).hidden([9, 7]).build(&mut rng).expect("valid");
    let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    let mut points = matrix::<f64>(2, 300, 2.0, 1);
    points[(1, 150)] = f64::NAN;
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| model.score(&points, None)).expect("valid")
    };
    let (one, two) = (on(1), on(2));
    for j in 0..300 {
        let alone = model.score(&points.columns(j, 1).into_owned(), None).expect("valid");
        if j == 150 {
            assert!(!one.outcomes[j].arrived() && one.score.column(j).iter().all(|s| s.is_nan()));
            continue;
        }
        assert_eq!(one.score.column(j), two.score.column(j));
        assert_eq!(one.score.column(j), alone.score.column(0));
        assert_eq!(one.log_prob[j], alone.log_prob[0]);
    }
    assert!(one.clone().all_arrived().is_err_and(|error| error.failed_columns().len() == 1));
}

//! Hutch++ is honest, is exact where it says so, and keeps its gradients.

use liouville::prelude::*;
use liouville::train::{MaximumLikelihood, MiniBatch, Objective, Pool, Trainable};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

use crate::support::{cases, derivative, matrix};

const DIM: usize = 12;

/// A field of three hidden layers, with parameters of ordinary size.
fn deep<T: Real>(dim: usize, seed: u64) -> Mlp<T> {
    let builder = Mlp::new(dim).hidden([14, 10, 12]).context(1);
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(seed);
    let count = builder.build::<T, _>(&mut rng).expect("valid sizes").parameters().len();
    builder.with_parameters(matrix::<T>(count, 1, 0.7, seed).as_slice().to_vec()).expect("as many")
}

/// A multiple of the identity in 40 dimensions, and three directions in which something else
/// happens.
fn low_rank(seed: u64) -> field::Linear<f64> {
    let [u, v] = [seed, seed + 1].map(|seed| matrix::<f64>(40, 3, 0.5, seed));
    let rest = matrix::<f64>(40, 40, 1e-3, seed + 2);
    field::Linear::new(u * v.transpose() - DMatrix::identity(40, 40) * 1.5 + rest).expect("finite")
}

fn plus_plus(range: usize, residual: usize, seed: u64) -> Trace {
    Trace::HutchPlusPlus(HutchPlusPlus { range, residual, seed })
}

/// Estimates for many points beside the exact log-determinants: errors and standard errors.
fn errors<F: VectorField<f64> + Clone>(
    field: &F,
    trace: Trace,
    direction: Direction,
    seed: u64,
) -> Vec<[f64; 2]> {
    let count = 1500;
    let points = matrix::<f64>(field.dim(), count, 1.5, seed);
    let context = matrix::<f64>(field.context_dim(), count, 1.0, seed + 1);
    let follow = |trace: Trace| {
        let flow = ContinuousFlow::new(field.clone()).solver(rk4(4)).trace(trace);
        flow.follow(direction, &points, Some(&context)).expect("valid input")
    };
    let (exact, moved) = (follow(Trace::Exact), follow(trace));
    assert!((&moved.points - &exact.points).amax() < 1e-12, "the points are the same");
    let stated = moved.standard_error.expect("two probes or more");
    let errors = moved.log_det - exact.log_det;
    errors.iter().zip(&stated).map(|(error, stated)| [*error, *stated]).collect()
}

/// Unbiased, with squared errors of the stated size, and t-distributed: `quantile` is that of 97.5 %
/// for one degree of freedom less than there are residual probes.
fn check_honesty(name: &str, errors: &[[f64; 2]], quantile: f64) {
    let count = errors.len() as f64;
    let mean = errors.iter().map(|[error, _]| error).sum::<f64>() / count;
    let square = errors.iter().map(|[error, _]| error * error).sum::<f64>() / count;
    let stated = errors.iter().map(|[_, stated]| stated * stated).sum::<f64>() / count;
    let bias = mean / (square / count).sqrt();
    assert!(bias.abs() < 5.0, "{name}: bias of {bias} standard errors");
    let ratio = square / stated;
    assert!((0.7..1.4).contains(&ratio), "{name}: squared errors {ratio} times as stated");
    let beyond = errors.iter().filter(|[error, stated]| error.abs() > quantile * stated);
    let share = beyond.count() as f64 / count;
    assert!((0.015..0.11).contains(&share), "{name}: {share} of the errors are beyond 95 %");
}

fn mean_square(errors: &[[f64; 2]]) -> f64 {
    errors.iter().map(|[error, _]| error * error).sum::<f64>() / errors.len() as f64
}

/// The derivative of the loss along a direction of the parameters, by the reverse pass and by
/// differences that draw the probes anew from the changed field.
fn slopes<F: TrainableField<f64> + Clone + 'static>(
    field: &F,
    trace: Trace,
    along: &[f64],
    seed: u64,
) -> [f64; 2] {
    let flow = ContinuousFlow::new(field.clone()).solver(rk4(4)).trace(trace);
    let model = StandardNormal::new(field.dim()).pushed_by(flow);
    let points = matrix::<f64>(field.dim(), 20, 1.0, seed);
    let contexts = matrix::<f64>(field.context_dim(), 20, 1.0, seed + 1);
    let (batch, pool) =
        (MiniBatch { points: &points, contexts: &contexts, seed, accuracy: None }, Pool::new());
    let parameters = model.parameters();
    let mut gradient = vec![0.0; parameters.len()];
    MaximumLikelihood.gradient(&model, batch, &pool, &mut gradient).expect("valid input");
    let expected = derivative(1e-3, |s| {
        let mut model = model.clone();
        let moved: Vec<f64> = parameters.iter().zip(along).map(|(p, d)| p + s * d).collect();
        model.set_parameters(&moved).expect("parameters that fit");
        MaximumLikelihood.loss(&model, batch, &pool).expect("valid input").value
    });
    [gradient.iter().zip(along).map(|(g, d)| g * d).sum(), expected]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2)))]

    #[test]
    fn errors_agree_with_the_standard_error(seed in any::<u32>()) {
        let seed = u64::from(seed);
        for (range, residual, quantile) in [(1, 4, 3.182), (4, 4, 3.182), (3, 6, 2.571)] {
            for direction in [Direction::Forward, Direction::Inverse] {
                let name = format!("{range} + {residual}, {direction:?}");
                let trace = plus_plus(range, residual, seed);
                check_honesty(&name, &errors(&deep(DIM, seed), trace, direction, seed + 9), quantile);
            }
        }
    }

    #[test]
    fn a_few_directions_that_matter_are_found(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let field = low_rank(seed);
        let plain = Trace::Hutchinson(Hutchinson { probes: 8, noise: Noise::Orthogonal, seed });
        let plain = errors(&field, plain, Direction::Inverse, seed + 5);
        let found = errors(&field, plus_plus(4, 4, seed), Direction::Inverse, seed + 5);
        prop_assert!(
            mean_square(&found) < 0.5 * mean_square(&plain),
            "{} against {}", mean_square(&found), mean_square(&plain)
        );
    }

    /// The range of a multiple of A does not move, so that the probes do not either.
    #[test]
    fn gradients_are_those_of_the_loss_where_the_range_does_not_move(seed in any::<u32>()) {
        let field = field::Linear::new(matrix::<f64>(6, 6, 0.7, u64::from(seed))).expect("square");
        let along = field.parameters().to_vec();
        let [ours, expected] = slopes(&field, plus_plus(2, 2, 1), &along, u64::from(seed) + 1);
        prop_assert!((ours - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{ours} against {expected}");
    }

    #[test]
    fn gradients_are_right_on_average(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let field = deep::<f64>(6, seed);
        let along = matrix::<f64>(field.parameters().len(), 1, 1.0, seed + 1);
        let exact = slopes(&field, Trace::Exact, along.as_slice(), seed + 2);
        prop_assert!((exact[0] - exact[1]).abs() < 1e-6 * (1.0 + exact[1].abs()));
        let count = 150;
        let found = DVector::from_fn(count, |i, _| {
            slopes(&field, plus_plus(2, 2, i as u64), along.as_slice(), seed + 2)[0]
        });
        let bias = (found.mean() - exact[0]) / (found.variance() / count as f64).sqrt();
        prop_assert!(bias.abs() < 5.0, "bias of {bias} standard errors");
    }

    #[test]
    fn a_sample_does_not_feel_its_neighbours(seed in any::<u32>(), place in 0usize..300) {
        fn check<T: Real>(seed: u64, place: usize) -> Result<(), TestCaseError> {
            let flow = ContinuousFlow::new(deep::<T>(DIM, seed)).trace(plus_plus(3, 3, seed));
            let (points, context) = (matrix::<T>(DIM, 300, 1.0, seed), matrix::<T>(1, 300, 1.0, seed + 1));
            let one = |matrix: &DMatrix<T>| matrix.columns(place, 1).into_owned();
            let all = flow.follow(Direction::Inverse, &points, Some(&context)).expect("valid");
            let alone = flow.follow(Direction::Inverse, &one(&points), Some(&one(&context))).expect("valid");
            prop_assert_eq!(one(&all.points), alone.points);
            prop_assert_eq!(all.log_det[place], alone.log_det[0]);
            prop_assert_eq!(all.standard_error.expect("three")[place], alone.standard_error.expect("three")[0]);
            Ok(())
        }
        check::<f32>(u64::from(seed), place)?;
        check::<f64>(u64::from(seed), place)?;
    }
}

#[test]
fn as_many_probes_as_dimensions_give_the_exact_trace() {
    let field = deep::<f64>(5, 1);
    for probes in [5, 6, 9] {
        assert!(Trace::hutch_plus_plus(probes).estimator(&field).is_none());
    }
    assert!(Trace::hutch_plus_plus(4).estimator(&field).is_some_and(|found| found.probes() == 4));
}

#[test]
fn settings_without_probes_are_refused() {
    let flow = |trace: Trace| ContinuousFlow::new(deep::<f64>(DIM, 1)).trace(trace);
    let (points, context) = (matrix::<f64>(DIM, 2, 1.0, 1), matrix::<f64>(1, 1, 1.0, 2));
    for trace in [
        Trace::hutch_plus_plus(0),
        Trace::hutch_plus_plus(1),
        plus_plus(0, 3, 0),
        plus_plus(3, 0, 0),
    ] {
        let error = flow(trace).follow(Direction::Forward, &points, Some(&context));
        assert!(error.is_err_and(|error| error.to_string().contains("Hutch++")), "{trace:?}");
    }
    let single =
        flow(Trace::hutch_plus_plus(3)).follow(Direction::Forward, &points, Some(&context));
    assert!(single.expect("valid").standard_error.is_some());
    let single =
        flow(Trace::hutch_plus_plus(2)).follow(Direction::Forward, &points, Some(&context));
    let unknown = single.expect("valid").standard_error.expect("an estimate says that it is one");
    assert!(unknown[0].is_nan(), "one residual probe has no spread");
}

/// The sketch of a Jacobian of rank zero or one spans next to nothing; of a failed column, nothing.
#[test]
fn jacobians_without_range_are_no_trouble() {
    let mut points = matrix::<f64>(8, 40, 1.0, 1);
    points[(3, 20)] = f64::INFINITY;
    let [u, w] = [2, 3].map(|seed| matrix(8, 1, 1.0, seed).column(0).into_owned());
    let bound = 8.0 * u.norm() * w.norm();
    let bent = field::Planar::new(u, w, 0.1).expect("finite");
    let still = field::Linear::new(DMatrix::zeros(8, 8)).expect("square");
    let trace = plus_plus(3, 2, 1);
    let found = [
        ContinuousFlow::new(still).trace(trace).follow(Direction::Forward, &points, None),
        ContinuousFlow::new(bent).trace(trace).follow(Direction::Forward, &points, None),
    ]
    .map(|moved| moved.expect("valid"));
    for j in (0..40).filter(|&j| j != 20) {
        assert_eq!(found[0].log_det[j], 0.0);
        assert!(found[1].log_det[j].abs() < bound && found[1].outcomes[j].arrived());
    }
    assert!(found.iter().all(|moved| !moved.outcomes[20].arrived() && moved.log_det[20].is_nan()));
}

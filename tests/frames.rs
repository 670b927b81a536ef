//! Frames: what a flow computes in one is what it computes on whitened data, and an untrained one is a normal
//! density.

use liouville::flow::continuous::Frame;
use liouville::nalgebra::{Cholesky, DMatrix, DVector};
use liouville::prelude::*;
use liouville::rand::rngs::StdRng;
use liouville::rand::{RngExt, SeedableRng};
use liouville::train::{FlowMatching, MiniBatch, Objective, Pool};

/// Correlated columns, coordinate i of scale `scale(i)` around `center(i)`.
fn drawn<T: Real>(
    [dim, count]: [usize; 2],
    seed: u64,
    scale: impl Fn(usize) -> f64,
    center: impl Fn(usize) -> f64,
) -> DMatrix<T> {
    let mut rng = StdRng::seed_from_u64(seed);
    let normal: DMatrix<f64> = StandardNormal::new(dim).sample(count, &mut rng).expect("room");
    DMatrix::from_fn(dim, count, |i, j| {
        let last = if i == 0 { 0.0 } else { normal[(i - 1, j)] };
        T::of(center(i) + scale(i) * (0.8 * last + 0.6 * normal[(i, j)]))
    })
}

/// A network whose field is zero everywhere.
fn still<T: Real>(dim: usize, context: usize) -> Mlp<T> {
    let builder = Mlp::new(dim).hidden([4]).context(context);
    let mut rng = StdRng::seed_from_u64(1);
    let count = builder.build::<T, _>(&mut rng).expect("valid sizes").parameters().len();
    builder.with_parameters(vec![T::zero(); count]).expect("as many as there are")
}

fn moving<T: Real>(dim: usize, context: usize, seed: u64) -> Mlp<T> {
    let builder = Mlp::new(dim).hidden([9, 6]).context(context);
    let mut rng = StdRng::seed_from_u64(seed);
    let count = builder.build::<T, _>(&mut rng).expect("valid sizes").parameters().len();
    let values = (0..count).map(|_| T::of(rng.random_range(-0.7..0.7))).collect();
    builder.with_parameters(values).expect("as many as there are")
}

/// The normal log-density of mean m and covariance D R D at every column.
fn normal(frame: &Frame, data: &DMatrix<f64>) -> Vec<f64> {
    let root = DMatrix::from_diagonal(&DVector::from_vec(frame.deviation())) * frame.root();
    let factor = Cholesky::new(&root * root.transpose()).expect("positive definite");
    let half: f64 = factor.l().diagonal().iter().map(|x| x.ln()).sum();
    let away = |j: usize| data.column(j) - DVector::from_vec(frame.mean());
    let norm =
        |j: usize| factor.l().solve_lower_triangular(&away(j)).expect("regular").norm_squared();
    let constant = 0.5 * data.nrows() as f64 * std::f64::consts::TAU.ln() + half;
    (0..data.ncols()).map(|j| -0.5 * norm(j) - constant).collect()
}

#[test]
fn an_untrained_flow_is_the_normal_density_of_the_data() {
    let data = drawn::<f64>([200, 1500], 1, |i| 10f64.powi(i as i32 % 7 - 3), |i| i as f64);
    let frame = Frame::fit(&data, None).expect("finite data");
    let flow = ContinuousFlow::new(still::<f64>(200, 0)).framed(frame.clone());
    let found = StandardNormal::new(200).pushed_by(flow).log_prob(&data).expect("valid input");
    let expected = normal(&frame, &data);
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-8 * expected.abs(), "{found} against {expected}");
    }
    let narrow = data.map(|x| x as f32);
    let flow = ContinuousFlow::new(still::<f32>(200, 0)).framed(frame);
    let found = StandardNormal::new(200).pushed_by(flow).log_prob(&narrow).expect("valid input");
    for (found, expected) in found.iter().zip(&expected) {
        // A coordinate of deviation 1e-3 around 199 is known to 1e-2 deviations in `f32`.
        assert!((f64::from(*found) - expected).abs() < 5.0, "{found} against {expected}");
    }
}

#[test]
fn many_columns_have_their_own_covariance() {
    let data = drawn::<f64>([10, 15_000], 2, |_| 2.0, |_| -5.0);
    let frame = Frame::fit(&data, None).expect("finite data");
    let inside = frame.inside(&data);
    let covariance = &inside * inside.transpose() / 15_000.0;
    // A sampling error is 1 / √15000 = 0.008.
    assert!((covariance - DMatrix::identity(10, 10)).amax() < 4e-3);
    assert!((frame.outside(&inside) - &data).amax() < 1e-11);
}

#[test]
fn offsets_and_scales_of_any_size_are_taken_off() {
    fn check<T: Real>(scale: f64, center: f64, accuracy: f64) {
        let data = drawn::<T>([3, 4000], 3, |_| scale, |_| center);
        let frame = Frame::fit(&data, None).expect("finite data");
        let flow = ContinuousFlow::new(moving::<T>(3, 0, 4))
            .tolerance(accuracy * 1e-2)
            .framed(frame.clone());
        let density = StandardNormal::new(3).pushed_by(flow.clone());
        let found = density.log_prob(&data).expect("valid input");
        // The same flow of the same data at unit scale.
        let inside = frame.inside(&data);
        let plain = ContinuousFlow::new(moving::<T>(3, 0, 4)).tolerance(accuracy * 1e-2);
        let expected = StandardNormal::new(3).pushed_by(plain).log_prob(&inside).expect("valid");
        for (found, expected) in found.iter().zip(expected.iter()) {
            let expected = expected.wide() - frame.log_det();
            assert!((found.wide() - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{scale:e}");
        }
        let there =
            flow.forward(&flow.inverse(&data).expect("valid").points).expect("valid").points;
        let off = (there - &data).map(|x| x.wide()).amax();
        assert!(off < accuracy * scale + 2.0 * T::EPSILON * center.abs(), "{scale:e}: {off:e}");
    }
    for scale in [1e-9, 1e-3, 1.0, 1e9] {
        check::<f64>(scale, 0.0, 1e-6);
        check::<f32>(scale, 0.0, 2e-3);
        check::<f64>(scale, 1e3 * scale, 1e-6);
    }
    check::<f32>(1.0, 1e3, 2e-3);
}

#[test]
fn rows_without_spread_few_columns_and_combinations_are_no_trouble() {
    let mut data = drawn::<f64>([4, 500], 5, |_| 1.0, |_| 20.1);
    data.row_mut(1).fill(20.1);
    let twice = data.row(0) * 2.0;
    data.row_mut(3).copy_from(&twice);
    let frame = Frame::fit(&data, None).expect("finite data");
    assert_eq!((frame.mean()[1], frame.deviation()[1]), (20.1, 1.0));
    assert!(frame.inside(&data).row(1).iter().all(|y| y.abs() < 1e-10));
    let flow = ContinuousFlow::new(moving::<f64>(4, 0, 6)).tolerance(1e-8).framed(frame);
    let there = flow.forward(&flow.inverse(&data).expect("valid").points).expect("valid");
    assert!((there.points - &data).amax() < 1e-6);

    let few = drawn::<f64>([13, 4], 6, |_| 3.0, |_| 1.0);
    let root = Frame::fit(&few, None).expect("finite data").root().clone();
    let values = root.symmetric_eigenvalues();
    assert!(values.min() > 0.1 && values.max() < 4.0, "{values}");
    let one = Frame::fit(&few.columns(0, 1).into_owned(), None).expect("finite data");
    assert!(one.deviation().iter().all(|&deviation| deviation == 1.0));
    assert!(Frame::fit(&DMatrix::<f64>::zeros(3, 0), None).is_err());
    let mut bad = few;
    bad[(7, 2)] = f64::NAN;
    let message = Frame::fit(&bad, None).expect_err("NaN").to_string();
    assert!(message.contains("coordinate 7 of column 2"), "{message}");
}

/// A flow in a frame, its data and its contexts.
fn example() -> (ContinuousFlow<Mlp<f64>>, [DMatrix<f64>; 2]) {
    let data = drawn::<f64>([3, 60], 7, |i| 3.0 + i as f64, |i| 40.0 * i as f64);
    let contexts = drawn::<f64>([2, 60], 8, |_| 1e4, |_| 1e6);
    let frame = Frame::fit(&data, Some(&contexts)).expect("finite data");
    (ContinuousFlow::new(moving(3, 2, 9)).tolerance(1e-10).framed(frame), [data, contexts])
}

#[test]
fn inside_the_frame_everything_is_as_without_one() {
    let (flow, [data, contexts]) = example();
    let frame = flow.frame().expect("one").clone();
    let plain = ContinuousFlow::new(moving::<f64>(3, 2, 9)).tolerance(1e-10);
    let (inside, within) = (frame.inside(&data), frame.contexts_inside(&contexts));
    let ours = flow.follow(Direction::Inverse, &data, Some(&contexts)).expect("valid input");
    let theirs = plain.follow(Direction::Inverse, &inside, Some(&within)).expect("valid input");
    assert_eq!(ours.points, theirs.points);
    assert_eq!(ours.log_det, theirs.log_det.map(|value| value - frame.log_det()));
    let ways = [
        flow.steps(Direction::Inverse, &data, Some(&contexts)).expect("valid input"),
        plain.steps(Direction::Inverse, &inside, Some(&within)).expect("valid input"),
    ];
    assert_eq!(ways[0], ways[1]);
    let loss = |flow: ContinuousFlow<Mlp<f64>>, points: &DMatrix<f64>, contexts: &DMatrix<f64>| {
        let model = StandardNormal::new(3).pushed_by(flow);
        let batch = MiniBatch { points, contexts, seed: 3, accuracy: None };
        let mut gradient = vec![0.0; model.flow().field().parameters().len()];
        let loss = FlowMatching::default().gradient(&model, batch, &Pool::new(), &mut gradient);
        (loss.expect("valid input").value, gradient)
    };
    assert_eq!(loss(flow, &data, &contexts), loss(plain, &inside, &within));
}

#[test]
fn paths_lead_from_samples_of_the_base_to_data() {
    let (flow, [data, contexts]) = example();
    let flow = flow.span(0.5, 2.0);
    let base = flow.follow(Direction::Inverse, &data, Some(&contexts)).expect("valid").points;
    let times = [2.0, 1.0, 0.5];
    let back = flow.trajectory(&data, Some(&contexts), &times).expect("valid input");
    assert_eq!(back[0], data);
    assert!((&back[2] - &base).amax() < 1e-8);
    let there = flow.trajectory(&base, Some(&contexts), &[0.5, 1.0, 2.0]).expect("valid input");
    assert!((&there[2] - &data).amax() < 1e-6);
    assert!((&there[1] - &back[1]).amax() < 1e-6, "half-way, from either side");
    // A third of the way scales have gone a third of theirs.
    let frame = flow.frame().expect("one").clone();
    let still = ContinuousFlow::new(still::<f64>(3, 2)).span(0.5, 2.0).framed(frame.clone());
    let middle =
        still.trajectory(&DMatrix::zeros(3, 60), Some(&contexts), &[0.5, 1.0]).expect("valid");
    for (x, mean) in middle[1].column(0).iter().zip(frame.mean()) {
        assert!((x - mean / 3.0).abs() < 1e-10);
    }
}

#[test]
fn scores_are_slopes_of_the_log_density() {
    let (flow, [data, contexts]) = example();
    let density = StandardNormal::new(3).pushed_by(flow);
    let (x, c) = (data.columns(0, 4).into_owned(), contexts.columns(0, 4).into_owned());
    let found = density.score(&x, Some(&c)).expect("valid input").score;
    for i in 0..3 {
        let moved = |shift: f64| {
            let mut x = x.clone();
            x.row_mut(i).iter_mut().for_each(|x| *x += shift);
            density.evaluate(&x, Some(&c)).expect("valid input").log_prob
        };
        let h = 1e-3;
        let slopes = (8.0 * (moved(h) - moved(-h)) - moved(2.0 * h) + moved(-2.0 * h)) / (12.0 * h);
        for (ours, slope) in found.row(i).iter().zip(slopes.iter()) {
            assert!((ours - slope).abs() < 1e-6, "{ours} against {slope}");
        }
    }
}

#[test]
fn what_is_no_frame_is_refused() {
    let unit = [1.0, 1.0];
    let root = DMatrix::from_row_slice(2, 2, &[1.0, 0.5, 0.5, 1.0]);
    let refused = |mean: &[f64], deviation: &[f64], root: &DMatrix<f64>| {
        Frame::new(mean, deviation, root.clone()).expect_err("none").to_string()
    };
    assert!(refused(&[1.0], &unit, &root).contains("root of (2, 2)"));
    assert!(refused(&[0.0, f64::NAN], &unit, &root).contains("row 1"));
    assert!(refused(&unit, &[1.0, 0.0], &root).contains("deviation 0"));
    assert!(refused(&unit, &unit, &DMatrix::from_element(2, 2, 1.0)).contains("positive definite"));
    let skew = DMatrix::from_row_slice(2, 2, &[1.0, 0.5, 0.4, 1.0]);
    assert!(refused(&unit, &unit, &skew).contains("symmetric"));
    let frame = Frame::new(&unit, &unit, root).expect("a frame");
    let error = ContinuousFlow::new(moving::<f64>(3, 0, 1)).framed(frame.clone());
    assert!(error.forward(&DMatrix::zeros(3, 1)).expect_err("two of three").is_shape());

    let (mut flow, _) = example();
    let before = flow.state();
    let mut arrays = flow.fixed();
    arrays[2].values[1] += 0.1;
    assert!(flow.set_fixed(&arrays).is_err());
    arrays.pop();
    assert!(flow.set_fixed(&arrays).expect_err("one is missing").is_shape());
    assert_eq!(flow.state(), before);
    flow.set_fixed(&[]).expect("no frame");
    assert!(flow.frame().is_none());
    flow.set_state(&before).expect("its own");
    assert_eq!(flow.state(), before);
}

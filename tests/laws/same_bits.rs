//! A sample's numbers are the same, bit for bit, alone, in a batch, in any place, on any number of threads.

use liouville::prelude::*;
use liouville::train::Adam;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::seq::SliceRandom;

use crate::catalogue::mlp;
use crate::support::matrix;

fn on_threads<A: Send>(threads: usize, work: impl FnOnce() -> A + Send) -> A {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a small pool");
    pool.install(work)
}

/// Latent points, log-densities and standard errors, one column per sample.
fn everything<T: Real>(trace: Trace, points: &DMatrix<T>, context: &DMatrix<T>) -> DMatrix<T> {
    let flow = ContinuousFlow::new(mlp::<T>(5, &[9, 6], Activation::Silu)).trace(trace);
    let model = StandardNormal::new(3).pushed_by(flow);
    let all = model.evaluate(points, Some(context)).expect("valid input");
    let ways = all.efforts.iter().map(|effort| T::of(effort.evaluations as f64));
    let mut out =
        all.latent.insert_row(3, T::zero()).insert_row(4, T::zero()).insert_row(5, T::zero());
    out.row_mut(3).tr_copy_from(&all.log_prob);
    if let Some(errors) = &all.standard_error {
        out.row_mut(4).tr_copy_from(errors);
    }
    ways.enumerate().for_each(|(j, way)| out[(5, j)] = way);
    out
}

fn check<T: Real>(trace: Trace) {
    let n = 1000;
    let (points, context) = (matrix::<T>(3, n, 2.0, 1), matrix::<T>(2, n, 1.0, 2));
    let batch = on_threads(1, || everything(trace, &points, &context));
    assert_eq!(batch, on_threads(2, || everything(trace, &points, &context)), "two threads");
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut rand::rngs::StdRng::seed_from_u64(3));
    let pick = |matrix: &DMatrix<T>| matrix.select_columns(&order);
    let shuffled = on_threads(2, || everything(trace, &pick(&points), &pick(&context)));
    assert_eq!(shuffled, pick(&batch), "shuffled");
    for j in [0, 17, 500, 999] {
        let one = |matrix: &DMatrix<T>| matrix.columns(j, 1).into_owned();
        assert_eq!(everything(trace, &one(&points), &one(&context)), one(&batch), "alone: {j}");
    }
}

#[test]
fn log_densities() {
    for trace in [Trace::Exact, Trace::hutchinson(3)] {
        check::<f32>(trace);
        check::<f64>(trace);
    }
}

/// Samples, on some threads, in one call or several.
fn draw<T: Real>(threads: usize, counts: &[usize]) -> DMatrix<T> {
    let flow = ContinuousFlow::new(mlp::<T>(5, &[9, 6], Activation::Tanh));
    let model = StandardNormal::new(3).pushed_by(flow);
    let family = model.given(matrix::<T>(2, 1, 1.0, 2));
    let mut rng = rand::rngs::StdRng::seed_from_u64(11);
    let parts = counts
        .iter()
        .map(|&count| on_threads(threads, || family.sample(count, &mut rng)).expect("valid"));
    let columns: Vec<T> = parts.flat_map(|part| part.iter().copied().collect::<Vec<_>>()).collect();
    DMatrix::from_vec(3, columns.len() / 3, columns)
}

#[test]
fn samples() {
    fn check<T: Real>() {
        let all = draw::<T>(1, &[1000]);
        assert_eq!(all, draw::<T>(2, &[1000]));
        assert_eq!(all, draw::<T>(2, &[1, 16, 983]), "in parts");
        assert_eq!(all.columns(0, 10), draw::<T>(1, &[10]), "a prefix");
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn training() {
    fn train<T: Real>(threads: usize) -> Vec<T> {
        on_threads(threads, || {
            let mut rng = rand::rngs::StdRng::seed_from_u64(4);
            let data = matrix::<T>(2, 700, 1.0, 9);
            let field = Mlp::new(2).hidden([12, 12]).build(&mut rng).expect("valid sizes");
            let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
            let likelihood = Trainer::maximum_likelihood().steps(5).batch(300).quiet();
            likelihood.fit(&mut model, &data, &mut rng).expect("trains");
            let adam = Trainer::maximum_likelihood().optimizer(Adam::default()).steps(5).quiet();
            adam.batch(300).fit(&mut model, &data, &mut rng).expect("trains");
            let matching = Trainer::flow_matching().pairing(Pairing::OptimalTransport);
            let matching = matching.steps(5).batch(200).average(0.9).quiet();
            matching.fit(&mut model, &data, &mut rng).expect("trains");
            model.flow().field().parameters().to_vec()
        })
    }
    for threads in [2, 5] {
        assert_eq!(train::<f32>(1), train::<f32>(threads));
        assert_eq!(train::<f64>(1), train::<f64>(threads));
    }
}

//! Exact traces beyond sixteen dimensions, whose tangents are walked through some at a time: the same
//! numbers and the same derivatives as by all tangents at once.

use liouville::columns::{Block, Scratch, columns_to_block};
use liouville::field::{At, Cotangents, Gated, Pulled, Traced, unit_tangents};
use liouville::flow::euler_step::Determinant;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Two slices, and a part of a third.
const DIM: usize = 37;
const COLUMNS: usize = 20;

fn numbers(count: usize, scale: f64, seed: u64) -> Vec<f64> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count).map(|_| rng.random_range(-scale..scale)).collect()
}

/// A block of random numbers; padding repeats nothing, and need not.
fn block(rows: usize, seed: u64) -> Block<f64> {
    let mut block = Block::new(rows, COLUMNS);
    let values = numbers(block.values().len(), 1.0, seed);
    block.values_mut().copy_from_slice(&values);
    block
}

fn plain() -> Mlp<f64> {
    let builder = Mlp::new(DIM).context(2).hidden([12, 9, 10]);
    let built: Mlp<f64> = builder.build(&mut StdRng::seed_from_u64(1)).expect("valid sizes");
    builder.with_parameters(numbers(built.parameters().len(), 0.5, 2)).expect("as many")
}

fn gated() -> Gated<f64> {
    let builder = Mlp::new(DIM).context(2).hidden([12, 9, 10]).gated();
    let built: Gated<f64> = builder.build(&mut StdRng::seed_from_u64(1)).expect("valid sizes");
    builder.with_parameters(numbers(built.parameters().len(), 0.5, 2)).expect("as many")
}

/// The trace from the product with every unit tangent alone.
fn trace_one_by_one<F: VectorField<f64>>(field: &F, at: At<'_, f64>) -> Vec<f64> {
    let (lanes, mut scratch) = (at.lanes(), Scratch::new());
    let [mut unit, mut product, mut velocity] = std::array::from_fn(|_| Block::new(DIM, lanes));
    let mut traces = vec![0.0; lanes];
    for k in 0..DIM {
        unit_tangents(k, unit.view_mut(), lanes);
        field.jvp(at, unit.view(), velocity.view_mut(), product.view_mut(), &mut scratch);
        traces.iter_mut().zip(product.row(k)).for_each(|(sum, term)| *sum += *term);
    }
    traces
}

fn check_trace<F: VectorField<f64>>(what: &str, field: &F, bound: f64) {
    let [t, x, context] = [block(1, 3), block(DIM, 4), block(field.context_dim(), 5)];
    let at = At { t: t.row(0), x: x.view(), context: context.view() };
    let [mut velocity, mut expected] = std::array::from_fn(|_| Block::new(DIM, COLUMNS));
    let mut traces = vec![0.0; at.lanes()];
    field.divergence(at, velocity.view_mut(), &mut traces, &mut Scratch::new());
    field.velocity(at, expected.view_mut(), &mut Scratch::new());
    assert_eq!(velocity.values(), expected.values(), "{what}: velocity");
    for (found, expected) in traces.iter().zip(trace_one_by_one(field, at)) {
        assert!((found - expected).abs() <= bound, "{what}: {found} against {expected}");
    }
}

#[test]
fn traces_are_those_of_every_tangent_alone() {
    let springs = field::time_dependent_dyn(DIM, |t, x, out| {
        for i in 0..DIM {
            out[i] = x[i].sin() * t + x[(i + 7) % DIM] * x[i];
        }
    });
    check_trace("closure", &springs, 0.0);
    // Sums of up to 37 terms of the size of one, in another order.
    check_trace("plain", &plain(), 1e-13);
    check_trace("gated", &gated(), 1e-13);
}

/// What comes back for given cotangents: to points, contexts and parameters, one after the other.
fn pull_back<F: TrainableField<f64>>(
    field: &F,
    at: At<'_, f64>,
    traced: Traced<'_, f64>,
    traces_bar: &Block<f64>,
) -> Vec<f64> {
    let (mut tape, mut scratch) = (F::Tape::default(), Scratch::new());
    let [mut velocity, velocity_bar] = [block(DIM, 6), block(DIM, 7)];
    let mut traces = Block::new(traces_bar.rows(), COLUMNS);
    field.record(at, traced, velocity.view_mut(), traces.view_mut(), &mut tape, &mut scratch);
    let [mut x, mut context] = [block(DIM, 8), block(at.context.rows(), 8)];
    let mut sums = vec![0.0; field.sums_len()];
    let pulled = Pulled { x: x.view_mut(), context: context.view_mut(), sums: &mut sums };
    let bars = Cotangents { velocity: velocity_bar.view(), traces: traces_bar.view() };
    field.pullback(at, traced, &tape, bars, pulled, &mut scratch);
    let mut gradient = vec![0.0; field.layout().len()];
    field.fold(&sums, &mut gradient).expect("lengths that fit");
    [x.values(), context.values(), &gradient].concat()
}

fn check_pullback<F: TrainableField<f64>>(what: &str, field: &F) {
    let [t, x, context] = [block(1, 3), block(DIM, 4), block(field.context_dim(), 5)];
    let at = At { t: t.row(0), x: x.view(), context: context.view() };
    let bar = block(1, 9);
    let found = pull_back(field, at, Traced::Exact, &bar);
    // The trace is the sum of u'Ju over all unit tangents u, which go through one tape here.
    let [mut units, mut bars] = [Block::new(DIM, DIM * at.lanes()), Block::new(DIM, COLUMNS)];
    unit_tangents(0, units.view_mut(), at.lanes());
    (0..DIM).for_each(|k| bars.row_mut(k).copy_from_slice(bar.row(0)));
    let expected = pull_back(field, at, Traced::Probes(units.view()), &bars);
    let size = expected.iter().fold(1.0f64, |size, value| size.max(value.abs()));
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-12 * size, "{what}: {found} against {expected}");
    }
}

#[test]
fn pullbacks_are_those_of_all_tangents_at_once() {
    check_pullback("plain", &plain());
    check_pullback("gated", &gated());
}

/// Residual layers take the determinants of few lanes at a time beyond 64 dimensions.
#[test]
fn determinants_in_high_dimension_are_those_of_the_jacobian() {
    let dim = 70;
    let builder = Mlp::new(dim).hidden([20]);
    let built: Mlp<f64> = builder.build(&mut StdRng::seed_from_u64(1)).expect("valid sizes");
    let network = builder.with_parameters(numbers(built.parameters().len(), 0.3, 2));
    let layer = EulerStep::new(network.expect("as many")).determinant(Determinant::Exact);
    let points = DMatrix::from_vec(dim, 40, numbers(dim * 40, 1.0, 3));
    let moved = layer.forward(&points).expect("valid input");
    for column in [0, 17, 39] {
        let point = points.columns(column, 1).into_owned();
        let mut jacobian = DMatrix::<f64>::identity(dim, dim);
        let mut x = Block::new(dim, 1);
        columns_to_block(point.as_slice(), dim, &mut x);
        let (t, context) = (Block::new(1, 1), Block::new(0, 1));
        let at = At { t: t.row(0), x: x.view(), context: context.view() };
        let mut units = Block::new(dim, dim * at.lanes());
        let [mut velocity, mut products] = [Block::new(dim, 1), Block::new(dim, dim * at.lanes())];
        unit_tangents(0, units.view_mut(), at.lanes());
        let field = layer.constrained();
        let mut scratch = Scratch::new();
        field.jvp(at, units.view(), velocity.view_mut(), products.view_mut(), &mut scratch);
        for (i, k) in (0..dim).flat_map(|i| (0..dim).map(move |k| (i, k))) {
            jacobian[(i, k)] += products.row(i)[k * at.lanes()];
        }
        let expected = jacobian.determinant().abs().ln();
        assert!((moved.log_det[column] - expected).abs() < 1e-11, "{column}");
        let alone = layer.forward(&point).expect("valid input");
        assert_eq!(alone.log_det[0], moved.log_det[column], "{column}");
        assert_eq!(alone.points, moved.points.columns(column, 1), "{column}");
    }
}

#[test]
fn scores_in_high_dimension_are_gradients() {
    let dim = 70;
    let builder = Mlp::new(dim).hidden([20]);
    let built: Mlp<f64> = builder.build(&mut StdRng::seed_from_u64(1)).expect("valid sizes");
    let network = builder.with_parameters(numbers(built.parameters().len(), 0.3, 2));
    let model = StandardNormal::new(dim).pushed_by(EulerStep::new(network.expect("as many")));
    let points = DMatrix::from_vec(dim, 20, numbers(dim * 20, 1.0, 3));
    let along = DMatrix::from_vec(dim, 20, numbers(dim * 20, 1.0, 4));
    let scored = model.score(&points, None).expect("valid input");
    let at = |s: f64| model.log_prob(&(&points + &along * s)).expect("valid input");
    let difference = |s: f64| at(s) - at(-s);
    let step = 1e-3;
    let expected = (difference(step) * 8.0 - difference(2.0 * step)) / (12.0 * step);
    for column in 0..20 {
        let found = scored.score.column(column).dot(&along.column(column));
        let expected = expected[column];
        assert!((found - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{found} {expected}");
    }
}

//! Laws of autoregressive flows and of flows with splines: inverse, log-determinant, gradients, same
//! bits, and a triangular Jacobian.

use liouville::flow::autoregressive::Order;
use liouville::flow::layers::{Iaf, Maf, SplineMaf};
use liouville::flow::transformer::{BaseAffine, ScaleShift, Transformer};
use liouville::flow::{Autoregressive, AutoregressiveBuilder, Moved};
use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::{FlowVisitor, autoregressive, autoregressive::visit_splines};
use crate::objective::Objective;
use crate::steps::gradients_agree;
use crate::support::{cases, derivative, matrix};

const BOTH: [Direction; 2] = [Direction::Forward, Direction::Inverse];

fn try_follow<T: Real, L: Flow<T>>(layer: &L, direction: Direction, x: &DMatrix<T>) -> Moved<T> {
    let context = matrix::<T>(layer.context_dim(), 1, 1.0, 77);
    let context = (layer.context_dim() > 0).then_some(&context);
    layer.follow(direction, x, context).expect("valid input")
}

fn follow<T: Real, L: Flow<T>>(
    name: &str,
    layer: &L,
    direction: Direction,
    x: &DMatrix<T>,
) -> Moved<T> {
    let moved = try_follow(layer, direction, x);
    assert!(moved.outcomes.iter().all(|outcome| outcome.arrived()), "{name}: {:?}", moved.outcomes);
    assert!(moved.efforts.iter().all(|effort| effort.evaluations == 1), "{name}");
    moved
}

/// There and back again, from both ends, relative to the larger of the two.
struct Inverse {
    seed: u64,
    scale: f64,
    bound: f64,
}

impl<T: Real> FlowVisitor<T> for Inverse {
    fn visit<L: TrainableFlow<T, Tape: 'static> + Clone + 'static>(
        &mut self,
        name: &str,
        layer: L,
    ) {
        let points = matrix::<T>(layer.dim(), 40, self.scale, self.seed);
        for direction in BOTH {
            let there = follow(name, &layer, direction, &points);
            let back = follow(name, &layer, direction.reversed(), &there.points);
            let size = points.amax().wide().max(there.points.amax().wide());
            let error = (&back.points - &points).amax().wide() / size;
            let cancel = (there.log_det + back.log_det).amax().wide();
            assert!(error < self.bound, "{name} {direction:?}: {error:e}");
            assert!(cancel < 10.0 * self.bound, "{name} {direction:?}: {cancel:e}");
        }
    }
}

/// The log-determinant against the Jacobian of the map by finite differences, whose `step` is short
/// where derivatives have kinks; and the Jacobian is triangular in the flow's order.
struct LogDet {
    seed: u64,
    step: f64,
    bound: f64,
}

/// The Jacobian at `point`.
fn jacobian<L: Flow<f64>>(
    name: &str,
    layer: &L,
    direction: Direction,
    point: &DMatrix<f64>,
    step: f64,
) -> DMatrix<f64> {
    let end = |j: usize, s: f64| {
        let mut moved = point.clone();
        moved[j] += s;
        follow(name, layer, direction, &moved).points
    };
    let dim = layer.dim();
    DMatrix::from_fn(dim, dim, |i, j| derivative(step, |s| end(j, s)[i]))
}

impl FlowVisitor<f64> for LogDet {
    fn visit<L: TrainableFlow<f64, Tape: 'static> + Clone + 'static>(
        &mut self,
        name: &str,
        layer: L,
    ) {
        let point = matrix::<f64>(layer.dim(), 1, 1.0, self.seed);
        for direction in BOTH {
            let jacobian = jacobian(name, &layer, direction, &point, self.step);
            let expected = jacobian.determinant().abs().ln();
            let log_det = follow(name, &layer, direction, &point).log_det[0];
            let error = (log_det - expected).abs();
            assert!(error < self.bound, "{name} {direction:?}: {log_det} {expected}");
        }
    }
}

/// The pullback in both directions against central differences.
struct Gradient {
    seed: u64,
}

impl FlowVisitor<f64> for Gradient {
    fn visit<L: TrainableFlow<f64, Tape: 'static> + Clone + 'static>(
        &mut self,
        name: &str,
        layer: L,
    ) {
        gradients_agree(name, &layer, self.seed);
    }
}

/// The pullback in both directions where there are kinks: between the differences to both sides.
struct GradientWithKinks {
    seed: u64,
}

const COLUMNS: usize = 5;
const STEP: f64 = 1e-7;

impl FlowVisitor<f64> for GradientWithKinks {
    fn visit<L: TrainableFlow<f64, Tape: 'static> + Clone + 'static>(
        &mut self,
        name: &str,
        layer: L,
    ) {
        let objective = Objective::new(layer.dim(), self.seed + 7);
        let points = matrix::<f64>(layer.dim(), COLUMNS, 2.0, self.seed);
        let context = matrix::<f64>(layer.context_dim(), COLUMNS, 1.0, self.seed + 3);
        let parameters = layer.parameters();
        for direction in BOTH {
            let (start, ours) = objective.run(&layer, direction, [&points, &context]);
            let along = |part: usize, i: usize, s: f64| {
                let (mut layer, mut values) = (layer.clone(), parameters.clone());
                let (mut points, mut context) = (points.clone(), context.clone());
                match part {
                    0 => values[i] += s,
                    1 => points[i] += s,
                    _ => context[i] += s,
                }
                layer.set_parameters(&values);
                objective.run(&layer, direction, [&points, &context]).0
            };
            let size = ours.iter().flatten().map(|g| g.abs()).fold(1.0, f64::max);
            for (part, ours) in ours.iter().enumerate() {
                for (i, ours) in ours.iter().enumerate() {
                    let [right, left] = [STEP, -STEP].map(|s| (along(part, i, s) - start) / s);
                    let slack = 1e-4 * size;
                    let inside =
                        left.min(right) - slack <= *ours && *ours <= left.max(right) + slack;
                    assert!(inside, "{name} {direction:?} {part} {i}: {ours}, {left} {right}");
                }
            }
        }
    }
}

/// A sample's bits alone and in a batch, and on one thread and several.
struct SameBits {
    seed: u64,
    place: usize,
}

impl<T: Real> FlowVisitor<T> for SameBits {
    fn visit<L: TrainableFlow<T, Tape: 'static> + Clone + 'static>(
        &mut self,
        name: &str,
        layer: L,
    ) {
        let points = matrix::<T>(layer.dim(), 300, 3.0, self.seed);
        for direction in BOTH {
            let batch = follow(name, &layer, direction, &points);
            let one = points.columns(self.place, 1).into_owned();
            let alone = follow(name, &layer, direction, &one);
            assert_eq!(alone.points.column(0), batch.points.column(self.place), "{name}");
            assert_eq!(alone.log_det[0], batch.log_det[self.place], "{name}");
        }
    }
}

/// Whatever the parameters, columns arrive, or say that they did not; nothing is NaN unsaid.
struct Extreme {
    seed: u64,
    scale: f64,
}

impl<T: Real> FlowVisitor<T> for Extreme {
    fn visit<L: TrainableFlow<T, Tape: 'static> + Clone + 'static>(
        &mut self,
        name: &str,
        layer: L,
    ) {
        let points = matrix::<T>(layer.dim(), 40, self.scale, self.seed);
        for direction in BOTH {
            let moved = try_follow(&layer, direction, &points);
            for (j, outcome) in moved.outcomes.iter().enumerate() {
                let finite = moved.points.column(j).iter().all(|x| x.is_finite());
                let all = finite && moved.log_det[j].is_finite();
                assert_eq!(outcome.arrived(), all, "{name} {direction:?}, column {j}");
            }
            if name.starts_with("spline") {
                let arrived = moved.outcomes.iter().all(|outcome| outcome.arrived());
                assert!(arrived, "{name} {direction:?}: {:?}", moved.outcomes);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(4)))]

    #[test]
    fn the_inverse_undoes_the_flow(seed in any::<u32>()) {
        let seed = u64::from(seed);
        for scale in [2.0, 1e6] {
            autoregressive::visit::<f64>(seed, &mut Inverse { seed, scale, bound: 1e-9 });
            visit_splines::<f64>(seed, &mut Inverse { seed, scale, bound: 1e-9 });
        }
        autoregressive::visit::<f32>(seed, &mut Inverse { seed, scale: 2.0, bound: 1e-2 });
        visit_splines::<f32>(seed, &mut Inverse { seed, scale: 2.0, bound: 1e-2 });
    }

    #[test]
    fn the_log_determinant_is_that_of_the_jacobian(seed in any::<u32>()) {
        let seed = u64::from(seed);
        autoregressive::visit(seed, &mut LogDet { seed, step: 1e-3, bound: 1e-6 });
        visit_splines(seed, &mut LogDet { seed, step: 1e-6, bound: 1e-3 });
    }

    #[test]
    fn gradients_are_those_of_differences(seed in any::<u32>()) {
        let seed = u64::from(seed);
        autoregressive::visit(seed, &mut Gradient { seed });
        visit_splines(seed, &mut GradientWithKinks { seed });
    }

    #[test]
    fn bits_do_not_depend_on_neighbours(seed in any::<u32>(), place in 0usize..300) {
        let seed = u64::from(seed);
        autoregressive::visit::<f64>(seed, &mut SameBits { seed, place });
        visit_splines::<f32>(seed, &mut SameBits { seed, place });
    }

    #[test]
    fn nothing_is_nan_unsaid(seed in any::<u32>()) {
        let seed = u64::from(seed);
        for scale in [1.0, 1e6] {
            autoregressive::visit_extreme::<f64>(seed, &mut Extreme { seed, scale });
            autoregressive::visit_extreme::<f32>(seed, &mut Extreme { seed, scale });
        }
    }

    /// Seen in the flow's order, no coordinate depends on one behind it, in either direction.
    #[test]
    fn the_jacobian_is_triangular(seed in any::<u32>()) {
        let mut rng = StdRng::seed_from_u64(u64::from(seed));
        for (order, context) in [(Order::Natural, 0), (Order::Random, 2), (Order::Given(vec![2, 0, 3, 1]), 1)] {
            let builder = Maf::<f32>::new(4).order(order).context(context).hidden([16, 12]);
            let mut flow: Maf<f64> = builder.build(&mut rng).expect("valid sizes");
            let count = flow.parameters().len();
            flow.set_parameters(matrix::<f64>(count, 1, 0.5, u64::from(seed)).as_slice());
            let point = matrix::<f64>(4, 1, 1.0, u64::from(seed) + 1);
            for direction in BOTH {
                let jacobian = jacobian("maf", &flow, direction, &point, 1e-3);
                for (place, &i) in flow.order().iter().enumerate() {
                    for &j in &flow.order()[place + 1..] {
                        prop_assert_eq!(jacobian[(i, j)], 0.0);
                    }
                }
            }
        }
    }
}

/// From data to base by a formula of each coordinate, for a network without hidden layers: `formula` gives
/// z and the log-derivative by r, t and x.
fn check_formula<R: Transformer<f64>>(
    builder: AutoregressiveBuilder<R>,
    formula: impl Fn(f64, f64, f64) -> [f64; 2],
) {
    let mut rng = StdRng::seed_from_u64(3);
    let mut flow: Autoregressive<f64, R> = builder.hidden([]).build(&mut rng).expect("valid sizes");
    let values: Vec<f64> = (0..flow.parameters().len()).map(|i| (i as f64 * 1.7).sin()).collect();
    flow.set_parameters(&values);
    let values = flow.parameters();
    let (weight, bias) = values.split_at(18);
    let x = [0.3, -0.8, 0.5];
    let moved = flow.inverse(&DMatrix::from_column_slice(3, 1, &x)).expect("valid input");
    let mut total = 0.0;
    for i in 0..3 {
        let output = |k: usize| {
            let row = 2 * i + k;
            bias[row] + (0..i).map(|j| weight[3 * row + j] * x[j]).sum::<f64>()
        };
        let [expected, log_derivative] = formula(output(0), output(1), x[i]);
        let ours = moved.points[i];
        assert!((ours - expected).abs() < 1e-14, "{ours} {expected}");
        total += log_derivative;
    }
    assert!((moved.log_det[0] - total).abs() < 1e-14);
}

/// z_i = (x_i - t_i) exp(-s_i) with s = bound tanh(r / bound).
#[test]
fn a_masked_autoregressive_flow_is_that_of_the_paper() {
    let transformer = ScaleShift::default();
    let bound = transformer.bound();
    check_formula(Maf::<f32>::new(3).transformer(transformer), |r, t, x| {
        let scale = bound * (r / bound).tanh();
        [(x - t) * (-scale).exp(), -scale]
    });
}

/// z_i = exp(s_i) x_i + t_i with s = r / (1 + |r| / bound).
#[test]
fn a_masked_autoregressive_flow_is_that_of_its_direction() {
    let bound = BaseAffine::default().bound();
    check_formula(Maf::<f32>::new(3), |r, t, x| {
        let scale = r / (1.0 + r.abs() / bound);
        [scale.exp() * x + t, scale]
    });
}

#[test]
fn untrained_flows_are_the_identity() {
    let mut rng = StdRng::seed_from_u64(1);
    let points = matrix::<f64>(3, 20, 6.0, 1);
    let maf: Maf<f64> = Maf::new(3).build(&mut rng).expect("valid sizes");
    let spline: SplineMaf<f64> = SplineMaf::new(3).build(&mut rng).expect("valid sizes");
    let iaf: Iaf<f64> = Inverted::new(maf.clone());
    for direction in BOTH {
        let all = [
            follow("maf", &maf, direction, &points),
            follow("spline maf", &spline, direction, &points),
            follow("iaf", &iaf, direction, &points),
        ];
        for moved in all {
            assert!((moved.points - &points).amax() < 1e-13 && moved.log_det.amax() < 1e-13);
        }
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut refused = |builder: liouville::flow::AutoregressiveBuilder<_>| {
        let built: liouville::Result<Maf<f64>> = builder.build(&mut rng);
        assert!(built.expect_err("out of range").is_setting());
    };
    refused(Maf::<f32>::new(0));
    refused(Maf::<f32>::new(3).hidden([8, 0]));
    refused(Maf::<f32>::new(3).hidden([8, 9]).residual());
    for order in [vec![], vec![0, 1], vec![0, 1, 1], vec![1, 2, 3]] {
        refused(Maf::<f32>::new(3).order(Order::Given(order)));
    }
}

/// A spline flow learns a density that is far from normal.
#[test]
fn a_spline_flow_is_fitted_by_the_trainer() {
    let mut rng = StdRng::seed_from_u64(5);
    // Two narrow ridges: x is ±1 with noise, and y follows |x|.
    let noise: DMatrix<f64> = StandardNormal::new(2).sample(3000, &mut rng).expect("samples");
    let data = DMatrix::from_fn(2, 3000, |i, j| {
        let side = if j % 2 == 0 { 1.0 } else { -1.0 };
        let x = side + 0.3 * noise[(0, j)];
        if i == 0 { x } else { x.abs() + 0.2 * noise[(1, j)] }
    });
    let start: SplineMaf<f64> =
        SplineMaf::new(2).hidden([16]).build(&mut rng).expect("valid sizes");
    let mut model = StandardNormal::new(2).pushed_by(start);
    let trainer = Trainer::maximum_likelihood().steps(400).batch(300).learning_rate(0.02);
    trainer.quiet().fit(&mut model, &data, &mut rng).expect("trains");
    let after = model.log_prob(&data).expect("arrives").mean();
    // The density that the points were drawn from: a mixture of two in x, a normal in y.
    let normal =
        |x: f64, s: f64| (-0.5 * (x / s).powi(2)).exp() / (s * (2.0 * std::f64::consts::PI).sqrt());
    let best = data.column_iter().map(|p| {
        let x = 0.5 * (normal(p[0] - 1.0, 0.3) + normal(p[0] + 1.0, 0.3));
        (x * normal(p[1] - p[0].abs(), 0.2)).ln()
    });
    let best = best.sum::<f64>() / 3000.0;
    assert!(after > best - 0.1, "{after} against {best}");
}

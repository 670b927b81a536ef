//! What is particular to autoregressive flows: a triangular Jacobian, the paper's map, where they start,
//! what they learn.

use liouville::flow::autoregressive::Order;
use liouville::flow::layers::{Iaf, Maf, SplineMaf};
use liouville::flow::transformer::{BaseAffine, ScaleShift, Transformer};
use liouville::flow::{Autoregressive, AutoregressiveBuilder, Moved};
use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::{BOTH, cases, derivative, matrix};

fn follow<T: Real, L: Flow<T>>(
    name: &str,
    layer: &L,
    direction: Direction,
    x: &DMatrix<T>,
) -> Moved<T> {
    let context = matrix::<T>(layer.context_dim(), 1, 1.0, 77);
    let context = (layer.context_dim() > 0).then_some(&context);
    let moved = layer.follow(direction, x, context).expect("valid input");
    assert!(moved.outcomes.iter().all(|outcome| outcome.arrived()), "{name}: {:?}", moved.outcomes);
    assert!(moved.efforts.iter().all(|effort| effort.evaluations == 1), "{name}");
    moved
}

/// The Jacobian at `point`.
fn jacobian(layer: &Maf<f64>, direction: Direction, point: &DMatrix<f64>) -> DMatrix<f64> {
    let end = |j: usize, s: f64| {
        let mut moved = point.clone();
        moved[j] += s;
        follow("maf", layer, direction, &moved).points
    };
    DMatrix::from_fn(4, 4, |i, j| derivative(1e-3, |s| end(j, s)[i]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(4)))]

    /// Seen in the flow's order, no coordinate depends on one behind it, in either direction.
    #[test]
    fn the_jacobian_is_triangular(seed in any::<u32>()) {
        let mut rng = StdRng::seed_from_u64(u64::from(seed));
        for (order, context) in [(Order::Natural, 0), (Order::Random, 2), (Order::Given(vec![2, 0, 3, 1]), 1)] {
            let builder = Maf::<f32>::new(4).order(order).context(context).hidden([16, 12]);
            let mut flow: Maf<f64> = builder.build(&mut rng).expect("valid sizes");
            let count = flow.parameters().len();
            flow.set_parameters(matrix::<f64>(count, 1, 0.5, u64::from(seed)).as_slice()).expect("parameters that fit");
            let point = matrix::<f64>(4, 1, 1.0, u64::from(seed) + 1);
            for direction in BOTH {
                let jacobian = jacobian(&flow, direction, &point);
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
    flow.set_parameters(&values).expect("parameters that fit");
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

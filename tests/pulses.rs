//! Fields that do something sudden between the nodes of a long step.

use std::f64::consts::TAU;

use liouville::ode::{Adaptive, External, Solver, external_dop853, external_dopri5};
use liouville::prelude::*;
use nalgebra::{DMatrix, RealField, dmatrix};

/// A bell of area one, or two of half that area that overlap: a narrow one with a broader one behind
/// it or before it.
#[derive(Clone, Copy, Debug)]
struct Bell {
    center: f64,
    width: f64,
    /// Where the broader half stands, in widths; zero if there is none.
    lean: f64,
}

impl Bell {
    fn even(center: f64, width: f64) -> Self {
        Self { center, width, lean: 0.0 }
    }

    fn at<D: RealField + Copy + From<f64>>(self, t: D) -> D {
        let normal = |center: f64, width: f64| {
            let s = (t - D::from(center)) / D::from(width);
            (-s * s / D::from(2.0)).exp() / D::from(TAU.sqrt() * width)
        };
        if self.lean == 0.0 {
            return normal(self.center, self.width);
        }
        let beside = normal(self.center + self.lean * self.width, 2.0 * self.width);
        (normal(self.center, self.width) + beside) * D::from(0.5)
    }

    /// Bells all over the span, wholly inside.
    fn everywhere(width: f64, count: usize) -> impl Iterator<Item = Self> {
        (0..count).flat_map(move |k| {
            let share = (k as f64 + 0.37) / count as f64;
            let center = 18.0 * width + (1.0 - 36.0 * width) * share;
            [0.0, 2.5, -2.5].map(|lean| Self { center, width, lean })
        })
    }
}

/// The largest error of the log-determinants, forward and backward, of x' = g(t) x and of the same bell
/// as a wall in space, x₀' = g(x₁) x₀, x₁' = 1.
fn worst<T: Real, S: Solver<T> + Copy>(bell: Bell, solver: S) -> f64 {
    let pulse = field::time_dependent::<1, _>(move |t, [x]| [x * bell.at(t)]);
    let wall = field::autonomous::<2, _>(move |[x, y]| [x * bell.at(y), y * 0.0 + 1.0]);
    let (pulse, wall) =
        (ContinuousFlow::new(pulse).solver(solver), ContinuousFlow::new(wall).solver(solver));
    let point =
        |values: &[f64]| DMatrix::from_iterator(values.len(), 1, values.iter().map(|x| T::of(*x)));
    let [one, start, end] = [point(&[1.0]), point(&[1.0, 0.0]), point(&[1.0, 1.0])];
    let there = [pulse.forward(&one), wall.forward(&start)];
    let back = [pulse.inverse(&one), wall.inverse(&end)];
    let error = |moved: liouville::Result<liouville::flow::Moved<T>>, known: f64| {
        (moved.expect("arrives").log_det[0].wide() - known).abs()
    };
    let errors = there.map(|moved| error(moved, 1.0)).into_iter();
    errors.chain(back.map(|moved| error(moved, -1.0))).fold(0.0, f64::max)
}

fn find<T: Real, S: Solver<T> + Copy>(name: &str, width: f64, tolerance: f64, solver: S) {
    for bell in Bell::everywhere(width, 40) {
        let error = worst::<T, S>(bell, solver);
        assert!(
            error <= 100.0 * tolerance,
            "{name} at {tolerance:e}: {bell:?} is off by {error:e}"
        );
    }
}

#[test]
fn pulses_and_walls_of_the_stated_width_are_found_wherever_they_stand() {
    let adaptive: [(&str, Adaptive); 4] = [
        ("automatic", automatic()),
        ("tsit5", tsit5()),
        ("dopri5", dopri5()),
        ("dopri8", dopri8()),
    ];
    for (name, solver) in adaptive {
        for (width, tolerance) in [(0.015, 1e-3), (0.01, 1e-5), (0.003, 1e-9)] {
            find::<f64, _>(name, width, tolerance, solver.tolerance(tolerance));
        }
        find::<f32, _>(name, 0.01, 1e-5, solver.tolerance(1e-5));
    }
    let external: [(&str, External); 2] =
        [("external dopri5", external_dopri5()), ("external dop853", external_dop853())];
    for (name, solver) in external {
        for (width, tolerance) in [(0.01, 1e-5), (0.003, 1e-9)] {
            find::<f64, _>(name, width, tolerance, solver.tolerance(tolerance));
        }
    }
}

#[test]
fn a_longest_step_finds_narrower_ones() {
    for width in [1e-3, 2e-4] {
        let bells = (1..20).map(|k| Bell::even(0.05 * f64::from(k), width));
        for bell in bells {
            let step = 12.0 * width;
            let native = worst::<f64, _>(bell, automatic().longest_step(step));
            let external = worst::<f64, _>(bell, external_dopri5().longest_step(step));
            assert!(native.max(external) <= 1e-3, "{native:e} and {external:e} at {}", bell.center);
        }
    }
    let bell = Bell::even(0.4321, 2e-4);
    let pulse = field::time_dependent::<1, _>(move |t, [x]| [x * bell.at(t)]);
    let flow = ContinuousFlow::new(pulse);
    let moved = flow.clone().longest_step(0.002).forward(&dmatrix![1.0f64]).expect("arrives");
    assert!((moved.log_det[0] - 1.0).abs() < 1e-3);
    for step in [0.0, -0.1, f64::NAN] {
        let error =
            flow.clone().longest_step(step).forward(&dmatrix![1.0f64]).expect_err("no step");
        assert!(error.is_setting() && error.to_string().contains("longest step"), "{error}");
    }
}

#[test]
fn no_accepted_step_is_longer_than_it_may_be() {
    let still = field::time_dependent::<1, _>(|t, [x]| [x * 0.1 + t * 0.0]);
    let points = dmatrix![0.3, -2.0, 0.0];
    for direction in [Direction::Forward, Direction::Inverse] {
        let longest = |flow: &ContinuousFlow<_>| {
            let ways = flow.steps(direction, &points, None).expect("valid");
            ways.iter()
                .flat_map(|way| way.steps.clone())
                .fold(0.0, |most: f64, step| most.max(step[1].abs()))
        };
        let flow = ContinuousFlow::new(still.clone()).span(0.3, 2.3);
        assert!(longest(&flow) <= 0.25 * (1.0 + 1e-9));
        for step in [0.01, 0.07, 0.3, 5.0] {
            let found = longest(&flow.clone().longest_step(step));
            assert!(found <= step.min(2.0) * (1.0 + 1e-9), "{found} for {step}");
        }
    }
}

/// x' = c (tanh k (t - a) - tanh k (t - b)) as a network of one hidden layer, plain or gated, and the
/// way that it goes from t = 0 to t = 1.
fn network_pulse(k: f64, [a, b]: [f64; 2], gated: bool) -> (Vec<f64>, f64) {
    let c = 0.5 / (b - a);
    let way = |a: f64| {
        // ln cosh without overflow.
        let ln_cosh = |x: f64| x.abs() + (-2.0 * x.abs()).exp().ln_1p() - 2f64.ln();
        (ln_cosh(k * (1.0 - a)) - ln_cosh(-k * a)) / k
    };
    let last = [c, -c];
    let values = if gated {
        // Weight and bias by x, shift and gate by t; a gate of weight zero is half open.
        let first = [[0.0; 2], [-2.0 * k * a, -2.0 * k * b], [k; 2], [0.0; 2], [0.0; 2]];
        let second = [last.map(|w| 2.0 * w).to_vec(), vec![0.0; 4]].concat();
        [first.concat(), second].concat()
    } else {
        [vec![0.0, k, 0.0, k, -k * a, -k * b], last.to_vec(), vec![0.0]].concat()
    };
    (values, c * (way(a) - way(b)))
}

#[test]
fn networks_get_no_longer_steps_than_their_weights_allow() {
    let builder = Mlp::new(1).hidden([2]);
    for k in [2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 100.0, 150.0] {
        for center in (0..37).map(|i| 0.05 + 0.9 * f64::from(i) / 36.0) {
            let ends = [center - 0.7 / k, center + 0.7 / k];
            let (values, way) = network_pulse(k, ends, false);
            let plain: Mlp<f64> = builder.with_parameters(values).expect("as many");
            let (values, _) = network_pulse(k, ends, true);
            let gated: field::Gated<f64> =
                builder.clone().gated().with_parameters(values).expect("as many");
            let still = dmatrix![0.0];
            for (name, moved) in [
                ("plain", ContinuousFlow::new(plain).forward(&still)),
                ("gated", ContinuousFlow::new(gated).forward(&still)),
            ] {
                let error = (moved.expect("arrives").points[0] - way).abs();
                assert!(error < 1e-3, "{name}, k = {k}, center {center}: off by {error:e}");
            }
        }
    }
}

#[test]
fn smooth_networks_take_steps_as_long_as_their_error_allows() {
    let mut rng = rand::SeedableRng::seed_from_u64(5);
    let rng: &mut rand::rngs::StdRng = &mut rng;
    let field: Mlp<f64> = Mlp::new(2).hidden([16, 16]).build(rng).expect("valid");
    let flow = ContinuousFlow::new(field).tolerance(1e-4);
    let ways = flow.steps(Direction::Forward, &dmatrix![0.3; 0.1], None).expect("valid");
    assert!(ways[0].steps.len() < 8, "{:?}", ways[0].steps);
}

#[test]
fn networks_do_not_step_over_bumps_at_loose_tolerances() {
    for (k, tolerance) in [(10.0, 1e-3), (10.0, 1e-4), (20.0, 1e-4), (20.0, 1e-3)] {
        let d = 1.0 / k;
        for a in (10..=90).map(|percent| f64::from(percent) / 100.0) {
            // x' = [tanh k(t - a + d) - tanh k(t - a - d)] / 4d, a bump of area one.
            let height = 1.0 / (4.0 * d);
            let weights = vec![0.0, k, 0.0, k, -k * (a - d), -k * (a + d), height, -height, 0.0];
            let field = Mlp::new(1).hidden([2]).with_parameters(weights).expect("as many");
            let flow = ContinuousFlow::new(field).tolerance(tolerance);
            let end = flow.forward(&dmatrix![0.5f64]).expect("valid").points[0] - 0.5;
            let ln_cosh = |x: f64| x.cosh().ln();
            let integral =
                |t: f64| height / k * (ln_cosh(k * (t - a + d)) - ln_cosh(k * (t - a - d)));
            let truth = integral(1.0) - integral(0.0);
            assert!(
                (end - truth).abs() < 200.0 * tolerance,
                "{k} {tolerance:e} {a}: {end} for {truth}"
            );
        }
    }
}

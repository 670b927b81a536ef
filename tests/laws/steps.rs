//! What is particular to layers that are one Euler step of a field: closed forms, and the very edge.

use liouville::field::{Planar, Radial};
use liouville::flow::{AnyFlow, Moved, StepInvertible};
use liouville::ode::{Tableau, fixed};
use liouville::prelude::*;
use liouville_testing::{Tolerances, gradient_law};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::{StepVisitor, planar, radial, visit_steps, visit_steps_at_the_edge};
use crate::support::{cases, contexts, matrix, velocity};

/// Moves columns that must all arrive.
pub fn follow<T: Real, L: Flow<T>>(
    name: &str,
    layer: &L,
    direction: Direction,
    x: &DMatrix<T>,
) -> Moved<T> {
    let context = contexts(layer.context_dim(), 1);
    let context = (layer.context_dim() > 0).then_some(&context);
    let moved = layer.follow(direction, x, context).expect("valid input");
    assert!(moved.outcomes.iter().all(|outcome| outcome.arrived()), "{name}: {:?}", moved.outcomes);
    assert!(moved.efforts.iter().all(|effort| effort.evaluations > 0), "{name}: no effort");
    moved
}

/// The layer is x + f(x), and one step of Euler's method.
struct OneStep {
    seed: u64,
}

const EULER: Tableau =
    Tableau { name: "Euler", order: 1, a: &[&[]], b: &[1.0], c: &[0.0], error: &[] };

impl<T: Real> StepVisitor<T> for OneStep {
    fn visit<F: StepInvertible<T> + 'static>(&mut self, name: &str, layer: EulerStep<F>) {
        let points = matrix::<T>(layer.field().dim(), 40, 2.0, self.seed);
        let ours = follow(name, &layer, Direction::Forward, &points).points;
        let (t, context) = (DMatrix::zeros(1, 40), contexts(layer.field().context_dim(), 40));
        let sum = &points + velocity(layer.constrained(), [&t, &points, &context]);
        assert_eq!(ours, sum, "{name}: x + f(x)");
        let euler = ContinuousFlow::new(layer.constrained().clone()).solver(fixed(&EULER, 1));
        let error = (follow(name, &euler, Direction::Forward, &points).points - &ours).amax();
        assert!(error.wide() <= 8.0 * T::EPSILON, "{name}: {error}");
    }
}

/// The pullback of a flow in both directions against central differences.
pub fn gradients_agree<L: TrainableFlow<f64, Tape: 'static> + Clone + 'static>(
    name: &str,
    layer: &L,
    seed: u64,
) {
    let layer = &AnyFlow::new(layer.clone());
    let points = matrix::<f64>(layer.dim(), 5, 1.0, seed);
    let context = contexts::<f64>(layer.context_dim(), 5);
    let context = (layer.context_dim() > 0).then_some(&context);
    if let Err(violation) = gradient_law(layer, &points, context, &Tolerances::of::<f64>()) {
        panic!("{name}: {violation}");
    }
}

/// Points far out, or a map that is nearly flat somewhere: the inverse stays within what rounding
/// allows, and nothing is NaN.
pub struct Extreme {
    pub seed: u64,
    pub scale: f64,
}

impl<T: Real> StepVisitor<T> for Extreme {
    fn visit<F: StepInvertible<T> + 'static>(&mut self, name: &str, layer: EulerStep<F>) {
        let dim = layer.field().dim();
        let points = matrix::<T>(dim, 40, self.scale, self.seed);
        // Rounding of the arguments, for inputs of this size and parameters of this size.
        let size = layer.constrained().parameters().iter().map(|p| p.wide().powi(2)).sum::<f64>();
        let rounding = 16.0 * T::EPSILON * (1.0 + self.scale) * (1.0 + size);
        let back = follow(name, &layer, Direction::Inverse, &points);
        let again = follow(name, &layer, Direction::Forward, &back.points);
        let residual = (&again.points - &points).amax().wide();
        assert!(residual <= rounding, "{name} {}: {residual:e} {rounding:e}", self.scale);
        // Where the determinant vanishes, y - y0 goes as (x - x0)³ at worst.
        let there = follow(name, &layer, Direction::Forward, &points);
        let back = follow(name, &layer, Direction::Inverse, &there.points);
        let error = (&back.points - &points).amax().wide();
        let bound = 8.0 * (1.0 + size) * rounding.cbrt();
        assert!(error <= bound, "{name} {}: {error:e} {bound:e}", self.scale);
        for moved in [&back, &again, &there] {
            let finite = |value: &T| value.is_finite();
            assert!(moved.points.iter().all(finite) && moved.log_det.iter().all(finite), "{name}");
        }
    }
}

/// Ordinary parameters and points far out: the inverse is exact to rounding, relative to the points.
struct FarOut {
    seed: u64,
}

impl<T: Real> StepVisitor<T> for FarOut {
    fn visit<F: StepInvertible<T> + 'static>(&mut self, name: &str, layer: EulerStep<F>) {
        let points = matrix::<T>(layer.field().dim(), 40, 1e6, self.seed);
        let there = follow(name, &layer, Direction::Forward, &points);
        let back = follow(name, &layer, Direction::Inverse, &there.points);
        let error = (&back.points - &points).amax().wide() / 1e6;
        // Residual layers may have a condition number of (1 + 0.9) / (1 - 0.9).
        assert!(error < 128.0 * T::EPSILON, "{name}: {error:e}");
    }
}

/// The planar layer as the paper writes it: z + û tanh(w'z + b), with û = u + (m(w'u) - w'u) w / w'w.
fn planar_by_the_paper(values: &[f64], z: &DVector<f64>) -> (DVector<f64>, f64) {
    let u = DVector::from_column_slice(&values[..3]);
    let w = DVector::from_column_slice(&values[3..6]);
    let along = w.dot(&u);
    let bounded = -1.0 + (1.0 + along.exp()).ln();
    let u = u + &w * ((bounded - along) / w.norm_squared());
    let h = (w.dot(z) + values[6]).tanh();
    (z + &u * h, (1.0 + u.dot(&w) * (1.0 - h * h)).abs().ln())
}

/// The radial layer as the paper writes it: z + β̂ h(α, r) (z - z₀).
fn radial_by_the_paper(values: &[f64], z: &DVector<f64>) -> (DVector<f64>, f64) {
    let away = z - DVector::from_column_slice(&values[..3]);
    let alpha = (1.0 + values[3].exp()).ln();
    let beta = -alpha + (1.0 + values[4].exp()).ln();
    let r = away.norm();
    let (h, slope) = (1.0 / (alpha + r), -1.0 / (alpha + r).powi(2));
    let across: f64 = 1.0 + beta * h;
    (z + away * (beta * h), 2.0 * across.ln() + (across + beta * slope * r).ln())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(8)))]

    #[test]
    fn a_layer_is_one_step_of_its_field(seed in any::<u32>()) {
        let seed = u64::from(seed);
        visit_steps::<f64>(seed, &mut OneStep { seed });
        visit_steps::<f32>(seed, &mut OneStep { seed });
    }

    #[test]
    fn layers_are_those_of_the_paper(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let points = matrix::<f64>(3, 10, 2.0, seed);
        let planar = EulerStep::new(planar::<f64>(seed));
        let radial = EulerStep::new(radial::<f64>(seed));
        let values = [TrainableFlow::parameters(&planar), TrainableFlow::parameters(&radial)];
        let ours = [planar.forward(&points), radial.forward(&points)];
        for (j, z) in points.column_iter().map(|z| z.into_owned()).enumerate() {
            let papers =
                [planar_by_the_paper(&values[0], &z), radial_by_the_paper(&values[1], &z)];
            for (ours, (point, log_det)) in ours.iter().zip(papers) {
                let ours = ours.as_ref().expect("valid input");
                let error = (ours.points.column(j) - point).amax();
                prop_assert!(error < 1e-12, "{error:e}");
                prop_assert!((ours.log_det[j] - log_det).abs() < 1e-9, "{log_det}");
            }
        }
    }

    #[test]
    fn extreme_layers_are_inverted_as_well_as_rounding_allows(seed in any::<u32>()) {
        let seed = u64::from(seed);
        for scale in [1.0, 1e3, 1e6] {
            visit_steps_at_the_edge::<f64>(seed, &mut Extreme { seed, scale });
            visit_steps_at_the_edge::<f32>(seed, &mut Extreme { seed, scale });
            visit_steps::<f64>(seed, &mut Extreme { seed, scale });
            visit_steps::<f32>(seed, &mut Extreme { seed, scale });
        }
        visit_steps::<f64>(seed, &mut FarOut { seed });
        visit_steps::<f32>(seed, &mut FarOut { seed });
    }
}

/// A planar and a radial layer fit what a layer of their own kind made of a normal density.
#[test]
fn layers_are_fitted_by_the_trainer() {
    fn fit<F: StepInvertible<f64> + 'static>(truth: F, start: F) {
        let mut rng = StdRng::seed_from_u64(5);
        let truth = StandardNormal::new(3).pushed_by(EulerStep::new(truth));
        let data: Samples<f64> = truth.sample(2000, &mut rng).expect("arrives");
        let mean = |values: DVector<f64>| values.mean();
        let best = mean(truth.log_prob(&data).expect("arrives"));
        let mut model = StandardNormal::new(3).pushed_by(EulerStep::new(start));
        let before = mean(model.log_prob(&data).expect("arrives"));
        let trainer = Trainer::maximum_likelihood().steps(800).batch(500).learning_rate(0.02);
        trainer.quiet().fit(&mut model, &data, &mut rng).expect("trains");
        let after = mean(model.log_prob(&data).expect("arrives"));
        assert!(best - before > 0.05, "nothing to learn: {before} {best}");
        // One layer has local optima; what is left of the gap is small all the same.
        assert!(best - after < 0.1 * (best - before), "{before} {after} {best}");
    }
    let small = |k: f64| DVector::from_fn(3, |i, _| k * (0.3 + 0.1 * i as f64));
    let [u, w] = [DVector::from_vec(vec![2.0, -1.0, 0.5]), DVector::from_vec(vec![1.5, 0.5, -1.0])];
    let flat = Planar::new(small(0.2), small(1.0), 0.1).expect("finite");
    fit(Planar::new(u.clone(), w, -0.3).expect("finite"), flat);
    let flat = Radial::new(small(0.1), 1.0, 0.5).expect("finite");
    fit(Radial::new(u * 0.5, 0.5, 3.0).expect("finite"), flat);
}

//! Times: no field is evaluated outside its span, and a scalar that cannot resolve a span is refused.

use std::sync::{Arc, Mutex};

use liouville::columns::{RowsMut, Scratch};
use liouville::field::{
    At, Cotangents, DiagonalAffine, Pulled, Traced, TrainableField, VectorField,
};
use liouville::flow::continuous::Gradient;
use liouville::ode::{
    DOPRI5, DOPRI8, Solver, TSIT5, external_dop853, external_dopri5, external_rk4, fixed,
};
use liouville::parameters::Parameters;
use liouville::prelude::*;
use liouville::train::{FlowMatching, MaximumLikelihood, MiniBatch, Objective, Pool};
use nalgebra::{DMatrix, DVector, dmatrix};

/// A diagonal field that notes the first and the last time at which it is evaluated.
#[derive(Clone)]
struct Watched<T> {
    field: DiagonalAffine<T>,
    seen: Arc<Mutex<[f64; 2]>>,
}

impl<T: Real> Watched<T> {
    fn new(dim: usize) -> Self {
        let rates = DVector::from_fn(dim, |i, _| T::of(0.3 - 0.1 * i as f64));
        let field = DiagonalAffine::new(rates, DVector::from_element(dim, T::of(0.2)));
        Self { field: field.expect("as many"), seen: Arc::new(Mutex::new(NEVER)) }
    }

    fn note(&self, times: &[T]) {
        let mut seen = self.seen.lock().expect("whole");
        for t in times {
            *seen = [seen[0].min(t.wide()), seen[1].max(t.wide())];
        }
    }

    /// Forgets what was seen, which must have been something, inside the span.
    fn judge(&self, what: &str, span: [f64; 2]) {
        let seen = std::mem::replace(&mut *self.seen.lock().expect("whole"), NEVER);
        let [low, high] = [span[0].min(span[1]), span[0].max(span[1])];
        assert!(seen[0] <= seen[1], "{what}: never evaluated");
        assert!(
            low <= seen[0] && seen[1] <= high,
            "{what} in {}: evaluated from {} to {}, outside of {span:?}",
            T::NAME,
            seen[0],
            seen[1]
        );
    }
}

const NEVER: [f64; 2] = [f64::INFINITY, f64::NEG_INFINITY];

impl<T: Real> VectorField<T> for Watched<T> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        self.note(at.t);
        self.field.velocity(at, velocity, scratch);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: liouville::columns::Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        self.note(at.t);
        self.field.jvp(at, tangents, velocity, products, scratch);
    }
}

impl<T: Real> TrainableField<T> for Watched<T> {
    type Tape = ();

    fn held(&self) -> &Parameters<T> {
        self.field.held()
    }

    fn set_parameters(&mut self, values: &[T]) -> liouville::Result<()> {
        self.field.set_parameters(values)
    }

    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        velocity: RowsMut<'_, T>,
        traces: RowsMut<'_, T>,
        tape: &mut (),
        scratch: &mut Scratch<T>,
    ) {
        self.note(at.t);
        self.field.record(at, traced, velocity, traces, tape, scratch);
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &(),
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        self.note(at.t);
        self.field.pullback(at, traced, tape, cotangents, pulled, scratch);
    }
}

/// Spans whose ends neither scalar holds exactly, both ways.
fn spans() -> impl Iterator<Item = [f64; 2]> {
    let ends =
        [[0.0, 1.0], [0.1, 0.7], [1.0 / 3.0, 2.0 / 3.0], [-0.9, 1.3], [2.3, 2.4], [-7.1, -0.2]];
    let more = (1..20).map(|k| [0.1 * f64::from(k), 0.1 * f64::from(k) + 0.77 / f64::from(k)]);
    ends.into_iter().chain(more).flat_map(|[a, b]| [[a, b], [b, a]])
}

fn points<T: Real>(dim: usize) -> DMatrix<T> {
    DMatrix::from_fn(dim, 3, |i, j| T::of(0.4 * i as f64 - 0.7 * j as f64))
}

fn follow<T: Real, S: Solver<T>>(name: &str, solver: S) {
    let field = Watched::<T>::new(2);
    let mut flow = ContinuousFlow::new(field.clone()).solver(solver);
    for span in spans() {
        flow = flow.span(span[0], span[1]);
        for direction in [Direction::Forward, Direction::Inverse] {
            flow.follow(direction, &points(2), None).expect("valid settings");
            field.judge(name, span);
        }
    }
}

fn follow_by_all<T: Real>() {
    follow::<T, _>("automatic", automatic());
    follow::<T, _>("tsit5", tsit5());
    follow::<T, _>("dopri8", dopri8().tolerance(1e-5));
    for steps in 1..=50 {
        follow::<T, _>(&format!("rk4({steps})"), rk4(steps));
        follow::<T, _>(&format!("external_rk4({steps})"), external_rk4(steps as u32));
    }
    for method in [&DOPRI5, &TSIT5, &DOPRI8] {
        for steps in [1, 3, 7, 10] {
            follow::<T, _>(&format!("{} in {steps}", method.name), fixed(method, steps));
        }
    }
    follow::<T, _>("external dopri5", external_dopri5());
    follow::<T, _>("external dop853", external_dop853());
}

#[test]
fn no_solver_evaluates_outside_the_span() {
    follow_by_all::<f32>();
    follow_by_all::<f64>();
}

fn everything_else<T: Real>() {
    for span in spans() {
        let field = Watched::<T>::new(6);
        let flow = ContinuousFlow::new(field.clone()).span(span[0], span[1]);
        let sketched = flow.clone().trace(Trace::hutch_plus_plus(4));
        sketched.follow(Direction::Inverse, &points(6), None).expect("valid settings");
        field.judge("Hutch++", span);
        let times = [0.0, 0.3, 0.55, 1.0].map(|share| span[0] + share * (span[1] - span[0]));
        flow.trajectory(&points(6), None, &[times[0], times[1], times[2], span[1]]).expect("valid");
        field.judge("a trajectory", span);
        let points = points::<T>(6);
        let contexts = DMatrix::zeros(0, points.ncols());
        let mut gradient = vec![T::zero(); field.parameters().len()];
        for way in [Gradient::Discrete, Gradient::Adjoint(automatic())] {
            let model = StandardNormal::new(6).pushed_by(flow.clone().gradient(way));
            let batch = MiniBatch { points: &points, contexts: &contexts, seed: 3, accuracy: None };
            let descent = MaximumLikelihood.gradient(&model, batch, &Pool::new(), &mut gradient);
            descent.expect("finite");
            field.judge("a gradient", span);
            let batch = MiniBatch { points: &points, contexts: &contexts, seed: 3, accuracy: None };
            let matched =
                FlowMatching::default().gradient(&model, batch, &Pool::new(), &mut gradient);
            matched.expect("finite");
            field.judge("flow matching", span);
        }
    }
}

#[test]
fn probes_trajectories_and_gradients_keep_to_the_span_too() {
    everything_else::<f32>();
    everything_else::<f64>();
}

#[test]
fn a_field_that_ends_with_its_span_is_followed_by_any_number_of_equal_steps() {
    let root = || field::time_dependent::<1, _>(|t, [x]| [x * t.sqrt()]);
    for steps in 1..=50u32 {
        let native = ContinuousFlow::new(root()).solver(rk4(steps as usize));
        let external = ContinuousFlow::new(root()).solver(external_rk4(steps));
        for moved in [native.inverse(&dmatrix![1.0]), external.inverse(&dmatrix![1.0])] {
            let log_det = moved.expect("inside the domain").log_det[0];
            // The error of the last step, where the root bends, goes with its length to the 3/2.
            let bound = 0.1 * f64::from(steps).powf(-1.5);
            assert!((log_det + 2.0 / 3.0f64).abs() < bound, "{steps} steps: {log_det}");
        }
    }
}

/// x' = 2 (t - a) x on (a, a + 1): one, or a refusal that says why.
fn one_or_refused<T: Real, S: Solver<T> + Copy>(name: &str, a: f64, solver: S) -> bool {
    let field = field::time_dependent::<1, _>(move |t, [x]| [x * (t - a) * 2.0]);
    let flow = ContinuousFlow::new(field).solver(solver).span(a, a + 1.0);
    let one = DMatrix::from_element(1, 1, T::one());
    let times = [a, a + 0.5, a + 1.0];
    let [there, back] = [flow.forward(&one), flow.inverse(&one)];
    let path = flow.trajectory(&one, None, &times);
    let (Ok(there), Ok(back), Ok(path)) = (there, back, path.clone()) else {
        let error = path.expect_err("refused as the flow is");
        let text = error.to_string();
        assert!(error.is_setting() && text.contains(T::NAME) && text.contains("zero"), "{text}");
        return false;
    };
    let errors = [
        there.log_det[0].wide() - 1.0,
        back.log_det[0].wide() + 1.0,
        (path[2][0].wide().ln() - 1.0),
        (path[1][0].wide().ln() - 0.25),
    ];
    let worst = errors.iter().fold(0.0, |worst: f64, error| worst.max(error.abs()));
    assert!(worst < 1e-3, "{name} in {} from {a:e}: off by {worst:e}", T::NAME);
    true
}

fn resolve<T: Real>(a: f64) -> bool {
    let found = [
        one_or_refused::<T, _>("automatic", a, automatic()),
        one_or_refused::<T, _>("tsit5", a, tsit5()),
        one_or_refused::<T, _>("dopri8", a, dopri8().tolerance(1e-5)),
        one_or_refused::<T, _>("rk4", a, rk4(20)),
        one_or_refused::<T, _>("fixed", a, fixed(&DOPRI5, 10)),
        one_or_refused::<T, _>("external dopri5", a, external_dopri5()),
        one_or_refused::<T, _>("external dop853", a, external_dop853()),
        one_or_refused::<T, _>("external rk4", a, external_rk4(20)),
    ];
    assert!(found.iter().all(|resolved| *resolved == found[0]), "{found:?}");
    found[0]
}

#[test]
fn a_scalar_that_cannot_resolve_the_span_is_refused() {
    for sign in [1.0, -1.0] {
        for a in [0.0, 1.0, 10.0, 100.0] {
            assert!(resolve::<f32>(sign * a), "refused in f32 from {a}");
        }
        for a in [1e3, 3e3, 1e4] {
            resolve::<f32>(sign * a);
        }
        for a in [1e5, 1e8, 1e20, 1e39] {
            assert!(!resolve::<f32>(sign * a), "followed in f32 from {a}");
        }
        for a in [0.0, 1e5, 1e8] {
            assert!(resolve::<f64>(sign * a), "refused in f64 from {a}");
        }
        for a in [1e15, 1e17, 1e300] {
            assert!(!resolve::<f64>(sign * a), "followed in f64 from {a}");
        }
    }
}

#[test]
fn legs_of_a_trajectory_may_be_short_and_flow_matching_wants_a_span_that_can_be_resolved() {
    let field = DiagonalAffine::new(DVector::from_element(1, 0.5f32), DVector::zeros(1));
    let flow = ContinuousFlow::new(field.expect("as many"));
    let times = [0.5, 0.5, 0.5 + 1e-9, 0.500001, 1.0];
    let path = flow.trajectory(&dmatrix![1.0f32], None, &times).expect("resolved");
    assert!((path[4][0] - 0.25f32.exp()).abs() < 1e-5, "{}", path[4][0]);
    let model = StandardNormal::new(1).pushed_by(flow.span(1e8, 1e8 + 1.0));
    let (points, contexts) = (dmatrix![1.0f32, 2.0], DMatrix::zeros(0, 2));
    let batch = MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: None };
    let error = FlowMatching::default().loss(&model, batch, &Pool::new()).expect_err("too coarse");
    assert!(error.is_setting() && error.to_string().contains("f32"), "{error}");
}

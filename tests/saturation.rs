//! Next to a bound: what arrives has one density, whichever way it is computed; the rest is reported.

use liouville::columns::Mask;
use liouville::data;
use liouville::flow::elementwise::{
    Bijector, Constrain, above, below, correlation, free, interval, ordered, positive, simplex,
    softplus,
};
use liouville::flow::layers::{AdditiveCoupling, AffineCoupling, Maf, RealNvpCoupling};
use liouville::flow::transformer::{Affine, Shift};
use liouville::flow::{AnyFlow, ClosedForm, InvertibleLinear};
use liouville::outcome::Reason;
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector, dmatrix};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Every bijector with a constructor.
fn bijectors<T: Real>() -> Vec<(&'static str, Box<dyn Bijector<T>>)> {
    vec![
        ("free", Box::new(free(2))),
        ("positive", Box::new(positive(2))),
        ("softplus", Box::new(softplus(2))),
        ("above 100", Box::new(above(100.0, 2).expect("finite"))),
        ("below -0.3", Box::new(below(-0.3, 2).expect("finite"))),
        ("between 0 and 1", Box::new(interval(0.0, 1.0, 2).expect("in order"))),
        ("between 0.1 and 0.3", Box::new(interval(0.1, 0.3, 1).expect("in order"))),
        ("between 1000 and 1001", Box::new(interval(1000.0, 1001.0, 1).expect("in order"))),
        ("ordered", Box::new(ordered(4))),
        ("simplex of 2", Box::new(simplex(2).expect("two"))),
        ("simplex of 5", Box::new(simplex(5).expect("five"))),
        ("correlation of 2", Box::new(correlation(2).expect("two"))),
        ("correlation of 4", Box::new(correlation(4).expect("four"))),
    ]
}

/// A part behind a pointer, as a part.
#[derive(Debug)]
struct Boxed<T: Real>(Box<dyn Bijector<T>>);

impl<T: Real> Bijector<T> for Boxed<T> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn check(&self) -> liouville::Result<()> {
        self.0.check()
    }

    fn forward(&self, x: &mut [T]) -> f64 {
        self.0.forward(x)
    }

    fn inverse(&self, y: &mut [T]) -> Result<f64, liouville::flow::elementwise::Outside> {
        self.0.inverse(y)
    }

    fn pull(&self, x: &[T], cotangent: &mut [T], log_det: f64) {
        self.0.pull(x, cotangent, log_det);
    }

    fn solve_transposed(&self, x: &[T], cotangent: &mut [T]) {
        self.0.solve_transposed(x, cotangent);
    }

    fn boxed(&self) -> Box<dyn Bijector<T>> {
        self.0.boxed()
    }
}

/// A normal base stretched by `scale`, then a constraint.
fn stretched<T: Real>(
    scale: f64,
    part: Box<dyn Bijector<T>>,
) -> Pushforward<StandardNormal, Chain<T>> {
    let dim = part.dim();
    let rates = DVector::from_element(dim, T::of(scale.ln()));
    let field = field::DiagonalAffine::new(rates, DVector::zeros(dim)).expect("finite");
    let chain = Chain::new().then(ClosedForm::new(field)).then(Constrain::new().then(Boxed(part)));
    StandardNormal::new(dim).pushed_by(chain)
}

/// Draws, and compares the density of what arrives on both ways; the share that arrives.
fn one_density<T: Real>(
    name: &str,
    scale: f64,
    model: &Pushforward<StandardNormal, Chain<T>>,
) -> f64 {
    let count = 2000;
    let start: DMatrix<T> =
        model.base().sample(count, &mut StdRng::seed_from_u64(3)).expect("drawn");
    let there = model.flow().follow(Direction::Forward, &start, None).expect("valid");
    let base = model.base().log_prob(&start).expect("finite");
    let here = model.evaluate(&there.points, None).expect("valid");
    let mut arrived = 0;
    for (j, outcome) in there.outcomes.iter().enumerate() {
        match outcome.failure().map(|failure| failure.reason) {
            None => {
                arrived += 1;
                assert!(here.outcomes[j].arrived(), "{name} x {scale}: {}", here.outcomes[j]);
                let pair = [here.log_prob[j].wide(), (base[j] - there.log_det[j]).wide()];
                let point = there.points.column(j);
                assert!(
                    (pair[0] - pair[1]).abs() <= 0.01,
                    "{name} x {scale} in {}: {pair:?} at {point}",
                    T::NAME
                );
            }
            Some(Reason::Saturated { .. } | Reason::Overflow) => {}
            Some(other) => panic!("{name} x {scale}: {other:?}"),
        }
    }
    f64::from(arrived) / count as f64
}

fn all_bijectors_have_one_density_in<T: Real>() {
    for scale in [0.1, 1.0, 3.0, 20.0, 100.0, 1000.0] {
        for (name, part) in bijectors::<T>() {
            let share = one_density(name, scale, &stretched(scale, part));
            // Unstretched, nothing comes near to the end of an f64, and little to that of an f32.
            let least = match scale <= 1.0 {
                true if T::EPSILON < 1e-10 => 1.0,
                true => 0.98,
                false => 0.0,
            };
            assert!(share >= least, "{name} x {scale} in {}: {share} arrive", T::NAME);
        }
    }
}

#[test]
fn what_arrives_has_one_density() {
    all_bijectors_have_one_density_in::<f64>();
    all_bijectors_have_one_density_in::<f32>();
}

/// The flow with a gentle network whose last biases, which log-scales and shifts begin from, are up to `size`.
fn shifted<T: Real, L>(flow: liouville::Result<L>, size: f64) -> AnyFlow<T>
where
    L: TrainableFlow<T, Tape: 'static> + Clone + 'static,
{
    let (mut flow, mut rng) = (flow.expect("valid sizes"), StdRng::seed_from_u64(7));
    let mut values: Vec<T> = flow.parameters();
    values.fill_with(|| T::of(rng.random_range(-0.5..0.5)));
    let last = flow.layout().entries().last().expect("a network").range.clone();
    values[last].fill_with(|| T::of(rng.random_range(0.5..1.0) * size));
    flow.set_parameters(&values).expect("parameters that fit");
    AnyFlow::new(flow)
}

/// Every kind of affine map of coordinates, in two dimensions, with shifts of this size.
fn affine_maps<T: Real>(size: f64) -> Vec<(&'static str, AnyFlow<T>)> {
    let mut rng = StdRng::seed_from_u64(5);
    let mask = Mask::new(&[false, true]).expect("splits");
    let affine = AffineCoupling::<f32>::new(mask.clone()).hidden([5]).build::<T, _>(&mut rng);
    let scaling = RealNvpCoupling::<f32>::new(mask.clone()).hidden([5]).build::<T, _>(&mut rng);
    let adding = AdditiveCoupling::<f32>::new(mask).hidden([5]).build::<T, _>(&mut rng);
    let maf = || Maf::<f32>::new(2).hidden([5]);
    let [base, time_one, shift] = [
        shifted(maf().build::<T, _>(&mut rng), size),
        shifted(maf().transformer(Affine::default()).build::<T, _>(&mut rng), size),
        shifted(maf().transformer(Shift).build::<T, _>(&mut rng), size),
    ];
    let offset = DVector::from_vec(vec![T::of(0.3), T::of(size)]);
    let rates = DVector::from_vec(vec![T::of(0.4), T::of(-0.7)]);
    let diagonal = field::DiagonalAffine::new(rates, offset.clone()).map(ClosedForm::new);
    let a = dmatrix![0.3, -0.4; 0.5, -0.2].map(T::of);
    let linear = field::Linear::new(a).and_then(|field| field.with_offset(&offset));
    // The second coordinate is a sliver of the first.
    let mut sheared = InvertibleLinear::new(&DMatrix::identity(2, 2)).expect("invertible");
    sheared.set_parameters(&[size, 0.0, 0.0, 0.0].map(T::of)).expect("as many");
    vec![
        ("affine coupling", shifted(affine, size)),
        ("affine coupling of RealNVP", shifted(scaling, size)),
        ("additive coupling", shifted(adding, size)),
        ("autoregressive", base),
        ("autoregressive, time one", time_one),
        ("autoregressive, shift", shift),
        ("diagonal", AnyFlow::new(diagonal.expect("finite"))),
        ("linear", AnyFlow::new(linear.map(ClosedForm::new).expect("finite"))),
        ("matrix", AnyFlow::new(sheared)),
    ]
}

fn shifts_have_one_density_in<T: Real>() {
    for size in [0.5, 30.0, 1e3, 1e5, 1e9, 1e12, 1e14, 1e18] {
        for (name, flow) in affine_maps::<T>(size) {
            let model = StandardNormal::new(2).pushed_by(Chain::new().then(flow));
            let share = one_density(name, size, &model);
            // Steps of rounding beside the shift, of up to e^3 in parts of the point where the map is steepest.
            let step = 20.0 * size * T::EPSILON;
            let what = format!("{name} by {size:e} in {}: {share} arrive", T::NAME);
            assert!(step > 1e-3 || share == 1.0, "{what}");
            assert!(size * T::EPSILON < 10.0 || share < 0.5, "{what}");
        }
    }
}

#[test]
fn points_that_a_shift_swamps_are_reported() {
    shifts_have_one_density_in::<f32>();
    shifts_have_one_density_in::<f64>();
}

#[test]
fn large_points_are_not_lost_by_being_large() {
    // A data set in millimetres: what is rounded is known no better.
    for size in [1e6, 1e12, 1e30] {
        for (name, flow) in affine_maps::<f32>(0.5) {
            let mut rng = StdRng::seed_from_u64(3);
            let points = DMatrix::from_fn(2, 200, |_, _| size as f32 * rng.random_range(-1.0..1.0));
            let there = flow.follow(Direction::Forward, &points, None).expect("valid");
            assert!(there.outcomes.iter().all(|outcome| outcome.arrived()), "{name} at {size:e}");
        }
    }
}

#[test]
fn samples_near_one_are_told_apart_or_reported() {
    let part = || interval(0.0, 1.0, 1).expect("in order");
    let model = stretched::<f32>(20.0, Box::new(part()));
    let drawn = model.sample(20_000, &mut StdRng::seed_from_u64(1)).expect("most arrive");
    let (_, points) = drawn.arrived();
    assert!(points.iter().all(|x| *x > 0.0 && *x < 1.0));
    assert!(drawn.failed().all(|(_, outcome)| {
        let reason = outcome.failure().map(|failure| failure.reason);
        reason == Some(Reason::Saturated { coordinate: 0 })
    }));
    // Half a step below one, 3e-8, is 2e-3 of e^-x from x = 11.3 on: P(20 z > 11.3) = 0.286. Deviations
    // of 20,000 are 0.003.
    let share = drawn.failed().count() as f64 / 20_000.0;
    assert!((share - 0.286).abs() < 0.02, "{share}");
    let wide = stretched::<f64>(20.0, Box::new(part()));
    let drawn = wide.sample(20_000, &mut StdRng::seed_from_u64(1)).expect("most arrive");
    // In f64 from x = 30.5 on: P(20 z > 30.5) = 0.064.
    let share = drawn.failed().count() as f64 / 20_000.0;
    assert!((share - 0.064).abs() < 0.01, "{share}");
}

/// A flow onto one coordinate's support refuses the scalar, and says so.
fn refused<T: Real>(part: impl Bijector<T> + 'static, word: &str) {
    let flow = Constrain::<T>::new().then(free(1)).then(part);
    let error = flow.forward(&DMatrix::zeros(2, 1)).expect_err("not resolved");
    let text = error.to_string();
    assert!(error.is_setting() && text.contains(word), "{text}");
    assert!(text.contains("coordinates 1..2") && text.contains(T::NAME), "{text}");
    let model = StandardNormal::new(2).pushed_by(flow);
    assert!(model.sample(3, &mut StdRng::seed_from_u64(1)).is_err());
    assert!(model.log_prob(&DMatrix::zeros(2, 1)).is_err());
}

#[test]
fn supports_that_the_scalar_cannot_resolve_are_refused() {
    let between = |low: f64, high: f64| interval(low, high, 1).expect("in order");
    refused::<f32>(between(1e8, 1e8 + 1.0), "8.0e0 apart");
    refused::<f32>(between(-1e8 - 100.0, -1e8), "apart");
    refused::<f32>(between(0.0, 1e39), "reach");
    refused::<f32>(above(1e10, 1).expect("finite"), "distances of one");
    refused::<f32>(below(-1e10, 1).expect("finite"), "distances of one");
    refused::<f64>(between(1e15, 1e15 + 10.0), "apart");
    refused::<f64>(above(1e16, 1).expect("finite"), "distances of one");
    let fine = |flow: Constrain<f64>| flow.forward(&dmatrix![0.3]).expect("resolved");
    fine(Constrain::new().then(between(1e8, 1e8 + 1.0)));
    fine(Constrain::new().then(above(1e10, 1).expect("finite")));
    let fine = |flow: Constrain<f32>| flow.forward(&dmatrix![0.3]).expect("resolved");
    fine(Constrain::new().then(between(0.0, 1e-40)));
    fine(Constrain::new().then(above(-1e4, 1).expect("finite")));
    fine(Constrain::new().then(between(1e8, 1e8 + 1e5)));
}

#[test]
fn toys_draw_within_their_support() {
    let board = data::checkerboard().shifted([1000.0, -1000.0]);
    let drawn: DMatrix<f32> = board.sample(200_000, &mut StdRng::seed_from_u64(1)).expect("drawn");
    let log_prob = board.log_prob(&drawn).expect("finite");
    assert!(log_prob.iter().all(|value| value.is_finite()));
    let far = data::checkerboard().shifted([1e12, 0.0]);
    let error = Sample::<f32>::sample(&far, 9, &mut StdRng::seed_from_u64(1)).expect_err("too far");
    assert!(error.is_setting() && error.to_string().contains("f32"), "{error}");
}

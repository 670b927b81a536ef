//! Angles: the base on the circle, what fits to what, and densities that integrate to one there.

use std::f64::consts::{PI, TAU};

use liouville::columns::Mask;
use liouville::density::Product;
use liouville::diagnose::Uniformity;
use liouville::flow::elementwise::{Constrain, free, interval, positive};
use liouville::flow::layers::{AffineCoupling, SplineCoupling, SplineMaf};
use liouville::flow::transformer::Spline;
use liouville::flow::{Permutation, Space};
use liouville::prelude::*;
use liouville_testing::{
    Cause, Tolerances, batch_law, density_law, gradient_law, inverse_law, log_det_law,
};
use nalgebra::{DMatrix, dmatrix};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn splines() -> Spline {
    Spline::circular(6).expect("valid")
}

/// Angles by one another, far from the identity.
fn torus<T: Real>(dim: usize, seed: u64) -> SplineMaf<T> {
    let builder = SplineMaf::<f32>::new(dim).hidden([8]).activation(Activation::Tanh);
    builder.transformer(splines()).last_scale(3.0).build(&mut rng(seed)).expect("valid")
}

/// An angle and a number, each moved as the other says.
fn cylinder<T: Real>(seed: u64) -> Chain<T> {
    let mut rng = rng(seed);
    let turn = SplineCoupling::<f32>::new(Mask::new(&[true, false]).expect("splits"))
        .hidden([8])
        .activation(Activation::Tanh)
        .transformer(splines())
        .last_scale(3.0);
    let turn: SplineCoupling<T> = turn.build(&mut rng).expect("valid");
    let shift = AffineCoupling::<f32>::new(Mask::new(&[false, true]).expect("splits"))
        .hidden([8])
        .activation(Activation::Tanh)
        .last_scale(0.5);
    let shift: AffineCoupling<T> = shift.build(&mut rng).expect("valid");
    Chain::new().then(turn).then(shift)
}

fn on_cylinder<T: Real>(
    seed: u64,
) -> Pushforward<Product<UniformCircle, StandardNormal>, Chain<T>> {
    UniformCircle::new(1).beside(StandardNormal::new(1)).pushed_by(cylinder(seed))
}

/// The mass on the circle: in a periodic sum the error is that of the kinks, of second order.
fn mass_on_circle(model: &impl Density<f64>) -> f64 {
    let count = 200_000;
    let points = DMatrix::from_fn(1, count, |_, k| -PI + TAU * (k as f64 + 0.5) / count as f64);
    model.log_prob(&points).expect("angles").map(f64::exp).mean() * TAU
}

#[test]
fn densities_of_angles_integrate_to_one() {
    for seed in 0..5 {
        let mass = mass_on_circle(&UniformCircle::new(1).pushed_by(torus(1, seed)));
        assert!((mass - 1.0).abs() < 1e-6, "seed {seed}: {mass}");
    }
    // Two hundred thousand roundings.
    assert!((mass_on_circle(&UniformCircle::new(1)) - 1.0).abs() < 1e-10);
}

#[test]
fn densities_beside_other_coordinates_integrate_to_one() {
    for seed in 0..3 {
        let model = on_cylinder::<f64>(seed);
        // Many angles, for the kinks of steep splines; along the line the sum of a smooth density converges
        // at once.
        let (around, along, reach) = (6000, 400, 20.0);
        let points = DMatrix::from_fn(2, around * along, |i, k| match i {
            0 => -PI + TAU * ((k % around) as f64 + 0.5) / around as f64,
            _ => -reach + 2.0 * reach * ((k / around) as f64 + 0.5) / along as f64,
        });
        let cell = TAU * 2.0 * reach / (around * along) as f64;
        let mass = model.log_prob(&points).expect("finite").map(f64::exp).sum() * cell;
        assert!((mass - 1.0).abs() < 1e-4, "seed {seed}: {mass}");
    }
}

fn samples_follow_the_density_in<T: Real>(seed: u64) {
    let model = UniformCircle::new(1).pushed_by(torus::<T>(1, seed));
    let drawn = model.sample(20_000, &mut rng(seed)).expect("drawn").all_arrived().expect("all");
    let end = T::of(PI);
    assert!(drawn.iter().all(|angle| *angle >= -end && *angle < end));
    // The distribution function at the samples, by the rule of the middle.
    let count = 100_000;
    let at = |k: usize| -PI + TAU * (k as f64 + 0.5) / count as f64;
    let points = DMatrix::from_fn(1, count, |_, k| T::of(at(k)));
    let density = model.log_prob(&points).expect("angles").map(|value| value.wide().exp());
    let mut sum = 0.0;
    let cumulative: Vec<f64> = density
        .iter()
        .map(|value| {
            sum += value * TAU / count as f64;
            sum
        })
        .collect();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    let place = |angle: f64| ((angle + PI) / TAU * count as f64) as usize;
    let uniform: Vec<f64> =
        drawn.iter().map(|a| (cumulative[place(a.wide()).min(count - 1)]).min(1.0)).collect();
    let test = Uniformity::of(&uniform);
    assert!(test.p_value > 1e-6, "{}: {}", test.statistic, test.p_value);
}

#[test]
fn samples_follow_the_density() {
    samples_follow_the_density_in::<f64>(1);
    samples_follow_the_density_in::<f32>(2);
}

#[test]
fn the_base_of_angles_is_uniform_and_complete() {
    let base = UniformCircle::new(3);
    let drawn: DMatrix<f32> = base.sample(50_000, &mut rng(5)).expect("drawn");
    for row in drawn.row_iter() {
        let shares: Vec<f64> = row.iter().map(|a| (f64::from(*a) + PI) / TAU).collect();
        assert!(shares.iter().all(|share| (-1e-7..1.0).contains(share)));
        let shares: Vec<f64> = shares.iter().map(|share| share.max(0.0)).collect();
        assert!(Uniformity::of(&shares).p_value > 1e-6);
    }
    let few: DMatrix<f32> = base.sample(10, &mut rng(5)).expect("drawn");
    assert_eq!(few, drawn.columns(0, 10).into_owned());
    let log_prob = base.log_prob(&dmatrix![0.1f64; 7.0; -3.0]).expect("angles");
    assert!((log_prob[0] + 3.0 * TAU.ln()).abs() < 1e-14);
    assert!(base.log_prob(&dmatrix![0.1; f64::NAN; 0.0]).expect_err("NaN").is_non_finite());
    assert!(UniformCircle::new(0).log_prob(&DMatrix::<f64>::zeros(0, 1)).is_err());
    let product = UniformCircle::new(1).beside(StandardNormal::new(2));
    let drawn: DMatrix<f64> = product.sample(100, &mut rng(5)).expect("drawn");
    let few: DMatrix<f64> = product.sample(7, &mut rng(5)).expect("drawn");
    assert_eq!(few, drawn.columns(0, 7).into_owned());
    let expected = |x: f64, y: f64| -TAU.ln() - 0.5 * (x * x + y * y) - TAU.ln();
    for column in few.column_iter() {
        let point = DMatrix::from_column_slice(3, 1, column.into_owned().as_slice());
        let found = product.log_prob(&point).expect("finite")[0];
        assert!((found - expected(column[1], column[2])).abs() < 1e-14);
    }
}

/// The error that names a coordinate.
fn refused<B: Base<f64>, F: Flow<f64>>(model: &Pushforward<B, F>, coordinate: usize) -> String {
    let points = DMatrix::from_element(model.dim(), 3, 0.5);
    let error = model.log_prob(&points).expect_err("base and flow do not fit");
    assert!(error.is_setting(), "{error}");
    let text = error.to_string();
    assert!(text.contains(&format!("coordinate {coordinate} ")), "{text}");
    assert!(model.sample(3, &mut rng(1)).is_err_and(|other| other.to_string() == text));
    text
}

#[test]
fn what_does_not_fit_is_refused() {
    let text = refused(&StandardNormal::new(2).pushed_by(torus::<f64>(2, 1)), 0);
    assert!(text.contains("UniformCircle"), "{text}");
    let score =
        StandardNormal::new(2).pushed_by(torus::<f64>(2, 1)).score(&DMatrix::zeros(2, 1), None);
    assert!(score.is_err_and(|error: liouville::Error| error.is_setting()));

    // The angle is the second coordinate of the base, but the flow turns the first.
    let base = StandardNormal::new(1).beside(UniformCircle::new(1));
    let text = refused(&base.pushed_by(cylinder::<f64>(1)), 0);
    assert!(text.contains("link 0 of the chain"), "{text}");
    let turned = Chain::<f64>::new().then(Permutation::reverse(2)).then(cylinder::<f64>(1));
    assert!(base.pushed_by(turned).log_prob(&DMatrix::zeros(2, 1)).is_ok());
    // A link of the line behind one of the circle.
    let bent = cylinder::<f64>(1).then(Constrain::new().then(positive(1)).then(free(1)));
    let text = refused(&UniformCircle::new(1).beside(StandardNormal::new(1)).pushed_by(bent), 0);
    assert!(text.contains("link 2 of the chain"), "{text}");
    let kept = cylinder::<f64>(1).then(Constrain::new().then(free(1)).then(positive(1)));
    let kept = UniformCircle::new(1).beside(StandardNormal::new(1)).pushed_by(kept);
    let above_zero = Space::between(0.0, f64::INFINITY);
    assert_eq!(kept.spaces().expect("fits"), [Space::Circle, above_zero]);
    assert!(kept.log_prob(&dmatrix![0.3f64; 0.5]).expect("fits")[0].is_finite());

    // A normal number where positive ones are taken, and where it was made one before.
    let back = || Inverted::new(Constrain::<f64>::new().then(positive(1)));
    let text = refused(&StandardNormal::new(1).pushed_by(back()), 0);
    assert!(text.contains("between 0 and inf"), "{text}");
    let unit = Constrain::new().then(interval(0.0, 1.0, 1).expect("in order"));
    let model = StandardNormal::new(1).pushed_by(Chain::<f64>::new().then(unit).then(back()));
    let count = 100_000;
    // ln of a number in (0, 1): below zero, and 1e-8 of the mass is below -17.
    let points = DMatrix::from_fn(1, count, |_, k| -20.0 * (k as f64 + 0.5) / count as f64);
    let mass = model.log_prob(&points).expect("fits").map(f64::exp).sum() * 20.0 / count as f64;
    assert!((mass - 1.0).abs() < 1e-6, "{mass}");

    let stack = Stack::spline_coupling(2).spline(splines());
    let error = stack.build::<f64, _>(&mut rng(1)).expect_err("linear layers");
    assert!(error.is_setting() && error.to_string().contains("angles"), "{error}");
    let mut trained = StandardNormal::new(2).pushed_by(torus::<f64>(2, 1));
    assert!(trained.initialise(&DMatrix::zeros(2, 5), None).is_err());
    let law = density_law(&torus::<f64>(1, 1), None, 1, &Tolerances::of::<f64>());
    assert!(matches!(law.expect_err("a normal base").cause(), Cause::Refused(_)));
}

#[test]
fn angles_that_differ_by_turns_are_one() {
    for seed in 0..3 {
        let model = UniformCircle::new(3).pushed_by(torus::<f64>(3, seed));
        let angles: DMatrix<f64> = UniformCircle::new(3).sample(50, &mut rng(seed)).expect("drawn");
        let turned =
            DMatrix::from_fn(3, 50, |i, j| angles[(i, j)] + TAU * ((i + j) % 5) as f64 - TAU);
        let [here, there] = [&angles, &turned].map(|x| model.score(x, None).expect("angles"));
        assert!((&here.log_prob - &there.log_prob).amax() < 1e-9);
        assert!((&here.score - &there.score).amax() < 1e-7 * here.score.amax().max(1.0));
        assert_eq!(here.log_prob, model.log_prob(&angles).expect("angles"));
        assert_eq!(there.log_prob, model.log_prob(&turned).expect("angles"));
        let mixed = on_cylinder::<f64>(seed);
        let numbers =
            DMatrix::from_fn(2, 50, |i, j| if i == 0 { turned[(0, j)] } else { 0.1 * j as f64 });
        let near =
            DMatrix::from_fn(2, 50, |i, j| if i == 0 { angles[(0, j)] } else { 0.1 * j as f64 });
        let [a, b] = [&numbers, &near].map(|x| mixed.log_prob(x).expect("finite"));
        assert!((a - b).amax() < 1e-9);
    }
}

#[test]
fn training_asks_for_angles_as_they_are_drawn() {
    let mut model = UniformCircle::new(2).pushed_by(torus::<f64>(2, 1));
    let mut data: DMatrix<f64> = UniformCircle::new(2).sample(40, &mut rng(1)).expect("drawn");
    let trainer = || Trainer::maximum_likelihood().steps(2).quiet();
    trainer().fit(&mut model, &data, &mut rng(1)).expect("angles between -π and π");
    data[(1, 17)] = 4.0;
    let error = trainer().fit(&mut model, &data, &mut rng(1)).expect_err("beyond π");
    let text = error.to_string();
    assert!(text.contains("row 1 of the data") && text.contains("column 17 has 4"), "{text}");
    assert!(text.contains("-2.283"), "{text}");
    let mut lost = StandardNormal::new(2).pushed_by(torus::<f64>(2, 1));
    let error = trainer().fit(&mut lost, &data, &mut rng(1)).expect_err("does not fit");
    assert!(error.to_string().contains("UniformCircle"), "{error}");
}

fn flows_of_angles_obey_the_laws_in<T: Real>() {
    let tolerances = Tolerances { rounding: 1e6, ..Tolerances::within::<T>(1e3 * T::EPSILON) };
    for seed in 0..4 {
        let points = DMatrix::from_fn(2, 5, |i, j| {
            T::of(3.0 * ((7 * i + 3 * j) as f64 + seed as f64).sin())
        });
        let flows = [Chain::new().then(torus::<T>(2, seed)), cylinder::<T>(seed)];
        for flow in &flows {
            let obeyed = inverse_law(flow, &points, None, &tolerances)
                .and_then(|()| batch_law(flow, &points, None, &tolerances));
            assert!(obeyed.is_ok(), "{}", obeyed.expect_err("broken"));
            if T::EPSILON < 1e-10 {
                let obeyed = log_det_law(flow, &points, None, &tolerances)
                    .and_then(|()| gradient_law(flow, &points, None, &tolerances));
                assert!(obeyed.is_ok(), "{}", obeyed.expect_err("broken"));
            }
        }
    }
}

#[test]
fn flows_of_angles_obey_the_laws() {
    flows_of_angles_obey_the_laws_in::<f64>();
    flows_of_angles_obey_the_laws_in::<f32>();
}

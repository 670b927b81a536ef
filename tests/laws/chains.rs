//! Laws of composition: links one after the other, log-determinants added, and the way back.

use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::{linear, mlp, planar, radial};
use crate::steps::{follow, gradients_agree};
use crate::support::{cases, matrix};

/// Layers, a continuous flow with a context, and a flow the other way round.
fn mixed<T: Real>(seed: u64) -> Chain<T> {
    let network = mlp::<T>(seed, &[7, 5], Activation::Tanh);
    let part = Chain::new().then(EulerStep::new(radial::<T>(seed))).then(turning(seed + 1));
    Chain::new()
        .repeat(2, |i| EulerStep::new(planar::<T>(seed + i as u64)))
        .then(ContinuousFlow::new(network).solver(rk4(8)))
        .then(Inverted::new(EulerStep::new(planar::<T>(seed + 2))))
        .then(part)
}

fn turning<T: Real>(seed: u64) -> ContinuousFlow<field::Linear<T>, liouville::ode::Fixed> {
    ContinuousFlow::new(linear::<T>(seed)).solver(rk4(8))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(6)))]

    #[test]
    fn log_determinants_add_up(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let first = EulerStep::new(planar::<f64>(seed));
        let second = turning::<f64>(seed + 1);
        let chain = Chain::new().then(first.clone()).then(second.clone());
        let points = matrix::<f64>(3, 150, 2.0, seed);
        let middle = follow("first", &first, Direction::Forward, &points);
        let end = follow("second", &second, Direction::Forward, &middle.points);
        let ours = follow("chain", &chain, Direction::Forward, &points);
        prop_assert_eq!(&ours.points, &end.points);
        prop_assert!((&ours.log_det - middle.log_det - end.log_det).amax() < 1e-14);
        let middle = follow("second", &second, Direction::Inverse, &points);
        let end = follow("first", &first, Direction::Inverse, &middle.points);
        let ours = follow("chain", &chain, Direction::Inverse, &points);
        prop_assert_eq!(&ours.points, &end.points);
        prop_assert!((&ours.log_det - middle.log_det - end.log_det).amax() < 1e-14);
    }

    #[test]
    fn a_turned_flow_swaps_its_directions(seed in any::<u32>()) {
        let layer = EulerStep::new(planar::<f64>(u64::from(seed)));
        let turned = Inverted::new(layer.clone());
        let points = matrix::<f64>(3, 20, 2.0, u64::from(seed));
        for direction in [Direction::Forward, Direction::Inverse] {
            let ours = follow("turned", &turned, direction, &points);
            let theirs = follow("layer", &layer, direction.reversed(), &points);
            prop_assert_eq!(ours.points, theirs.points);
            prop_assert_eq!(ours.log_det, theirs.log_det);
        }
    }

    #[test]
    fn chains_are_inverted_link_by_link(seed in any::<u32>()) {
        let chain = mixed::<f64>(u64::from(seed));
        let points = matrix::<f64>(3, 150, 1.0, u64::from(seed));
        let there = follow("chain", &chain, Direction::Forward, &points);
        let back = follow("chain", &chain, Direction::Inverse, &there.points);
        let error = (back.points - &points).amax().max((back.log_det + &there.log_det).amax());
        prop_assert!(error < 1e-3, "{error:e}");
        let one = points.columns(77, 1).into_owned();
        let alone = follow("alone", &chain, Direction::Forward, &one);
        prop_assert_eq!(alone.points.column(0), there.points.column(77));
        prop_assert_eq!(alone.log_det[0], there.log_det[77]);
    }

    #[test]
    fn gradients_of_chains(seed in any::<u32>()) {
        gradients_agree("chain", &mixed::<f64>(u64::from(seed)), u64::from(seed));
    }
}

#[test]
fn parameters_are_named_by_their_link() {
    let mut chain = mixed::<f64>(5);
    let layout = TrainableFlow::layout(&chain);
    let names: Vec<_> = layout.entries().iter().map(|entry| entry.name.as_str()).collect();
    assert!(names[0].starts_with("0.") && names.contains(&"2.net.0.weight"), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("4.0.")), "a chain in a chain: {names:?}");
    let values: Vec<f64> = (0..layout.len()).map(|k| 1e-3 * k as f64).collect();
    chain.set_parameters(&values);
    assert_eq!(chain.parameters(), values);
}

#[test]
fn links_that_do_not_fit_are_named() {
    let plane = field::Linear::new(DMatrix::<f64>::identity(2, 2)).expect("square");
    let chain = Chain::new().then(turning::<f64>(1)).then(ContinuousFlow::new(plane));
    let error = chain.forward(&DMatrix::zeros(3, 1)).expect_err("three and two dimensions");
    assert!(error.is_shape() && error.to_string().contains("link 1"), "{error}");
    let empty = Chain::<f64>::new().forward(&DMatrix::zeros(3, 1)).expect_err("no link");
    assert!(empty.to_string().contains("no link"), "{empty}");
}

#[test]
fn a_stack_of_planar_layers_learns() {
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(3);
    let moons = data::two_moons(0.1);
    let points: DMatrix<f64> = moons.sample(2000, &mut rng).expect("valid");
    let stack = Chain::new().repeat(6, |i| {
        let part = |k: u64| {
            nalgebra::DVector::from_column_slice(
                matrix::<f64>(2, 1, 0.7, 10 * i as u64 + k).as_slice(),
            )
        };
        EulerStep::new(field::Planar::new(part(1), part(2), 0.1).expect("finite"))
    });
    let mut model = StandardNormal::new(2).pushed_by(stack);
    let nats = |model: &Pushforward<StandardNormal, Chain<f64>>| {
        -model.log_prob(&points).expect("valid").mean()
    };
    let before = nats(&model);
    Trainer::maximum_likelihood()
        .steps(300)
        .quiet()
        .fit(&mut model, &points, &mut rng)
        .expect("trains");
    let after = nats(&model);
    assert!(after < before - 1.0, "{after} nats after {before}");
}

//! The usual stacks: what they are made of, where they start, and that they learn.

use liouville::flow::transformer::Spline;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::steps::follow;
use crate::support::matrix;

/// Every kind, in three dimensions and small, with a context where there may be one.
fn stacks() -> [(&'static str, Stack); 6] {
    let small = |stack: Stack| stack.layers(2).hidden([8, 8]).activation(Activation::Silu);
    [
        ("RealNVP", small(Stack::real_nvp(3)).context(1)),
        ("Glow", small(Stack::glow(3)).context(1)),
        ("NSF-C", small(Stack::spline_coupling(3)).context(1)),
        ("NSF-AR", small(Stack::spline_autoregressive(3)).context(1)),
        ("MAF", small(Stack::maf(3)).context(1)),
        ("planar", Stack::planar(3).layers(4)),
    ]
}

#[test]
fn stacks_are_inverted() {
    for (name, stack) in stacks() {
        let mut chain: Chain<f64> = stack.build(&mut StdRng::seed_from_u64(1)).expect("valid");
        let count = chain.parameters().len();
        let noise = matrix::<f64>(count, 1, 0.2, 5);
        let moved: Vec<f64> =
            chain.parameters().iter().zip(noise.iter()).map(|(p, d)| p + d).collect();
        chain.set_parameters(&moved).expect("parameters that fit");
        let points = matrix::<f64>(3, 40, 2.0, 3);
        let there = follow(name, &chain, Direction::Forward, &points);
        let back = follow(name, &chain, Direction::Inverse, &there.points);
        let error = (back.points - &points).amax().max((back.log_det + there.log_det).amax());
        assert!(error < 1e-9, "{name}: {error:e}");
        assert!((there.points - points).amax() > 1e-3, "{name} moves nothing");
    }
}

#[test]
fn untrained_stacks_keep_volumes() {
    for (name, stack) in stacks() {
        let chain: Chain<f64> = stack.build(&mut StdRng::seed_from_u64(2)).expect("valid");
        let points = matrix::<f64>(3, 40, 2.0, 3);
        let moved = follow(name, &chain, Direction::Forward, &points);
        // Planar layers start at random.
        let bound = if name == "planar" { 3.0 } else { 1e-9 };
        assert!(moved.log_det.amax() < bound, "{name}: {}", moved.log_det.amax());
    }
}

#[test]
fn defaults_are_the_documented_ones() {
    let mut rng = StdRng::seed_from_u64(1);
    let chain: Chain<f32> = Stack::maf(4).build(&mut rng).expect("valid");
    assert_eq!(chain.len(), 5);
    let hidden = chain.layout().find("0.net.2.weight").expect("two hidden layers").shape.clone();
    assert_eq!(hidden, [100, 100]);
    let chain: Chain<f32> = Stack::spline_coupling(4).build(&mut rng).expect("valid");
    assert_eq!(chain.len(), 20);
    let last = chain.layout().find("0.final_layer.weight").expect("a residual network").clone();
    assert_eq!(last.shape, [2 * 23, 64]);
}

#[test]
fn idle_choices_are_refused() {
    let mut rng = StdRng::seed_from_u64(1);
    let spline = Spline::new(8, 3.0).expect("valid");
    let wrong = [
        (Stack::planar(3).hidden([8]), "hidden layers"),
        (Stack::planar(3).context(2), "context"),
        (Stack::maf(3).spline(spline), "splines"),
        (Stack::glow(3).layers(0), "no layers"),
        (Stack::real_nvp(1), "coordinate"),
    ];
    for (stack, word) in wrong {
        let error = stack.build::<f64, _>(&mut rng).expect_err(word).to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn stacks_learn_two_moons() {
    let mut rng = StdRng::seed_from_u64(4);
    let data: DMatrix<f32> = data::two_moons(0.1).sample(2000, &mut rng).expect("valid");
    let stacks = [
        ("RealNVP", Stack::real_nvp(2).layers(4)),
        ("Glow", Stack::glow(2).layers(4)),
        ("NSF-C", Stack::spline_coupling(2).layers(2)),
        ("NSF-AR", Stack::spline_autoregressive(2).layers(2)),
        ("MAF", Stack::maf(2)),
    ];
    for (name, stack) in stacks {
        let chain: Chain<f32> = stack.hidden([32, 32]).build(&mut rng).expect("valid");
        let mut model = StandardNormal::new(2).pushed_by(chain);
        model.initialise(&data, None).expect("valid data");
        let nats = |model: &Pushforward<StandardNormal, Chain<f32>>| {
            -model.log_prob(&data).expect("valid").mean()
        };
        let before = nats(&model);
        let trainer = Trainer::maximum_likelihood().steps(300).batch(256).quiet();
        trainer.fit(&mut model, &data, &mut rng).expect("trains");
        let after = nats(&model);
        assert!(after < before - 0.3 && after < 1.5, "{name}: {after} nats after {before}");
    }
}

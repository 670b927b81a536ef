//! What is particular to chains: links of different kinds, names of parameters, and what does not fit.

use liouville::prelude::*;
use liouville_testing::{Tolerances, composition_law};
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::composed::{mixed, turning};
use crate::catalogue::planar;
use crate::support::{cases, matrix};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(6)))]

    #[test]
    fn links_of_different_kinds_compose(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let (first, second) = (EulerStep::new(planar::<f64>(seed)), turning::<f64>(seed + 1));
        let points = matrix::<f64>(3, 150, 2.0, seed);
        let tolerances = Tolerances::of::<f64>();
        let checked = composition_law(&first, &second, &points, None, &tolerances);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
        let context = matrix::<f64>(2, 150, 1.0, seed);
        let checked = composition_law(&first, &mixed(seed), &points, Some(&context), &tolerances);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
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
    chain.set_parameters(&values).expect("parameters that fit");
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

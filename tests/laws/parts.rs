//! Laws of the parts of a chain: slices follow one another, and frozen links keep their parameters.

use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::{planar, radial};
use crate::steps::{follow, gradients_agree};
use crate::support::{cases, matrix};

fn layers(seed: u64) -> Chain<f64> {
    Chain::new()
        .repeat(3, |i| EulerStep::new(planar::<f64>(seed + i as u64)))
        .then(EulerStep::new(radial::<f64>(seed)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(6)))]

    #[test]
    fn slices_follow_one_another(seed in any::<u32>(), cut in 1usize..4) {
        let chain = layers(u64::from(seed));
        let points = matrix::<f64>(3, 20, 2.0, u64::from(seed));
        let [first, second] = [0..cut, cut..4].map(|range| chain.slice(range).expect("inside"));
        let middle = follow("first", &first, Direction::Forward, &points);
        let end = follow("second", &second, Direction::Forward, &middle.points);
        let whole = follow("chain", &chain, Direction::Forward, &points);
        prop_assert_eq!(&end.points, &whole.points);
        prop_assert!((end.log_det + middle.log_det - whole.log_det).amax() < 1e-14);
    }

    #[test]
    fn gradients_go_through_frozen_links(seed in any::<u32>(), first in 0usize..3) {
        let mut chain = layers(u64::from(seed));
        let all = chain.parameters();
        chain.freeze(first..first + 2).expect("inside");
        gradients_agree("frozen links", &chain, u64::from(seed));
        let frozen = Frozen::new(chain.slice(0..2).expect("inside"));
        gradients_agree("a frozen flow", &chain.clone().then(frozen), u64::from(seed));
        let kept = vec![0.5; chain.parameters().len()];
        chain.set_parameters(&kept).expect("parameters that fit");
        chain.thaw(0..4).expect("inside");
        let after = chain.parameters();
        let same = |k: &usize| after[*k] == all[*k];
        // A planar layer has seven parameters, a radial one five.
        let frozen = 7 * first..(7 * (first + 2)).min(all.len());
        prop_assert!(frozen.clone().all(|k| same(&k)));
        prop_assert_eq!((0..all.len()).filter(same).count(), frozen.len());
    }
}

#[test]
fn ranges_outside_the_chain_are_named() {
    let mut chain = layers(1);
    let error = chain.slice(2..5).expect_err("four links").to_string();
    assert!(error.contains("2..5") && error.contains("0..4"), "{error}");
    assert!(chain.freeze(3..3).is_err() && chain.thaw(4..9).is_err());
    assert_eq!(chain.forward(&DMatrix::zeros(3, 1)).expect("whole").points.ncols(), 1);
}

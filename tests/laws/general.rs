//! The laws that every flow obeys, over every flow of the crate.

use liouville::prelude::*;
use liouville::testing::strategies::{chains, points};
use liouville::testing::{
    Checks, Failures, Law, Tolerances, batch_law, composition_law, gradient_law, inverse_law,
    log_det_law,
};
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::{
    FlowVisitor, autoregressive, visit_extreme, visit_flows, visit_integrated, visit_layers,
};
use crate::support::{cases, matrix};

/// One law over random points and contexts.
struct Obeys {
    law: Law,
    cases: u32,
    seed: u64,
    visited: usize,
}

impl Obeys {
    fn new(law: Law, cases: u32, seed: u64) -> Self {
        Self { law, cases, seed, visited: 0 }
    }

    fn check<T, L>(&mut self, name: &str, flow: &L, accuracy: f64, tails: f64)
    where
        T: Real,
        L: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        let tolerances = Tolerances { samples: 10_000, ..Tolerances::within::<T>(accuracy) };
        let checks = Checks::new().only([self.law]).cases(self.cases).seed(self.seed);
        let checks = checks.tails(tails).tolerances(tolerances).columns(4);
        match checks.trainable(flow) {
            Ok(checked) => assert_eq!(checked.laws().len(), 1, "{name}: the law was left out"),
            Err(violation) => panic!("{name}, {}, seed {}: {violation}", T::NAME, self.seed),
        }
        self.visited += 1;
    }
}

impl<T: Real> FlowVisitor<T> for Obeys {
    fn visit<L: TrainableFlow<T, Tape: 'static> + Clone + 'static>(&mut self, name: &str, flow: L) {
        self.check(name, &flow, 0.0, 1e6);
    }

    fn visit_within<L: TrainableFlow<T, Tape: 'static> + Clone + 'static>(
        &mut self,
        accuracy: f64,
        name: &str,
        flow: L,
    ) {
        self.check(name, &flow, accuracy, 5.0);
    }
}

/// What holds for any parameters: points return as well as rounding allows, columns that fail say so,
/// and bits do not depend on neighbours.
struct Honest {
    seed: u64,
}

impl<T: Real> FlowVisitor<T> for Honest {
    fn visit<L: TrainableFlow<T, Tape: 'static> + Clone + 'static>(&mut self, name: &str, flow: L) {
        // Where a map is nearly flat, rounding may cost anything; its size is measured by the law.
        let tolerances = Tolerances {
            rounding: 1e6,
            failures: Failures::Reported,
            ..Tolerances::within::<T>(T::EPSILON.sqrt())
        };
        let context = matrix::<T>(flow.context_dim(), 1, 1.0, self.seed);
        let context = (flow.context_dim() > 0).then_some(&context);
        for scale in [1.0, 1e3, 1e6] {
            let points = matrix::<T>(flow.dim(), 6, scale, self.seed);
            let checked = inverse_law(&flow, &points, context, &tolerances)
                .and_then(|()| batch_law(&flow, &points, context, &tolerances));
            if let Err(violation) = checked {
                panic!("{name}, {}, seed {}: {violation}", T::NAME, self.seed);
            }
        }
    }
}

/// How many flows a law was seen to hold for, so that none is left out.
fn all<T: Real>(law: Law, few: u32, seed: u64) {
    let mut visitor = Obeys::new(law, few, seed);
    visit_flows::<T>(seed, &mut visitor);
    // Splines have kinks and places that are nearly flat: laws that take differences, or bound the
    // error of an inverse, are asked of them in `autoregressive`, with regard to that.
    if matches!(law, Law::Composition | Law::Batch) {
        autoregressive::visit_splines::<T>(seed, &mut visitor);
    }
    assert!(visitor.visited >= 15, "only {} flows were visited", visitor.visited);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(1)))]

    #[test]
    fn the_inverse_undoes_the_flow(seed in any::<u32>()) {
        all::<f64>(Law::Inverse, 8, u64::from(seed));
        all::<f32>(Law::Inverse, 8, u64::from(seed));
    }

    #[test]
    fn log_determinants_are_those_of_the_jacobian(seed in any::<u32>()) {
        all::<f64>(Law::LogDet, 8, u64::from(seed));
        all::<f32>(Law::LogDet, 8, u64::from(seed));
    }

    #[test]
    fn links_compose(seed in any::<u32>()) {
        all::<f64>(Law::Composition, 8, u64::from(seed));
        all::<f32>(Law::Composition, 8, u64::from(seed));
    }

    #[test]
    fn densities_integrate_to_one(seed in any::<u32>()) {
        all::<f64>(Law::Density, 1, u64::from(seed));
        all::<f32>(Law::Density, 1, u64::from(seed));
    }

    #[test]
    fn bits_do_not_depend_on_neighbours(seed in any::<u32>()) {
        all::<f64>(Law::Batch, 1, u64::from(seed));
        all::<f32>(Law::Batch, 1, u64::from(seed));
    }

    #[test]
    fn gradients_of_layers(seed in any::<u32>()) {
        let seed = u64::from(seed);
        visit_layers::<f64>(seed, &mut Obeys::new(Law::Gradient, 8, seed));
        visit_layers::<f32>(seed, &mut Obeys::new(Law::Gradient, 8, seed));
    }

    #[test]
    fn gradients_of_integrated_flows(seed in any::<u32>()) {
        let seed = u64::from(seed);
        visit_integrated::<f64>(seed, &mut Obeys::new(Law::Gradient, 4, seed));
        visit_integrated::<f32>(seed, &mut Obeys::new(Law::Gradient, 4, seed));
    }

    #[test]
    fn extreme_flows_are_honest(seed in any::<u32>()) {
        let seed = u64::from(seed);
        visit_extreme::<f64>(seed, &mut Honest { seed });
        visit_extreme::<f32>(seed, &mut Honest { seed });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(4)))]

    #[test]
    fn random_chains_obey_the_laws(
        chain in chains::<f64>(3, 2),
        other in chains::<f64>(3, 0),
        points in points::<f64>(3).columns(3),
    ) {
        let tolerances = Tolerances::within::<f64>(1e-4);
        let context = DMatrix::from_element(2, 1, 0.5);
        let context = (chain.context_dim() > 0).then_some(&context);
        let checked = inverse_law(&chain, &points, context, &tolerances)
            .and_then(|()| log_det_law(&chain, &points, context, &tolerances))
            .and_then(|()| gradient_law(&chain, &points, context, &tolerances))
            .and_then(|()| composition_law(&chain, &other, &points, context, &tolerances));
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }
}

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
    FlowVisitor, visit_extreme, visit_extreme_steps, visit_flows, visit_integrated, visit_kinked,
    visit_layers,
};
use crate::support::{cases, matrix};

/// One law over random points and contexts.
struct Obeys {
    law: Law,
    cases: u32,
    seed: u64,
    /// How far out points of exact flows lie.
    tails: f64,
    visited: usize,
    /// For how many flows it could not be told whether the law holds.
    unresolved: usize,
}

impl Obeys {
    fn new(law: Law, cases: u32, seed: u64) -> Self {
        Self { law, cases, seed, tails: 1e6, visited: 0, unresolved: 0 }
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
            Ok(checked) => {
                assert_eq!(checked.laws().len(), 1, "{name}: the law was left out");
                self.unresolved += checked.unresolved().len();
            }
            Err(violation) => panic!("{name}, {}, seed {}: {violation}", T::NAME, self.seed),
        }
        self.visited += 1;
    }
}

impl<T: Real> FlowVisitor<T> for Obeys {
    fn visit<L: TrainableFlow<T, Tape: 'static> + Clone + 'static>(&mut self, name: &str, flow: L) {
        self.check(name, &flow, 0.0, self.tails);
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

/// What holds for any parameters: columns that fail say so, the others are finite, and bits do not
/// depend on neighbours.
struct Honest {
    seed: u64,
    /// Whether points return as well as rounding allows, too. Layers that feed what they have computed
    /// to networks with large weights amplify a rounding without limit.
    inverse: bool,
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
            let checked =
                batch_law(&flow, &points, context, &tolerances).and_then(|()| match self.inverse {
                    true => inverse_law(&flow, &points, context, &tolerances),
                    false => Ok(()),
                });
            if let Err(violation) = checked {
                panic!("{name}, {}, seed {}: {violation}", T::NAME, self.seed);
            }
        }
    }
}

/// How many flows a law was seen to hold for, so that none is left out.
fn all<T: Real>(law: Law, few: u32, seed: u64) {
    let mut visitor = Obeys::new(law, few, seed);
    if T::EPSILON > 1e-10 && law == Law::Inverse {
        visit_layers::<T>(seed, &mut visitor);
        visit_integrated::<T>(seed, &mut visitor);
        // A network that is fed 1e6 answers with bins as narrow as they can be, too narrow for f32.
        visitor.tails = 5.0;
        visit_kinked::<T>(seed, &mut visitor);
    } else {
        visit_flows::<T>(seed, &mut visitor);
    }
    assert!(visitor.visited >= 60, "only {} flows were visited", visitor.visited);
    let Obeys { visited, unresolved, .. } = visitor;
    assert!(5 * unresolved <= visited, "{law}: {unresolved} of {visited} could not be told");
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
        // Differences in f32 cannot follow layers that bend sharply: there f64 speaks for the formulas.
        let mut visitor = Obeys::new(Law::LogDet, 8, u64::from(seed));
        visit_integrated::<f32>(u64::from(seed), &mut visitor);
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
        visit_kinked::<f64>(seed, &mut Obeys::new(Law::Gradient, 8, seed));
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
        visit_extreme::<f64>(seed, &mut Honest { seed, inverse: false });
        visit_extreme::<f32>(seed, &mut Honest { seed, inverse: false });
        visit_extreme_steps::<f64>(seed, &mut Honest { seed, inverse: true });
        visit_extreme_steps::<f32>(seed, &mut Honest { seed, inverse: true });
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

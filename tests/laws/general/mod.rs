//! The laws that every flow obeys, over every flow of the crate.
//!
//! A case is a set of up to four random points with contexts, two and a half on average; after two cases,
//! or eight where that is cheap, the parameters are drawn anew. `LIOUVILLE_CASES` says how many cases each
//! law sees of each flow; integrated flows, and the law of densities, which integrates, cost so much more
//! that they see one in a hundred of them.
//!
//! | file | what |
//! | --- | --- |
//! | `alone` | couplings and autoregressive flows with networks however extreme, coordinate by coordinate |
//! | `angles` | the mass of densities on the circle |
//! | `erased` | a flow behind a pointer beside the flow itself |
//! | `far` | far points, constants, all scales, and parameters that do not fit |
//! | `twins` | log-determinants and gradients in `f32` against those in `f64` |
//! | `outside` | what is said to lie outside a support, beside following to the end |
//! | `saved` | a flow that was saved and loaded beside the flow itself |
//! | `states` | parameters and fixed arrays are all of a flow |
//! | `ledger` | what became of a law on every flow |

mod alone;
mod angles;
mod erased;
mod far;
mod ledger;
mod outside;
mod saved;
mod states;
mod twins;

use liouville::flow::AnyFlow;
use liouville::prelude::*;
use liouville_testing::strategies::{chains, points};
use liouville_testing::{
    Checked, Checks, Failures, Law, Tolerances, Violation, batch_law, composition_law,
    gradient_law, inverse_law, log_det_law,
};
use nalgebra::DMatrix;
use proptest::prelude::*;

use crate::catalogue::{
    FlowVisitor, visit_extreme, visit_extreme_networks, visit_integrated, visit_kinked,
    visit_layers,
};
use crate::support::{cases, matrix, seeds};

use ledger::Ledger;

/// One in so many draws of parameters goes to what is costly.
const COSTLY: u32 = 100;

/// One law over random points and contexts.
struct Obeys {
    law: Law,
    /// How many cases the same parameters see.
    each: u32,
    seed: u64,
    ledger: Ledger,
}

impl Obeys {
    fn check<T: Real>(
        &mut self,
        name: &str,
        flow: &AnyFlow<T>,
        tolerances: Tolerances,
        tails: f64,
    ) {
        let tolerances = Tolerances { samples: 10_000, ..tolerances };
        // Laws but the first see a quarter of the cases; for two of them a few more points cost nothing,
        // and they take those of all cases at once.
        let (cases, columns) = match self.law {
            Law::Inverse => (self.each, 4),
            Law::Batch | Law::Gradient => (1, 5 * self.each as usize),
            _ => (4 * self.each, 4),
        };
        let checks = Checks::new().only([self.law]).cases(cases).columns(columns);
        let checks = checks.seed(self.seed).tails(tails).tolerances(tolerances);
        self.note(name, checks.trainable(flow));
    }

    /// A mass with its standard error: one, within five of them, if these are small.
    fn note_mass(&mut self, name: &str, [mass, error]: [f64; 2]) {
        match error {
            _ if !(mass - 1.0).is_finite() || (mass - 1.0).abs() > 1e-3 + 5.0 * error => {
                self.ledger.broken(name, self.seed, format!("a mass of {mass} ± {error}"));
            }
            _ if error < 0.05 => self.ledger.held(name, 1, 0),
            _ => self.ledger.held(name, 0, 1),
        }
    }

    fn note(&mut self, name: &str, checked: Result<Checked, Violation>) {
        match checked {
            Ok(checked) => {
                let untold = checked.unresolved().first().map_or(0, |(_, count)| *count);
                let untold = if self.law == Law::Gradient { self.each * untold } else { untold };
                self.ledger.held(name, self.each - untold, untold);
            }
            Err(violation) => self.ledger.broken(name, self.seed, violation),
        }
    }
}

impl<T: Real> FlowVisitor<T> for Obeys {
    fn meet(&mut self, name: &str, flow: AnyFlow<T>) {
        // A network that is fed 1e6 answers with bins as narrow as they can be, too narrow for f32.
        let narrow = T::EPSILON > 1e-10 && name.starts_with("spline");
        self.check(name, &flow, Tolerances::of::<T>(), if narrow { 5.0 } else { 1e6 });
    }

    fn meet_within(&mut self, accuracy: f64, name: &str, flow: AnyFlow<T>) {
        self.check(name, &flow, Tolerances::within::<T>(accuracy), 5.0);
    }

    fn meet_constrained(&mut self, name: &str, flow: AnyFlow<T>) {
        // Near the end of a support rounding may cost anything; how much is measured by the law, and where
        // it changes the density the column is reported.
        let tolerances = Tolerances { rounding: 1e6, ..Tolerances::of::<T>() };
        let tolerances = Tolerances { failures: Failures::Reported, ..tolerances };
        self.check(name, &flow, tolerances, 5.0);
    }

    fn meet_circular(&mut self, name: &str, flow: AnyFlow<T>) {
        if self.law == Law::Density {
            return self.note_mass(name, angles::mass(&flow, self.seed));
        }
        // Points beyond ±π come back as angles.
        self.check(name, &flow, Tolerances::of::<T>(), 3.0);
    }
}

/// What visits flows, and in one of how many draws of parameters.
type Visit<T> = (u32, fn(u64, &mut dyn FlowVisitor<T>));

/// Tries a law on all flows that are visited, with `each` cases for each draw of parameters.
fn hold<T: Real>(law: Law, each: u32, least: usize, visits: &[Visit<T>]) {
    let ledger = Ledger::new(format!("the {law} law in {}", T::NAME));
    let mut obeys = Obeys { law, each, seed: 0, ledger };
    // Inside of the pool, where nobody has to be woken for a handful of columns.
    rayon::scope(|_| {
        for (draw, seed) in seeds(each) {
            obeys.seed = seed;
            for (_, visit) in visits.iter().filter(|(every, _)| draw.is_multiple_of(*every)) {
                visit(seed, &mut obeys);
            }
        }
    });
    obeys.ledger.close(least);
}

/// A law on every flow.
fn all<T: Real>(law: Law, each: u32, every: u32) {
    let integrated: Visit<T> = (COSTLY, visit_integrated::<T>);
    hold::<T>(law, each, 90, &[(every, visit_layers::<T>), (every, visit_kinked::<T>), integrated]);
}

#[test]
fn the_inverse_undoes_the_flow() {
    all::<f64>(Law::Inverse, 8, 1);
    all::<f32>(Law::Inverse, 8, 1);
}

#[test]
fn log_determinants_are_those_of_the_jacobian() {
    all::<f64>(Law::LogDet, 2, 1);
    // Differences in f32 cannot follow layers that bend sharply: these are compared with f64.
    hold::<f32>(Law::LogDet, 2, 5, &[(COSTLY, visit_integrated::<f32>)]);
}

#[test]
fn links_compose() {
    all::<f64>(Law::Composition, 2, 1);
    all::<f32>(Law::Composition, 2, 1);
}

#[test]
fn densities_integrate_to_one() {
    all::<f64>(Law::Density, 1, COSTLY);
    all::<f32>(Law::Density, 1, COSTLY);
}

#[test]
fn bits_do_not_depend_on_neighbours() {
    all::<f64>(Law::Batch, 8, 1);
    all::<f32>(Law::Batch, 8, 1);
}

#[test]
fn gradients_are_those_of_differences() {
    all::<f64>(Law::Gradient, 3, 1);
    hold::<f32>(Law::Gradient, 3, 5, &[(COSTLY, visit_integrated::<f32>)]);
}

/// What holds for any parameters: columns that fail say so, the others are finite, bits do not depend
/// on neighbours, and, unless networks may amplify it without limit, points return as well as rounding
/// allows.
struct Honest {
    seed: u64,
    inverse: bool,
    ledger: Ledger,
}

impl Honest {
    fn check<T: Real>(&mut self, name: &str, flow: &dyn Flow<T>) {
        // Where a map is nearly flat, rounding may cost anything; its size is measured by the law.
        let tolerances = Tolerances {
            rounding: 1e6,
            failures: Failures::Reported,
            ..Tolerances::within::<T>(T::EPSILON.sqrt())
        };
        let context = matrix::<T>(flow.context_dim(), 1, 1.0, self.seed);
        let context = (flow.context_dim() > 0).then_some(&context);
        // Three cases: points of ordinary size, and far out in the tails.
        let mut points = matrix::<T>(flow.dim(), 12, 1.0, self.seed);
        for (k, scale) in [1.0, 1e3, 1e6].into_iter().enumerate() {
            points.columns_mut(4 * k, 4).scale_mut(T::of(scale));
        }
        let checked = batch_law(flow, &points, context, &tolerances);
        let checked = checked.and_then(|()| match self.inverse {
            true => inverse_law(flow, &points, context, &tolerances),
            false => Ok(()),
        });
        match checked {
            Ok(()) => self.ledger.held(name, 3, 0),
            Err(violation) => self.ledger.broken(name, self.seed, violation),
        }
    }
}

impl<T: Real> FlowVisitor<T> for Honest {
    fn meet(&mut self, name: &str, flow: AnyFlow<T>) {
        self.check(name, &flow);
    }
}

fn extreme_flows_of<T: Real>() {
    let ledger = Ledger::new(format!("honesty of extreme flows in {}", T::NAME));
    let mut honest = Honest { seed: 0, inverse: true, ledger };
    rayon::scope(|_| {
        for (_, seed) in seeds(3) {
            honest.seed = seed;
            honest.inverse = true;
            visit_extreme::<T>(seed, &mut honest);
            honest.inverse = false;
            visit_extreme_networks::<T>(seed, &mut honest);
        }
    });
    honest.ledger.close(40);
}

#[test]
fn extreme_flows_are_honest() {
    extreme_flows_of::<f64>();
    extreme_flows_of::<f32>();
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

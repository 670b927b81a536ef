//! A flow behind a pointer gives the bits of the flow itself: samples, log-densities, gradients, and what it
//! says of itself.

use liouville::flow::{AnyFlow, Packet, Space, outside};
use liouville::ode::Workspace;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::ledger::Ledger;
use crate::catalogue::{
    FlowVisitor, Own, visit_extreme, visit_extreme_networks, visit_integrated, visit_kinked,
    visit_layers,
};
use crate::objective::{COLUMNS, Objective};
use crate::support::{BOTH, contexts, matrix, seeds};

/// A flow of its own type, as a link of a model.
struct Seen<'a, T: Real>(&'a dyn Flow<T>);

impl<T: Real> Flow<T> for Seen<'_, T> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn context_dim(&self) -> usize {
        self.0.context_dim()
    }

    fn check(&self) -> liouville::Result<()> {
        self.0.check()
    }

    fn spaces(&self, direction: Direction, from: &[Space]) -> liouville::Result<Vec<Space>> {
        self.0.spaces(direction, from)
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.0.follow_packet(direction, packet, workspace);
    }

    fn is_bounded(&self, direction: Direction) -> bool {
        self.0.is_bounded(direction)
    }

    fn mark_outside(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.0.mark_outside(direction, packet, workspace);
    }
}

/// Numbers and words, by what they say.
type Said = Vec<(&'static str, String)>;

fn bits<'a, T: Real>(values: impl IntoIterator<Item = &'a T>) -> String {
    // Which NaN a NaN is, is nobody's business.
    let bits = |value: &T| if value.wide().is_nan() { u64::MAX } else { value.bits() };
    format!("{:x?}", values.into_iter().map(bits).collect::<Vec<_>>())
}

/// What a model of a flow says: samples, log-densities, outcomes, efforts, what lies outside.
fn said<T: Real, B: Base<T>, F: Flow<T>>(
    model: &Pushforward<B, F>,
    context: Option<&DMatrix<T>>,
    seed: u64,
) -> Said {
    let mut rng = StdRng::seed_from_u64(seed);
    let drawn = model.sample_detailed(COLUMNS, context, &mut rng).expect("valid settings");
    let points = matrix::<T>(model.dim(), COLUMNS, 3.0, seed);
    let found = model.evaluate(&points, context).expect("valid input");
    let mut said = vec![
        ("samples", bits(drawn.iter())),
        ("samples that failed", format!("{:?}", drawn.failed().collect::<Vec<_>>())),
        ("log-densities", bits(&found.log_prob)),
        ("latent points", bits(&found.latent)),
        ("standard errors", bits(found.standard_error.iter().flatten())),
        ("outcomes", format!("{:?}, {:?}", found.outcomes, found.efforts)),
    ];
    for direction in BOTH {
        let flow = model.flow();
        let marked = outside(flow, direction, &points, context).expect("valid input");
        let spaces = flow.spaces(direction, &vec![Space::Circle; flow.dim()]);
        let spaces = spaces.map_err(|error| error.to_string());
        said.push(("points outside", format!("{marked:?}, {}", flow.is_bounded(direction))));
        said.push(("spaces", format!("{spaces:?}")));
    }
    said
}

/// Models of both on the base that fits.
fn models<T: Real>(
    own: &dyn Flow<T>,
    erased: &AnyFlow<T>,
    context: Option<&DMatrix<T>>,
    seed: u64,
) -> [Said; 2] {
    let dim = own.dim();
    let angles = vec![Space::Circle; dim];
    match own.spaces(Direction::Forward, &angles) {
        Ok(_) if own.spaces(Direction::Forward, &vec![Space::Line; dim]).is_err() => {
            let base = UniformCircle::new(dim);
            let theirs = base.pushed_by(erased.clone());
            [said(&base.pushed_by(Seen(own)), context, seed), said(&theirs, context, seed)]
        }
        _ => {
            let base = StandardNormal::new(dim);
            let theirs = base.pushed_by(erased.clone());
            [said(&base.pushed_by(Seen(own)), context, seed), said(&theirs, context, seed)]
        }
    }
}

/// The gradients of one objective, where all its points arrive.
fn gradients<T: Real>(own: &Own<'_, T>, erased: &AnyFlow<T>, seed: u64) -> Option<String> {
    let start = matrix::<T>(erased.dim(), COLUMNS, 1.0, seed);
    let context = contexts::<T>(erased.context_dim(), COLUMNS);
    let given = (context.nrows() > 0).then_some(&context);
    let objective = Objective::<T>::new(erased.dim(), seed);
    for direction in BOTH {
        let moved = own.flow.follow(direction, &start, given).expect("valid input");
        if !moved.outcomes.iter().all(|outcome| outcome.arrived()) {
            continue;
        }
        let inputs = [&start, &context];
        let (value, ours) = (own.differentiate)(&objective, direction, inputs);
        let (other, theirs) = objective.run(erased, direction, inputs);
        let same = value.to_bits() == other.to_bits() || value.is_nan() && other.is_nan();
        let pairs = ours.iter().zip(&theirs);
        if !same || pairs.into_iter().any(|(a, b)| bits(a) != bits(b)) {
            return Some(format!("{direction:?}: gradients {ours:?} and {theirs:?}"));
        }
    }
    None
}

/// How a flow behind a pointer differs from the flow itself, if it does.
pub(super) fn difference<T: Real>(
    own: &Own<'_, T>,
    erased: &AnyFlow<T>,
    seed: u64,
) -> Option<String> {
    let context = contexts::<T>(own.flow.context_dim(), COLUMNS);
    let given = (context.nrows() > 0).then_some(&context);
    let [ours, theirs] = models(own.flow, erased, given, seed);
    let differ = ours.iter().zip(&theirs).find(|(a, b)| a != b);
    let how = differ.map(|((what, a), (_, b))| format!("{what}: {a} and {b}"));
    how.or_else(|| gradients(own, erased, seed))
}

struct Beside {
    seed: u64,
    ledger: Ledger,
}

impl<T: Real> FlowVisitor<T> for Beside {
    fn meet(&mut self, _: &str, _: AnyFlow<T>) {}

    fn compare(&mut self, name: &str, own: &Own<'_, T>, erased: &AnyFlow<T>) {
        match difference(own, erased, self.seed) {
            None => self.ledger.held(name, 1, 0),
            Some(how) => self.ledger.broken(name, self.seed, how),
        }
    }
}

fn hold<T: Real>() {
    let ledger = Ledger::new(format!("a flow behind a pointer beside itself in {}", T::NAME));
    let mut beside = Beside { seed: 0, ledger };
    rayon::scope(|_| {
        for (_, seed) in seeds(1) {
            beside.seed = seed;
            visit_layers::<T>(seed, &mut beside);
            visit_kinked::<T>(seed, &mut beside);
            visit_extreme::<T>(seed, &mut beside);
            visit_extreme_networks::<T>(seed, &mut beside);
            visit_integrated::<T>(seed, &mut beside);
        }
    });
    beside.ledger.close(100);
}

#[test]
fn a_flow_behind_a_pointer_gives_its_own_bits() {
    hold::<f64>();
    hold::<f32>();
}

//! The state of a flow is all of it: whatever flow was made the same way from another seed becomes the same
//! by it, to the last bit; and whatever does not become the same by parameters alone has another layout.

use std::collections::BTreeMap;

use liouville::columns::Mask;
use liouville::flow::autoregressive::Order;
use liouville::flow::closed_form::StartTape;
use liouville::flow::layers::Maf;
use liouville::flow::transformer::Spline;
use liouville::flow::{
    AnyFlow, Cotangent, Coupling, Frozen, InvertibleLinear, Packet, Permutation,
};
use liouville::ode::Workspace;
use liouville::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::ledger::Ledger;
use super::twins::Found;
use crate::catalogue::continuous::frame;
use crate::catalogue::{FlowVisitor, mlp, visit_integrated, visit_kinked, visit_layers};
use crate::objective::COLUMNS;
use crate::support::{BOTH, contexts, matrix, seeds};

/// All that a flow computes, both ways, from the same points.
fn everything<T: Real>(flow: &AnyFlow<T>, seed: u64) -> Vec<u64> {
    let base = matrix::<T>(flow.dim(), COLUMNS, 2.0, seed);
    let context = contexts::<T>(flow.context_dim(), COLUMNS);
    let given = (flow.context_dim() > 0).then_some(&context);
    let data = flow.follow(BOTH[0], &base, given).expect("valid input").points;
    let ways = BOTH.into_iter().zip([base, data]);
    let found = ways.filter_map(|(direction, start)| Found::new(flow, direction, &start));
    found.flat_map(|found| found.0).flat_map(|(_, values)| values).map(f64::to_bits).collect()
}

/// What is wrong with a flow that takes over another's state, both made the same way.
fn takes_over<T: Real>(theirs: &AnyFlow<T>, ours: &AnyFlow<T>, seed: u64) -> Option<String> {
    let numbers = everything(theirs, seed);
    if numbers.is_empty() {
        return Some("it failed".into());
    }
    let (mut same, before) = (ours.clone(), ours.state());
    let (state, settings) = (theirs.state(), theirs.state().settings == before.settings);
    match same.set_state(&state) {
        Ok(()) if !settings => return Some("it took a state of other settings".into()),
        Ok(()) if everything(&same, seed) != numbers => {
            return Some("by the other's state it does not become the other".into());
        }
        Ok(()) if same.state() != state => return Some("its state is not what was set".into()),
        Err(error) if settings => return Some(format!("it refused the state: {error}")),
        Err(_) if same.state() != before => return Some("it refused, and changed".into()),
        _ => {}
    }
    let mut parameters = ours.clone();
    let set = parameters.set_parameters(&theirs.parameters());
    let equal = set.is_ok() && everything(&parameters, seed) == numbers;
    let told = ours.layout() == theirs.layout();
    (told && !equal).then(|| "equal layouts, and the parameters alone do not do".into())
}

/// Flows of one seed meet those of another.
struct Meeting<T: Real> {
    first: BTreeMap<String, AnyFlow<T>>,
    meets: bool,
    seed: u64,
    /// How many pairs had different fixed arrays.
    different: usize,
    ledger: Ledger,
}

impl<T: Real> Meeting<T> {
    fn note(&mut self, name: &str, flow: AnyFlow<T>) {
        if !self.meets {
            self.first.insert(name.into(), flow);
            return;
        }
        let theirs = self.first.get(name).expect("the same flows from every seed");
        self.different += usize::from(theirs.fixed() != flow.fixed());
        match takes_over(theirs, &flow, self.seed) {
            None => self.ledger.held(name, 1, 0),
            Some(how) => self.ledger.broken(name, self.seed, how),
        }
    }
}

impl<T: Real> FlowVisitor<T> for Meeting<T> {
    fn meet(&mut self, name: &str, flow: AnyFlow<T>) {
        self.note(name, flow);
    }
}

/// The usual stacks, a chain whose first links are frozen, and orders and permutations by themselves.
fn visit_stacks<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    let mut rng = StdRng::seed_from_u64(seed);
    for (name, stack) in [
        ("real_nvp", Stack::real_nvp(5).hidden([6])),
        ("glow", Stack::glow(5).hidden([6])),
        ("spline_coupling", Stack::spline_coupling(5).hidden([6])),
        ("spline_autoregressive", Stack::spline_autoregressive(5).hidden([6])),
        ("maf", Stack::maf(5).hidden([12])),
        ("planar", Stack::planar(5)),
    ] {
        let chain: Chain<T> = stack.layers(3).build(&mut rng).expect("valid sizes");
        visitor.visit(&format!("stack {name}"), chain.clone());
        let mut frozen = chain;
        frozen.freeze(0..2).expect("links");
        visitor.visit(&format!("stack {name}, two links frozen"), frozen);
    }
    let mask = Mask::random(8, &mut rng).expect("splits");
    let coupling: Coupling<T, Spline> = Coupling::<f32, Spline>::new(mask)
        .hidden([5])
        .last_scale(1.0)
        .build(&mut rng)
        .expect("valid sizes");
    let order = Order::Random;
    let maf = Maf::new(6).order(order).hidden([24]).last_scale(1.0);
    let maf: Maf<T> = maf.build(&mut rng).expect("valid sizes");
    let linear = InvertibleLinear::<T>::random(6, &mut rng).expect("six");
    // One of the two that meet has a frame, and the other has none.
    let field = mlp::<T>(seed, &[5], Activation::Tanh);
    let plain = ContinuousFlow::new(field).tolerance(1e-5);
    let framed = plain.clone().framed(frame(seed));
    let flow = if seed.is_multiple_of(2) { framed } else { plain };
    visitor.visit("framed or not", flow.clone());
    let frozen = Frozen::new(flow.clone());
    visitor.visit("framed or not, frozen", frozen.clone());
    visitor.visit("framed or not, turned", Inverted::new(flow.clone()));
    visitor.visit("framed or not, links", Chain::new().then(frozen).then(flow));
    visitor.visit("coupling of a random mask", coupling.clone());
    visitor.visit("turned coupling", Inverted::new(coupling));
    visitor.visit("maf of a random order", maf.clone());
    visitor.visit("permutation", Permutation::random(8, &mut rng).expect("eight"));
    visitor.visit("frozen linear", Frozen::new(linear.clone()));
    visitor.visit("chain in a frozen chain", Frozen::new(Chain::new().then(maf).then(linear)));
}

fn hold<T: Real>() {
    let ledger = Ledger::new(format!("the law of states in {}", T::NAME));
    let mut meeting =
        Meeting::<T> { first: BTreeMap::new(), meets: false, seed: 0, different: 0, ledger };
    for (_, seed) in seeds(1) {
        for (meets, seed) in [(false, seed), (true, seed ^ 0x5eed)] {
            (meeting.meets, meeting.seed) = (meets, seed);
            visit_layers::<T>(seed, &mut meeting);
            visit_kinked::<T>(seed, &mut meeting);
            visit_integrated::<T>(seed, &mut meeting);
            visit_stacks::<T>(seed, &mut meeting);
        }
    }
    // Five stacks with frozen links and six flows of random arrays differ but by chance.
    assert!(meeting.different >= 8, "only {} pairs had different arrays", meeting.different);
    meeting.ledger.close(90);
}

#[test]
fn a_state_is_all_of_a_flow_in_f64() {
    hold::<f64>();
}

#[test]
fn a_state_is_all_of_a_flow_in_f32() {
    hold::<f32>();
}

/// A permutation that forgets to tell of its order.
#[derive(Clone)]
struct Forgetful(Permutation);

impl Flow<f64> for Forgetful {
    fn dim(&self) -> usize {
        self.0.order().len()
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<f64>,
        workspace: &mut Workspace<f64>,
    ) {
        self.0.follow_packet(direction, packet, workspace);
    }
}

impl TrainableFlow<f64> for Forgetful {
    type Tape = StartTape<f64>;

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<f64>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<f64>,
    ) {
        self.0.record_packet(direction, packet, tape, workspace);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<f64>,
        _: &mut [f64],
        workspace: &mut Workspace<f64>,
    ) {
        self.0.pullback_packet(direction, tape, cotangent, &mut [0.0], workspace);
    }
}

#[test]
fn a_flow_that_forgets_an_array_is_found_out() {
    let flow = |order: [usize; 3]| {
        AnyFlow::new(Forgetful(Permutation::new(order.to_vec()).expect("an order")))
    };
    let how = takes_over(&flow([2, 0, 1]), &flow([0, 1, 2]), 1).expect("found out");
    assert!(how.contains("does not become the other"), "{how}");
    assert!(takes_over(&flow([2, 0, 1]), &flow([2, 0, 1]), 1).is_none());
}

//! What is saved and loaded is the same flow: samples, log-densities, gradients, and its file, to the last bit.

use liouville::description::Kinds;
use liouville::flow::AnyFlow;
use liouville::prelude::*;
use liouville::save::Save;

use super::erased::difference;
use super::ledger::Ledger;
use crate::catalogue::{
    FlowVisitor, Own, visit_extreme, visit_extreme_networks, visit_integrated, visit_kinked,
    visit_layers,
};
use crate::support::seeds;

struct Saved {
    seed: u64,
    ledger: Ledger,
}

/// What is wrong with how a flow refuses to be saved that nobody could make again from a file.
fn refuses<T: Real>(flow: &AnyFlow<T>) -> Option<String> {
    match flow.to_bytes() {
        Ok(_) => Some("a closure was saved".into()),
        Err(error) if error.to_string().contains("closures cannot be") => None,
        Err(error) => Some(format!("refused without the reason: {error}")),
    }
}

/// How a flow that was saved and loaded differs from itself, if it does.
fn changed<T: Real>(own: &Own<'_, T>, flow: &AnyFlow<T>, seed: u64) -> Option<String> {
    let bytes = match flow.to_bytes() {
        Ok(bytes) => bytes,
        Err(error) => return Some(format!("not saved: {error}")),
    };
    let again = match AnyFlow::<T>::from_bytes(&bytes, &Kinds::new()) {
        Ok(again) => again,
        Err(error) => return Some(format!("not loaded: {error}")),
    };
    if again.to_bytes().ok() != Some(bytes) {
        return Some("another file of what was loaded".into());
    }
    if again.settings().len() != flow.settings().len() || again.state().fixed != flow.state().fixed
    {
        return Some("other fixed arrays or settings".into());
    }
    difference(own, &again, seed)
}

impl<T: Real> FlowVisitor<T> for Saved {
    fn meet(&mut self, _: &str, _: AnyFlow<T>) {}

    fn compare(&mut self, name: &str, own: &Own<'_, T>, erased: &AnyFlow<T>) {
        let wrong = match name.contains("closure") {
            true => refuses(erased),
            false => changed(own, erased, self.seed),
        };
        match wrong {
            None => self.ledger.held(name, 1, 0),
            Some(how) => self.ledger.broken(name, self.seed, how),
        }
    }
}

fn hold<T: Real>() {
    let ledger = Ledger::new(format!("flows saved and loaded in {}", T::NAME));
    let mut saved = Saved { seed: 0, ledger };
    for (_, seed) in seeds(1) {
        saved.seed = seed;
        visit_layers::<T>(seed, &mut saved);
        visit_kinked::<T>(seed, &mut saved);
        visit_extreme::<T>(seed, &mut saved);
        visit_extreme_networks::<T>(seed, &mut saved);
        visit_integrated::<T>(seed, &mut saved);
    }
    saved.ledger.close(100);
}

#[test]
fn a_flow_that_was_saved_gives_its_own_bits() {
    hold::<f64>();
    hold::<f32>();
}

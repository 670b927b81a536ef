//! What became of a law on every flow that it was tried on: a long run counts, and goes on.

use std::collections::BTreeMap;
use std::fmt::Display;

/// How many violations are told in full.
const TOLD: usize = 12;

/// The cases of a law, flow by flow.
pub struct Ledger {
    law: String,
    flows: BTreeMap<String, Count>,
    violations: Vec<String>,
}

#[derive(Default)]
struct Count {
    held: u64,
    untold: u64,
    broken: u64,
}

impl Ledger {
    pub fn new(law: impl Display) -> Self {
        Self { law: law.to_string(), flows: BTreeMap::new(), violations: Vec::new() }
    }

    /// The law held in some cases; in others it could not be told.
    pub fn held(&mut self, name: &str, held: u32, untold: u32) {
        let count = self.of(name);
        count.held += u64::from(held);
        count.untold += u64::from(untold);
    }

    pub fn broken(&mut self, name: &str, seed: u64, how: impl Display) {
        self.of(name).broken += 1;
        if self.violations.len() < TOLD {
            self.violations.push(format!("{name}, seed {seed}: {how}"));
        }
    }

    fn of(&mut self, name: &str) -> &mut Count {
        if !self.flows.contains_key(name) {
            self.flows.insert(name.into(), Count::default());
        }
        self.flows.get_mut(name).expect("just inserted")
    }

    /// Says what was counted. Panics if the law was broken, if fewer flows than `least` were visited, or
    /// if more than a fifth of all cases could not be told.
    pub fn close(self, least: usize) {
        let total = |part: fn(&Count) -> u64| self.flows.values().map(part).sum::<u64>();
        let (held, untold, broken) = (total(|c| c.held), total(|c| c.untold), total(|c| c.broken));
        let cases = |c: &Count| c.held + c.untold + c.broken;
        let fewest = self.flows.values().map(cases).min().unwrap_or(0);
        let most = self.flows.values().map(cases).max().unwrap_or(0);
        println!(
            "{}: {} flows, {fewest} to {most} cases each; {held} held, {untold} could not be told, {broken} broken",
            self.law,
            self.flows.len()
        );
        for (name, Count { held, untold, broken }) in &self.flows {
            if untold + broken > 0 {
                println!("  {name}: {held} held, {untold} could not be told, {broken} broken");
            }
        }
        assert!(broken == 0, "{}, {broken} times:\n{}", self.law, self.violations.join("\n"));
        assert!(self.flows.len() >= least, "{}: only {} flows", self.law, self.flows.len());
        assert!(4 * untold <= held, "{}: {untold} cases could not be told", self.law);
    }
}

//! Every flow onto a constrained support.

use liouville::flow::elementwise::{
    Constrain, above, below, correlation, free, interval, ordered, positive, simplex, softplus,
};
use liouville::prelude::*;

use super::{FlowVisitor, random};

/// Each kind alone, by name.
pub fn kinds<T: Real>(seed: u64) -> Vec<(&'static str, Constrain<T>)> {
    let mut next = random(seed);
    let (low, high) = (3.0 * next() - 3.0, 3.0 * next() + 4.0);
    let flow = Constrain::<T>::new;
    vec![
        ("free", flow().then(free(2))),
        ("positive", flow().then(positive(2))),
        ("softplus", flow().then(softplus(2))),
        ("above", flow().then(above(low, 2).expect("finite"))),
        ("below", flow().then(below(high, 2).expect("finite"))),
        ("interval", flow().then(interval(low, high, 2).expect("in order"))),
        ("ordered", flow().then(ordered(4))),
        ("simplex of two", flow().then(simplex(2).expect("two"))),
        ("simplex", flow().then(simplex(5).expect("five"))),
        ("correlation of two", flow().then(correlation(2).expect("two"))),
        ("correlation", flow().then(correlation(4).expect("four"))),
    ]
}

/// A positive coordinate, three free ones, four probabilities, three that increase.
pub fn mixed<T: Real>() -> Constrain<T> {
    let simplex = simplex(4).expect("four");
    Constrain::new().then(positive(1)).then(free(3)).then(simplex).then(ordered(3))
}

pub fn visit<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    for (name, flow) in kinds::<T>(seed) {
        visitor.visit_constrained(name, flow);
    }
    visitor.visit_constrained("mixed supports", mixed::<T>());
}

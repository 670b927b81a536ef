//! What a field says of itself, how suddenly it changes and how it is rounded, is that of the parameters it
//! has: a field that was given them answers as one that was made with them.

use liouville::ode::Sharpness;
use liouville::prelude::*;
use proptest::prelude::*;

use crate::catalogue::{TrainableVisitor, visit_trainable};
use crate::support::cases;

/// The parameters of a field, and what it says of itself.
struct Known<T> {
    name: String,
    parameters: Vec<T>,
    says: Says,
}

#[derive(Clone, Debug, PartialEq)]
struct Says {
    sharpness: Option<Sharpness>,
    rounding: Vec<f64>,
}

impl Says {
    fn of<T: Real>(field: &impl VectorField<T>) -> Self {
        let rounding = (0..field.dim()).map(|i| field.rounding(i)).collect();
        Self { sharpness: field.sharpness(), rounding }
    }
}

/// Asks every field, in order.
struct Ask<T>(Vec<Known<T>>);

impl<T: Real> TrainableVisitor<T> for Ask<T> {
    fn visit<F: TrainableField<T> + Clone + 'static>(&mut self, name: &str, field: F) {
        let parameters = field.parameters().to_vec();
        self.0.push(Known { name: name.to_string(), parameters, says: Says::of(&field) });
    }
}

/// Gives every field, and a copy of it, the parameters of another, after it was asked and so may remember.
struct Replace<T> {
    known: std::vec::IntoIter<Known<T>>,
    /// How many fields answered otherwise before.
    changed: usize,
}

impl<T: Real> TrainableVisitor<T> for Replace<T> {
    fn visit<F: TrainableField<T> + Clone + 'static>(&mut self, name: &str, mut field: F) {
        let known = self.known.next().expect("as many as before");
        assert_eq!(known.name, name);
        let before = Says::of(&field);
        let copy = field.clone();
        // What has no parameters has none to refuse.
        let count = known.parameters.len();
        let refused = field.set_parameters(&vec![T::of(f64::NAN); count.max(1)]);
        assert!(refused.is_err() && Says::of(&field) == before, "{name}: changed by a refusal");
        for mut field in [field, copy] {
            field.set_parameters(&known.parameters).expect("of the same layout");
            assert_eq!(Says::of(&field), known.says, "{name}: as it was before, {before:?}");
        }
        self.changed += usize::from(before != known.says);
    }
}

fn follows_parameters<T: Real>(seed: u64) {
    let mut asked = Ask::<T>(Vec::new());
    visit_trainable(seed, &mut asked);
    let mut replace = Replace { known: asked.0.into_iter(), changed: 0 };
    visit_trainable(seed + 1, &mut replace);
    assert_eq!(replace.known.count(), 0, "fewer fields than before");
    // Only what is linear in x without an offset, or moves with constant rates, says the same of all
    // parameters: the networks alone are sixteen and four.
    assert!(
        replace.changed >= 20,
        "{} answered otherwise: this law tells nothing",
        replace.changed
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(4)))]

    #[test]
    fn what_a_field_says_follows_its_parameters(seed in any::<u32>()) {
        follows_parameters::<f32>(u64::from(seed));
        follows_parameters::<f64>(u64::from(seed));
    }
}

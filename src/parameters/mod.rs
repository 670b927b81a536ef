//! Parameters and whatever else makes a model what it is: named arrays, learned and fixed, and settings.
//!
//! | file | what |
//! | --- | --- |
//! | `held` | a layout with its values: what every model with parameters of its own holds |
//! | `fixed` | named arrays that training leaves alone: masks, orders, signs |
//! | `state` | all of a model: parameters, fixed arrays, settings |

mod fixed;
mod held;
mod state;

use std::ops::Range;

use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

pub use fixed::{Fixed, fit};
pub use held::{Parameters, check_fold};
pub use state::{Setting, State};

/// One named array inside a flat parameter vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name, as PyTorch would give it (`net.0.weight`).
    pub name: String,
    /// The shape, row-major; a weight is [out, in].
    pub shape: Vec<usize>,
    /// Where its values lie in the flat vector.
    pub range: Range<usize>,
}

impl Named {
    /// The name of one of its values, by its place among them.
    fn place(&self, k: usize) -> String {
        place(&self.name, &self.shape, k)
    }
}

/// The name of value `k` of an array: `net.0.weight`\[1, 2\].
fn place(name: &str, shape: &[usize], k: usize) -> String {
    let mut rest = k;
    let mut indices: Vec<String> = Vec::new();
    for &extent in shape.iter().rev() {
        indices.push((rest % extent.max(1)).to_string());
        rest /= extent.max(1);
    }
    indices.reverse();
    format!("`{name}`[{}]", indices.join(", "))
}

/// The names, shapes and places of all arrays in a flat parameter vector, in order.
///
/// The layout of a flow also has a [fingerprint](Layout::fingerprint) of what the flow is besides its
/// parameters. Two layouts are equal if their arrays and their fingerprints are: then, and only then, do
/// the parameters of one flow make the other the same flow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    entries: Vec<Named>,
    fingerprint: u64,
}

impl Layout {
    /// No arrays yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// No arrays at all, as a constant.
    pub(crate) const fn none() -> Self {
        Self { entries: Vec::new(), fingerprint: 0 }
    }

    /// These arrays, one behind the other.
    pub fn of<const N: usize>(arrays: [(&str, &[usize]); N]) -> Self {
        let mut layout = Self::new();
        for (name, shape) in arrays {
            layout.push(name, shape);
        }
        layout
    }

    /// The same arrays, beside these fixed ones and with these settings.
    pub fn beside(mut self, fixed: &[Fixed], settings: &[Setting]) -> Self {
        self.fingerprint = state::fingerprint(fixed, settings);
        self
    }

    /// The same arrays with this [fingerprint](Layout::fingerprint).
    pub(crate) fn marked(mut self, fingerprint: u64) -> Self {
        self.fingerprint = fingerprint;
        self
    }

    /// A number that tells fixed arrays and settings apart: two flows of the same arrays, made from
    /// different seeds, may differ in their masks or permutations, and then differ here. Zero where
    /// nobody told the layout.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Appends an array and returns its place.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize]) -> Range<usize> {
        let start = self.len();
        // Of a size that nobody could have: then no values fit, and none are made.
        let count = shape.iter().fold(1usize, |count, &extent| count.saturating_mul(extent));
        let range = start..start.saturating_add(count);
        self.entries.push(Named { name: name.into(), shape: shape.to_vec(), range: range.clone() });
        range
    }

    /// Appends the arrays of a part, whose names get that of the part in front: `base.mean`.
    pub fn append(&mut self, part: &str, inner: &Self) {
        for entry in &inner.entries {
            self.push(format!("{part}.{}", entry.name), &entry.shape);
        }
    }

    /// The length of the flat vector.
    pub fn len(&self) -> usize {
        self.entries.last().map_or(0, |entry| entry.range.end)
    }

    /// Whether there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The arrays, in the order of the flat vector.
    pub fn entries(&self) -> &[Named] {
        &self.entries
    }

    /// The array of this name.
    pub fn find(&self, name: &str) -> Option<&Named> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// An error unless `values` are a flat vector of this layout: as many as there are parameters, and
    /// all finite. Whatever takes parameters asks this before it changes anything.
    ///
    /// ```
    /// use liouville::parameters::Layout;
    ///
    /// let mut layout = Layout::new();
    /// layout.push("net.0.weight", &[2, 3]);
    /// assert!(layout.check(&[0.0; 6]).is_ok());
    /// assert!(layout.check(&[0.0; 5]).is_err_and(|error| error.is_shape()));
    /// let error = layout.check(&[0.0, 0.0, 0.0, 0.0, f64::NAN, 0.0]).unwrap_err();
    /// assert!(error.is_non_finite() && error.to_string().contains("`net.0.weight`[1, 1] is NaN"));
    /// ```
    ///
    /// # Errors
    ///
    /// If there are more values or fewer, or one is NaN or infinite; the error names the array and the
    /// place in it.
    pub fn check<T: Real>(&self, values: &[T]) -> Result<()> {
        if values.len() != self.len() {
            return Err(self.wrong_length(values.len()));
        }
        // Without a way out of the loop, many at a time: training asks at every step.
        if values.iter().fold(true, |all, value| all & value.is_finite()) {
            return Ok(());
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(k) => Err(self.not_finite(k, values[k])),
            None => Ok(()),
        }
    }

    fn wrong_length(&self, given: usize) -> Error {
        let (expected, arrays) = (self.len(), self.entries.len());
        Error::shape(match (self.entries.first(), self.entries.last()) {
            (Some(first), Some(last)) => format!(
                "{} for a model of {expected}, in {} from `{}` to `{}`: give all, in the order of its layout",
                shown::count(given, "parameter"),
                shown::count(arrays, "array"),
                first.name,
                last.name
            ),
            _ => format!(
                "{} for a model that has none: give an empty slice",
                shown::count(given, "parameter")
            ),
        })
    }

    fn not_finite<T: Real>(&self, k: usize, value: T) -> Error {
        let entry = self.entries.iter().find(|entry| entry.range.contains(&k));
        let place = entry.map_or_else(String::new, |entry| entry.place(k - entry.range.start));
        Error::non_finite(format!(
            "the parameter {place} is {value}, value {k} of {}: give finite numbers",
            self.len()
        ))
    }
}

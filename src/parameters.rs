//! Parameters: named, shaped slices of one flat vector.

use std::ops::Range;

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

/// The names, shapes and places of all arrays in a flat parameter vector, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    entries: Vec<Named>,
}

impl Layout {
    /// No arrays yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an array and returns its place.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize]) -> Range<usize> {
        let start = self.len();
        let range = start..start + shape.iter().product::<usize>();
        self.entries.push(Named { name: name.into(), shape: shape.to_vec(), range: range.clone() });
        range
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
}

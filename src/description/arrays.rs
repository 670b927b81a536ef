//! Named arrays with their shapes, of which nothing is taken twice or left over.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::parameters::{Fixed, Layout, State};
use crate::real::Real;

/// An array: its shape, row-major, and its values, in `f64` whatever it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The shape; a weight is [out, in].
    pub shape: Vec<usize>,
    /// The values.
    pub values: Vec<f64>,
    /// The name of the scalar that they were given in, and are exact in: `f32` or `f64`.
    pub scalar: &'static str,
}

/// Arrays by their names.
#[derive(Debug, Clone, Default)]
pub struct Arrays {
    all: BTreeMap<String, (Array, Cell<bool>)>,
}

impl Arrays {
    /// No array yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The arrays that make a flow what it is: parameters in its scalar, and fixed ones in `f64`.
    pub fn of_state<T: Real>(state: &State<T>) -> Result<Self> {
        let mut arrays = Self::new();
        arrays.add_parameters(&state.layout, &state.parameters)?;
        state.fixed.iter().try_for_each(|fixed| arrays.add_fixed(fixed.clone()))?;
        Ok(arrays)
    }

    /// Adds the parameters of a layout.
    ///
    /// # Errors
    ///
    /// If there are not as many as the layout says, or a name stands there already.
    pub fn add_parameters<T: Real>(&mut self, layout: &Layout, values: &[T]) -> Result<()> {
        layout.check(values)?;
        for entry in layout.entries() {
            let values = values[entry.range.clone()].iter().map(|value| value.wide()).collect();
            let array = Array { shape: entry.shape.clone(), values, scalar: T::NAME };
            self.add(&entry.name, array)?;
        }
        Ok(())
    }

    /// Adds an array that does not learn.
    ///
    /// # Errors
    ///
    /// If the name stands there already.
    pub fn add_fixed(&mut self, fixed: Fixed) -> Result<()> {
        let Fixed { name, shape, values } = fixed;
        self.add(&name, Array { shape, values, scalar: f64::NAME })
    }

    /// Adds an array.
    ///
    /// # Errors
    ///
    /// If the name stands there already, there are not as many values as the shape says, or one is NaN or
    /// infinite.
    pub fn add(&mut self, name: &str, array: Array) -> Result<()> {
        let Array { shape, values, .. } = &array;
        let count = shape.iter().try_fold(1usize, |count, &extent| count.checked_mul(extent));
        if count != Some(values.len()) {
            return Err(Error::shape(format!(
                "the array `{name}` {shape:?} has {} values: give as many as its shape says",
                values.len()
            )));
        }
        if let Some(k) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::non_finite(format!(
                "value {k} of the array `{name}` {shape:?} is {}: the model was not saved by this crate, or the file was changed",
                values[k]
            )));
        }
        match self.all.insert(name.into(), (array, Cell::new(false))) {
            None => Ok(()),
            Some(_) => Err(Error::setting(format!(
                "two arrays are called `{name}`: give each part a name of its own"
            ))),
        }
    }

    /// Adds the arrays of a part, with its name in front of theirs.
    ///
    /// # Errors
    ///
    /// If a name stands there already.
    pub fn add_part(&mut self, part: &str, arrays: Self) -> Result<()> {
        arrays
            .all
            .into_iter()
            .try_for_each(|(name, (array, _))| self.add(&format!("{part}.{name}"), array))
    }

    /// All arrays, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.all.iter().map(|(name, (array, _))| (name.as_str(), array))
    }

    /// The number of arrays.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether there is an array of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// The array of this name, which counts as taken from then on.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn take(&self, name: &str) -> Result<&Array> {
        let found = self.all.get(name).ok_or_else(|| {
            Error::format(format!("the array `{name}` is missing: the file is not complete"))
        })?;
        found.1.set(true);
        Ok(&found.0)
    }

    /// An error that names the first array that nobody took.
    ///
    /// # Errors
    ///
    /// If there is one.
    pub fn all_taken(&self) -> Result<()> {
        match self.all.iter().find(|(_, (_, taken))| !taken.get()) {
            Some((name, (array, _))) => Err(Error::format(format!(
                "the array `{name}` {:?} belongs to nothing that the description names: the file was made by another program, or changed",
                array.shape
            ))),
            None => Ok(()),
        }
    }
}

//! A description with its arrays, from which a model is made.

use super::kinds::shortened;
use super::{Array, Arrays, Description, Kinds, Value};
use crate::error::{Error, Result};
use crate::parameters::{Fixed, Layout, Parameters};
use crate::real::Real;

/// The most that a count may be: a width or a dimension beyond is no model that could be run.
const MOST: u64 = 1 << 24;

/// What can be made from a description of itself and its arrays.
pub trait Restore: Sized {
    /// Makes what is described: it computes the same numbers as what the description was taken of, to the last
    /// bit.
    ///
    /// # Errors
    ///
    /// If the description is of another kind, a setting is missing or out of range, or an array is missing or
    /// has another shape; the error names it.
    fn restore(source: &Source<'_>) -> Result<Self>;
}

/// A description, or a part of one, with the arrays that belong to it.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    description: &'a Description,
    arrays: &'a Arrays,
    kinds: &'a Kinds,
    /// What stands in front of the names of its arrays.
    prefix: String,
}

impl<'a> Source<'a> {
    /// A whole description.
    pub fn new(description: &'a Description, arrays: &'a Arrays, kinds: &'a Kinds) -> Self {
        Self { description, arrays, kinds, prefix: String::new() }
    }

    /// The name of the kind.
    pub fn kind(&self) -> &'a str {
        self.description.kind()
    }

    /// The description.
    pub fn description(&self) -> &'a Description {
        self.description
    }

    /// Kinds of a user's own.
    pub fn kinds(&self) -> &'a Kinds {
        self.kinds
    }

    /// An error unless the kind is this one.
    ///
    /// # Errors
    ///
    /// If it is another.
    pub fn expect(&self, kind: &str) -> Result<()> {
        if self.kind() == kind {
            return Ok(());
        }
        Err(Error::setting(format!(
            "the description is of the kind `{}`, and `{kind}` is wanted: load it as what it is, or as a kind that holds any",
            shortened(self.kind())
        )))
    }

    /// A part, whose arrays have names of their own in the whole.
    ///
    /// # Errors
    ///
    /// If there is none of this name.
    pub fn part(&self, name: &str) -> Result<Self> {
        let found = self.description.parts().iter().find(|(own, _)| own == name);
        let (_, description) = found.ok_or_else(|| self.missing("part", name))?;
        Ok(Self { description, ..self.clone() })
    }

    /// A part, in front of whose arrays stands this name.
    ///
    /// # Errors
    ///
    /// If there is none of this name.
    pub fn part_within(&self, name: &str, prefix: &str) -> Result<Self> {
        let part = self.part(name)?;
        let prefix = format!("{}{prefix}.", self.prefix);
        Ok(Self { prefix, ..part })
    }

    /// Whether there is a part of this name.
    pub fn has_part(&self, name: &str) -> bool {
        self.description.parts().iter().any(|(own, _)| own == name)
    }

    /// Whether there is an array of this name.
    pub fn has_array(&self, name: &str) -> bool {
        self.arrays.contains(&format!("{}{name}", self.prefix))
    }

    /// An array.
    ///
    /// # Errors
    ///
    /// If there is none of this name.
    pub fn array(&self, name: &str) -> Result<&'a Array> {
        self.arrays.take(&format!("{}{name}", self.prefix))
    }

    /// The extents of an array of so many dimensions.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or it has another number of dimensions.
    pub fn shape<const N: usize>(&self, name: &str) -> Result<[usize; N]> {
        let shape = &self.array(name)?.shape;
        shape.as_slice().try_into().map_err(|_| {
            Error::shape(format!(
                "the array `{}{name}` is {shape:?}: give one of {N} dimensions",
                self.prefix
            ))
        })
    }

    /// An array that does not learn.
    ///
    /// # Errors
    ///
    /// If there is none of this name.
    pub fn fixed(&self, name: &str) -> Result<Fixed> {
        let Array { shape, values, .. } = self.array(name)?.clone();
        Ok(Fixed { name: name.into(), shape, values })
    }

    /// The parameters of a layout: its arrays by their names.
    ///
    /// # Errors
    ///
    /// If one is missing or has another shape, or a value exceeds the scalar's range.
    pub fn parameters<T: Real>(&self, layout: &Layout) -> Result<Vec<T>> {
        // Not with room for what the layout declares: only what is there is taken.
        let mut values = Vec::new();
        for entry in layout.entries() {
            let array = self.array(&entry.name)?;
            if array.shape != entry.shape {
                return Err(Error::shape(format!(
                    "the array `{}{}` is {:?}, and the description says {:?}: the file was changed",
                    self.prefix, entry.name, array.shape, entry.shape
                )));
            }
            values.extend(array.values.iter().map(|&value| T::of(value)));
        }
        layout.check(&values)?;
        Ok(values)
    }

    /// The same with their layout.
    ///
    /// # Errors
    ///
    /// As [`parameters`](Source::parameters).
    pub fn held<T: Real>(&self, layout: Layout) -> Result<Parameters<T>> {
        let values = self.parameters(&layout)?;
        Parameters::new(layout, values)
    }
}

/// Settings.
impl Source<'_> {
    /// A size: a whole number up to 2^24.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or it is none.
    pub fn count(&self, name: &str) -> Result<usize> {
        match self.value(name)? {
            Value::Count(count) if *count <= MOST => Ok(*count as usize),
            value => Err(self.bad(name, value, "a whole number up to 16777216")),
        }
    }

    /// Any whole number from zero, such as a seed.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or it is none.
    pub fn whole(&self, name: &str) -> Result<u64> {
        match self.value(name)? {
            Value::Count(count) => Ok(*count),
            value => Err(self.bad(name, value, "a whole number")),
        }
    }

    /// A number.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or it is none.
    pub fn number(&self, name: &str) -> Result<f64> {
        match self.value(name)? {
            Value::Number(number) if number.is_finite() => Ok(*number),
            Value::Count(count) => Ok(*count as f64),
            value => Err(self.bad(name, value, "a finite number")),
        }
    }

    /// A number, if there is one of this name.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn optional_number(&self, name: &str) -> Result<Option<f64>> {
        self.description.setting(name).map(|_| self.number(name)).transpose()
    }

    /// Yes or no.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or it is neither.
    pub fn flag(&self, name: &str) -> Result<bool> {
        match self.value(name)? {
            Value::Flag(flag) => Ok(*flag),
            value => Err(self.bad(name, value, "true or false")),
        }
    }

    /// A word.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or it is none.
    pub fn word(&self, name: &str) -> Result<&str> {
        match self.value(name)? {
            Value::Word(word) => Ok(word),
            value => Err(self.bad(name, value, "a word")),
        }
    }

    /// Sizes: whole numbers up to 2^24.
    ///
    /// # Errors
    ///
    /// If there are none of this name, or one is none.
    pub fn counts(&self, name: &str) -> Result<Vec<usize>> {
        match self.value(name)? {
            Value::Counts(counts) if counts.iter().all(|count| *count <= MOST) => {
                Ok(counts.iter().map(|&count| count as usize).collect())
            }
            // What an empty list is a list of does not show.
            Value::Numbers(none) if none.is_empty() => Ok(Vec::new()),
            Value::Words(none) if none.is_empty() => Ok(Vec::new()),
            value => Err(self.bad(name, value, "whole numbers up to 16777216")),
        }
    }

    /// Numbers.
    ///
    /// # Errors
    ///
    /// If there are none of this name, or one is none.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        match self.value(name)? {
            Value::Numbers(numbers) if numbers.iter().all(|number| number.is_finite()) => {
                Ok(numbers.clone())
            }
            Value::Counts(counts) => Ok(counts.iter().map(|&count| count as f64).collect()),
            Value::Words(none) if none.is_empty() => Ok(Vec::new()),
            value => Err(self.bad(name, value, "finite numbers")),
        }
    }

    /// An error about a word that names nothing.
    pub fn unknown(&self, name: &str, word: &str) -> Error {
        Error::setting(format!(
            "`{name}` of `{}` is `{}`, which this version does not know: take the version that wrote it",
            shortened(self.kind()),
            shortened(word)
        ))
    }

    fn value(&self, name: &str) -> Result<&Value> {
        self.description.setting(name).ok_or_else(|| self.missing("setting", name))
    }

    fn missing(&self, what: &str, name: &str) -> Error {
        Error::setting(format!(
            "the {what} `{name}` of `{}` is missing: the description is not complete",
            shortened(self.kind())
        ))
    }

    fn bad(&self, name: &str, value: &Value, wanted: &str) -> Error {
        let shown: String = format!("{value:?}").chars().take(60).collect();
        Error::setting(format!(
            "the setting `{name}` of `{}` is {shown}: it has to be {wanted}",
            shortened(self.kind())
        ))
    }
}

//! A description with its arrays, from which a model is made, and how kinds of a user's own are.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;

use super::words::shortened;
use super::{Array, Arrays, Description};
use crate::error::{Error, Result};
use crate::parameters::{Fixed, Layout, Parameters};
use crate::real::Real;

/// What can be described, and made again from its description and its arrays: a model as a whole.
pub trait Describe<T> {
    /// What it is besides its arrays.
    ///
    /// # Errors
    ///
    /// If a part does not describe itself.
    fn description(&self) -> Result<Description>;

    /// Its arrays: parameters, and those that do not learn.
    ///
    /// # Errors
    ///
    /// If two arrays of different parts have one name.
    fn arrays(&self) -> Result<Arrays>;
}

/// What can be made from a description of itself and its arrays, to compute with the scalar `T`.
pub trait Restore<T>: Sized {
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
    pub fn check_kind(&self, kind: &str) -> Result<()> {
        if self.kind() == kind {
            return Ok(());
        }
        Err(Error::format(format!(
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
        let description = self.find(name).ok_or_else(|| self.missing("part", name))?;
        Ok(Self { description, ..self.clone() })
    }

    /// All parts, in order, in front of whose arrays stand their places: `0`, `1`, ....
    pub fn parts(&self) -> impl Iterator<Item = Self> + '_ {
        self.description.parts().iter().enumerate().map(|(k, (_, description))| {
            let prefix = format!("{}{k}.", self.prefix);
            Self { description, prefix, ..self.clone() }
        })
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

    /// An error about something that a description does not have.
    pub(super) fn missing(&self, what: &str, name: &str) -> Error {
        Error::format(format!(
            "the {what} `{name}` of `{}` is missing: the description is not complete",
            shortened(self.kind())
        ))
    }

    /// Whether there is a part of this name.
    pub fn has_part(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The part of this name; that of a number is usually at its place, so that a long list takes no square of its
    /// length.
    fn find(&self, name: &str) -> Option<&'a Description> {
        let parts = self.description.parts();
        let at_place = name.parse().ok().and_then(|place: usize| parts.get(place));
        let found = at_place.filter(|(own, _)| own == name);
        found.or_else(|| parts.iter().find(|(own, _)| own == name)).map(|(_, part)| part)
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

    /// The first extent of an array, one or more.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or nothing in it.
    pub fn extent(&self, name: &str) -> Result<usize> {
        // Beside an extent of zero another may be anything.
        let Array { shape, values, .. } = self.array(name)?;
        match shape.first() {
            Some(&extent) if !values.is_empty() => Ok(extent),
            _ => Err(Error::shape(format!(
                "the array `{}{name}` is empty: the file is not complete",
                self.prefix
            ))),
        }
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

/// How kinds of a user's own are made from their descriptions, beside those of the crate.
///
/// What a maker gives is a type that holds any kind, such as an [`AnyFlow`](crate::flow::AnyFlow), of one
/// scalar.
#[derive(Default)]
pub struct Kinds {
    makers: BTreeMap<String, Vec<Box<dyn Any + Send + Sync>>>,
}

/// How something is made from its description and its arrays.
type Maker<R> = fn(&Source<'_>) -> Result<R>;

impl Kinds {
    /// None but those of the crate.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more kind: what a description of this name is made by. A name of the crate's own
    /// kinds means the crate's own kind nevertheless.
    pub fn with<R: 'static>(mut self, kind: &str, make: Maker<R>) -> Self {
        self.makers.entry(kind.into()).or_default().push(Box::new(make));
        self
    }

    /// What a source of a kind of a user's own makes.
    ///
    /// # Errors
    ///
    /// If nobody said how to make one, or making it fails.
    pub fn make<R: 'static>(&self, what: &str, source: &Source<'_>) -> Result<R> {
        let makers = self.makers.get(source.kind()).into_iter().flatten();
        match makers.filter_map(|maker| maker.downcast_ref::<Maker<R>>()).next() {
            Some(make) => make(source),
            None => Err(Error::format(format!(
                "there is no {what} of the kind `{}`: take the version of the crate that wrote it, or say how it is made by `Kinds`",
                shortened(source.kind())
            ))),
        }
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.makers.keys()).finish()
    }
}

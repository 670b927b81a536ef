//! Kinds that the crate does not know, by their names: how a user's own field or flow is made again.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;

use super::Source;
use crate::error::{Error, Result};

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
            None => Err(Error::setting(format!(
                "there is no {what} of the kind `{}`: take the version of the crate that wrote it, or say how it is made by `Kinds`",
                shortened(source.kind())
            ))),
        }
    }
}

/// What a message shows of a name that a stranger wrote.
pub(super) fn shortened(name: &str) -> String {
    let shown: String = name.chars().take(40).flat_map(char::escape_debug).collect();
    if name.chars().count() > 40 { format!("{shown}...") } else { shown }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.makers.keys()).finish()
    }
}

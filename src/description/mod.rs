//! What a model is, as a value: kinds and settings in a tree, and named arrays beside it.
//!
//! | file | what |
//! | --- | --- |
//! | `arrays` | named arrays with their shapes, of which nothing is taken twice or left over |
//! | `source` | a description with its arrays, from which a model is made; kinds of a user's own |
//! | `settings` | settings, each as what it has to be |
//! | `words` | words that a stranger wrote, as messages show them |
//!
//! A flow, field, solver or base describes itself ([`Description`]), and is made again from its description
//! and its arrays ([`Restore`]). Nothing of a description is code, and nothing in it makes room for more
//! than the arrays hold. Files are one way to keep both.

mod arrays;
mod settings;
mod source;
mod words;

use crate::error::{Error, Result};

pub use arrays::{Array, Arrays};
pub use source::{Describe, Kinds, Restore, Source};

/// What a thing is besides its arrays: the name of its kind, its settings, and the parts that it is made of.
///
/// ```
/// use liouville::description::{Description, Value};
///
/// let step = Description::new("Fixed").with("method", "rk4").with("steps", 20usize);
/// let flow = Description::new("MyFlow").with("strength", 0.5).part("solver", step);
/// assert_eq!(flow.kind(), "MyFlow");
/// assert_eq!(flow.setting("strength"), Some(&Value::Number(0.5)));
/// assert_eq!(flow.parts()[0].1.kind(), "Fixed");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    kind: String,
    settings: Vec<(String, Value)>,
    parts: Vec<(String, Description)>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number from zero.
    Count(u64),
    /// A finite number.
    Number(f64),
    /// A word.
    Word(String),
    /// Whole numbers from zero.
    Counts(Vec<u64>),
    /// Finite numbers.
    Numbers(Vec<f64>),
    /// Words.
    Words(Vec<String>),
}

impl Description {
    /// A kind without settings and parts.
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), settings: Vec::new(), parts: Vec::new() }
    }

    /// The same with one more setting.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The same with one more setting, if there is a value.
    pub fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same with one more part.
    pub fn part(mut self, name: &str, part: Self) -> Self {
        self.parts.push((name.into(), part));
        self
    }

    /// The name of the kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The settings, in order.
    pub fn settings(&self) -> &[(String, Value)] {
        &self.settings
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[(String, Self)] {
        &self.parts
    }

    /// The setting of this name.
    pub fn setting(&self, name: &str) -> Option<&Value> {
        self.settings.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// What cannot be described, because it does not say by what it could be made again.
    pub fn none_of<F: ?Sized>(what: &str) -> Error {
        let kind = crate::parameters::Setting::kind_of::<F>().value;
        Error::setting(format!(
            "a {what} of the type {kind} does not describe itself, so that it cannot be saved: give it `describe`, and make it again by `Restore`; what is made of closures cannot be"
        ))
    }

    /// An error that names the first number that is NaN or infinite: a description has none.
    ///
    /// # Errors
    ///
    /// If there is one.
    pub fn check(&self) -> Result<()> {
        let bad = |value: &Value| match value {
            Value::Number(number) => !number.is_finite(),
            Value::Numbers(numbers) => numbers.iter().any(|number| !number.is_finite()),
            _ => false,
        };
        if let Some((name, value)) = self.settings.iter().find(|(_, value)| bad(value)) {
            return Err(Error::non_finite(format!(
                "the setting `{name}` of `{}` is {value:?}: give finite numbers",
                self.kind
            )));
        }
        self.parts.iter().try_for_each(|(_, part)| part.check())
    }
}

/// The same words for every type that a setting is made from.
macro_rules! value_from {
    ($($from:ty => |$value:ident| $into:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        }
    )*};
}

value_from! {
    bool => |flag| Self::Flag(flag);
    usize => |count| Self::Count(count as u64);
    u32 => |count| Self::Count(count.into());
    u64 => |count| Self::Count(count);
    f64 => |number| Self::Number(number);
    &str => |word| Self::Word(word.into());
    String => |word| Self::Word(word);
    &[usize] => |counts| Self::Counts(counts.iter().map(|&count| count as u64).collect());
    &[f64] => |numbers| Self::Numbers(numbers.to_vec());
    Vec<String> => |words| Self::Words(words);
}

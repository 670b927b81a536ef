//! The settings of a description, each asked for as what it has to be.

use super::words::shortened;
use super::{Source, Value};
use crate::error::{Error, Result};

/// The most that a count may be: a width or a dimension beyond is no model that could be run.
const MOST: u64 = 1 << 24;
/// The most that is done for each sample.
const MOST_TIMES: u64 = 1 << 16;
/// The most hidden layers.
const DEEPEST: usize = 1000;

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
        self.description().setting(name).map(|_| self.number(name)).transpose()
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

    /// The widths of hidden layers: few enough for a list of them to take no more room than the network itself.
    ///
    /// # Errors
    ///
    /// If there are none of this name, one is none, or there are more than a thousand.
    pub fn widths(&self, name: &str) -> Result<Vec<usize>> {
        let widths = self.counts(name)?;
        match widths.len() <= DEEPEST {
            true => Ok(widths),
            false => Err(Error::format(format!(
                "`{name}` of `{}` has {} layers: it has to be at most {DEEPEST}",
                shortened(self.kind()),
                widths.len()
            ))),
        }
    }

    /// How many times something is done for each sample, such as probes, or steps of equal length: up to 2^16, so that a file that was
    /// changed does not make an evaluation endless.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or it is none.
    pub fn times(&self, name: &str) -> Result<usize> {
        match self.value(name)? {
            Value::Count(count) if *count <= MOST_TIMES => Ok(*count as usize),
            value => Err(self.bad(name, value, "a whole number up to 65536")),
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

    /// Words.
    ///
    /// # Errors
    ///
    /// If there are none of this name, or one is none.
    pub fn words(&self, name: &str) -> Result<Vec<String>> {
        match self.value(name)? {
            Value::Words(words) => Ok(words.clone()),
            // What an empty list is a list of does not show.
            Value::Counts(none) if none.is_empty() => Ok(Vec::new()),
            Value::Numbers(none) if none.is_empty() => Ok(Vec::new()),
            value => Err(self.bad(name, value, "words")),
        }
    }

    /// An error about a word that names nothing.
    pub fn unknown(&self, name: &str, word: &str) -> Error {
        Error::format(format!(
            "`{name}` of `{}` is `{}`, which this version does not know: take the version that wrote it",
            shortened(self.kind()),
            shortened(word)
        ))
    }

    fn value(&self, name: &str) -> Result<&Value> {
        self.description().setting(name).ok_or_else(|| self.missing("setting", name))
    }

    fn bad(&self, name: &str, value: &Value, wanted: &str) -> Error {
        let shown: String = format!("{value:?}").chars().take(60).collect();
        Error::format(format!(
            "the setting `{name}` of `{}` is {shown}: it has to be {wanted}",
            shortened(self.kind())
        ))
    }
}

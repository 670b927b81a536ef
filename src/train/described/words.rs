//! Numbers that JSON does not have, sizes, and lists, in a description.

use std::collections::BTreeSet;

use crate::description::{Array, Arrays, Description, Source, Value};
use crate::error::{Error, Result};
use crate::real::Real;

/// Sizes beyond are exact in no `f64`, and none of a run.
const MOST: u64 = 1 << 53;

/// A number that need not be finite: what JSON does not have becomes a word.
pub(super) fn any(number: f64) -> Value {
    match number.is_finite() {
        true => Value::Number(number),
        false => Value::Word(number.to_string()),
    }
}

/// The number that [`any`] described.
pub(super) fn any_number(source: &Source<'_>, name: &str) -> Result<f64> {
    match source.description().setting(name) {
        Some(Value::Word(word)) => match word.as_str() {
            "NaN" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            other => Err(source.unknown(name, other)),
        },
        _ => source.number(name),
    }
}

/// A number of steps, rows or the like, which may exceed the width of a network.
pub(super) fn size(source: &Source<'_>, name: &str) -> Result<usize> {
    let found = source.whole(name)?;
    match usize::try_from(found) {
        Ok(size) if found <= MOST => Ok(size),
        _ => Err(Error::format(format!(
            "`{name}` of the checkpoint is {found}: no run has so many, the file was changed"
        ))),
    }
}

/// The same, if there is one of this name.
pub(super) fn optional_size(source: &Source<'_>, name: &str) -> Result<Option<usize>> {
    source.description().setting(name).map(|_| size(source, name)).transpose()
}

/// Parts called 0, 1, ... of a node.
pub(super) fn list(kind: &str, items: impl Iterator<Item = Description>) -> Description {
    items
        .enumerate()
        .fold(Description::new(kind), |list, (k, item)| list.part(&k.to_string(), item))
}

/// What is made of the parts of a node, in order.
pub(super) fn each<R>(
    source: &Source<'_>,
    make: impl Fn(&Source<'_>) -> Result<R>,
) -> Result<Vec<R>> {
    (0..source.description().parts().len()).map(|k| make(&source.part(&k.to_string())?)).collect()
}

/// Names, of which no two are the same: a short list is not to stand for many copies of a large array.
pub(super) fn names(source: &Source<'_>, name: &str) -> Result<Vec<String>> {
    let found = source.words(name)?;
    let distinct: BTreeSet<&String> = found.iter().collect();
    match distinct.len() == found.len() {
        true => Ok(found),
        false => Err(Error::format(format!(
            "two arrays of `{name}` of the checkpoint have one name: the file was changed"
        ))),
    }
}

/// Adds a vector of the scalar of the run.
pub(super) fn add<T: Real>(arrays: &mut Arrays, name: &str, values: &[T]) -> Result<()> {
    let shape = vec![values.len()];
    let values = values.iter().map(|value| value.wide()).collect();
    arrays.add(name, Array { shape, values, scalar: T::NAME })
}

/// A vector of so many numbers, of the scalar of the run.
pub(super) fn vector<T: Real>(source: &Source<'_>, name: &str, len: usize) -> Result<Vec<T>> {
    let [found] = source.shape(name)?;
    if found != len {
        return Err(Error::shape(format!(
            "`{name}` of the checkpoint has {found} numbers, and the model {len} parameters: the file was changed"
        )));
    }
    source.array(name)?.values.iter().map(|&value| narrow(name, value)).collect()
}

/// A value in the scalar of the run.
pub(super) fn narrow<T: Real>(name: &str, value: f64) -> Result<T> {
    let narrow = T::of(value);
    match narrow.wide().is_finite() {
        true => Ok(narrow),
        false => Err(Error::non_finite(format!(
            "`{name}` of the checkpoint holds {value:e}, which is no {}: the file was changed",
            T::NAME
        ))),
    }
}

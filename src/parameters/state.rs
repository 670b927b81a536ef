//! All of a model: its parameters, its fixed arrays, and the settings that it must share.

use std::fmt::Debug;

use super::{Fixed, Layout, Named};
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// One choice that makes a flow what it is and is no array, such as the interval of its splines.
///
/// Settings of how a flow is computed (solver, tolerance, how a trace is taken) do not belong here: they
/// may differ between two copies of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What is chosen, with the place of its link in a chain in front: `3.transformer`.
    pub name: String,
    /// What it is, in words that differ where the choices do.
    pub value: String,
}

impl Setting {
    /// A choice by its debug output, which for numbers has all digits.
    pub fn new(name: &str, value: impl Debug) -> Self {
        Self { name: name.into(), value: format!("{value:?}") }
    }

    /// The kind of a flow or field.
    pub fn kind(value: &str) -> Self {
        Self { name: "kind".into(), value: value.into() }
    }

    /// The kind of a flow or field: the name of its type, without the places of its parts.
    pub fn kind_of<F: ?Sized>() -> Self {
        let words = std::any::type_name::<F>().split_inclusive(|c: char| "<>(), ".contains(c));
        let last = |word: &str| word.rsplit("::").next().unwrap_or(word).to_string();
        Self::kind(&words.map(last).collect::<String>())
    }

    /// The same setting of a part, seen from the whole.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.name = format!("{part}.{}", self.name);
        self
    }
}

/// All that makes a flow what it is: two flows of equal states are the same, to the last bit.
///
/// Taken by [`TrainableFlow::state`](crate::flow::TrainableFlow::state) and given to a flow that was made
/// the same way, from any seed, by [`set_state`](crate::flow::TrainableFlow::set_state).
#[derive(Debug, Clone, PartialEq)]
pub struct State<T> {
    /// The names, shapes and places of the parameters.
    pub layout: Layout,
    /// The parameters, flat.
    pub parameters: Vec<T>,
    /// The arrays that do not learn.
    pub fixed: Vec<Fixed>,
    /// What both flows must have in common.
    pub settings: Vec<Setting>,
}

impl<T: Real> State<T> {
    /// An error unless a flow whose state is `own` could have this one: of the same settings, and with
    /// the same arrays.
    ///
    /// # Errors
    ///
    /// If it could not; the error names the first setting or array that differs.
    pub fn check_like(&self, own: &Self) -> Result<()> {
        let pairs = self.settings.iter().zip(&own.settings);
        if let Some((theirs, ours)) = pairs.clone().find(|(theirs, ours)| theirs != ours) {
            return Err(Error::setting(format!(
                "the state is of a flow whose `{}` is {}; here `{}` is {}: make the flow the same way",
                theirs.name, theirs.value, ours.name, ours.value
            )));
        }
        if self.settings.len() != own.settings.len() {
            return Err(Error::setting(format!(
                "the state is of a flow of {}, and this has {}: make the flow the same way",
                shown::count(self.settings.len(), "setting"),
                own.settings.len()
            )));
        }
        same_arrays(self.layout.entries(), own.layout.entries())
    }

    /// The parameters among the fixed arrays, in front: what remains of a flow that does not learn.
    pub(crate) fn into_fixed(self) -> Vec<Fixed> {
        let frozen = self.layout.entries().iter().map(|entry| Fixed {
            name: entry.name.clone(),
            shape: entry.shape.clone(),
            values: self.parameters[entry.range.clone()].iter().map(|x| x.wide()).collect(),
        });
        frozen.chain(self.fixed).collect()
    }

    /// The same flow with what [`into_fixed`](State::into_fixed) made of another.
    ///
    /// # Errors
    ///
    /// Unless the parameters are in front, with their names and shapes.
    pub(crate) fn taking_fixed(self, arrays: &[Fixed]) -> Result<Self> {
        let (frozen, fixed) = arrays.split_at(self.layout.entries().len().min(arrays.len()));
        let own = Self { fixed: Vec::new(), ..self.clone() }.into_fixed();
        super::fit(&own, frozen)?;
        let parameters = frozen.iter().flat_map(|array| array.values.iter().map(|&x| T::of(x)));
        Ok(Self { parameters: parameters.collect(), fixed: fixed.to_vec(), ..self })
    }
}

fn same_arrays(theirs: &[Named], ours: &[Named]) -> Result<()> {
    if theirs == ours {
        return Ok(());
    }
    let words = |entry: Option<&Named>| {
        entry.map_or_else(|| "nothing".to_string(), |e| format!("`{}` {:?}", e.name, e.shape))
    };
    let count = theirs.len().max(ours.len());
    let k = (0..count).find(|&k| theirs.get(k) != ours.get(k)).unwrap_or(0);
    Err(Error::shape(format!(
        "the state has {} as array {k} of its parameters, and this flow {}: make the flow the same way",
        words(theirs.get(k)),
        words(ours.get(k))
    )))
}

/// A number that differs where fixed arrays or settings do (FNV-1a, 64 bits).
pub(super) fn fingerprint(fixed: &[Fixed], settings: &[Setting]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut add = |bytes: &[u8]| {
        for byte in bytes.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for array in fixed {
        add(array.name.as_bytes());
        array.shape.iter().for_each(|&extent| add(&(extent as u64).to_le_bytes()));
        array.values.iter().for_each(|value| add(&value.to_bits().to_le_bytes()));
    }
    for setting in settings {
        add(setting.name.as_bytes());
        add(setting.value.as_bytes());
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_no_paths() {
        let kind = Setting::kind_of::<Vec<(Option<f64>, State<f32>)>>();
        assert_eq!(kind.value, "Vec<(Option<f64>, State<f32>)>");
    }

    #[test]
    fn fingerprints_tell_arrays_and_settings_apart() {
        let of = |mask: [usize; 2], bound: f64| {
            fingerprint(&[Fixed::whole("mask", mask)], &[Setting::new("bound", bound)])
        };
        assert_eq!(of([0, 1], 3.0), of([0, 1], 3.0));
        assert_ne!(of([0, 1], 3.0), of([1, 0], 3.0));
        assert_ne!(of([0, 1], 3.0), of([0, 1], 3.5));
    }
}

//! Which columns of a file are read, and what its first row is.

use std::collections::HashMap;

use super::naming::there;
use crate::error::{Error, Result};

/// What the first row of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// Names, unless every cell of it is a number or missing.
    #[default]
    Found,
    /// Names.
    Present,
    /// Numbers like the rest: columns are called `x0`, `x1` and so on.
    Absent,
}

/// Which columns are read.
#[derive(Debug, Clone, Default)]
pub(super) enum Choice {
    #[default]
    All,
    Only(Vec<String>),
    Except(Vec<String>),
}

impl Choice {
    /// The places of the chosen columns among `names`.
    pub(super) fn of(&self, names: &[String]) -> Result<Vec<usize>> {
        let by_name = places(names);
        let chosen = match self {
            Self::All => (0..names.len()).collect(),
            Self::Only(wanted) => found(wanted, &by_name, names)?,
            Self::Except(gone) => {
                found(gone, &by_name, names)?;
                let kept = |&place: &usize| !gone.contains(&names[place]);
                (0..names.len()).filter(kept).collect()
            }
        };
        once(&chosen, &by_name, names)
    }
}

/// Where each name stands.
fn places(names: &[String]) -> HashMap<&str, Vec<usize>> {
    let mut by_name = HashMap::<&str, Vec<usize>>::new();
    for (place, name) in names.iter().enumerate() {
        by_name.entry(name).or_default().push(place);
    }
    by_name
}

/// The first place of each wanted name.
fn found(
    wanted: &[String],
    by_name: &HashMap<&str, Vec<usize>>,
    names: &[String],
) -> Result<Vec<usize>> {
    let place = |name: &String| match by_name.get(name.as_str()) {
        Some(places) => Ok(places[0]),
        None => {
            let there = there(names.iter().map(String::as_str));
            Err(Error::setting(format!("no column is called {name:?}; {there}")))
        }
    };
    wanted.iter().map(place).collect()
}

/// The chosen places, if there are any, each is asked for once, and its name is its own.
fn once(
    chosen: &[usize],
    by_name: &HashMap<&str, Vec<usize>>,
    names: &[String],
) -> Result<Vec<usize>> {
    if chosen.is_empty() {
        return Err(Error::setting("no column is chosen"));
    }
    let mut asked = vec![false; names.len()];
    for &place in chosen {
        let name = names[place].as_str();
        match by_name.get(name).map(Vec::as_slice) {
            Some([first, second, ..]) => {
                return Err(Error::format(format!(
                    "columns {first} and {second} are both called {name:?}: give names of your own \
                     by `names`, or leave them out by `columns` or `except`"
                )));
            }
            _ if asked[place] => {
                return Err(Error::setting(format!("column {name:?} is asked for twice")));
            }
            _ => asked[place] = true,
        }
    }
    Ok(chosen.to_vec())
}

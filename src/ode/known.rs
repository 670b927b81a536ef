//! The methods of the crate by the names that they have in descriptions.

use super::high_order::DOPRI8;
use super::tableau::{DOPRI5, RK4, TSIT5, Tableau};

static KNOWN: [(&str, &Tableau); 4] =
    [("rk4", &RK4), ("dopri5", &DOPRI5), ("tsit5", &TSIT5), ("dopri8", &DOPRI8)];

/// The method of this name.
pub(super) fn named(name: &str) -> Option<&'static Tableau> {
    KNOWN.iter().find(|(own, _)| *own == name).map(|(_, tableau)| *tableau)
}

/// The name of a method of the crate.
pub(super) fn name_of(tableau: &Tableau) -> Option<&'static str> {
    KNOWN.iter().find(|(_, own)| *own == tableau).map(|(name, _)| *name)
}

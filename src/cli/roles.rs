//! What the named columns of a fit are for: each has one part to play, and one is left to learn.

use liouville::table::Table;

use super::args::Fit;
use super::stop::{Done, usage};

impl Fit {
    /// What is wrong with the columns that were named, before any table is read.
    pub fn check(&self) -> Result<(), String> {
        let roles = [
            ("--columns", &self.columns[..]),
            ("--except", &self.except),
            ("--context", &self.context),
            ("--weights", self.weights.as_slice()),
        ];
        let mut named: Vec<(&str, &str)> = Vec::new();
        for (role, names) in roles {
            for name in names {
                match named.iter().find(|(_, other)| other == name) {
                    Some((other, _)) if *other == role => {
                        return Err(format!("column {name:?} is given to {role} twice"));
                    }
                    Some((other, _)) => {
                        return Err(format!(
                            "column {name:?} is given to {other} and to {role}: it can be one of them"
                        ));
                    }
                    None => named.push((role, name)),
                }
            }
        }
        match self.kind.iter().find(|(name, _)| self.is_given(name)) {
            Some((name, _)) => Err(format!(
                "column {name:?} is given to --kind, and it is not learnt: contexts and weights have no kind"
            )),
            None => Ok(()),
        }
    }

    /// Whether a column is a context or the weights.
    fn is_given(&self, name: &str) -> bool {
        self.context.iter().chain(&self.weights).any(|own| own == name)
    }

    /// An error unless the columns that were named are there, and another is.
    pub fn check_columns(&self, table: &Table) -> Done {
        let kinds = self.kind.iter().map(|(name, _)| name);
        for name in self.context.iter().chain(&self.weights).chain(kinds) {
            let there = table.place_of(name);
            there.map_err(|error| usage(format!("{}: {error}", self.data.display())))?;
        }
        match table.names().all(|name| self.is_given(name)) {
            true => Err(usage(format!(
                "every column that is read of {} is a context or the weights: leave one to learn",
                self.data.display()
            ))),
            false => Ok(()),
        }
    }
}

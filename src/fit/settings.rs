//! What a fit may be told.

use super::kind::Kind;
use crate::error::{Error, Result};
use crate::table::Table;
#[cfg(feature = "save")]
use crate::train::Checkpoints;

/// Which flow is a candidate beside the Gaussian and the mixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlowChoice {
    /// By dimension and rows: splines for tables of two columns and more with a thousand rows and a hundred rows
    /// a column, continuous flows for the others; none where rows are no more than columns.
    #[default]
    Auto,
    /// [`ContinuousFlow`](crate::flow::ContinuousFlow).
    Continuous,
    /// [`Stack::spline_coupling`](crate::flow::Stack::spline_coupling).
    Spline,
    /// [`Stack::real_nvp`](crate::flow::Stack::real_nvp).
    RealNvp,
    /// [`Stack::maf`](crate::flow::Stack::maf).
    Maf,
    /// No flow: the better one of Gaussian and mixture.
    None,
}

/// What a fit was told; the rest is chosen when it meets its table.
#[derive(Debug, Clone, Default)]
pub(super) struct Choices {
    pub contexts: Vec<String>,
    pub weights: Option<String>,
    pub kinds: Vec<(String, Kind)>,
    pub flow: FlowChoice,
    pub steps: Option<usize>,
    pub seconds: Option<f64>,
    pub valid: Option<f64>,
    pub members: Option<usize>,
    pub seed: u64,
    #[cfg(feature = "save")]
    pub checkpoints: Option<Checkpoints>,
}

impl Choices {
    pub fn kind_of(&self, name: &str) -> Option<Kind> {
        self.kinds.iter().rev().find(|(own, _)| own == name).map(|(_, kind)| *kind)
    }

    /// An error unless every column that was named is there, in one role.
    pub fn check_names(&self, table: &Table) -> Result<()> {
        let kinds = self.kinds.iter().map(|(name, _)| name);
        for name in self.contexts.iter().chain(self.weights.as_ref()).chain(kinds) {
            table.place_of(name)?;
        }
        let twice = |k: &usize| self.contexts[..*k].contains(&self.contexts[*k]);
        if let Some(k) = (0..self.contexts.len()).find(twice) {
            let name = &self.contexts[k];
            return Err(Error::setting(format!("column {name:?} is a context twice")));
        }
        let context = |name: &&String| self.contexts.contains(name);
        if let Some(name) = self.weights.as_ref().filter(context) {
            return Err(Error::setting(format!(
                "column {name:?} is to be a context and the weight of rows: it can be one of them"
            )));
        }
        match self.kinds.iter().map(|(name, _)| name).find(context) {
            None => Ok(()),
            Some(name) => Err(Error::setting(format!(
                "column {name:?} is a context, which has no kind: contexts are standardised and given to the flow"
            ))),
        }
    }

    /// An error if a setting is out of range.
    pub fn check(&self) -> Result<()> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        if let Some(limit) = self.seconds.filter(|limit| !positive(*limit)) {
            return Err(Error::setting(format!(
                "the time limit is {limit} seconds: give a positive number"
            )));
        }
        if let Some(share) = self.valid.filter(|share| !(*share > 0.0 && *share <= 0.5)) {
            return Err(Error::setting(format!(
                "the share of rows to choose by is {share}: give a number above 0, up to 0.5"
            )));
        }
        match (self.steps, self.members) {
            (Some(0), _) => Err(Error::setting("the number of steps must be at least one")),
            (_, Some(0)) => Err(Error::setting("the number of members must be at least one")),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for FlowChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "automatic",
            Self::Continuous => "continuous",
            Self::Spline => "spline",
            Self::RealNvp => "RealNVP",
            Self::Maf => "MAF",
            Self::None => "no",
        })
    }
}

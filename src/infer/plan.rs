//! How a flow is fitted: steps, draws, rates.

/// How a flow is fitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// The steps of the first cycle; a second has twice as many.
    pub first: usize,
    /// After so many steps only a flow that is far from the evidence takes more.
    pub usual: usize,
    /// The most steps of all.
    pub most: usize,
    pub batch: usize,
    pub rate: f64,
    pub tolerance: f64,
    /// Whether all steps are taken, however near the bound is.
    pub exact: bool,
}

//! Samples of the model itself: whether they arrive, have a density, and where rows stand among them.

use liouville::Result;
use liouville::diagnose::Uniformity;
use liouville::model::Model;
use liouville::rand::RngExt;
use liouville::rand::rngs::ChaCha8Rng;

use super::parts::Parts;

/// At most so many rows are ranked.
const RANKED: usize = 300;
/// At least so many samples are drawn, and as many times the rows that are ranked: among fewer samples in common
/// ranks would not be independent enough for their test. Where contexts differ, as many for each.
const DRAWN: [usize; 3] = [2000, 20, 49];

/// Samples with their log-densities.
pub struct Own {
    pub parts: Parts,
    pub log_prob: Vec<f64>,
    /// The row that each was drawn for, if contexts differ.
    rows: Option<Vec<usize>>,
    pub drawn: usize,
    pub lost: usize,
    /// How many have no density where they are.
    pub impossible: usize,
}

impl Own {
    /// Samples beside these rows.
    pub fn of(model: &Model, rows: &Parts, rng: &mut ChaCha8Rng) -> Result<Self> {
        let rows = rows.some(RANKED);
        let [least, each, alone] = DRAWN;
        let count = rows.points.ncols();
        let drawn = match rows.context {
            Some(_) => alone * count,
            None => least.max(each * count),
        };
        let rows_of: Vec<usize> = (0..drawn).map(|j| j / alone).collect();
        let context = rows.context.as_ref().map(|context| context.select_columns(&rows_of));
        let samples = model.sample_detailed(drawn, context.as_ref(), rng)?;
        let (places, points) = samples.arrived();
        let context = context.map(|context| context.select_columns(&places));
        let log_prob = match places.is_empty() {
            true => Vec::new(),
            false => model.evaluate(&points, context.as_ref())?.log_prob.iter().copied().collect(),
        };
        let impossible = log_prob.iter().filter(|log_p| !log_p.is_finite()).count();
        let rows = context.is_some().then(|| places.iter().map(|&j| rows_of[j]).collect());
        let parts = Parts { points, context };
        Ok(Self { parts, log_prob, rows, drawn, lost: drawn - places.len(), impossible })
    }

    /// For each column, and last for the density, how likely ranks of rows among samples so far from uniform are, if the
    /// rows are the model's (Talts et al. 2018, Validating Bayesian inference algorithms with simulation-based
    /// calibration).
    pub fn p_values(&self, model: &Model, rows: &Parts, rng: &mut ChaCha8Rng) -> Result<Vec<f64>> {
        let rows = rows.some(RANKED);
        let density = model.evaluate(&rows.points, rows.context.as_ref())?.log_prob;
        let columns = (0..model.dim()).map(|i| {
            let own: Vec<f64> = rows.points.row(i).iter().copied().collect();
            let among: Vec<f64> = self.parts.points.row(i).iter().copied().collect();
            self.p_value(&own, &among, rng)
        });
        let mut all: Vec<f64> = columns.collect();
        all.push(self.p_value(density.as_slice(), &self.log_prob, rng));
        Ok(all)
    }

    fn p_value(&self, own: &[f64], among: &[f64], rng: &mut ChaCha8Rng) -> f64 {
        let mut groups: Vec<Vec<f64>> =
            vec![Vec::new(); self.rows.as_ref().map_or(1, |_| own.len())];
        for (j, value) in among.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            groups[self.rows.as_ref().map_or(0, |rows| rows[j])].push(*value);
        }
        groups.iter_mut().for_each(|group| group.sort_by(f64::total_cmp));
        let ranks = own.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let ranks = ranks.map(|(row, value)| rank(*value, &groups[row.min(groups.len() - 1)], rng));
        Uniformity::of(&ranks.collect::<Vec<_>>()).p_value
    }
}

/// The rank among sorted numbers, from zero to one; ties are broken at random.
fn rank(value: f64, among: &[f64], rng: &mut ChaCha8Rng) -> f64 {
    let below = among.partition_point(|other| *other < value);
    let equal = among.partition_point(|other| *other <= value) - below;
    (below as f64 + rng.random::<f64>() * (equal + 1) as f64) / (among.len() + 1) as f64
}

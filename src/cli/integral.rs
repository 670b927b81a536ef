//! What a density integrates to: by bridge sampling between samples of the model and of a Gaussian.

use liouville::Result;
use liouville::flow::continuous::Whitening;
use liouville::model::Model;
use liouville::rand::rngs::ChaCha8Rng;

use super::beside::in_units_of;
use super::means::Mean;
use super::own::Own;
use super::parts::Parts;

/// At most so many samples of each.
const MOST: usize = 2000;

/// The integral with its standard error, if both densities overlap so far that it can be told. Of whole numbers there
/// is none: their densities are of noisy values.
pub fn integral(model: &Model, own: &Own, rng: &mut ChaCha8Rng) -> Result<Option<Mean>> {
    let count = own.parts.points.ncols();
    if count < 10 * (model.dim() + 1) || !model.whole_columns().is_empty() {
        return Ok(None);
    }
    let places: Vec<usize> = (0..count.min(MOST)).map(|k| k * count / count.min(MOST)).collect();
    let Parts { points, context } = own.parts.at(&places);
    let seen = model.inside(&points, context.as_ref())?.0;
    if seen.iter().any(|value| !value.is_finite()) {
        return Ok(None);
    }
    let normal = in_units_of(model, Whitening::fit(&seen)?)?;
    let others = normal.sample_detailed(places.len(), None, rng)?;
    let (arrived, others) = others.arrived();
    if arrived.is_empty() {
        return Ok(None);
    }
    let given = context.as_ref().map(|context| context.select_columns(&arrived));
    let here = model.evaluate(&points, context.as_ref())?.log_prob - normal.log_prob(&points)?;
    let there = model.evaluate(&others, given.as_ref())?.log_prob - normal.log_prob(&others)?;
    let known = |ratios: &[f64]| ratios.iter().copied().filter(|x| !x.is_nan()).collect::<Vec<_>>();
    Ok(bridge(&known(here.as_slice()), &known(there.as_slice())))
}

/// The ratio of the integrals of two densities, from the logarithm of their ratio at samples of each (Meng and Wong 1996,
/// Simulating ratios of normalizing constants via a simple identity, Statistica Sinica 6).
fn bridge(own: &[f64], others: &[f64]) -> Option<Mean> {
    let all = (own.len() + others.len()) as f64;
    let [a, b] = [own, others].map(|samples| samples.len() as f64 / all);
    let mut ratio = 1.0;
    for _ in 0..200 {
        let over = Mean::of(others.iter().map(|l| 1.0 / (a + b * ratio * (-l).exp())));
        let under = Mean::of(own.iter().map(|l| 1.0 / (a * l.exp() + b * ratio)));
        let next: f64 = over.mean / under.mean;
        if !(next.is_finite() && next > 0.0) {
            return None;
        }
        if (next / ratio - 1.0).abs() < 1e-9 {
            let error = (over.error / over.mean).hypot(under.error / under.mean);
            return Some(Mean { mean: next, error: next * error }).filter(|_| error < 0.1);
        }
        ratio = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use liouville::rand::SeedableRng;
    use liouville::rand_distr::{Distribution, StandardNormal};

    #[test]
    fn a_density_that_is_too_large_by_a_factor_integrates_to_it() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut draw = |deviation: f64| -> Vec<f64> {
            let normal = |_| -> f64 { StandardNormal.sample(&mut rng) };
            (0..4000).map(normal).map(|z| deviation * z).collect()
        };
        // Three times N(0, 1) over N(0, 2²).
        let log = |x: &f64| 3f64.ln() - 0.5 * x * x + 0.125 * x * x + 2f64.ln();
        let [own, others] = [1.0, 2.0].map(|s| draw(s).iter().map(log).collect::<Vec<_>>());
        let found = bridge(&own, &others).expect("they overlap");
        assert!((found.mean - 3.0).abs() < 5.0 * found.error && found.error < 0.1, "{found}");
        // Samples that never meet say nothing.
        assert!(bridge(&[800.0; 50], &[-800.0; 50]).is_none());
    }
}

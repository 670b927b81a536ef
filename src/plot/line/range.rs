//! Where the mass of a density on the line lies, by its quantiles.

use super::ask::Ask;
use crate::error::{Error, Result};
use crate::plot::axes::{Range, Steps};

/// The first interval that is searched runs so far from the origin.
const NEAREST: f64 = 4.0;
/// How often an interval is narrowed to where the mass is.
const NARROWINGS: usize = 60;
/// The nodes of an interval that is searched.
const SEARCHED: usize = 513;
/// What holds nearly all mass may be so many times longer than what holds nine tenths of it.
const FARTHEST: f64 = 3.2;
/// A density has mass one: what is found must hold this much of it.
const HELD: f64 = 0.75;

/// Widens an interval until its ends hold next to no mass, then narrows it to where the mass is. Far out all
/// points may fail, and so they do farther still.
pub(in crate::plot) fn find_range(ask: &Ask<'_>, farthest: f64) -> Result<Range> {
    let mut half = NEAREST;
    while half < farthest {
        match narrowed(ask, Range::given("x", Steps::Even, [-half, half])?) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) if half > NEAREST && !error.failed_columns().is_empty() => break,
            Err(error) => return Err(error),
        }
        half *= if half < 100.0 { 1.7 } else { 10.0 };
    }
    Err(Error::setting(format!(
        "found no interval that holds the density, around the origin from ±{NEAREST} to ±{half:.0e}: give \
         x_range, or data"
    )))
}

/// Where most of the mass is within a range, if its ends hold next to none and the inside enough.
///
/// Densities count by their ratio to the largest, so that nodes that miss a narrow density by orders of
/// magnitude still say where it is.
fn narrowed(ask: &Ask<'_>, mut range: Range) -> Result<Option<Range>> {
    for turn in 0..NARROWINGS {
        let xs: Vec<f64> = (0..SEARCHED).map(|k| range.at(share(k))).collect();
        let values = ask(&xs)?;
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most == f64::NEG_INFINITY {
            return Ok(None);
        }
        let ratio = |value: &f64| if value.is_nan() { 0.0 } else { (value - most).exp() };
        let ratios: Vec<f64> = values.iter().map(ratio).collect();
        let total: f64 = ratios.iter().sum();
        if turn == 0 && ratios[0] + ratios[SEARCHED - 1] > 1e-4 * total {
            return Ok(None);
        }
        let narrower = bulk(&ratios, total, range);
        if narrower.length() > 0.2 * range.length() {
            let mass = most + total.ln() + (range.length() / (SEARCHED as f64 - 1.0)).ln();
            return Ok((mass > HELD.ln()).then_some(narrower));
        }
        if narrower == range {
            return Ok(None);
        }
        range = narrower;
    }
    Ok(None)
}

fn share(k: usize) -> f64 {
    k as f64 / (SEARCHED as f64 - 1.0)
}

/// Where nearly all of the mass is, or less where the rest is far away, as that of heavy tails; with a margin.
fn bulk(ratios: &[f64], total: f64, range: Range) -> Range {
    let [core, wide @ ..] =
        [0.9, 0.998, 0.99, 0.98, 0.95].map(|held| quantiles(ratios, total, held));
    let length = |[low, high]: [f64; 2]| high - low;
    let near = |ends: &[f64; 2]| length(*ends) <= FARTHEST * length(core);
    let [low, high] = wide.into_iter().find(near).unwrap_or(wide[3]);
    let margin = (0.1 * (high - low)).max(2.0 * share(1));
    range.part([low - margin, high + margin])
}

/// The shares of the range between which this share of the mass lies, with as much below as above.
fn quantiles(ratios: &[f64], total: f64, held: f64) -> [f64; 2] {
    let beyond = 0.5 * (1.0 - held) * total;
    let mut sum = 0.0;
    let mut first = |ratio: &f64| {
        sum += ratio;
        sum > beyond
    };
    let low = ratios.iter().position(&mut first).unwrap_or(0);
    sum = 0.0;
    let mut last = |ratio: &f64| {
        sum += ratio;
        sum > beyond
    };
    let high = ratios.iter().rposition(&mut last).unwrap_or(SEARCHED - 1);
    [share(low), share(high)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(log_density: impl Fn(f64) -> f64) -> Range {
        find_range(&|xs| Ok(xs.iter().map(|x| log_density(*x)).collect()), 1e150).expect("found")
    }

    #[test]
    fn ranges_hold_the_mass_at_any_scale_and_place() {
        for scale in [1e-30, 1e-6, 1e-3, 1.0, 40.0, 1e6, 1e15] {
            for place in [0.0, 3.0, -20.0, 1e4] {
                let middle = place * scale;
                let normal =
                    |x: f64| -0.5 * ((x - middle) / scale).powi(2) - (2.5066f64 * scale).ln();
                let range = found(normal);
                let what = format!("{middle} ± {scale}: {range:?}");
                assert!(range.from() < middle - 3.0 * scale, "{what}");
                assert!(
                    range.to() > middle + 3.0 * scale && range.length() < 12.0 * scale,
                    "{what}"
                );
            }
        }
    }

    #[test]
    fn heavy_tails_and_bounds_leave_something_to_be_seen() {
        let cauchy = found(|x| -(std::f64::consts::PI * (1.0 + x * x)).ln());
        assert!((8.0..60.0).contains(&cauchy.length()), "{cauchy:?}");
        let uniform = found(|x| if (2.0..3.0).contains(&x) { 0.0 } else { f64::NEG_INFINITY });
        assert!(
            uniform.from() < 2.0 && uniform.to() > 3.0 && uniform.length() < 1.5,
            "{uniform:?}"
        );
    }
}

//! The graph of a density, with more points where it bends.

use super::ask::Ask;
use crate::error::Result;
use crate::plot::axes::Range;

/// The points to begin with.
const FIRST: usize = 385;
/// There are not more points than this.
const MOST: usize = 4000;
/// How often intervals are halved.
const HALVINGS: usize = 8;
/// Bends of this share of the height are not seen.
const SEEN: f64 = 1e-3;

/// Points of a density over a range; NaN where it is not known.
pub(in crate::plot) fn graph(ask: &Ask<'_>, range: Range) -> Result<Vec<[f64; 2]>> {
    let first: Vec<f64> = (0..FIRST).map(|k| range.at(k as f64 / (FIRST as f64 - 1.0))).collect();
    let mut points = asked(ask, &first)?;
    for _ in 0..HALVINGS {
        let new = between_bends(&points);
        if new.is_empty() || points.len() + new.len() > MOST {
            break;
        }
        points.extend(asked(ask, &new)?);
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    }
    Ok(points)
}

fn asked(ask: &Ask<'_>, xs: &[f64]) -> Result<Vec<[f64; 2]>> {
    let height = |value: f64| Some(value.exp()).filter(|p| p.is_finite()).unwrap_or(f64::NAN);
    Ok(xs.iter().zip(ask(xs)?).map(|(x, value)| [*x, height(value)]).collect())
}

/// The middles of the intervals beside points that lie off the line through their neighbours.
fn between_bends(points: &[[f64; 2]]) -> Vec<f64> {
    let top = points.iter().map(|point| point[1]).fold(0.0, f64::max);
    let off = |[a, b, c]: [[f64; 2]; 3]| {
        let share = (b[0] - a[0]) / (c[0] - a[0]);
        (b[1] - (1.0 - share) * a[1] - share * c[1]).abs() > SEEN * top
    };
    let mut halved = vec![false; points.len()];
    for (k, three) in points.windows(3).enumerate() {
        if off([three[0], three[1], three[2]]) {
            halved[k] = true;
            halved[k + 1] = true;
        }
    }
    let middle = |k: usize| 0.5 * points[k][0] + 0.5 * points[k + 1][0];
    let is_new = |k: &usize| points[*k][0] < middle(*k) && middle(*k) < points[k + 1][0];
    (0..points.len() - 1).filter(|k| halved[*k]).filter(is_new).map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::axes::Steps;

    #[test]
    fn narrow_peaks_and_steps_are_followed() {
        let range = Range::given("x", Steps::Even, [-1.0, 1.0]).expect("a range");
        let peak = |x: f64| -0.5 * ((x - 0.1) / 0.004).powi(2);
        let step = |x: f64| if x < 0.3 { f64::NEG_INFINITY } else { -2.0 };
        let both = |x: f64| (f64::exp(peak(x)) + f64::exp(step(x))).ln();
        let points = graph(&|xs| Ok(xs.iter().map(|x| both(*x)).collect()), range).expect("drawn");
        for k in 0..2000 {
            let x = -1.0 + (f64::from(k) + 0.5) / 1000.0;
            let after = points.partition_point(|point| point[0] < x);
            let [a, b] = [points[after - 1], points[after]];
            let line = a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]);
            // The step is met within an interval that was halved as often as it may be.
            assert!((line - both(x).exp()).abs() < 5e-3 || (x - 0.3).abs() < 1e-4, "{x}: {line}");
        }
    }
}

//! A diagnosis as figures: all that its table shows, to the last digit.

use liouville::diagnose::{Conditioning, Diagnosis, Passage, Summary, Uniformity};
use serde_json::{Map, Value};

use super::out::{number, object};

/// The shares of the base inside of which samples are counted.
const LEVELS: [f64; 3] = [0.5, 0.9, 0.99];

fn summary(values: &[f64]) -> Value {
    let Summary { mean, deviation, least, median, most, .. } = Summary::of(values);
    Value::Object(object([
        ("least", number(least)),
        ("median", number(median)),
        ("most", number(most)),
        ("mean", number(mean)),
        ("deviation", number(deviation)),
    ]))
}

fn test(test: &Uniformity) -> Value {
    let figures = [("statistic", number(test.statistic)), ("p_value", number(test.p_value))];
    Value::Object(object(figures))
}

/// All figures of one.
pub fn figures(found: &Diagnosis) -> Value {
    let Conditioning { lipschitz_forward, lipschitz_inverse, .. } = found.conditioning;
    let mut figures = object([
        ("dim", found.dim.into()),
        ("context_dim", found.context_dim.into()),
        ("samples", found.samples.into()),
        ("failed", found.failed.into()),
        ("outside", found.outside.into()),
        ("scalar", found.scalar.into()),
        ("log_prob", summary(&found.log_prob)),
        ("evaluations", summary(&found.evaluations)),
        ("inverse_error", summary(&found.inverse_error)),
        ("log_det_error", summary(&found.conditioning.log_det_error)),
        ("condition_number", summary(&found.conditioning.condition_numbers())),
        ("singular_values", summary(&found.conditioning.singular_values.concat())),
        ("lipschitz_to_data", number(lipschitz_forward)),
        ("lipschitz_to_base", number(lipschitz_inverse)),
        ("calibration", calibration(found)),
    ]);
    if let Some(errors) = &found.standard_error {
        figures.insert("standard_error".into(), summary(errors));
    }
    if let Some(found) = &found.passage {
        passage(found, &mut figures);
    }
    Value::Object(figures)
}

fn calibration(found: &Diagnosis) -> Value {
    let calibration = &found.calibration;
    let inside = LEVELS.iter().zip(calibration.coverage(&LEVELS));
    let inside = inside.map(|(level, share)| (level.to_string(), number(share)));
    Value::Object(object([
        ("p_value", number(calibration.p_value())),
        ("coordinates", calibration.coordinates.iter().map(test).collect()),
        ("radius", test(&calibration.radius)),
        ("inside", Value::Object(inside.collect())),
    ]))
}

/// What a continuous flow does on its way.
fn passage(passage: &Passage, figures: &mut Map<String, Value>) {
    let steps: Vec<f64> = passage.steps().iter().map(|[_, h]| *h).collect();
    let accepted: u64 = passage.ways.iter().map(|way| way.effort.accepted).sum();
    let rejected: u64 = passage.ways.iter().map(|way| way.effort.rejected).sum();
    let last = passage.times.len().saturating_sub(1);
    let density = passage.step_density(last);
    let times = passage.times.iter().zip(passage.condition_numbers()).enumerate();
    let way = times.map(|(k, (t, values))| {
        let steps = density.get(k).map(|density| number(density / last as f64));
        Value::Object(object([
            ("t", number(*t)),
            ("condition_number", number(Summary::of(&values).median)),
            ("steps_begun", steps.into()),
        ]))
    });
    let share = rejected as f64 / (accepted + rejected).max(1) as f64;
    figures.insert("log_prob_error".into(), summary(&passage.reference.errors));
    figures.insert("reference_tolerance".into(), number(passage.reference.tolerance));
    figures.insert("step_size".into(), summary(&steps));
    figures.insert("steps_rejected".into(), number(share));
    figures.insert("way".into(), way.collect());
}

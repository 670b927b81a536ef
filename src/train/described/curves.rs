//! Steps and checks as rows of numbers.

use super::words::size;
use crate::description::{Arrays, Source};
use crate::error::{Error, Result};
use crate::parameters::Fixed;
use crate::train::{Check, StepReport};

/// The numbers of a step, and of a check.
const STEP: usize = 7;
const CHECK: usize = 6;

/// A check as numbers, all finite: the third says what the likelihood behind it is.
pub(super) fn check_row(check: &Check) -> [f64; CHECK] {
    let Check { step, loss, likelihood, noise, evaluations } = *check;
    let [sort, likelihood] = match likelihood {
        None => [0.0, 0.0],
        Some(value) if value.is_finite() => [1.0, value],
        Some(f64::INFINITY) => [2.0, 0.0],
        Some(f64::NEG_INFINITY) => [3.0, 0.0],
        Some(_) => [4.0, 0.0],
    };
    [step as f64, loss, sort, likelihood, noise, evaluations]
}

/// The check of a row.
pub(super) fn check_of(row: &[f64]) -> Result<Check> {
    let &[step, loss, sort, likelihood, noise, evaluations] = row else {
        return Err(Error::shape(format!(
            "a check of the checkpoint has {} numbers, and not {CHECK}: the file was changed",
            row.len()
        )));
    };
    let likelihood = match sort {
        0.0 => None,
        1.0 => Some(likelihood),
        2.0 => Some(f64::INFINITY),
        3.0 => Some(f64::NEG_INFINITY),
        _ => Some(f64::NAN),
    };
    let step = Fixed::row("the step of a check", [step]).counts()?;
    Ok(Check { step: step[0], loss, likelihood, noise, evaluations })
}

fn step_row(step: &StepReport) -> [f64; STEP] {
    let StepReport { loss, penalty, noise, gradient_norm, learning_rate, evaluations, seconds } =
        *step;
    [loss, penalty, noise, gradient_norm, learning_rate, evaluations, seconds]
}

fn step_of(row: &[f64; STEP]) -> StepReport {
    let [loss, penalty, noise, gradient_norm, learning_rate, evaluations, seconds] = *row;
    StepReport { loss, penalty, noise, gradient_norm, learning_rate, evaluations, seconds }
}

/// The arrays of both curves.
pub(super) fn arrays(steps: &[StepReport], checks: &[Check]) -> Result<Arrays> {
    let mut arrays = Arrays::new();
    arrays.add_fixed(Fixed {
        name: "steps".into(),
        shape: vec![steps.len(), STEP],
        values: steps.iter().flat_map(step_row).collect(),
    })?;
    arrays.add_fixed(Fixed {
        name: "checks".into(),
        shape: vec![checks.len(), CHECK],
        values: checks.iter().flat_map(check_row).collect(),
    })?;
    Ok(arrays)
}

/// Both curves.
pub(super) fn restore(source: &Source<'_>) -> Result<(Vec<StepReport>, Vec<Check>)> {
    let steps = source.array("steps")?;
    let [_, columns] = source.shape("steps")?;
    let [_, check_columns] = source.shape("checks")?;
    let told = size(source, "taken")?;
    let rows = steps.values.as_chunks::<STEP>().0;
    if columns != STEP || check_columns != CHECK || rows.len() != told {
        return Err(Error::shape(format!(
            "the curves of the checkpoint have {} steps of {columns} numbers, and checks of {check_columns}, where {told} steps were taken: the file was changed",
            rows.len()
        )));
    }
    let checks = source.array("checks")?.values.chunks(CHECK).map(check_of);
    Ok((rows.iter().map(step_of).collect(), checks.collect::<Result<_>>()?))
}

//! What a run knows from step to step, in a description with arrays.

use std::sync::Arc;

use super::curves::{check_of, check_row};
use super::words::{add, names, optional_size, size, vector};
use crate::description::{Array, Arrays, Description, Source};
use crate::error::{Error, Result};
use crate::parameters::Fixed;
use crate::real::Real;
use crate::train::average::Average;
use crate::train::guard::Guard;
use crate::train::state::State;

/// A state in a checkpoint, where that of the optimiser is plain arrays.
pub(super) type Plain<T> = State<T, Vec<Fixed>>;

/// What stands in front of the names of what the optimiser remembers.
const REMEMBERED: &str = "remembered.";

/// All but the arrays.
pub(super) fn describe<T: Real>(state: &Plain<T>) -> Description {
    let names: Vec<String> = state.optimizer.iter().map(|array| array.name.clone()).collect();
    Description::new("State")
        .with("unimproved", state.unimproved)
        .with("next_check", state.next_check)
        .with("remembered", names)
        .with_some("average_decay", state.average.as_ref().map(|average| average.decay))
        .with_some("average_steps", state.average.as_ref().map(|average| average.steps))
}

/// All arrays but the parameters.
pub(super) fn arrays<T: Real>(state: &Plain<T>) -> Result<Arrays> {
    let mut arrays = Arrays::new();
    for fixed in &state.optimizer {
        arrays.add_fixed(Fixed { name: format!("{REMEMBERED}{}", fixed.name), ..fixed.clone() })?;
    }
    if let Some(average) = &state.average {
        arrays.add_fixed(Fixed::row("average", average.values.iter().copied()))?;
    }
    if let Some((check, parameters)) = &state.best {
        arrays.add_fixed(Fixed::row("best.check", check_row(check)))?;
        add(&mut arrays, "best.parameters", parameters)?;
    }
    Ok(arrays)
}

/// The state with these parameters.
pub(super) fn restore<T: Real>(source: &Source<'_>, parameters: Vec<T>) -> Result<Plain<T>> {
    source.check_kind("State")?;
    let len = parameters.len();
    let optimizer = names(source, "remembered")?.into_iter().map(|name| {
        let Array { shape, values, .. } = source.array(&format!("{REMEMBERED}{name}"))?.clone();
        Ok(Fixed { name, shape, values })
    });
    let optimizer = optimizer.collect::<Result<_>>()?;
    let best = match source.has_array("best.parameters") {
        true => {
            let row = &source.array("best.check")?.values;
            Some((check_of(row)?, Arc::new(vector(source, "best.parameters", len)?)))
        }
        false => None,
    };
    Ok(State {
        optimizer,
        average: average(source, len)?,
        best,
        unimproved: size(source, "unimproved")?,
        next_check: size(source, "next_check")?,
        parameters,
    })
}

fn average(source: &Source<'_>, len: usize) -> Result<Option<Average>> {
    let Some(decay) = source.optional_number("average_decay")? else { return Ok(None) };
    let (steps, values) = (source.number("average_steps")?, vector(source, "average", len)?);
    if !(0.0..1.0).contains(&decay) || steps < 0.0 {
        return Err(Error::format(format!(
            "the average of the checkpoint has a decay of {decay} after {steps} steps: the file was changed"
        )));
    }
    Ok(Some(Average { decay, steps, values }))
}

/// Where a run goes back to, without arrays.
pub(super) fn describe_guard<T: Real>(guard: &Guard<Plain<T>>) -> Description {
    let description =
        Description::new("Guard").with("rate", guard.rate).with("refused", guard.refused);
    match &guard.waypoint {
        Some((step, state)) => description.with("step", *step).part("state", describe(state)),
        None => description,
    }
}

/// The arrays of that.
pub(super) fn guard_arrays<T: Real>(guard: &Guard<Plain<T>>) -> Result<Arrays> {
    let Some((_, state)) = &guard.waypoint else { return Ok(Arrays::new()) };
    let mut all = arrays(state)?;
    add(&mut all, "parameters", &state.parameters)?;
    Ok(all)
}

/// Where a run of so many parameters and steps goes back to.
pub(super) fn restore_guard<T: Real>(
    source: &Source<'_>,
    [len, taken]: [usize; 2],
) -> Result<Guard<Plain<T>>> {
    source.check_kind("Guard")?;
    let (rate, refused) = (source.number("rate")?, size(source, "refused")?);
    let waypoint = match optional_size(source, "step")? {
        Some(step) => {
            let parameters = vector(source, "parameters", len)?;
            Some((step, restore(&source.part("state")?, parameters)?))
        }
        None => None,
    };
    let ahead = waypoint.as_ref().is_some_and(|(step, _)| *step > taken);
    if !(rate > 0.0 && rate <= 1.0) || ahead {
        return Err(Error::format(format!(
            "the checkpoint of {taken} steps goes back to a later one, or has {rate} of its learning rate left: the file was changed"
        )));
    }
    Ok(Guard { rate, refused, waypoint })
}

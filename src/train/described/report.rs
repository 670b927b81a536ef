//! The report so far, in a description with arrays.

use super::curves;
use super::notes::{describe_event, describe_warning, event, warning};
use super::settings::{describe_schedule, schedule};
use super::words::{any, any_number, each, list, size};
use crate::description::{Arrays, Description, Source};
use crate::error::Result;
use crate::parameters::Fixed;
use crate::trace::Estimate;
use crate::train::{Choices, Report, Stop};

/// How a run ended, by words.
const STOPS: [(Stop, &str); 5] = [
    (Stop::Finished, "finished"),
    (Stop::Early, "early"),
    (Stop::Late, "late"),
    (Stop::Asked, "asked"),
    (Stop::Failed, "failed"),
];

/// The word for how a run ended.
pub(super) fn stop_word(stop: Stop) -> Option<&'static str> {
    STOPS.iter().find(|(own, _)| *own == stop).map(|(_, word)| *word)
}

/// How a run ended, by the word of a setting.
pub(super) fn stop_of(source: &Source<'_>, name: &str) -> Result<Stop> {
    let word = source.word(name)?;
    let stop = STOPS.iter().find(|(_, own)| *own == word).map(|(stop, _)| *stop);
    stop.ok_or_else(|| source.unknown(name, word))
}

/// All but the arrays, and the choices, which are those of the subject.
pub(super) fn describe(report: &Report) -> Description {
    let description = Description::new("Report")
        .with("loss_name", report.loss_name.to_string())
        .with("taken", report.steps.len())
        .with_some("foretold", report.foretold.map(any))
        .with_some("stop", stop_word(report.stop))
        .part("schedule", describe_schedule(&report.schedule))
        .part("warnings", list("Warnings", report.warnings.iter().map(describe_warning)))
        .part("events", list("Events", report.events.iter().map(describe_event)));
    match report.estimated {
        Some(Estimate { estimator, probes }) => {
            let estimate = Description::new("Estimate").with("estimator", estimator);
            description.part("estimated", estimate.with("probes", probes))
        }
        None => description,
    }
}

/// The curves.
pub(super) fn arrays(report: &Report) -> Result<Arrays> {
    let mut arrays = curves::arrays(&report.steps, &report.checks)?;
    if let Some(best) = &report.best {
        arrays.add_fixed(Fixed::row("best", curves::check_row(best)))?;
    }
    Ok(arrays)
}

/// The report, with these choices.
pub(super) fn restore(source: &Source<'_>, choices: Choices) -> Result<Report> {
    source.check_kind("Report")?;
    let (steps, checks) = curves::restore(source)?;
    let foretold = source.description().setting("foretold");
    let best = match source.has_array("best") {
        true => Some(curves::check_of(&source.array("best")?.values)?),
        false => None,
    };
    Ok(Report {
        loss_name: source.word("loss_name")?.to_string().into(),
        steps,
        checks,
        best,
        estimated: estimate(source)?,
        warnings: each(&source.part("warnings")?, warning)?,
        events: each(&source.part("events")?, event)?,
        choices,
        schedule: schedule(&source.part("schedule")?)?,
        foretold: foretold.map(|_| any_number(source, "foretold")).transpose()?,
        stop: stop_of(source, "stop")?,
    })
}

fn estimate(source: &Source<'_>) -> Result<Option<Estimate>> {
    if !source.has_part("estimated") {
        return Ok(None);
    }
    let part = source.part("estimated")?;
    Ok(Some(Estimate::named(part.word("estimator")?, size(&part, "probes")?)))
}

//! What a report warns of, and what a run did by itself, in a description.

use super::words::{any, any_number, size};
use crate::description::{Description, Source};
use crate::error::Result;
use crate::train::warning::{Part, Warning};
use crate::train::{Event, Happening, Trouble};

fn part_word(part: Part) -> &'static str {
    match part {
        Part::Data => "data",
        Part::Contexts => "contexts",
    }
}

fn part(source: &Source<'_>) -> Result<Part> {
    match source.word("part")? {
        "data" => Ok(Part::Data),
        "contexts" => Ok(Part::Contexts),
        other => Err(source.unknown("part", other)),
    }
}

pub(super) fn describe_warning(warning: &Warning) -> Description {
    match *warning {
        Warning::Scale { part, row, median, spread } => Description::new("Scale")
            .with("part", part_word(part))
            .with("row", row)
            .with("median", any(median))
            .with("spread", any(spread)),
        Warning::Outlier { part, row, column, value, median, spread } => {
            Description::new("Outlier")
                .with("part", part_word(part))
                .with("row", row)
                .with("column", column)
                .with("value", any(value))
                .with("median", any(median))
                .with("spread", any(spread))
        }
        Warning::Inaccurate { own, tight, tolerance } => Description::new("Inaccurate")
            .with("own", any(own))
            .with("tight", any(tight))
            .with("tolerance", any(tolerance)),
        Warning::Unpaired { companions } => {
            Description::new("Unpaired").with("companions", any(companions))
        }
    }
}

pub(super) fn warning(source: &Source<'_>) -> Result<Warning> {
    let number = |name: &str| any_number(source, name);
    Ok(match source.kind() {
        "Scale" => Warning::Scale {
            part: part(source)?,
            row: size(source, "row")?,
            median: number("median")?,
            spread: number("spread")?,
        },
        "Outlier" => Warning::Outlier {
            part: part(source)?,
            row: size(source, "row")?,
            column: size(source, "column")?,
            value: number("value")?,
            median: number("median")?,
            spread: number("spread")?,
        },
        "Inaccurate" => Warning::Inaccurate {
            own: number("own")?,
            tight: number("tight")?,
            tolerance: number("tolerance")?,
        },
        "Unpaired" => Warning::Unpaired { companions: number("companions")? },
        other => return Err(source.unknown("kind", other)),
    })
}

pub(super) fn describe_event(event: &Event) -> Description {
    let description = match &event.what {
        Happening::Extended { steps, gain, error } => Description::new("Extended")
            .with("steps", *steps)
            .with("gain", any(*gain))
            .with("error", any(*error)),
        Happening::Levelled { steps, gain, error } => Description::new("Levelled")
            .with("steps", *steps)
            .with("gain", any(*gain))
            .with("error", any(*error)),
        Happening::Tightened { from, to, loose, tight } => Description::new("Tightened")
            .with("from", any(*from))
            .with("to", any(*to))
            .with("loose", any(*loose))
            .with("tight", any(*tight)),
        Happening::Refused { to, rate, why } => Description::new("Refused")
            .with("to", *to)
            .with("rate", any(*rate))
            .part("why", describe_trouble(why)),
        Happening::Normal { learnt, normal, samples } => Description::new("Normal")
            .with("learnt", any(*learnt))
            .with("normal", any(*normal))
            .with("samples", *samples),
        Happening::Hastened { steps } => Description::new("Hastened").with("steps", *steps),
    };
    description.with("after", event.step)
}

pub(super) fn event(source: &Source<'_>) -> Result<Event> {
    let number = |name: &str| any_number(source, name);
    let what = match source.kind() {
        "Extended" => Happening::Extended {
            steps: size(source, "steps")?,
            gain: number("gain")?,
            error: number("error")?,
        },
        "Levelled" => Happening::Levelled {
            steps: size(source, "steps")?,
            gain: number("gain")?,
            error: number("error")?,
        },
        "Tightened" => Happening::Tightened {
            from: number("from")?,
            to: number("to")?,
            loose: number("loose")?,
            tight: number("tight")?,
        },
        "Refused" => Happening::Refused {
            to: size(source, "to")?,
            rate: number("rate")?,
            why: trouble(&source.part("why")?)?,
        },
        "Normal" => Happening::Normal {
            learnt: number("learnt")?,
            normal: number("normal")?,
            samples: size(source, "samples")?,
        },
        "Hastened" => Happening::Hastened { steps: size(source, "steps")? },
        other => return Err(source.unknown("kind", other)),
    };
    Ok(Event { step: size(source, "after")?, what })
}

fn describe_trouble(trouble: &Trouble) -> Description {
    match trouble {
        Trouble::Failed { message } => Description::new("Failed").with("message", message.clone()),
        Trouble::Jumped { loss, usual } => {
            Description::new("Jumped").with("loss", any(*loss)).with("usual", any(*usual))
        }
        Trouble::Stiff { evaluations, usual } => Description::new("Stiff")
            .with("evaluations", any(*evaluations))
            .with("usual", any(*usual)),
    }
}

fn trouble(source: &Source<'_>) -> Result<Trouble> {
    let number = |name: &str| any_number(source, name);
    Ok(match source.kind() {
        "Failed" => Trouble::Failed { message: source.word("message")?.into() },
        "Jumped" => Trouble::Jumped { loss: number("loss")?, usual: number("usual")? },
        "Stiff" => Trouble::Stiff { evaluations: number("evaluations")?, usual: number("usual")? },
        other => return Err(source.unknown("kind", other)),
    })
}

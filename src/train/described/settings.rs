//! What a run is of, what it goes by and how far, in a description.

use super::words::{any, any_number, optional_size, size};
use crate::description::{Description, Source, Value};
use crate::error::Result;
use crate::ode::Accuracy;
use crate::train::honesty::Tolerances;
use crate::train::stages::Stages;
use crate::train::subject::Subject;
use crate::train::{Choices, Decay, Fall, Noise, Schedule};

pub(super) fn describe_subject(subject: &Subject) -> Description {
    let [dim, rows, context_dim] = subject.shape;
    let accuracy = match subject.accuracy {
        Accuracy::Rounding => Value::from("rounding"),
        Accuracy::Tolerance(tolerance) => any(tolerance),
        Accuracy::Unknown => Value::from("unknown"),
    };
    Description::new("Subject")
        .with("accuracy", accuracy)
        .with("dim", dim)
        .with("rows", rows)
        .with("context_dim", context_dim)
        .with("digest", subject.digest)
        .with_some("divided", subject.divided)
        .with("keep_start", subject.keep_start)
        .with("objective", subject.objective.clone())
        .with("optimizer", subject.optimizer.clone())
        .part("choices", describe_choices(&subject.choices))
}

pub(super) fn subject(source: &Source<'_>) -> Result<Subject> {
    source.check_kind("Subject")?;
    let accuracy = match source.description().setting("accuracy") {
        Some(Value::Word(word)) if word == "rounding" => Accuracy::Rounding,
        Some(Value::Word(word)) if word == "unknown" => Accuracy::Unknown,
        _ => Accuracy::Tolerance(any_number(source, "accuracy")?),
    };
    Ok(Subject {
        accuracy,
        shape: [size(source, "dim")?, size(source, "rows")?, size(source, "context_dim")?],
        digest: source.whole("digest")?,
        divided: source
            .description()
            .setting("divided")
            .map(|_| source.whole("divided"))
            .transpose()?,
        choices: choices(&source.part("choices")?)?,
        keep_start: source.flag("keep_start")?,
        objective: source.word("objective")?.into(),
        optimizer: source.word("optimizer")?.into(),
    })
}

fn describe_choices(choices: &Choices) -> Description {
    let noise = match choices.noise {
        Noise::None => Value::from("none"),
        Noise::Deviation(size) => any(size),
        Noise::Chosen => Value::from("chosen"),
    };
    Description::new("Choices")
        .with_some("steps", choices.steps)
        .with_some("seconds", choices.seconds)
        .with("batch", choices.batch)
        .with("learning_rate", any(choices.learning_rate))
        .with("clip", any(choices.clip))
        .with("held_out", choices.held_out)
        .with_some("check_every", choices.check_every)
        .with_some("patience", choices.patience)
        .with_some("average", choices.average)
        .with("tolerance", any(choices.tolerance))
        .with("noise", noise)
        .with("context_noise", any(choices.context_noise))
        .part("schedule", describe_schedule(&choices.schedule))
}

fn choices(source: &Source<'_>) -> Result<Choices> {
    let noise = match source.description().setting("noise") {
        Some(Value::Word(word)) if word == "none" => Noise::None,
        Some(Value::Word(word)) if word == "chosen" => Noise::Chosen,
        _ => Noise::Deviation(any_number(source, "noise")?),
    };
    Ok(Choices {
        steps: optional_size(source, "steps")?,
        seconds: source.optional_number("seconds")?,
        batch: size(source, "batch")?,
        learning_rate: any_number(source, "learning_rate")?,
        schedule: schedule(&source.part("schedule")?)?,
        clip: any_number(source, "clip")?,
        held_out: size(source, "held_out")?,
        check_every: optional_size(source, "check_every")?,
        patience: optional_size(source, "patience")?,
        average: source.optional_number("average")?,
        tolerance: any_number(source, "tolerance")?,
        noise,
        context_noise: any_number(source, "context_noise")?,
    })
}

pub(super) fn describe_schedule(schedule: &Schedule) -> Description {
    let fall = match schedule.fall {
        Fall::Root => "root",
        Fall::Cosine => "cosine",
    };
    let description = match schedule.decay {
        Decay::Last(share) => Description::new("Last").with("share", any(share)),
        Decay::Between { from, until } => {
            Description::new("Between").with("from", from).with("until", until)
        }
        Decay::Cycles { first } => Description::new("Cycles").with("first", first),
    };
    description
        .with("warm_up", schedule.warm_up)
        .with("fall", fall)
        .with("floor", any(schedule.floor))
}

pub(super) fn schedule(source: &Source<'_>) -> Result<Schedule> {
    let decay = match source.kind() {
        "Last" => Decay::Last(source.number("share")?),
        "Between" => Decay::Between { from: size(source, "from")?, until: size(source, "until")? },
        "Cycles" => Decay::Cycles { first: size(source, "first")? },
        other => return Err(source.unknown("kind", other)),
    };
    let fall = match source.word("fall")? {
        "root" => Fall::Root,
        "cosine" => Fall::Cosine,
        other => return Err(source.unknown("fall", other)),
    };
    let (warm_up, floor) = (size(source, "warm_up")?, source.number("floor")?);
    let schedule = Schedule { warm_up, decay, fall, floor };
    schedule.check()?;
    Ok(schedule)
}

pub(super) fn describe_stages(stages: &Stages) -> Description {
    Description::new("Stages")
        .with("steps", stages.steps)
        .with_some("share", stages.share)
        .with_some("growth", stages.growth)
        .with_some("limit", stages.limit)
        .part("schedule", describe_schedule(&stages.schedule))
}

pub(super) fn stages(source: &Source<'_>) -> Result<Stages> {
    source.check_kind("Stages")?;
    Ok(Stages {
        schedule: schedule(&source.part("schedule")?)?,
        steps: size(source, "steps")?,
        share: source.optional_number("share")?,
        growth: optional_size(source, "growth")?,
        limit: source.optional_number("limit")?,
    })
}

pub(super) fn describe_tolerances(tolerances: &Tolerances) -> Description {
    Description::new("Tolerances")
        .with_some("training", tolerances.training)
        .with_some("checks", tolerances.checks)
        .with("tight", any(tolerances.tight))
}

pub(super) fn tolerances(source: &Source<'_>) -> Result<Tolerances> {
    source.check_kind("Tolerances")?;
    Ok(Tolerances {
        training: source.optional_number("training")?,
        checks: source.optional_number("checks")?,
        tight: any_number(source, "tight")?,
    })
}

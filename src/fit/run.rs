//! The whole way from a table to a judged model.

use std::time::Instant;

use super::blend::{
    ALL, Choice, FLOWS, GAUSSIAN, MIXTURES, Members, Shares, choose, divided, is_open, score,
};
use super::candidate::Candidate;
use super::contest::{Scale, contest};
use super::entrants::Entrants;
use super::fitted::Fitted;
use super::judged::{Judged, Part};
#[cfg(feature = "save")]
use super::kept;
use super::nats::Row;
use super::progress::{Listener, Progress, Stage};
use super::radial::Radial;
use super::rows::{Rows, folds, stream};
use super::settings::Choices;
use super::survey::Survey;
use super::verdict::{Scheme, Verdict, are_few};
use super::warning::Warning;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::outcome::shown;
use crate::table::Table;
use crate::trace::mix;
use crate::train::Report;

/// Of fewer different rows no density is made.
const FEWEST: usize = 10;
/// From how many on a part of them is set aside; fewer are judged in folds.
const MANY: usize = 2000;
/// The number of folds.
const FOLDS: usize = 5;
/// The share that is set aside is one over this, and so is that which chooses.
const SHARE: usize = 10;
/// The most rows that are set aside.
const SET_ASIDE: usize = 5000;
/// Up to how many products of rows (columns, where these are more) and squared columns all folds judge what is made in closed form.
const WORK: usize = 1_000_000;
/// The number of flows that judge a fold.
const JUDGES: usize = 2;

/// The number of flows of the model: the fewer rows, the more each lacks without the others, and the cheaper it is.
fn members_for(rows: usize) -> usize {
    match rows {
        0..1000 => 10,
        1000..2000 => 5,
        _ => 3,
    }
}

/// The rows of all parts.
fn rows_of(held: &[Part]) -> Vec<Vec<Row>> {
    held.iter().map(|part| part.rows.clone()).collect()
}

/// What a run makes.
struct Made {
    model: Model,
    scores: Vec<(Candidate, f64)>,
    reports: Vec<Report>,
    warnings: Vec<Warning>,
}

/// What a run goes by.
struct Fitting<'a> {
    table: &'a Table,
    choices: &'a Choices,
    survey: Survey,
    rows: Rows,
    progress: Progress<'a>,
}

pub(super) fn run(
    table: &Table,
    valid: Option<&Table>,
    choices: &Choices,
    listener: Option<&Listener<'_>>,
) -> Result<Fitted> {
    let start = Instant::now();
    choices.check()?;
    if table.rows() == 0 {
        return Err(Error::empty("the table has no rows: there is nothing to learn from"));
    }
    table.all_finite()?;
    let mut survey = Survey::of(table, choices)?;
    survey.warnings.extend(Warning::of_missing(table));
    let mut rows = Rows::of(table, &mut survey, choices)?;
    check_rows(&rows, &mut survey)?;
    if let Some(valid) = valid {
        let given = rows.to_choose_by(valid, &mut survey, choices);
        let given = given.map_err(|error| error.during("the validation table"))?;
        rows.chosen_by = Some(Box::new(given));
    }
    #[cfg(feature = "save")]
    if let Some(plan) = &choices.checkpoints {
        kept::begin(plan, (table, valid), choices)?;
    }
    let progress = Progress::new(listener);
    let mut fitting = Fitting { table, choices, survey, rows, progress };
    let (made, verdict) = match fitting.rows.groups.len() {
        0..MANY => fitting.in_folds()?,
        _ => fitting.set_aside()?,
    };
    for warning in made.warnings {
        if !fitting.survey.warnings.contains(&warning) {
            fitting.survey.warnings.push(warning);
        }
    }
    let model = fitting.noted(made.model, &verdict);
    let Survey { columns, contexts, warnings, .. } = fitting.survey;
    Ok(Fitted {
        model,
        verdict,
        columns,
        contexts,
        warnings,
        candidates: made.scores,
        reports: made.reports,
        seed: choices.seed,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// An error if there are too few rows for anything, and a warning if there are few.
fn check_rows(rows: &Rows, survey: &mut Survey) -> Result<()> {
    let (count, dim) = (rows.groups.len(), survey.columns.len());
    if are_few(count, dim) {
        survey.warnings.push(Warning::Few { rows: count, columns: dim });
    }
    if count >= FEWEST {
        return Ok(());
    }
    let (rows, columns) = (shown::count(count, "different row"), shown::count(dim, "column"));
    Err(Error::empty(format!(
        "{rows} for {columns}: from fewer than {FEWEST} nothing can be learnt and held out; give more rows"
    )))
}

impl Fitting<'_> {
    /// Every fold is judged by a model of the others, and the model is made of all. One choice of what it is made of
    /// holds for all of them, by the rows that were held out: what richer models gain is flattered by less than a quarter of
    /// its standard error s, since E(d; d > s) of a normal d of mean zero is φ(1) s = 0.24 s, and that it is beyond two
    /// standard errors is as rare as without a choice. Weights and bases are those of the other folds' rows.
    fn in_folds(&mut self) -> Result<(Made, Verdict)> {
        let seed = self.choices.seed;
        let parts = folds(&self.rows.groups, FOLDS, &mut stream(seed, 2));
        let mut first = match self.rows.chosen_by {
            Some(_) => Some(self.of_all(true)?),
            None => None,
        };
        let chosen =
            first.as_ref().map(|all| self.choose(&divided(&all.scores), all.flow.is_some()));
        let mut flows = chosen.as_ref().is_none_or(|choice| choice.shares[2] > 0.0);
        let (mut judges, mut held, mut count) = (Vec::new(), Vec::<Part>::new(), 0);
        for (k, part) in parts.iter().enumerate() {
            self.progress.tell(Stage::Contest { number: k + 1, of: FOLDS + 1 });
            let judge = self.of_others(&parts, k, flows)?;
            self.progress.tell(Stage::Judging);
            held.push(Part::new(&judge, &self.rows, part, count, &mut stream(seed, 5))?);
            count += part.len();
            flows &= judge.flow.is_some();
            judges.push(judge);
            if flows && chosen.is_none() && k + 1 < FOLDS {
                flows = self.is_open(&held, (k + 1) as f64 / FOLDS as f64);
            }
        }
        let radial =
            if flows && chosen.is_none() { self.rebase(&mut judges, &mut held) } else { None };
        let mut last = match first.take() {
            Some(all) => all,
            None => {
                let flows = flows && self.choose(&rows_of(&held), true).shares[2] > 0.0;
                self.progress.tell(Stage::Contest { number: FOLDS + 1, of: FOLDS + 1 });
                self.of_all(flows)?
            }
        };
        if let (Some(flow), Some(radial)) = (&mut last.flow, radial) {
            flow.radial = radial;
        }
        let given = self.rows.chosen_by.is_some();
        let by = if given { divided(&last.scores) } else { rows_of(&held) };
        // Where a flow failed, it cannot be what is chosen.
        let everywhere = last.flow.is_some() && judges.iter().all(|judge| judge.flow.is_some());
        let mut choice = self.choose(&by, everywhere);
        let told = choice.apart.clone();
        if given {
            choice.apart = vec![choice.shares; FOLDS];
        }
        let mut judged = Judged::default();
        for ((judge, part), shares) in judges.iter().zip(&held).zip(&choice.apart) {
            judged.add(judge, shares, (&self.rows, part), &mut stream(seed, 6))?;
        }
        let chosen = last.candidate(&choice.shares);
        let verdict = self.verdict(&judged, chosen, last.mixture.0, Scheme::Folds(FOLDS));
        let flows = if given { last.flow.is_some() } else { flows };
        for judge in judges {
            last.flow = last.flow.or(judge.flow.filter(|_| flows));
            last.warnings.extend(judge.warnings);
        }
        choice.apart = told;
        Ok((self.made(last, &choice, (&by, flows), &judged)?, verdict))
    }

    /// Gives the flows of each fold the base that rows of the others ask for, and says which all of them do: by rows that
    /// none of several flows has learnt from, as it is to serve them together.
    fn rebase(&self, judges: &mut [Entrants], held: &mut [Part]) -> Option<Radial> {
        let dim = self.survey.columns.len();
        for (k, judge) in judges.iter_mut().enumerate() {
            let others = held.iter().enumerate().filter(|(other, _)| *other != k);
            let radial = Radial::likeliest(others.flat_map(|(_, part)| &part.said), dim);
            judge.flow.as_mut()?.radial = radial;
        }
        held.iter_mut().zip(judges.iter()).for_each(|(part, judge)| part.judge_again(judge));
        Some(Radial::likeliest(held.iter().flat_map(|part| &part.said), dim))
    }

    /// What learns from all parts but one.
    fn of_others(&self, parts: &[Vec<Vec<usize>>], k: usize, flows: bool) -> Result<Entrants> {
        let others = parts.iter().enumerate().filter(|(other, _)| *other != k);
        let others: Vec<Vec<usize>> = others.flat_map(|(_, part)| part.clone()).collect();
        let judges = self.choices.members.unwrap_or(JUDGES).min(JUDGES);
        let scale = self.scale(k + 1, others.len(), judges);
        self.contest(&others, Scale { flows, ..scale }, mix(self.choices.seed, k as u64))
    }

    /// What learns from all rows.
    fn of_all(&self, flows: bool) -> Result<Entrants> {
        let groups = &self.rows.groups;
        let members = self.choices.members.unwrap_or(members_for(groups.len()));
        let scale = self.scale(FOLDS + 1, groups.len(), members);
        self.contest(groups, Scale { flows, ..scale }, self.choices.seed)
    }

    /// A part is set aside, and judged by the model of the rest.
    fn set_aside(&mut self) -> Result<(Made, Verdict)> {
        let seed = self.choices.seed;
        let groups = &self.rows.groups;
        let share = SHARE.max(groups.len().div_ceil(SET_ASIDE));
        let mut parts = folds(groups, share, &mut stream(seed, 2));
        let aside = parts.pop().unwrap_or_default();
        let others: Vec<Vec<usize>> = parts.into_iter().flatten().collect();
        self.progress.tell(Stage::Contest { number: 1, of: 1 });
        let members = self.choices.members.unwrap_or(members_for(others.len()));
        let all = self.contest(&others, self.scale(1, others.len(), members), seed)?;
        let (by, flows) = (divided(&all.scores), all.flow.is_some());
        let choice = self.choose(&by, flows);
        self.progress.tell(Stage::Judging);
        let held = Part::new(&all, &self.rows, &aside, 0, &mut stream(seed, 5))?;
        let mut judged = Judged::default();
        judged.add(&all, &choice.shares, (&self.rows, &held), &mut stream(seed, 6))?;
        let verdict =
            self.verdict(&judged, all.candidate(&choice.shares), all.mixture.0, Scheme::SetAside);
        Ok((self.made(all, &choice, (&by, flows), &judged)?, verdict))
    }

    /// What may be chosen, from simple to rich.
    fn options(&self, flows: bool) -> Vec<Members> {
        let conditional = !self.survey.contexts.is_empty();
        let closed = if conditional { &[GAUSSIAN][..] } else { &[GAUSSIAN, MIXTURES] };
        let rich = if conditional { &[FLOWS][..] } else { &[FLOWS, ALL] };
        let mut all = closed.to_vec();
        all.extend(if flows { rich } else { &[] });
        all
    }

    fn choose(&self, parts: &[Vec<Row>], flows: bool) -> Choice {
        choose(parts, &self.options(flows))
    }

    /// Whether flows may still be chosen when this share of the folds has judged.
    fn is_open(&self, held: &[Part], share: f64) -> bool {
        let parts = match held {
            [one] => divided(&one.rows),
            several => rows_of(several),
        };
        let rich = *self.options(true).last().unwrap_or(&ALL);
        is_open(&parts, &self.options(false), rich, share)
    }

    /// The model of a choice, with the scores of all that were in it to the end.
    fn made(
        &self,
        all: Entrants,
        choice: &Choice,
        (parts, flows): (&[Vec<Row>], bool),
        judged: &Judged,
    ) -> Result<Made> {
        let alone = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let alone = alone.into_iter().take(if flows { 3 } else { 2 });
        let of = |shares: &Shares| vec![*shares; parts.len()];
        let mut scores: Vec<(Candidate, f64)> =
            alone.map(|shares| (all.candidate(&shares), score(parts, &of(&shares)).mean)).collect();
        let chosen = all.candidate(&choice.shares);
        if let Candidate::Blend(_) = chosen {
            scores.push((chosen, score(parts, &choice.apart).mean));
        }
        let model = all.model(&choice.shares)?;
        let mut warnings = all.warnings;
        warnings.extend(self.survey.beyond(&judged.beyond, judged.drawn));
        let with_flows = choice.shares[2] > 0.0;
        let reports = all.flow.filter(|_| with_flows).map_or_else(Vec::new, |flow| flow.reports);
        Ok(Made { model, scores, reports, warnings })
    }

    /// How much a contest is to do.
    fn scale(&self, part: usize, groups: usize, members: usize) -> Scale {
        let usual = self.choices.valid.map_or(SHARE, |share| (1.0 / share).round() as usize);
        let folds = usual.max(members).max(2).min(groups);
        let flows = match self.rows.groups.len() {
            0..MANY => FOLDS * JUDGES + members_for(groups),
            _ => members,
        };
        // As many at a time as there are threads.
        let rounds = flows.div_ceil(rayon::current_num_threads().min(members).max(1));
        let seconds = self.choices.seconds.map(|limit| limit / rounds as f64);
        let members = members.min(folds);
        let columns = self.survey.columns.len() + self.survey.contexts.len();
        let judges = if groups.max(columns) * columns * columns < WORK { folds } else { members };
        Scale { part, folds, judges, members, flows: true, seconds }
    }

    fn contest(&self, groups: &[Vec<usize>], scale: Scale, seed: u64) -> Result<Entrants> {
        contest(&self.rows, &self.survey, groups, (self.choices, scale), seed, &self.progress)
    }

    fn verdict(
        &self,
        judged: &Judged,
        chosen: Candidate,
        components: usize,
        scheme: Scheme,
    ) -> Verdict {
        let names: Vec<String> = self.survey.columns.iter().map(|one| one.name.clone()).collect();
        Verdict::of(judged, &names, (chosen, components), &self.rows.groups, scheme)
    }

    /// The model with notes of where it is from.
    fn noted(&self, model: Model, verdict: &Verdict) -> Model {
        let left_out: Vec<String> =
            self.survey.warnings.iter().filter_map(Warning::left_out).collect();
        let finite = |value: f64| if value.is_finite() { value } else { f64::MAX };
        model
            .note("made by", format!("liouville {}", env!("CARGO_PKG_VERSION")))
            .note("verdict", verdict.sentence())
            .note("kind", verdict.chosen.to_string())
            .note("rows", self.table.rows())
            .note("held-out nats", finite(verdict.nats.mean))
            .note("standard error of held-out nats", finite(verdict.nats.standard_error))
            .note("seed", self.choices.seed)
            .note("columns left out", left_out)
    }
}

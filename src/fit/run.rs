//! The whole way from a table to a judged model.

use std::time::Instant;

use super::candidate::Candidate;
use super::contest::{Outcome, Scale, contest};
use super::fitted::Fitted;
use super::judged::Judged;
#[cfg(feature = "save")]
use super::kept;
use super::progress::{Listener, Progress, Stage};
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
/// Up to how many products of rows and squared columns all folds judge what is made in closed form.
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
    let (outcome, verdict) = match fitting.rows.groups.len() {
        0..MANY => fitting.in_folds()?,
        _ => fitting.set_aside()?,
    };
    fitting.survey.warnings.extend(outcome.warnings);
    let model = fitting.noted(outcome.model, &verdict);
    let Survey { columns, contexts, warnings } = fitting.survey;
    Ok(Fitted {
        model,
        verdict,
        columns,
        contexts,
        warnings,
        candidates: outcome.scores,
        reports: outcome.reports,
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
    /// Every fold is judged by a model of the others, and the model is made of all.
    fn in_folds(&mut self) -> Result<(Outcome, Verdict)> {
        let seed = self.choices.seed;
        let parts = folds(&self.rows.groups, FOLDS, &mut stream(seed, 2));
        let mut judged = Judged::default();
        for (k, part) in parts.iter().enumerate() {
            self.progress.tell(Stage::Contest { number: k + 1, of: FOLDS + 1 });
            let others: Vec<Vec<usize>> = parts
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != k)
                .flat_map(|(_, part)| part.clone())
                .collect();
            let judges = self.choices.members.unwrap_or(JUDGES).min(JUDGES);
            let scale = self.scale(k + 1, others.len(), judges);
            let outcome = self.contest(&others, scale, mix(seed, k as u64))?;
            self.judge(&mut judged, &outcome, part)?;
        }
        self.progress.tell(Stage::Contest { number: FOLDS + 1, of: FOLDS + 1 });
        let groups = self.rows.groups.clone();
        let members = self.choices.members.unwrap_or(members_for(groups.len()));
        let scale = self.scale(FOLDS + 1, groups.len(), members);
        let outcome = self.contest(&groups, scale, seed)?;
        let verdict = self.verdict(&judged, &outcome, Scheme::Folds(FOLDS));
        Ok((outcome, verdict))
    }

    /// A part is set aside, and judged by the model of the rest.
    fn set_aside(&mut self) -> Result<(Outcome, Verdict)> {
        let seed = self.choices.seed;
        let groups = &self.rows.groups;
        let share = SHARE.max(groups.len().div_ceil(SET_ASIDE));
        let mut parts = folds(groups, share, &mut stream(seed, 2));
        let aside = parts.pop().unwrap_or_default();
        let others: Vec<Vec<usize>> = parts.into_iter().flatten().collect();
        self.progress.tell(Stage::Contest { number: 1, of: 1 });
        let members = self.choices.members.unwrap_or(members_for(others.len()));
        let outcome = self.contest(&others, self.scale(1, others.len(), members), seed)?;
        let mut judged = Judged::default();
        self.judge(&mut judged, &outcome, &aside)?;
        let verdict = self.verdict(&judged, &outcome, Scheme::SetAside);
        Ok((outcome, verdict))
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
        let judges = if groups * columns * columns < WORK { folds } else { members };
        Scale { part, folds, judges, members, seconds }
    }

    fn contest(&self, groups: &[Vec<usize>], scale: Scale, seed: u64) -> Result<Outcome> {
        contest(&self.rows, &self.survey, groups, (self.choices, scale), seed, &self.progress)
    }

    fn judge(&self, judged: &mut Judged, outcome: &Outcome, groups: &[Vec<usize>]) -> Result<()> {
        self.progress.tell(Stage::Judging);
        let mut rng = stream(self.choices.seed, 5);
        judged.add(outcome, &self.rows, groups, &mut rng)
    }

    fn verdict(&self, judged: &Judged, outcome: &Outcome, scheme: Scheme) -> Verdict {
        let names: Vec<String> = self.survey.columns.iter().map(|one| one.name.clone()).collect();
        let chosen: (Candidate, usize) = (outcome.chosen, outcome.mixture.0);
        Verdict::of(judged, &names, chosen, self.rows.groups.len(), scheme)
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

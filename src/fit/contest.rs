//! A contest: all candidates on the same rows, of which those that they did not learn from choose the best.

use std::collections::HashMap;
use std::ops::ControlFlow;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::FlowChoice;
use super::candidate::{Candidate, Closed, gaussian, mixture};
use super::dressing::Dressing;
use super::flows::{self, Member};
use super::progress::{Progress, Stage};
use super::rows::{Rows, flat, folds, stream};
use super::settings::Choices;
use super::survey::Survey;
use super::warning::Warning;
use crate::columns::Moments;
use crate::density::{Density, Ensemble};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::real::portable::{exp, ln};
use crate::train::Report;

/// The most components of a mixture.
const COMPONENTS: usize = 20;
/// After how many numbers of components without a gain no more are tried.
const PATIENCE: usize = 2;

/// By how many nats a richer candidate must be better: flows begin as the Gaussian of the rows that they learn
/// from, and the Gaussian itself is made anew from all.
const LEAST: f64 = 0.02;

/// How much is done in a contest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// Which contest it is.
    pub part: usize,
    /// Into how many parts the rows are divided.
    pub folds: usize,
    /// How many of them judge what is made in closed form from the others.
    pub judges: usize,
    /// How many of these judge a flow that learnt from the others.
    pub members: usize,
    /// The time for each flow.
    pub seconds: Option<f64>,
}

/// What came out.
pub(super) struct Outcome {
    /// The best on rows that it had not learnt from.
    pub chosen: Candidate,
    /// It, in the units of the table.
    pub model: Model,
    pub gaussian: Closed,
    pub mixture: (usize, Closed),
    pub dressing: Dressing,
    pub reports: Vec<Report>,
    pub warnings: Vec<Warning>,
    /// The mean log-density of rows that were not learnt from, of each candidate, as the dressing shows them.
    pub scores: Vec<(Candidate, f64)>,
}

/// Rows as candidates see them: samples, contexts, and the folds.
struct Arena {
    seen: [DMatrix<f64>; 2],
    /// The places of all, as often as their weights say.
    all: Vec<usize>,
    /// For each fold the places to learn from and those to choose by; the first belong to members. Where rows to
    /// choose by were given, there is one, of all.
    divisions: Vec<[Vec<usize>; 2]>,
    given: bool,
    members: usize,
}

impl Arena {
    fn part(&self, places: &[usize]) -> [DMatrix<f64>; 2] {
        self.seen.each_ref().map(|matrix| matrix.select_columns(places))
    }
}

/// The mean of the log-densities that each member's fold got.
fn mean(parts: &[Vec<f64>]) -> f64 {
    let count: usize = parts.iter().map(Vec::len).sum();
    let sum = parts.iter().flatten().sum::<f64>() / count.max(1) as f64;
    if sum.is_nan() { f64::NEG_INFINITY } else { sum }
}

/// Lets all candidates compete on groups of rows.
pub(super) fn contest(
    rows: &Rows,
    survey: &Survey,
    groups: &[Vec<usize>],
    (choices, scale): (&Choices, Scale),
    seed: u64,
    progress: &Progress<'_>,
) -> Result<Outcome> {
    let (arena, dressing) = arena(rows, survey, groups, scale, seed)?;
    let mut scores = Vec::new();
    let all = arena.part(&arena.all);
    let all = all.each_ref();
    let score = by_folds(&arena, gaussian)?;
    scores.push((Candidate::Gaussian, score.concat()));
    progress.tell(Stage::Mixtures);
    let (settings, score) = best_mixture(&arena, seed, progress)?;
    scores.push((Candidate::Mixture(settings[0]), score.concat()));
    let mixture = (settings[0], mixture(all, settings, &mut stream(seed, 3))?);
    let gaussian = gaussian(all)?;
    let (mut reports, mut warnings, mut flow) = (Vec::new(), Vec::new(), None);
    let [dim, count] = [all[0].nrows(), all[0].ncols()];
    if let Some(kind) = choices.flow.resolved(dim, count) {
        let goes_on = flows::is_begun(choices, scale.part)?;
        match train_all(kind, &arena, (choices, scale), seed, progress) {
            Ok((members, found, score)) => {
                scores.push((Candidate::Flow { kind, members: members.len() }, score));
                reports = found;
                flow = Some(Model::mixture(Ensemble::new(members)?));
            }
            // A file that cannot be written or read is no fault of the flow.
            Err(error) if error.is_file() || (goes_on && !error.is_training()) => {
                return Err(error);
            }
            Err(error) => warnings.push(Warning::Failed { reason: error.to_string() }),
        }
    }
    // A mixture with contexts is no model, only what others are compared with.
    let conditional = all[1].nrows() > 0;
    let entered =
        |one: &&(Candidate, Vec<f64>)| !(conditional && matches!(one.0, Candidate::Mixture(_)));
    let chosen = simplest(scores.iter().filter(entered)).unwrap_or(Candidate::Gaussian);
    let model = match chosen {
        Candidate::Gaussian => gaussian.model()?,
        Candidate::Mixture(_) => mixture.1.model()?,
        Candidate::Flow { .. } => flow,
    };
    let model = dressing.dress(model.ok_or_else(|| Error::training("no candidate is a model"))?)?;
    // Of the rows that judged all of them, which come first.
    let common = scores.iter().map(|(_, score)| score.len()).min().unwrap_or(0);
    let scores =
        scores.into_iter().map(|(one, score)| (one, mean(&[score[..common].to_vec()]))).collect();
    Ok(Outcome { chosen, model, gaussian, mixture, dressing, reports, warnings, scores })
}

/// Of candidates from simple to rich the last that is better than the one chosen before by more than a standard
/// error of the difference and by 0.02 nats (Breiman et al. 1984, Classification and regression trees, section 3.4.3), on the rows
/// that judged both.
fn simplest<'a>(
    candidates: impl IntoIterator<Item = &'a (Candidate, Vec<f64>)>,
) -> Option<Candidate> {
    let mut candidates = candidates.into_iter();
    let first = candidates.next()?;
    let best = candidates.fold(first, |best, one| {
        let gains: Vec<f64> = one.1.iter().zip(&best.1).map(|(one, best)| one - best).collect();
        let Moments { mean: gain, deviation } = Moments::of(gains.iter().copied());
        let better = gain > LEAST && gain > deviation / (gains.len() as f64).sqrt();
        // Where a row has no density, no standard error says anything.
        let own = |scores: &[f64]| mean(&[scores.to_vec()]);
        if better || (!gain.is_finite() && own(&one.1) > own(&best.1)) { one } else { best }
    });
    Some(best.0)
}

fn arena(
    rows: &Rows,
    survey: &Survey,
    groups: &[Vec<usize>],
    scale: Scale,
    seed: u64,
) -> Result<(Arena, Dressing)> {
    let mut rng = stream(seed, 1);
    let folds = folds(groups, scale.folds, &mut rng);
    let own = flat(groups);
    let places: HashMap<usize, usize> =
        own.iter().enumerate().map(|(place, row)| (*row, place)).collect();
    let [mut points, mut contexts] = rows.select(&own);
    let columns = [&survey.columns[..], &survey.contexts[..]];
    let dressing = Dressing::fit(columns, [&points, &contexts], &mut rng)?;
    let mut drawn = |part: Vec<usize>| -> Vec<usize> {
        rows.by_weight(&part, &mut rng).iter().map(|row| places[row]).collect()
    };
    let all = drawn(own.clone());
    let divide = |k: usize| {
        let others = folds.iter().enumerate().filter(|(other, _)| *other != k);
        [others.flat_map(|(_, fold)| flat(fold)).collect(), flat(&folds[k])].map(&mut drawn)
    };
    let divisions = match &rows.chosen_by {
        None => (0..scale.judges.min(folds.len())).map(divide).collect(),
        Some(given) => {
            let count = given.points.ncols();
            let judges = given.by_weight(&(0..count).collect::<Vec<_>>(), &mut rng);
            points = behind(&points, &given.points);
            contexts = behind(&contexts, &given.contexts);
            vec![[all.clone(), judges.iter().map(|row| own.len() + row).collect()]]
        }
    };
    let seen = [dressing.undress(&points, &mut rng)?, dressing.contexts(&contexts)];
    let given = rows.chosen_by.is_some();
    Ok((Arena { seen, all, divisions, given, members: scale.members }, dressing))
}

/// The columns of one matrix, and behind them those of another.
fn behind(one: &DMatrix<f64>, other: &DMatrix<f64>) -> DMatrix<f64> {
    let mut both = DMatrix::zeros(one.nrows(), one.ncols() + other.ncols());
    both.columns_mut(0, one.ncols()).copy_from(one);
    both.columns_mut(one.ncols(), other.ncols()).copy_from(other);
    both
}

/// The log-densities of what chooses, by a closed form that learnt from the rest.
fn by_folds(
    arena: &Arena,
    fit: impl Fn([&DMatrix<f64>; 2]) -> Result<Closed> + Sync,
) -> Result<Vec<Vec<f64>>> {
    let judge = |[learn, choose]: &[Vec<usize>; 2]| {
        let [learn, choose] = [arena.part(learn), arena.part(choose)];
        fit(learn.each_ref())?.log_prob(choose.each_ref())
    };
    arena.divisions.par_iter().map(judge).collect()
}

/// The number of components and the strength of their prior that do best in all folds, and how well in each; of
/// those that were tried when an end was asked for.
fn best_mixture(
    arena: &Arena,
    seed: u64,
    progress: &Progress<'_>,
) -> Result<([usize; 2], Vec<Vec<f64>>)> {
    let dim = arena.seen[0].nrows() + arena.seen[1].nrows();
    let fewest = arena.divisions.iter().map(|[learn, _]| learn.len()).min().unwrap_or(1);
    let (mut best, mut most) = (None, f64::NEG_INFINITY);
    // A stronger prior serves where rows are few.
    let strengths = if fewest < 20 * dim * dim { vec![1, dim + 1] } else { vec![1] };
    for strength in strengths {
        let mut vain = 0;
        for count in (1..=COMPONENTS.min(fewest)).filter(|count| *count <= 6 || count % 2 == 0) {
            let fit = |part: [&DMatrix<f64>; 2]| {
                mixture(part, [count, strength], &mut stream(seed, 100 + count as u64))
            };
            let found = by_folds(arena, fit)?;
            if mean(&found) > most {
                (most, vain) = (mean(&found), 0);
                best = Some(([count, strength], found));
            } else {
                vain += 1;
            }
            let asked = !progress.tell(Stage::Mixtures) && best.is_some();
            if vain > PATIENCE || asked {
                break;
            }
        }
    }
    best.ok_or_else(|| {
        Error::training("no mixture has a density on rows that it did not learn from")
    })
}

/// Members of a kind, each on its own division.
fn train_all(
    kind: FlowChoice,
    arena: &Arena,
    (choices, scale): (&Choices, Scale),
    seed: u64,
    progress: &Progress<'_>,
) -> Result<(Vec<Member>, Vec<Report>, Vec<f64>)> {
    let count = arena.members;
    let train = |k: usize| {
        let division = &arena.divisions[if arena.given { 0 } else { k }];
        let [learn, choose] = division.each_ref().map(|places| arena.part(places));
        let mut rng = stream(seed, 1000 + k as u64);
        let told = |report: &Report| match progress.step(k, count, report) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let parts = [learn.each_ref(), choose.each_ref()];
        let after = |_: &_, report: &Report| told(report);
        let trainer = flows::trainer(choices, scale.seconds, [scale.part, k]);
        let (member, report) = flows::train(kind, &trainer, parts, &mut rng, after)?;
        let [points, contexts] = choose.map(|matrix| matrix.map(|x| x as f32));
        let scores = match contexts.nrows() {
            0 => member.log_prob(&points)?,
            _ => member.given(contexts).log_prob(&points)?,
        };
        Ok((member, report, scores.iter().map(|x| f64::from(*x)).collect()))
    };
    let trained: Vec<Result<(Member, Report, Vec<f64>)>> =
        (0..count).into_par_iter().map(train).collect();
    let (mut members, mut reports, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    for found in trained {
        let (member, report, own) = found?;
        members.push(member);
        reports.push(report);
        scores.push(own);
    }
    let scores = if arena.given { of_mean(&scores) } else { scores.concat() };
    Ok((members, reports, scores))
}

/// The log-densities of rows by the mean of the densities of all members, of none of which they were learnt.
fn of_mean(members: &[Vec<f64>]) -> Vec<f64> {
    let rows = members.first().map_or(0, Vec::len);
    let row = |j: usize| {
        let most = members.iter().map(|scores| scores[j]).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = members.iter().map(|scores| exp(scores[j] - most)).sum();
        if most.is_finite() { most + ln(sum / members.len() as f64) } else { most }
    };
    (0..rows).map(row).collect()
}

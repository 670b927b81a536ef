//! A contest: all candidates on the same rows, and what they say of those that they did not learn from.

use std::collections::HashMap;
use std::ops::ControlFlow;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::FlowChoice;
use super::blend::LEAST;
use super::candidate::{Closed, Peaks, gaussian, mixture};
use super::dressing::Dressing;
use super::entrants::{Entrants, Flows, Member};
use super::flows;
use super::nats::Row;
use super::progress::{Progress, Stage};
use super::radial::{Radial, Said, width};
use super::rows::{Rows, flat, folds, stream};
use super::settings::Choices;
use super::survey::Survey;
use super::warning::Warning;
use crate::error::{Error, Result};
use crate::train::Report;

/// The most components of a mixture.
const COMPONENTS: usize = 20;
/// After how many numbers of components without a gain no more are tried.
const PATIENCE: usize = 2;

/// Widths of the components of a mixture that are tried, as factors of their deviations.
const WIDTHS: [f64; 5] = [1.0, 1.08, 1.17, 1.3, 1.5];
/// After so many steps a flow has gained, or it will not: those of the plane that gain at all gain more than the least
/// in the first hundred.
const TRIAL: usize = 300;

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
    /// Whether there are to be flows.
    pub flows: bool,
    /// The time for each flow.
    pub seconds: Option<f64>,
}

/// Rows as candidates see them: samples, contexts, and the folds.
struct Arena {
    seen: [DMatrix<f64>; 2],
    /// The log-determinants of the way from the table to what is seen.
    log_det: Vec<f64>,
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

    /// The Gaussian of each division, whose root takes most of the time that a closed form does where columns are many.
    fn gaussians(&self) -> Result<Vec<Closed>> {
        self.divisions.par_iter().map(|[learn, _]| gaussian(self.part(learn).each_ref())).collect()
    }

    /// The places of the rows that judge, division by division.
    fn judges(&self) -> impl Iterator<Item = usize> {
        self.divisions.iter().flat_map(|[_, choose]| choose.iter().copied())
    }
}

/// The mean of the log-densities that each member's fold got.
fn mean(parts: &[Vec<f64>]) -> f64 {
    let count: usize = parts.iter().map(Vec::len).sum();
    let sum = parts.iter().flatten().sum::<f64>() / count.max(1) as f64;
    if sum.is_nan() { f64::NEG_INFINITY } else { sum }
}

/// Lets all candidates learn from groups of rows, flows if they are wanted.
pub(super) fn contest(
    rows: &Rows,
    survey: &Survey,
    groups: &[Vec<usize>],
    (choices, scale): (&Choices, Scale),
    seed: u64,
    progress: &Progress<'_>,
) -> Result<Entrants> {
    let (arena, dressing) = arena(rows, survey, groups, scale, seed)?;
    let all = arena.part(&arena.all);
    let all = all.each_ref();
    let gaussians = arena.gaussians()?;
    let alone = by_folds(&arena, &gaussians, |_, own| Ok(own.clone()))?;
    let width = width_of(&arena, &gaussians)?;
    progress.tell(Stage::Mixtures);
    let (peaks, mixed) = best_mixture(&arena, &gaussians, seed, progress)?;
    let of_all = gaussian(all)?;
    let mixture = (peaks.count, mixture(all, &of_all, peaks, &mut stream(seed, 3))?);
    let (mut warnings, mut flow) = (Vec::new(), None);
    let mut scores =
        vec![by_folds(&arena, &gaussians, |_, own| own.wider(width))?.concat(), mixed.concat()];
    let kind = choices.flow.resolved(all[0].nrows(), all[0].ncols()).filter(|_| scale.flows);
    let unseen = kind.and_then(|_| survey.unseen(all));
    if let Some(reason) = unseen {
        warnings.push(Warning::Failed { reason });
    } else if let Some(kind) = kind {
        let goes_on = flows::is_begun(choices, scale.part)?;
        match train_all(kind, &arena, &alone, (choices, scale), seed, progress) {
            Ok((found, score)) => {
                scores.push(score);
                flow = Some(found);
            }
            // A file that cannot be written or read is no fault of the flow.
            Err(error) if error.is_file() || (goes_on && !error.is_training()) => {
                return Err(error);
            }
            Err(error) => warnings.push(Warning::Failed { reason: error.to_string() }),
        }
    }
    let gaussian = of_all.wider(width)?;
    let scores = ballot(&arena, &scores);
    Ok(Entrants { gaussian, mixture, flow, dressing, warnings, scores })
}

/// Rows that judged all candidates, which come first, with their log-densities in the units of the table.
fn ballot(arena: &Arena, scores: &[Vec<f64>]) -> Vec<Row> {
    let common = scores.iter().map(Vec::len).min().unwrap_or(0);
    let row = |(k, place): (usize, usize)| {
        let of = |own: usize| {
            let value = scores.get(own).map_or(f64::NEG_INFINITY, |all| all[k]);
            if value.is_nan() { f64::NEG_INFINITY } else { value + arena.log_det[place] }
        };
        Row { group: k, weight: 1.0, log_prob: [of(0), of(1), of(2)] }
    };
    arena.judges().take(common).enumerate().map(row).collect()
}

/// By which factor of its deviations the Gaussian is the likeliest for rows that it has not learnt from, at least one:
/// the root of their mean square, seen by it. Of few rows it is drawn too narrow.
fn width_of(arena: &Arena, gaussians: &[Closed]) -> Result<f64> {
    let square = |([_, choose], own): (&[Vec<usize>; 2], &Closed)| {
        own.squares(arena.part(choose).each_ref())
    };
    let squares: Result<Vec<Vec<f64>>> =
        arena.divisions.par_iter().zip(gaussians).map(square).collect();
    let dim = arena.seen.iter().map(DMatrix::nrows).sum();
    Ok(width(&squares?.concat(), dim))
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
    let (seen, log_det) = dressing.undress_with(&points, &mut rng)?;
    let seen = [seen, dressing.contexts(&contexts)];
    let log_det = log_det.iter().copied().collect();
    let given = rows.chosen_by.is_some();
    Ok((Arena { seen, log_det, all, divisions, given, members: scale.members }, dressing))
}

/// The columns of one matrix, and behind them those of another.
fn behind(one: &DMatrix<f64>, other: &DMatrix<f64>) -> DMatrix<f64> {
    let mut both = DMatrix::zeros(one.nrows(), one.ncols() + other.ncols());
    both.columns_mut(0, one.ncols()).copy_from(one);
    both.columns_mut(one.ncols(), other.ncols()).copy_from(other);
    both
}

/// The log-densities of what chooses, by a closed form that learnt from the rest, and knows their Gaussian.
fn by_folds(
    arena: &Arena,
    gaussians: &[Closed],
    fit: impl Fn([&DMatrix<f64>; 2], &Closed) -> Result<Closed> + Sync,
) -> Result<Vec<Vec<f64>>> {
    let judge = |([learn, choose], own): (&[Vec<usize>; 2], &Closed)| {
        let [learn, choose] = [arena.part(learn), arena.part(choose)];
        fit(learn.each_ref(), own)?.log_prob(choose.each_ref())
    };
    arena.divisions.par_iter().zip(gaussians).map(judge).collect()
}

/// The mixture that does best in all folds, and how well in each; of those that were tried when an end was asked for.
/// Of no more rows than columns several covariances are guesses, and take the time of as many cubes: one is tried.
fn best_mixture(
    arena: &Arena,
    gaussians: &[Closed],
    seed: u64,
    progress: &Progress<'_>,
) -> Result<(Peaks, Vec<Vec<f64>>)> {
    let dim = arena.seen[0].nrows() + arena.seen[1].nrows();
    let fewest = arena.divisions.iter().map(|[learn, _]| learn.len()).min().unwrap_or(1);
    let components = if fewest > dim { COMPONENTS.min(fewest) } else { 1 };
    let (mut best, mut most, mut asked) = (None, f64::NEG_INFINITY, false);
    let by = |peaks: Peaks| {
        let fit = |part: [&DMatrix<f64>; 2], own: &Closed| {
            mixture(part, own, peaks, &mut stream(seed, 100 + peaks.count as u64))
        };
        by_folds(arena, gaussians, fit)
    };
    // A stronger prior serves where rows are few.
    let strengths = if fewest < 20 * dim * dim { vec![1, dim + 1] } else { vec![1] };
    for strength in strengths {
        let mut vain = 0;
        for count in (1..=components).filter(|count| *count <= 6 || count % 2 == 0) {
            if asked {
                break;
            }
            let peaks = Peaks { count, strength, width: 1.0 };
            let found = by(peaks)?;
            if mean(&found) > most {
                (most, vain) = (mean(&found), 0);
                best = Some((peaks, found));
            } else {
                vain += 1;
            }
            asked = !progress.tell(Stage::Mixtures) && best.is_some();
            if vain > PATIENCE {
                break;
            }
        }
    }
    let (mut peaks, mut found) = best.ok_or_else(|| {
        Error::training("no mixture has a density on rows that it did not learn from")
    })?;
    // As of few rows the Gaussian, so are they drawn too narrow.
    for width in WIDTHS.into_iter().skip(1) {
        if asked {
            break;
        }
        let wider = Peaks { width, ..peaks };
        let own = by(wider)?;
        asked = !progress.tell(Stage::Mixtures);
        if mean(&own) <= most {
            break;
        }
        (most, peaks, found) = (mean(&own), wider, own);
    }
    Ok((peaks, found))
}

/// What a member learnt, and what it says of the rows that judge it.
struct Trained {
    member: Member,
    report: Report,
    said: Vec<Said>,
}

/// Members of a kind, each on its own division, with the log-densities of the rows that judge them; those by the
/// Gaussian are `alone`.
fn train_all(
    kind: FlowChoice,
    arena: &Arena,
    alone: &[Vec<f64>],
    (choices, scale): (&Choices, Scale),
    seed: u64,
    progress: &Progress<'_>,
) -> Result<(Flows, Vec<f64>)> {
    let count = arena.members;
    let train = |k: usize| {
        let division = if arena.given { 0 } else { k };
        // With contexts nothing in single precision can take the place of a flow.
        let floor = match arena.seen[1].nrows() {
            0 => -mean(&alone[division..=division]) - LEAST,
            _ => f64::INFINITY,
        };
        train_one(kind, arena, [division, k, count], floor, (choices, scale), (seed, progress))
    };
    let trained: Vec<Result<Trained>> = (0..count).into_par_iter().map(train).collect();
    let trained = trained.into_iter().collect::<Result<Vec<_>>>()?;
    let dim = arena.seen[0].nrows();
    let (mut members, mut reports, mut said) = (Vec::new(), Vec::new(), Vec::new());
    for Trained { member, report, said: own } in trained {
        members.push(member);
        reports.push(report);
        said.push(own);
    }
    // Given rows are judged by all members, others by the one that has not learnt from them.
    let rows: Vec<Vec<Said>> = match arena.given {
        true => (0..said[0].len()).map(|j| said.iter().map(|own| own[j]).collect()).collect(),
        false => said.concat().into_iter().map(|own| vec![own]).collect(),
    };
    let radial = Radial::likeliest(rows.iter(), dim);
    let scores = rows.iter().map(|row| radial.log_prob(row, dim)).collect();
    Ok((Flows { kind, members, radial, reports }, scores))
}

/// A member on its division; `floor` is the loss that it must fall below while it is on trial, or it ends there, and the
/// Gaussian stands in its place.
fn train_one(
    kind: FlowChoice,
    arena: &Arena,
    [division, k, count]: [usize; 3],
    floor: f64,
    (choices, scale): (&Choices, Scale),
    (seed, progress): (u64, &Progress<'_>),
) -> Result<Trained> {
    let [learn, choose] = arena.divisions[division].each_ref().map(|places| arena.part(places));
    let mut rng = stream(seed, 1000 + k as u64);
    let mut in_vain = false;
    let after = |_: &_, report: &Report| {
        in_vain = flows::is_in_vain(report, TRIAL, floor);
        match progress.step(k, count, report) && !in_vain {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    };
    let parts = [learn.each_ref(), choose.each_ref()];
    let trainer = flows::trainer(choices, scale.seconds, [scale.part, k]);
    let (flow, report) = flows::train(kind, &trainer, parts, &mut rng, after)?;
    let member = match in_vain {
        true => Member::of_closed(&gaussian(learn.each_ref())?)?,
        false => None,
    };
    let member = member.unwrap_or_else(|| Member::of_flow(flow));
    let said = member.said(choose.each_ref())?;
    Ok(Trained { member, report, said })
}

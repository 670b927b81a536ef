//! No flow answers what it cannot: far points, constants, data of any scale, and parameters that do not
//! fit are right, minus infinity, or a failure with its reason.

use liouville::flow::AnyFlow;
use liouville::outcome::{Outcome, Reason};
use liouville::prelude::*;
use liouville::train::{MiniBatch, Objective, Pool};
use liouville_testing::{Failures, Tolerances, inverse_law};
use nalgebra::DMatrix;

use super::ledger::Ledger;
use crate::catalogue::{
    FlowVisitor, visit_extreme, visit_extreme_networks, visit_integrated, visit_kinked,
    visit_layers,
};
use crate::support::{BOTH, matrix, seeds};

/// Scales of data that a flow is to bear, and those at which it may give up.
const ORDINARY: [f64; 7] = [1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9];
const FAR: [f64; 2] = [1e-30, 1e30];
/// Farther ones, at which squares overflow and vanish in `f64` as they do at the others in `f32`.
const FARTHEST: [f64; 2] = [1e-200, 1e200];

/// Random columns at every scale, then constants.
fn columns<T: Real>(dim: usize, seed: u64) -> DMatrix<T> {
    let far = if T::EPSILON < 1e-10 { &[FAR, FARTHEST][..] } else { &[FAR][..] };
    let scales: Vec<f64> = ORDINARY.into_iter().chain(far.iter().flatten().copied()).collect();
    let constants = [0.0, 1.0, -1.0, 1e9, -1e9, 1e-30, 1e30, -1e30];
    let random = matrix::<T>(dim, 2 * scales.len(), 1.0, seed);
    DMatrix::from_fn(dim, 2 * scales.len() + constants.len(), |i, j| match scales.get(j / 2) {
        Some(scale) => T::of(scale * random[(i, j)].wide()),
        None => T::of(constants[j - 2 * scales.len()]),
    })
}

/// What is not a number, and the ends of the scalar.
fn spoiled<T: Real>(dim: usize) -> DMatrix<T> {
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    DMatrix::from_fn(dim, 3, |i, j| T::of(if i + 1 == dim { values[j] } else { 0.5 }))
}

/// How an answer lies, if it does: what arrived is finite, and what did not is nothing.
fn lies<T: Real>(what: &str, values: &[T], outcome: &Outcome, start: &[T]) -> Option<String> {
    let good = match outcome.arrived() {
        true => values.iter().all(|value| value.is_finite()),
        false => values.iter().all(|value| !value.is_finite()),
    };
    (!good).then(|| format!("{what} of {start:?} are {values:?}, and {outcome}"))
}

/// Both ways from all columns.
fn moves<T: Real>(
    flow: &AnyFlow<T>,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
) -> Option<String> {
    for direction in BOTH {
        let moved = flow.follow(direction, points, context).expect("valid input");
        for (j, outcome) in moved.outcomes.iter().enumerate() {
            let start: Vec<T> = points.column(j).iter().copied().collect();
            let mut values: Vec<T> = moved.points.column(j).iter().copied().collect();
            values.push(moved.log_det[j]);
            let how = lies(
                &format!("{direction:?}: points and log-determinant"),
                &values,
                outcome,
                &start,
            );
            let refused =
                matches!(outcome.failure(), Some(why) if why.reason == Reason::NonFiniteInput);
            if start.iter().any(|x| !x.is_finite()) != refused {
                return Some(format!(
                    "{direction:?}: {start:?} counts as a number or not: {outcome}"
                ));
            }
            if how.is_some() {
                return how;
            }
        }
    }
    None
}

/// Log-densities, scores, and gradients of the parameters, column by column.
fn densities<T: Real, B: Base<T>>(
    mut model: Pushforward<B, AnyFlow<T>>,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
) -> Option<String> {
    let found = model.evaluate(points, context).expect("valid input");
    let scored = model.score(points, context).expect("valid input");
    for (j, outcome) in found.outcomes.iter().enumerate() {
        let (start, value) =
            (points.column(j).iter().copied().collect::<Vec<T>>(), found.log_prob[j].wide());
        let right = match outcome {
            Outcome::Arrived => value.is_finite() || value == f64::NEG_INFINITY,
            Outcome::Outside { .. } => value == f64::NEG_INFINITY,
            Outcome::Failed(_) => value.is_nan(),
        };
        if !right {
            return Some(format!("the log-density of {start:?} is {value}, and {outcome}"));
        }
        let score: Vec<T> = scored.score.column(j).iter().copied().collect();
        let how = lies("scores", &score, &scored.outcomes[j], &start);
        let how = how.or_else(|| learns(&mut model, &points.columns(j, 1).into_owned(), context));
        if how.is_some() {
            return how;
        }
    }
    None
}

/// The gradient of the likelihood of one column: finite, or an error, or so large that the loss or its
/// points say so.
fn learns<T: Real, B: Base<T>>(
    model: &mut Pushforward<B, AnyFlow<T>>,
    point: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
) -> Option<String> {
    let none = DMatrix::zeros(0, 1);
    let batch =
        MiniBatch { points: point, contexts: context.unwrap_or(&none), seed: 1, accuracy: None };
    let mut gradient = vec![T::zero(); model.flow().parameters().len()];
    let objective = liouville::train::MaximumLikelihood;
    let loss = objective.gradient(model, batch, &Pool::new(), &mut gradient);
    let Ok(loss) = loss else { return None };
    let finite = gradient.iter().all(|value| value.is_finite());
    let ordinary = point.amax().wide() < 1e10 && T::EPSILON < 1e-10;
    let lies = loss.value.is_nan() || (ordinary && !finite);
    lies.then(|| format!("the loss at {point} is {}, its gradient finite: {finite}", loss.value))
}

/// Parameters that do not fit are refused, and change nothing.
fn keeps<T: Real>(flow: &AnyFlow<T>) -> Option<String> {
    let mut flow = flow.clone();
    let before = flow.parameters();
    let bits = |values: &[T]| values.iter().map(|value| value.bits()).collect::<Vec<u64>>();
    let mut wrong = vec![[&before[..], &[T::zero()]].concat()];
    if let Some(last) = before.len().checked_sub(1) {
        wrong.extend([before[..last].to_vec(), Vec::new()]);
        for bad in [f64::NAN, f64::INFINITY] {
            for place in [0, last / 2, last] {
                let mut values = before.clone();
                values[place] = T::of(bad);
                wrong.push(values);
            }
        }
    }
    for values in wrong {
        if flow.set_parameters(&values).is_ok() {
            return Some(format!(
                "{} values for {} parameters were taken",
                values.len(),
                before.len()
            ));
        }
        if bits(&flow.parameters()) != bits(&before) {
            return Some("parameters were refused, and changed".into());
        }
    }
    None
}

/// Everything on every flow.
struct Trial {
    seed: u64,
    /// Whether what arrives returns as well as rounding allows; networks may amplify it without limit.
    returns: bool,
    /// About how exact the flow is.
    accuracy: f64,
    ledger: Ledger,
}

impl Trial {
    fn check<T: Real, B: Base<T>>(&mut self, name: &str, base: B, flow: &AnyFlow<T>) {
        let model = Pushforward::new(base, flow.clone());
        let context = matrix::<T>(flow.context_dim(), 1, 1.0, self.seed);
        let given = (flow.context_dim() > 0).then_some(&context);
        let points = columns::<T>(flow.dim(), self.seed);
        let how = moves(flow, &points, given)
            .or_else(|| moves(flow, &spoiled(flow.dim()), given))
            .or_else(|| densities(model, &points, given))
            .or_else(|| keeps(flow))
            .or_else(|| self.comes_back(flow, &points, given));
        match how {
            None => self.ledger.held(name, points.ncols() as u32, 0),
            Some(how) => self.ledger.broken(name, self.seed, how),
        }
    }

    /// Where a map is nearly flat, rounding may cost anything; its size is measured by the law.
    fn comes_back<T: Real>(
        &self,
        flow: &AnyFlow<T>,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Option<String> {
        let tolerances = Tolerances {
            rounding: 1e6,
            failures: Failures::Reported,
            ..Tolerances::within::<T>(self.accuracy.max(T::EPSILON.sqrt()))
        };
        let law = || inverse_law(flow, points, context, &tolerances).err();
        self.returns.then(law).flatten().map(|violation| violation.to_string())
    }
}

impl<T: Real> FlowVisitor<T> for Trial {
    fn meet(&mut self, name: &str, flow: AnyFlow<T>) {
        self.accuracy = 0.0;
        self.check(name, StandardNormal::new(flow.dim()), &flow);
    }

    fn meet_circular(&mut self, name: &str, flow: AnyFlow<T>) {
        // What lies beyond ±π comes back as an angle.
        let returns = std::mem::replace(&mut self.returns, false);
        self.accuracy = 0.0;
        self.check(name, UniformCircle::new(flow.dim()), &flow);
        self.returns = returns;
    }

    fn meet_within(&mut self, accuracy: f64, name: &str, flow: AnyFlow<T>) {
        self.accuracy = accuracy;
        self.check(name, StandardNormal::new(flow.dim()), &flow);
    }
}

fn hold<T: Real>() {
    let ledger = Ledger::new(format!("far points and parameters that do not fit in {}", T::NAME));
    let mut trial = Trial { seed: 0, returns: true, accuracy: 0.0, ledger };
    rayon::scope(|_| {
        for (_, seed) in seeds(1) {
            (trial.seed, trial.returns) = (seed, true);
            visit_layers::<T>(seed, &mut trial);
            visit_kinked::<T>(seed, &mut trial);
            visit_extreme::<T>(seed, &mut trial);
            visit_integrated::<T>(seed, &mut trial);
            trial.returns = false;
            visit_extreme_networks::<T>(seed, &mut trial);
        }
    });
    trial.ledger.close(100);
}

#[test]
fn nothing_far_is_answered_wrongly_in_f64() {
    hold::<f64>();
}

#[test]
fn nothing_far_is_answered_wrongly_in_f32() {
    hold::<f32>();
}

//! The gradient law: the pullback is the derivative, by parameters, points and contexts.

use liouville::nalgebra::DMatrix;

use super::log_det::steadiest;
use super::moving::{BOTH, Inputs, numbers};
use super::objective::{Gradient, Objective};
use super::{Law, Place, Tolerances, Violation};
use liouville::diagnose::{Step, derivative_weights};
use liouville::flow::{AnyFlow, Direction, Flow, PACKET, TrainableFlow};
use liouville::parameters::Named;
use liouville::real::Real;

/// Arrays of up to this many parameters are differentiated one by one, others along random
/// directions first.
const FEW: usize = 6;

/// The pullback of a weighted sum of end points and log-determinants, in both directions, is its
/// derivative by every parameter, coordinate and context value, by central differences of order six.
///
/// At most 128 columns are used. The recorded way must also lead where the plain one does, adding to
/// sums and contexts must add, and a tape must be as good the second time. Long arrays of
/// parameters are differentiated along random directions, and one by one if a direction disagrees.
///
/// # Errors
///
/// A [`Violation`] that names the parameter, or the column and its coordinate or context value;
/// [`Cause::Unresolved`](super::Cause::Unresolved) if a point has no neighbours at which the flow arrives.
pub fn gradient_law<T: Real, L: TrainableFlow<T, Tape: 'static> + Clone + 'static>(
    flow: &L,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    of_any(&AnyFlow::new(flow.clone()), points, context, tolerances)
}

/// The law of a flow of any kind.
fn of_any<T: Real>(
    flow: &AnyFlow<T>,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    let points = points.columns(0, points.ncols().min(PACKET)).into_owned();
    let count = points.ncols();
    let context = context.map(|context| match context.ncols() {
        1 => DMatrix::from_fn(context.nrows(), count, |i, _| context[i]),
        _ => context.columns(0, count).into_owned(),
    });
    let inputs =
        Inputs { law: Law::Gradient, points: &points, context: context.as_ref(), tolerances };
    for direction in BOTH {
        let (start, _) = inputs.depart(flow, direction)?;
        let inputs = inputs.with(&start);
        let objective = Objective::new(flow.dim(), count, 7);
        let (recorded, gradient) = objective.gradient(flow, direction, &inputs)?;
        let case = Case { flow, objective, inputs, direction };
        case.same_way(&recorded)?;
        case.by_points(&gradient)?;
        case.by_context(&gradient)?;
        case.by_parameters(&gradient)?;
    }
    Ok(())
}

struct Case<'a, T: Real> {
    flow: &'a AnyFlow<T>,
    objective: Objective<T>,
    inputs: Inputs<'a, T>,
    direction: Direction,
}

/// Objectives after a move by so much.
type Along<'a> = &'a dyn Fn(f64) -> Result<Vec<f64>, Violation>;

impl<T: Real> Case<'_, T> {
    fn values(&self, flow: &AnyFlow<T>, inputs: &Inputs<'_, T>) -> Result<Vec<f64>, Violation> {
        self.objective.values(flow, self.direction, inputs)
    }

    /// The recorded way leads where the plain one does.
    fn same_way(&self, recorded: &[f64]) -> Result<(), Violation> {
        let plain = self.values(self.flow, &self.inputs)?;
        for (column, (ours, theirs)) in recorded.iter().zip(&plain).enumerate() {
            let bound = self.inputs.tolerances.sum.max(self.inputs.tolerances.inverse)
                * (1.0 + theirs.abs());
            let what = ["the objective on the recorded way", "on the plain way it"];
            let place = Place::Report { column };
            self.inputs.agree(self.direction, place, what, [*ours, *theirs], bound)?;
        }
        Ok(())
    }

    fn by_points(&self, gradient: &Gradient) -> Result<(), Violation> {
        let points = self.inputs.points;
        for row in 0..points.nrows() {
            let along = |step: Step| {
                let moved = shifted(points, row, step);
                self.values(self.flow, &self.inputs.with(&moved))
            };
            let size = |j: usize| points[(row, j)].wide();
            let place = |column| Place::Coordinate { column, row };
            self.by_columns(&gradient.points, row, &along, &size, &place)?;
        }
        Ok(())
    }

    fn by_context(&self, gradient: &Gradient) -> Result<(), Violation> {
        let Some(context) = self.inputs.context else { return Ok(()) };
        for row in 0..context.nrows() {
            let along = |step: Step| {
                let moved = shifted(context, row, step);
                self.values(self.flow, &Inputs { context: Some(&moved), ..self.inputs })
            };
            let size = |j: usize| context[(row, j)].wide();
            let place = |column| Place::Context { column, row };
            self.by_columns(&gradient.context, row, &along, &size, &place)?;
        }
        Ok(())
    }

    /// One row of a matrix, moved in all columns at once; each column has a step that suits it.
    fn by_columns(
        &self,
        gradient: &DMatrix<f64>,
        row: usize,
        along: &dyn Fn(Step) -> Result<Vec<f64>, Violation>,
        size: &dyn Fn(usize) -> f64,
        place: &dyn Fn(usize) -> Place,
    ) -> Result<(), Violation> {
        let count = gradient.ncols();
        let bound = |j: usize| {
            let scale = gradient.column(j).amax().max(1e-2);
            self.inputs.tolerances.gradient * scale
        };
        let mut tried = vec![Vec::new(); count];
        let mut agreed = vec![None; count];
        for step in Tolerances::steps_of_points::<T>() {
            let along = |places: f64| along(Step { share: places * step.share, ..step });
            let sums = differences(count, 1.0, &along)?;
            for j in (0..count).filter(|&j| agreed[j].is_none()).collect::<Vec<_>>() {
                let slope = sums[j] / (step.share * (step.floor + size(j).abs()));
                // Steps relative to |x| say nothing of a coordinate much smaller than its neighbours.
                if step.floor > 0.0 {
                    tried[j].push((step.share, slope));
                }
                let close = (slope - gradient[(row, j)]).abs() <= bound(j);
                agreed[j] = close.then_some(slope);
            }
            if agreed.iter().all(Option::is_some) {
                return Ok(());
            }
        }
        let mut told = true;
        for (j, tried) in tried.into_iter().enumerate().filter(|(j, _)| agreed[*j].is_none()) {
            if tried.iter().all(|(_, slope)| slope.is_nan()) {
                told = false;
                continue;
            }
            let pair = [gradient[(row, j)], steadiest(tried)];
            self.inputs.agree(self.direction, place(j), WHAT, pair, bound(j))?;
        }
        if !told {
            return Err(self.inputs.untold(self.direction, self.inputs.tolerances.gradient));
        }
        Ok(())
    }

    fn by_parameters(&self, gradient: &Gradient) -> Result<(), Violation> {
        for (k, entry) in self.flow.layout().entries().iter().enumerate() {
            let part = &gradient.parameters[entry.range.clone()];
            let scale = part.iter().map(|g| g * g).sum::<f64>().sqrt().max(1e-2);
            if part.len() > FEW && self.along_directions(entry, part, scale, k as u64)? {
                continue;
            }
            for (index, &ours) in part.iter().enumerate() {
                let mut direction = vec![0.0; part.len()];
                direction[index] = 1.0;
                let bound = self.inputs.tolerances.gradient * scale;
                let slope = self.slope(entry, &direction, ours, bound)?;
                let place = Place::Parameter { name: entry.name.clone(), index };
                self.inputs.agree(self.direction, place, WHAT, [ours, slope], bound)?;
            }
        }
        Ok(())
    }

    /// Whether two random directions of an array agree.
    fn along_directions(
        &self,
        entry: &Named,
        part: &[f64],
        scale: f64,
        seed: u64,
    ) -> Result<bool, Violation> {
        for k in 0..2 {
            let mut next = numbers(2 * seed + k);
            let direction: Vec<f64> = part.iter().map(|_| next()).collect();
            let ours = part.iter().zip(&direction).map(|(g, d)| g * d).sum();
            let bound = self.inputs.tolerances.gradient * scale;
            if (self.slope(entry, &direction, ours, bound)? - ours).abs() > bound {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The derivative along a direction in one array, by the first step that agrees with `ours`.
    fn slope(
        &self,
        entry: &Named,
        direction: &[f64],
        ours: f64,
        bound: f64,
    ) -> Result<f64, Violation> {
        let values = self.flow.parameters();
        let size = values[entry.range.clone()].iter().map(|p| p.wide().abs()).fold(0.0, f64::max);
        let mut tried = Vec::new();
        for &step in Tolerances::steps::<T>() {
            let along = |share: f64| {
                let (mut flow, mut values) = (self.flow.clone(), values.clone());
                for (value, d) in values[entry.range.clone()].iter_mut().zip(direction) {
                    *value = T::of(value.wide() + share * (1.0 + size) * d);
                }
                let refused = |error| self.inputs.refused(Some(self.direction), error);
                flow.set_parameters(&values).map_err(refused)?;
                Ok(vec![self.values(&flow, &self.inputs)?.iter().sum()])
            };
            let slope = differences(1, step, &along)?[0] / (step * (1.0 + size));
            if (slope - ours).abs() <= bound {
                return Ok(slope);
            }
            tried.push((step, slope));
        }
        Ok(steadiest(tried))
    }
}

const WHAT: [&str; 2] = ["the derivative by the pullback", "by differences it"];

/// Σ w f(k step) of the central difference, to be divided by the step that was taken.
fn differences(count: usize, step: f64, along: Along<'_>) -> Result<Vec<f64>, Violation> {
    let mut sums = vec![0.0; count];
    for (k, weight) in derivative_weights() {
        for (sum, value) in sums.iter_mut().zip(along(k * step)?) {
            *sum += weight * value;
        }
    }
    Ok(sums)
}

/// One row moved, in every column by its own step.
fn shifted<T: Real>(matrix: &DMatrix<T>, row: usize, step: Step) -> DMatrix<T> {
    let mut moved = matrix.clone();
    for value in moved.row_mut(row).iter_mut() {
        let x = value.wide();
        *value = T::of(x + step.share * (step.floor + x.abs()));
    }
    moved
}

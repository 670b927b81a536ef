//! A model on its way from base to data, in the units of the table at every time.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::Model;
use crate::density::{Evolving, Given, Moving, brought};
use crate::error::{Error, Result};
use crate::flow::{AnyFlow, Cotangent, Direction, PACKET, Packet, Track, TrainableFlow, transport};
use crate::ode::{Span, Workspace};
use crate::outcome::{Outcome, shown};

/// A point of the table and a context, where a model moves.
struct Way<'a> {
    model: &'a Model,
    context: Option<DMatrix<f64>>,
}

impl<'a> Way<'a> {
    /// The way of a model under one context, or none.
    fn new(model: &'a Model, context: Option<&DMatrix<f64>>) -> Result<Self> {
        let columns = context.map_or(1, DMatrix::ncols);
        if columns != 1 {
            return Err(Error::shape(format!(
                "a density in time at {}: give one context for all",
                shown::count(columns, "context")
            )));
        }
        let context = context.map(|context| model.prepare_contexts(context)).transpose()?;
        Ok(Self { model, context })
    }

    /// Points of the table as the members see them, with log-determinants; NaN outside the support.
    fn enter(&self, points: &DMatrix<f64>) -> Result<(DMatrix<f64>, DVector<f64>, Vec<Outcome>)> {
        match self.model.preparation.flow() {
            Some(flow) => {
                let moved = transport(flow, Direction::Inverse, points, None, Track::LogDet)?;
                Ok((moved.points, moved.log_det, moved.outcomes))
            }
            None => {
                let count = points.ncols();
                Ok((points.clone(), DVector::zeros(count), vec![Outcome::Arrived; count]))
            }
        }
    }

    /// What the members make in the units of the table.
    fn leave(&self, points: DMatrix<f64>) -> Result<DMatrix<f64>> {
        match self.model.preparation.flow() {
            Some(flow) => {
                Ok(transport(flow, Direction::Forward, &points, None, Track::Points)?.points)
            }
            None => Ok(points),
        }
    }

    fn velocity_at(&self, t: f64, points: &DMatrix<f64>) -> Result<DMatrix<f64>> {
        let (inside, ..) = self.enter(points)?;
        let velocity = self.model.members.velocity_at(t, &inside, self.context.as_ref())?;
        Ok(match self.model.preparation.flow() {
            Some(flow) => pushed(flow, &inside, &velocity),
            None => velocity,
        })
    }

    fn path(&self, points: &DMatrix<f64>, times: &[f64]) -> Result<Vec<DMatrix<f64>>> {
        let (inside, ..) = self.enter(points)?;
        let path = self.model.members.path(&inside, self.context.as_ref(), times)?;
        path.into_iter().map(|points| self.leave(points)).collect()
    }

    fn log_prob_at(&self, t: f64, points: &DMatrix<f64>) -> Result<DVector<f64>> {
        let (mut inside, log_det, outcomes) = self.enter(points)?;
        for (mut column, outcome) in inside.column_iter_mut().zip(&outcomes) {
            if outcome.is_outside() {
                column.fill(0.0);
            }
        }
        let mut found = self.model.members.log_prob_at(t, &inside, self.context.as_ref())?;
        found += &log_det;
        for (value, outcome) in found.iter_mut().zip(&outcomes) {
            if outcome.is_outside() {
                *value = f64::NEG_INFINITY;
            }
        }
        Ok(found)
    }

    fn draw_base(&self, count: usize, rng: &mut dyn Rng) -> Result<DMatrix<f64>> {
        self.leave(self.model.members.draw_base(count, rng)?)
    }
}

/// J v for the Jacobian of a flow from base to data at every point: a row of it is what comes back of a unit.
fn pushed(flow: &AnyFlow<f64>, points: &DMatrix<f64>, velocity: &DMatrix<f64>) -> DMatrix<f64> {
    let dim = points.nrows();
    let (mut packet, mut workspace) = (Packet::new(Track::Points), Workspace::new());
    let (mut tape, mut sums) = (Default::default(), vec![0.0; flow.sums_len()]);
    let mut found = DMatrix::zeros(dim, points.ncols());
    for (start, row) in
        (0..points.ncols()).step_by(PACKET).flat_map(|s| (0..dim).map(move |i| (s, i)))
    {
        let count = PACKET.min(points.ncols() - start);
        packet.load(&points.as_slice()[start * dim..(start + count) * dim], dim, &[], 0);
        flow.record_packet(Direction::Forward, &mut packet, &mut tape, &mut workspace);
        let mut unit = Cotangent::<f64>::default();
        unit.points.reshape(dim, count);
        unit.log_det.reshape(1, count);
        unit.context.reshape(0, count);
        unit.points.fill(0.0);
        unit.log_det.fill(0.0);
        unit.points.row_mut(row)[..count].fill(1.0);
        flow.pullback_packet(Direction::Forward, &mut tape, &mut unit, &mut sums, &mut workspace);
        for j in 0..count {
            found[(row, start + j)] =
                (0..dim).map(|i| unit.points.row(i)[j] * velocity[(i, start + j)]).sum();
        }
    }
    found
}

impl Moving<f64> for Model {
    fn coordinates(&self) -> usize {
        self.columns.len()
    }

    fn span(&self) -> Result<Span> {
        self.members.span()
    }

    fn velocity_at(&self, t: f64, points: &DMatrix<f64>) -> Result<DMatrix<f64>> {
        Way::new(self, None)?.velocity_at(t, points)
    }

    fn path(&self, points: &DMatrix<f64>, times: &[f64]) -> Result<Vec<DMatrix<f64>>> {
        Way::new(self, None)?.path(points, times)
    }

    fn drawn(&self, t: f64, count: usize, rng: &mut dyn Rng) -> Result<Option<DMatrix<f64>>> {
        brought(self, t, count, rng)
    }
}

impl Evolving<f64> for Model {
    fn log_prob_at(&self, t: f64, points: &DMatrix<f64>) -> Result<DVector<f64>> {
        Way::new(self, None)?.log_prob_at(t, points)
    }

    fn draw_base(&self, count: usize, rng: &mut dyn Rng) -> Result<DMatrix<f64>> {
        Way::new(self, None)?.draw_base(count, rng)
    }
}

impl Moving<f64> for Given<'_, Model, f64> {
    fn coordinates(&self) -> usize {
        self.family().columns.len()
    }

    fn span(&self) -> Result<Span> {
        self.family().members.span()
    }

    fn velocity_at(&self, t: f64, points: &DMatrix<f64>) -> Result<DMatrix<f64>> {
        Way::new(self.family(), Some(self.context()))?.velocity_at(t, points)
    }

    fn path(&self, points: &DMatrix<f64>, times: &[f64]) -> Result<Vec<DMatrix<f64>>> {
        Way::new(self.family(), Some(self.context()))?.path(points, times)
    }

    fn drawn(&self, t: f64, count: usize, rng: &mut dyn Rng) -> Result<Option<DMatrix<f64>>> {
        brought(self, t, count, rng)
    }
}

impl Evolving<f64> for Given<'_, Model, f64> {
    fn log_prob_at(&self, t: f64, points: &DMatrix<f64>) -> Result<DVector<f64>> {
        Way::new(self.family(), Some(self.context()))?.log_prob_at(t, points)
    }

    fn draw_base(&self, count: usize, rng: &mut dyn Rng) -> Result<DMatrix<f64>> {
        Way::new(self.family(), Some(self.context()))?.draw_base(count, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::StandardNormal;
    use crate::field::Linear;
    use crate::flow::ContinuousFlow;
    use crate::flow::elementwise::{Constrain, positive};
    use nalgebra::dmatrix;

    /// exp(z(1)) of a turning z in two dimensions.
    fn positive_model() -> Model {
        let turning: Linear<f64> = Linear::new(dmatrix![0.1, -1.0; 0.8, 0.0]).expect("finite");
        let flow = ContinuousFlow::new(turning).tolerance(1e-10);
        let prepared = AnyFlow::new(Constrain::new().then(positive(2)));
        Model::new(StandardNormal::new(2).pushed_by(flow)).prepared_by(prepared).expect("fits")
    }

    #[test]
    fn velocities_are_what_paths_do_in_the_units_of_the_table() {
        let model = positive_model();
        let start = dmatrix![0.5, 2.0; 1.5, 0.2];
        let step = 1e-4;
        let path = model.path(&start, &[0.0, 0.4 - step, 0.4, 0.4 + step]).expect("arrives");
        assert!((&path[0] - &start).amax() < 1e-12);
        let slope = (&path[3] - &path[1]) / (2.0 * step);
        let velocity = model.velocity_at(0.4, &path[2]).expect("shapes");
        // Central differences err by step² / 6 of a third derivative, here below 100.
        assert!((&slope - &velocity).amax() < 1e-6, "{slope} {velocity}");
    }

    #[test]
    fn densities_end_as_those_of_the_model_and_vanish_outside() {
        let model = positive_model();
        let points = dmatrix![0.5, 2.0, -1.0; 1.5, 0.2, 1.0];
        let found = model.log_prob_at(1.0, &points).expect("computed");
        let end = model.log_prob(&points).expect("computed");
        assert!((found[0] - end[0]).abs() < 1e-9 && (found[1] - end[1]).abs() < 1e-9);
        assert_eq!(found[2], f64::NEG_INFINITY);
        // At the base it is log-normal.
        let base = model.log_prob_at(0.0, &points).expect("computed");
        let normal = |x: f64| -0.5 * x.ln().powi(2) - x.ln() - 0.5 * std::f64::consts::TAU.ln();
        assert!((base[0] - normal(0.5) - normal(1.5)).abs() < 1e-9);
    }
}

//! What stands between a table and what learns from it: logarithms, log-odds, noise, scales and names.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::kind::Kind;
use super::survey::Found;
use crate::columns::Moments;
use crate::error::Result;
use crate::flow::continuous::Whitening;
use crate::flow::elementwise::{Constrain, free, interval, positive};
use crate::flow::{AnyFlow, Chain, Direction, Flow, Track, transport};
use crate::model::Model;

/// The preparation of a model, fitted to rows, and the names of its columns.
#[derive(Clone)]
pub(super) struct Dressing {
    flow: AnyFlow<f64>,
    contexts: Vec<Moments>,
    columns: Vec<Found>,
    context_columns: Vec<Found>,
    whole: Vec<usize>,
}

impl Dressing {
    /// By these rows: free coordinates are standardised.
    pub fn fit(
        [columns, context_columns]: [&[Found]; 2],
        [points, contexts]: [&DMatrix<f64>; 2],
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Self> {
        let whole = (0..columns.len()).filter(|i| columns[*i].kind == Kind::Whole).collect();
        let constrain = constrained(columns)?;
        let mut one = Self {
            flow: AnyFlow::new(constrain.clone()),
            contexts: Moments::of_rows(contexts),
            columns: columns.to_vec(),
            context_columns: context_columns.to_vec(),
            whole,
        };
        let free = one.undress(points, rng)?;
        let scales = Whitening::standardising(&free)?;
        one.flow = AnyFlow::new(Chain::new().then(scales).then(constrain));
        for moments in &mut one.contexts {
            // A context may happen to be the same in all these rows.
            moments.deviation = moments.unit();
        }
        Ok(one)
    }

    /// What the members see of points of the table, with noise of its own on whole numbers.
    pub fn undress(
        &self,
        points: &DMatrix<f64>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<DMatrix<f64>> {
        Ok(self.undress_with(points, rng)?.0)
    }

    /// The same with the log-determinants of the way there.
    pub fn undress_with(
        &self,
        points: &DMatrix<f64>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<(DMatrix<f64>, DVector<f64>)> {
        let mut points = points.clone();
        for mut column in points.column_iter_mut() {
            for &place in &self.whole {
                column[place] += rng.random::<f64>();
            }
        }
        let moved = self.flow.inverse(&points)?;
        Ok((moved.points, moved.log_det))
    }

    /// The number of columns.
    pub fn dim(&self) -> usize {
        self.columns.len()
    }

    /// The log-determinants of the way from the table to points that the members see; NaN where these are.
    pub fn log_det(&self, seen: &DMatrix<f64>) -> Result<Vec<f64>> {
        let there = transport(&self.flow, Direction::Forward, seen, None, Track::LogDet)?;
        Ok(there.log_det.iter().map(|value| -value).collect())
    }

    /// What the members see of contexts.
    pub fn contexts(&self, contexts: &DMatrix<f64>) -> DMatrix<f64> {
        DMatrix::from_fn(contexts.nrows(), contexts.ncols(), |k, j| {
            self.contexts[k].standardise(contexts[(k, j)])
        })
    }

    /// A model of what the members see as one of the table.
    pub fn dress(&self, model: Model) -> Result<Model> {
        let names = |found: &[Found]| found.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        let model = model.prepared_by(self.flow.clone())?.whole(self.whole.iter().copied())?;
        let model = model
            .columns(names(&self.columns))?
            .units(self.columns.iter().map(|one| one.unit.clone()))?;
        if model.context_dim() == 0 {
            return Ok(model);
        }
        model.contexts_standardised(self.contexts.clone())?.contexts(names(&self.context_columns))
    }
}

/// From free coordinates to those of the columns, by their kinds.
fn constrained(columns: &[Found]) -> Result<Constrain<f64>> {
    columns.iter().try_fold(Constrain::new(), |flow, column| {
        Ok(match column.kind {
            Kind::Continuous | Kind::Whole => flow.then(free(1)),
            Kind::Positive => flow.then(positive(1)),
            Kind::Bounded { low, high } => flow.then(interval(low, high, 1)?),
            Kind::Angle { low, high } => {
                // The ends are one direction, of which rounding may take either.
                let margin = 1e-6 * (high - low);
                flow.then(interval(low - margin, high + margin, 1)?)
            }
        })
    })
}

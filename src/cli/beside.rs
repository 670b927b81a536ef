//! What a model is compared with: a Gaussian of all columns, in the coordinates of its preparation.

use liouville::density::{Density, StandardNormal};
use liouville::flow::continuous::{Frame, Whitening};
use liouville::model::Model;
use liouville::nalgebra::DMatrix;
use liouville::{Result, prelude::Flow};

use super::parts::Parts;

/// In so many parts, each judged by a Gaussian of the others.
const FOLDS: usize = 5;

/// The log-density of every row by a Gaussian that was made of other rows of the same table, given their contexts,
/// in the units of the table; `None` of too few rows.
pub fn gaussian(model: &Model, parts: &Parts) -> Result<Option<Vec<f64>>> {
    let (seen, context) = model.inside(&parts.points, parts.context.as_ref())?;
    let way = way(model, &parts.points, &seen)?;
    let all = match &context {
        Some(context) => stacked(&seen, context),
        None => seen.clone(),
    };
    let good: Vec<usize> = (0..way.len()).filter(|&j| way[j].is_finite()).collect();
    if good.len() < 2 * FOLDS {
        return Ok(None);
    }
    let mut found = vec![f64::NEG_INFINITY; way.len()];
    for fold in 0..FOLDS {
        let (own, others): (Vec<usize>, Vec<usize>) = good.iter().partition(|&j| j % FOLDS == fold);
        if own.is_empty() || others.is_empty() {
            continue;
        }
        let mut values = of_others(&all, [&own, &others])?;
        if let Some(context) = &context {
            let given = of_others(context, [&own, &others])?;
            values.iter_mut().zip(given).for_each(|(joint, given)| *joint -= given);
        }
        own.iter().zip(values).for_each(|(&j, value)| found[j] = value + way[j]);
    }
    Ok(Some(found))
}

/// Log-densities of the first rows by a Gaussian of the second.
fn of_others(all: &DMatrix<f64>, [own, others]: [&[usize]; 2]) -> Result<Vec<f64>> {
    let whitening = Whitening::fit(&all.select_columns(others))?;
    let normal = StandardNormal::new(all.nrows()).pushed_by(whitening);
    Ok(normal.log_prob(&all.select_columns(own))?.iter().copied().collect())
}

/// ln |det| of the way from the table to what the members see; minus infinity outside the support.
fn way(model: &Model, points: &DMatrix<f64>, seen: &DMatrix<f64>) -> Result<Vec<f64>> {
    let dim = model.dim();
    let still = Frame::new(&vec![0.0; dim], &vec![1.0; dim], DMatrix::identity(dim, dim))?;
    let unit = in_units_of(model, Whitening::new(still))?.evaluate(points, None)?.log_prob;
    let half = 0.5 * dim as f64 * std::f64::consts::TAU.ln();
    let own = seen.column_iter().map(|z| -0.5 * z.norm_squared() - half);
    Ok(unit
        .iter()
        .zip(own)
        .map(|(whole, own)| if own.is_finite() { whole - own } else { f64::NEG_INFINITY })
        .collect())
}

/// A normal density behind the preparation of a model.
pub fn in_units_of(model: &Model, whitening: Whitening) -> Result<Model> {
    let dim = Flow::<f64>::dim(&whitening);
    let normal = Model::new::<f64, _, _>(StandardNormal::new(dim).pushed_by(whitening));
    let normal = match model.preparation() {
        Some(flow) => normal.prepared_by(flow.clone())?,
        None => normal,
    };
    normal.whole(model.whole_columns().iter().copied())
}

/// Points above their contexts.
fn stacked(points: &DMatrix<f64>, context: &DMatrix<f64>) -> DMatrix<f64> {
    let dim = points.nrows();
    DMatrix::from_fn(dim + context.nrows(), points.ncols(), |i, j| {
        if i < dim { points[(i, j)] } else { context[(i - dim, j)] }
    })
}

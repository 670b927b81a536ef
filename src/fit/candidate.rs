//! What is tried on a table: a Gaussian, mixtures of Gaussians, and flows.

use std::fmt;

use nalgebra::{DMatrix, DVector};
use rand::rngs::Xoshiro256PlusPlus;

use super::mixture::Normals;
use super::regression::regression;
use crate::density::{Density, Mixture, MultivariateNormal, Pushforward, StandardNormal};
use crate::error::Result;
use crate::flow::Flow;
use crate::flow::continuous::{Frame, Whitening};
use crate::model::Model;

/// A kind of model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Candidate {
    /// The normal density of all columns, with their covariance.
    Gaussian,
    /// A mixture of so many of them.
    Mixture(usize),
    /// A flow, or several.
    Flow {
        /// Its kind.
        kind: super::FlowChoice,
        /// How many.
        members: usize,
    },
    /// A mixture of the others, with the weight of each.
    Blend(Vec<(f64, Candidate)>),
}

impl Candidate {
    /// Whether there are flows in it.
    pub fn has_flows(&self) -> bool {
        match self {
            Self::Gaussian | Self::Mixture(_) => false,
            Self::Flow { .. } => true,
            Self::Blend(parts) => parts.iter().any(|(_, one)| one.has_flows()),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gaussian => f.write_str("Gaussian"),
            Self::Mixture(count) => write!(f, "mixture of {count}"),
            Self::Flow { kind, members: 1 } => write!(f, "{kind} flow"),
            Self::Flow { kind, members } => write!(f, "{members} {kind} flows"),
            Self::Blend(parts) => {
                for (k, (share, one)) in parts.iter().enumerate() {
                    let joint = if k == 0 { "" } else { " + " };
                    write!(f, "{joint}{share:.2} {one}")?;
                }
                Ok(())
            }
        }
    }
}

/// A density in closed form of what a dressing shows, given contexts if there are any: p(x, c) / p(c).
#[derive(Clone)]
pub(super) struct Closed {
    pub(super) whitening: Whitening,
    pub(super) normals: Option<Mixture<f64, MultivariateNormal<f64>>>,
    /// The same of the contexts alone.
    pub(super) contexts: Option<Box<Closed>>,
}

/// Which mixture: the number of its components, the points that their prior counts for, and the factor of their
/// deviations.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peaks {
    pub count: usize,
    pub strength: usize,
    pub width: f64,
}

/// The Gaussian: means, deviations, and correlations that are shrunk where rows are few.
pub(super) fn gaussian([points, contexts]: [&DMatrix<f64>; 2]) -> Result<Closed> {
    let whitening = Whitening::fit(&stacked([points, contexts]))?;
    let contexts = (contexts.nrows() > 0)
        .then(|| gaussian([contexts, &DMatrix::zeros(0, contexts.ncols())]))
        .transpose()?;
    Ok(Closed { whitening, normals: None, contexts: contexts.map(Box::new) })
}

/// A mixture, in the white space of the Gaussian of the same rows.
pub(super) fn mixture(
    [points, contexts]: [&DMatrix<f64>; 2],
    alone: &Closed,
    Peaks { count, strength, width }: Peaks,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Closed> {
    let whitening = alone.whitening.clone();
    let white = whitening.inverse(&stacked([points, contexts]))?.points;
    let mut normals = Normals::fit(&white, count, strength as f64, rng)?;
    normals.covariances.iter_mut().for_each(|own| *own *= width * width);
    let marginal =
        (contexts.nrows() > 0).then(|| of_contexts(&whitening, &normals, points.nrows()));
    Ok(Closed {
        normals: Some(normals.base()?),
        contexts: marginal.transpose()?.map(Box::new),
        whitening,
    })
}

/// The contexts of a mixture: of every component the last coordinates, in their own units.
fn of_contexts(whitening: &Whitening, normals: &Normals, dim: usize) -> Result<Closed> {
    let frame = whitening.frame();
    let mut turn = frame.root().clone();
    for (mut row, deviation) in turn.row_iter_mut().zip(frame.deviation()) {
        row *= deviation;
    }
    let mean = DVector::from_vec(frame.mean());
    let mut means = &turn * &normals.means;
    means.column_iter_mut().for_each(|mut column| column += &mean);
    let count = means.nrows() - dim;
    let covariance = |own: &DMatrix<f64>| {
        let all = &turn * own * turn.transpose();
        let part = all.view((dim, dim), (count, count)).into_owned();
        0.5 * (&part + part.transpose())
    };
    let covariances = normals.covariances.iter().map(covariance).collect();
    let marginal = Normals {
        weights: normals.weights.clone(),
        means: means.rows(dim, count).into_owned(),
        covariances,
    };
    Ok(Closed { whitening: identity(count)?, normals: Some(marginal.base()?), contexts: None })
}

fn identity(dim: usize) -> Result<Whitening> {
    let frame = Frame::new(&vec![0.0; dim], &vec![1.0; dim], DMatrix::identity(dim, dim))?;
    Ok(Whitening::new(frame))
}

/// Points above their contexts.
fn stacked([points, contexts]: [&DMatrix<f64>; 2]) -> DMatrix<f64> {
    let dim = points.nrows();
    let mut all = DMatrix::zeros(dim + contexts.nrows(), points.ncols());
    all.rows_mut(0, dim).copy_from(points);
    all.rows_mut(dim, contexts.nrows()).copy_from(contexts);
    all
}

impl Closed {
    /// The Gaussian with all deviations by a factor.
    pub fn wider(&self, width: f64) -> Result<Self> {
        let frame = self.whitening.frame();
        let deviation: Vec<f64> = frame.deviation().iter().map(|own| own * width).collect();
        let frame = Frame::new(&frame.mean(), &deviation, frame.root().clone())?;
        let contexts = self.contexts.as_ref().map(|own| own.wider(width)).transpose()?;
        let contexts = contexts.map(Box::new);
        Ok(Self { whitening: Whitening::new(frame), normals: None, contexts })
    }

    /// The log-density of every column.
    pub fn log_prob(&self, [points, contexts]: [&DMatrix<f64>; 2]) -> Result<Vec<f64>> {
        let all = stacked([points, contexts]);
        let joint = match &self.normals {
            Some(base) => Pushforward::new(base.clone(), self.whitening.clone()).log_prob(&all)?,
            None => {
                StandardNormal::new(all.nrows()).pushed_by(self.whitening.clone()).log_prob(&all)?
            }
        };
        match &self.contexts {
            None => Ok(joint.iter().copied().collect()),
            Some(marginal) => {
                let none = DMatrix::zeros(0, contexts.ncols());
                let own = marginal.log_prob([contexts, &none])?;
                Ok(joint.iter().zip(own).map(|(joint, own)| joint - own).collect())
            }
        }
    }

    /// The squares of where points come from in the white space.
    pub fn squares(&self, parts: [&DMatrix<f64>; 2]) -> Result<Vec<f64>> {
        let white = self.whitening.inverse(&stacked(parts))?.points;
        Ok(white.column_iter().map(|column| column.norm_squared()).collect())
    }

    /// As a model; there is none of a mixture with contexts.
    pub fn model(&self) -> Result<Option<Model>> {
        let whitening = self.whitening.clone();
        Ok(match (&self.contexts, &self.normals) {
            (Some(_), Some(_)) => None,
            (Some(contexts), None) => {
                let frame = self.whitening.frame();
                let dim = frame.dim() - contexts.whitening.frame().dim();
                Some(Model::new(regression(frame, dim)?))
            }
            (None, Some(base)) => Some(Model::new(Pushforward::new(base.clone(), whitening))),
            (None, None) => {
                let base = StandardNormal::new(whitening.frame().dim());
                Some(Model::new::<f64, _, _>(base.pushed_by(whitening)))
            }
        })
    }
}

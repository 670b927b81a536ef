//! What comes out of a contest, and the model that a choice makes of it.

use nalgebra::{DMatrix, DVectorView};
use rand::rngs::Xoshiro256PlusPlus;

use super::FlowChoice;
use super::blend::Shares;
use super::candidate::{Candidate, Closed};
use super::dressing::Dressing;
use super::flows::Trainee;
use super::nats::Row;
use super::radial::{Radial, Said};
use super::warning::Warning;
use crate::density::{
    AnyBase, Base, Density, Ensemble, Mixture, MultivariateNormal, Pushforward, StandardNormal,
};
use crate::error::{Error, Result};
use crate::flow::AnyFlow;
use crate::model::Model;
use crate::train::Report;

/// Flows of one kind, each of which learnt from another part of the rows.
pub(super) struct Flows {
    pub kind: FlowChoice,
    pub members: Vec<Member>,
    /// What stands in place of their standard normal base.
    pub radial: Radial,
    pub reports: Vec<Report>,
}

/// All that learnt.
pub(super) struct Entrants {
    pub gaussian: Closed,
    pub mixture: (usize, Closed),
    /// None if they were not wanted or failed.
    pub flow: Option<Flows>,
    pub dressing: Dressing,
    pub warnings: Vec<Warning>,
    /// Rows that none has learnt from.
    pub scores: Vec<Row>,
}

type Inside = Pushforward<AnyBase<f32>, AnyFlow<f32>>;

/// One density of what a dressing shows, in single precision.
#[derive(Clone)]
pub(super) struct Member(Inside);

impl Member {
    pub fn of_flow(trained: Trainee) -> Self {
        let (base, flow) = trained.into_parts();
        Self(Pushforward::new(AnyBase::new(base), flow))
    }

    /// A closed form without contexts; none of one with them.
    pub fn of_closed(closed: &Closed) -> Result<Option<Self>> {
        if closed.contexts.is_some() {
            return Ok(None);
        }
        let dim = closed.whitening.frame().dim();
        let base = match &closed.normals {
            None => AnyBase::new(StandardNormal::new(dim)),
            Some(normals) => AnyBase::new(narrowed(normals, dim)?),
        };
        Ok(Some(Self(Pushforward::new(base, AnyFlow::new(closed.whitening.clone())))))
    }

    /// With this base, where it has a standard normal one.
    pub fn based_on(self, radial: &Radial) -> Result<Self> {
        let (base, flow) = self.0.into_parts();
        let dim = Density::<f32>::dim(&base);
        let base = match base.get::<StandardNormal>() {
            Some(_) => radial.base(dim)?,
            None => base,
        };
        Ok(Self(Pushforward::new(base, flow)))
    }

    /// What it says of points with a standard normal base; NaN of those that are no numbers in single precision.
    pub fn said(&self, [points, contexts]: [&DMatrix<f64>; 2]) -> Result<Vec<Said>> {
        let [mut points, contexts] = [points, contexts].map(|matrix| matrix.map(|x| x as f32));
        let is_lost = |j: &usize| points.column(*j).iter().any(|x| !x.is_finite());
        let lost: Vec<usize> = (0..points.ncols()).filter(is_lost).collect();
        lost.iter().for_each(|j| points.column_mut(*j).fill(0.0));
        let context = (contexts.nrows() > 0).then_some(&contexts);
        let found = self.0.evaluate(&points, context)?;
        let square = |z: DVectorView<'_, f32>| z.iter().map(|z| f64::from(*z).powi(2)).sum::<f64>();
        let squares = found.latent.column_iter().map(square);
        let said = found.log_prob.iter().zip(squares);
        let mut said: Vec<Said> = said.map(|(own, square)| [f64::from(*own), square]).collect();
        lost.iter().for_each(|j| said[*j] = [f64::NAN; 2]);
        Ok(said)
    }
}

/// The same mixture in single precision: by its parameters, as covariances would lose what is narrow.
fn narrowed(
    normals: &Mixture<f64, MultivariateNormal<f64>>,
    dim: usize,
) -> Result<Mixture<f32, MultivariateNormal<f32>>> {
    let narrow = |one: &MultivariateNormal<f64>| {
        let mut own = MultivariateNormal::<f32>::standard(dim)?;
        let values: Vec<f32> = one.parameters().iter().map(|x| *x as f32).collect();
        own.set_parameters(&values)?;
        Ok(own)
    };
    let components: Result<Vec<_>> = normals.components().iter().map(narrow).collect();
    let weights: Vec<f32> = normals.weights().iter().map(|x| (*x as f32).max(1e-30)).collect();
    Mixture::new(&weights, components?)
}

impl Entrants {
    /// What a choice is of.
    pub fn candidate(&self, shares: &Shares) -> Candidate {
        let flow = |flow: &Flows| Candidate::Flow { kind: flow.kind, members: flow.members.len() };
        let own = [
            Some(Candidate::Gaussian),
            Some(Candidate::Mixture(self.mixture.0)),
            self.flow.as_ref().map(flow),
        ];
        let own = shares.iter().zip(own).filter(|(share, _)| **share > 0.0);
        let mut parts: Vec<_> = own.filter_map(|(share, one)| Some((*share, one?))).collect();
        parts.sort_by(|a, b| b.0.total_cmp(&a.0));
        match parts.len() {
            1 => parts.remove(0).1,
            _ => Candidate::Blend(parts),
        }
    }

    /// The model by these weights, in the units of the table.
    pub fn model(&self, shares: &Shares) -> Result<Model> {
        let none = || Error::training("no candidate is a model");
        let model = match shares {
            [_, 0.0, 0.0] => self.gaussian.model()?.ok_or_else(none)?,
            [0.0, _, 0.0] => self.mixture.1.model()?.ok_or_else(none)?,
            _ => self.blend(shares)?,
        };
        self.dressing.dress(model)
    }

    fn blend(&self, shares: &Shares) -> Result<Model> {
        let (mut members, mut weights) = (Vec::new(), Vec::new());
        for (share, closed) in shares.iter().zip([&self.gaussian, &self.mixture.1]) {
            if *share > 0.0 {
                members.extend(Member::of_closed(closed)?.map(|member| member.0));
                weights.push(*share);
            }
        }
        if let Some(flow) = self.flow.as_ref().filter(|_| shares[2] > 0.0) {
            let each = shares[2] / flow.members.len() as f64;
            for member in &flow.members {
                members.push(member.clone().based_on(&flow.radial)?.0);
                weights.push(each);
            }
        }
        Ok(Model::mixture(Ensemble::weighted(members, weights)?))
    }

    /// The log-densities of points of the table by Gaussian and mixture.
    pub fn closed(
        &self,
        parts: [&DMatrix<f64>; 2],
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<[Vec<f64>; 2]> {
        let closed = [&self.gaussian, &self.mixture.1];
        let [gaussian, mixture] = closed.map(|one| self.of_closed(one, parts, rng));
        Ok([gaussian?, mixture?])
    }

    /// What flows say of points of the table, each with a standard normal base; nothing if there are none.
    pub fn said(&self, [points, contexts]: [&DMatrix<f64>; 2]) -> Result<Vec<Vec<Said>>> {
        let count = points.ncols();
        let Some(flow) = &self.flow else { return Ok(vec![Vec::new(); count]) };
        // As the model sees them, noise on whole numbers included.
        let given = (contexts.nrows() > 0).then_some(contexts);
        let (seen, contexts) = self.model(&[0.0, 0.0, 1.0])?.inside(points, given)?;
        let contexts = contexts.unwrap_or_else(|| DMatrix::zeros(0, count));
        let moved = self.dressing.log_det(&seen)?;
        let mut all = vec![Vec::with_capacity(flow.members.len()); count];
        for member in &flow.members {
            let said = member.said([&seen, &contexts])?;
            for ((own, [log_prob, square]), moved) in all.iter_mut().zip(said).zip(&moved) {
                own.push([log_prob + moved, square]);
            }
        }
        Ok(all)
    }

    /// The log-density of what they said of a row; minus infinity of nothing.
    pub fn by_flows(&self, said: &[Said]) -> f64 {
        let Some(flow) = &self.flow else { return f64::NEG_INFINITY };
        flow.radial.log_prob(said, self.dressing.dim())
    }

    fn of_closed(
        &self,
        closed: &Closed,
        [points, contexts]: [&DMatrix<f64>; 2],
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Vec<f64>> {
        if let Some(model) = closed.model()? {
            return of_model(&self.dressing.dress(model)?, [points, contexts]);
        }
        let (seen, log_det) = self.dressing.undress_with(points, rng)?;
        let own = closed.log_prob([&seen, &self.dressing.contexts(contexts)])?;
        Ok(own.iter().zip(log_det.iter()).map(|(own, log_det)| own + log_det).collect())
    }
}

/// Log-densities by a model; what failed has none, which is no better than zero density.
pub(super) fn of_model(model: &Model, [points, contexts]: [&DMatrix<f64>; 2]) -> Result<Vec<f64>> {
    let context = (contexts.nrows() > 0).then_some(contexts);
    let found = model.evaluate(points, context)?.log_prob;
    Ok(found.iter().map(|value| if value.is_nan() { f64::NEG_INFINITY } else { *value }).collect())
}

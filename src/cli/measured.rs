//! The flows of a model, measured: how exactly they go back and forth, and stretch space.

use liouville::Result;
use liouville::density::StandardNormal;
use liouville::diagnose::{Diagnose, Diagnosis};
use liouville::model::Model;
use liouville::real::Real;

use super::parts::Parts;

/// What was found of one member.
pub struct Member {
    pub diagnosis: Diagnosis,
    /// Whether its base is a standard normal, to which its calibration refers.
    pub on_normal: bool,
}

impl Member {
    /// How far samples come back from where they were, at most.
    pub fn inverse_error(&self) -> f64 {
        most(&self.diagnosis.inverse_error)
    }

    /// How far log-determinants are from those of Jacobians by finite differences, at most.
    pub fn log_det_error(&self) -> f64 {
        most(&self.diagnosis.conditioning.log_det_error)
    }
}

/// The largest number; NaN if one is.
pub fn most(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most: f64, x| if x.is_nan() { *x } else { most.max(*x) })
}

/// A diagnosis of every member at the rows that lie in the support.
pub fn measured<T: Real>(model: &Model, rows: &Parts) -> Result<Vec<Member>> {
    let (inside, context) = model.inside(&rows.points, rows.context.as_ref())?;
    let finite = |j: &usize| inside.column(*j).iter().all(|value| value.is_finite());
    let good: Vec<usize> = (0..inside.ncols()).filter(finite).collect();
    let Some(members) = model.members::<T>().filter(|_| !good.is_empty()) else {
        return Ok(Vec::new());
    };
    let Parts { points, context } = Parts { points: inside, context }.at(&good);
    let (points, context) = (points.map(T::of), context.map(|context| context.map(T::of)));
    let normal = StandardNormal::new(model.dim());
    let of = members.members().iter().map(|member| {
        // What a flow does depends on no base.
        let density = normal.pushed_by(member.flow().clone());
        let diagnosis = Diagnose::new().flow(&density, &points, context.as_ref())?;
        Ok(Member { diagnosis, on_normal: member.base().get::<StandardNormal>().is_some() })
    });
    of.collect()
}

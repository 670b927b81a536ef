//! A continuous flow from its description.

use super::{ContinuousFlow, Frame, Gradient};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::field::TrainableField;
use crate::ode::{Adaptive, Solver, Span};
use crate::real::Real;
use crate::trace::Trace;

impl Gradient {
    /// What it is, as it can be made again from.
    pub(super) fn describe<T: Real>(&self) -> Result<Description> {
        Ok(match self {
            Self::Discrete => Description::new("Discrete"),
            Self::Adjoint(solver) => {
                let solver = Solver::<T>::describe(solver)?;
                Description::new("Adjoint").part("solver", solver)
            }
        })
    }
}

impl Gradient {
    /// What is described.
    ///
    /// # Errors
    ///
    /// If it is of no known kind, or a setting is missing.
    pub(crate) fn restore(source: &Source<'_>) -> Result<Self> {
        Ok(match source.kind() {
            "Discrete" => Self::Discrete,
            "Adjoint" => {
                Self::Adjoint(<Adaptive as Restore<f64>>::restore(&source.part("solver")?)?)
            }
            other => return Err(source.unknown("gradient", other)),
        })
    }
}

impl Frame {
    /// The frame among the arrays of a flow of so many coordinates and context values, if there is one.
    pub(super) fn restore(
        [dim, context_dim]: [usize; 2],
        source: &Source<'_>,
    ) -> Result<Option<Self>> {
        if !source.has_array("frame.mean") {
            return Ok(None);
        }
        // Before anything of this size is made.
        if source.shape::<2>("frame.root")? != [dim; 2] {
            return Err(Error::shape(format!(
                "the root of a frame has another size than the {dim} coordinates of its field"
            )));
        }
        let contexts = ["frame.context_mean", "frame.context_deviation"];
        let contexts = contexts.into_iter().filter(|_| context_dim > 0);
        let names = ["frame.mean", "frame.deviation", "frame.root"].into_iter().chain(contexts);
        let arrays: Vec<_> = names.map(|name| source.fixed(name)).collect::<Result<_>>()?;
        Self::of_arrays(&arrays, [dim, context_dim]).map(Some)
    }
}

impl<T, F, S> Restore<T> for ContinuousFlow<F, S>
where
    T: Real,
    F: TrainableField<T> + Restore<T>,
    S: Restore<T>,
{
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("ContinuousFlow")?;
        let field = F::restore(&source.part("field")?)?;
        let frame = Frame::restore([field.dim(), field.context_dim()], source)?;
        Ok(Self {
            field,
            solver: S::restore(&source.part("solver")?)?,
            trace: Trace::restore(&source.part("trace")?)?,
            span: Span { from: source.number("base_time")?, to: source.number("data_time")? },
            gradient: Gradient::restore(&source.part("gradient")?)?,
            frame,
        })
    }
}

//! Flows with a closed form: fields whose time-one map is known, and other linear maps.
//!
//! | file | what |
//! | --- | --- |
//! | `constant` | what maps with a constant Jacobian have in common, the reverse pass included |
//! | `affine_map` | M x + m by a matrix, and its inverse by another |
//! | `diagonal` | the time-one map of a diagonal field: activation normalisation |
//! | `linear` | the time-one maps of linear and skew fields, by the matrix exponential |
//! | `exponential` | the exponential of a matrix, and its reverse pass |
//! | `factored` | an invertible matrix by its triangular factors |
//! | `permutation` | coordinates in another order |

mod affine_map;
mod constant;
mod diagonal;
mod exponential;
mod factored;
mod linear;
mod permutation;

use nalgebra::DMatrix;

use super::{Cotangent, Direction, Flow, Packet, TrainableFlow};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::field::TrainableField;
use crate::ode::Workspace;
use crate::parameters::{Fixed, Parameters, Setting};
use crate::real::Real;

pub use affine_map::AffineMap;
pub use constant::{ConstantMap, StartTape};
pub use diagonal::Scaling;
pub use factored::InvertibleLinear;
pub use permutation::Permutation;

/// A field whose flow from t = 0 to t = 1 is known, as a map with a constant Jacobian.
pub trait Solvable: TrainableField<<Self as Solvable>::Scalar> + Clone {
    /// The scalar that the field computes with.
    type Scalar: Real;

    /// The time-one map, computed once for all samples.
    type Map: ConstantMap<Self::Scalar>;

    /// The time-one map for the present parameters.
    fn solve(&self) -> Self::Map;

    /// Turns cotangents of the entries of the map, behind which stands that of the log-determinant,
    /// into those of the parameters, which are added to `gradient`.
    fn fold_map(&self, map: &Self::Map, sums: &[Self::Scalar], gradient: &mut [Self::Scalar]);

    /// Sets what parameters depend on data, so that `points` moved in `direction` have mean 0 and
    /// variance 1 in every coordinate; see [`TrainableFlow::initialise`]. By default none does.
    ///
    /// # Errors
    ///
    /// If the points do not determine the parameters.
    fn standardise(&mut self, direction: Direction, points: &DMatrix<Self::Scalar>) -> Result<()> {
        let _ = (direction, points);
        Ok(())
    }

    /// Whether [`standardise`](Solvable::standardise) sets parameters that are still where they start; see
    /// [`TrainableFlow::is_fresh`]. By default it sets none.
    fn is_unlearnt(&self) -> bool {
        false
    }
}

/// The flow of a field from t = 0 to t = 1 by its closed form, without any integration.
///
/// It equals [`ContinuousFlow`](super::ContinuousFlow) of the same field. What is costly, such as the
/// exponential of a matrix, is computed once for given parameters, and not for every sample.
///
/// ```
/// use liouville::flow::ClosedForm;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let field = field::Linear::new(dmatrix![-0.5f64, 1.0; -1.0, -0.5])?;
/// let exact = ClosedForm::new(field.clone()).forward(&dmatrix![1.0; 0.0])?;
/// let integrated = ContinuousFlow::new(field).tolerance(1e-10).forward(&dmatrix![1.0; 0.0])?;
/// assert!((exact.points - integrated.points).amax() < 1e-8);
/// assert!((exact.log_det[0] + 1.0).abs() < 1e-14);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClosedForm<F: Solvable> {
    field: F,
    map: F::Map,
}

impl<F: Solvable> ClosedForm<F> {
    /// The flow of `field`.
    pub fn new(field: F) -> Self {
        let map = field.solve();
        Self { field, map }
    }

    /// The field.
    pub fn field(&self) -> &F {
        &self.field
    }
}

impl<T: Real, F: Solvable<Scalar = T>> Flow<T> for ClosedForm<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        constant::follow(&self.map, direction, packet, workspace);
    }
}

impl<T: Real, F: Solvable<Scalar = T>> TrainableFlow<T> for ClosedForm<F> {
    type Tape = StartTape<T>;

    fn held(&self) -> Option<&Parameters<T>> {
        Some(self.field.held())
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.field.set_parameters(values)?;
        self.map = self.field.solve();
        Ok(())
    }

    fn fixed(&self) -> Vec<Fixed> {
        self.field.fixed()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.field.set_fixed(arrays)?;
        self.map = self.field.solve();
        Ok(())
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("ClosedForm").part("field", self.field.describe()?))
    }

    fn settings(&self) -> Vec<Setting> {
        let field = self.field.settings().into_iter().map(|setting| setting.within("field"));
        [Setting::kind("ClosedForm")].into_iter().chain(field).collect()
    }

    fn sums_len(&self) -> usize {
        self.map.entries() + 1
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.field.held().check_fold(sums, self.sums_len(), gradient)?;
        self.field.fold_map(&self.map, sums, gradient);
        Ok(())
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        constant::record(&self.map, direction, packet, tape, workspace);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        constant::pullback(&self.map, direction, tape, cotangent, sums, workspace);
    }

    fn initialise(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        _: Option<&DMatrix<T>>,
    ) -> Result<()> {
        self.field.standardise(direction, points)?;
        self.map = self.field.solve();
        Ok(())
    }

    fn is_fresh(&self) -> bool {
        self.field.is_unlearnt()
    }
}

impl<T: Real, F: Solvable<Scalar = T> + Restore<T>> Restore<T> for ClosedForm<F> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("ClosedForm")?;
        Ok(Self::new(F::restore(&source.part("field")?)?))
    }
}

//! Velocities and log-determinants anywhere on the way, as they are seen from outside the frame.

use nalgebra::DMatrix;

use super::super::{Direction, Motion, Moved, Track, transport};
use super::correlation::Spectrum;
use super::trajectory::Leg;
use super::{ContinuousFlow, Frame};
use crate::error::{Error, Result};
use crate::field::VectorField;
use crate::kernels::matrix_product;
use crate::ode::{Solver, Span};
use crate::outcome::{Effort, Outcome};
use crate::real::Real;
use crate::real::portable::{ln, powf};

impl<T: Real, F: VectorField<T>, S: Solver<T>> Motion<T> for ContinuousFlow<F, S> {
    fn span(&self) -> Span {
        self.span
    }

    fn velocity_at(
        &self,
        t: f64,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<DMatrix<T>> {
        let context = match &self.frame {
            Some(frame) if !frame.contexts.is_empty() => context.map(|c| frame.contexts_inside(c)),
            _ => context.cloned(),
        };
        let velocity = |inside: &DMatrix<T>| match &context {
            Some(context) => self.field.at_given(t, inside, context),
            None => self.field.at(t, inside),
        };
        // Of wrong shapes the field tells, before a frame meets them.
        let fits = points.nrows() == self.field.dim() && t.is_finite();
        let Some(frame) = self.frame.as_ref().filter(|_| fits) else { return velocity(points) };
        let length = self.span.to - self.span.from;
        let part = self.frames(&[t]).pop().flatten();
        let inside = part.as_ref().map_or_else(|| points.clone(), |part| part.inside(points));
        let own = velocity(&inside)?;
        let turned = part.as_ref().map_or_else(|| own.clone(), |part| part.outside_velocity(&own));
        if length == 0.0 {
            return Ok(turned);
        }
        let drift = frame.drift(self.share(t), points)? / length;
        Ok(turned + drift.map(T::of))
    }

    fn path(
        &self,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
        times: &[f64],
    ) -> Result<Vec<DMatrix<T>>> {
        Ok(self.trajectory_detailed(points, context, times)?.path)
    }

    fn carry(
        &self,
        span: Span,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Moved<T>> {
        let ends = [span.from, span.to];
        if span.from == span.to {
            return Ok(unmoved(points));
        }
        let whole = self.whole(&ends);
        self.check_along::<T>(whole)?;
        let fits = points.nrows() == self.field.dim();
        let frames = if fits { self.frames(&ends) } else { vec![None, None] };
        let inside = frames[0].as_ref().map_or_else(|| points.clone(), |f| f.inside(points));
        let leg = Leg { flow: self, span, whole };
        let mut moved = transport(&leg, Direction::Forward, &inside, context, Track::LogDet)?;
        if let Some(frame) = &frames[1] {
            moved.points = frame.outside(&moved.points);
        }
        let volume = |frame: &Option<Frame>| frame.as_ref().map_or(0.0, Frame::log_det);
        moved.log_det.add_scalar_mut(T::of(volume(&frames[1]) - volume(&frames[0])));
        Ok(moved)
    }
}

/// Points that stay where they are.
fn unmoved<T: Real>(points: &DMatrix<T>) -> Moved<T> {
    let count = points.ncols();
    Moved {
        points: points.clone(),
        log_det: nalgebra::DVector::zeros(count),
        standard_error: None,
        outcomes: vec![Outcome::Arrived; count],
        efforts: vec![Effort::default(); count],
    }
}

impl Frame {
    /// S v for velocities v.
    fn outside_velocity<T: Real>(&self, velocity: &DMatrix<T>) -> DMatrix<T> {
        let mut turned = matrix_product(&self.root, &velocity.map(|value| value.wide()));
        for (mut row, moments) in turned.row_iter_mut().zip(&self.rows) {
            row *= moments.deviation;
        }
        turned.map(T::of)
    }

    /// How points x = s m + D^s R^(s/2) y move for still y as the share s grows:
    /// m + (ln D + D^s ln(R^(1/2)) D^-s)(x - s m).
    fn drift<T: Real>(&self, share: f64, points: &DMatrix<T>) -> Result<DMatrix<f64>> {
        let Some(spectrum) = Spectrum::of(&self.root) else {
            return Err(Error::setting("the root of a frame has no eigenvalues that can be found"));
        };
        let mut from = points.map(|value| value.wide());
        for (mut row, moments) in from.row_iter_mut().zip(&self.rows) {
            row.add_scalar_mut(-share * moments.mean);
        }
        let units: Vec<f64> = self.rows.iter().map(|row| powf(row.deviation, share)).collect();
        let plain = DMatrix::from_fn(from.nrows(), from.ncols(), |i, j| from[(i, j)] / units[i]);
        let turning = matrix_product(&spectrum.logarithm(), &plain);
        Ok(DMatrix::from_fn(from.nrows(), from.ncols(), |i, j| {
            let Frame { rows, .. } = self;
            rows[i].mean + ln(rows[i].deviation) * from[(i, j)] + units[i] * turning[(i, j)]
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{Linear, autonomous};
    use nalgebra::dmatrix;

    fn framed() -> ContinuousFlow<Linear<f64>> {
        let field = Linear::new(dmatrix![0.3, -1.0; 0.7, -0.2]).expect("finite");
        let root = Spectrum::of(&dmatrix![1.0, 0.6; 0.6, 1.0]).expect("symmetric").power(0.5);
        let frame = Frame::new(&[5.0, -2.0], &[3.0, 0.1], root).expect("valid");
        ContinuousFlow::new(field).tolerance(1e-11).framed(frame)
    }

    #[test]
    fn velocities_are_what_trajectories_do() {
        let flow = framed();
        let start = dmatrix![0.3, -1.0; 0.4, 2.0];
        let step = 1e-4;
        for t in [0.0, 0.31, 1.0] {
            let path = flow.path(&start, None, &[0.0, t, t - step, t + step]).expect("arrives");
            let slope = (&path[3] - &path[2]) / (2.0 * step);
            let velocity = flow.velocity_at(t, &path[1], None).expect("shapes");
            // Central differences err by step² / 6 of a third derivative, here below 100.
            assert!((&slope - &velocity).amax() < 2e-6, "{t}: {slope} {velocity}");
        }
    }

    #[test]
    fn what_is_carried_in_two_legs_went_the_whole_way() {
        let flow = framed();
        let start = dmatrix![0.3, -1.0; 0.4, 2.0];
        let whole = crate::flow::Flow::forward(&flow, &start).expect("arrives");
        let half = flow.carry(Span { from: 0.0, to: 0.4 }, &start, None).expect("arrives");
        let rest = flow.carry(Span { from: 0.4, to: 1.0 }, &half.points, None).expect("arrives");
        assert!((&rest.points - &whole.points).amax() < 1e-8);
        assert!((&half.log_det + &rest.log_det - &whole.log_det).amax() < 1e-8);
        let path = flow.path(&start, None, &[0.0, 0.4]).expect("arrives");
        assert!((&half.points - &path[1]).amax() < 1e-8);
        let still = flow.carry(Span { from: 0.4, to: 0.4 }, &start, None).expect("nothing to do");
        assert_eq!((still.points, still.log_det.amax()), (start, 0.0));
    }

    #[test]
    fn shapes_are_told() {
        let flow = framed();
        let tall = DMatrix::<f64>::zeros(3, 1);
        assert!(flow.velocity_at(0.2, &tall, None).expect_err("three rows").is_shape());
        assert!(flow.carry(Span { from: 0.0, to: 0.5 }, &tall, None).expect_err("rows").is_shape());
        let plain = ContinuousFlow::new(autonomous::<1, _>(|x| [x[0]]));
        assert!(Motion::<f64>::velocity_at(&plain, f64::NAN, &dmatrix![0.1], None).is_err());
    }
}

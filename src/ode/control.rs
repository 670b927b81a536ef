//! How large a step should be: the first, by Hairer's rule made bolder, and the next, by a PI controller.
//!
//! Hairer, Nørsett and Wanner 1993, Solving Ordinary Differential Equations I, section II.4 (the
//! first step) and IV.2 of volume II (the controller, with the constants of the authors' DOPRI5).
//! Their first step is a guard against the worst; a flow takes a handful of steps, and a first one
//! that is a tenth of what the error allows costs as much as any other.

use super::powers::{exp2, log2};

/// A step is this much shorter than the error estimate would allow.
///
/// This number, [`MEMORY`], [`BOLDNESS`] and [`STRETCH`] were chosen together, on five trained and random
/// fields in 2 and 64 dimensions at tolerances from 1e-3 to 1e-10: beside 0.9, 0.04, 10 and 1.1, with a
/// last step that takes what is left, they save 6% of the evaluations at order five and 3 to 5% at
/// order eight for the same delivered error. Accepting errors up to 2, and controllers that follow
/// the trend of the error, save less or nothing.
const SAFETY: f64 = 0.85;
/// The least and the greatest ratio of neighbouring steps.
const SHRINK: f64 = 0.2;
const GROW: f64 = 10.0;
/// The weight of the previous error.
const MEMORY: f64 = 0.03;
/// The error of a first step h is taken to be |f| τ (h / τ)ᵖ / BOLDNESS, where the velocity f
/// changes within the time τ. Five times more brings rejections.
const BOLDNESS: f64 = 20.0;
/// A step may be this many times longer than the controller says if the end comes sooner by it: the
/// safety factor leaves room.
const STRETCH: f64 = 1.2;
/// A first step is at most this many times Hairer's, in case τ was measured where the acceleration
/// happens to vanish.
const LEAP: f64 = 10.0;
/// Previous errors below this count as this.
const LEAST_ERROR: f64 = 1e-4;

/// The factor for the next step after a step of scaled error `error` (accepted if at most one),
/// when the error before that was `previous`.
pub(super) fn factor(error: f64, previous: Magnitude, order: u32) -> f64 {
    if !error.is_finite() {
        return SHRINK;
    }
    let exponent = 1.0 / f64::from(order);
    let Magnitude(error) = Magnitude::of(error);
    if error > 0.0 {
        return (SAFETY * exp2(-exponent * error)).max(SHRINK);
    }
    let damped = exp2((0.75 * MEMORY - exponent) * error + MEMORY * previous.0);
    (SAFETY * damped).clamp(SHRINK, GROW)
}

/// The base-two logarithm of an error; six digits are plenty for a step size, and powers were a good part
/// of what a step costs beside its evaluations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Magnitude(f64);

impl Magnitude {
    /// That of the last accepted step before there was one.
    pub(super) fn least() -> Self {
        Self(log2(LEAST_ERROR))
    }

    fn of(error: f64) -> Self {
        Self(log2(error))
    }

    /// The magnitude of an accepted error, to be remembered.
    pub(super) fn remembered(error: f64) -> Self {
        Self::of(error.max(LEAST_ERROR))
    }
}

/// The next step, where the controller says `h` and `rest` is left of the span: one or two equal steps
/// if they suffice, rather than a full one and a remainder, which would cost as much and err by more.
/// A lane that may not `stretch`, since a longer step was just rejected, keeps to `h`; none is longer
/// than `longest`.
pub(super) fn towards_end(h: f64, rest: f64, stretch: bool, longest: f64) -> f64 {
    // Without stretching, room for the rounding of `rest`.
    const ROUNDING: f64 = 1.0 + 1e-12;
    let h = h.signum() * h.abs().min(longest);
    let reach = (h.abs() * if stretch { STRETCH } else { ROUNDING }).min(longest * ROUNDING);
    if reach >= rest.abs() {
        rest
    } else if 2.0 * reach >= rest.abs() {
        0.5 * rest
    } else {
        h
    }
}

/// What the first step is chosen by: norms of the state, of its velocity, and of the change of
/// velocity along an explicit Euler step. The unit of time is the length of the span.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Norms {
    pub state: f64,
    pub velocity: f64,
}

impl Norms {
    /// The size of the Euler step that probes the curvature.
    pub(super) fn probe(&self) -> f64 {
        let probe = if self.state < 1e-5 || self.velocity < 1e-5 {
            1e-6
        } else {
            0.01 * self.state / self.velocity
        };
        probe.min(1.0)
    }

    /// The first step, after the probe changed the velocity by `change`.
    pub(super) fn first_step(&self, probe: f64, change: f64, order: u32) -> f64 {
        let acceleration = change / probe;
        let fastest = self.velocity.max(acceleration);
        if fastest <= 1e-15 {
            return 1.0;
        }
        let root = |x: f64| exp2(log2(x) / f64::from(order));
        let cautious = root(0.01 / fastest).min(100.0 * probe);
        let tau = self.velocity / acceleration;
        let bold =
            if acceleration > 0.0 { tau * root(BOLDNESS / (self.velocity * tau)) } else { 0.0 };
        // Not so for a NaN.
        let step = if bold > cautious { bold.min(LEAP * cautious) } else { cautious };
        // A velocity that overflows at the probe says nothing but that the step must be short.
        if step.is_finite() { step.min(1.0) } else { probe }
    }
}

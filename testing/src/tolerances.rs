//! How exact a law asks a flow to be.

use liouville::diagnose::Step;
use liouville::outcome::{Outcome, Reason};
use liouville::real::Real;

/// What a law makes of a column that the flow reports as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Failures {
    /// It breaks the law: the flow claims to work there.
    #[default]
    Forbidden,
    /// It breaks the law unless the flow says that the point is [saturated](Reason::Saturated): that it led
    /// where the scalar cannot hold it. Then it is left out, and the law could not be told where all columns are.
    Unsaturated,
    /// It is left out: a failure that is reported is an honest answer. For extreme parameters, and
    /// points at which numbers overflow.
    Reported,
}

/// How exact a law asks a flow to be.
///
/// The defaults of [`of`](Tolerances::of) suit flows in closed form, and those that search for their
/// inverse down to rounding. A flow that is integrated to some accuracy is
/// [`within`](Tolerances::within) that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerances {
    /// Of points after there and back, relative to 1 + the largest coordinate; in addition to what a
    /// few roundings of the end point cost on the way back.
    pub inverse: f64,
    /// The most that those few roundings may cost, relative as above.
    pub rounding: f64,
    /// Of log-determinants, in nats.
    pub log_det: f64,
    /// Of sums of log-determinants, relative to 1 + their size.
    pub sum: f64,
    /// Of derivatives, relative to the size of the gradient.
    pub gradient: f64,
    /// Of the mass of a density, in addition to the error of the integral.
    pub mass: f64,
    /// How many points the integral of a density takes at first; up to 16 times as many if it must.
    pub samples: usize,
    /// What failed columns mean.
    pub failures: Failures,
}

impl Failures {
    /// Whether a column of this outcome is left out; one that was before has no point to `start` from.
    pub(super) fn leave_out(self, outcome: &Outcome, start: bool) -> bool {
        let reason = outcome.failure().map(|failure| failure.reason);
        match self {
            Self::Forbidden => false,
            Self::Unsaturated => match reason {
                Some(Reason::Saturated { .. }) => true,
                Some(Reason::NonFiniteInput) => !start,
                _ => false,
            },
            Self::Reported => true,
        }
    }
}

impl Tolerances {
    /// The same for points far out, which single precision may not hold wherever a flow leads: what
    /// [saturates](Failures::Unsaturated) must say so, and breaks no law then.
    pub(super) fn far_out<T: Real>(&self) -> Self {
        let single = T::EPSILON > 1e-10 && self.failures == Failures::Forbidden;
        let failures = if single { Failures::Unsaturated } else { self.failures };
        Self { failures, ..*self }
    }

    /// For flows that are exact but for rounding.
    pub fn of<T: Real>() -> Self {
        let single = T::EPSILON > 1e-10;
        Self {
            inverse: 1e3 * T::EPSILON,
            rounding: 8.0 * T::EPSILON.cbrt(),
            log_det: if single { 2e-3 } else { 1e-7 },
            sum: 64.0 * T::EPSILON,
            gradient: if single { 1e-2 } else { 1e-6 },
            mass: 2e-3,
            samples: 40_000,
            failures: Failures::Forbidden,
        }
    }

    /// For flows whose points and log-determinants are about as exact as `accuracy`.
    pub fn within<T: Real>(accuracy: f64) -> Self {
        let exact = Self::of::<T>();
        Self {
            inverse: exact.inverse.max(accuracy),
            log_det: exact.log_det.max(accuracy),
            gradient: exact.gradient.max(accuracy),
            mass: exact.mass.max(accuracy),
            ..exact
        }
    }

    /// The steps of finite differences, the most promising first. Later ones are for functions that
    /// bend sharply, or whose second derivative jumps nearby.
    pub(super) fn steps<T: Real>() -> &'static [f64] {
        const DOUBLE: [f64; 8] = powers([-8, -6, -11, -4, -14, -17, -20, -26]);
        const SINGLE: [f64; 8] = powers([-4, -5, -3, -7, -2, -9, -11, -13]);
        if T::EPSILON > 1e-10 { &SINGLE } else { &DOUBLE }
    }

    /// The same steps for coordinates, relative to 1 + |x|, and a few relative to |x|, for points so near
    /// the end of a support that others lead out of it.
    pub(super) fn steps_of_points<T: Real>() -> impl Iterator<Item = Step> {
        let steps = Self::steps::<T>();
        let near = steps.iter().take(3).map(|&share| Step { share, floor: 0.0 });
        steps.iter().map(|&share| Step::of(share)).chain(near)
    }
}

const fn powers<const N: usize>(exponents: [i32; N]) -> [f64; N] {
    let (mut powers, mut k) = ([1.0; N], 0);
    while k < N {
        powers[k] = 1.0 / (1u64 << -exponents[k]) as f64;
        k += 1;
    }
    powers
}

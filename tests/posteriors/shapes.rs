//! Targets in closed form: wells, a funnel, a banana, two rings.

use liouville::infer::{Number, Parameters, Target, formula};
use liouville::num_dual::DualNum;

use super::{centered, normal};

/// Three pairs with energy -0.5 a - 6 a² + a⁴ + 0.5 b²: eight modes.
pub fn many_well() -> impl Target {
    formula(Parameters::new().reals("x", 6), |x| {
        (0..3).fold(Number::from_re(0.0), |sum, k| {
            let (a, b) = (x[2 * k], x[2 * k + 1]);
            sum + a * 0.5 + a * a * 6.0 - a.powi(4) - b * b * 0.5
        })
    })
}

/// Neal's funnel: v ~ N(0, 3), x ~ N(0, e^(v/2)).
pub fn neal_funnel() -> impl Target {
    formula(Parameters::new().real("v").reals("x", 9), |x| {
        let zero = Number::from_re(0.0);
        x[1..].iter().fold(centered(x[0], 3.0), |sum, &xi| sum + normal(xi, zero, x[0] * 0.5))
    })
}

pub fn rosenbrock() -> impl Target {
    formula(Parameters::new().reals("x", 2), |x| {
        let (a, b) = (-x[0] + 1.0, x[1] - x[0] * x[0]);
        -(a * a + b * b * 100.0) / 20.0
    })
}

/// The first energy of Rezende and Mohamed 2015 (Variational inference with normalizing flows, table 1).
pub fn rezende() -> impl Target {
    formula(Parameters::new().reals("z", 2), |z| {
        let ring = ((z[0] * z[0] + z[1] * z[1]).sqrt() - 2.0) / 0.4;
        let side = |at: f64| {
            let off = (z[0] - at) / 0.6;
            (off * off * -0.5).exp()
        };
        ring * ring * -0.5 + (side(2.0) + side(-2.0)).ln()
    })
}

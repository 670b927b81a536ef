//! A mixture of two normals, and a Gaussian process with Poisson counts.

use liouville::infer::{Number, Parameters, Target, formula};
use liouville::num_dual::DualNum;

use super::{centered, data};

/// ln n!.
fn log_factorial(n: f64) -> f64 {
    (2..=n as usize).map(|k| (k as f64).ln()).sum()
}

pub fn low_dim_gauss_mix() -> impl Target {
    let y = data("low_dim_gauss_mix", "y");
    let parameters =
        Parameters::new().increasing("mu", 2).positives("sigma", 2).between("theta", 0.0, 1.0);
    // ln 1 / B(5, 5), B(5, 5) = 4! 4! / 9!.
    let constant = log_factorial(9.0) - 2.0 * log_factorial(4.0);
    formula(parameters, move |x| {
        let (theta, rest) = (x[4], -x[4] + 1.0);
        let prior = (theta.ln() + rest.ln()) * 4.0 + constant;
        let prior = (0..4).fold(prior, |sum, k| sum + centered(x[k], 2.0));
        // What all data share is computed once.
        let half = 0.5 * std::f64::consts::TAU.ln();
        let parts = [(theta, 0), (rest, 1)]
            .map(|(share, k)| (share.ln() - x[2 + k].ln() - half, x[2 + k].recip()));
        y.iter().fold(prior, |sum, &y| {
            let [a, b] = [0, 1].map(|k| {
                let z = (x[k] - y) * parts[k].1;
                parts[k].0 - z * z * 0.5
            });
            let (high, low) = if a.re > b.re { (a, b) } else { (b, a) };
            sum + high + (low - high).exp().ln_1p()
        })
    })
}

pub fn gp_pois_regr() -> impl Target {
    let (x, k) = (data("gp_pois_regr", "x"), data("gp_pois_regr", "k"));
    let count = x.len();
    let parameters = Parameters::new().positive("rho").positive("alpha").reals("f_tilde", count);
    // Gamma(25, rate 4), and k!.
    let constant =
        25.0 * 4f64.ln() - log_factorial(24.0) - k.iter().map(|&k| log_factorial(k)).sum::<f64>();
    formula(parameters, move |p| {
        let (rho, alpha, white) = (p[0], p[1], &p[2..]);
        let kernel = |i: usize, j: usize| {
            let off = x[i] - x[j];
            let value = alpha * alpha * ((rho * rho).recip() * (-0.5 * off * off)).exp();
            if i == j { value + 1e-10 } else { value }
        };
        let factor = cholesky(count, kernel);
        let prior = rho.ln() * 24.0 - rho * 4.0 + constant + centered(alpha, 2.0);
        (0..count).fold(prior, |sum, i| {
            let f = (0..=i).fold(Number::from_re(0.0), |f, j| f + factor[i][j] * white[j]);
            sum + centered(white[i], 1.0) + f * k[i] - f.exp()
        })
    })
}

/// The lower factor of a positive definite matrix.
fn cholesky(count: usize, entry: impl Fn(usize, usize) -> Number) -> Vec<Vec<Number>> {
    let mut factor = vec![vec![Number::from_re(0.0); count]; count];
    for i in 0..count {
        for j in 0..=i {
            let known = (0..j).fold(entry(i, j), |rest, k| rest - factor[i][k] * factor[j][k]);
            factor[i][j] = if i == j { known.sqrt() } else { known / factor[j][j] };
        }
    }
    factor
}

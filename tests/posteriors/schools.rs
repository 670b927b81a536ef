//! Eight schools (Rubin 1981), and linear regressions.

use liouville::infer::{Number, Parameters, Target, formula};
use liouville::num_dual::DualNum;

use super::{cauchy, centered, data, normal};

/// Effects of coaching, and their standard errors (Rubin 1981, Estimation in parallel randomized experiments).
const EFFECTS: [[f64; 2]; 8] = [
    [28.0, 15.0],
    [8.0, 10.0],
    [-3.0, 16.0],
    [7.0, 11.0],
    [-1.0, 9.0],
    [1.0, 11.0],
    [18.0, 10.0],
    [12.0, 18.0],
];

fn likelihood(school: usize, theta: Number) -> Number {
    let [y, sigma] = EFFECTS[school];
    centered(theta - y, sigma)
}

/// mu ~ N(0, 5), tau ~ C⁺(5).
fn priors(mu: Number, tau: Number) -> Number {
    centered(mu, 5.0) + cauchy(tau, 5.0)
}

pub fn eight_schools_noncentered() -> impl Target {
    formula(Parameters::new().reals("z", 8).real("mu").positive("tau"), |x| {
        let (mu, tau) = (x[8], x[9]);
        (0..8).fold(priors(mu, tau), |sum, j| {
            sum + centered(x[j], 1.0) + likelihood(j, mu + tau * x[j])
        })
    })
}

pub fn eight_schools_centered() -> impl Target {
    formula(Parameters::new().reals("theta", 8).real("mu").positive("tau"), |x| {
        let (mu, tau) = (x[8], x[9]);
        (0..8)
            .fold(priors(mu, tau), |sum, j| sum + normal(x[j], mu, tau.ln()) + likelihood(j, x[j]))
    })
}

/// A regression of y on columns with flat priors, by the sums that determine it; `scale` is the prior of s.
fn regression(y: Vec<f64>, columns: Vec<Vec<f64>>, scale: fn(Number) -> Number) -> impl Target {
    let count = columns.len();
    let parameters = Parameters::new().reals("b", count).positive("s");
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    // |y - X b|² about the solution of least squares: no large numbers are subtracted.
    let design = liouville::nalgebra::DMatrix::from_fn(y.len(), count, |i, j| columns[j][i]);
    let right = liouville::nalgebra::DVector::from_vec(y.clone());
    let best = design.clone().svd(true, true).solve(&right, 1e-14).expect("a solution");
    let rest = (&right - &design * &best).norm_squared();
    let gram: Vec<Vec<f64>> =
        columns.iter().map(|a| columns.iter().map(|b| dot(a, b)).collect()).collect();
    let n = y.len() as f64;
    formula(parameters, move |x| {
        let off: Vec<Number> = (0..count).map(|i| x[i] - best[i]).collect();
        let mut square = Number::from_re(rest);
        for i in 0..count {
            for j in 0..count {
                square += off[i] * off[j] * gram[i][j];
            }
        }
        let s = x[count];
        square / (s * s) * -0.5 - s.ln() * n - 0.5 * n * std::f64::consts::TAU.ln() + scale(s)
    })
}

fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}

pub fn kidiq() -> impl Target {
    let of = |name| data("kidiq_interaction", name);
    let (hs, iq) = (of("mom_hs"), of("mom_iq"));
    let columns = vec![vec![1.0; hs.len()], hs.clone(), iq.clone(), times(&hs, &iq)];
    regression(of("kid_score"), columns, |s| cauchy(s, 2.5))
}

pub fn earnings() -> impl Target {
    let of = |name| data("earnings_logearn_interaction", name);
    let (height, male) = (of("height"), of("male"));
    let log_earn = of("earn").iter().map(|earn| earn.ln()).collect();
    let columns = vec![vec![1.0; male.len()], height.clone(), male.clone(), times(&height, &male)];
    regression(log_earn, columns, |_| Number::from_re(0.0))
}

pub fn mesquite() -> impl Target {
    let of = |name| data("mesquite_logvash", name);
    let (wide, narrow, high) = (of("diam1"), of("diam2"), of("canopy_height"));
    let rows = 0..wide.len();
    let by = |f: &dyn Fn(usize) -> f64| rows.clone().map(f).collect::<Vec<f64>>();
    let (total, weight) = (of("total_height"), of("weight"));
    let columns = vec![
        vec![1.0; wide.len()],
        by(&|i| (wide[i] * narrow[i] * high[i]).ln()),
        by(&|i| (wide[i] * narrow[i]).ln()),
        by(&|i| (wide[i] / narrow[i]).ln()),
        by(&|i| total[i].ln()),
        of("group"),
    ];
    regression(by(&|i| weight[i].ln()), columns, |_| Number::from_re(0.0))
}

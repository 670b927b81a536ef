//! Posteriors that nobody here invented, each as a target written once.

mod growth;
mod schools;
mod shapes;

use std::f64::consts::TAU;
use std::path::PathBuf;

use liouville::infer::{Number, Target};
use liouville::num_dual::DualNum;

pub use growth::{gp_pois_regr, low_dim_gauss_mix};
pub use schools::{earnings, eight_schools_centered, eight_schools_noncentered, kidiq, mesquite};
pub use shapes::{many_well, neal_funnel, rezende, rosenbrock};

/// A target with the name of its folder.
pub type Named = (&'static str, Box<dyn Target>);

/// All targets of the reference data, those that read data of their own only where the folder is.
pub fn all() -> Vec<Named> {
    let mut found: Vec<Named> = vec![
        ("eight_schools_noncentered", Box::new(eight_schools_noncentered())),
        ("eight_schools_centered", Box::new(eight_schools_centered())),
        ("many_well_6", Box::new(many_well())),
        ("neal_funnel_10", Box::new(neal_funnel())),
        ("rosenbrock_2d", Box::new(rosenbrock())),
        ("rezende_U1", Box::new(rezende())),
    ];
    if folder().is_some() {
        let read: [Named; 5] = [
            ("kidiq_interaction", Box::new(kidiq())),
            ("earnings_logearn_interaction", Box::new(earnings())),
            ("mesquite_logvash", Box::new(mesquite())),
            ("low_dim_gauss_mix", Box::new(low_dim_gauss_mix())),
            ("gp_pois_regr", Box::new(gp_pois_regr())),
        ];
        found.extend(read);
    }
    found
}

/// The folder of the reference posteriors, if it is there.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("LIOUVILLE_REFERENCE_DATA")?;
    Some(PathBuf::from(folder).join("posteriors"))
}

/// A list of numbers of a posterior's data.
pub fn data(posterior: &str, name: &str) -> Vec<f64> {
    let path = folder().expect("the reference data").join(posterior).join("data.json");
    let text = std::fs::read_to_string(path).expect("readable data");
    let start = text.find(&format!("\"{name}\":[")).expect("a list") + name.len() + 4;
    let end = start + text[start..].find(']').expect("an end");
    text[start..end].split(',').map(|number| number.trim().parse().expect("a number")).collect()
}

/// ln N(x | m, e^log_s).
pub fn normal(x: Number, mean: Number, log_s: Number) -> Number {
    let z = (x - mean) * (-log_s).exp();
    z * z * -0.5 - log_s - 0.5 * TAU.ln()
}

/// ln N(x | 0, s).
pub fn centered(x: Number, s: f64) -> Number {
    let z = x / s;
    z * z * -0.5 - s.ln() - 0.5 * TAU.ln()
}

/// ln of the Cauchy density of scale s, not doubled.
pub fn cauchy(x: Number, s: f64) -> Number {
    let z = x / s;
    -(z * z).ln_1p() - (std::f64::consts::PI * s).ln()
}

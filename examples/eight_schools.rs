//! The effects of coaching in eight schools, by their log-density: means and deviations beside those of others' draws.
//!
//! `cargo run --release --example eight_schools [-- FOLDER]`; `SHORT=1` fits for a moment only.

use std::error::Error;
use std::path::PathBuf;

use liouville::infer::{Parameters, Variational, formula};
use liouville::prelude::*;
use liouville::rand::{SeedableRng, rngs::StdRng};

/// Effects and their standard errors (Rubin 1981, Estimation in parallel randomized experiments, Journal of Educational
/// Statistics 6).
const EFFECTS: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERRORS: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

/// Means and deviations of 10,000 draws of Stan (posteriordb, eight_schools_noncentered, BSD-3-Clause): the effect of each
/// school, then mu and tau.
const REFERENCE: [[f64; 2]; 10] = [
    [6.151, 5.616],
    [4.940, 4.646],
    [3.906, 5.281],
    [4.796, 4.771],
    [3.614, 4.615],
    [4.051, 4.796],
    [6.317, 5.003],
    [4.884, 5.318],
    [4.411, 3.309],
    [3.602, 3.198],
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "pictures/eight_schools".into()));
    std::fs::create_dir_all(&folder)?;
    let mut rng = StdRng::seed_from_u64(1);

    // theta = mu + tau z; z ~ N(0, 1), mu ~ N(0, 5), tau ~ half-Cauchy(5), effect ~ N(theta, error).
    let parameters = Parameters::new().reals("z", 8).real("mu").positive("tau");
    let target = formula(parameters, |x| {
        let (mu, tau) = (x[8], x[9]);
        let prior = mu * mu * -0.02 - (tau * tau / 25.0).ln_1p();
        (0..8).fold(prior, |sum, j| {
            let off = (mu + tau * x[j] - EFFECTS[j]) / ERRORS[j];
            sum - (x[j] * x[j] + off * off) * 0.5
        })
    });
    let fit = Variational::new(&target);
    let fit = if std::env::var_os("SHORT").is_some() { fit.steps(150).draws(5000) } else { fit };
    let found = fit.run(&mut rng)?;
    println!("{}\n", found.verdict());

    println!("              mean            reference   deviation       reference");
    let draws = found.draws();
    for (k, [mean, width]) in REFERENCE.into_iter().enumerate() {
        let of = |x: &[f64]| if k < 8 { x[8] + x[9] * x[k] } else { x[k] };
        let name =
            ["mu", "tau"].get(k.wrapping_sub(8)).map_or(format!("theta[{k}]"), |n| n.to_string());
        let own = draws.expectation(of);
        let square = draws.expectation(|x| (of(x) - own.value).powi(2));
        let deviation = square.value.sqrt();
        let error = square.standard_error / (2.0 * deviation);
        println!("{name:10} {own:.3} {mean:12.3}   {deviation:.3} ± {error:.3} {width:12.3}");
    }

    found.model().save(folder.join("model.safetensors"))?;
    let table = draws.resampled_table(4000, &mut rng)?;
    table.write(folder.join("draws.csv"))?;
    plot::corner(&table.select(["z[0]", "z[2]", "mu", "tau"])?)
        .title("eight schools")
        .save(folder.join("corner.png"))?;
    println!("\nmodel, draws and picture: {}", folder.display());
    Ok(())
}

//! What was found, as a table that can be read.

use std::fmt;

use super::statistics::{Summary, Uniformity, short};
use super::{Calibration, Conditioning, Passage};

/// How many coordinates the table shows; of more, the worst.
const SHOWN: usize = 8;

/// What was found about a density on held-out samples; made by [`Diagnose`](super::Diagnose).
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// The dimension of the samples.
    pub dim: usize,
    /// The number of context values of each sample.
    pub context_dim: usize,
    /// How many samples were evaluated.
    pub samples: usize,
    /// How many of them failed; they are left out of all that follows.
    pub failed: usize,
    /// How many of them lie outside the support of the model, which calls them impossible; they are left
    /// out as well. A single one makes the mean log-density of all minus infinity.
    pub outside: usize,
    /// The name of the scalar.
    pub scalar: &'static str,
    /// The log-density of each sample, in nats.
    pub log_prob: Vec<f64>,
    /// The standard error of each log-density, if the model was told by name to estimate it; NaN where a
    /// single probe gives no spread. `None` if they are exact.
    pub standard_error: Option<Vec<f64>>,
    /// What each log-density cost, in evaluations of the field or layer.
    pub evaluations: Vec<f64>,
    /// How far each sample comes back from where it was, relative to 1 + its largest coordinate.
    pub inverse_error: Vec<f64>,
    /// How the flow stretches space.
    pub conditioning: Conditioning,
    /// Whether the samples look like the model's own.
    pub calibration: Calibration,
    /// What a continuous flow does on its way.
    pub passage: Option<Passage>,
}

/// A line of the table: a name, and least, median and most.
fn line(f: &mut fmt::Formatter<'_>, name: &str, values: &[f64]) -> fmt::Result {
    let Summary { least, median, most, .. } = Summary::of(values);
    let [least, median, most] = [least, median, most].map(short);
    writeln!(f, "{name:<34} {least:>11} {median:>11} {most:>11}")
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, dim, failed, scalar, .. } = self;
        write!(f, "{samples} samples in {dim} dimensions")?;
        if self.context_dim > 0 {
            write!(f, " with contexts of {}", self.context_dim)?;
        }
        write!(f, ", {scalar}; {failed} failed")?;
        if self.outside > 0 {
            let many = self.outside;
            write!(
                f,
                ", {many} outside the support: log-density of all -inf, below of the others"
            )?;
        }
        writeln!(f, "\n")?;
        writeln!(f, "{:<34} {:>11} {:>11} {:>11}", "", "least", "median", "most")?;
        let mean = Summary::of(&self.log_prob).mean;
        line(f, &format!("log-density (nats; mean {})", short(mean)), &self.log_prob)?;
        if let Some(errors) = &self.standard_error {
            line(f, "its standard error (an estimate)", errors)?;
        }
        line(f, "evaluations per sample", &self.evaluations)?;
        line(f, "inverse error", &self.inverse_error)?;
        line(f, "log-determinant against Jacobian", &self.conditioning.log_det_error)?;
        if let Some(passage) = &self.passage {
            let name = format!("log-density error (nats; at {:.0e})", passage.reference.tolerance);
            line(f, &name, &passage.reference.errors)?;
        }
        line(f, "condition number, base to data", &self.conditioning.condition_numbers())?;
        let singular: Vec<f64> = self.conditioning.singular_values.concat();
        line(f, "singular values", &singular)?;
        let Conditioning { lipschitz_forward, lipschitz_inverse, .. } = self.conditioning;
        writeln!(
            f,
            "Lipschitz constants                at least {} to the data, {} to the base",
            short(lipschitz_forward),
            short(lipschitz_inverse)
        )?;
        if let Some(passage) = &self.passage {
            write_passage(f, passage)?;
        }
        write_calibration(f, &self.calibration)
    }
}

fn write_passage(f: &mut fmt::Formatter<'_>, passage: &Passage) -> fmt::Result {
    let steps: Vec<f64> = passage.steps().iter().map(|[_, h]| *h).collect();
    line(f, "step size", &steps)?;
    let accepted: u64 = passage.ways.iter().map(|way| way.effort.accepted).sum();
    let rejected: u64 = passage.ways.iter().map(|way| way.effort.rejected).sum();
    let share = 100.0 * rejected as f64 / (accepted + rejected).max(1) as f64;
    writeln!(f, "steps rejected                     {share:>9.1} %")?;
    writeln!(f, "\nfrom base to data{:>17} {:>11} {:>12}", "t", "condition", "steps begun")?;
    let last = passage.times.len() - 1;
    let density = passage.step_density(last);
    for (k, (t, values)) in passage.times.iter().zip(passage.condition_numbers()).enumerate() {
        // Steps that begin between this time and the next.
        let steps = density.get(k).map_or(String::new(), |d| format!("{:.2}", d / last as f64));
        let condition = short(Summary::of(&values).median);
        writeln!(f, "{:<23}{t:>11.3} {condition:>11} {steps:>12}", "")?;
    }
    Ok(())
}

fn write_calibration(f: &mut fmt::Formatter<'_>, calibration: &Calibration) -> fmt::Result {
    writeln!(f, "\ncalibration: is the base normal?   distance     p-value")?;
    let mut test = |name: &str, test: &Uniformity| {
        let p = if test.p_value < 1e-4 { "< 1e-4".into() } else { format!("{:.4}", test.p_value) };
        writeln!(f, "  {name:<30} {:>10.4} {p:>11}", test.statistic)
    };
    let many = calibration.coordinates.len() > SHOWN;
    for (i, coordinate) in calibration.coordinates.iter().enumerate() {
        if !many {
            test(&format!("coordinate {i}"), coordinate)?;
        }
    }
    if many {
        let worst = calibration.worst_coordinate();
        let (name, all) = (format!("coordinate {worst}, the worst"), &calibration.coordinates);
        test(&format!("{name} of {}", all.len()), &all[worst])?;
    }
    test("radius |z|²", &calibration.radius)?;
    let levels = [0.5, 0.9, 0.99];
    let inside = calibration.coverage(&levels);
    write!(f, "  inside the regions of 50, 90 and 99 percent:")?;
    for share in inside {
        write!(f, " {:.1}", 100.0 * share)?;
    }
    write!(f, " percent of the samples")
}

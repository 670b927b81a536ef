//! What became of an ensemble: every member's report, and the loss of what none of its judges has seen.

use std::fmt;

use super::Report;
use super::judge::Group;

/// The mean loss of all samples, each by the member that did not learn from it.
///
/// It is that of a single model; of the ensemble, which is better, nothing has been kept back. When each
/// member stopped was chosen by its fold, which makes the loss too small by less than the standard error
/// usually is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossFitted {
    /// The mean.
    pub loss: f64,
    /// Its standard error, from the spread of the losses over the samples.
    pub standard_error: f64,
}

impl CrossFitted {
    /// From the mean losses of groups.
    pub(super) fn of(groups: &[Group]) -> Self {
        let total: f64 = groups.iter().map(|group| group.samples as f64).sum();
        let share = |group: &Group| group.samples as f64 / total;
        let loss: f64 = groups.iter().map(|group| group.loss * share(group)).sum();
        let square = |group: &Group| ((group.loss - loss) * share(group)).powi(2);
        let count = groups.len() as f64;
        let variance = groups.iter().map(square).sum::<f64>() * count / (count - 1.0);
        Self { loss, standard_error: variance.sqrt() }
    }
}

/// What happened in the training of an ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleReport {
    /// The curves of every member.
    pub members: Vec<Report>,
    /// The columns of the data that each member did not learn from, and was judged by.
    pub folds: Vec<Vec<usize>>,
    /// The loss of all samples, each by the member that did not learn from it.
    pub held_out: CrossFitted,
}

impl EnsembleReport {
    /// The time that the members took, one after the other, in seconds.
    pub fn seconds(&self) -> f64 {
        self.members.iter().map(Report::seconds).sum()
    }

    /// One number of the best check of every member.
    fn best(&self, of: impl Fn(&super::Check) -> f64) -> Vec<f64> {
        self.members.iter().filter_map(|member| member.best.as_ref()).map(of).collect()
    }
}

/// "0.1234 to 0.2345".
fn from_to(values: &[f64], digits: usize) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{least:.digits$} to {most:.digits$}")
}

impl fmt::Display for EnsembleReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.members.len();
        let name = self.members.first().map_or("", |member| &member.loss_name);
        writeln!(f, "loss                 {name}")?;
        writeln!(f, "members              {count}, {:.1} s of all together", self.seconds())?;
        for (k, member) in self.members.iter().enumerate() {
            // Members share their data: what one is warned of, the others are.
            for warning in member.warnings.iter().take(if k == 0 { 8 } else { 0 }) {
                writeln!(f, "warning              {warning}")?;
            }
        }
        writeln!(f, "kept at step         {}", from_to(&self.best(|check| check.step as f64), 0))?;
        if self.members.iter().any(|member| member.steps.iter().any(|step| step.noise > 0.0)) {
            let kept = from_to(&self.best(|check| check.noise), 3);
            writeln!(f, "noise (deviations)   {kept}")?;
        }
        let nats = self.best(|check| f64::from(check.likelihood.is_some())).contains(&1.0);
        let name = if nats { "held-out nats   " } else { "held-out losses " };
        writeln!(f, "{name}     {}", from_to(&self.best(super::Check::merit), 4))?;
        let CrossFitted { loss, standard_error } = self.held_out;
        write!(f, "all held out in turn {loss:.4} with a standard error of {standard_error:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_weigh_as_much_as_they_hold() {
        let group = |(loss, samples): (f64, usize)| Group { loss, samples };
        let found = CrossFitted::of(&[(1.0, 2), (3.0, 2), (2.0, 4)].map(group));
        assert_eq!(found.loss, 2.0);
        // (2/8)² + (2/8)² + 0, times 3 / 2.
        assert!((found.standard_error - (0.125f64 * 1.5).sqrt()).abs() < 1e-15);
        // Of single losses it is the usual one: 1, 2, 6 have variance 7.
        let single = CrossFitted::of(&[(1.0, 1), (2.0, 1), (6.0, 1)].map(group));
        assert!((single.standard_error - (7.0f64 / 3.0).sqrt()).abs() < 1e-15);
    }
}

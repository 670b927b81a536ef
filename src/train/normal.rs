//! What becomes of a flow that learnt no more than the normal density of the data says.

use super::event::Happening;
use super::judge::Group;
use super::run::Run;
use super::{Objective, Optimizer, Trainable};
use crate::error::Result;
use crate::flow::continuous::Frame;
use crate::real::Real;

/// The most nats that the samples which are held out are expected to bring a normal density: where it is more, samples are so few
/// that the formula says nothing.
const MOST_WORTH: f64 = 1.0;

impl<T, M, O, P> Run<'_, T, M, O, P>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
    P: Optimizer<T>,
{
    /// Keeps the normal density of all samples, if that is expected to be better than what was learnt from those
    /// that were not held out.
    pub(super) fn compare_with_normal(&mut self) -> Result<()> {
        let Some((start, known)) = self.unlearnt.take() else { return Ok(()) };
        let learnt = (self.model.parameters(), self.model.fixed());
        let own = mean(&self.audit.groups(self.judge())?);
        let trained = self.source.trained().to_vec();
        self.model.set_parameters(&start)?;
        self.frame_by(&trained)?;
        let normal = mean(&self.audit.groups(self.judge())?);
        let [before, after] = [trained.len(), known.len()];
        if own >= normal - worth(self.model.dim(), before, after) {
            self.frame_by(&known)?;
            self.report.best = self.report.checks.first().copied();
            self.record(Happening::Normal { learnt: own, normal, samples: after });
            return Ok(());
        }
        self.model.set_fixed(&learnt.1)?;
        self.model.set_parameters(&learnt.0)
    }

    /// Gives the flow the frame of some columns of the data.
    fn frame_by(&mut self, columns: &[usize]) -> Result<()> {
        let [points, contexts] = self.source.data().map(|matrix| matrix.select_columns(columns));
        let frame = Frame::fit(&points, (contexts.nrows() > 0).then_some(&contexts))?;
        let others = self.model.fixed().into_iter().filter(|array| !Frame::owns(array));
        self.model.set_fixed(&frame.arrays().into_iter().chain(others).collect::<Vec<_>>())
    }
}

/// By how much the normal density of more samples is expected to be better, in nats: with p = d (d + 3) / 2 moments,
/// each known to 1 / n, it costs p / 2n more than with their true values.
fn worth(dim: usize, before: usize, after: usize) -> f64 {
    let dim = dim as f64;
    let fewer = 1.0 / before as f64 - 1.0 / after as f64;
    (0.25 * dim * (dim + 3.0) * fewer).min(MOST_WORTH)
}

fn mean(groups: &[Group]) -> f64 {
    let count: f64 = groups.iter().map(|group| group.samples as f64).sum();
    groups.iter().map(|group| group.loss * group.samples as f64).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_samples_are_worth_what_moments_cost_less() {
        // One mean and one variance: the classical 2 / 2n.
        assert!((worth(1, 50, 100) - 0.01).abs() < 1e-15);
        assert_eq!((worth(3, 100, 100), worth(200, 10, 100)), (0.0, MOST_WORTH));
        let group = |(loss, samples): (f64, usize)| Group { loss, samples };
        assert_eq!(mean(&[(1.0, 1), (3.0, 3)].map(group)), 2.5);
    }
}

//! What a report has of every step and of every check.

/// One step of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// The mean loss of the mini-batch, before the step and without penalties, at the tolerance of training.
    pub loss: f64,
    /// What penalties add to it.
    pub penalty: f64,
    /// The noise on the samples, in deviations; see [`Noise`](super::Noise).
    pub noise: f64,
    /// The global norm of the gradient, before clipping.
    pub gradient_norm: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// The mean number of evaluations of the field per sample, on the way to the loss.
    pub evaluations: f64,
    /// Seconds since the start of training.
    pub seconds: f64,
}

/// One check on held-out samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// The number of steps before the check.
    pub step: usize,
    /// The mean loss of the held-out samples.
    pub loss: f64,
    /// The negative log-likelihood of the first held-out samples, up to 512, in nats a sample, by the
    /// flow itself, at its own tolerance or a tighter one; `None` where the loss itself is what models
    /// are judged by.
    pub likelihood: Option<f64>,
    /// The noise on the samples of the step before the check, in deviations. Held-out samples have none.
    pub noise: f64,
    /// The mean number of evaluations of the field per held-out sample.
    pub evaluations: f64,
}

impl Check {
    /// What models are chosen by, the least being best: the likelihood, or the loss where there is none.
    pub(super) fn merit(&self) -> f64 {
        self.likelihood.unwrap_or(self.loss)
    }
}

//! At which tolerances losses are computed, so that none is believed that a tight solve does not bear out.

use super::defaults::{HONEST, TOLERATED};
use crate::error::{Error, Result};
use crate::ode::Accuracy;

/// By which factor the tolerance of training is tightened.
const TIGHTENING: f64 = 10.0;

/// The tolerances of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tolerances {
    /// That of gradients; `None` where nothing is solved.
    pub training: Option<f64>,
    /// That of checks; `None` if the model's own way is good enough.
    pub checks: Option<f64>,
    /// That of checks, as a number.
    pub tight: f64,
}

impl Tolerances {
    /// For a model that computes losses this accurately; `None` where none are computed by it.
    pub fn new(training: f64, own: Option<Accuracy>) -> Self {
        let (checks, tight) = match own {
            None | Some(Accuracy::Rounding) => {
                return Self { training: None, checks: None, tight: 0.0 };
            }
            Some(Accuracy::Tolerance(own)) if own <= HONEST => (None, own),
            Some(_) => (Some(HONEST), HONEST),
        };
        Self { training: Some(training), checks, tight }
    }

    /// An error unless a run that began with these could have come to those.
    pub fn check_after(&self, later: &Self) -> Result<()> {
        let tightened = match (self.training, later.training) {
            (Some(own), Some(later)) => later <= own && later >= own.min(self.tight),
            (own, later) => own == later,
        };
        if tightened && later.checks == self.checks && later.tight == self.tight {
            return Ok(());
        }
        Err(Error::format(format!(
            "the checkpoint has the tolerances {later:?}, and the run began with {self:?}: the file was changed"
        )))
    }

    /// For gradients.
    pub fn training(&self) -> Option<f64> {
        self.training
    }

    /// For checks.
    pub fn checks(&self) -> Option<f64> {
        self.checks
    }

    /// Whether gradients are computed less accurately than checks.
    pub fn is_loose(&self) -> bool {
        self.training.is_some_and(|training| training > self.tight)
    }

    /// Tightens the tolerance of training if its loss is not that of checks; says from where to where.
    pub fn tighten(&mut self, loose: f64, tight: f64) -> Option<[f64; 2]> {
        let from = self.training.filter(|&training| training > self.tight)?;
        if (loose - tight).abs() <= TOLERATED {
            return None;
        }
        let to = (from / TIGHTENING).max(self.tight);
        self.training = Some(to);
        Some([from, to])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_never_looser_than_honest_and_training_is_tightened_down_to_them() {
        let own = |tolerance| Some(Accuracy::Tolerance(tolerance));
        let fine = Tolerances::new(1e-3, own(1e-6));
        assert_eq!((fine.training(), fine.checks()), (Some(1e-3), None));
        for rough in [own(1e-2), Some(Accuracy::Unknown)] {
            let rough = Tolerances::new(1e-3, rough);
            assert_eq!((rough.training(), rough.checks()), (Some(1e-3), Some(HONEST)));
        }
        for none in [None, Some(Accuracy::Rounding)] {
            let none = Tolerances::new(1e-3, none);
            assert!(none.training().is_none() && none.checks().is_none() && !none.is_loose());
        }
        let mut one = Tolerances::new(1e-2, own(3e-5));
        assert_eq!(one.tighten(1.0, 1.019), None);
        assert_eq!(one.tighten(1.0, 1.03), Some([1e-2, 1e-3]));
        assert_eq!(one.tighten(f64::NAN, 1.0), Some([1e-3, 1e-4]));
        assert!(one.is_loose());
        assert_eq!(one.tighten(f64::INFINITY, 1.0), Some([1e-4, 3e-5]));
        assert!(!one.is_loose());
        assert_eq!(one.tighten(2.0, 1.0), None);
    }
}

//! When held-out samples are judged.

use super::Noise;
use super::choices::Choices;
use super::defaults::{CHECK_COST, CHECK_SHARE, CLOSE, Defaults};

/// By which share of the steps so far checks are apart in the beginning, in which few samples are learnt by
/// heart.
const GROWTH: usize = 4;
/// Checks of the first steps say nothing about patience.
const EARLY: usize = 100;

/// When checks are due: first close together, then at equal distances. It depends on no length of the run, so
/// that a run that finds its length by itself can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calendar {
    every: Option<usize>,
    least: usize,
    most: usize,
}

impl Calendar {
    /// Checks of so many samples, as often as they were asked for, or else as they may cost.
    pub fn new(choices: &Choices, defaults: &Defaults, judged: usize) -> Self {
        let (every, batch) = (choices.check_every, choices.batch as f64);
        let least = judged as f64 * CHECK_COST / (batch * CHECK_SHARE);
        let least = (least.ceil() as usize).max(1);
        let interval = if choices.noise == Noise::Chosen { CLOSE } else { defaults.interval };
        Self { every, least, most: interval.max(least) }
    }

    /// The number of steps at the check after one.
    pub fn after(&self, done: usize) -> usize {
        match self.every {
            Some(every) => (done / every + 1) * every,
            None => done + (done / GROWTH).clamp(self.least, self.most),
        }
    }

    /// Whether patience counts a check.
    pub fn counts(&self, done: usize) -> bool {
        self.every.is_some() || done >= EARLY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(calendar: Calendar, last: usize) -> Vec<usize> {
        let next = |&done: &usize| Some(calendar.after(done)).filter(|&next| next <= last);
        std::iter::successors(Some(0), next).collect()
    }

    #[test]
    fn checks_are_close_at_first_then_apart_as_they_may_cost() {
        let few = Calendar { every: None, least: 1, most: 50 };
        let all = days(few, 1000);
        assert_eq!(all[..11], [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12]);
        assert!(all.windows(2).filter(|pair| pair[0] >= 200).all(|pair| pair[1] - pair[0] == 50));
        let many = Calendar { every: None, least: 120, most: 120 };
        assert_eq!(days(many, 500), [0, 120, 240, 360, 480]);
        assert_eq!(days(Calendar { every: Some(20), ..few }, 70), [0, 20, 40, 60]);
    }
}

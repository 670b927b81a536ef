//! How accurate a way of moving samples is, as far as it knows.

/// How accurate a way of moving samples is, as far as it knows.
///
/// ```
/// use liouville::ode::Accuracy;
/// use liouville::prelude::*;
///
/// let field = || field::autonomous::<1, _>(|x| [-x[0]]);
/// let accuracy = |flow: &dyn Flow<f64>| flow.accuracy();
/// assert_eq!(accuracy(&ContinuousFlow::new(field()).tolerance(1e-7)), Accuracy::Tolerance(1e-7));
/// assert_eq!(accuracy(&ContinuousFlow::new(field()).solver(rk4(10))), Accuracy::Unknown);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Accuracy {
    /// In closed form, to the rounding of the scalar.
    Rounding,
    /// In steps, the error of each of which is held to this tolerance.
    Tolerance(f64),
    /// In steps whose error nobody looks at.
    Unknown,
}

impl Accuracy {
    /// What two ways one after the other have: the worse of both.
    pub fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Tolerance(one), Self::Tolerance(two)) => Self::Tolerance(one.max(two)),
            (Self::Tolerance(one), Self::Rounding) | (Self::Rounding, Self::Tolerance(one)) => {
                Self::Tolerance(one)
            }
            (Self::Rounding, Self::Rounding) => Self::Rounding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Accuracy::{Rounding, Tolerance, Unknown};

    #[test]
    fn the_worse_of_two_is_what_both_have() {
        let all = [Rounding, Tolerance(1e-6), Tolerance(1e-3), Unknown];
        for (i, one) in all.into_iter().enumerate() {
            for (j, two) in all.into_iter().enumerate() {
                assert_eq!(one.worse(two), all[i.max(j)]);
            }
        }
    }
}

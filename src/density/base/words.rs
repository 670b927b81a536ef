//! The words that every base of one scalar has: dimension, log-density, samples, and what it is put under.

/// Implements them for types of one parameter, the scalar, that have a field `dim`.
macro_rules! words {
    ($($base:ident),*) => {$(
        impl<T: crate::real::Real> $base<T> {
            /// The distribution that a flow makes of this one.
            pub fn pushed_by<F>(self, flow: F) -> crate::density::Pushforward<Self, F> {
                crate::density::Pushforward::new(self, flow)
            }

            /// The distribution of these coordinates and, behind them, those of another base, independent.
            pub fn beside<B>(self, other: B) -> crate::density::Product<Self, B> {
                crate::density::Product::new(self, other)
            }
        }

        impl<T: crate::real::Real> crate::density::Density<T> for $base<T> {
            fn dim(&self) -> usize {
                self.dim
            }

            fn log_prob(
                &self,
                points: &nalgebra::DMatrix<T>,
            ) -> crate::error::Result<nalgebra::DVector<T>> {
                crate::density::base::log_prob_checked(self, points)
            }
        }

        impl<T: crate::real::Real> crate::density::Sample<T> for $base<T> {
            type Drawn = nalgebra::DMatrix<T>;

            fn sample<R: rand::Rng + ?Sized>(
                &self,
                count: usize,
                rng: &mut R,
            ) -> crate::error::Result<nalgebra::DMatrix<T>> {
                crate::density::base::draw_columns(self, count, rng)
            }
        }
    )*};
}

pub(super) use words;

//! How the noise of flow matching is paired with the data.

use std::cmp::Ordering;

use nalgebra::DMatrix;

use super::nearest::{nearest, parts};
use crate::error::{Error, Result};
use crate::real::Real;

/// Which sample of the base goes with which sample of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pairing {
    /// Any with any.
    #[default]
    Independent,
    /// Within each mini-batch, nearly the pairing of least total squared distance (Tong et al. 2024,
    /// Improving and generalizing flow-based generative models with minibatch optimal transport,
    /// section 3.3): straighter paths, and fewer steps when the flow is followed.
    ///
    /// Up to 32 samples, and any number on a line, are paired at the least distance; more by an
    /// auction, whose mean squared distance is within 5% of the least. More than 256 are paired in
    /// random parts of up to 256, so that the work is proportional to the mini-batch, about a millisecond
    /// a part. What is nearest does not depend on offsets and scales of noise and data, and a few
    /// samples far away do not blur the others.
    ///
    /// Samples with a context are paired among those of *equal* context only. Were all of a mini-batch
    /// paired together, the noise that goes with a context would be the part of the base that lies
    /// towards its samples, while [`given`](crate::density::Pushforward::given) starts from all of
    /// it: wrong samples and densities (Cheng and Schwing 2025, The curse of conditions). Their
    /// remedy, a cost of the distance between contexts, needs a scale of contexts and leaves a part of
    /// the error where contexts are continuous; among equal contexts the noise is the base's,
    /// exactly, and no scale matters.
    ///
    /// The price: samples whose context nobody shares, as continuous contexts, are paired as if
    /// [independent](Pairing::Independent), and the report of training says so. Round contexts to
    /// have them shared.
    OptimalTransport,
}

impl Pairing {
    /// For every column of `data`, the column of `noise` that goes with it; `contexts` (which may have no
    /// rows) belong to the data.
    ///
    /// ```
    /// use liouville::nalgebra::{self, DMatrix, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// let (noise, data) = (dmatrix![0.3, -2.0, 1.5, 0.9], dmatrix![10.0, 14.0, 11.0, 13.0]);
    /// let pairing = Pairing::OptimalTransport;
    /// assert_eq!(pairing.pair(&noise, &data, &DMatrix::zeros(0, 4))?, [1, 2, 0, 3]);
    /// // The first and the last sample share a context, and so do the others.
    /// let contexts = dmatrix![5.0, -1.0, -1.0, 5.0];
    /// assert_eq!(pairing.pair(&noise, &data, &contexts)?, [0, 2, 1, 3]);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there are not as many samples of noise and contexts as of data, their rows differ in number, or a
    /// value is NaN or infinite.
    pub fn pair<T: Real>(
        &self,
        noise: &DMatrix<T>,
        data: &DMatrix<T>,
        contexts: &DMatrix<T>,
    ) -> Result<Vec<usize>> {
        check(noise, data, contexts)?;
        let mut partner: Vec<usize> = (0..data.ncols()).collect();
        if *self == Self::OptimalTransport {
            let groups = alike(contexts, data.ncols());
            for part in groups.into_iter().flat_map(|group| parts(group, data.nrows())) {
                for (&column, other) in part.iter().zip(nearest(noise, data, &part)) {
                    partner[column] = part[other];
                }
            }
        }
        Ok(partner)
    }

    /// How many others of a mini-batch share the context of a sample, on average over all; `None` where it
    /// does not matter.
    pub(super) fn companions<T: Real>(&self, contexts: &DMatrix<T>, batch: usize) -> Option<f64> {
        let count = contexts.ncols();
        if *self == Self::Independent || contexts.nrows() == 0 || count < 2 || batch < 2 {
            return None;
        }
        let others = |group: &Vec<usize>| (group.len() * (group.len() - 1)) as f64;
        let shared: f64 = alike(contexts, count).iter().map(others).sum();
        let chosen = (batch.min(count) - 1) as f64 / (count - 1) as f64;
        Some(chosen * shared / count as f64)
    }
}

/// An error unless all shapes fit and all values are finite.
fn check<T: Real>(noise: &DMatrix<T>, data: &DMatrix<T>, contexts: &DMatrix<T>) -> Result<()> {
    if noise.shape() != data.shape() || contexts.ncols() != data.ncols() {
        let [noise, data, contexts] = [noise, data, contexts].map(DMatrix::shape);
        return Err(Error::shape(format!(
            "noise is {} x {}, data {} x {} and contexts {} x {}: give one sample of noise, of the same rows, and one context (which may have no rows) for every sample of data",
            noise.0, noise.1, data.0, data.1, contexts.0, contexts.1
        )));
    }
    for (what, matrix) in [("noise", noise), ("data", data), ("contexts", contexts)] {
        if let Some(i) = matrix.as_slice().iter().position(|value| !value.is_finite()) {
            let (row, column, value) = (i % matrix.nrows(), i / matrix.nrows(), matrix[i]);
            return Err(Error::non_finite(format!(
                "{what} to be paired: {value} in row {row} of column {column}"
            )));
        }
    }
    Ok(())
}

/// The columns in groups of equal contexts, each in order.
fn alike<T: Real>(contexts: &DMatrix<T>, count: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..count).collect();
    // Numbers, not bits, are compared: -0 and 0 are one context.
    let compare = |a: &usize, b: &usize| {
        let pairs = contexts.column(*a).into_iter().zip(contexts.column(*b));
        let mut unequal = pairs.map(|(a, b)| (a.wide() + 0.0).total_cmp(&(b.wide() + 0.0)));
        unequal.find(|found| found.is_ne()).unwrap_or(Ordering::Equal)
    };
    order.sort_by(compare);
    order.chunk_by(|a, b| compare(a, b).is_eq()).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::dmatrix;

    fn pair(noise: &DMatrix<f64>, data: &DMatrix<f64>, contexts: &DMatrix<f64>) -> Vec<usize> {
        Pairing::OptimalTransport.pair(noise, data, contexts).expect("fits")
    }

    #[test]
    fn on_a_line_the_best_pairing_keeps_the_order_at_any_scale() {
        let noise = dmatrix![0.3, -2.0, 1.5, 0.9];
        for (scale, offset) in [(1.0, 0.0), (1e-300, 0.0), (1e300, -1e305), (1e-3, 1e9)] {
            let data = dmatrix![10.0, 14.0, 11.0, 13.0].map(|x: f64| x * scale + offset);
            assert_eq!(pair(&noise, &data, &DMatrix::zeros(0, 4)), [1, 2, 0, 3], "{scale:e}");
        }
        // One sample far away does not blur the others.
        let data = dmatrix![10.0, 1e9, 11.0, 13.0];
        assert_eq!(pair(&noise, &data, &DMatrix::zeros(0, 4)), [1, 2, 0, 3]);
    }

    #[test]
    fn samples_are_paired_within_equal_contexts_at_any_scale() {
        let noise = DMatrix::from_fn(2, 40, |i, j| ((3 * i + 7 * j) as f64).sin());
        let data = DMatrix::from_fn(2, 40, |i, j| ((5 * i + 11 * j) as f64).cos());
        let kinds = DMatrix::from_fn(2, 40, |i, j| ((j + i * j) % 3) as f64);
        let expected = pair(&noise, &data, &kinds);
        for scale in [1e-300, 1e-3, 1e6, 1e300] {
            assert_eq!(pair(&noise, &data, &(&kinds * scale)), expected, "{scale:e}");
        }
        let same = |(j, k): (usize, &usize)| kinds.column(j) == kinds.column(*k);
        assert!(expected.iter().enumerate().all(same));
        assert_ne!(expected, pair(&noise, &data, &DMatrix::zeros(1, 40)));
        // Zeros of either sign are one context; nobody shares a continuous one.
        let signs = DMatrix::from_fn(1, 40, |_, j| if j % 2 == 0 { 0.0 } else { -0.0 });
        assert_eq!(pair(&noise, &data, &signs), pair(&noise, &data, &DMatrix::zeros(0, 40)));
        let own = DMatrix::from_fn(1, 40, |_, j| j as f64 * 1e-9);
        assert_eq!(pair(&noise, &data, &own), (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn companions_are_those_of_a_mini_batch() {
        let pairing = Pairing::OptimalTransport;
        // Of 8 others, 3 share the context; a mini-batch of 5 has 4 of the 8.
        let contexts = DMatrix::from_fn(1, 9, |_, j| if j < 4 { -7.0 } else { j as f64 });
        let expected = 4.0 / 8.0 * (4.0 * 3.0) / 9.0;
        let found = pairing.companions(&contexts, 5).expect("contexts");
        assert!((found - expected).abs() < 1e-15, "{found}");
        assert_eq!(pairing.companions(&DMatrix::<f64>::zeros(1, 9), 100), Some(8.0));
        assert_eq!(pairing.companions(&DMatrix::<f64>::zeros(0, 9), 5), None);
        assert_eq!(Pairing::Independent.companions(&contexts, 5), None);
    }

    #[test]
    fn what_cannot_be_paired_is_refused() {
        let (two, three) = (DMatrix::<f64>::zeros(1, 2), DMatrix::<f64>::zeros(1, 3));
        for pairing in [Pairing::Independent, Pairing::OptimalTransport] {
            for (noise, data, contexts) in [
                (&two, &three, &three),
                (&three, &two, &two),
                (&two, &two, &three),
                (&two, &DMatrix::zeros(2, 2), &two),
            ] {
                let error = pairing.pair(noise, data, contexts).expect_err("unequal counts");
                assert!(error.is_shape(), "{error}");
            }
            for bad in [f64::NAN, f64::INFINITY] {
                let bad = dmatrix![0.0, bad];
                for (noise, data, contexts) in
                    [(&bad, &two, &two), (&two, &bad, &two), (&two, &two, &bad)]
                {
                    let error = pairing.pair(noise, data, contexts).expect_err("not finite");
                    assert!(error.is_non_finite(), "{error}");
                    assert!(error.to_string().contains("row 0 of column 1"), "{error}");
                }
            }
            for (rows, columns) in [(0, 0), (0, 3), (2, 0), (2, 1)] {
                let zeros = DMatrix::<f64>::zeros(rows, columns);
                let found = pairing.pair(&zeros, &zeros, &zeros).expect("empty is no error");
                assert_eq!(found.len(), columns);
            }
        }
    }
}

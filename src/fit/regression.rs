//! The Gaussian of columns given others: linear regression as a flow.

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::rngs::Xoshiro256PlusPlus;

use super::rows::stream;
use crate::density::{MultivariateNormal, Pushforward};
use crate::error::{Error, Result};
use crate::flow::TrainableFlow;
use crate::flow::autoregressive::Order;
use crate::flow::continuous::Frame;
use crate::flow::layers::Maf;

/// A density with contexts: a normal base, shifted by an affine function of them.
pub(super) type Regression = Pushforward<MultivariateNormal<f64>, Maf<f64>>;

/// Of a Gaussian of columns and, behind them, contexts, that of the first `dim` given the others:
/// x = m + B (c - n) + e, where B = Σ_xc Σ_cc⁻¹ and e has the covariance Σ_xx - B Σ_cx.
pub(super) fn regression(joint: &Frame, dim: usize) -> Result<Regression> {
    let mut factor = joint.root().clone();
    for (mut row, deviation) in factor.row_iter_mut().zip(joint.deviation()) {
        row *= deviation;
    }
    let covariance = &factor * factor.transpose();
    let mean = DVector::from_vec(joint.mean());
    let count = mean.len() - dim;
    let of_contexts = covariance.view((dim, dim), (count, count)).into_owned();
    let across = covariance.view((dim, 0), (count, dim)).into_owned();
    let solved = Cholesky::new(of_contexts).map(|factor| factor.solve(&across));
    let slopes = solved.ok_or_else(|| Error::training("the contexts have no spread"))?.transpose();
    let rest = covariance.view((0, 0), (dim, dim)) - &slopes * &across;
    let rest = 0.5 * (&rest + rest.transpose());
    let start = mean.rows(0, dim) - &slopes * mean.rows(dim, count);
    let base = MultivariateNormal::new(DVector::zeros(dim), &rest)?;
    Ok(Pushforward::new(base, shift(&slopes, &start)?))
}

/// The flow x = z + start + slopes c: one autoregressive layer without hidden units, whose network makes the
/// scale and the shift of z = x + t(c).
fn shift(slopes: &DMatrix<f64>, start: &DVector<f64>) -> Result<Maf<f64>> {
    let (dim, count) = slopes.shape();
    let mut rng: Xoshiro256PlusPlus = stream(0, 0);
    let builder = Maf::new(dim).order(Order::Natural).hidden([]).context(count);
    let mut flow: Maf<f64> = builder.build(&mut rng)?;
    let width = dim + count;
    let mut values = vec![0.0; 2 * dim * (width + 1)];
    for i in 0..dim {
        let row = 2 * i + 1;
        for k in 0..count {
            values[row * width + dim + k] = -slopes[(i, k)];
        }
        values[2 * dim * width + row] = -start[i];
    }
    flow.set_parameters(&values)?;
    Ok(flow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::Density;
    use nalgebra::dmatrix;

    #[test]
    fn it_is_the_joint_density_over_that_of_the_contexts() {
        let (mean, deviation) = ([1.0, -2.0, 0.5], [2.0, 0.1, 3.0]);
        let root = dmatrix![0.9, 0.2, 0.3; 0.2, 0.8, -0.1; 0.3, -0.1, 0.7];
        let joint = Frame::new(&mean, &deviation, root.clone()).expect("definite");
        let found = regression(&joint, 2).expect("regular");
        let factor = DMatrix::from_diagonal(&DVector::from_row_slice(&deviation)) * root;
        let covariance = &factor * factor.transpose();
        let normal = |mean: &[f64], covariance: DMatrix<f64>| {
            let covariance = 0.5 * (&covariance + covariance.transpose());
            MultivariateNormal::new(DVector::from_row_slice(mean), &covariance).expect("definite")
        };
        let both = normal(&mean, covariance.clone());
        let own = normal(&mean[2..], covariance.view((2, 2), (1, 1)).into_owned());
        for (x, y, c) in [(0.0, 0.0, 0.0), (3.0, -2.2, 4.0), (-1.0, -1.9, -6.0)] {
            let joint = both.log_prob(&dmatrix![x; y; c]).expect("finite")[0];
            let expected = joint - own.log_prob(&dmatrix![c]).expect("finite")[0];
            let given = found.given(dmatrix![c]);
            let own = given.log_prob(&dmatrix![x; y]).expect("finite")[0];
            assert!((own - expected).abs() < 1e-9 * expected.abs().max(1.0), "{own} {expected}");
        }
    }
}

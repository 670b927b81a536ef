//! Sylvester fields, and the layers they make.

use liouville::field::Sylvester;
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector};

use super::{FlowVisitor, StepVisitor, random};

/// A field whose triangles are of size `scale`.
pub fn field<T: Real>(seed: u64, dim: usize, rank: usize, scale: f64) -> Sylvester<T> {
    let mut next = random(seed);
    let vectors = DMatrix::from_fn(dim, rank, |_, _| T::of(next()));
    let mut triangle = || {
        DMatrix::from_fn(rank, rank, |i, j| if i <= j { T::of(scale * next()) } else { T::zero() })
    };
    let (r, r_tilde) = (triangle(), triangle());
    let b = DVector::from_fn(rank, |_, _| T::of(next()));
    Sylvester::new(&vectors, &r, &r_tilde, &b).expect("finite, of one shape, and triangular")
}

pub fn visit<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    for (dim, rank) in [(1, 1), (3, 1), (3, 3), (5, 2)] {
        let layer = EulerStep::new(field::<T>(seed, dim, rank, 1.0));
        visitor.visit(&format!("sylvester {dim}, {rank}"), layer);
    }
}

/// Triangles so large that the constraint keeps the layers from folding.
pub fn visit_at_the_edge<T: Real>(seed: u64, visitor: &mut impl StepVisitor<T>) {
    for scale in [3.0, 10.0, 30.0] {
        let layer = EulerStep::new(field::<T>(seed, 3, 2, scale));
        visitor.visit(&format!("sylvester, triangles of {scale}"), layer);
    }
}

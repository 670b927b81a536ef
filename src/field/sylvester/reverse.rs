//! The reverse pass of a Sylvester field.

use nalgebra::DMatrix;

use super::orthonormal::pull_orthonormal;
use super::{Dense, JET, Sylvester, layout, triangle, vectors};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::field::{At, Cotangents, Pulled, Traced, TrainableField, product_cotangents};
use crate::kernels::{Start, multiply, multiply_add, outer, product, row_sums};
use crate::parameters::Parameters;
use crate::real::Real;

/// What the pullback needs: tanh with slope and curvature at R̃ Q'x + b, that argument, and Q'x.
#[derive(Default)]
pub struct SylvesterTape<T> {
    jet: Block<T>,
}

impl<T: Real> TrainableField<T> for Sylvester<T> {
    type Tape = SylvesterTape<T>;

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Sylvester"))
    }

    fn held(&self) -> &Parameters<T> {
        &self.values
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.set(values)?;
        self.dense = Dense::of(self.dim, self.rank, values);
        Ok(())
    }

    /// The cotangents of Q, R and R̃, whole matrices row after row, and of b.
    fn sums_len(&self) -> usize {
        self.rank * (self.dim + 2 * self.rank + 1)
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.held().check_fold(sums, self.sums_len(), gradient)?;
        let (dim, rank) = (self.dim, self.rank);
        let (q, rest) = sums.split_at(dim * rank);
        let bar = DMatrix::from_fn(dim, rank, |i, k| q[i * rank + k].wide());
        let pulled = pull_orthonormal(&vectors(dim, rank, &self.values), bar);
        let triangles = rest[..2 * rank * rank].chunks_exact(rank * rank);
        let entries = triangles.flat_map(|m| triangle(rank).map(move |(i, j)| m[i * rank + j]));
        let all = pulled.iter().map(|&x| T::of(x)).chain(entries);
        let all = all.chain(rest[2 * rank * rank..].iter().copied());
        for (total, value) in gradient.iter_mut().zip(all) {
            *total += value;
        }
        Ok(())
    }

    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        velocity: RowsMut<'_, T>,
        traces: RowsMut<'_, T>,
        tape: &mut SylvesterTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        tape.jet.reshape(JET * self.rank, at.lanes());
        self.write_jet(at.x, &mut tape.jet);
        crate::field::evaluate(self, at, traced, velocity, traces, scratch);
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &SylvesterTape<T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut by_slope = scratch.take(self.rank, at.lanes());
        by_slope.fill(T::zero());
        match traced {
            Traced::Velocity => {}
            Traced::Exact => {
                let mut weights = scratch.take(self.rank, at.lanes());
                for i in 0..self.rank {
                    weights.row_mut(i).copy_from_slice(cotangents.traces.row(0));
                }
                self.add_diagonal(weights.view(), &tape.jet, &mut by_slope, pulled.sums, scratch);
                scratch.give(weights);
            }
            Traced::Probes(probes) => {
                let bars = product_cotangents(probes, cotangents.traces, scratch);
                let pair = [probes, bars.view()];
                self.add_products(pair, &tape.jet, &mut by_slope, pulled.sums, scratch);
                scratch.give(bars);
            }
            Traced::Products(tangents) => {
                let pair = [tangents, cotangents.traces];
                self.add_products(pair, &tape.jet, &mut by_slope, pulled.sums, scratch);
            }
        }
        self.pull_jet(at, &tape.jet, cotangents.velocity, by_slope, pulled, scratch);
    }
}

impl<T: Real> Sylvester<T> {
    /// Replaces the values without a check.
    pub(crate) fn put(&mut self, values: &[T]) {
        self.values.values_mut().copy_from_slice(values);
        self.dense = Dense::of(self.dim, self.rank, values);
    }

    /// Adds what Σ ω_i r_ii r̃_ii tanh'(a_i), or anything with weights ω of these derivatives,
    /// brings the slopes tanh'(a_i) and the diagonals of R and R̃.
    pub(crate) fn add_diagonal(
        &self,
        weights: Rows<'_, T>,
        jet: &Block<T>,
        by_slope: &mut Block<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let (rank, lanes) = (self.rank, weights.lanes());
        let mut products = scratch.take(rank, lanes);
        let mut totals = scratch.take(1, rank);
        multiply(weights.values(), self.part(jet, 1).values(), products.values_mut());
        totals.fill(T::zero());
        row_sums(products.view(), &mut totals.values_mut()[..rank]);
        let (r_bar, r_tilde_bar) = sums[self.dim * rank..].split_at_mut(rank * rank);
        for i in 0..rank {
            let place = i * (rank + 1);
            r_bar[place] += totals.values()[i] * self.dense.r_tilde[place];
            r_tilde_bar[place] += totals.values()[i] * self.dense.r[place];
            for (by_slope, weight) in by_slope.row_mut(i).iter_mut().zip(weights.row(i)) {
                *by_slope += self.dense.c[i] * *weight;
            }
        }
        scratch.give(totals);
        scratch.give(products);
    }

    /// The same for products J u with cotangents q: q'J u = Σ α_i tanh'(a_i) β_i with α = R'Q'q and
    /// β = R̃ Q'u.
    fn add_products(
        &self,
        [tangents, bars]: [Rows<'_, T>; 2],
        jet: &Block<T>,
        by_slope: &mut Block<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let (rank, many) = (self.rank, tangents.lanes());
        let [mut g, mut h, mut alpha, mut beta] = std::array::from_fn(|_| scratch.take(rank, many));
        product(self.q().transposed(), tangents, Start::Zero, g.view_mut());
        product(self.q().transposed(), bars, Start::Zero, h.view_mut());
        product(self.r().transposed(), h.view(), Start::Zero, alpha.view_mut());
        product(self.r_tilde(), g.view(), Start::Zero, beta.view_mut());
        let slopes = self.part(jet, 1);
        for i in 0..rank {
            let (slope, out) = (slopes.row(i), by_slope.row_mut(i));
            let pairs = alpha.row_mut(i).iter_mut().zip(beta.row_mut(i));
            for (k, (alpha, beta)) in pairs.enumerate() {
                let lane = k % slope.len();
                out[lane] += *alpha * *beta;
                (*alpha, *beta) = (slope[lane] * *beta, slope[lane] * *alpha);
            }
        }
        let (q_bar, rest) = sums.split_at_mut(self.dim * rank);
        let (r_bar, rest) = rest.split_at_mut(rank * rank);
        outer(h.view(), alpha.view(), r_bar, rank, scratch);
        outer(beta.view(), g.view(), &mut rest[..rank * rank], rank, scratch);
        product(self.r(), alpha.view(), Start::Zero, h.view_mut());
        product(self.r_tilde().transposed(), beta.view(), Start::Zero, g.view_mut());
        outer(bars, h.view(), q_bar, rank, scratch);
        outer(tangents, g.view(), q_bar, rank, scratch);
        for block in [g, h, alpha, beta] {
            scratch.give(block);
        }
    }

    /// From cotangents of the velocity and of the slopes tanh'(a) to those of points and parameters.
    pub(crate) fn pull_jet(
        &self,
        at: At<'_, T>,
        jet: &Block<T>,
        velocity: Rows<'_, T>,
        by_slope: Block<T>,
        mut pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (rank, lanes) = (self.rank, at.lanes());
        let [mut w, mut w_bar, mut a_bar, mut p_bar] =
            std::array::from_fn(|_| scratch.take(rank, lanes));
        let (value, projection) = (self.part(jet, 0), self.part(jet, 4));
        product(self.r(), value, Start::Zero, w.view_mut());
        product(self.q().transposed(), velocity, Start::Zero, w_bar.view_mut());
        product(self.r().transposed(), w_bar.view(), Start::Zero, p_bar.view_mut());
        multiply(p_bar.values(), self.part(jet, 1).values(), a_bar.values_mut());
        multiply_add(by_slope.values(), self.part(jet, 2).values(), a_bar.values_mut());
        product(self.r_tilde().transposed(), a_bar.view(), Start::Zero, p_bar.view_mut());
        product(self.q(), p_bar.view(), Start::Zero, pulled.x.reborrow());
        let (q_bar, rest) = pulled.sums.split_at_mut(self.dim * rank);
        let (r_bar, rest) = rest.split_at_mut(rank * rank);
        let (r_tilde_bar, bias_bar) = rest.split_at_mut(rank * rank);
        outer(velocity, w.view(), q_bar, rank, scratch);
        outer(at.x, p_bar.view(), q_bar, rank, scratch);
        outer(w_bar.view(), value, r_bar, rank, scratch);
        outer(a_bar.view(), projection, r_tilde_bar, rank, scratch);
        row_sums(a_bar.view(), bias_bar);
        for block in [w, w_bar, a_bar, p_bar, by_slope] {
            scratch.give(block);
        }
    }
}

impl<T: Real> Restore<T> for Sylvester<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Sylvester")?;
        let [rank, dim] = source.shape("householder")?;
        if rank == 0 || rank > dim {
            return Err(Error::shape(format!(
                "{rank} Householder vectors in dimension {dim}: there have to be 1 to {dim}"
            )));
        }
        let values = source.held(layout(dim, rank))?;
        let dense = Dense::of(dim, rank, &values);
        Ok(Self { dim, rank, values, dense })
    }
}

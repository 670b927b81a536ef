//! The affine coupling field: some coordinates stay, and drive an affine field of the others.
//!
//! | file | what |
//! | --- | --- |
//! | `affine` | s and t of the moved coordinates, with the derivatives of s |
//! | `train` | what an evaluation keeps; the pullback |

mod affine;
mod train;

use self::affine::Affine;
use super::{At, VectorField};
use crate::columns::{Block, Mask, Rows, RowsMut, Scratch};
use crate::error::{Error, Result};
use crate::kernels::multiply_add;
use crate::nn::{Input, Network, Products};
use crate::ode::Sharpness;
use crate::outcome::shown;
use crate::real::Real;

pub use train::AffineCouplingTape;

/// da/dt = 0 for the coordinates a that are kept, and db/dt = s(a, c) b + t(a, c), coordinate by
/// coordinate, for those that are moved.
///
/// A [`Network`] reads a and the context c and writes r and t of each moved coordinate, and
/// s = bound tanh(r / bound). The divergence is the sum of s, for nothing. The flow of this field
/// from t = 0 to t = 1 is b exp(s) + t (exp(s) - 1) / s, an affine coupling layer; integrated
/// it gives the same numbers to tolerance.
///
/// ```
/// use liouville::columns::Mask;
/// use liouville::nn::Network;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let network: Network<f64> = Network::new(2, 2).hidden([16]).build(&mut rng)?;
/// let field = field::AffineCoupling::new(Mask::new(&[true, false, false])?, network, 3.0)?;
/// assert_eq!(field.dim(), 3);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AffineCoupling<T> {
    mask: Mask,
    network: Network<T>,
    bound: f64,
}

impl<T: Real> AffineCoupling<T> {
    /// The field that moves the coordinates of `mask` as `network` says, with log-scales below
    /// `bound` in size; output `2 i` of the network is r of moved coordinate `i`, and output
    /// `2 i + 1` is its t.
    ///
    /// # Errors
    ///
    /// If the network does not have one input per coordinate that is kept and two outputs per
    /// coordinate that is moved, or the bound is not positive and finite.
    pub fn new(mask: Mask, network: Network<T>, bound: f64) -> Result<Self> {
        let expected = (mask.kept().len(), 2 * mask.moved().len());
        let found = (network.inputs(), network.outputs());
        if found != expected {
            return Err(Error::shape(format!(
                "a network with {} and {}, but this mask needs {} and {}: build it with as many",
                shown::count(found.0, "input"),
                shown::count(found.1, "output"),
                expected.0,
                expected.1
            )));
        }
        if !(bound > 0.0 && bound.is_finite()) {
            return Err(Error::setting(format!(
                "the bound is {bound}: give a positive number, such as 3"
            )));
        }
        Ok(Self::of_layer(mask, network, bound))
    }

    /// The field of a layer, whose parts fit together.
    pub(crate) fn of_layer(mask: Mask, network: Network<T>, bound: f64) -> Self {
        Self { mask, network, bound }
    }

    /// Which coordinates are moved.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// The network that makes s and t.
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    fn moved(&self) -> usize {
        self.mask.moved().len()
    }

    /// Writes zero for the kept coordinates, and s b + t for the others.
    fn write_velocity(&self, x: Rows<'_, T>, affine: &Affine<T>, mut velocity: RowsMut<'_, T>) {
        for &k in self.mask.kept() {
            velocity.row_mut(k).fill(T::zero());
        }
        for (i, &k) in self.mask.moved().iter().enumerate() {
            velocity.row_mut(k).copy_from_slice(affine.shift(i));
            multiply_add(affine.s.row(i), x.row(k), velocity.row_mut(k));
        }
    }

    /// s, t and the derivatives of s at every lane, in scratch memory.
    fn affine(&self, at: At<'_, T>, scratch: &mut Scratch<T>) -> Affine<T> {
        let mut kept = scratch.take(self.mask.kept().len(), at.lanes());
        pick(self.mask.kept(), at.x, kept.view_mut());
        let mut affine = Affine::take(self.moved(), at.lanes(), scratch);
        let input = Input { x: kept.view(), context: at.context };
        self.network.forward(input, affine.raw.view_mut(), scratch);
        affine.bend(self.bound, scratch);
        scratch.give(kept);
        affine
    }

    /// Writes J u, given the tangents of r and t: of moved coordinate i, s u + b s' ṙ + ṫ.
    fn write_products(
        &self,
        x: Rows<'_, T>,
        affine: &Affine<T>,
        rates: &Block<T>,
        tangents: Rows<'_, T>,
        mut products: RowsMut<'_, T>,
    ) {
        let lanes = x.lanes();
        for &k in self.mask.kept() {
            products.row_mut(k).fill(T::zero());
        }
        for (i, &k) in self.mask.moved().iter().enumerate() {
            let (s, slope, b) = (affine.s.row(i), affine.slope.row(i), x.row(k));
            let (by_r, by_t) = (rates.row(2 * i), rates.row(2 * i + 1));
            for (place, out) in products.row_mut(k).iter_mut().enumerate() {
                let lane = place % lanes;
                let along = s[lane] * tangents.row(k)[place];
                *out = along + b[lane] * slope[lane] * by_r[place] + by_t[place];
            }
        }
    }
}

/// Copies the rows of these indices.
fn pick<T: Real>(indices: &[usize], rows: Rows<'_, T>, mut part: RowsMut<'_, T>) {
    for (i, &k) in indices.iter().enumerate() {
        part.row_mut(i).copy_from_slice(rows.row(k));
    }
}

/// Writes rows to these indices.
fn put<T: Real>(indices: &[usize], part: Rows<'_, T>, rows: &mut RowsMut<'_, T>) {
    for (i, &k) in indices.iter().enumerate() {
        rows.row_mut(k).copy_from_slice(part.row(i));
    }
}

/// sum += the sum of all rows, in order.
fn add_rows<T: Real>(rows: Rows<'_, T>, sums: &mut [T]) {
    for i in 0..rows.rows() {
        for (sum, value) in sums.iter_mut().zip(rows.row(i)) {
            *sum += *value;
        }
    }
}

impl<T: Real> VectorField<T> for AffineCoupling<T> {
    fn dim(&self) -> usize {
        self.mask.dim()
    }

    fn context_dim(&self) -> usize {
        self.network.context_dim()
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let affine = self.affine(at, scratch);
        self.write_velocity(at.x, &affine, velocity);
        affine.give(scratch);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (lanes, kept) = (at.lanes(), self.mask.kept());
        let mut points = scratch.take(kept.len(), lanes);
        let mut directions = scratch.take(kept.len(), tangents.lanes());
        let mut rates = scratch.take(2 * self.moved(), tangents.lanes());
        let mut affine = Affine::take(self.moved(), lanes, scratch);
        pick(kept, at.x, points.view_mut());
        pick(kept, tangents, directions.view_mut());
        let input = Input { x: points.view(), context: at.context };
        let to = Products { output: affine.raw.view_mut(), products: rates.view_mut() };
        self.network.jvp(input, directions.view(), to, scratch);
        affine.bend(self.bound, scratch);
        self.write_velocity(at.x, &affine, velocity);
        self.write_products(at.x, &affine, &rates, tangents, products);
        affine.give(scratch);
        for block in [rates, directions, points] {
            scratch.give(block);
        }
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let affine = self.affine(at, scratch);
        self.write_velocity(at.x, &affine, velocity);
        divergence.fill(T::zero());
        add_rows(affine.s.view(), divergence);
        affine.give(scratch);
    }

    /// What the network reads stays as it is along a trajectory: the field is linear in what it moves.
    fn sharpness(&self) -> Option<Sharpness> {
        Some(Sharpness::NONE)
    }

    fn divergence_cost(&self) -> f64 {
        1.0
    }
}

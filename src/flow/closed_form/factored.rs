//! An invertible matrix by its triangular factors: the linear layer of Glow.

use nalgebra::{DMatrix, DVector};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::super::{Cotangent, Direction, Flow, Packet, TrainableFlow};
use super::{AffineMap, ConstantMap, StartTape, constant};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::kernels::matrix_product;
use crate::ode::Workspace;
use crate::parameters::{self, Fixed, Layout, Parameters};
use crate::real::portable::{exp, ln};
use crate::real::{Normal, Real};

/// y = P L U x with a fixed permutation P, a unit lower triangular L and an upper triangular U
/// (Kingma and Dhariwal 2018, Glow, section 3.2, equation 11).
///
/// The signs of U's diagonal stay; the logarithms of its absolute values are free, so that the
/// layer is invertible whatever its parameters, and ln |det| is their sum. Parameters: `lower` and
/// `upper` \[dim (dim - 1) / 2\], the strict triangles row after row, and `log_scale` \[dim\].
///
/// ```
/// use liouville::flow::InvertibleLinear;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let layer = InvertibleLinear::new(&dmatrix![1.0, 2.0; 3.0, 4.0])?;
/// let there = layer.forward(&dmatrix![1.0; -1.0])?;
/// assert!((there.points - dmatrix![-1.0; -1.0]).amax() < 1e-15);
/// assert!((there.log_det[0] - 2f64.ln()).abs() < 1e-15);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct InvertibleLinear<T> {
    dim: usize,
    /// Row `order[i]` of the matrix is row i of L U.
    order: Vec<usize>,
    signs: Vec<f64>,
    values: Parameters<T>,
    map: AffineMap<T>,
}

impl<T: Real> InvertibleLinear<T> {
    /// The layer that begins as y = W x.
    ///
    /// # Errors
    ///
    /// If W is empty, not square, singular, or holds a NaN or an infinity.
    pub fn new(matrix: &DMatrix<T>) -> Result<Self> {
        let (dim, columns) = matrix.shape();
        if dim == 0 {
            return Err(Error::empty(
                "a linear layer has no dimension: give a matrix of one row or more",
            ));
        }
        if dim != columns {
            return Err(Error::shape(format!(
                "the matrix of a linear layer is {dim} x {columns}: give a square one"
            )));
        }
        if let Some(k) = matrix.iter().position(|value| !value.is_finite()) {
            let (row, column, value) = (k % dim, k / dim, matrix[k]);
            return Err(Error::non_finite(format!(
                "entry ({row}, {column}) of the matrix of a linear layer is {value}: give finite numbers"
            )));
        }
        let (order, factors) = eliminate(matrix.map(|value| value.wide()))?;
        let layout = layout(dim);
        let mut values: Vec<T> = places(dim).map(|place| T::of(factors[place])).collect();
        values.extend(factors.diagonal().iter().map(|u| T::of(ln(u.abs()))));
        let signs = factors.diagonal().iter().map(|u| u.signum()).collect();
        let map = identity(dim);
        let values = Parameters::new(layout, values)?;
        let mut layer = Self { dim, order, signs, values, map };
        layer.map = layer.solve();
        Ok(layer)
    }

    /// The layer that begins as a random rotation, drawn uniformly from all.
    ///
    /// # Errors
    ///
    /// If `dim` is zero.
    pub fn random<R: Rng + ?Sized>(dim: usize, rng: &mut R) -> Result<Self> {
        let normal = DMatrix::from_fn(dim, dim, |_, _| rng.sample(Normal));
        let mut rotation: DMatrix<f64> = orthogonal(normal);
        if dim > 0 && rotation.determinant() < 0.0 {
            rotation.column_mut(0).neg_mut();
        }
        Self::new(&rotation.map(T::of))
    }

    /// The layer that begins as a permutation, drawn uniformly from all: between layers of splines it
    /// hands on coordinates as they are, each with its own marginal, where a rotation would blend them.
    /// The experiments of Durkan et al. 2019 (Neural Spline Flows) start so.
    ///
    /// ```
    /// use liouville::flow::InvertibleLinear;
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let layer = InvertibleLinear::shuffled(3, &mut rng)?;
    /// let there = layer.forward(&dmatrix![1.0; 2.0; 4.0])?;
    /// assert_eq!((there.points.sum(), there.log_det[0]), (7.0, 0.0));
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `dim` is zero.
    pub fn shuffled<R: Rng + ?Sized>(dim: usize, rng: &mut R) -> Result<Self> {
        let mut order: Vec<usize> = (0..dim).collect();
        order.shuffle(rng);
        let entry = |i: usize, j| if order[i] == j { T::one() } else { T::zero() };
        Self::new(&DMatrix::from_fn(dim, dim, entry))
    }

    /// L and U.
    fn factors(&self) -> [DMatrix<f64>; 2] {
        let mut lower = DMatrix::identity(self.dim, self.dim);
        let mut upper = DMatrix::zeros(self.dim, self.dim);
        for ((i, j), value) in places(self.dim).zip(self.values.iter()) {
            if j < i {
                lower[(i, j)] = value.wide();
            } else {
                upper[(i, j)] = value.wide();
            }
        }
        for (i, sign) in self.signs.iter().enumerate() {
            upper[(i, i)] = sign * exp(self.log_scales()[i].wide());
        }
        [lower, upper]
    }

    fn log_scales(&self) -> &[T] {
        &self.values[self.dim * (self.dim - 1)..]
    }

    /// P L U and U⁻¹ L⁻¹ P', the latter by triangular solves.
    fn solve(&self) -> AffineMap<T> {
        let dim = self.dim;
        let [lower, upper] = self.factors();
        let straight = matrix_product(&lower, &upper);
        let solved = lower.solve_lower_triangular(&DMatrix::identity(dim, dim));
        let solved = solved.and_then(|solved| upper.solve_upper_triangular(&solved));
        let solved = solved.unwrap_or_else(|| DMatrix::from_element(dim, dim, f64::NAN));
        let (mut forward, mut inverse) = (straight.clone(), solved.clone());
        for (i, &row) in self.order.iter().enumerate() {
            forward.row_mut(row).copy_from(&straight.row(i));
            inverse.column_mut(row).copy_from(&solved.column(i));
        }
        let still = DVector::zeros(dim);
        let log_det = self.log_scales().iter().map(|value| value.wide()).sum();
        AffineMap::new((forward, still.clone()), (inverse, still), log_det)
    }
}

/// The map that moves nothing.
fn identity<T: Real>(dim: usize) -> AffineMap<T> {
    let half = || (DMatrix::identity(dim, dim), DVector::zeros(dim));
    AffineMap::new(half(), half(), 0.0)
}

/// The places of the parameters: the strict lower triangle row after row, then the upper one.
fn places(dim: usize) -> impl Iterator<Item = (usize, usize)> {
    let lower = (0..dim).flat_map(|i| (0..i).map(move |j| (i, j)));
    lower.chain((0..dim).flat_map(move |i| (i + 1..dim).map(move |j| (i, j))))
}

/// The orthogonal factor of a matrix, with the signs that make it uniform over all orthogonal
/// matrices if the matrix is normal (Mezzadri 2007, How to generate random matrices from the
/// classical compact groups, section 5).
fn orthogonal(matrix: DMatrix<f64>) -> DMatrix<f64> {
    let qr = matrix.qr();
    let (mut q, r) = (qr.q(), qr.r());
    for (i, mut column) in q.column_iter_mut().enumerate() {
        column *= r[(i, i)].signum();
    }
    q
}

/// L and U in one matrix, and which row of W each of their rows makes, by elimination with row
/// pivots.
fn eliminate(mut w: DMatrix<f64>) -> Result<(Vec<usize>, DMatrix<f64>)> {
    let dim = w.nrows();
    let mut order: Vec<usize> = (0..dim).collect();
    let least = w.amax() * f64::EPSILON * dim as f64;
    for k in 0..dim {
        let pivot = k + w.view((k, k), (dim - k, 1)).column(0).iamax();
        w.swap_rows(k, pivot);
        order.swap(k, pivot);
        let leading = w[(k, k)];
        if leading.abs() <= least {
            return Err(Error::setting(format!(
                "the matrix of a linear layer is singular, its pivot {k} is {leading:.1e}: give one that can be inverted"
            )));
        }
        for i in k + 1..dim {
            w[(i, k)] /= leading;
            for j in k + 1..dim {
                w[(i, j)] -= w[(i, k)] * w[(k, j)];
            }
        }
    }
    Ok((order, w))
}

impl<T: Real> Flow<T> for InvertibleLinear<T> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        constant::follow(&self.map, direction, packet, workspace);
    }
}

impl<T: Real> TrainableFlow<T> for InvertibleLinear<T> {
    type Tape = StartTape<T>;

    fn held(&self) -> Option<&Parameters<T>> {
        Some(&self.values)
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.set(values)?;
        self.map = self.solve();
        Ok(())
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("InvertibleLinear"))
    }

    fn fixed(&self) -> Vec<Fixed> {
        let signs = Fixed::row("signs", self.signs.iter().copied());
        vec![Fixed::whole("permutation", self.order.iter().copied()), signs]
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&TrainableFlow::<T>::fixed(self), arrays)?;
        if let [order, signs] = arrays {
            (self.order, self.signs) = (order.permutation()?, signs.signs()?);
        }
        self.map = self.solve();
        Ok(())
    }

    fn sums_len(&self) -> usize {
        self.map.entries() + 1
    }

    /// With B the cotangent of L U: that of L is B U', that of U is L' B.
    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.values.check_fold(sums, self.sums_len(), gradient)?;
        let dim = self.dim;
        let [lower, upper] = self.factors();
        let bar = DMatrix::from_fn(dim, dim, |i, j| sums[self.order[i] * dim + j].wide());
        let by_lower = matrix_product(&bar, &upper.transpose());
        let by_upper = matrix_product(&lower.transpose(), &bar);
        let (triangles, scales) = gradient.split_at_mut(dim * (dim - 1));
        for (place, total) in places(dim).zip(triangles) {
            let by = if place.1 < place.0 { &by_lower } else { &by_upper };
            *total += T::of(by[place]);
        }
        let log_det = sums[self.map.entries()];
        for (i, total) in scales.iter_mut().enumerate() {
            *total += T::of(by_upper[(i, i)] * upper[(i, i)]) + log_det;
        }
        Ok(())
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        constant::record(&self.map, direction, packet, tape, workspace);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        constant::pullback(&self.map, direction, tape, cotangent, sums, workspace);
    }
}

/// The triangles without their diagonals, and the logarithms of the diagonal of U.
fn layout(dim: usize) -> Layout {
    let triangle = dim * (dim - 1) / 2;
    Layout::of([("lower", &[triangle]), ("upper", &[triangle]), ("log_scale", &[dim])])
}

impl<T: Real> Restore<T> for InvertibleLinear<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("InvertibleLinear")?;
        let dim = source.extent("log_scale")?;
        let [order, signs] = [source.fixed("permutation")?, source.fixed("signs")?];
        let (order, signs) = (order.permutation()?, signs.signs()?);
        if [order.len(), signs.len()] != [dim; 2] {
            return Err(Error::shape(format!(
                "a linear layer of {dim} scales with {} places and {} signs: there have to be as many",
                order.len(),
                signs.len()
            )));
        }
        let values = source.held(layout(dim))?;
        let mut layer = Self { dim, order, signs, values, map: identity(dim) };
        layer.map = layer.solve();
        Ok(layer)
    }
}

//! The Sylvester field Q R tanh(R~ Q'x + b), a planar field of several directions.
//!
//! | file | what |
//! | --- | --- |
//! | `orthonormal` | the columns Q from Householder reflections |
//! | `reverse` | the pullback |

mod orthonormal;
mod reverse;

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::{At, VectorField, length};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::error::{Error, Result};
use crate::kernels::{Activation, Start, Weights, matrix_product, product};
use crate::ode::Sharpness;
use crate::outcome::shown;
use crate::parameters::{Layout, Parameters};
use crate::real::{Normal, Real};
use orthonormal::orthonormal;

pub use reverse::SylvesterTape;

/// f(x) = Q R tanh(R̃ Q'x + b), with m orthonormal columns Q and upper triangular R and R̃, m x m.
///
/// One explicit Euler step of it is the Sylvester layer of van den Berg et al. 2018 (Sylvester
/// Normalizing Flows for Variational Inference, equation 13). Q is a product of m Householder
/// reflections (section 4.2). The divergence is Σ r_ii r̃_ii tanh'(a_i) with a = R̃ Q'x + b.
///
/// Trainable, with the parameters `householder` \[m, dim\], `upper` and `upper_tilde`
/// \[m (m + 1) / 2\] (the triangles row after row) and `bias` \[m\].
///
/// ```
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let field: field::Sylvester<f64> = field::Sylvester::random(4, 2, &mut rng)?;
/// let layer = EulerStep::new(field.clone());
/// let continuous = ContinuousFlow::new(field);
/// assert_eq!(layer.dim(), continuous.dim());
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sylvester<T> {
    dim: usize,
    rank: usize,
    values: Parameters<T>,
    dense: Dense<T>,
}

/// The matrices that the parameters stand for, row after row.
#[derive(Clone, Debug)]
struct Dense<T> {
    q: Vec<T>,
    r: Vec<T>,
    r_tilde: Vec<T>,
    /// R̃ R, upper triangular.
    both: Vec<T>,
    /// The diagonal of R̃ R.
    c: Vec<T>,
}

/// Value, slope, curvature, argument and projection: m rows each.
const JET: usize = 5;

/// The places (i, j) of an upper triangle, row after row.
fn triangle(rank: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rank).flat_map(move |i| (i..rank).map(move |j| (i, j)))
}

impl<T: Real> Sylvester<T> {
    /// The field of these Householder vectors (dim x m, one per column), of R and R̃ (m x m) and b.
    ///
    /// # Errors
    ///
    /// If there are no columns or more than rows, the shapes do not fit together, R or R̃ is not
    /// upper triangular, or anything is NaN or infinite.
    pub fn new(
        vectors: &DMatrix<T>,
        r: &DMatrix<T>,
        r_tilde: &DMatrix<T>,
        b: &DVector<T>,
    ) -> Result<Self> {
        let (dim, rank) = vectors.shape();
        if rank == 0 || rank > dim {
            return Err(Error::setting(format!(
                "a Sylvester field in dimension {dim} cannot have {rank} Householder vectors: give 1 to {dim}"
            )));
        }
        if let Some(k) = (0..rank).find(|&k| vectors.column(k).iter().all(|x| *x == T::zero())) {
            return Err(Error::setting(format!(
                "Householder vector {k} is zero and reflects nothing: give one that is not"
            )));
        }
        for (name, matrix) in [("R", r), ("R~", r_tilde)] {
            if matrix.shape() != (rank, rank) {
                let (rows, columns) = matrix.shape();
                return Err(Error::shape(format!(
                    "{name} is {rows} x {columns}: for {}, give {rank} x {rank}",
                    shown::count(rank, "Householder vector")
                )));
            }
            if triangle(rank).any(|(i, j)| i != j && matrix[(j, i)] != T::zero()) {
                return Err(Error::setting(format!(
                    "{name} is not upper triangular: set what lies below its diagonal to zero"
                )));
            }
        }
        if b.len() != rank {
            return Err(Error::shape(format!(
                "b has {}: give {rank}, one for each Householder vector",
                shown::count(b.len(), "value")
            )));
        }
        let mut values: Vec<T> = vectors.iter().copied().collect();
        values.extend(triangle(rank).map(|place| r[place]));
        values.extend(triangle(rank).map(|place| r_tilde[place]));
        values.extend(b.iter());
        let values = Parameters::new(layout(dim, rank), values)?;
        let dense = Dense::of(dim, rank, &values);
        Ok(Self { dim, rank, values, dense })
    }

    /// A field of random directions and small triangles, whose Euler step is near the identity.
    ///
    /// # Errors
    ///
    /// If `rank` is zero or exceeds `dim`.
    pub fn random<R: Rng + ?Sized>(dim: usize, rank: usize, rng: &mut R) -> Result<Self> {
        let mut normal = |scale: f64| T::of(scale * rng.sample(Normal));
        let vectors = DMatrix::from_fn(dim, rank, |_, _| normal(1.0));
        let [r, r_tilde] = std::array::from_fn(|_| {
            DMatrix::from_fn(rank, rank, |i, j| if i <= j { normal(0.1) } else { T::zero() })
        });
        Self::new(&vectors, &r, &r_tilde, &DVector::zeros(rank))
    }

    /// The number of columns of Q.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Q, dim x m.
    pub(crate) fn q(&self) -> Weights<'_, T> {
        Weights::new(&self.dense.q, self.dim, self.rank)
    }

    /// R.
    pub(crate) fn r(&self) -> Weights<'_, T> {
        Weights::new(&self.dense.r, self.rank, self.rank)
    }

    /// R̃.
    pub(crate) fn r_tilde(&self) -> Weights<'_, T> {
        Weights::new(&self.dense.r_tilde, self.rank, self.rank)
    }

    /// R̃ R.
    pub(crate) fn both(&self) -> Weights<'_, T> {
        Weights::new(&self.dense.both, self.rank, self.rank)
    }

    /// b.
    pub(crate) fn bias(&self) -> &[T] {
        &self.values[self.values.len() - self.rank..]
    }

    /// Where the parameters r_ii and r̃_ii lie, pair by pair.
    pub(crate) fn diagonals(&self) -> impl Iterator<Item = (usize, usize)> + use<T> {
        let (start, rank) = (self.dim * self.rank, self.rank);
        let places = triangle(rank).enumerate().filter(|(_, (i, j))| i == j);
        places.map(move |(k, _)| (start + k, start + k + rank * (rank + 1) / 2))
    }

    /// tanh(R̃ Q'x + b) with slope and curvature, the argument, and Q'x.
    pub(crate) fn jet(&self, x: Rows<'_, T>, scratch: &mut Scratch<T>) -> Block<T> {
        let mut jet = scratch.take(JET * self.rank, x.lanes());
        self.write_jet(x, &mut jet);
        jet
    }

    fn write_jet(&self, x: Rows<'_, T>, jet: &mut Block<T>) {
        let lanes = x.lanes();
        let size = self.rank * lanes;
        let (value, rest) = jet.values_mut().split_at_mut(size);
        let (slope, rest) = rest.split_at_mut(size);
        let (curvature, rest) = rest.split_at_mut(size);
        let (argument, projection) = rest.split_at_mut(size);
        product(self.q().transposed(), x, Start::Zero, RowsMut::new(projection, lanes));
        let projection = Rows::new(projection, lanes);
        let start = Start::Bias(self.bias());
        product(self.r_tilde(), projection, start, RowsMut::new(argument, lanes));
        Activation::Tanh.value_slope_curvature(argument, value, slope, curvature);
    }

    /// One of the parts of a jet: 0 value, 1 slope, 2 curvature, 3 argument, 4 projection.
    pub(crate) fn part<'a>(&self, jet: &'a Block<T>, part: usize) -> Rows<'a, T> {
        jet.view().range(part * self.rank, (part + 1) * self.rank)
    }

    /// Q R s.
    pub(crate) fn spread(&self, s: Rows<'_, T>, out: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let mut mixed = scratch.take(self.rank, s.lanes());
        product(self.r(), s, Start::Zero, mixed.view_mut());
        product(self.q(), mixed.view(), Start::Zero, out);
        scratch.give(mixed);
    }

    /// R' Q' v.
    pub(crate) fn gather(&self, v: Rows<'_, T>, out: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let mut mixed = scratch.take(self.rank, v.lanes());
        product(self.q().transposed(), v, Start::Zero, mixed.view_mut());
        product(self.r().transposed(), mixed.view(), Start::Zero, out);
        scratch.give(mixed);
    }
}

fn layout(dim: usize, rank: usize) -> Layout {
    let triangle = rank * (rank + 1) / 2;
    Layout::of([
        ("householder", &[rank, dim]),
        ("upper", &[triangle]),
        ("upper_tilde", &[triangle]),
        ("bias", &[rank]),
    ])
}

/// The Householder vectors, one per column.
fn vectors<T: Real>(dim: usize, rank: usize, values: &[T]) -> DMatrix<f64> {
    DMatrix::from_fn(dim, rank, |i, k| values[k * dim + i].wide())
}

impl<T: Real> Dense<T> {
    fn of(dim: usize, rank: usize, values: &[T]) -> Self {
        let q = orthonormal(&vectors(dim, rank, values));
        let triangles = &values[dim * rank..];
        let fill = |values: &[T]| {
            let mut matrix = DMatrix::zeros(rank, rank);
            for (place, value) in triangle(rank).zip(values) {
                matrix[place] = value.wide();
            }
            matrix
        };
        let (r, r_tilde) = (fill(triangles), fill(&triangles[rank * (rank + 1) / 2..]));
        let both = matrix_product(&r_tilde, &r);
        let flat = |matrix: &DMatrix<f64>| matrix.transpose().iter().map(|&x| T::of(x)).collect();
        let c = both.diagonal().iter().map(|&x| T::of(x)).collect();
        Self { q: flat(&q), r: flat(&r), r_tilde: flat(&r_tilde), both: flat(&both), c }
    }
}

impl<T: Real> VectorField<T> for Sylvester<T> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let jet = self.jet(at.x, scratch);
        self.spread(self.part(&jet, 0), velocity, scratch);
        scratch.give(jet);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let jet = self.jet(at.x, scratch);
        let mut along = scratch.take(self.rank, tangents.lanes());
        let mut tilted = scratch.take(self.rank, tangents.lanes());
        self.spread(self.part(&jet, 0), velocity, scratch);
        product(self.q().transposed(), tangents, Start::Zero, along.view_mut());
        product(self.r_tilde(), along.view(), Start::Zero, tilted.view_mut());
        for i in 0..self.rank {
            for part in tilted.row_mut(i).chunks_exact_mut(at.lanes()) {
                let slopes = self.part(&jet, 1).row(i);
                part.iter_mut().zip(slopes).for_each(|(value, slope)| *value *= *slope);
            }
        }
        self.spread(tilted.view(), products, scratch);
        for block in [tilted, along, jet] {
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
        let jet = self.jet(at.x, scratch);
        self.spread(self.part(&jet, 0), velocity, scratch);
        let c = Weights::new(&self.dense.c, 1, self.rank);
        product(c, self.part(&jet, 1), Start::Zero, RowsMut::new(divergence, at.lanes()));
        scratch.give(jet);
    }

    /// Every tanh rises within a length of 1 / |r|, r being its row of R̃ Q'.
    fn sharpness(&self) -> Option<Sharpness> {
        let rows = self.dense.r_tilde.chunks_exact(self.rank);
        let in_space = rows.map(length).fold(0.0, f64::max);
        Some(Sharpness { in_time: 0.0, in_space })
    }

    /// The arguments of tanh are summed from numbers of the size of one.
    fn rounding(&self, coordinate: usize) -> f64 {
        let row = &self.dense.q[coordinate * self.rank..][..self.rank];
        T::EPSILON * length(row) * length(&self.dense.r)
    }

    fn divergence_cost(&self) -> f64 {
        1.2
    }
}

//! The density law: what a flow makes of a normal distribution integrates to one.

use liouville::nalgebra::{DMatrix, DVector};
use liouville::rand::rngs::Xoshiro256PlusPlus;
use liouville::rand::{RngExt, SeedableRng};

use super::moving::Borrowed;
use super::proposal::Proposal;
use super::{Cause, Difference, Law, Place, Tolerances, Violation};
use liouville::columns::Moments;
use liouville::density::StandardNormal;
use liouville::error::Error;
use liouville::flow::{Direction, Flow, Track, all_arrived, transport};
use liouville::outcome::{Outcome, Reason};
use liouville::real::Real;

/// How many standard errors an estimate may be away.
const ERRORS: f64 = 5.0;
/// The error of an integral that says something.
const RESOLVED: f64 = 0.05;
/// Within how many standard deviations the base is taken as complete: 1e-9 is outside.
const REACH: f64 = 6.2;

/// The density of what a flow makes of a standard normal distribution integrates to one, for one
/// context (context_dim x 1).
///
/// In one and two dimensions by a sum over a grid, which is compared with those over every other
/// node, and with two random points in every cell of a grid that is narrow where samples are many: a
/// spike between the nodes counts there. Where neither can tell, and in more dimensions, by importance
/// sampling from Student distributions fitted to the flow's samples, one to all and narrower ones around
/// some, within five standard errors. The integral only needs the inverse direction and its
/// log-determinant: a wrong log-determinant shows without any Jacobian.
///
/// # Errors
///
/// A [`Violation`] with the mass that was found; [`Cause::Unresolved`] if the density is so narrow that
/// 16 times [`Tolerances::samples`] points do not tell its mass.
pub fn density_law<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    context: Option<&DMatrix<T>>,
    seed: u64,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    mass_is_one(&Integral { flow: &Borrowed(flow), context, tolerances }, seed)
}

fn mass_is_one<T: Real>(integral: &Integral<'_, T>, seed: u64) -> Result<(), Violation> {
    let tolerances = integral.tolerances;
    let broken = |cause| Violation::new(Law::Density, None, cause);
    let (mut resolved, mut best) = (None, f64::INFINITY);
    for (on_grid, effort) in [(true, 1), (true, 4), (true, 16), (false, 1), (false, 4), (false, 16)]
    {
        let samples = effort * tolerances.samples;
        let found = match (on_grid, integral.flow.dim()) {
            (true, 1 | 2) => integral.by_grids(samples, seed),
            (true, _) => continue,
            // What a grid has told, samples do not tell better.
            (false, 1 | 2) if resolved.is_some() => break,
            (false, _) => integral.by_samples(samples, seed),
        };
        let (mass, error) = found.map_err(|error| broken(Cause::Refused(error)))?;
        best = error.min(best);
        if error <= RESOLVED {
            let bound = tolerances.mass + ERRORS * error;
            if (mass - 1.0).abs() <= bound {
                return Ok(());
            }
            // The error is an estimate, too, and may be too small by chance where a density is narrow;
            // what is wrong stays so with more points and a smaller error.
            resolved = Some((mass, bound));
        }
    }
    let Some((mass, bound)) = resolved else {
        return Err(broken(Cause::Unresolved { error: best, bound: RESOLVED }));
    };
    let what = ["the mass of the density", "it should be"];
    let place = Place::Total;
    Err(broken(Cause::Differs(Difference { place, what, found: mass, expected: 1.0, bound })))
}

struct Integral<'a, T: Real> {
    flow: &'a dyn Flow<T>,
    context: Option<&'a DMatrix<T>>,
    tolerances: &'a Tolerances,
}

impl<T: Real> Integral<'_, T> {
    /// The density at every column; zero where the way back overflows.
    fn density(&self, points: &DMatrix<T>) -> Result<DVector<f64>, Error> {
        let model = StandardNormal::new(self.flow.dim()).pushed_by(Borrowed(self.flow));
        let found = model.evaluate(points, self.context)?;
        let density = |j: usize| found.log_prob[j].wide().exp();
        let arrived = |j: usize| if found.outcomes[j].arrived() { density(j) } else { 0.0 };
        Ok(DVector::from_fn(points.ncols(), |j, _| arrived(j)))
    }

    /// Where the flow takes points of the base. Those that come too near to a bound for the scalar are
    /// left out: the mass is sought by the way back, which they take no part in.
    fn ends(&self, start: &DMatrix<T>) -> Result<DMatrix<f64>, Error> {
        let mut moved =
            transport(self.flow, Direction::Forward, start, self.context, Track::Points)?;
        let saturated = |outcome: &Outcome| {
            outcome
                .failure()
                .is_some_and(|failure| matches!(failure.reason, Reason::Saturated { .. }))
        };
        let kept: Vec<usize> =
            (0..start.ncols()).filter(|&j| !saturated(&moved.outcomes[j])).collect();
        if !kept.is_empty() {
            moved.points = moved.points.select_columns(&kept);
            moved.outcomes = kept.iter().map(|&j| moved.outcomes[j]).collect();
        }
        Ok(all_arrived(moved)?.points.map(|value| value.wide()))
    }

    /// The sum over a grid, unless random points in cells say otherwise, or more exactly.
    fn by_grids(&self, samples: usize, seed: u64) -> Result<(f64, f64), Error> {
        let base = grid(self.flow.dim(), 81, |_| [-REACH, REACH]);
        let ends = self.ends(&base.map(T::of))?;
        let range = |row: usize| {
            let (low, high) = (ends.row(row).min(), ends.row(row).max());
            [low - 0.01 * (high - low), high + 0.01 * (high - low)]
        };
        let ranges: Vec<[f64; 2]> = (0..self.flow.dim()).map(range).collect();
        let (fine, error) = self.by_grid(samples, &ranges)?;
        let (mass, deviation) = self.by_cells(samples, &ranges, seed)?;
        let agree = (fine - mass).abs() <= ERRORS * deviation + error;
        Ok(if agree && error <= deviation { (fine, error) } else { (mass, deviation) })
    }

    /// The sum over a grid that covers the image of the base, and how far it is from those over every
    /// other node, two in every dimension.
    fn by_grid(&self, samples: usize, ranges: &[[f64; 2]]) -> Result<(f64, f64), Error> {
        let dim = self.flow.dim();
        // Every other node must be a grid of its own.
        let side = ((samples as f64).powf(1.0 / dim as f64) as usize / 2 * 2).max(8);
        let points = grid(dim, side, |i| ranges[i]);
        let density = self.density(&points.map(T::of))?;
        let cell: f64 = ranges.iter().map(|[low, high]| (high - low) / (side - 1) as f64).product();
        // What has kinks may agree with one of these by chance, hardly with all.
        let mut coarse = vec![0.0; 1 << dim];
        for (k, value) in density.iter().enumerate() {
            coarse[k % side % 2 + 2 * (k / side % 2)] += value * cell * 2f64.powi(dim as i32);
        }
        let fine = density.sum() * cell;
        Ok((fine, coarse.iter().map(|sum| (fine - sum).abs()).fold(0.0, f64::max)))
    }

    /// The mean of two random points in every cell times its volume, summed, with the standard error. Half
    /// of the edges are equally spaced, half lie at quantiles of the flow's samples.
    fn by_cells(
        &self,
        samples: usize,
        ranges: &[[f64; 2]],
        seed: u64,
    ) -> Result<(f64, f64), Error> {
        let dim = ranges.len();
        let side = (((samples / 2) as f64).powf(1.0 / dim as f64) as usize).max(8);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let drawn = self.ends(&normal(dim, 2000, &mut rng).map(T::of))?.transpose();
        let edges: Vec<Vec<f64>> =
            (0..dim).map(|i| edges(drawn.column(i).as_slice(), ranges[i], side)).collect();
        let place = |i: usize, cell: usize| cell / side.pow(i as u32) % side;
        let width = |i: usize, cell: usize| edges[i][place(i, cell) + 1] - edges[i][place(i, cell)];
        let points = DMatrix::from_fn(dim, 2 * side.pow(dim as u32), |i, k| {
            T::of(edges[i][place(i, k / 2)] + rng.random_range(0.0..1.0) * width(i, k / 2))
        });
        let density = self.density(&points)?;
        let (mut mass, mut variance) = (0.0, 0.0);
        for cell in 0..density.len() / 2 {
            let volume: f64 = (0..dim).map(|i| width(i, cell)).product();
            let pair = [density[2 * cell], density[2 * cell + 1]].map(|value| 0.5 * value * volume);
            mass += pair[0] + pair[1];
            variance += (pair[0] - pair[1]).powi(2);
        }
        Ok((mass, variance.sqrt()))
    }

    /// The mean of density over proposal, with its standard error.
    fn by_samples(&self, count: usize, seed: u64) -> Result<(f64, f64), Error> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let drawn = normal(self.flow.dim(), 2000, &mut rng).map(T::of);
        let proposal = Proposal::fitted(&self.ends(&drawn)?)?;
        let points = proposal.draw(count, &mut rng).map(T::of);
        let density = self.density(&points)?;
        let proposed = proposal.density(&points.map(|value| value.wide()));
        let ratios = Moments::of((0..count).map(|j| density[j] / proposed[j]));
        Ok((ratios.mean, ratios.deviation / (count as f64).sqrt()))
    }
}

/// Columns of normal numbers.
fn normal(dim: usize, columns: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<f64> {
    DMatrix::from_fn(dim, columns, |_, _| {
        rng.sample::<f64, _>(liouville::rand_distr::StandardNormal)
    })
}

/// The edges of `side` intervals of a range, every other one at a quantile of samples. The range is a
/// hundredth wider at both ends than what it is to cover, and may end outside of a support: that far it
/// has cells of its own.
fn edges(samples: &[f64], [low, high]: [f64; 2], side: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = samples.iter().map(|value| value.clamp(low, high)).collect();
    sorted.sort_by(f64::total_cmp);
    let outside = (high - low) / 102.0;
    let inner = (1..side - 2).map(|k| match k % 2 {
        0 => low + (high - low) * k as f64 / (side - 2) as f64,
        _ => sorted[k * (sorted.len() - 1) / (side - 2)],
    });
    let mut edges: Vec<f64> = inner.chain([low, low + outside, high - outside, high]).collect();
    edges.sort_by(f64::total_cmp);
    edges
}

/// The nodes of a regular grid; coordinate `i` runs over `range(i)`, the first one fastest.
fn grid(dim: usize, side: usize, range: impl Fn(usize) -> [f64; 2]) -> DMatrix<f64> {
    DMatrix::from_fn(dim, side.pow(dim as u32), |i, k| {
        let [low, high] = range(i);
        let place = k / side.pow(i as u32) % side;
        low + (high - low) * place as f64 / (side - 1) as f64
    })
}

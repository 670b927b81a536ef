//! The log-determinant of a contraction's step in high dimension, by its power series.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::super::Packet;
use crate::columns::{Block, Scratch, move_lane, pad_lanes};
use crate::description::{Description, Source};
use crate::error::{Error, Result};
use crate::field::{At, VectorField};
use crate::kernels::sum_of_products;
use crate::outcome::shown::number;
use crate::real::Real;
use crate::real::portable::{ln, powi};
use crate::trace::{Estimate, Hutchinson, Noise, mix};

/// The dimension up to which [`Determinant::Auto`] is exact in training, too: about where elimination costs as much as
/// eight probes, as measured for networks with two hidden layers of 128.
const EXACT_UP_TO: usize = 64;

/// No probe takes more terms than this; that it would is less likely than 1e-400 for the default.
const LIMIT: f64 = 10_000.0;

/// How the log-determinant ln |det(I + J)| of a residual layer is taken.
///
/// As for [`Trace`](crate::trace::Trace), an estimate is read only where one was asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Determinant {
    /// Exact in evaluation. In training exact in up to 64 dimensions, else estimated by
    /// [`PowerSeries::default`], which the report says.
    #[default]
    Auto,
    /// From the whole Jacobian, by dim tangents and an elimination of dim³ operations per sample.
    Exact,
    /// Estimated by the power series, in training and in evaluation.
    Series(PowerSeries),
}

impl Determinant {
    /// The series that this choice comes to, in evaluation or with noise in training, or `None` for
    /// the exact determinant.
    pub(super) fn series(&self, dim: usize, noise: Option<u64>) -> Option<PowerSeries> {
        match *self {
            Self::Exact => None,
            Self::Series(series) => Some(series),
            Self::Auto => noise.filter(|_| dim > EXACT_UP_TO).map(|_| PowerSeries::default()),
        }
    }

    /// An error if a setting is out of range.
    pub(super) fn check(&self) -> Result<()> {
        let Self::Series(series) = self else { return Ok(()) };
        if series.probes == 0 || series.terms == 0 {
            return Err(Error::setting(
                "a power series has no probe or no term: give one of each or more",
            ));
        }
        if !(0.0..1.0).contains(&series.survival) {
            return Err(Error::setting(format!(
                "the probability of one more term is {}: give one from 0 up to 1, without 1 itself",
                number(series.survival)
            )));
        }
        if series.noise == Noise::Orthogonal {
            return Err(Error::setting(
                "the probes of a power series are independent: take Rademacher or Gaussian noise",
            ));
        }
        Ok(())
    }
}

/// An unbiased estimate of ln det(I + J) = Σ (-1)^(k+1) tr(J^k) / k for |J| < 1.
///
/// Each probe u gives Σ_{k <= N} (-1)^(k+1) u'J^k u / (k P(N >= k)), where the number of terms N is
/// random behind the first few, so that no term is lost on average (Chen et al. 2019, Residual Flows
/// for Invertible Generative Modeling, theorem 1 and equation 6; the series is that of Behrmann et
/// al. 2019). The mean over the probes is reported, and their spread gives its standard error, with
/// one degree of freedom less than there are probes.
///
/// Probes and numbers of terms come from a random stream of each sample's own, which starts from
/// the seed and the bits of the sample and its context where it enters the layer, and in training
/// from the noise of the mini-batch, too.
///
/// The variance is finite if `survival` exceeds the square of the Lipschitz constant, and the
/// standard error settles soon if it exceeds that to the power 4/3. The defaults (8 Rademacher
/// probes, 8 terms always, 0.9) fit residual layers, whose constant is at most 0.9.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerSeries {
    /// The number of probes per sample.
    pub probes: usize,
    /// The distribution of their entries; independent ones only.
    pub noise: Noise,
    /// Where the random streams start.
    pub seed: u64,
    /// The number of terms that are always taken.
    pub terms: usize,
    /// The probability of one more term, and then one more, behind these. Zero cuts the series off,
    /// which leaves a bias of at most dim cⁿ⁺¹ / ((n + 1) (1 - c)) for n terms and a Lipschitz
    /// constant c.
    pub survival: f64,
}

impl Default for PowerSeries {
    fn default() -> Self {
        Self { probes: 8, noise: Noise::Rademacher, seed: 0, terms: 8, survival: 0.9 }
    }
}

/// The random part of an estimate: drawn where the sample enters the layer.
#[derive(Default)]
pub(super) struct Draws<T> {
    /// Coordinate i of probe p in row i * probes + p.
    pub probes: Block<T>,
    /// The number of terms of each probe, one row each.
    pub terms: Block<T>,
}

impl<T: Real> Draws<T> {
    /// Copies probe `p` of every lane.
    pub fn copy_probe(&self, p: usize, to: &mut Block<T>) {
        for i in 0..to.rows() {
            to.row_mut(i).copy_from_slice(self.probes.row(i * self.terms.rows() + p));
        }
    }
}

impl PowerSeries {
    /// What reports say of it.
    fn estimate(&self) -> Estimate {
        let estimator = match self.noise {
            Noise::Rademacher => "the power series (Rademacher)",
            Noise::Gaussian => "the power series (Gaussian)",
            Noise::Orthogonal => "the power series (orthogonal)",
        };
        Estimate { estimator, probes: self.probes }
    }

    /// The factor of u'J^k u.
    pub(super) fn factor(&self, k: usize) -> f64 {
        let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
        sign / k as f64 / powi(self.survival, k.saturating_sub(self.terms) as i32)
    }

    /// Draws probes and numbers of terms for every sample of a packet.
    pub(super) fn draw<T: Real>(
        &self,
        packet: &Packet<T>,
        draws: &mut Draws<T>,
        scratch: &mut Scratch<T>,
    ) {
        let hutchinson = Hutchinson { probes: self.probes, noise: self.noise, seed: self.seed };
        draws.probes.reshape(self.probes * packet.points.rows(), packet.len());
        draws.terms.reshape(self.probes, packet.len());
        let key = |lane: usize| packet.key(self.seed, lane);
        hutchinson.draw(packet.len(), &key, &mut draws.probes.view_mut(), scratch);
        for lane in 0..packet.len() {
            // A stream beside that of the probes, which starts from the key itself.
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(mix(!self.seed, key(lane)));
            for p in 0..self.probes {
                draws.terms.row_mut(p)[lane] = T::of(self.terms as f64 + self.more(rng.random()));
            }
        }
        pad_lanes(draws.probes.view_mut(), packet.len());
        pad_lanes(draws.terms.view_mut(), packet.len());
    }

    /// A geometric number, at least j with probability survival^j, from a uniform one.
    fn more(&self, uniform: f64) -> f64 {
        if self.survival == 0.0 {
            return 0.0;
        }
        // 1 - uniform lies in (0, 1].
        (ln(1.0 - uniform) / ln(self.survival)).floor().min(LIMIT)
    }

    /// Adds `sign` times the estimate at the points of a packet, and its variance.
    pub(super) fn add<T: Real, F: VectorField<T>>(
        &self,
        field: &F,
        sign: f64,
        times: &Block<T>,
        packet: &mut Packet<T>,
        draws: &Draws<T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut estimates = scratch.take(self.probes, packet.len());
        for p in 0..self.probes {
            let walk = Walk::start(p, times, packet, draws, scratch);
            walk.finish(self, field, estimates.row_mut(p), scratch);
        }
        packet.mark_estimated(self.estimate());
        let count = self.probes as f64;
        for lane in 0..packet.len() {
            let values = || (0..self.probes).map(|p| estimates.row(p)[lane].wide());
            let mean = values().sum::<f64>() / count;
            let spread: f64 = values().map(|value| (value - mean).powi(2)).sum();
            packet.log_det.row_mut(0)[lane] += T::of(sign * mean);
            packet.variance.row_mut(0)[lane] += T::of(spread / (count - 1.0) / count);
        }
        scratch.give(estimates);
    }
}

/// One probe of every sample on its way through the terms; samples that have all their terms leave,
/// and others take their lanes.
struct Walk<T> {
    t: Block<T>,
    x: Block<T>,
    context: Block<T>,
    /// The probe u.
    u: Block<T>,
    /// J^k u.
    w: Block<T>,
    /// How many terms a lane takes, its sum so far, and the place of its sample.
    book: Block<T>,
    active: usize,
}

impl<T: Real> Walk<T> {
    fn start(
        p: usize,
        times: &Block<T>,
        packet: &Packet<T>,
        draws: &Draws<T>,
        scratch: &mut Scratch<T>,
    ) -> Self {
        let (dim, active) = (packet.points.rows(), packet.len());
        let mut take = |rows: usize| scratch.take(rows, active);
        let [mut t, mut x, mut u, mut w] = [take(1), take(dim), take(dim), take(dim)];
        let (mut context, mut book) = (take(packet.context.rows()), take(3));
        t.values_mut().copy_from_slice(times.values());
        x.values_mut().copy_from_slice(packet.points.values());
        context.values_mut().copy_from_slice(packet.context.values());
        draws.copy_probe(p, &mut u);
        w.values_mut().copy_from_slice(u.values());
        book.fill(T::zero());
        book.row_mut(0).copy_from_slice(draws.terms.row(p));
        for (lane, place) in book.row_mut(2).iter_mut().enumerate() {
            *place = T::of(lane as f64);
        }
        Self { t, x, context, u, w, book, active }
    }

    /// Takes all terms and writes each sample's sum to its place.
    fn finish<F: VectorField<T>>(
        mut self,
        series: &PowerSeries,
        field: &F,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        sums.fill(T::zero());
        let mut k = 0;
        while self.active > 0 {
            k += 1;
            self.take_term(T::of(series.factor(k)), field, scratch);
            self.leave(k, sums);
        }
        for block in [self.t, self.x, self.context, self.u, self.w, self.book] {
            scratch.give(block);
        }
    }

    /// w <- J w, and the sums grow by factor u'w.
    fn take_term<F: VectorField<T>>(&mut self, factor: T, field: &F, scratch: &mut Scratch<T>) {
        let (dim, lanes) = (self.x.rows(), self.x.lanes());
        let mut velocity = scratch.take(dim, lanes);
        let mut next = scratch.take(dim, lanes);
        let mut traces = scratch.take(1, lanes);
        let at = At { t: self.t.row(0), x: self.x.view(), context: self.context.view() };
        field.jvp(at, self.w.view(), velocity.view_mut(), next.view_mut(), scratch);
        std::mem::swap(&mut self.w, &mut next);
        traces.fill(T::zero());
        sum_of_products(self.u.view(), self.w.view(), traces.row_mut(0));
        for (sum, trace) in self.book.row_mut(1).iter_mut().zip(traces.row(0)) {
            *sum += factor * *trace;
        }
        for block in [traces, next, velocity] {
            scratch.give(block);
        }
    }

    /// Lets lanes go that have `k` terms, and closes the gaps.
    fn leave(&mut self, k: usize, sums: &mut [T]) {
        let mut lane = 0;
        while lane < self.active {
            if self.book.row(0)[lane].wide() > k as f64 {
                lane += 1;
                continue;
            }
            sums[self.book.row(2)[lane].wide() as usize] = self.book.row(1)[lane];
            self.active -= 1;
            let last = self.active;
            self.blocks().into_iter().for_each(|block| move_lane(block.view_mut(), last, lane));
        }
        let active = self.active;
        if active > 0 {
            self.blocks().into_iter().for_each(|block| block.shrink(active));
        }
    }

    fn blocks(&mut self) -> [&mut Block<T>; 6] {
        let Self { t, x, context, u, w, book, .. } = self;
        [t, x, context, u, w, book]
    }
}

impl Determinant {
    /// What it is, as it can be made again from.
    pub(super) fn describe(&self) -> Description {
        match *self {
            Self::Auto => Description::new("Auto"),
            Self::Exact => Description::new("Exact"),
            Self::Series(PowerSeries { probes, noise, seed, terms, survival }) => {
                Description::new("Series")
                    .with("probes", probes)
                    .with("noise", noise.word())
                    .with("seed", seed)
                    .with("terms", terms)
                    .with("survival", survival)
            }
        }
    }
}

impl Determinant {
    /// What is described.
    ///
    /// # Errors
    ///
    /// If it is of no known kind, or a setting is missing.
    pub(crate) fn restore(source: &Source<'_>) -> Result<Self> {
        Ok(match source.kind() {
            "Auto" => Self::Auto,
            "Exact" => Self::Exact,
            "Series" => Self::Series(PowerSeries {
                probes: source.times("probes")?,
                noise: Noise::named(source)?,
                seed: source.whole("seed")?,
                terms: source.times("terms")?,
                survival: source.number("survival")?,
            }),
            other => return Err(source.unknown("determinant", other)),
        })
    }
}

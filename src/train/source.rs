//! Mini-batches: which samples a step sees, by counters alone.

use nalgebra::DMatrix;
use rand::rngs::{ChaCha8Rng, Xoshiro256PlusPlus};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};

use super::MiniBatch;
use super::noise::{Falling, Smoothing};
use crate::real::Real;

/// What all random numbers of a run come from: a stream of its own for every purpose, pass and step,
/// so that a step needs nothing of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seed(pub [u8; 32]);

/// What random numbers are for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    /// The choice of the samples that are held out.
    Split,
    /// The order of a pass through the data.
    Pass,
    /// The seed of a step.
    Step,
    /// The noise on its samples.
    Noise,
    /// The seed of one of several runs.
    Member,
    /// The model that a run starts from.
    Start,
}

/// The number of purposes.
const PURPOSES: u64 = 6;

impl Seed {
    pub fn draw<R: Rng + ?Sized>(rng: &mut R) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self(seed)
    }

    fn rng(self, purpose: Purpose, number: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::from_seed(self.0);
        rng.set_stream(number.wrapping_mul(PURPOSES).wrapping_add(purpose as u64));
        rng
    }

    /// The seed of one of several runs.
    pub fn member(self, number: u64) -> Self {
        Self::draw(&mut self.rng(Purpose::Member, number))
    }

    /// The random numbers that a model starts from.
    pub fn start(self) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::from_rng(&mut self.rng(Purpose::Start, 0))
    }

    /// All samples, those that are held out first.
    pub fn split(self, samples: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..samples).collect();
        order.shuffle(&mut self.rng(Purpose::Split, 0));
        order
    }
}

/// Mini-batches: all samples in random order, then again in another.
pub(super) struct Source<'a, T: Real> {
    seed: Seed,
    data: [&'a DMatrix<T>; 2],
    /// The columns that are trained on.
    trained: Vec<usize>,
    /// Their order in a pass through them, and which pass.
    pass: Option<(u64, Vec<usize>)>,
    batch: usize,
    /// The columns of the data in the mini-batch, and what they hold.
    columns: Vec<usize>,
    current: [DMatrix<T>; 2],
    /// What is added to them, how much of it, and in how many steps.
    added: [Option<(Smoothing, Falling)>; 2],
    steps: usize,
    noise: u64,
}

impl<'a, T: Real> Source<'a, T> {
    pub fn new(seed: Seed, data: [&'a DMatrix<T>; 2], trained: Vec<usize>, batch: usize) -> Self {
        let current = data.map(|matrix| DMatrix::zeros(matrix.nrows(), batch));
        let columns = Vec::with_capacity(batch);
        let (added, steps) = ([None, None], 1);
        Self { seed, data, trained, pass: None, batch, columns, current, added, steps, noise: 0 }
    }

    /// Adds noise in deviations of what is trained on, to the samples and to the contexts, which falls over so
    /// many steps.
    pub fn with_noise(mut self, sizes: [Falling; 2], steps: usize) -> Self {
        for (k, size) in sizes.into_iter().enumerate() {
            let some = size != Falling::NONE && self.data[k].nrows() > 0;
            self.added[k] = some.then(|| (Smoothing::of(self.data[k], &self.trained), size));
        }
        self.steps = steps.max(1);
        self
    }

    /// How much noise is on the samples of a step, in deviations.
    pub fn noise_at(&self, step: usize) -> f64 {
        self.added[0].as_ref().map_or(0.0, |(_, size)| size.at(self.progress(step)))
    }

    /// The share of the steps that are behind, at most one.
    fn progress(&self, step: usize) -> f64 {
        (step as f64 / self.steps as f64).min(1.0)
    }

    /// Goes to the mini-batch of a step, whichever was before.
    pub fn go_to(&mut self, step: usize) {
        self.columns.clear();
        let (samples, first) = (self.trained.len() as u64, step as u64 * self.batch as u64);
        for slot in 0..self.batch {
            let place = first + slot as u64;
            let column = self.at(place / samples, (place % samples) as usize);
            self.columns.push(column);
            for (current, data) in self.current.iter_mut().zip(self.data) {
                current.set_column(slot, &data.column(column));
            }
        }
        self.noise = self.seed.rng(Purpose::Step, step as u64).random();
        let mut rng = self.seed.rng(Purpose::Noise, step as u64);
        let progress = self.progress(step);
        for (points, added) in self.current.iter_mut().zip(&self.added) {
            if let Some((smoothing, size)) = added {
                smoothing.add(size.at(progress), points, &mut rng);
            }
        }
    }

    /// The column at a place of a pass.
    fn at(&mut self, pass: u64, place: usize) -> usize {
        match &self.pass {
            Some((known, order)) if *known == pass => order[place],
            _ => {
                let mut order = self.trained.clone();
                order.shuffle(&mut self.seed.rng(Purpose::Pass, pass));
                let column = order[place];
                self.pass = Some((pass, order));
                column
            }
        }
    }

    /// The samples of the step, with the seed of what is random in it, and how accurately they are to be
    /// followed.
    pub fn current(&self, accuracy: Option<f64>) -> MiniBatch<'_, T> {
        let [points, contexts] = &self.current;
        MiniBatch { points, contexts, seed: self.noise, accuracy }
    }

    /// What all random numbers come from.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Samples and contexts, all of them.
    pub fn data(&self) -> [&'a DMatrix<T>; 2] {
        self.data
    }

    /// The columns of the data that are trained on.
    pub fn trained(&self) -> &[usize] {
        &self.trained
    }

    /// The columns of the data in the mini-batch.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_holds_every_sample_once_and_a_step_needs_none_before_it() {
        let data = DMatrix::from_fn(1, 10, |_, j| j as f64);
        let contexts = DMatrix::zeros(0, 10);
        let trained: Vec<usize> = (2..10).collect();
        let seed = Seed([7; 32]);
        let source = || Source::new(seed, [&data, &contexts], trained.clone(), 3);
        let step = |source: &mut Source<'_, f64>, step: usize| {
            source.go_to(step);
            let batch = source.current(None);
            assert!(batch.points.iter().zip(source.columns()).all(|(x, &j)| *x == j as f64));
            (source.columns().to_vec(), batch.seed)
        };
        let mut one = source();
        let steps: Vec<_> = (0..16).map(|k| step(&mut one, k)).collect();
        let seen: Vec<usize> = steps.iter().flat_map(|(columns, _)| columns.clone()).collect();
        for pass in seen.chunks(8) {
            let mut pass = pass.to_vec();
            pass.sort_unstable();
            assert_eq!(pass, trained);
        }
        assert_ne!(seen[..8], seen[8..16], "another order");
        for k in [15, 3, 4, 0] {
            assert_eq!(step(&mut source(), k), steps[k], "by itself");
            assert_eq!(step(&mut one, k), steps[k], "backwards");
        }
        assert!(steps.windows(2).all(|pair| pair[0].1 != pair[1].1), "other noise");
    }
}

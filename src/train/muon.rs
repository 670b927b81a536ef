//! Muon: every weight matrix moves by an orthogonal matrix.

use std::ops::Range;

use super::adam::Adam;
use super::defaults::Task;
use super::optimizer::{Moments, Optimizer, OptimizerState, check_settings};
use super::orthogonal::orthogonalise;
use crate::columns::{Block, Scratch};
use crate::error::Result;
use crate::parameters::{Fixed, Layout, Named};
use crate::real::Real;

/// The root mean square of the entries of one change, in learning rates, as that of Adam usually is.
const ROOT_MEAN_SQUARE: f64 = 0.2;

/// Muon (Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks): the momentum of
/// a weight matrix is replaced by the nearest orthogonal matrix before the step, so that all directions
/// in which the network can change are learnt at one speed, the weak ones as well. What is no matrix
/// follows [`Adam`].
///
/// The momentum of an array named `….weight` of shape \[out, in\], with the `….bias` behind it as one more
/// column, is m ← μ m + (1 - μ) g, looks ahead by Nesterov's u = μ m + (1 - μ) g, and becomes U V' of
/// u = U S V' by five iterations of Newton and Schulz. The step is rate · 0.2 · √max(out, in) · U V', whose
/// entries have a root mean square of about 0.2 rates, as Adam's have (Liu et al. 2025, Muon is scalable for
/// LLM training, section 2.2), so that both take one rate. Weights that never saw a gradient, as those behind a
/// mask, stay where they are.
///
/// Vector fields learn several times as much a step as by Adam: two moons to 0.01 nats above the truth in a
/// thousand steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Muon {
    /// The decay μ of the momentum.
    pub momentum: f64,
    /// The share of every parameter that is taken off, times the learning rate. `None`, the default, is what
    /// suits the task: for continuous flows 0.3 in more than 32 dimensions and where rows are so few that noise
    /// [is chosen](super::Noise::Chosen) by default, 0.03 of more in over four dimensions, and else 0.
    pub weight_decay: Option<f64>,
    /// The rule for what is no matrix; its weight decay is not used.
    pub vectors: Adam,
}

impl Default for Muon {
    fn default() -> Self {
        Self { momentum: 0.95, weight_decay: None, vectors: Adam::default() }
    }
}

/// A weight matrix, with its bias as one more column.
#[derive(Debug, Clone, PartialEq)]
struct Matrix {
    weight: Range<usize>,
    bias: Option<Range<usize>>,
    out: usize,
    inputs: usize,
}

/// What [`Muon`] remembers: the momentum of matrices, both moments of vectors.
#[derive(Clone)]
pub struct MuonState<T: Real> {
    settings: Muon,
    decay: f64,
    moments: Moments,
    matrices: Vec<Matrix>,
    vectors: Vec<Range<usize>>,
    work: Work<T>,
}

/// Memory for one matrix at a time, which holds nothing from step to step.
struct Work<T: Real> {
    change: Block<T>,
    scratch: Scratch<T>,
}

impl<T: Real> Clone for Work<T> {
    fn clone(&self) -> Self {
        Self { change: Block::default(), scratch: Scratch::new() }
    }
}

impl<T: Real> Optimizer<T> for Muon {
    type State = MuonState<T>;

    /// 4e-2; half of that where rows are few and in more than 32 dimensions, and a quarter where samples
    /// move in closed form.
    fn learning_rate(&self, task: &Task) -> f64 {
        task.rate()
    }

    fn check(&self) -> Result<()> {
        let Self { momentum, weight_decay, vectors } = *self;
        let weight_decay = weight_decay.unwrap_or(0.0);
        check_settings(
            "Muon's",
            &[
                (
                    (0.0..1.0).contains(&momentum),
                    "momentum",
                    momentum,
                    "0 to less than 1, such as 0.95",
                ),
                (
                    weight_decay >= 0.0 && weight_decay.is_finite(),
                    "weight decay",
                    weight_decay,
                    "0 or a small positive number",
                ),
            ],
        )?;
        vectors.check_as("of Muon's rule for vectors, the")
    }

    fn start(&self, layout: &Layout, task: &Task) -> MuonState<T> {
        let (matrices, vectors) = sorted(layout.entries());
        let work = Work { change: Block::default(), scratch: Scratch::new() };
        MuonState {
            settings: *self,
            decay: self.weight_decay.unwrap_or_else(|| task.decay()),
            moments: Moments::zeros(layout.len()),
            matrices,
            vectors,
            work,
        }
    }
}

/// The matrices of a layout, each with its bias, and what is none.
fn sorted(entries: &[Named]) -> (Vec<Matrix>, Vec<Range<usize>>) {
    let (mut matrices, mut vectors) = (Vec::new(), Vec::new());
    let mut entries = entries.iter().peekable();
    while let Some(entry) = entries.next() {
        let stem =
            entry.name.strip_suffix("weight").filter(|stem| stem.is_empty() || stem.ends_with('.'));
        match (stem, entry.shape.as_slice()) {
            (Some(stem), &[out, inputs]) if out > 1 && inputs > 0 => {
                let is_bias =
                    |next: &&Named| next.name == format!("{stem}bias") && next.shape == [out];
                let bias = entries.next_if(is_bias).map(|bias| bias.range.clone());
                matrices.push(Matrix { weight: entry.range.clone(), bias, out, inputs });
            }
            _ => vectors.push(entry.range.clone()),
        }
    }
    (matrices, vectors)
}

impl<T: Real> OptimizerState<T> for MuonState<T> {
    fn step(&mut self, learning_rate: f64, parameters: &mut [T], gradient: &[T]) {
        let Self { settings, decay, moments, matrices, vectors, work } = self;
        moments.steps = moments.steps.saturating_add(1);
        let rule = Adam { weight_decay: *decay, ..settings.vectors };
        for range in vectors {
            rule.change(learning_rate, moments, range.clone(), parameters, gradient);
        }
        for matrix in matrices {
            matrix.look_ahead(settings.momentum, &mut moments.first, gradient, &mut work.change);
            orthogonalise(&mut work.change, &mut work.scratch);
            let keep = 1.0 - learning_rate * *decay;
            matrix.change(learning_rate, keep, &moments.first, &work.change, parameters);
        }
    }

    fn arrays(&self) -> Vec<Fixed> {
        self.moments.arrays()
    }

    fn restore(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.moments.restore(arrays)
    }
}

impl Matrix {
    /// Every entry: its place among all parameters, and its row and column here.
    fn entries(&self) -> impl Iterator<Item = (usize, [usize; 2])> + '_ {
        let weights = self.weight.clone().enumerate();
        let weights = weights.map(|(k, place)| (place, [k / self.inputs, k % self.inputs]));
        let biases = self.bias.clone().into_iter().flatten().enumerate();
        weights.chain(biases.map(|(i, place)| (place, [i, self.inputs])))
    }

    /// Whether the rows of the block are the columns of the matrix: the block has no more rows than columns.
    fn is_turned(&self) -> bool {
        self.out > self.columns()
    }

    fn columns(&self) -> usize {
        self.inputs + usize::from(self.bias.is_some())
    }

    /// Renews the momentum, and puts what it will be into the block.
    fn look_ahead<T: Real>(
        &self,
        momentum: f64,
        first: &mut [f64],
        gradient: &[T],
        change: &mut Block<T>,
    ) {
        let (out, columns, turned) = (self.out, self.columns(), self.is_turned());
        let [rows, lanes] = if turned { [columns, out] } else { [out, columns] };
        change.reshape(rows, lanes);
        change.fill(T::zero());
        for (place, [i, j]) in self.entries() {
            let gradient = gradient[place].wide();
            let mean = &mut first[place];
            *mean += (1.0 - momentum) * (gradient - *mean);
            let ahead = gradient + momentum * (*mean - gradient);
            let [row, lane] = if turned { [j, i] } else { [i, j] };
            change.row_mut(row)[lane] = T::of(ahead);
        }
    }

    fn change<T: Real>(
        &self,
        learning_rate: f64,
        keep: f64,
        first: &[f64],
        change: &Block<T>,
        parameters: &mut [T],
    ) {
        let longest = self.out.max(self.inputs) as f64;
        let (rate, turned) = (learning_rate * ROOT_MEAN_SQUARE * longest.sqrt(), self.is_turned());
        for (place, [i, j]) in self.entries() {
            let [row, lane] = if turned { [j, i] } else { [i, j] };
            // What never saw a gradient is behind a mask.
            if first[place] != 0.0 {
                let value = parameters[place].wide() * keep;
                parameters[place] = T::of(value - rate * change.row(row)[lane].wide());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Kind;

    const TASK: Task = Task { dim: 2, rows: 1000, context_dim: 0, free: true, kind: Kind::Solved };
    use nalgebra::DMatrix;

    fn layout() -> Layout {
        Layout::of([
            ("net.0.weight", &[3, 2]),
            ("net.0.bias", &[3]),
            ("log_scale", &[2]),
            ("net.2.weight", &[2, 3]),
        ])
    }

    #[test]
    fn matrices_take_their_biases_and_the_rest_follows_adam() {
        let (matrices, vectors) = sorted(layout().entries());
        let found: Vec<_> = matrices.iter().map(|m| (m.weight.clone(), m.bias.clone())).collect();
        assert_eq!(found, [(0..6, Some(6..9)), (11..17, None)]);
        assert_eq!(vectors.first(), Some(&(9..11)));
    }

    #[test]
    fn the_first_step_is_the_orthogonal_part_of_the_gradient() {
        let mut state = Optimizer::<f64>::start(&Muon::default(), &layout(), &TASK);
        let gradient: Vec<f64> = (0..17).map(|k| f64::from(5 * k % 7) - 2.9).collect();
        let mut x = vec![0.0f64; 17];
        state.step(0.5, &mut x, &gradient);
        // Weight and bias side by side, and the change that their singular vectors give.
        let side =
            |v: &[f64]| DMatrix::from_fn(3, 3, |i, j| if j < 2 { v[2 * i + j] } else { v[6 + i] });
        let svd = side(&gradient).svd(true, true);
        let (u, v) = (svd.u.expect("asked"), svd.v_t.expect("asked"));
        let inside = u.transpose() * side(&x) * v.transpose() / (-0.5 * 0.2 * 3f64.sqrt());
        for i in 0..3 {
            for j in 0..3 {
                let right = if i == j { 0.6..1.3 } else { -1e-9..1e-9 };
                assert!(right.contains(&inside[(i, j)]), "{inside}");
            }
        }
        // Adam's first step is the sign.
        assert!((x[9] + 0.5 * gradient[9].signum()).abs() < 1e-6, "{x:?}");
    }

    #[test]
    fn what_never_saw_a_gradient_stays() {
        let mut state = Optimizer::<f32>::start(&Muon::default(), &layout(), &TASK);
        let (mut x, mut gradient) = (vec![1.0f32; 17], vec![1.0f32; 17]);
        [gradient[1], gradient[12]] = [0.0, 0.0];
        (0..3).for_each(|_| state.step(0.1, &mut x, &gradient));
        assert_eq!([x[1], x[12]], [1.0, 1.0]);
        assert!(x.iter().filter(|&&value| value == 1.0).count() == 2, "{x:?}");
    }

    #[test]
    fn what_was_remembered_goes_on_with_the_same_bits() {
        let gradient =
            |k: i32| (0..17).map(|i| f64::from((3 * i + 5 * k) % 11) - 4.7).collect::<Vec<_>>();
        let mut state = Optimizer::<f64>::start(&Muon::default(), &layout(), &TASK);
        let mut x = vec![0.3f64; 17];
        (0..4).for_each(|k| state.step(0.1, &mut x, &gradient(k)));
        let (mut again, mut y) =
            (Optimizer::<f64>::start(&Muon::default(), &layout(), &TASK), x.clone());
        OptimizerState::<f64>::restore(&mut again, &OptimizerState::<f64>::arrays(&state))
            .expect("its own");
        for k in 4..7 {
            state.step(0.1, &mut x, &gradient(k));
            again.step(0.1, &mut y, &gradient(k));
        }
        assert_eq!(x, y);
        assert!(OptimizerState::<f64>::restore(&mut again, &[]).is_err());
    }
}

//! The discrete gradient of a recorded solve: every accepted step, taken back from the last to the first.
//!
//! For a step y₁ = y + h Σ b_i k_i with k_i = f(t + c_i h, y + h Σ a_ij k_j), and a cotangent λ of
//! y₁, the stages give back, last first,
//!
//! k̄_i = h (b_i λ + Σ_{l > i} a_li ξ_l),   ξ_i = (∂f/∂y)' k̄_i at the argument of stage i,
//!
//! and the cotangent of y is λ + Σ ξ_i (Hairer, Lubich and Wanner 2006, Geometric Numerical
//! Integration, section VI.4; the step sizes count as constants). It is the exact derivative of the
//! numbers that were computed, up to rounding.

use super::clock::Clock;
use super::stages::{combination, node_times, steps};
use super::{Back, Differentiable, Inside, Place, Record, Span, Step, Tableau, Workspace};
use crate::columns::{Block, Rows};
use crate::real::Real;

/// Memory that reverse passes use again and again.
pub struct Tapes<T, P> {
    tapes: Vec<P>,
    points: Vec<Block<T>>,
    pulled: Vec<Block<T>>,
    /// For every column, its steps as indices into the record, in order.
    ways: Vec<Vec<usize>>,
    /// The columns, those with most steps first.
    order: Vec<usize>,
}

impl<T, P> Default for Tapes<T, P> {
    fn default() -> Self {
        let (ways, order) = (Vec::new(), Vec::new());
        Self { tapes: Vec::new(), points: Vec::new(), pulled: Vec::new(), ways, order }
    }
}

impl<T: Real, P: Default> Tapes<T, P> {
    /// Sorts the steps of the record by column, and the columns by their number of steps.
    fn prepare(&mut self, record: &Record<T>, columns: usize, stages: usize) {
        self.tapes.resize_with(stages, P::default);
        self.points.resize_with(stages, Block::default);
        self.pulled.resize_with(stages, Block::default);
        self.ways.resize_with(self.ways.len().max(columns), Vec::new);
        self.ways.iter_mut().for_each(Vec::clear);
        for (i, step) in record.steps().iter().enumerate() {
            self.ways[step.column].push(i);
        }
        self.order.clear();
        self.order.extend(0..columns);
        let ways = &self.ways;
        self.order.sort_unstable_by_key(|&j| (usize::MAX - ways[j].len(), j));
    }
}

/// Pulls the cotangents of final states back to those of initial states.
///
/// `cotangent` holds, lane by lane, the cotangents of the final states; they are overwritten by
/// those of the initial states. Those of the carried rows are added to `carried_cotangent`, and
/// sums for the parameters to `sums`.
#[expect(clippy::too_many_arguments, reason = "a solve and its cotangents, named one by one")]
pub fn reverse<T: Real, R: Differentiable<T> + ?Sized>(
    rhs: &R,
    tableau: &'static Tableau,
    record: &Record<T>,
    carried: Rows<'_, T>,
    cotangent: &mut Block<T>,
    carried_cotangent: &mut Block<T>,
    sums: &mut [T],
    columns: usize,
    tapes: &mut Tapes<T, R::Tape>,
    workspace: &mut Workspace<T>,
) {
    tapes.prepare(record, columns, tableau.essential_stages());
    let longest = tapes.order.first().map_or(0, |&j| tapes.ways[j].len());
    // Lanes are aligned at the end: after `back` steps, those with more steps are a prefix.
    for back in 0..longest {
        let active = tapes.order.iter().take_while(|&&j| tapes.ways[j].len() > back).count();
        let mut pass = Pass { rhs, tableau, active, tapes, workspace };
        pass.board(record, back);
        pass.step_back(record, carried, [cotangent, carried_cotangent], sums, back);
    }
}

/// One step back of the first `active` columns in order.
struct Pass<'a, T: Real, R: Differentiable<T> + ?Sized> {
    rhs: &'a R,
    tableau: &'static Tableau,
    active: usize,
    tapes: &'a mut Tapes<T, R::Tape>,
    workspace: &'a mut Workspace<T>,
}

impl<T: Real, R: Differentiable<T> + ?Sized> Pass<'_, T, R> {
    /// The step that lane `lane` takes back, as an index into the record.
    fn step(&self, lane: usize, back: usize) -> usize {
        let way = &self.tapes.ways[self.tapes.order[lane]];
        way[way.len() - 1 - back]
    }

    /// Sets the clocks to the steps to be taken back.
    fn board(&mut self, record: &Record<T>, back: usize) {
        self.workspace.clocks.clear();
        for lane in 0..self.active {
            let Step { column, t, h } = record.steps()[self.step(lane, back)];
            let mut clock = Clock::new(column, Span { from: t, to: t + h });
            clock.h = h;
            self.workspace.clocks.push(clock);
        }
    }

    fn step_back(
        &mut self,
        record: &Record<T>,
        carried: Rows<'_, T>,
        [cotangent, carried_cotangent]: [&mut Block<T>; 2],
        sums: &mut [T],
        back: usize,
    ) {
        let (rows, active) = (cotangent.rows(), self.active);
        let [mut y, mut lambda] = [rows, rows].map(|n| self.workspace.scratch.take(n, active));
        let [mut still, mut still_bar] =
            [carried.rows(); 2].map(|n| self.workspace.scratch.take(n, active));
        lambda.fill(T::zero());
        still_bar.fill(T::zero());
        for lane in 0..active {
            let column = self.tapes.order[lane];
            for (i, value) in record.state(self.step(lane, back)).iter().enumerate() {
                y.row_mut(i)[lane] = *value;
                lambda.row_mut(i)[lane] = cotangent.row(i)[column];
            }
            for i in 0..carried.rows() {
                still.row_mut(i)[lane] = carried.row(i)[column];
            }
        }
        crate::columns::pad_lanes(y.view_mut(), active);
        crate::columns::pad_lanes(still.view_mut(), active);
        let inside = record.span().inside();
        self.replay(&y, &still, inside);
        self.pull(&still, inside, [&mut lambda, &mut still_bar], sums);
        for lane in 0..active {
            let column = self.tapes.order[lane];
            for i in 0..rows {
                cotangent.row_mut(i)[column] = lambda.row(i)[lane];
            }
            for i in 0..carried.rows() {
                carried_cotangent.row_mut(i)[column] += still_bar.row(i)[lane];
            }
        }
        for block in [still_bar, still, lambda, y] {
            self.workspace.scratch.give(block);
        }
    }

    /// Evaluates the stages again and keeps their tapes and arguments.
    fn replay(&mut self, y: &Block<T>, carried: &Block<T>, inside: Inside<T>) {
        let Workspace { scratch, stages, clocks } = &mut *self.workspace;
        let Tapes { tapes, points, .. } = &mut *self.tapes;
        let (rows, lanes, count) = (y.rows(), y.lanes(), tapes.len());
        stages.resize_with(stages.len().max(count), Block::default);
        let mut times = scratch.take(2, lanes);
        steps(clocks, times.row_mut(1));
        for i in 0..count {
            stages[i].reshape(rows, lanes);
            points[i].reshape(rows, lanes);
            combination(Some(y), times.row(1), self.tableau.a[i], &stages[..i], &mut points[i]);
            node_times(clocks, self.tableau.c[i], inside, times.row_mut(0));
            let (t, point) = (times.row(0), points[i].view());
            let dydt = stages[i].view_mut();
            self.rhs.record(t, point, carried.view(), dydt, &mut tapes[i], scratch);
        }
        scratch.give(times);
    }

    /// Pulls λ back through all stages, the last first.
    fn pull(
        &mut self,
        carried: &Block<T>,
        inside: Inside<T>,
        [lambda, still_bar]: [&mut Block<T>; 2],
        sums: &mut [T],
    ) {
        let Workspace { scratch, clocks, .. } = &mut *self.workspace;
        let Tapes { tapes, points, pulled, .. } = &mut *self.tapes;
        let (rows, lanes, count) = (lambda.rows(), lambda.lanes(), tapes.len());
        let mut times = scratch.take(2, lanes);
        let mut bar = scratch.take(rows, lanes);
        let mut start = scratch.take(rows, lanes);
        steps(clocks, times.row_mut(1));
        for i in (0..count).rev() {
            pulled[i].reshape(rows, lanes);
            let mut column = [0.0; 16];
            for (slot, row) in column[i + 1..count].iter_mut().zip(&self.tableau.a[i + 1..count]) {
                *slot = row[i];
            }
            let one = std::slice::from_ref(&*lambda);
            combination(None, times.row(1), &self.tableau.b[i..=i], one, &mut start);
            let (coefficients, later) = (&column[i + 1..count], &pulled[i + 1..count]);
            combination(Some(&start), times.row(1), coefficients, later, &mut bar);
            node_times(clocks, self.tableau.c[i], inside, times.row_mut(0));
            let place = Place { t: times.row(0), y: points[i].view(), carried: carried.view() };
            let back = Back {
                dydt: bar.view(),
                y: pulled[i].view_mut(),
                carried: still_bar.view_mut(),
                sums,
            };
            self.rhs.pullback(place, &tapes[i], back, scratch);
        }
        for block in pulled[..count].iter() {
            crate::kernels::axpy(T::one(), block.values(), lambda.values_mut());
        }
        for block in [start, bar, times] {
            scratch.give(block);
        }
    }
}

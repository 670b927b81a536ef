//! The loop of adaptive steps: every lane tries, is judged, moves or not, and leaves when it is done.

use super::adaptive::Adaptive;
use super::clock::{Clock, Verdict};
use super::control::{Norms, scaled_norm, towards_end};
use super::stages::{combination, no_terms, node_times, steps, terms_of};
use super::{Batch, Record, RightHandSide, Span, Step, Tableau, Workspace};
use crate::columns::{Block, Scratch, move_lane, pad_lanes};
use crate::kernels::squared_error;
use crate::outcome::{Failure, Outcome, Reason};
use crate::real::Real;

/// What looks on while steps are accepted.
pub(super) trait Watch<T> {
    /// Meets the lanes after each attempt, those that moved and those that did not.
    fn accepted(&mut self, attempt: &Attempt<'_, T>, scratch: &mut Scratch<T>);
}

/// One attempt of every lane: where it began, and its stages.
pub(super) struct Attempt<'a, T> {
    pub method: &'static Tableau,
    pub clocks: &'a [Clock],
    pub y: &'a Block<T>,
    pub carried: &'a Block<T>,
    pub stages: &'a [Block<T>],
}

impl<T: Real> Watch<T> for Record<T> {
    fn accepted(&mut self, attempt: &Attempt<'_, T>, _: &mut Scratch<T>) {
        let y = attempt.y;
        for (lane, clock) in attempt.clocks.iter().enumerate().filter(|(_, clock)| clock.moved) {
            let step = Step { column: clock.place, t: clock.from, h: clock.taken };
            self.push(step, (0..y.rows()).map(|i| y.row(i)[lane]));
        }
    }
}

/// The lanes on their way.
struct Run<'a, 'w, T: Real, R: ?Sized> {
    settings: Adaptive,
    rhs: &'a R,
    span: Span,
    batch: Batch<'a, T>,
    watch: Option<&'a mut (dyn Watch<T> + 'w)>,
    scratch: &'a mut Scratch<T>,
    clocks: &'a mut Vec<Clock>,
    stages: &'a mut [Block<T>],
    y: Block<T>,
    carried: Block<T>,
    /// The end of the step that is being tried.
    trial: Block<T>,
    /// The argument of a stage.
    point: Block<T>,
    /// Rows: the times of a stage, the steps, two kinds of errors.
    rows: Block<T>,
}

/// Follows every column that is still travelling, under the eyes of whoever watches.
pub(super) fn integrate<T: Real, R: RightHandSide<T> + ?Sized>(
    settings: Adaptive,
    rhs: &R,
    span: Span,
    batch: Batch<'_, T>,
    watch: Option<&mut (dyn Watch<T> + '_)>,
    workspace: &mut Workspace<T>,
) {
    let Workspace { scratch, stages, clocks } = workspace;
    clocks.clear();
    let travelling = (0..batch.outcomes.len()).filter(|&j| batch.outcomes[j].arrived());
    clocks.extend(travelling.map(|j| Clock::new(j, span)));
    if clocks.is_empty() || span.length() == 0.0 {
        return;
    }
    let (rows, lanes) = (batch.state.rows(), clocks.len());
    stages.resize_with(stages.len().max(settings.method().stages()), Block::default);
    let stages = &mut stages[..settings.method().stages()];
    stages.iter_mut().for_each(|stage| stage.reshape(rows, lanes));
    let mut run = Run {
        settings,
        rhs,
        span,
        watch,
        y: scratch.take(rows, lanes),
        carried: scratch.take(batch.carried.rows(), lanes),
        trial: scratch.take(rows, lanes),
        point: scratch.take(rows, lanes),
        rows: scratch.take(4, lanes),
        scratch,
        clocks,
        stages,
        batch,
    };
    run.board();
    run.choose_first_steps();
    run.leave();
    while !run.clocks.is_empty() {
        run.attempt();
        run.judge();
        run.settle();
        run.leave();
    }
    let Run { scratch, y, carried, trial, point, rows, .. } = run;
    for block in [rows, point, trial, carried, y] {
        scratch.give(block);
    }
}

impl<T: Real, R: RightHandSide<T> + ?Sized> Run<'_, '_, T, R> {
    /// Copies every travelling column into its lane.
    fn board(&mut self) {
        let count = self.clocks.len();
        for (lane, clock) in self.clocks.iter().enumerate() {
            for i in 0..self.y.rows() {
                self.y.row_mut(i)[lane] = self.batch.state.row(i)[clock.place];
            }
            for i in 0..self.carried.rows() {
                self.carried.row_mut(i)[lane] = self.batch.carried.row(i)[clock.place];
            }
        }
        pad_lanes(self.y.view_mut(), count);
        pad_lanes(self.carried.view_mut(), count);
    }

    /// Evaluates stage 0 everywhere, and stage 1 at the end of a short Euler step.
    fn choose_first_steps(&mut self) {
        let Self { settings, clocks, stages, .. } = self;
        let (tolerance, order) = (settings.tolerance, settings.method().order);
        let longest = self.span.length().abs();
        let sign = self.span.length().signum();
        let times = self.rows.row_mut(0);
        node_times(clocks, 0.0, times);
        let carried = self.carried.view();
        self.rhs.evaluate(times, self.y.view(), carried, stages[0].view_mut(), self.scratch);
        let controlled = self.rhs.controlled_rows();
        let y = self.y.view().range(0, controlled);
        let norms = |stages: &[Block<T>], lane: usize| Norms {
            state: scaled_norm(|i| y.row(i)[lane].wide(), y, lane, tolerance),
            velocity: scaled_norm(|i| stages[0].row(i)[lane].wide(), y, lane, tolerance),
        };
        for (lane, clock) in clocks.iter_mut().enumerate() {
            clock.effort.evaluations += 2;
            clock.h = sign * norms(stages, lane).probe(longest);
            if (0..controlled).any(|i| !stages[0].row(i)[lane].is_finite()) {
                clock.verdict = Verdict::Failed(Reason::NonFiniteVelocity);
                clock.h = 0.0;
            }
        }
        steps(clocks, self.rows.row_mut(1));
        combination(Some(&self.y), self.rows.row(1), &[1.0], &stages[..1], &mut self.point);
        node_times(clocks, 1.0, self.rows.row_mut(0));
        let times = self.rows.row(0);
        self.rhs.evaluate(times, self.point.view(), carried, stages[1].view_mut(), self.scratch);
        for (lane, clock) in clocks.iter_mut().enumerate() {
            let change = |i: usize| (stages[1].row(i)[lane] - stages[0].row(i)[lane]).wide();
            let change = scaled_norm(change, y, lane, tolerance);
            clock.h = sign * norms(stages, lane).first_step(clock.h.abs(), change, order, longest);
        }
    }

    /// Tries one step in every lane: all stages, and the end of the step.
    fn attempt(&mut self) {
        let Self { settings, clocks, stages, .. } = self;
        let (method, last) = (settings.method(), settings.method().stages() - 1);
        for clock in clocks.iter_mut() {
            clock.h = towards_end(clock.h, self.span.to - clock.t, clock.moved);
            clock.effort.evaluations += last as u64;
        }
        steps(clocks, self.rows.row_mut(1));
        for i in 1..=last {
            // The argument of a last stage that serves the next step is the end of this one.
            let closing = i == last && method.first_same_as_last();
            let point = if closing { &mut self.trial } else { &mut self.point };
            combination(Some(&self.y), self.rows.row(1), method.a[i], &stages[..i], point);
            node_times(clocks, method.c[i], self.rows.row_mut(0));
            let (times, carried) = (self.rows.row(0), self.carried.view());
            let (point, stage) = (point.view(), stages[i].view_mut());
            if method.weighs(i) {
                self.rhs.evaluate(times, point, carried, stage, self.scratch);
            } else {
                self.rhs.evaluate_leading(times, point, carried, stage, self.scratch);
            }
        }
    }

    /// Measures the error of the step in every lane and decides.
    fn judge(&mut self) {
        let (method, tolerance) = (self.settings.method(), self.settings.tolerance);
        let lanes = self.y.lanes();
        let (rows, leading) = (self.rhs.controlled_rows(), self.rhs.leading_rows());
        let (front, errors) = self.rows.view_mut().split_at(2);
        let (mut first, mut second) = errors.split_at(1);
        let h = front.row(1);
        let bounds = [T::of(tolerance.absolute), T::of(tolerance.relative)];
        for (out, range) in [(&mut first, 0..leading), (&mut second, leading..rows)] {
            let out = out.row_mut(0);
            out.fill(T::zero());
            if range.is_empty() {
                continue;
            }
            let (y, new) = (self.y.view(), self.trial.view());
            let (y, new) = (y.range(range.start, range.end), new.range(range.start, range.end));
            let mut terms = no_terms();
            let part = range.start * lanes..range.end * lanes;
            let count = terms_of(method.error, self.stages, &mut terms, |stage| {
                &stage.values()[part.clone()]
            });
            squared_error(bounds, h, &terms[..count], y, new, out);
        }
        let kinds = [leading, rows - leading].map(|count| count.max(1) as f64);
        for (lane, clock) in self.clocks.iter_mut().enumerate() {
            let squares =
                [first.row(0)[lane].wide() / kinds[0], second.row(0)[lane].wide() / kinds[1]];
            // `f64::max` would drop a NaN.
            let worse = if squares[0] > squares[1] || squares[0].is_nan() {
                squares[0]
            } else {
                squares[1]
            };
            clock.decide(worse.sqrt(), self.span, method.order, self.settings.max_steps);
        }
    }

    /// Takes the accepted steps: shows them, and lets trial and last stage take the place of state
    /// and first stage.
    fn settle(&mut self) {
        let last = self.settings.method().stages() - 1;
        if let Some(watch) = &mut self.watch {
            let attempt = Attempt {
                method: self.settings.method(),
                clocks: self.clocks,
                y: &self.y,
                carried: &self.carried,
                stages: self.stages,
            };
            watch.accepted(&attempt, self.scratch);
        }
        if self.clocks.iter().all(|clock| clock.moved) {
            std::mem::swap(&mut self.y, &mut self.trial);
            self.stages.swap(0, last);
            return;
        }
        let (front, rest) = self.stages.split_at_mut(last);
        for i in 0..self.y.rows() {
            let (y, trial) = (self.y.row_mut(i), self.trial.row(i));
            let (first, closing) = (front[0].row_mut(i), rest[0].row(i));
            for (lane, _) in self.clocks.iter().enumerate().filter(|(_, clock)| clock.moved) {
                y[lane] = trial[lane];
                first[lane] = closing[lane];
            }
        }
    }

    /// Lets lanes that arrived or failed leave, and moves the others together.
    fn leave(&mut self) {
        let before = self.clocks.len();
        let mut lane = 0;
        while lane < self.clocks.len() {
            let clock = self.clocks[lane];
            let outcome = match clock.verdict {
                Verdict::Done => Outcome::Arrived,
                Verdict::Failed(reason) => {
                    Outcome::Failed(Failure { reason, t: clock.t, step: clock.h })
                }
                _ => {
                    lane += 1;
                    continue;
                }
            };
            self.batch.outcomes[clock.place] = outcome;
            self.batch.efforts[clock.place] += clock.effort;
            for i in 0..self.y.rows() {
                self.batch.state.row_mut(i)[clock.place] = self.y.row(i)[lane];
            }
            let last = self.clocks.len() - 1;
            self.clocks.swap_remove(lane);
            move_lane(self.y.view_mut(), last, lane);
            move_lane(self.stages[0].view_mut(), last, lane);
            move_lane(self.carried.view_mut(), last, lane);
        }
        let lanes = crate::columns::padded(self.clocks.len());
        if self.clocks.len() < before && lanes < self.y.lanes() {
            let rows = self.y.rows();
            self.y.shrink(lanes);
            self.carried.shrink(lanes);
            self.stages[0].shrink(lanes);
            self.stages[1..].iter_mut().for_each(|stage| stage.reshape(rows, lanes));
            self.trial.reshape(rows, lanes);
            self.point.reshape(rows, lanes);
            self.rows.reshape(4, lanes);
        }
    }
}

//! The loop of adaptive steps: every lane tries, is judged, moves or not, and leaves when it is done.

use super::clock::{Clock, Verdict};
use super::control::{Norms, towards_end};
use super::range::{all_finite, reason_of_loss};
use super::rules::Rules;
use super::sharpness::Longest;
use super::stages::{combination, no_terms, node_times, steps, terms_of};
use super::tolerance::{Place, Tolerance};
use super::{Batch, Inside, Record, RightHandSide, Span, Step, Tableau, Workspace};
use crate::columns::{Block, Rows, Scratch, move_lane, pad_lanes};
use crate::kernels::{StepEnds, squared_error, sum_of_products};
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
    pub inside: Inside<T>,
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
    rules: Rules,
    longest: Longest,
    rhs: &'a R,
    span: Span,
    inside: Inside<T>,
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
    /// Rows: the times of a stage, the steps, two kinds of errors (or speeds, before there are any).
    rows: Block<T>,
    /// One row: the rounding of the velocity of every leading row.
    rounding: Block<T>,
}

/// Follows every column that is still travelling, under the eyes of whoever watches.
pub(super) fn integrate<T: Real, R: RightHandSide<T> + ?Sized>(
    rules: Rules,
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
    stages.resize_with(stages.len().max(rules.method.stages()), Block::default);
    let stages = &mut stages[..rules.method.stages()];
    stages.iter_mut().for_each(|stage| stage.reshape(rows, lanes));
    let mut run = Run {
        longest: rules.longest(rhs.sharpness(), span),
        rules,
        rhs,
        span,
        inside: span.inside(),
        watch,
        y: scratch.take(rows, lanes),
        carried: scratch.take(batch.carried.rows(), lanes),
        trial: scratch.take(rows, lanes),
        point: scratch.take(rows, lanes),
        rows: scratch.take(4, lanes),
        rounding: scratch.take(1, rhs.leading_rows()),
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
    let Run { scratch, y, carried, trial, point, rows, rounding, .. } = run;
    for block in [rounding, rows, point, trial, carried, y] {
        scratch.give(block);
    }
}

/// What the first step of a lane is chosen by, from the squared norms of state and velocity.
fn norms<T: Real>(
    start: &Place<'_, T>,
    tolerance: Tolerance,
    lane: usize,
    squares: Rows<'_, T>,
) -> Norms {
    let square = |row: usize| (lane, squares.row(row)[lane]);
    Norms {
        state: start.norm(tolerance, square(0), |i| start.y.row(i)[lane].wide()),
        velocity: start.norm(tolerance, square(1), |i| start.f.row(i)[lane].wide() * start.length),
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
        let roundings = self.rounding.row_mut(0).iter_mut().take(self.rhs.leading_rows());
        roundings.enumerate().for_each(|(i, value)| *value = T::of(self.rhs.rounding(i)));
    }

    /// Evaluates stage 0 everywhere, and stage 1 at the end of a short Euler step.
    fn choose_first_steps(&mut self) {
        self.probe();
        let Self { rules, clocks, stages, rhs, rows, .. } = self;
        let (tolerance, length) = (rules.tolerance, self.span.length());
        let (controlled, leading) = (rhs.controlled_rows(), rhs.leading_rows());
        let rounding = &self.rounding.row(0)[..leading];
        let [f, ahead] = [0, 1].map(|stage: usize| stages[stage].view().range(0, controlled));
        let y = self.y.view().range(0, controlled);
        let start = Place { y, f, leading, rounding, length };
        let change = [(T::one(), ahead), (-T::one(), f)];
        let (front, squares) = rows.view_mut().split_at(2);
        let (mut changes, mut lengths) = front.split_at(1);
        lengths.row_mut(0).fill(T::of(length));
        start.square(tolerance, lengths.row(0), &change, changes.row_mut(0));
        let squares = squares.as_rows();
        for (lane, clock) in clocks.iter_mut().enumerate() {
            let probe = clock.h.abs() / length.abs();
            let norms = norms(&start, tolerance, lane, squares);
            let change = start.norm(tolerance, (lane, changes.row(0)[lane]), |i| {
                (ahead.row(i)[lane] - f.row(i)[lane]).wide() * length
            });
            clock.h = length * norms.first_step(probe, change, rules.method.order);
        }
    }

    /// Evaluates stage 0 everywhere, and stage 1 at the end of an Euler step that is short by the norms
    /// of state and velocity, whose squares it leaves behind.
    fn probe(&mut self) {
        let Self { rules, clocks, stages, inside, rhs, rows, .. } = self;
        let (tolerance, length) = (rules.tolerance, self.span.length());
        node_times(clocks, 0.0, *inside, rows.row_mut(0));
        let carried = self.carried.view();
        rhs.evaluate(rows.row(0), self.y.view(), carried, stages[0].view_mut(), self.scratch);
        let (controlled, leading) = (rhs.controlled_rows(), rhs.leading_rows());
        let [y, f] = [&self.y, &stages[0]].map(|block| block.view().range(0, controlled));
        let rounding = &self.rounding.row(0)[..leading];
        let start = Place { y, f, leading, rounding, length };
        let (mut front, mut squares) = rows.view_mut().split_at(2);
        for (row, (values, h)) in [(y, 1.0), (f, length)].into_iter().enumerate() {
            front.row_mut(1).fill(T::of(h));
            let terms = [(T::one(), values)];
            start.square(tolerance, front.row(1), &terms, squares.row_mut(row));
        }
        let squares = squares.as_rows();
        for (lane, clock) in clocks.iter_mut().enumerate() {
            clock.effort.evaluations += 2;
            clock.h = length * norms(&start, tolerance, lane, squares).probe();
            if !all_finite(f, lane) {
                clock.verdict = Verdict::Failed(reason_of_loss([y, f], lane));
                clock.h = 0.0;
            }
        }
        steps(clocks, rows.row_mut(1));
        combination(Some(&self.y), rows.row(1), &[1.0], &stages[..1], &mut self.point);
        node_times(clocks, 1.0, *inside, rows.row_mut(0));
        rhs.evaluate(rows.row(0), self.point.view(), carried, stages[1].view_mut(), self.scratch);
    }

    /// Shortens or stretches the steps to be tried, by what is left of the span and by the speed.
    fn set_steps(&mut self) {
        let asks = self.longest.asks_for_speed();
        if asks {
            let f = self.stages[0].view().range(0, self.rhs.speed_rows());
            self.rows.row_mut(2).fill(T::zero());
            sum_of_products(f, f, self.rows.row_mut(2));
        }
        for (lane, clock) in self.clocks.iter_mut().enumerate() {
            let speed = if asks { self.rows.row(2)[lane].wide().sqrt() } else { 0.0 };
            let (rest, longest) = (self.span.to - clock.t, self.longest.step(speed));
            clock.h = towards_end(clock.h, rest, clock.moved, longest);
        }
    }

    /// Tries one step in every lane: all stages, and the end of the step.
    fn attempt(&mut self) {
        self.set_steps();
        let Self { rules: Rules { method, .. }, clocks, stages, inside, .. } = self;
        let last = method.stages() - 1;
        for clock in clocks.iter_mut() {
            clock.effort.evaluations += last as u64;
        }
        steps(clocks, self.rows.row_mut(1));
        for i in 1..=last {
            // The argument of a last stage that serves the next step is the end of this one.
            let closing = i == last && method.first_same_as_last();
            let point = if closing { &mut self.trial } else { &mut self.point };
            combination(Some(&self.y), self.rows.row(1), method.a[i], &stages[..i], point);
            node_times(clocks, method.c[i], *inside, self.rows.row_mut(0));
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
        self.measure();
        let (rows, leading) = (self.rhs.controlled_rows(), self.rhs.leading_rows());
        let kinds = [leading, rows - leading].map(|count| count.max(1) as f64);
        for (lane, clock) in self.clocks.iter_mut().enumerate() {
            let squares = [2, 3].map(|row| self.rows.row(row)[lane].wide() / kinds[row - 2]);
            // `f64::max` would drop a NaN.
            let worse = if squares[0] > squares[1] || squares[0].is_nan() {
                squares[0]
            } else {
                squares[1]
            };
            let lost = || {
                let place = [&self.y, &self.stages[0]].map(|block| block.view().range(0, rows));
                reason_of_loss(place, lane)
            };
            clock.decide(worse.sqrt(), self.span, &self.rules, lost);
        }
    }

    /// Writes the sums of squared errors, those of coordinates and those of integrals.
    fn measure(&mut self) {
        let Rules { method, tolerance, .. } = self.rules;
        let (length, lanes) = (self.span.length(), self.y.lanes());
        let (rows, leading) = (self.rhs.controlled_rows(), self.rhs.leading_rows());
        let rounding = &self.rounding.row(0)[..leading];
        let (front, errors) = self.rows.view_mut().split_at(2);
        let (mut first, mut second) = errors.split_at(1);
        let kinds = [
            (&mut first, 0..leading, tolerance.of_coordinates(length, rounding)),
            (&mut second, leading..rows, tolerance.of_integrals(length)),
        ];
        for (out, range, yardstick) in kinds {
            let out = out.row_mut(0);
            out.fill(T::zero());
            if range.is_empty() {
                continue;
            }
            let last = &self.stages[method.stages() - 1];
            let pairs = [[&self.y, &self.trial], [&self.stages[0], last]];
            let [y, f] = pairs.map(|pair| pair.map(|b| b.view().range(range.start, range.end)));
            let mut terms = no_terms();
            let part = range.start * lanes..range.end * lanes;
            let count = terms_of(method.error, self.stages, &mut terms, |stage| {
                &stage.values()[part.clone()]
            });
            squared_error(yardstick, front.row(1), &terms[..count], StepEnds { y, f }, out);
        }
    }

    /// Takes the accepted steps: shows them, and lets trial and last stage take the place of state
    /// and first stage.
    fn settle(&mut self) {
        let last = self.rules.method.stages() - 1;
        if let Some(watch) = &mut self.watch {
            let attempt = Attempt {
                method: self.rules.method,
                inside: self.inside,
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
            let failed = |reason| Outcome::Failed(Failure { reason, t: clock.t, step: clock.h });
            let outcome = match clock.verdict {
                Verdict::Done if !all_finite(self.y.view(), lane) => failed(Reason::Diverged),
                Verdict::Done => Outcome::Arrived,
                Verdict::Failed(reason) => failed(reason),
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

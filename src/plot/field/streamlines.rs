//! Evenly spaced streamlines (Jobard and Lefer 1997, Creating evenly-spaced streamlines of arbitrary density).

use std::collections::{HashMap, VecDeque};

use super::net::Net;
use crate::plot::canvas::Area;

/// A line ends where it comes nearer to another than this share of the separation.
const NEAR: f64 = 0.42;
/// A line ends where it comes nearer to itself than this share.
const OWN: f64 = 0.35;
/// The length of a step, as a share of the separation.
const STEP: f64 = 0.12;
/// Lines shorter than this share of the separation are left out.
const SHORTEST: f64 = 1.6;
/// A line has no more points each way.
const LONGEST: usize = 20_000;

/// A point of a line, and how far along the line it lies.
type Placed = ([f64; 2], f64);

/// Points by the cells that they lie in.
#[derive(Default)]
struct Cells {
    side: f64,
    points: HashMap<[i64; 2], Vec<Placed>>,
}

impl Cells {
    fn cell(&self, [x, y]: [f64; 2]) -> [i64; 2] {
        [(x / self.side).floor() as i64, (y / self.side).floor() as i64]
    }

    fn add(&mut self, placed: Placed) {
        let cell = self.cell(placed.0);
        self.points.entry(cell).or_default().push(placed);
    }

    /// Whether some point that counts lies nearer than this, which is no more than the side of a cell.
    fn any_near(&self, point: [f64; 2], near: f64, counts: impl Fn(f64) -> bool) -> bool {
        let [i, j] = self.cell(point);
        let around = (-1..=1).flat_map(|a| (-1..=1).map(move |b| [i + a, j + b]));
        around.filter_map(|cell| self.points.get(&cell)).flatten().any(|(other, along)| {
            (other[0] - point[0]).hypot(other[1] - point[1]) < near && counts(*along)
        })
    }
}

/// Lines along a field that keep about this many pixels from one another, in an area.
pub(super) fn streamlines(net: &Net, area: Area, separation: f64) -> Vec<Vec<[f64; 2]>> {
    let mut drawing = Drawing {
        net,
        separation,
        taken: Cells { side: separation, ..Cells::default() },
        lines: Vec::new(),
    };
    let mut waiting = VecDeque::from([area.middle()]);
    drawing.follow(&mut waiting);
    // What no line led to: seeds all over, where there is room left.
    let count = |length: f64| (length / separation).ceil().max(1.0) as usize;
    let (columns, rows) = (count(area.width()), count(area.height()));
    for k in 0..columns * rows {
        let cell = area.cell([columns, rows], [k % columns, k / columns], 0.0);
        waiting.push_back(cell.middle());
        drawing.follow(&mut waiting);
    }
    drawing.lines
}

struct Drawing<'a> {
    net: &'a Net,
    separation: f64,
    taken: Cells,
    lines: Vec<Vec<[f64; 2]>>,
}

impl Drawing<'_> {
    /// Draws a line from every seed that has room around it; at both sides of each there are new seeds.
    fn follow(&mut self, waiting: &mut VecDeque<[f64; 2]>) {
        while let Some(seed) = waiting.pop_front() {
            if self.taken.any_near(seed, 0.95 * self.separation, |_| true) {
                continue;
            }
            let line = self.line(seed);
            if ((line.len() as f64) - 1.0) * STEP < SHORTEST {
                continue;
            }
            for (k, pair) in line.windows(2).enumerate() {
                self.taken.add((pair[0], 0.0));
                if k % 8 == 0 {
                    waiting.extend(beside(pair, self.separation));
                }
            }
            self.taken.points.entry(self.taken.cell(line[line.len() - 1])).or_default();
            self.lines.push(line);
        }
    }

    /// The line through a seed, both ways.
    fn line(&self, seed: [f64; 2]) -> Vec<[f64; 2]> {
        let mut own = Cells { side: self.separation, ..Cells::default() };
        own.add((seed, 0.0));
        let ahead = self.half(seed, 1.0, &mut own);
        let mut line = self.half(seed, -1.0, &mut own);
        line.reverse();
        line.push(seed);
        line.extend(ahead);
        line
    }

    fn half(&self, seed: [f64; 2], way: f64, own: &mut Cells) -> Vec<[f64; 2]> {
        let (mut line, mut point) = (Vec::new(), seed);
        let step = STEP * self.separation;
        for k in 1..=LONGEST {
            let Some(next) = self.step(point, way * step) else { break };
            let along = way * k as f64 * STEP;
            let elsewhere = |other: f64| (other - along).abs() > 1.5;
            if self.taken.any_near(next, NEAR * self.separation, |_| true) {
                break;
            }
            if own.any_near(next, OWN * self.separation, elsewhere) {
                // A line that came round closes.
                let home = (next[0] - seed[0]).hypot(next[1] - seed[1]);
                if home < OWN * self.separation && along.abs() > 1.5 {
                    line.extend([next, seed]);
                }
                break;
            }
            own.add((next, along));
            line.push(next);
            point = next;
        }
        line
    }

    /// One step of the classical Runge-Kutta method along directions of length one; none out of the plot or
    /// where the field turns about, as it does on both sides of a point that it runs into.
    fn step(&self, point: [f64; 2], step: f64) -> Option<[f64; 2]> {
        let from = |v: [f64; 2], share: f64| {
            [point[0] + share * step * v[0], point[1] + share * step * v[1]]
        };
        let a = self.net.direction(point)?;
        let b = self.net.direction(from(a, 0.5))?;
        let c = self.net.direction(from(b, 0.5))?;
        let d = self.net.direction(from(c, 1.0))?;
        let mean = [0, 1].map(|k| (a[k] + 2.0 * b[k] + 2.0 * c[k] + d[k]) / 6.0);
        let next = from(mean, 1.0);
        (mean[0].hypot(mean[1]) > 0.3 && self.net.direction(next).is_some()).then_some(next)
    }
}

/// The points at both sides of a piece of a line.
fn beside(pair: &[[f64; 2]], separation: f64) -> [[f64; 2]; 2] {
    let [dx, dy] = [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]];
    let length = dx.hypot(dy).max(1e-300);
    let across = [-dy / length * separation, dx / length * separation];
    [1.0, -1.0].map(|side| [pair[0][0] + side * across[0], pair[0][1] + side * across[1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::axes::{Axes, Axis};
    use crate::plot::canvas::{Canvas, Theme};

    fn lines(velocity: fn([f64; 2]) -> [f64; 2], separation: f64) -> Vec<Vec<[f64; 2]>> {
        let area = Area::new([0.0; 2], [400.0, 300.0]);
        let canvas = Canvas::new(Theme::light(), area);
        let axes = Axes::new(
            Axis::linear(-2.0, 2.0).expect("a range"),
            Axis::linear(-1.5, 1.5).expect("a range"),
        );
        let frame = axes.bare().place(&canvas, area).expect("room");
        let ask = |_: f64, points: &[[f64; 2]]| Ok(points.iter().map(|p| velocity(*p)).collect());
        let net = Net::of(&ask, 0.0, &frame).expect("asked");
        streamlines(&net, area, separation)
    }

    #[test]
    fn lines_keep_apart_and_leave_no_gap() {
        for velocity in [|_| [1.0, 0.3], |[x, y]: [f64; 2]| [-y, x], |[x, y]: [f64; 2]| [x, -y]] {
            let (separation, found) = (20.0, lines(velocity, 20.0));
            for (k, line) in found.iter().enumerate() {
                for point in line {
                    let near = |other: &[f64; 2]| (point[0] - other[0]).hypot(point[1] - other[1]);
                    let others = found[k + 1..].iter().flatten();
                    let least = others.map(near).fold(f64::INFINITY, f64::min);
                    assert!(least > (NEAR - STEP) * separation, "line {k} at {point:?}: {least}");
                }
            }
            for k in 0..12 * 9 {
                let place = [20.0 + 30.0 * (k % 12) as f64, 20.0 + 30.0 * (k / 12) as f64];
                let near = |point: &[f64; 2]| (point[0] - place[0]).hypot(point[1] - place[1]);
                let least = found.iter().flatten().map(near).fold(f64::INFINITY, f64::min);
                assert!(least < 1.6 * separation, "nothing near {place:?}: {least}");
            }
        }
    }

    #[test]
    fn lines_follow_the_field() {
        // Along circles the distance from the middle stays.
        for line in lines(|[x, y]| [-y, x], 25.0) {
            let radius = |point: &[f64; 2]| (point[0] - 200.0).hypot(point[1] - 150.0);
            let first = radius(&line[0]);
            assert!(line.iter().all(|point| (radius(point) - first).abs() < 0.02 * first + 0.6));
        }
    }

    #[test]
    fn fields_that_stand_still_or_are_infinite_have_no_line() {
        assert!(lines(|_| [0.0, 0.0], 20.0).is_empty());
        assert!(lines(|_| [f64::INFINITY, 1.0], 20.0).is_empty());
        assert!(!lines(|[x, _]| [if x > 0.0 { 1.0 } else { 0.0 }, 0.0], 20.0).is_empty());
    }
}

//! Lines of a lattice where something takes them, with more points where they bend.

use crate::error::{Error, Result};
use crate::plot::axes::{Range, Steps};

/// The pieces of a side of a cell to begin with.
const PIECES: usize = 4;
/// How often pieces are halved.
const HALVINGS: usize = 8;
/// A point is off the line through its neighbours if it is so far from it, as a share of the picture.
const SEEN: f64 = 1.2e-3;
/// No more points are asked for in one halving.
const MOST: usize = 40_000;

/// Where points of the lattice, counted in cells, are taken.
pub(super) type Ask<'a> = dyn Fn(&[[f64; 2]]) -> Result<Bends> + 'a;

/// Points, NaN where they did not arrive, and how volumes change there.
pub(super) struct Bends {
    pub points: Vec<[f64; 2]>,
    pub log_det: Vec<f64>,
}

/// One line of a lattice: places along it, in cells, and where they are taken.
#[derive(Debug)]
struct Line {
    upward: bool,
    across: f64,
    places: Vec<f64>,
    points: Vec<[f64; 2]>,
}

/// A lattice where it was taken.
#[derive(Debug)]
pub(super) struct Bent {
    pub cells: usize,
    /// ln |det| in the middles of the cells, row by row.
    pub volumes: Vec<f64>,
    /// Where nearly all nodes are.
    pub ranges: [Range; 2],
    /// Along the first axis, one above another, and then along the second.
    lines: Vec<Line>,
}

impl Line {
    fn at(&self, place: f64) -> [f64; 2] {
        if self.upward { [self.across, place] } else { [place, self.across] }
    }

    /// The middles of pieces beside points that are off the line through their neighbours.
    fn rough(&self, ranges: [Range; 2]) -> Vec<f64> {
        let scaled = |[x, y]: [f64; 2]| {
            [
                (x - ranges[0].from()) / ranges[0].length(),
                (y - ranges[1].from()) / ranges[1].length(),
            ]
        };
        let points: Vec<[f64; 2]> = self.points.iter().map(|point| scaled(*point)).collect();
        let seen = |point: [f64; 2]| point.iter().all(|part| (-0.2..=1.2).contains(part));
        let mut wanted = vec![false; points.len()];
        for k in 1..points.len() - 1 {
            let [a, b, c] = [points[k - 1], points[k], points[k + 1]];
            if off(a, b, c) > SEEN && [a, b, c].into_iter().any(seen) {
                (wanted[k - 1], wanted[k]) = (true, true);
            }
        }
        let middle = |k: usize| 0.5 * (self.places[k] + self.places[k + 1]);
        (0..points.len() - 1).filter(|k| wanted[*k]).map(middle).collect()
    }

    fn insert(&mut self, places: &[f64], points: &[[f64; 2]]) {
        let mut all: Vec<(f64, [f64; 2])> =
            self.places.drain(..).zip(self.points.drain(..)).collect();
        all.extend(places.iter().copied().zip(points.iter().copied()));
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        (self.places, self.points) = all.into_iter().unzip();
    }

    /// What is between two nodes of the lattice.
    fn part(&self, cell: usize) -> &[[f64; 2]] {
        let at = |node: usize| self.places.partition_point(|place| *place < node as f64);
        &self.points[at(cell)..=at(cell + 1)]
    }
}

/// How far a point is from the way between two others; nothing if it is not known.
fn off(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    let [ux, uy] = [c[0] - a[0], c[1] - a[1]];
    let [vx, vy] = [b[0] - a[0], b[1] - a[1]];
    let share = ((ux * vx + uy * vy) / (ux * ux + uy * uy).max(1e-300)).clamp(0.0, 1.0);
    let far = (vx - share * ux).hypot(vy - share * uy);
    if far.is_finite() { far } else { 0.0 }
}

impl Bent {
    /// A lattice of cells where `ask` takes it.
    pub fn of(ask: &Ask<'_>, cells: usize) -> Result<Self> {
        let mut lines: Vec<Line> = [false, true]
            .into_iter()
            .flat_map(|upward| (0..=cells).map(move |k| (upward, k)))
            .map(|(upward, k)| Line { upward, across: k as f64, places: vec![], points: vec![] })
            .collect();
        let even: Vec<f64> = (0..=cells * PIECES).map(|k| k as f64 / PIECES as f64).collect();
        let wanted = vec![even; lines.len()];
        bend(ask, &mut lines, &wanted)?;
        let ranges = [range(&lines, "x", 0)?, range(&lines, "y", 1)?];
        for _ in 0..HALVINGS {
            let wanted: Vec<Vec<f64>> = lines.iter().map(|line| line.rough(ranges)).collect();
            let count: usize = wanted.iter().map(Vec::len).sum();
            if count == 0 || count > MOST {
                break;
            }
            bend(ask, &mut lines, &wanted)?;
        }
        let middle = |k: usize| [(k % cells) as f64 + 0.5, (k / cells) as f64 + 0.5];
        let middles: Vec<[f64; 2]> = (0..cells * cells).map(middle).collect();
        Ok(Self { cells, volumes: ask(&middles)?.log_det, ranges, lines })
    }

    /// All lines.
    pub fn lines(&self) -> impl Iterator<Item = &[[f64; 2]]> {
        self.lines.iter().map(|line| line.points.as_slice())
    }

    /// The border of a cell, all around.
    pub fn cell(&self, i: usize, j: usize) -> Vec<[f64; 2]> {
        let upward = self.cells + 1;
        let [below, above] = [j, j + 1].map(|k| self.lines[k].part(i));
        let [left, right] = [i, i + 1].map(|k| self.lines[upward + k].part(j));
        let there = below.iter().chain(right);
        there.chain(above.iter().rev()).chain(left.iter().rev()).copied().collect()
    }
}

/// Asks for places of all lines at once, and adds what is found.
fn bend(ask: &Ask<'_>, lines: &mut [Line], wanted: &[Vec<f64>]) -> Result<()> {
    let each = lines.iter().zip(wanted);
    let points: Vec<[f64; 2]> =
        each.flat_map(|(line, places)| places.iter().map(|place| line.at(*place))).collect();
    let mut found = ask(&points)?.points.into_iter();
    for (line, places) in lines.iter_mut().zip(wanted) {
        let points: Vec<[f64; 2]> = found.by_ref().take(places.len()).collect();
        line.insert(places, &points);
    }
    Ok(())
}

/// Where nearly all nodes are along an axis.
fn range(lines: &[Line], name: &str, axis: usize) -> Result<Range> {
    let all = lines.iter().flat_map(|line| &line.points).map(|point| point[axis]);
    let mut values: Vec<f64> = all.filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let beyond = values.len() / 500;
    let kept = values.get(beyond..values.len() - beyond).unwrap_or_default();
    Range::around(name, Steps::Even, kept.iter().copied(), 0.05)?.ok_or_else(|| {
        Error::non_finite("the flow takes no node of the lattice anywhere: give another square")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A turn by an angle that grows fast with the radius, as around a vortex.
    fn turned([x, y]: [f64; 2]) -> [f64; 2] {
        let (x, y) = (x - 4.0, y - 4.0);
        let (sin, cos) = (9.0 / (0.3 + x.hypot(y))).sin_cos();
        [x * cos - y * sin, x * sin + y * cos]
    }

    #[test]
    fn lines_are_smooth_however_they_are_bent() {
        let ask = |points: &[[f64; 2]]| {
            let log_det = vec![0.0; points.len()];
            Ok(Bends { points: points.iter().map(|point| turned(*point)).collect(), log_det })
        };
        let bent = Bent::of(&ask, 8).expect("bent");
        let size = bent.ranges[0].length();
        let mut most = 0;
        for line in &bent.lines {
            most = most.max(line.places.len());
            for (places, points) in line.places.windows(2).zip(line.points.windows(2)) {
                // A piece was halved until three points were nearly on a line; the arc between two of them is a
                // quarter as far from its chord.
                let middle = turned(line.at(0.5 * (places[0] + places[1])));
                assert!(off(points[0], middle, points[1]) < SEEN * size, "{places:?}");
            }
        }
        // Only where it is needed: an even lattice as fine would have eight times as many.
        let total: usize = bent.lines().map(<[_]>::len).sum();
        assert!(most > 8 * PIECES + 1 && total < 18 * most, "{most} {total}");
        assert_eq!(bent.cell(0, 0).first(), bent.cell(0, 0).last());
    }

    #[test]
    fn what_does_not_arrive_leaves_a_gap() {
        let ask = |points: &[[f64; 2]]| {
            let beyond = |p: &[f64; 2]| if p[0] > 2.0 { [f64::NAN; 2] } else { *p };
            Ok(Bends {
                points: points.iter().map(beyond).collect(),
                log_det: vec![0.0; points.len()],
            })
        };
        let bent = Bent::of(&ask, 4).expect("bent");
        assert!(bent.cell(0, 0).iter().flatten().all(|value| value.is_finite()));
        assert!(bent.cell(3, 3).iter().flatten().all(|value| value.is_nan()));
        let none = |points: &[[f64; 2]]| {
            let count = points.len();
            Ok(Bends { points: vec![[f64::NAN; 2]; count], log_det: vec![f64::NAN; count] })
        };
        assert!(Bent::of(&none, 4).expect_err("nowhere").is_non_finite());
    }
}

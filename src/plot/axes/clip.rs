//! Lines and polygons, as far as they are inside a rectangle.

use crate::plot::canvas::Area;

/// The part of a segment inside an area (Liang and Barsky 1984).
pub(super) fn segment(area: Area, [from, to]: [[f64; 2]; 2]) -> Option<[[f64; 2]; 2]> {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    if !(dx.is_finite() && dy.is_finite()) {
        return None;
    }
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    let sides = [
        (-dx, from[0] - area.left),
        (dx, area.right - from[0]),
        (-dy, from[1] - area.top),
        (dy, area.bottom - from[1]),
    ];
    for (speed, room) in sides {
        if speed == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if speed < 0.0 {
            enter = enter.max(room / speed);
        } else {
            leave = leave.min(room / speed);
        }
    }
    let at = |s: f64| [from[0] + s * dx, from[1] + s * dy];
    if enter > leave {
        return None;
    }
    // The ends themselves, so that neighbouring segments join.
    let first = if enter == 0.0 { from } else { at(enter) };
    Some([first, if leave == 1.0 { to } else { at(leave) }])
}

/// The parts of a line inside an area.
pub(super) fn line(area: Area, points: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
    let mut runs: Vec<Vec<[f64; 2]>> = Vec::new();
    for pair in points.windows(2) {
        let Some([from, to]) = segment(area, [pair[0], pair[1]]) else { continue };
        match runs.last_mut() {
            Some(run) if run.last() == Some(&from) => run.push(to),
            _ => runs.push(vec![from, to]),
        }
    }
    runs
}

/// The part of a polygon inside an area, side after side (Sutherland and Hodgman 1974).
pub(super) fn polygon(area: Area, points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let sides =
        [(0, 1.0, area.left), (0, -1.0, area.right), (1, 1.0, area.top), (1, -1.0, area.bottom)];
    sides.into_iter().fold(points, |points, (axis, sign, border)| {
        let inside = |p: &[f64; 2]| sign * (p[axis] - border) >= 0.0;
        let mut kept = Vec::new();
        for (k, point) in points.iter().enumerate() {
            let before = &points[(k + points.len() - 1) % points.len()];
            if inside(point) != inside(before) {
                let share = (border - before[axis]) / (point[axis] - before[axis]);
                let mut cut = [0, 1].map(|i| before[i] + share * (point[i] - before[i]));
                cut[axis] = border;
                kept.push(cut);
            }
            if inside(point) {
                kept.push(*point);
            }
        }
        kept
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };

    #[test]
    fn segments_are_cut_at_the_border() {
        assert_eq!(segment(AREA, [[-5.0, 5.0], [5.0, 5.0]]), Some([[0.0, 5.0], [5.0, 5.0]]));
        assert_eq!(segment(AREA, [[1.0, 1.0], [2.0, 3.0]]), Some([[1.0, 1.0], [2.0, 3.0]]));
        assert_eq!(segment(AREA, [[-1.0, -1.0], [-2.0, 20.0]]), None);
        assert_eq!(segment(AREA, [[f64::NAN, 0.0], [1.0, 1.0]]), None);
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two() {
        let runs = line(AREA, &[[5.0, 5.0], [15.0, 5.0], [15.0, 8.0], [5.0, 8.0], [4.0, 8.0]]);
        let expected = [vec![[5.0, 5.0], [10.0, 5.0]], vec![[10.0, 8.0], [5.0, 8.0], [4.0, 8.0]]];
        assert_eq!(runs, expected);
    }

    #[test]
    fn polygons_are_cut_at_all_sides() {
        let all = polygon(AREA, vec![[-9.0, -9.0], [20.0, -9.0], [20.0, 20.0], [-9.0, 20.0]]);
        let area: f64 = (0..all.len())
            .map(|k| (all[k], all[(k + 1) % all.len()]))
            .map(|(a, b)| 0.5 * (a[0] * b[1] - b[0] * a[1]))
            .sum();
        assert!((area - 100.0).abs() < 1e-9, "{all:?}");
        assert!(polygon(AREA, vec![[20.0, 0.0], [30.0, 0.0], [25.0, 9.0]]).is_empty());
    }
}

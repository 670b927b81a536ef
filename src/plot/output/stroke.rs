//! Lines as polygons of one orientation, and broken into dashes.

/// Turns by less than this need no joint: their gap is less than a tenth of the width.
const STRAIGHT: f64 = 0.98;

/// The dashes of a line.
pub(in crate::plot) fn dashes(points: &[[f64; 2]], [dash, gap]: [f64; 2]) -> Vec<Vec<[f64; 2]>> {
    let mut all = vec![points.first().copied().into_iter().collect::<Vec<_>>()];
    let (mut drawn, mut left) = (true, dash);
    for pair in points.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        let mut at = 0.0;
        while at + left < length {
            at += left;
            let point = [0, 1].map(|k| from[k] + at / length * (to[k] - from[k]));
            match (drawn, all.last_mut()) {
                (true, Some(run)) => run.push(point),
                _ => all.push(vec![point]),
            }
            drawn = !drawn;
            left = if drawn { dash } else { gap };
        }
        left -= length - at;
        if let (true, Some(run)) = (drawn, all.last_mut()) {
            run.push(to);
        }
    }
    all.retain(|run| run.len() > 1);
    all
}

/// Polygons that together cover a line of some width, with round joints and ends.
pub(super) fn outlines(points: &[[f64; 2]], width: f64, mut add: impl FnMut(&[[f64; 2]])) {
    let half = 0.5 * width;
    let mut before: Option<[f64; 2]> = None;
    let round = width > 1.6;
    for pair in points.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
        let length = dx.hypot(dy);
        if length.is_nan() || length <= 1e-9 {
            continue;
        }
        let along = [dx / length, dy / length];
        let [nx, ny] = [-half * along[1], half * along[0]];
        add(&[
            [from[0] + nx, from[1] + ny],
            [from[0] - nx, from[1] - ny],
            [to[0] - nx, to[1] - ny],
            [to[0] + nx, to[1] + ny],
        ]);
        let turns = before.is_none_or(|b| b[0] * along[0] + b[1] * along[1] < STRAIGHT);
        if round && turns {
            add(&disc(from, half));
        }
        before = Some(along);
    }
    if let (true, Some(_), Some(end)) = (round, before, points.last()) {
        add(&disc(*end, half));
    }
}

/// A disc as a polygon with the orientation of the pieces of a line, as fine as it is seen.
pub(super) fn disc([x, y]: [f64; 2], radius: f64) -> Vec<[f64; 2]> {
    let corners = ((6.0 + 2.5 * radius.max(0.0).sqrt() * 3.0) as usize).clamp(8, 96);
    let at = |k: usize| std::f64::consts::TAU * k as f64 / corners as f64;
    (0..corners).map(|k| [x + radius * at(k).cos(), y + radius * at(k).sin()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(points: &[[f64; 2]]) -> f64 {
        (0..points.len())
            .map(|k| (points[k], points[(k + 1) % points.len()]))
            .map(|(a, b)| 0.5 * (a[0] * b[1] - b[0] * a[1]))
            .sum()
    }

    #[test]
    fn pieces_of_a_line_have_one_orientation() {
        let line = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 3.0], [0.0, 3.0]];
        let mut signs = Vec::new();
        outlines(&line, 3.0, |piece| signs.push(area(piece)));
        assert!(signs.len() >= 6 && signs.iter().all(|sign| *sign > 0.0), "{signs:?}");
    }

    #[test]
    fn dashes_have_their_lengths_around_corners() {
        let runs = dashes(&[[0.0, 0.0], [7.0, 0.0], [7.0, 7.0]], [4.0, 2.0]);
        let expected = [
            vec![[0.0, 0.0], [4.0, 0.0]],
            vec![[6.0, 0.0], [7.0, 0.0], [7.0, 3.0]],
            vec![[7.0, 5.0], [7.0, 7.0]],
        ];
        assert_eq!(runs, expected);
    }
}

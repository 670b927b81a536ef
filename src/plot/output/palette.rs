//! The colours that stand for all colours of an animation.

use crate::plot::canvas::Color;

/// So many bits of red, green and blue tell colours apart.
const BITS: u32 = 6;
/// The colours of a palette; one index more is left for what does not change.
const MOST: usize = 255;

/// At most 255 colours, and which of them stands for any colour.
pub(super) struct Palette {
    pub colors: Vec<Color>,
    nearest: Vec<u8>,
}

/// Colours that are nearly alike: their number and the sums of red, green and blue.
#[derive(Clone, Copy, Default)]
struct Cell {
    count: f64,
    sums: [f64; 3],
}

impl Cell {
    fn mean(&self) -> [f64; 3] {
        self.sums.map(|sum| sum / self.count)
    }

    fn join(self, other: Self) -> Self {
        let sums = [0, 1, 2].map(|c| self.sums[c] + other.sums[c]);
        Self { count: self.count + other.count, sums }
    }
}

fn place(color: Color) -> usize {
    color.iter().fold(0, |place, part| (place << BITS) | usize::from(part >> (8 - BITS)))
}

impl Palette {
    /// A palette for all these colours, the ground among them as it is.
    pub fn of<'a>(ground: Color, colors: impl Iterator<Item = &'a Color>) -> Self {
        let mut cells = vec![Cell::default(); 1 << (3 * BITS)];
        for color in colors.filter(|color| **color != ground) {
            let cell = &mut cells[place(*color)];
            cell.count += 1.0;
            (0..3).for_each(|c| cell.sums[c] += f64::from(color[c]));
        }
        let used: Vec<Cell> = cells.iter().filter(|cell| cell.count > 0.0).copied().collect();
        let mut colors = vec![ground];
        colors.extend(groups(used).iter().map(|group| {
            let all = group.iter().fold(Cell::default(), |sum, cell| sum.join(*cell));
            all.mean().map(|part| part.round() as u8)
        }));
        let mut nearest = vec![0; cells.len()];
        for (index, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.count > 0.0) {
            nearest[index] = nearest_of(&colors, cell.mean());
        }
        Self { colors, nearest }
    }

    pub fn index(&self, color: Color) -> u8 {
        if self.colors.first() == Some(&color) { 0 } else { self.nearest[place(color)] }
    }
}

fn nearest_of(colors: &[Color], mean: [f64; 3]) -> u8 {
    let distance =
        |color: &Color| -> f64 { (0..3).map(|c| (f64::from(color[c]) - mean[c]).powi(2)).sum() };
    let best =
        (0..colors.len()).min_by(|a, b| distance(&colors[*a]).total_cmp(&distance(&colors[*b])));
    best.unwrap_or(0) as u8
}

/// Cuts the group that varies most in two at its mean, until there are enough (Wan, Wong and
/// Prusinkiewicz 1988).
fn groups(cells: Vec<Cell>) -> Vec<Vec<Cell>> {
    if cells.is_empty() {
        return Vec::new();
    }
    let mut all = vec![(spread(&cells), cells)];
    while all.len() < MOST - 1 {
        let widest = (0..all.len()).max_by(|a, b| all[*a].0.1.total_cmp(&all[*b].0.1));
        let Some(widest) = widest.filter(|k| all[*k].0.1 > 0.0) else { break };
        let ((axis, _, middle), cells) = all.swap_remove(widest);
        let (low, high): (Vec<_>, Vec<_>) =
            cells.into_iter().partition(|cell| cell.mean()[axis] <= middle);
        for half in [low, high].into_iter().filter(|half| !half.is_empty()) {
            all.push((spread(&half), half));
        }
    }
    all.into_iter().map(|(_, cells)| cells).collect()
}

/// The axis along which a group varies most, by how much in all, and its mean there.
fn spread(cells: &[Cell]) -> (usize, f64, f64) {
    if cells.len() < 2 {
        return (0, 0.0, 0.0);
    }
    let mean = cells.iter().fold(Cell::default(), |sum, cell| sum.join(*cell)).mean();
    let along = |axis: usize| -> f64 {
        // The root of the number: small things of a colour of their own keep it.
        cells.iter().map(|c| c.count.sqrt() * (c.mean()[axis] - mean[axis]).powi(2)).sum()
    };
    let best = [0, 1, 2].into_iter().max_by(|a, b| along(*a).total_cmp(&along(*b))).unwrap_or(0);
    let lowest = cells.iter().map(|cell| cell.mean()[best]).fold(f64::INFINITY, f64::min);
    let highest = cells.iter().map(|cell| cell.mean()[best]).fold(f64::NEG_INFINITY, f64::max);
    let spread = if highest > lowest { along(best) } else { 0.0 };
    // The mean may be rounded to the highest.
    (best, spread, if mean[best] < highest { mean[best] } else { lowest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_kept_as_they_are() {
        let colors = [[0, 0, 0], [255, 255, 255], [213, 94, 0], [0, 114, 178]];
        let palette = Palette::of([255; 3], colors.iter());
        for color in colors {
            assert_eq!(palette.colors[usize::from(palette.index(color))], color);
        }
    }

    #[test]
    fn many_colours_are_kept_nearly() {
        let colors: Vec<Color> = (0..40_000u32)
            .map(|k| crate::plot::canvas::ColorMap::VIRIDIS.at(f64::from(k) / 40_000.0))
            .collect();
        let palette = Palette::of([255; 3], colors.iter());
        assert!(palette.colors.len() <= MOST);
        for color in colors {
            let kept = palette.colors[usize::from(palette.index(color))];
            let off = kept.iter().zip(color).map(|(a, b)| a.abs_diff(b)).max();
            assert!(off.unwrap() <= 6, "{color:?} became {kept:?}");
        }
    }
}

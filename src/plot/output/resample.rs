//! Images in the size in which they are painted.

use crate::plot::canvas::{Color, Pixels};

/// The cells of a source that make one pixel, and their shares.
type Parts = Vec<(usize, f64)>;

/// The colours of an image in another size, row after row: means over what falls into a pixel where it
/// shrinks, and between neighbours where it grows and is to be smooth.
pub(super) fn resampled(image: &Pixels, [columns, rows]: [usize; 2]) -> Vec<Color> {
    let along = |count, size| weights(count, size, image.is_smooth());
    let (across, down) = (along(image.columns(), columns), along(image.rows(), rows));
    let mut all = Vec::with_capacity(columns * rows);
    for row in &down {
        let line = mixed_rows(image, row);
        all.extend(across.iter().map(|parts| {
            let sum = |c: usize| parts.iter().map(|(k, share)| share * line[*k][c]).sum::<f64>();
            [0, 1, 2].map(|channel| sum(channel).round() as u8)
        }));
    }
    all
}

fn mixed_rows(image: &Pixels, parts: &Parts) -> Vec<[f64; 3]> {
    let columns = image.columns();
    let mut line = vec![[0.0; 3]; columns];
    for (row, share) in parts {
        for (sum, color) in line.iter_mut().zip(&image.colors()[row * columns..]) {
            (0..3).for_each(|c| sum[c] += share * f64::from(color[c]));
        }
    }
    line
}

/// For each of `size` pixels the cells out of `count` that make it.
fn weights(count: usize, size: usize, smooth: bool) -> Vec<Parts> {
    let ratio = count as f64 / size as f64;
    let pixel = |k: usize| match smooth && ratio < 1.0 {
        true => between(count, (k as f64 + 0.5) * ratio - 0.5),
        false => within(count, k as f64 * ratio, (k as f64 + 1.0) * ratio),
    };
    (0..size).map(pixel).collect()
}

/// The two cells around a place.
fn between(count: usize, place: f64) -> Parts {
    let place = place.clamp(0.0, count as f64 - 1.0);
    let (first, share) = (place as usize, place.fract());
    match first + 1 < count {
        true => vec![(first, 1.0 - share), (first + 1, share)],
        false => vec![(first, 1.0)],
    }
}

/// The cells from one place to another, as far as they are between.
fn within(count: usize, from: f64, to: f64) -> Parts {
    let last = (to.ceil() as usize).min(count);
    let first = (from as usize).min(count - 1);
    let inside = |k: usize| (to.min(k as f64 + 1.0) - from.max(k as f64)).max(0.0);
    let parts = (first..last.max(first + 1)).map(|k| (k, inside(k)));
    let total: f64 = parts.clone().map(|(_, share)| share).sum();
    match total > 0.0 {
        true => parts.map(|(k, share)| (k, share / total)).collect(),
        false => vec![(first, 1.0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_image_has_the_means() {
        let grey = |value: u8| [value; 3];
        let image = Pixels::new(4, [0, 100, 10, 20, 20, 40, 30, 60].map(grey).to_vec()).unwrap();
        assert_eq!(resampled(&image, [2, 1]), [grey(40), grey(30)]);
        assert_eq!(resampled(&image, [4, 2]), image.colors());
    }

    #[test]
    fn a_larger_image_has_cells_or_is_smooth() {
        let image = Pixels::new(2, vec![[0; 3], [100; 3]]).unwrap();
        assert_eq!(resampled(&image, [4, 1]).map_first(), [0, 0, 100, 100]);
        assert_eq!(resampled(&image.smooth(), [4, 1]).map_first(), [0, 25, 75, 100]);
    }

    trait First {
        fn map_first(&self) -> Vec<u8>;
    }

    impl First for Vec<Color> {
        fn map_first(&self) -> Vec<u8> {
            self.iter().map(|color| color[0]).collect()
        }
    }
}

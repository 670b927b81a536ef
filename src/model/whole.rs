//! Whole numbers: the noise that makes a density of them, drawn from the bits of the row itself.

use crate::trace::mix;

/// Adds noise uniform between 0 and 1 to the numbers at these places; the first that is not whole instead.
///
/// The noise of a place depends on all numbers of the row, so that equal numbers of different rows have
/// different noise, and the same row always the same.
pub(super) fn add_noise(places: &[usize], row: &mut [f64]) -> Result<(), usize> {
    if let Some(&place) = places.iter().find(|&&place| row[place].fract() != 0.0) {
        return Err(place);
    }
    let key = row.iter().fold(0, |state, value| mix(state, value.to_bits()));
    for &place in places {
        // The upper 53 bits, and a half: never 0, and never 1.
        let unit = (mix(key, place as u64) >> 11) as f64 + 0.5;
        row[place] += (unit * 2f64.powi(-53)).min(1.0 - f64::EPSILON);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_uniform_and_the_same_for_the_same_row() {
        let noise = |row: f64| {
            let mut values = [row, 0.25];
            add_noise(&[0], &mut values).expect("whole");
            assert_eq!(values[1], 0.25);
            values[0] - row
        };
        let all: Vec<f64> = (0..4000).map(|k| noise(f64::from(k))).collect();
        assert!(all.iter().all(|u| (0.0..1.0).contains(u)));
        assert_eq!(noise(17.0), noise(17.0));
        let mean = all.iter().sum::<f64>() / 4000.0;
        // Six standard errors of the mean of uniform numbers.
        assert!((mean - 0.5).abs() < 6.0 * (1.0 / 12.0f64 / 4000.0).sqrt(), "{mean}");
    }

    #[test]
    fn what_is_not_whole_is_named() {
        assert_eq!(add_noise(&[0, 1], &mut [1.0, 1.5]), Err(1));
    }
}

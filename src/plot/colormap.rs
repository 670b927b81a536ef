//! A perceptually even colour scale.

use super::canvas::Color;

/// Coefficients of a polynomial through matplotlib's viridis (van der Walt and Smith 2015), constant
/// first, for red, green and blue.
const VIRIDIS: [[f64; 3]; 7] = [
    [0.277_727_327, 0.005_407_345, 0.334_099_805],
    [0.105_093_043, 1.404_613_530, 1.384_590_163],
    [-0.330_861_829, 0.214_847_559, 0.095_095_163],
    [-4.634_230_499, -5.799_100_973, -19.332_440_956],
    [6.228_269_936, 14.179_933_367, 56.690_552_601],
    [4.776_384_998, -13.745_145_378, -65.353_032_633],
    [-5.435_455_856, 4.645_852_612, 26.312_435_250],
];

/// The colour of a value in [0, 1].
pub(super) fn viridis(value: f64) -> Color {
    let t = value.clamp(0.0, 1.0);
    std::array::from_fn(|channel| {
        let intensity = VIRIDIS.iter().rev().fold(0.0, |sum, row| sum * t + row[channel]);
        (255.0 * intensity.clamp(0.0, 1.0)).round() as u8
    })
}

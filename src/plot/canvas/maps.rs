//! Colour maps: perceptually even, and told apart by colour-blind eyes.

use std::borrow::Cow;

use super::ink::{Color, mixed};

/// Colours for the numbers from 0 to 1, between knots at equal distances.
#[derive(Debug, Clone, PartialEq)]
pub struct ColorMap {
    knots: Cow<'static, [u32]>,
}

impl ColorMap {
    /// From dark blue over green to yellow (van der Walt and Smith 2015): for what has a zero and grows.
    pub const VIRIDIS: Self = Self::of(&VIRIDIS);
    /// From blue over near-white to red-brown (Crameri 2018): for what has two directions, on light ground.
    pub const VIK: Self = Self::of(&VIK);
    /// From light blue over near-black to light red (Crameri 2018): for what has two directions, on dark ground.
    pub const BERLIN: Self = Self::of(&BERLIN);
    /// A circle of colours of little contrast in lightness (Crameri 2018): for angles.
    pub const ROMA_O: Self = Self::of(&ROMA_O);

    const fn of(knots: &'static [u32]) -> Self {
        Self { knots: Cow::Borrowed(knots) }
    }

    /// A map through colours at equal distances; without any all is black.
    pub fn new(colors: &[Color]) -> Self {
        let number = |[r, g, b]: &Color| u32::from_be_bytes([0, *r, *g, *b]);
        Self { knots: colors.iter().map(number).collect() }
    }

    /// The colour of a number; those beyond 0 and 1 have the colours of the ends, and NaN that of 0.
    pub fn at(&self, share: f64) -> Color {
        let last = self.knots.len().saturating_sub(1);
        let place = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) * last as f64 };
        let knot = |k: usize| {
            let [_, r, g, b] = self.knots.get(k.min(last)).copied().unwrap_or(0).to_be_bytes();
            [r, g, b]
        };
        let below = place.floor();
        mixed(knot(below as usize), knot(below as usize + 1), place - below)
    }

    /// The same colours the other way round.
    pub fn reversed(&self) -> Self {
        Self { knots: self.knots.iter().rev().copied().collect() }
    }
}

const VIRIDIS: [u32; 33] = [
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453781, 0x424086, 0x3e4989, 0x3b528b,
    0x375b8d, 0x33638d, 0x2f6b8e, 0x2c728e, 0x297a8e, 0x26828e, 0x23898e, 0x21918c, 0x1f988b,
    0x1fa088, 0x22a785, 0x28ae80, 0x32b67a, 0x3fbc73, 0x4ec36b, 0x5ec962, 0x70cf57, 0x84d44b,
    0x98d83e, 0xaddc30, 0xc2df23, 0xd8e219, 0xece51b, 0xfde725,
];

const VIK: [u32; 33] = [
    0x001261, 0x021f69, 0x022b71, 0x023779, 0x034481, 0x055189, 0x0c5e92, 0x1c6d9c, 0x307da6,
    0x488db2, 0x619ebd, 0x7aaec8, 0x94bed2, 0xadcddd, 0xc6dbe6, 0xdee6e9, 0xece5e0, 0xeed9cd,
    0xe9cab8, 0xe2baa2, 0xdbaa8d, 0xd59b79, 0xcf8c66, 0xc97e53, 0xc27041, 0xbc622f, 0xb2511d,
    0xa33e0d, 0x912d06, 0x811f06, 0x731406, 0x650907, 0x590008,
];

const BERLIN: [u32; 33] = [
    0x9eb0ff, 0x8caef6, 0x79abed, 0x65a7e2, 0x519fd3, 0x4194c1, 0x3685ad, 0x2e7699, 0x286886,
    0x225973, 0x1d4b61, 0x183d4f, 0x14303e, 0x11242e, 0x111a20, 0x121214, 0x190c09, 0x220c02,
    0x2b0e01, 0x351000, 0x411201, 0x4d1602, 0x5b1d08, 0x6c2711, 0x7d341e, 0x8e422e, 0x9e513f,
    0xae6051, 0xbe6f63, 0xce7f76, 0xdf8f89, 0xf09f9c, 0xffadad,
];

const ROMA_O: [u32; 33] = [
    0x733957, 0x79384c, 0x7e3942, 0x843d3a, 0x8b4433, 0x924d2f, 0x99582c, 0xa2662c, 0xaa752f,
    0xb48636, 0xbd9842, 0xc6aa52, 0xcfbc66, 0xd4cb7b, 0xd6d790, 0xd3dea3, 0xcbe1b3, 0xbfe1bf,
    0xafdcc8, 0x9dd5cd, 0x8bcbcf, 0x78bece, 0x68b1cb, 0x5ca2c6, 0x5393bf, 0x4f84b7, 0x4f75ac,
    0x53669f, 0x595891, 0x604c81, 0x674372, 0x6d3d64, 0x733957,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness as the eye sees it (CIE 1976 L*).
    fn lightness(color: Color) -> f64 {
        let linear = color.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        let luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        116.0 * luminance.cbrt() - 16.0
    }

    fn lightnesses(map: &ColorMap) -> Vec<f64> {
        (0..=100).map(|k| lightness(map.at(f64::from(k) / 100.0))).collect()
    }

    #[test]
    fn lightness_says_what_colour_says() {
        let steps = |of: &[f64]| of.windows(2).map(|p| p[1] - p[0]).collect::<Vec<f64>>();
        // Rounding to bytes moves the lightness by less than half a unit.
        let sequential = steps(&lightnesses(&ColorMap::VIRIDIS));
        assert!(sequential.iter().all(|step| (0.3..1.4).contains(step)), "{sequential:?}");
        for (map, sign) in [(ColorMap::VIK, 1.0), (ColorMap::BERLIN, -1.0)] {
            let (up, down) = (steps(&lightnesses(&map)[..49]), steps(&lightnesses(&map)[51..]));
            assert!(up.iter().all(|step| sign * step > -0.5), "{up:?}");
            assert!(down.iter().all(|step| sign * step < 0.5), "{down:?}");
        }
        assert_eq!(ColorMap::ROMA_O.at(0.0), ColorMap::ROMA_O.at(1.0));
    }

    #[test]
    fn every_number_has_a_colour() {
        let ends = ColorMap::new(&[[0, 0, 0], [200, 100, 50]]);
        assert_eq!(ends.at(0.5), [100, 50, 25]);
        assert_eq!((ends.at(-3.0), ends.at(f64::INFINITY)), ([0, 0, 0], [200, 100, 50]));
        assert_eq!(ends.at(f64::NAN), [0, 0, 0]);
        assert_eq!(ends.reversed().at(0.0), [200, 100, 50]);
        assert_eq!(ColorMap::new(&[]).at(0.3), [0, 0, 0]);
    }
}

//! The one place for colours, sizes of letters, and distances.

use super::ink::Color;
use super::maps::ColorMap;

/// How pictures look. Sizes are in [units](super::Canvas::unit): they grow with the picture.
///
/// ```no_run
/// use liouville::plot::{Style, Theme};
/// use liouville::prelude::*;
///
/// let moons = data::two_moons(0.1);
/// let night = Theme { background: [0, 0, 0], ..Theme::dark() };
/// plot::density::<f64>(&moons).with(Style::new().theme(night)).save("night.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// The ground.
    pub background: Color,
    /// Titles and captions.
    pub ink: Color,
    /// Numbers at axes, and what is said in passing.
    pub soft: Color,
    /// Borders, ticks, and lines to compare with.
    pub axis: Color,
    /// Lines behind the data.
    pub grid: Color,
    /// Colours in turn, told apart by most people.
    pub series: Vec<Color>,
    /// For what has a zero and grows, such as a density.
    pub sequential: ColorMap,
    /// For what has two directions, such as a difference.
    pub diverging: ColorMap,
    /// For angles.
    pub cyclic: ColorMap,
    /// The size of titles.
    pub title: f64,
    /// The size of captions at axes.
    pub label: f64,
    /// The size of numbers at axes and of legends.
    pub number: f64,
    /// The width of curves.
    pub line: f64,
    /// The distance between things that belong apart.
    pub gap: f64,
}

/// Colours that are told apart by most people (Okabe and Ito 2008).
const OKABE_ITO: [Color; 7] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [86, 180, 233],
    [230, 159, 0],
    [110, 110, 118],
];

impl Theme {
    /// Dark letters on white.
    pub fn light() -> Self {
        Self {
            background: [255, 255, 255],
            ink: [32, 32, 40],
            soft: [72, 72, 82],
            axis: [130, 130, 140],
            grid: [232, 232, 236],
            series: OKABE_ITO.to_vec(),
            sequential: ColorMap::VIRIDIS,
            diverging: ColorMap::VIK,
            cyclic: ColorMap::ROMA_O,
            title: 25.0,
            label: 22.0,
            number: 19.0,
            line: 2.4,
            gap: 14.0,
        }
    }

    /// Light letters on near-black.
    pub fn dark() -> Self {
        Self {
            background: [18, 19, 24],
            ink: [236, 236, 240],
            soft: [186, 187, 196],
            axis: [120, 122, 134],
            grid: [46, 48, 57],
            series: vec![
                [86, 180, 233],
                [240, 140, 60],
                [40, 190, 145],
                [222, 146, 188],
                [240, 200, 70],
                [140, 150, 240],
                [160, 160, 168],
            ],
            diverging: ColorMap::BERLIN,
            ..Self::light()
        }
    }

    /// The colour of the k-th series.
    pub fn series(&self, k: usize) -> Color {
        self.series.get(k % self.series.len().max(1)).copied().unwrap_or(self.ink)
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::light()
    }
}

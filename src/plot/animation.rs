//! Pictures one after another, as GIF or APNG.

use std::path::Path;

use super::canvas::{Canvas, Pixels};
use super::output::{Film, Style, check_size, paint};
use super::picture::Picture;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::plot::canvas::Area;

/// More pixels in all frames together are not kept.
const MOST_PIXELS: f64 = 200_000_000.0;

/// Pictures one after another; made by [`animation`].
pub struct Animation<'a> {
    frames: Vec<Box<dyn Picture + 'a>>,
    rate: f64,
    plays: Option<u16>,
    style: Style,
    size: Option<(u32, u32)>,
}

/// An animation of pictures, which are drawn in the size and the style of the first.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let turning = (0..60).map(|k| {
///     let t = f64::from(k) / 10.0;
///     plot::field(move |_, x| [x[1] * t.cos(), -x[0] * t.sin()]).size(480, 480)
/// });
/// plot::animation(turning).frames_per_second(20.0).save("turning.gif")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn animation<'a, P: Picture + 'a>(frames: impl IntoIterator<Item = P>) -> Animation<'a> {
    let frames: Vec<Box<dyn Picture + 'a>> =
        frames.into_iter().map(|frame| Box::new(frame) as Box<dyn Picture + 'a>).collect();
    let style = frames.first().map_or_else(Style::new, |first| first.style());
    Animation { frames, rate: 20.0, plays: None, style, size: None }
}

impl Animation<'_> {
    /// How many pictures are shown in a second. Default: 20.
    pub fn frames_per_second(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// How often the whole is shown. Default: again and again.
    pub fn plays(mut self, times: u16) -> Self {
        self.plays = Some(times);
        self
    }

    /// The theme and the scale of all frames.
    pub fn with(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Width and height in pixels. Default: those of the first frame.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }

    /// Writes the animation, as GIF or APNG by the ending of the name: `.gif`, or `.png` and `.apng`. The
    /// file appears complete or not at all.
    ///
    /// # Errors
    ///
    /// As [`Picture::save`], if there is no frame, the rate is not positive, or the frames have too many
    /// pixels together.
    pub fn save<F: AsRef<Path>>(&self, path: F) -> Result<()> {
        Film::check(path.as_ref())?;
        if !(0.02..=1000.0).contains(&self.rate) || self.plays == Some(0) {
            return Err(Error::setting(format!(
                "an animation of {} frames a second, shown {} times: give a rate from 0.02 to 1000, and once \
                 or more",
                shown::number(self.rate),
                self.plays.map_or("any".to_string(), |plays| plays.to_string())
            )));
        }
        let frames = self.painted()?;
        let (ground, seconds) = (self.style.theme.background, 1.0 / self.rate);
        Film { frames, ground, seconds, plays: self.plays }.save(path.as_ref())
    }

    fn painted(&self) -> Result<Vec<Pixels>> {
        let Some(first) = self.frames.first() else {
            return Err(Error::empty("there is no frame to show: give one picture or more"));
        };
        let size = self.size.unwrap_or_else(|| first.size());
        let pixels = check_size(size, self.style.scale)?;
        let all = f64::from(pixels.0) * f64::from(pixels.1) * self.frames.len() as f64;
        if all > MOST_PIXELS {
            return Err(Error::setting(format!(
                "{} of {} x {} pixels are too many to keep: give fewer or smaller ones",
                shown::count(self.frames.len(), "frame"),
                pixels.0,
                pixels.1
            )));
        }
        let area = Area::new([0.0; 2], [f64::from(size.0), f64::from(size.1)]);
        let paint_one = |frame: &dyn Picture| {
            let mut canvas = Canvas::new(self.style.theme.clone(), area);
            frame.draw(&mut canvas, area)?;
            paint(&canvas, pixels, self.style.scale)
        };
        self.frames.iter().map(|frame| paint_one(frame)).collect()
    }
}

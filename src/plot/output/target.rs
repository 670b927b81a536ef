//! Where a picture goes, by the ending of a name, and sizes that can be painted.

use std::io::Write;
use std::path::Path;

use super::png;
use super::raster::paint;
use super::style::Style;
use super::svg::svg;
use crate::error::{Error, Result};
use crate::files::WholeFile;
use crate::plot::canvas::Canvas;

/// More pixels than this are not painted: they would take a gigabyte.
const MOST_PIXELS: f64 = 80_000_000.0;

/// A file for a picture.
pub(in crate::plot) struct Target<'a> {
    path: &'a Path,
    is_svg: bool,
}

impl<'a> Target<'a> {
    /// An error for endings that are not known.
    pub fn new(path: &'a Path) -> Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
        match ending.as_deref() {
            Some("png") => Ok(Self { path, is_svg: false }),
            Some("svg") => Ok(Self { path, is_svg: true }),
            _ => Err(Error::setting(format!(
                "cannot draw {}: give it a name that ends in .png or .svg",
                path.display()
            ))),
        }
    }

    /// Writes a canvas of a size in pixels; the file appears complete or not at all.
    pub fn write(&self, canvas: &Canvas, size: (u32, u32), style: &Style) -> Result<()> {
        let bytes = match self.is_svg {
            true => {
                check_size(size, 1.0)?;
                svg(canvas, size)?.into_bytes()
            }
            false => {
                let pixels = check_size(size, style.scale)?;
                png::encoded(&paint(canvas, pixels, style.scale)?)?
            }
        };
        write_whole(self.path, &bytes)
    }
}

/// Writes a file that appears complete or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes).map_err(|cause| Error::file(path, "write", cause))?;
    file.commit()
}

/// The size in pixels at a scale, or an error for one that cannot be painted.
pub(in crate::plot) fn check_size((width, height): (u32, u32), scale: f64) -> Result<(u32, u32)> {
    if !(scale.is_finite() && scale > 0.0) {
        return Err(Error::setting(format!(
            "a scale of {scale}: give a positive number, such as 2 for print"
        )));
    }
    let [wide, high] = [width, height].map(|side| (f64::from(side) * scale).round());
    let most = f64::from(u16::MAX);
    if wide < 1.0 || high < 1.0 || wide > most || high > most || wide * high > MOST_PIXELS {
        return Err(Error::setting(format!(
            "a picture of {wide} x {high} pixels cannot be painted: give 1 to {most} each way, and not more \
             than {MOST_PIXELS} together"
        )));
    }
    Ok((wide as u32, high as u32))
}

//! Pixels as the bytes of a PNG file.

use crate::error::{Error, Result};
use crate::plot::canvas::Pixels;

/// The bytes of a PNG file.
pub(super) fn encoded(pixels: &Pixels) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (width, height) = (pixels.columns() as u32, pixels.rows() as u32);
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(pixels.bytes())?;
        writer.finish()
    });
    written
        .map_err(|cause| Error::setting(format!("cannot make a PNG of these pixels: {cause}")))?;
    Ok(bytes)
}

//! Animations as GIF and APNG: all frames in one palette, and of each only what has changed.

use std::borrow::Cow;
use std::path::Path;

use super::palette::Palette;
use super::target::write_whole;
use crate::error::{Error, Result};
use crate::plot::canvas::{Color, Pixels};

/// The index of what does not change.
const SAME: u8 = 255;

/// Frames of one size that follow each other.
pub(in crate::plot) struct Film {
    pub frames: Vec<Pixels>,
    pub ground: Color,
    pub seconds: f64,
    pub plays: Option<u16>,
}

/// The part of a frame that differs from the one before.
struct Patch {
    corner: [usize; 2],
    size: [usize; 2],
    indices: Vec<u8>,
}

/// Which kind of file holds the frames.
#[derive(Clone, Copy)]
enum Kind {
    Gif,
    Apng,
}

/// The kind by the ending of a name.
fn kind_of(path: &Path) -> Result<Kind> {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    match ending.as_deref() {
        Some("gif") => Ok(Kind::Gif),
        Some("png" | "apng") => Ok(Kind::Apng),
        _ => Err(Error::setting(format!(
            "cannot write the animation {}: give it a name that ends in .gif, .png or .apng",
            path.display()
        ))),
    }
}

impl Film {
    /// An error for a name whose ending is no animation's.
    pub fn check(path: &Path) -> Result<()> {
        kind_of(path).map(|_| ())
    }

    /// Writes all frames; the file appears complete or not at all.
    pub fn save(&self, path: &Path) -> Result<()> {
        let kind = kind_of(path)?;
        let palette = Palette::of(self.ground, self.frames.iter().flat_map(Pixels::colors));
        let patches = self.patches(&palette);
        let encoded = match kind {
            Kind::Gif => self.gif(&palette, &patches).map_err(|cause| cause.to_string()),
            Kind::Apng => self.apng(&palette, &patches).map_err(|cause| cause.to_string()),
        };
        let bytes = encoded
            .map_err(|cause| Error::setting(format!("cannot encode the frames: {cause}")))?;
        write_whole(path, &bytes)
    }

    fn size(&self) -> [usize; 2] {
        self.frames.first().map_or([0; 2], |frame| [frame.columns(), frame.rows()])
    }

    fn patches(&self, palette: &Palette) -> Vec<Patch> {
        let mut before: Option<Vec<u8>> = None;
        let mut patches = Vec::with_capacity(self.frames.len());
        for frame in &self.frames {
            let now: Vec<u8> = frame.colors().iter().map(|color| palette.index(*color)).collect();
            patches.push(match &before {
                None => Patch { corner: [0; 2], size: self.size(), indices: now.clone() },
                Some(before) => changed(before, &now, frame.columns()),
            });
            before = Some(now);
        }
        patches
    }

    fn gif(
        &self,
        palette: &Palette,
        patches: &[Patch],
    ) -> std::result::Result<Vec<u8>, gif::EncodingError> {
        let mut bytes = Vec::new();
        let [width, height] = self.size().map(|side| side as u16);
        let mut encoder =
            gif::Encoder::new(&mut bytes, width, height, palette.colors.as_flattened())?;
        encoder.set_repeat(match self.plays {
            None => gif::Repeat::Infinite,
            Some(plays) => gif::Repeat::Finite(plays.saturating_sub(1)),
        })?;
        // Times are rounded to hundredths of a second, two at least: shorter ones are not kept by viewers.
        let at = |k: usize| (100.0 * self.seconds * k as f64).round() as u64;
        for (k, patch) in patches.iter().enumerate() {
            encoder.write_frame(&gif::Frame {
                delay: (at(k + 1) - at(k)).clamp(2, 60_000) as u16,
                dispose: gif::DisposalMethod::Keep,
                transparent: Some(SAME),
                left: patch.corner[0] as u16,
                top: patch.corner[1] as u16,
                width: patch.size[0] as u16,
                height: patch.size[1] as u16,
                buffer: Cow::Borrowed(&patch.indices),
                ..gif::Frame::default()
            })?;
        }
        drop(encoder);
        Ok(bytes)
    }

    fn apng(
        &self,
        palette: &Palette,
        patches: &[Patch],
    ) -> std::result::Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let [width, height] = self.size().map(|side| side as u32);
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        let mut colors = palette.colors.clone();
        colors.resize(usize::from(SAME) + 1, [0; 3]);
        encoder.set_palette(colors.as_flattened().to_vec());
        encoder.set_trns([vec![255; usize::from(SAME)], vec![0]].concat());
        encoder.set_animated(patches.len() as u32, u32::from(self.plays.unwrap_or(0)))?;
        let mut writer = encoder.write_header()?;
        writer
            .set_frame_delay((1000.0 * self.seconds).round().clamp(1.0, 60_000.0) as u16, 1000)?;
        writer.set_blend_op(png::BlendOp::Over)?;
        writer.set_dispose_op(png::DisposeOp::None)?;
        for patch in patches {
            writer.reset_frame_position()?;
            writer.set_frame_dimension(patch.size[0] as u32, patch.size[1] as u32)?;
            writer.set_frame_position(patch.corner[0] as u32, patch.corner[1] as u32)?;
            writer.write_image_data(&patch.indices)?;
        }
        writer.finish()?;
        Ok(bytes)
    }
}

/// The least rectangle that holds all changes; one pixel where there is none.
fn changed(before: &[u8], now: &[u8], columns: usize) -> Patch {
    let differ = |row: usize| {
        let line = row * columns..(row + 1) * columns;
        let pairs = before[line.clone()].iter().zip(&now[line]);
        pairs.enumerate().filter(|(_, (a, b))| a != b).map(|(column, _)| column)
    };
    let rows = now.len() / columns.max(1);
    let (mut corner, mut end) = ([columns, rows], [0, 0]);
    for row in 0..rows {
        let mut places = differ(row);
        if let Some(first) = places.next() {
            let last = places.next_back().unwrap_or(first);
            corner = [corner[0].min(first), corner[1].min(row)];
            end = [end[0].max(last + 1), row + 1];
        }
    }
    if end == [0, 0] {
        (corner, end) = ([0, 0], [1, 1]);
    }
    let index = |k: usize| if before[k] == now[k] { SAME } else { now[k] };
    let line = |row: usize| (row * columns + corner[0]..row * columns + end[0]).map(index);
    let indices = (corner[1]..end[1]).flat_map(line).collect();
    Patch { corner, size: [end[0] - corner[0], end[1] - corner[1]], indices }
}

//! Animations, drawing areas of plotters, scales and themes show the picture that was drawn.

use std::fs;
use std::path::PathBuf;

use liouville::plot::plotters::prelude::{BitMapBackend, IntoDrawingArea};
use liouville::plot::{Area, Canvas, Color, Picture, Pixels, Stroke, Style, Theme};
use liouville::prelude::*;

/// A disc that wanders over a ground of two halves.
struct Wanderer(f64);

impl Picture for Wanderer {
    fn size(&self) -> (u32, u32) {
        (120, 80)
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> liouville::Result<()> {
        let half = Area { right: area.middle()[0], ..area };
        canvas.fill(half, canvas.theme().grid);
        let [left, top] = [area.left + 20.0 + 10.0 * self.0, area.top + 40.0];
        canvas.dot([left, top], 40.0, canvas.theme().series(1));
        let stroke = Stroke::new(canvas.theme().ink).width(6.0);
        canvas.line(vec![[left, top], [60.0, 5.0]], stroke);
        Ok(())
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The mean distance of two images, in steps of a byte.
fn distance(found: &[Color], expected: &[Color]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.as_flattened().iter().zip(expected.as_flattened());
    let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / (3 * found.len()) as f64
}

/// A part of an image that is laid over what was there; 255 is transparent.
fn lay(image: &mut [Color], palette: &[u8], place: [usize; 4], indices: &[u8]) {
    let [left, top, width, _] = place;
    for (k, index) in indices.iter().enumerate().filter(|(_, index)| **index != 255) {
        let color = &palette[3 * usize::from(*index)..][..3];
        image[(top + k / width) * 120 + left + k % width].copy_from_slice(color);
    }
}

fn frames_of_gif(path: &PathBuf) -> Vec<Vec<Color>> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    let mut decoder = options.read_info(fs::File::open(path).expect("there")).expect("a GIF");
    assert_eq!((decoder.width(), decoder.height()), (120, 80));
    let palette = decoder.global_palette().expect("one palette").to_vec();
    let mut image = vec![[0; 3]; 120 * 80];
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().expect("a frame") {
        assert!(frame.palette.is_none() && frame.delay == 10);
        let place = [frame.left, frame.top, frame.width, frame.height].map(usize::from);
        lay(&mut image, &palette, place, &frame.buffer);
        frames.push(image.clone());
    }
    frames
}

fn frames_of_png(path: &PathBuf) -> Vec<Vec<Color>> {
    let file = std::io::BufReader::new(fs::File::open(path).expect("there"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG");
    let palette = reader.info().palette.clone().expect("a palette").to_vec();
    let control = reader.info().animation_control.expect("animated");
    assert_eq!(control.num_plays, 3);
    let mut image = vec![[0; 3]; 120 * 80];
    let mut frames = Vec::new();
    for _ in 0..control.num_frames {
        let mut indices = vec![0; 120 * 80];
        reader.next_frame(&mut indices).expect("a frame");
        let frame = *reader.info().frame_control().expect("its place");
        let place = [frame.x_offset, frame.y_offset, frame.width, frame.height];
        let place = place.map(|value| value as usize);
        lay(&mut image, &palette, place, &indices[..place[2] * place[3]]);
        frames.push(image.clone());
    }
    frames
}

#[test]
fn animations_hold_every_frame() {
    let film = plot::animation((0..8).map(|k| Wanderer(f64::from(k)))).frames_per_second(10.0);
    film.save(path("wanderer.gif")).expect("written");
    film.plays(3).save(path("wanderer.apng")).expect("written");
    for frames in [frames_of_gif(&path("wanderer.gif")), frames_of_png(&path("wanderer.apng"))] {
        assert_eq!(frames.len(), 8);
        for (k, frame) in frames.iter().enumerate() {
            let drawn = Wanderer(k as f64).to_rgb().expect("drawn");
            let off = distance(frame, drawn.colors());
            assert!(off < 0.5, "frame {k}: {off}");
        }
    }
}

#[test]
fn animations_that_cannot_be_are_named() {
    let film = || plot::animation([Wanderer(0.0)]);
    let error = film().save(path("wanderer.mp4")).expect_err("no such kind");
    assert!(error.is_setting() && error.to_string().contains(".gif"), "{error}");
    let none = plot::animation(Vec::<Wanderer>::new()).save(path("none.gif"));
    assert!(none.expect_err("no frame").is_empty());
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = film().frames_per_second(rate).save(path("rate.gif")).expect_err("no rate");
        assert!(error.is_setting(), "{error}");
    }
    assert!(film().plays(0).save(path("never.gif")).expect_err("never").is_setting());
}

/// What plotters paints with the backend of its own.
fn painted_by_plotters(picture: &impl Picture) -> Vec<Color> {
    let mut bytes = vec![0; 3 * 120 * 80];
    {
        let root = BitMapBackend::with_buffer(&mut bytes, (120, 80)).into_drawing_area();
        picture.draw_on(&root).expect("drawn");
        root.present().expect("painted");
    }
    bytes.as_chunks::<3>().0.to_vec()
}

#[test]
fn drawing_areas_of_plotters_take_pictures() {
    let drawn = Wanderer(2.0).to_rgb().expect("drawn");
    // Edges are sharp in one and smooth in the other.
    let off = distance(&painted_by_plotters(&Wanderer(2.0)), drawn.colors());
    assert!(off < 6.0, "{off}");
    let normal = StandardNormal::new(2);
    let picture = plot::density::<f64>(&normal).resolution(12).title("normal").size(120, 80);
    let off = distance(&painted_by_plotters(&picture), picture.to_rgb().expect("drawn").colors());
    assert!(off < 12.0, "{off}");
}

/// Means over squares of pixels.
fn halved(image: &Pixels) -> Vec<Color> {
    let (columns, rows) = (image.columns() / 2, image.rows() / 2);
    let mean = |k: usize| {
        let corner = 2 * (k / columns) * image.columns() + 2 * (k % columns);
        let four = [corner, corner + 1, corner + image.columns(), corner + image.columns() + 1];
        [0, 1, 2]
            .map(|c| (four.iter().map(|i| u32::from(image.colors()[*i][c])).sum::<u32>() / 4) as u8)
    };
    (0..columns * rows).map(mean).collect()
}

#[test]
fn a_scale_makes_the_same_picture_larger() {
    let large = Wanderer(3.0).with(Style::new().scale(2.0)).to_rgb().expect("drawn");
    assert_eq!((large.columns(), large.rows()), (240, 160));
    let off = distance(&halved(&large), Wanderer(3.0).to_rgb().expect("drawn").colors());
    assert!(off < 1.0, "{off}");
    for scale in [0.0, -1.0, f64::NAN, 1e9] {
        assert!(Wanderer(0.0).with(Style::new().scale(scale)).to_rgb().is_err(), "{scale}");
    }
}

#[test]
fn themes_change_the_ground_and_panels_may_differ() {
    let dark = Theme::dark().background;
    let picture = Wanderer(0.0).with(Style::new().theme(Theme::dark()));
    assert_eq!(picture.to_rgb().expect("drawn").colors()[119], dark);
    let both = plot::panels().add(Wanderer(0.0)).add(picture).to_rgb().expect("drawn");
    assert_eq!((both.colors()[119], both.colors()[239]), (Theme::light().background, dark));
}

//! Pictures of curves, and one that is not in the crate.

use std::path::Path;

use liouville::plot::{Area, Axes, Axis, Canvas, Ink, Stroke};
use liouville::prelude::*;

use super::toys::Toys;

/// The curve of Lissajous with these frequencies.
struct Lissajous([f64; 2]);

impl Picture for Lissajous {
    fn size(&self) -> (u32, u32) {
        (480, 480)
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> liouville::Result<()> {
        let axis = |name: &str| Ok::<_, liouville::Error>(Axis::linear(-1.1, 1.1)?.label(name));
        let frame = Axes::new(axis("x")?, axis("y")?).title("Lissajous").place(canvas, area)?;
        frame.draw_grid(canvas);
        let turn = |k: i32| std::f64::consts::TAU * f64::from(k) / 600.0;
        let points: Vec<_> = (0..=600).map(|k| self.0.map(|rate| (rate * turn(k)).sin())).collect();
        let color = canvas.theme().series(0);
        frame.draw_polygon(canvas, &points, Ink::new(color).alpha(0.2));
        frame.draw_line(canvas, &points, Stroke::new(color).width(2.0));
        frame.finish(canvas)
    }
}

pub fn own(_: &Toys, file: &Path) -> liouville::Result<()> {
    // `impl Picture for Lissajous` has a size, and draws into an area of a canvas.
    Lissajous([3.0, 4.0]).save(file)
}

pub fn curves(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let (steps, losses) = toys.report.curve(|step| step.loss);
    let (checked, held_out) = toys.report.held_out_curve();
    let picture = plot::curves().line("mini-batch", &steps, &losses);
    let picture = picture.points("held out", &checked, &held_out);
    picture.axis_labels("step", "nats per sample").save(file)
}

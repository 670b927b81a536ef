//! One density less another, in colours of two directions.

use std::sync::OnceLock;

use super::ask::{check_planar, log_densities};
use super::heat::{fine, heat_map};
use super::mass::find_mass;
use super::sheet::{Budget, Sheet};
use crate::density::Density;
use crate::error::Result;
use crate::plot::axes::{Axes, ColorBar, Plane, Range, Steps, plane_words};
use crate::plot::canvas::{Area, Canvas, Margins};
use crate::plot::picture::Picture;
use crate::real::Real;

/// A picture of the difference of two densities; made by [`difference`].
pub struct DifferencePicture<'a, T: Real> {
    plane: Plane,
    models: [&'a dyn Density<T>; 2],
    found: OnceLock<Result<[Range; 2]>>,
}

plane_words!(DifferencePicture<'a, T> where ['a, T: Real]);

/// Where the first density is greater than the second, and where it is less, in colours that are equally
/// strong both ways.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let (moons, noisy) = (data::two_moons(0.1), data::two_moons(0.15));
/// plot::difference::<f64>(&moons, &noisy).title("less noise − more").save("difference.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn difference<'a, T: Real>(
    first: &'a dyn Density<T>,
    second: &'a dyn Density<T>,
) -> DifferencePicture<'a, T> {
    let plane = Plane::new("x₁", "x₂");
    DifferencePicture { plane, models: [first, second], found: OnceLock::new() }
}

impl<T: Real> DifferencePicture<'_, T> {
    fn ranges(&self) -> Result<[Range; 2]> {
        let find = || {
            let [a, b] = [find_mass(self.models[0])?, find_mass(self.models[1])?];
            Ok([a[0].joined(b[0]), a[1].joined(b[1])])
        };
        self.found.get_or_init(find).clone()
    }

    fn axes(&self, canvas: &Canvas, top: f64) -> Result<(Axes, ColorBar)> {
        self.models.iter().try_for_each(|model| check_planar(*model))?;
        let top = if top > 1e-280 { top } else { 1.0 };
        let bar = ColorBar::new(canvas.theme().diverging.clone(), [-top, top])?.label("difference");
        Ok((self.plane.axes(|| self.ranges())?.bar(bar.clone()), bar))
    }

    fn ask(&self, points: &[[f64; 2]]) -> Result<Vec<f64>> {
        let [a, b] =
            [log_densities(self.models[0], points)?, log_densities(self.models[1], points)?];
        Ok(a.iter().zip(&b).map(|(a, b)| a.exp() - b.exp()).collect())
    }
}

impl<T: Real> Picture for DifferencePicture<'_, T> {
    fn size(&self) -> (u32, u32) {
        self.plane.size.unwrap_or((1000, 840))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        Ok(self.axes(canvas, 1.0)?.0.margins(canvas, area))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let frame = self.axes(canvas, 1.0)?.0.place(canvas, area)?;
        let (ranges, fine) = (frame.ranges(), fine(frame.inner()));
        let [x, y] = [0, 1].map(|k| Range::given(["x", "y"][k], Steps::Even, ranges[k]));
        let sheet = Sheet::of(&|points| self.ask(points), [x?, y?], Budget::of(200))?;
        let sheet = sheet.with_columns(fine);
        let (axes, bar) = self.axes(canvas, sheet.top())?;
        let frame = axes.place(canvas, area)?;
        let unknown = canvas.theme().axis;
        frame.draw_image(canvas, heat_map(&sheet, &bar, unknown)?);
        frame.finish(canvas)
    }
}

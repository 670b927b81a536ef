//! How a picture of densities is drawn, panel after panel.

use std::sync::Arc;

use super::ask::log_densities;
use super::contour::joined;
use super::heat;
use super::levels::Levels;
use super::mass::find_mass;
use super::seen::{Seen, Shown};
use super::sheet::{Budget, Sheet};
use super::{DensityPicture, Look, Part, Source};
use crate::error::Result;
use crate::outcome::shown;
use crate::plot::axes::{Axes, Axis, ColorBar, Frame, Legend, Range, Sign, Steps};
use crate::plot::canvas::{Area, Canvas, Ink, Margins, Pixels, Stroke, contrasting};
use crate::plot::picture::Picture;
use crate::plot::samples::{draw_dots, points_of};
use crate::real::Real;

impl<T: Real> Picture for DensityPicture<'_, T> {
    fn size(&self) -> (u32, u32) {
        let panels = self.parts.len() as u32;
        self.plane.size.unwrap_or((120u32.saturating_add(panels.saturating_mul(880)), 840))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        match self.parts.len() {
            1 => Ok(self.barred(canvas)?.margins(canvas, area)),
            _ => Ok(Margins::default()),
        }
    }

    fn brightest(&self, canvas: &mut Canvas, area: Area) -> Result<Option<f64>> {
        let cells = self.cells(canvas, area)?;
        let least = canvas.least_margins();
        canvas.part(cells[0], least, |canvas| Ok(Some(self.seen(canvas, &cells)?.top)))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let cells = self.cells(canvas, area)?;
        let least = canvas.least_margins();
        canvas.part(cells[0], least, |canvas| {
            let seen = self.seen(canvas, &cells)?;
            self.draw_cells(canvas, &cells, &seen)
        })
    }
}

impl<T: Real> DensityPicture<'_, T> {
    /// The axes with room for a bar, if there is one.
    fn barred(&self, canvas: &Canvas) -> Result<Axes> {
        match self.look {
            Look::Nothing => self.axes(),
            _ => Ok(self.axes()?.bar(self.bar(canvas, 1.0)?)),
        }
    }

    /// The panels, all with plots of one size; the last has the bar.
    fn cells(&self, canvas: &mut Canvas, area: Area) -> Result<Vec<Area>> {
        let (axes, barred) = (self.axes()?, self.barred(canvas)?);
        let count = self.parts.len();
        let gap = canvas.theme().gap * canvas.unit();
        let cell = area.cell([count, 1], [0, 0], gap);
        let [with, without] = canvas.part(cell, Margins::default(), |canvas| {
            [barred, axes].map(|axes| axes.margins(canvas, cell).right)
        });
        let rest = area.inset(Margins { right: with - without, ..Margins::default() });
        let mut cells: Vec<Area> = (0..count).map(|k| rest.cell([count, 1], [k, 0], gap)).collect();
        if let Some(last) = cells.last_mut() {
            last.right = area.right;
        }
        Ok(cells)
    }

    /// What is seen in cells of the canvas; what was seen first is kept.
    fn seen(&self, canvas: &Canvas, cells: &[Area]) -> Result<Arc<Seen>> {
        let axes = if cells.len() == 1 { self.barred(canvas)? } else { self.axes()? };
        let frame = axes.place(canvas, cells[0])?;
        let (ranges, fine) = (frame.ranges(), heat::fine(frame.inner()));
        if let Some(seen) =
            self.seen.get().filter(|seen| (seen.ranges, seen.fine) == (ranges, fine))
        {
            return Ok(seen.clone());
        }
        let panels = self.parts.iter().map(|part| self.shown(part, ranges, fine));
        let panels = panels.collect::<Result<Vec<_>>>()?;
        // Bars of few samples are higher than what they were drawn from.
        let top = panels.iter().filter_map(Shown::top).fold(0.0, f64::max);
        let seen = Arc::new(Seen { ranges, fine, panels, top });
        self.seen.set(seen.clone()).ok();
        Ok(seen)
    }

    fn draw_cells(&self, canvas: &mut Canvas, cells: &[Area], seen: &Seen) -> Result<()> {
        let last = cells.len() - 1;
        let bar = self.bar(canvas, seen.top)?;
        for (k, (part, shown)) in self.parts.iter().zip(&seen.panels).enumerate() {
            // What was found for the first panel holds for all.
            let [x, y] = seen.ranges.map(|[from, to]| Axis::linear(from, to));
            let mut axes = self.plane.axes_of([x?, y?]);
            axes = axes.title(part.title.as_deref().unwrap_or(&self.plane.title));
            if k == last && self.look != Look::Nothing {
                axes = axes.bar(bar.clone());
            }
            let frame = axes.fixed().place(canvas, cells[k])?;
            self.draw_part(canvas, &frame, shown, &bar)?;
        }
        Ok(())
    }

    fn shown(&self, part: &Part<'_, T>, ranges: [[f64; 2]; 2], fine: usize) -> Result<Shown> {
        let model = match &part.source {
            Source::Model(model) => *model,
            Source::Points(points) => {
                let (cells, densities) = heat::histogram(&points_of(points), ranges);
                return Ok(Shown::Histogram(cells, densities));
            }
        };
        let ask = |points: &[[f64; 2]]| -> Result<Vec<f64>> {
            Ok(log_densities(model, points)?.into_iter().map(f64::exp).collect())
        };
        let given = |k: usize| Range::given(["x", "y"][k], Steps::Even, ranges[k]);
        let sheet = Sheet::of(&ask, [given(0)?, given(1)?], Budget::of(self.resolution))?;
        let sheet = sheet.with_columns(fine);
        let levels = Levels::of(&ask, &sheet, || find_mass(model), &self.shares)?;
        Ok(Shown::Density(sheet, levels))
    }

    fn draw_part(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        shown: &Shown,
        bar: &ColorBar,
    ) -> Result<()> {
        match shown {
            Shown::Histogram(cells, densities) => {
                let rows = densities.chunks_exact(*cells).rev().flatten();
                let colors = rows.map(|density| bar.color(*density)).collect();
                frame.draw_image(canvas, Pixels::new(*cells, colors)?);
            }
            Shown::Density(sheet, levels) => {
                self.draw_density(canvas, frame, sheet, levels, bar)?;
            }
        }
        frame.finish(canvas)
    }

    fn draw_density(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        sheet: &Sheet,
        found: &Levels,
        bar: &ColorBar,
    ) -> Result<()> {
        let theme = canvas.theme().clone();
        let levels: Vec<f64> = found.levels.iter().flatten().copied().collect();
        let ground = match self.look {
            Look::Heat => {
                frame.draw_image(canvas, heat::heat_map(sheet, bar, theme.axis)?);
                bar.color(0.0)
            }
            Look::Bands => {
                let fine = sheet.clone().with_columns(2 * heat::fine(frame.inner()));
                frame.draw_image(canvas, heat::bands(&fine, &levels, bar, theme.axis)?);
                bar.color(0.0)
            }
            Look::Nothing => theme.background,
        };
        let letters = contrasting(ground);
        let mut legend = Legend::new().always().colors(ground, letters);
        for (name, stroke, levels) in self.contours(found, letters, bar) {
            for points in levels.iter().flat_map(|level| joined(&sheet.grid().contour(*level))) {
                frame.draw_line(canvas, &points, stroke);
            }
            legend = legend.entry(&name, Sign::Line(stroke));
        }
        if sheet.unknown() > 0.0 && self.look != Look::Nothing {
            legend = legend.entry("not computed", Sign::Patch(theme.axis.into()));
        }
        if let Some(samples) = &self.samples {
            draw_dots(canvas, frame, &points_of(samples), Ink::new(letters).alpha(0.55));
        }
        legend.draw(canvas, frame);
        Ok(())
    }

    /// The lines of a density: their name, their look, and the densities along them. Few have a look each,
    /// many have one together.
    fn contours(
        &self,
        found: &Levels,
        letters: [u8; 3],
        bar: &ColorBar,
    ) -> Vec<(String, Stroke, Vec<f64>)> {
        let whole = if found.of_all { "of the mass" } else { "of the mass shown" };
        let named = |shares: &[f64]| {
            let percent = shares.iter().map(|share| shown::number(100.0 * share));
            format!("{}% {whole}", percent.collect::<Vec<_>>().join(", "))
        };
        let pairs = self.shares.iter().zip(&found.levels);
        let mut known: Vec<(f64, f64)> =
            pairs.filter_map(|(s, level)| Some((*s, (*level)?))).collect();
        // Regions that are alike, as those of a flat density, are one: the last.
        known.reverse();
        known.dedup_by(|next, kept| (next.1 / kept.1 - 1.0).abs() < 1e-3);
        known.reverse();
        if self.look == Look::Bands || known.len() > 4 {
            let (shares, levels): (Vec<f64>, Vec<f64>) = known.into_iter().unzip();
            let stroke = Stroke::new(letters).width(1.0).alpha(0.5);
            return if shares.is_empty() { vec![] } else { vec![(named(&shares), stroke, levels)] };
        }
        let last = (known.len() as f64 - 1.0).max(1.0);
        let one = |(k, (share, level)): (usize, (f64, f64))| {
            let rank = k as f64 / last;
            let stroke = match self.look {
                // The end of the colour map that is seen on the ground.
                Look::Nothing => {
                    let end = if letters[0] > 127 { f64::INFINITY } else { 0.0 };
                    Stroke::new(bar.color(end)).width(2.4 - rank)
                }
                _ => Stroke::new(letters).alpha(0.85).width(2.6 - 1.3 * rank),
            };
            (named(&[share]), stroke, vec![level])
        };
        known.into_iter().enumerate().map(one).collect()
    }
}

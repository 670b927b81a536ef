//! Numbers and captions at the outer sides of panels that share their axes.

use crate::error::Result;
use crate::plot::axes::{Axes, Axis, Frame, Range, Steps, fitted, x_ticks, y_ticks};
use crate::plot::canvas::{Anchor, Area, Canvas, Margins, Stroke};

/// Between a panel and its numbers, in units.
const GAP: f64 = 9.0;

/// A panel that fills its area.
pub(super) fn bare(canvas: &Canvas, area: Area, [x, y]: [Range; 2]) -> Result<Frame> {
    Axes::new(Axis::of(x, Steps::Even), Axis::of(y, Steps::Even)).bare().place(canvas, area)
}

/// The room for numbers and captions to the left and below.
pub(super) fn room(canvas: &Canvas, panel: Area, y: Range, [below, beside]: [&str; 2]) -> Margins {
    let (theme, unit) = (canvas.theme(), canvas.unit());
    let line = |text: &str| if text.is_empty() { 0.0 } else { 1.4 * theme.label * unit };
    Margins {
        left: unit * (GAP + 3.0) + widest(canvas, panel, y) + line(beside),
        top: 0.0,
        right: 0.0,
        bottom: unit * (GAP + 1.2 * theme.number) + line(below),
    }
}

fn widest(canvas: &Canvas, panel: Area, y: Range) -> f64 {
    let found = y_ticks(canvas, y, Steps::Even, panel.height()).major;
    found.iter().map(|(_, text)| canvas.text_width(text, canvas.theme().number)).fold(0.0, f64::max)
}

/// Numbers and a caption below a panel; numbers stand in a part of the range, so that those at the ends do not
/// meet those of the next panel.
pub(super) fn draw_below(
    canvas: &mut Canvas,
    panel: Area,
    x: Range,
    part: [f64; 2],
    caption: &str,
) {
    let (theme, unit) = (canvas.theme().clone(), canvas.unit());
    let stroke = Stroke::new(theme.axis).width(1.0);
    let pixels = panel.width() * (part[1] - part[0]);
    let found = x_ticks(canvas, x.part(part), Steps::Even, pixels);
    let down = panel.bottom + unit * (GAP + 0.6 * theme.number);
    for (value, text) in &found.major {
        let at = panel.left + panel.width() * x.share(Steps::Even, *value);
        canvas.line(vec![[at, panel.bottom], [at, panel.bottom + 5.0 * unit]], stroke);
        canvas.text([at, down], text, theme.number, theme.soft, Anchor::Middle);
    }
    let caption = [caption, found.factor.trim()].join(" ");
    let (text, size) = fitted(canvas, caption.trim(), panel.width(), theme.label);
    let down = panel.bottom + unit * (GAP + 1.3 * theme.number + 0.7 * theme.label);
    canvas.text([panel.middle()[0], down], &text, size, theme.ink, Anchor::Middle);
}

/// Numbers and a caption to the left of a panel.
pub(super) fn draw_beside(canvas: &mut Canvas, panel: Area, y: Range, caption: &str) {
    let (theme, unit) = (canvas.theme().clone(), canvas.unit());
    let stroke = Stroke::new(theme.axis).width(1.0);
    let found = y_ticks(canvas, y, Steps::Even, panel.height());
    for (value, text) in &found.major {
        let at = panel.bottom - panel.height() * y.share(Steps::Even, *value);
        canvas.line(vec![[panel.left - 5.0 * unit, at], [panel.left, at]], stroke);
        canvas.text([panel.left - GAP * unit, at], text, theme.number, theme.soft, Anchor::Right);
    }
    let caption = [caption, found.factor.trim()].join(" ");
    let (text, size) = fitted(canvas, caption.trim(), panel.height(), theme.label);
    let left = panel.left - unit * (GAP + 3.0 + 0.7 * theme.label) - widest(canvas, panel, y);
    canvas.text([left, panel.middle()[1]], &text, size, theme.ink, Anchor::MiddleUpward);
}

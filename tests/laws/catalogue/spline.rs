//! Splines of several sizes, on the line and on the circle.

use liouville::flow::transformer::Spline;

/// Splines with their names.
pub fn splines() -> Vec<(&'static str, Spline)> {
    let line = |bins, bound| Spline::new(bins, bound).expect("valid settings");
    let circle = |bins| Spline::circular(bins).expect("valid settings");
    vec![
        ("two bins", line(2, 1.0)),
        ("five bins", line(5, 3.0)),
        ("eight bins, the default", Spline::default()),
        ("forty bins, a wide interval", line(40, 300.0)),
        ("most bins", line(512, 1.0)),
        ("circle, two bins", circle(2)),
        ("circle, eight bins", circle(8)),
    ]
}

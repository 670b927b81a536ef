//! Whatever the numbers, names and sizes: a picture is drawn, or an error says why not.

use liouville::plot::{Aspect, Picture};
use liouville::prelude::*;
use nalgebra::{DMatrix, dvector};
use proptest::prelude::*;

/// Drawn as shapes and, if small, as pixels.
fn drawn_or_refused(picture: &impl Picture) -> Result<(), TestCaseError> {
    let (width, height) = picture.size();
    match picture.to_svg() {
        Ok(text) => {
            prop_assert!(text.ends_with("</svg>\n"));
            for value in text.split('"').skip(1).step_by(2) {
                prop_assert!(value.parse::<f64>().map_or(true, f64::is_finite), "{value}");
                let is_path = value.starts_with('M');
                prop_assert!(
                    !is_path || !(value.contains("NaN") || value.contains("inf")),
                    "{value}"
                );
            }
            if width < 300 && height < 300 {
                prop_assert!(picture.to_rgb().is_ok());
            }
        }
        Err(error) => prop_assert!(
            error.is_setting() || error.is_non_finite() || error.is_empty() || error.is_shape(),
            "{error:?}"
        ),
    }
    Ok(())
}

pub fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0f64,
        1 => proptest::num::f64::ANY,
        1 => (-300i32..300).prop_map(|power| 10f64.powi(power)),
        1 => Just(0.0),
    ]
}

fn size() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![(0u32..260, 0u32..260), (200u32..1500, 200u32..1500)]
}

fn aspect() -> impl Strategy<Value = Aspect> {
    prop_oneof![Just(Aspect::Auto), Just(Aspect::Equal), Just(Aspect::Free)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn samples(
        values in prop::collection::vec(number(), 2..40),
        name in ".{0,60}",
        aspect in aspect(),
        (width, height) in size(),
    ) {
        let points = DMatrix::from_column_slice(2, values.len() / 2, &values[..values.len() / 2 * 2]);
        let picture = plot::samples(&name, &points).axis_labels(&name, "y (m)").aspect(aspect);
        drawn_or_refused(&picture.size(width, height))?;
        let paths = [points.clone(), points];
        let picture = plot::field(|_, x| [x[1], -x[0]]).arrows(4).trajectories(&paths);
        drawn_or_refused(&picture.title(&name).aspect(aspect).size(width, height))?;
    }

    #[test]
    fn curves(
        xs in prop::collection::vec(number(), 1..30),
        ys in prop::collection::vec(number(), 1..30),
        name in ".{0,60}",
        ends in prop::option::of((number(), number())),
        (width, height) in size(),
    ) {
        let count = xs.len().min(ys.len());
        for log in [0, 1, 2] {
            let mut picture = plot::curves()
                .line(&name, &xs[..count], &ys[..count])
                .points("two", &ys[..count], &xs[..count])
                .size(width, height);
            if let Some((from, to)) = ends {
                picture = picture.x_range(from, to);
            }
            picture = match log {
                0 => picture,
                1 => picture.log_y(),
                _ => picture.log_log(),
            };
            drawn_or_refused(&picture)?;
        }
    }

    #[test]
    fn densities(
        ends in [number(), number(), number(), number()],
        shares in prop::collection::vec(0.01..0.99f64, 0..6),
        aspect in aspect(),
        (width, height) in size(),
        kinds in [0usize..7, 0usize..7],
    ) {
        let normal = StandardNormal::new(2);
        let wide = DiagonalNormal::new(dvector![0.5, -1.0], dvector![2.0, 1.5]).expect("valid");
        let [a, b, c, d] = ends;
        let data = DMatrix::from_column_slice(2, 2, &ends);
        let small = || {
            let picture = plot::density::<f64>(&normal).resolution(8).levels(&shares);
            picture.aspect(aspect).size(width, height)
        };
        // Any two of the kinds: every case draws some of them, and all cases all of them many times.
        for kind in kinds {
            let picture = small();
            match kind {
                0 => drawn_or_refused(&picture)?,
                1 => drawn_or_refused(&picture.x_range(a, b))?,
                2 => drawn_or_refused(
                    &picture.lines().x_range(a.min(b), a.max(b)).y_range(c.min(d), c.max(d)),
                )?,
                3 => drawn_or_refused(&picture.beside_data("data", &data).y_range(c, d))?,
                4 => drawn_or_refused(&picture.samples(&data))?,
                5 => drawn_or_refused(&picture.filled().x_range(a.min(b), a.max(b)))?,
                _ => {
                    let size = [width.min(200), height.min(200)];
                    let picture = plot::difference::<f64>(&normal, &wide).aspect(aspect);
                    drawn_or_refused(&picture.size(size[0], size[1]))?;
                }
            }
        }
    }

    #[test]
    fn images(
        values in prop::collection::vec(number(), 1..60),
        per_row in 0usize..9,
        (width, height) in size(),
    ) {
        let sheet = DMatrix::from_column_slice(1, values.len(), &values);
        drawn_or_refused(&plot::images("sheet", &sheet).per_row(per_row).size(width, height))?;
        let panels = plot::panels().columns(per_row).add(plot::images("sheet", &sheet));
        drawn_or_refused(&panels.add(plot::curves().line("a", &values, &values).size(width, height)))?;
    }
}

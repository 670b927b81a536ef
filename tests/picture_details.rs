//! Pictures waste nothing: neither room, nor names, nor evaluations.

use std::sync::atomic::{AtomicUsize, Ordering};

use liouville::density::Density;
use liouville::flow::AnyFlow;
use liouville::flow::continuous::Whitening;
use liouville::model::Model;
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector, dmatrix};

/// A normal density that counts how often it is asked.
struct Counting(AtomicUsize);

impl Density<f64> for Counting {
    fn dim(&self) -> usize {
        1
    }

    fn log_prob(&self, points: &DMatrix<f64>) -> liouville::Result<DVector<f64>> {
        self.0.fetch_add(points.ncols(), Ordering::Relaxed);
        StandardNormal::new(1).log_prob(points)
    }
}

#[test]
fn panels_ask_no_more_than_their_pictures() {
    let asked = |draw: &dyn Fn(&Counting)| {
        let density = Counting(AtomicUsize::new(0));
        draw(&density);
        density.0.into_inner()
    };
    let line = |density: &Counting, inside: bool| {
        let picture = plot::line::<f64>(density).size(300, 200);
        let drawn = if inside { plot::panels().add(picture).to_svg() } else { picture.to_svg() };
        drawn.expect("drawn");
    };
    assert_eq!(asked(&|density| line(density, true)), asked(&|density| line(density, false)));
    let family = |density: &Counting, inside: bool| {
        let given = |_| Borrowed(density);
        let picture = plot::conditional::<f64, _>(given, [0.0, 1.0]).size(300, 200);
        let drawn = if inside { plot::panels().add(picture).to_svg() } else { picture.to_svg() };
        drawn.expect("drawn");
    };
    assert_eq!(asked(&|density| family(density, true)), asked(&|density| family(density, false)));
}

struct Borrowed<'a>(&'a Counting);

impl Density<f64> for Borrowed<'_> {
    fn dim(&self) -> usize {
        1
    }

    fn log_prob(&self, points: &DMatrix<f64>) -> liouville::Result<DVector<f64>> {
        self.0.log_prob(points)
    }
}

#[test]
fn a_changed_picture_is_drawn_anew() {
    let (normal, wide) = (StandardNormal::new(1), StandardNormal::new(1));
    let picture = plot::line::<f64>(&normal).x_range(-1.0, 1.0);
    let first = picture.to_svg().expect("drawn");
    assert_ne!(picture.clone().x_range(-9.0, 9.0).to_svg().expect("drawn"), first);
    let over = picture.over("the same", &wide).to_svg().expect("drawn");
    assert!(over.contains("the same"));
}

#[test]
fn sheets_of_images_fill_their_pictures() {
    let sheet = DMatrix::from_fn(64, 66, |i, j| ((i * (j + 1)) % 17) as f64);
    for per_row in [3, 6, 11, 22] {
        for groups in 1..=2 {
            let mut picture = plot::images("some", &sheet).per_row(per_row);
            if groups == 2 {
                picture = picture.beside("others", &sheet);
            }
            let (width, height) = Picture::size(&picture);
            let text = picture.to_svg().expect("drawn");
            let number = |part: &str, name: &str| -> f64 {
                let value = part.split(&format!(" {name}=\"")).nth(1).expect("a number");
                value.split('"').next().and_then(|value| value.parse().ok()).expect("a number")
            };
            let images = text.split("<image").skip(1);
            let area: f64 = images.map(|part| number(part, "width") * number(part, "height")).sum();
            let share = area / (f64::from(width) * f64::from(height));
            assert!(share > 0.4, "{per_row} a row, {groups}: {share:.2} of {width} x {height}");
        }
    }
}

#[test]
fn long_names_are_shortened_and_never_left_out() {
    let long = "a name that goes on and on ".repeat(12);
    let (normal, other) = (StandardNormal::new(1), StandardNormal::new(1));
    let picture = plot::line::<f64>(&normal).name(&long).over("other", &other).size(500, 400);
    let text = picture.to_svg().expect("drawn");
    assert!(text.contains(">other<") && text.contains("…"));
    let plane = StandardNormal::new(2);
    let text = plot::density::<f64>(&plane).title(&long).size(500, 400).to_svg().expect("drawn");
    let number = |line: &str, name: &str| -> f64 {
        let value =
            line.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.and_then(|value| value.parse().ok()).expect("a number")
    };
    let line = |word: &str| text.lines().find(|line| line.contains(word)).expect("the text");
    // It ends before the caption of the bar begins: letters are half as wide as they are high, or wider.
    let (title, bar) = (line("…"), line(">density<"));
    let letters = title.split('>').nth(1).and_then(|rest| rest.split('<').next()).expect("a title");
    let half = 0.25 * letters.chars().count() as f64 * number(title, "font-size");
    assert!(number(title, "x") + half < number(bar, "x"), "{title} {bar}");
}

#[test]
fn models_bend_chessboards_as_their_flows_do() {
    let turning = || field::Linear::<f64>::new(dmatrix![0.4, -1.0; 1.0, -0.3]).expect("finite");
    let core = || StandardNormal::new(2).pushed_by(ContinuousFlow::new(turning()));
    let model = Model::new(core()).columns(["left", "right"]).expect("two");
    let density = core();
    let flow = plot::lattice::<f64>(density.flow()).axis_labels("left", "right");
    let (flow, whole) = (flow.to_svg().expect("drawn"), plot::lattice_of(&model));
    assert_eq!(whole.to_svg().expect("drawn"), flow);
    // In units of a table whose spread is ten thousand.
    let data = dmatrix![-1e4, 1e4, 0.0, 0.0; 0.0, 0.0, -1e4, 1e4];
    let units = AnyFlow::new(Whitening::standardising(&data).expect("data"));
    let model =
        Model::new(core()).prepared_by(units).expect("fits").units(["m", "m"]).expect("two");
    for picture in [plot::lattice_of(&model), plot::lattice_of(&model).inverse().log_det()] {
        assert!(picture.to_svg().expect("drawn").contains("x0 [m]"));
    }
    let three = StandardNormal::new(3).pushed_by(ContinuousFlow::new(
        field::Linear::<f64>::new(DMatrix::identity(3, 3)).expect("finite"),
    ));
    assert!(plot::lattice_of(&Model::new(three)).to_svg().expect_err("three").is_shape());
}

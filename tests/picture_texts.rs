//! Pictures as text: SVG without its images, compared to `tests/data/pictures`; `REWRITE_PICTURES=1` writes
//! these files anew.

use std::fs;
use std::path::PathBuf;

use liouville::plot::{Aspect, Picture, Style, Theme};
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix};

/// The text of a picture with the data of images left out: how pixels are packed is no matter of ours.
fn text_of(picture: &impl Picture) -> String {
    let svg = picture.to_svg().expect("drawn");
    let mut parts = svg.split("data:image/png;base64,");
    let mut text = parts.next().expect("a start").to_string();
    for part in parts {
        text.push_str(&part[part.find('"').expect("an end")..]);
    }
    text
}

/// Numbers and what is between them.
fn tokens(text: &str) -> Vec<(Option<f64>, &str)> {
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let number = is_number(first);
        let end = rest.find(|letter| is_number(letter) != number).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        tokens.push((token.parse().ok().filter(|_| number), token));
        rest = after;
    }
    tokens
}

/// Places may differ by what nobody sees: functions of the platform have last bits of their own.
fn alike(found: &str, kept: &str) -> Result<(), String> {
    let (found, kept) = (tokens(found), tokens(kept));
    for (a, b) in found.iter().zip(&kept) {
        let same = match (a.0, b.0) {
            (Some(x), Some(y)) => (x - y).abs() <= 0.11,
            _ => a.1 == b.1,
        };
        if !same {
            return Err(format!("`{}` in place of `{}`", a.1, b.1));
        }
    }
    match found.len() == kept.len() {
        true => Ok(()),
        false => Err(format!("{} words in place of {}", found.len(), kept.len())),
    }
}

pub fn check(name: &str, picture: &impl Picture) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/pictures");
    let path = folder.join(format!("{name}.svg"));
    let found = text_of(picture);
    if std::env::var_os("REWRITE_PICTURES").is_some() {
        fs::create_dir_all(&folder).expect("writable");
        fs::write(&path, &found).expect("writable");
    }
    let kept = fs::read_to_string(&path).expect("the text of the picture");
    if let Err(difference) = alike(&found, &kept) {
        panic!("{name}: {difference}; REWRITE_PICTURES=1 keeps what is drawn now");
    }
}

fn points() -> DMatrix<f64> {
    dmatrix![-1.0, -0.4, 0.1, 0.7, 1.2, f64::NAN; 0.3, 0.9, -0.2, 0.4, 1.1, 0.0]
}

#[test]
fn densities_are_drawn_as_before() {
    let normal = StandardNormal::new(2);
    let picture = || plot::density::<f64>(&normal).resolution(16).size(420, 340);
    check("density", &picture().title("normal"));
    check("density_cut", &picture().x_range(0.0, 3.0).y_range(0.01, 0.99));
    check("density_lines", &picture().lines().levels(&[0.5]));
    check("density_beside", &picture().beside_data("data", &points()).size(760, 340));
    let dark = Style::new().theme(Theme::dark());
    let wide = data::rings(&[1.0], 0.3);
    check("difference", &plot::difference::<f64>(&wide, &normal).size(420, 340).with(dark));
}

#[test]
fn other_pictures_are_drawn_as_before() {
    check("samples", &plot::samples("some", &points()).beside("again", &points()).size(600, 320));
    let own = plot::samples("of own units", &points()).aspect(Aspect::Free);
    check("samples_free", &own.axis_labels("length (mm)", "ζ < 1 & µ").size(420, 300));
    let xs: Vec<f64> = (1..20).map(f64::from).collect();
    let ys: Vec<f64> = xs.iter().map(|x| 3.0 / x).collect();
    let curve = || plot::curves().axis_labels("step", "loss").size(420, 300);
    check("curve", &curve().line("alone", &xs, &ys));
    let both = curve().line("one", &xs, &ys).points("two", &xs, &xs).guide(
        "ten",
        &[1.0, 19.0],
        &[10.0; 2],
    );
    check("curves_log", &both.log_log().title("two curves"));
    let paths = [points(), 1.5 * points()];
    check(
        "field",
        &plot::field(|_, x| [x[1], -x[0]]).arrows(6).trajectories(&paths).size(320, 300),
    );
    let sheet = DMatrix::from_fn(6, 5, |i, j| (i * j) as f64);
    check("images", &plot::images("six pixels", &sheet).shape(2, 3).per_row(5).size(420, 160));
    let (normal, some) = (StandardNormal::new(2), points());
    let panels = plot::panels()
        .add(plot::density::<f64>(&normal).resolution(12).size(380, 300))
        .add(plot::samples("some", &some));
    check("panels", &panels);
}

//! Pictures of flows and samples: complete, the same every time, and typed errors in place of panics.

use std::fs;
use std::path::PathBuf;

use liouville::model::Model;
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::picture_texts::check;

type Pendulum = Pushforward<StandardNormal, ContinuousFlow<field::Linear<f64>>>;

/// A normal density that is turned and drawn out.
fn turned() -> Pendulum {
    let field = field::Linear::new(dmatrix![0.4, -1.0; 1.0, -0.3]).expect("finite");
    StandardNormal::new(2).pushed_by(ContinuousFlow::new(field))
}

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&path).ok();
    fs::create_dir_all(&path).expect("writable");
    path
}

/// The text of a picture, drawn twice.
fn same_twice(what: &str, picture: &impl Picture) -> String {
    let [a, b] = [0, 1].map(|_| picture.to_svg().unwrap_or_else(|error| panic!("{what}: {error}")));
    assert_eq!(a, b, "{what} differs from one time to the next");
    a
}

fn says(text: &str, all: &[&str]) {
    for word in all {
        assert!(text.contains(word), "{word} is missing");
    }
}

#[test]
fn pictures_of_flows_say_what_they_show_and_are_the_same_every_time() {
    let model = turned();
    let field = plot::field_of::<f64>(&model).time(0.5).streamlines().speed();
    says(&same_twice("field", &field.title("a field")), &["a field", "speed", "x₁"]);
    let over = plot::field_of::<f64>(&model).time(1.0).over_evolving::<f64>(&model);
    says(&same_twice("over a density", &over), &["density", "x₂"]);
    let ways = plot::trajectories::<f64>(&model).count(20).title("ways");
    says(&same_twice("trajectories", &ways), &["ways", "time", "start", "end"]);
    let strip = plot::filmstrip::<f64>(&model).times(&[0.0, 0.25, 1.0]).samples(20);
    says(&same_twice("filmstrip", &strip), &["t = 0.25", "t = 1", "density"]);
    let chess = plot::lattice::<f64>(model.flow()).log_det();
    says(&same_twice("lattice", &chess), &["ln |det J|"]);
    let line: field::Linear<f64> = field::Linear::new(dmatrix![0.7]).expect("finite");
    let line = StandardNormal::new(1).pushed_by(ContinuousFlow::new(line));
    let timeline = plot::timeline::<f64>(&line).title("one coordinate");
    says(&same_twice("timeline", &timeline), &["one coordinate", "base", "data", "time"]);
}

#[test]
fn pictures_of_flows_are_drawn_as_before() {
    let model = turned();
    let lines = plot::field_of::<f64>(&model).lines(6).speed().x_range(-2.0, 2.0);
    check("streamlines", &lines.y_range(-2.0, 2.0).size(340, 300));
    check("lattice", &plot::lattice::<f64>(model.flow()).cells(3).log_det().size(340, 300));
    let steps = [0.0, 0.5, 1.0].map(|t| dmatrix![t, 2.0 - t, 0.3; 0.0, t * t, f64::NAN]);
    let ways = plot::trajectories_through(&[0.0, 0.5, 1.0], &steps);
    check("trajectories", &ways.title("three ways").size(340, 300));
    let strip = plot::filmstrip::<f64>(&model).times(&[0.0, 1.0]).x_range(-3.0, 3.0);
    check("filmstrip", &strip.y_range(-3.0, 3.0).size(420, 260));
    let samples = DMatrix::from_fn(2, 40, |i, j| {
        let part = (j as f64 + 0.5) / 40.0;
        if i == 0 { part * part } else { 1e6 * (1.0 - part) }
    });
    let corner = plot::corner(&samples).names(["share", "mass (kg)"]).truths(&[0.3, 5e5]);
    check("corner", &corner.title("two").size(360, 360));
}

#[test]
fn a_corner_has_a_panel_for_every_coordinate_and_pair() {
    let mut rng = StdRng::seed_from_u64(2);
    let samples: DMatrix<f64> = StandardNormal::new(3).sample(3000, &mut rng).expect("drawn");
    let picture = plot::corner(&samples)
        .names(["mass (kg)", "speed", "a rather long name of a coordinate"])
        .truths(&[0.0, 0.5, f64::NAN]);
    let text = same_twice("corner", &picture);
    says(&text, &["mass (kg)", "speed", "truth", "−0.", "+"]);
    let wide: DMatrix<f64> = StandardNormal::new(12).sample(500, &mut rng).expect("drawn");
    says(&same_twice("twelve", &plot::corner(&wide).over("other", &wide)), &["x₁₂", "other"]);
    let table = Table::reader_of("a,b\n1,2\n2,3\n4,1\n".as_bytes()).read().expect("a table");
    says(&same_twice("table", &plot::corner(&table).smooth()), &[">a<", ">b<"]);
    let model = Model::new(turned()).columns(["left", "right"]).expect("two");
    let drawn = model.sample(200, &mut rng).expect("drawn");
    says(&same_twice("model", &plot::corner(&drawn).names_of(&model)), &["left", "right"]);
}

#[test]
fn films_are_complete_and_small() {
    let folder = folder("films");
    let model = turned();
    let film = plot::film::<f64>(&model).frames(12).field().size(240, 240).rest(0.2);
    for (name, head) in [("film.gif", &b"GIF89a"[..]), ("film.png", &b"\x89PNG\r\n"[..])] {
        let path = folder.join(name);
        film.save(&path).expect("drawn");
        let bytes = fs::read(&path).expect("written");
        assert!(bytes.starts_with(head) && bytes.len() < 400_000, "{name}: {}", bytes.len());
    }
    let bytes = fs::read(folder.join("film.png")).expect("written");
    let frames = bytes.windows(4).filter(|word| word == b"fcTL").count();
    assert_eq!(frames, 12 + 4);
    assert!(film.save(folder.join("film.mp4")).expect_err("no such format").is_setting());
    let few = plot::film::<f64>(&model).frames(1);
    assert!(few.save(folder.join("one.gif")).expect_err("no film").is_setting());
}

#[test]
fn what_has_no_such_picture_is_named() {
    let three = StandardNormal::new(3).pushed_by(ContinuousFlow::new(
        field::Linear::<f64>::new(DMatrix::identity(3, 3)).expect("finite"),
    ));
    assert!(plot::field_of::<f64>(&three).to_svg().expect_err("three").is_shape());
    assert!(plot::trajectories::<f64>(&three).to_svg().expect_err("three").is_shape());
    assert!(plot::filmstrip::<f64>(&three).to_svg().expect_err("three").is_shape());
    assert!(plot::timeline::<f64>(&three).to_svg().expect_err("three").is_shape());
    assert!(plot::lattice::<f64>(three.flow()).to_svg().expect_err("three").is_shape());
    let at_once = StandardNormal::new(2).pushed_by(EulerStep::new(
        field::Planar::new(nalgebra::dvector![1.0f64, 0.5], nalgebra::dvector![0.3, -0.8], 0.1)
            .expect("finite"),
    ));
    for error in [
        plot::field_of::<f64>(&at_once).to_svg().expect_err("takes no time"),
        plot::filmstrip::<f64>(&at_once).to_svg().expect_err("takes no time"),
        plot::trajectories::<f64>(&at_once).to_svg().expect_err("takes no time"),
    ] {
        assert!(error.is_setting() && error.to_string().contains("continuous"), "{error}");
    }
    let model = turned();
    assert!(plot::filmstrip::<f64>(&model).times(&[]).to_svg().expect_err("no time").is_setting());
    let nan = plot::filmstrip::<f64>(&model).times(&[f64::NAN]);
    assert!(nan.to_svg().expect_err("no time").is_non_finite());
    let samples = DMatrix::<f64>::zeros(2, 9);
    let corner = || plot::corner(&samples);
    assert!(corner().names(["one"]).to_svg().expect_err("two").is_shape());
    assert!(corner().truths(&[1.0]).to_svg().expect_err("two").is_shape());
    assert!(corner().shares(&[1.0]).to_svg().expect_err("all").is_setting());
    let one = DMatrix::<f64>::zeros(1, 9);
    assert!(corner().over("one", &one).to_svg().expect_err("one over two").is_shape());
    let steps = [DMatrix::<f64>::zeros(2, 3), DMatrix::zeros(2, 4)];
    let uneven = plot::trajectories_through(&[0.0, 1.0], &steps);
    assert!(uneven.to_svg().expect_err("uneven").is_shape());
    let given = plot::trajectories_from(model.flow(), &samples).count(3);
    assert!(given.to_svg().expect_err("nothing is drawn").is_setting());
}

#[test]
fn corners_and_trajectories_of_any_finite_numbers_are_drawn_or_refused() {
    let numbers = [
        0.0,
        5e-324,
        1e-300,
        -1e-300,
        0.3,
        0.1 + 0.2,
        1.0,
        -1.0,
        1e15,
        1e15 + 1.0,
        1e299,
        -1e300,
        f64::MAX,
        -f64::MAX,
    ];
    let mut rng = StdRng::seed_from_u64(5);
    for round in 0..60 {
        let count = 1 + round % 7;
        // Small numbers now and then alone, so that not every picture is refused.
        let most = if round % 2 == 0 { 10 } else { numbers.len() };
        let mut any =
            |rows: usize| DMatrix::from_fn(rows, count, |_, _| numbers[rng.random_range(0..most)]);
        let picture = plot::corner(any(3)).over("other", any(3)).size(500, 500);
        let all = [
            ("corner", picture.clone().to_svg()),
            ("smooth corner", picture.smooth().to_svg()),
            ("trajectories", plot::trajectories_through(&[0.0, 1.0], &[any(2), any(2)]).to_svg()),
        ];
        for (what, drawn) in all {
            match drawn {
                Ok(text) => assert!(!text.contains("NaN") && !text.contains("inf"), "{what}"),
                Err(error) => assert!(error.is_setting() && most > 10, "{what}: {error}"),
            }
        }
    }
}

#[test]
fn fields_of_any_velocity_are_drawn_or_refused() {
    for scale in [0.0, 5e-324, 1e-300, 1.0, 1e300, f64::MAX, f64::INFINITY, f64::NAN] {
        let field = || plot::field(move |_, x| [scale * x[1], -x[0]]).size(300, 300);
        for picture in [field(), field().streamlines(), field().speed(), field().lines(5).speed()] {
            match picture.to_svg() {
                Ok(text) => assert!(!text.contains("NaN"), "{scale}"),
                Err(error) => assert!(error.is_non_finite(), "{scale}: {error}"),
            }
        }
    }
    assert!(plot::field(|_, x| x).lines(0).to_svg().expect_err("none").is_setting());
}

#[test]
fn pictures_of_flows_of_any_size_are_drawn_or_refused() {
    let model = turned();
    let samples = DMatrix::from_fn(3, 40, |i, j| ((i + 3 * j) as f64).sin());
    for size in [(0, 0), (1, 1), (20, 20), (60, 400), (400, 60), (150, 150)] {
        let (w, h) = size;
        let all = [
            plot::corner(&samples).size(w, h).to_svg(),
            plot::field_of::<f64>(&model).streamlines().size(w, h).to_svg(),
            plot::filmstrip::<f64>(&model).times(&[0.0, 1.0]).size(w, h).to_svg(),
            plot::trajectories::<f64>(&model).count(5).size(w, h).to_svg(),
            plot::lattice::<f64>(model.flow()).cells(4).size(w, h).to_svg(),
        ];
        for drawn in all {
            if let Err(error) = drawn {
                assert!(error.is_setting(), "{size:?}: {error}");
            }
        }
    }
}

//! Pictures become complete files, and what cannot be drawn is named.

use std::fs;
use std::path::PathBuf;

use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// An empty folder of this name, for this run.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&path).ok();
    fs::create_dir_all(&path).expect("writable");
    path
}

fn moons() -> DMatrix<f64> {
    data::two_moons(0.1).sample(300, &mut StdRng::seed_from_u64(1)).expect("valid")
}

/// Width, height and the number of different colours of a PNG.
fn decode(path: &PathBuf) -> (u32, u32, usize) {
    let decoder =
        png::Decoder::new(std::io::BufReader::new(fs::File::open(path).expect("written")));
    let mut reader = decoder.read_info().expect("a PNG");
    let mut buffer = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut buffer).expect("an image");
    let colors: std::collections::HashSet<&[u8]> = buffer.chunks_exact(3).collect();
    (info.width, info.height, colors.len())
}

#[test]
fn every_picture_becomes_a_png_and_an_svg() {
    let folder = folder("every_picture");
    let (density, points) = (data::two_moons(0.1), moons());
    let steps = [points.clone(), points.map(|x| 0.9 * x), points.map(|x| 0.7 * x)];
    let xs: Vec<f64> = (1..50).map(f64::from).collect();
    let ys: Vec<f64> = xs.iter().map(|x| 3.0 / x).collect();
    let check = |name: &str, save: &dyn Fn(&PathBuf) -> liouville::Result<()>, label: &str| {
        let (png, svg) = (folder.join(format!("{name}.png")), folder.join(format!("{name}.svg")));
        save(&png).expect("drawn");
        save(&svg).expect("drawn");
        let (width, height, colors) = decode(&png);
        assert!(width >= 500 && height >= 400 && colors > 10, "{name}: {width} {height} {colors}");
        let text = fs::read_to_string(&svg).expect("written");
        assert!(text.contains("<svg") && text.contains("</svg>") && text.contains(label), "{name}");
        assert!(text.len() < 1_200_000, "{name}: {} bytes", text.len());
    };
    let picture = plot::density::<f64>(&density).title("the moons").samples(&points);
    check("density", &|path| picture.save(path), "the moons");
    let picture = plot::samples("left", &points).beside("right", &steps[2]);
    check("samples", &|path| picture.save(path), "right");
    let picture = plot::field(|t, x| [x[1] + t, -x[0]]).trajectories(&steps).time(0.5);
    check("field", &|path| picture.save(path), "start");
    let picture = plot::curves().line("falling", &xs, &ys).log_y().axis_labels("step", "loss");
    check("curves", &|path| picture.save(path), "loss");
    let picture =
        plot::images("squares", &DMatrix::from_fn(16, 9, |i, j| (i * j) as f64)).shape(4, 4);
    check("images", &|path| picture.save(path), "squares");
    let both =
        plot::panels().add(plot::density::<f64>(&density)).add(plot::samples("dots", &points));
    check("panels", &|path| both.save(path), "dots");
    let left: Vec<_> = fs::read_dir(&folder)
        .expect("there")
        .map(|entry| entry.expect("there").file_name())
        .collect();
    assert_eq!(left.len(), 12, "unfinished files were left: {left:?}");
}

#[test]
fn what_cannot_be_drawn_is_named() {
    let folder = folder("not_drawn");
    let path = folder.join("picture.png");
    let normal = StandardNormal::new(3);
    assert!(plot::density::<f64>(&normal).save(&path).expect_err("three dimensions").is_shape());
    let plane = StandardNormal::new(2);
    let picture = || plot::density::<f64>(&plane).x_range(-2.0, 2.0).y_range(-2.0, 2.0);
    let error = picture().save(folder.join("picture.pdf")).expect_err("another ending");
    assert!(error.is_setting() && error.to_string().contains(".svg"), "{error}");
    assert!(picture().save(folder.join("picture")).expect_err("no ending").is_setting());
    let error = picture().save(folder.join("missing/picture.png")).expect_err("no such folder");
    assert!(error.is_file() && error.to_string().contains("missing/picture.png"), "{error}");
    assert!(picture().x_range(1.0, -1.0).save(&path).expect_err("reversed").is_setting());
    assert!(picture().resolution(1).save(&path).expect_err("one node").is_setting());
    let empty = DMatrix::<f64>::zeros(2, 0);
    assert!(plot::samples("none", &empty).save(&path).expect_err("no sample").is_empty());
    assert!(
        plot::samples("tall", &DMatrix::<f64>::zeros(3, 4))
            .save(&path)
            .expect_err("tall")
            .is_shape()
    );
    let nan = DMatrix::from_element(2, 3, f64::NAN);
    assert!(plot::samples("nan", &nan).save(&path).expect_err("no number").is_non_finite());
    assert!(plot::field(|_, _| [f64::NAN, 0.0]).save(&path).expect_err("NaN").is_non_finite());
    let uneven = [DMatrix::<f64>::zeros(2, 3), DMatrix::zeros(2, 4)];
    assert!(
        plot::field(|_, x| x).trajectories(&uneven).save(&path).expect_err("uneven").is_shape()
    );
    assert!(plot::curves().save(&path).expect_err("no curve").is_empty());
    assert!(
        plot::curves()
            .line("odd", &[1.0], &[1.0, 2.0])
            .save(&path)
            .expect_err("lengths")
            .is_shape()
    );
    let sheet = DMatrix::<f64>::zeros(7, 2);
    assert!(
        plot::images("seven", &sheet).shape(2, 4).save(&path).expect_err("no image").is_shape()
    );
    assert!(plot::panels().save(&path).expect_err("no panel").is_empty());
    assert!(!path.exists(), "a file was left behind");
}

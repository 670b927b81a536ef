//! Charts of densities on the line, conditional families, training, calibration, weights and ways: they say what they
//! show, are the same every time, and name what they cannot draw.

use liouville::diagnose::{Diagnose, Uniformity};
use liouville::flow::ColumnSteps;
use liouville::prelude::*;
use liouville::train::Report;
use nalgebra::{DMatrix, dmatrix, dvector};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::picture_properties::number;
use crate::picture_texts::check;

/// The text of a picture, drawn twice.
fn same_twice(what: &str, picture: &impl Picture) -> String {
    let [a, b] = [0, 1].map(|_| picture.to_svg().unwrap_or_else(|error| panic!("{what}: {error}")));
    assert_eq!(a, b, "{what} differs from one time to the next");
    assert!(!a.contains("NaN") && !a.contains("inf"), "{what}");
    a
}

fn says(text: &str, all: &[&str]) {
    for word in all {
        assert!(text.contains(word), "{word} is missing");
    }
}

/// y ~ N(c, 1): a shift by the context.
fn shifted() -> Pushforward<StandardNormal, ContinuousFlow<impl VectorField<f64> + Clone>> {
    let shift = field::conditional::<1, 1, _>(|_, _, context| [context[0]]);
    StandardNormal::new(1).pushed_by(ContinuousFlow::new(shift))
}

fn report() -> Report {
    let mut rng = StdRng::seed_from_u64(1);
    let data: DMatrix<f64> = StandardNormal::new(2).sample(200, &mut rng).expect("drawn");
    let field = Mlp::new(2).hidden([4]).build(&mut rng).expect("a network");
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    let trainer = Trainer::maximum_likelihood().steps(12).held_out(0.2).quiet();
    trainer.fit(&mut model, &data, &mut rng).expect("trained")
}

fn ways() -> Vec<ColumnSteps> {
    let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
    let points = dmatrix![0.1, 2.5, -1.0; 0.2, -0.4, 1.0];
    ContinuousFlow::new(pendulum).steps(Direction::Forward, &points, None).expect("steps")
}

#[test]
fn densities_on_the_line_lie_over_their_data() {
    let wide = DiagonalNormal::new(dvector![2.0], dvector![3.0]).expect("valid");
    let narrow = StandardNormal::new(1);
    let samples: DMatrix<f64> = narrow.sample(500, &mut StdRng::seed_from_u64(3)).expect("drawn");
    let picture = plot::line::<f64>(&narrow).name("narrow").over("wide", &wide);
    let picture = picture.data("held out", &samples).rug().title("on the line");
    says(&same_twice("line", &picture), &["narrow", "wide", "held out", "on the line", "density"]);
    // A density far away is found.
    let far = DiagonalNormal::new(dvector![5e4], dvector![3.0]).expect("valid");
    says(&same_twice("far", &plot::line::<f64>(&far)), &["density"]);
}

#[test]
fn conditional_families_are_drawn_as_heat_and_as_ribbons() {
    let family = shifted();
    let points = DMatrix::from_fn(1, 20, |_, k| k as f64 / 4.0);
    let picture = || {
        let picture = plot::conditional::<f64, _>(|context| family.given(context), [0.0, 5.0]);
        picture.data("seen", &points, &points).axis_labels("time (s)", "height").size(300, 200)
    };
    says(&same_twice("heat", &picture()), &["time (s)", "height", "density"]);
    says(&same_twice("ribbons", &picture().ribbons()), &["median", "50%", "90%", "seen"]);
    let error = picture().along(1, &[0.0]).to_svg().expect_err("no such place");
    assert!(error.is_setting(), "{error}");
    let uneven = picture().data("seen", &points, &dmatrix![1.0]);
    assert!(uneven.to_svg().expect_err("uneven").is_shape());
    let planar = StandardNormal::new(2);
    let plane = plot::conditional::<f64, _>(|_| planar, [0.0, 1.0]);
    assert!(plane.to_svg().expect_err("a plane").is_shape());
    let backward = plot::conditional::<f64, _>(|context| family.given(context), [1.0, 0.0]);
    assert!(backward.to_svg().expect_err("backward").is_setting());
}

#[test]
fn training_has_its_curves_and_several_runs_one_legend() {
    let (one, mut two) = (report(), report());
    let text = same_twice("training", &plot::training("first", &one));
    says(&text, &["training", "held out", "norm", "evaluations per sample", "rate"]);
    two.steps.truncate(7);
    let text =
        same_twice("two", &plot::training("first", &one).over("second", &two).over_seconds());
    says(&text, &["second", "seconds"]);
    assert_eq!(text.matches(">second<").count(), 1);
    two.steps.clear();
    let error = plot::training("first", &one).over("gone", &two).to_svg().expect_err("no step");
    assert!(error.is_empty() && error.to_string().contains("gone"), "{error}");
    let mut lost = one;
    lost.steps.iter_mut().for_each(|step| step.loss = f64::NAN);
    lost.checks.clear();
    assert!(plot::training("lost", &lost).to_svg().expect_err("no loss").is_non_finite());
}

#[test]
fn calibration_has_bands_and_names_what_is_no_probability() {
    let even: Vec<f64> = (0..200).map(|k| (f64::from(k) + 0.5) / 200.0).collect();
    says(
        &same_twice("probability", &plot::probability("even", &even)),
        &["95% of chance", "share"],
    );
    says(
        &same_twice("coverage", &plot::coverage("even", &even).difference()),
        &["nominal coverage"],
    );
    says(&same_twice("transforms", &plot::transforms("even", &even)), &["99% of chance", "even"]);
    let ranks: Vec<usize> = (0..300).map(|k| k * 7 % 51).collect();
    says(&same_twice("ranks", &plot::ranks("mass", &ranks, 50)), &["rank of the truth", "mass"]);
    let error = plot::ranks("mass", &ranks, 49).to_svg().expect_err("beyond");
    assert!(error.is_setting() && error.to_string().contains("50 among 49"), "{error}");
    for bad in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
        let values = [0.5, bad];
        let one = plot::probability("bad", &values).to_svg().expect_err("no probability");
        let two = plot::transforms("bad", &values).to_svg().expect_err("no probability");
        assert!([one, two].iter().all(|e| e.is_setting() && e.to_string().contains("number 1")));
        assert!(
            plot::coverage("even", &even).confidence(bad).to_svg().expect_err("none").is_setting()
        );
    }
    assert!(plot::probability("none", &[]).to_svg().expect_err("none").is_empty());
    assert!(plot::ranks("none", &[], 9).to_svg().expect_err("none").is_empty());
    assert!(plot::ranks("no bar", &ranks, 50).bars(0).to_svg().expect_err("none").is_setting());
    assert!(plot::ranks("bars", &ranks, 50).bars(52).to_svg().expect_err("many").is_setting());
}

#[test]
fn a_diagnosis_shows_calibration_and_the_way() {
    let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
    let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
    let points: Samples<f64> = model.sample(60, &mut StdRng::seed_from_u64(4)).expect("drawn");
    let found = Diagnose::new().times(3).continuous(&model, &points, None).expect("arrives");
    let words = ["95% of chance", "99% of chance", "condition number", "step size", "coordinate 0"];
    says(&same_twice("diagnosis", &plot::diagnosis(&found)), &words);
    let mut calibration = found.calibration;
    calibration.coordinates = vec![Uniformity::of(&[0.1, 0.5]); 9];
    says(&same_twice("many", &plot::calibration(&calibration)), &["the worst"]);
}

#[test]
fn weights_and_ways_say_what_they_are() {
    let log_weights: Vec<f64> = (0..900).map(|k| 0.5 * f64::from(k * k % 901) / 90.0).collect();
    says(&same_twice("weights", &plot::weights("w", &log_weights)), &["effective of 900", "k = "]);
    let bad = plot::weights("w", &[0.0, f64::INFINITY]).to_svg().expect_err("infinite");
    assert!(bad.is_non_finite() && bad.to_string().contains("log-weight 1"), "{bad}");
    let ways = ways();
    says(&same_twice("steps", &plot::step_sizes(&ways)), &["step size", "median", "time t"]);
    says(&same_twice("evaluations", &plot::evaluations(&ways)), &["evaluations per time"]);
    assert!(plot::step_sizes(&[]).to_svg().expect_err("none").is_empty());
    assert!(plot::evaluations(&[]).to_svg().expect_err("none").is_empty());
}

#[test]
fn charts_are_drawn_as_before() {
    let normal = StandardNormal::new(1);
    let data = DMatrix::from_fn(1, 60, |_, k| (k as f64 * 0.7).sin());
    let line = plot::line::<f64>(&normal).data("data", &data).rug().size(420, 300);
    check("line", &line.title("on the line"));
    let family = shifted();
    let picture = plot::conditional::<f64, _>(|context| family.given(context), [0.0, 5.0]);
    check("ribbons", &picture.ribbons().size(420, 300));
    let mut report = report();
    for (k, step) in report.steps.iter_mut().enumerate() {
        let x = k as f64;
        (step.loss, step.gradient_norm, step.evaluations) =
            (3.0 - 0.1 * x, 1.0 / (1.0 + x), 8.0 + x);
    }
    report.checks.iter_mut().for_each(|check| check.loss = 2.5 - 0.05 * check.step as f64);
    check("training", &plot::training("run", &report).size(640, 420));
    let even: Vec<f64> = (0..40).map(|k| ((f64::from(k) + 0.5) / 40.0).powf(1.2)).collect();
    check("probability", &plot::probability("even", &even).size(320, 320));
    check("coverage", &plot::coverage("even", &even).difference().size(420, 300));
    let ranks: Vec<usize> = (0..300).map(|k| k * k % 51).collect();
    check("ranks", &plot::ranks("mass", &ranks, 50).size(420, 300));
    let log_weights: Vec<f64> = (0..60).map(|k| 0.1 * f64::from(k * k % 61)).collect();
    check("weights", &plot::weights("w", &log_weights).size(420, 300));
    check("evaluations", &plot::evaluations(&ways()).size(420, 300));
}

fn drawn_or_refused(what: &str, picture: &impl Picture) -> Result<(), TestCaseError> {
    match picture.to_svg() {
        Ok(text) => prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{what}"),
        Err(error) => prop_assert!(
            error.is_setting() || error.is_non_finite() || error.is_empty() || error.is_shape(),
            "{what}: {error:?}"
        ),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn charts_of_any_numbers_are_drawn_or_refused(
        values in prop::collection::vec(number(), 0..40),
        shares in prop::collection::vec(0.0..=1.0f64, 0..40),
        ends in (number(), number()),
        name in "[ -~]{0,30}",
        (width, height) in (0u32..700, 0u32..700),
    ) {
        let normal = StandardNormal::new(1);
        let data = DMatrix::from_row_slice(1, values.len(), &values);
        let line = || plot::line::<f64>(&normal).data(&name, &data).rug().size(width, height);
        drawn_or_refused("line", &line())?;
        drawn_or_refused("line", &line().x_range(ends.0, ends.1))?;
        drawn_or_refused("weights", &plot::weights("w", &values).size(width, height))?;
        drawn_or_refused("weights", &plot::weights("w", &values).y_range(ends.0, ends.1))?;
        for shares in [&values, &shares] {
            let picture = plot::probability("p", shares).over("again", shares).size(width, height);
            drawn_or_refused("probability", &picture)?;
            drawn_or_refused("difference", &picture.difference().confidence(ends.0))?;
            drawn_or_refused("transforms", &plot::transforms("t", shares).size(width, height))?;
        }
        let ranks: Vec<usize> = values.iter().map(|value| value.abs() as usize % 200).collect();
        drawn_or_refused("ranks", &plot::ranks("r", &ranks, width as usize).size(width, height))?;
        let mut ways = ways();
        ways[0].steps = values.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        drawn_or_refused("steps", &plot::step_sizes(&ways).size(width, height))?;
        drawn_or_refused("evaluations", &plot::evaluations(&ways).size(width, height))?;
        let band = plot::curves().band("band", &values, [&values, &values]);
        drawn_or_refused("band", &band.size(width, height))?;
    }

    #[test]
    fn training_of_any_numbers_is_drawn_or_refused(
        values in prop::collection::vec(number(), 1..20),
        (width, height) in (0u32..900, 0u32..900),
    ) {
        let mut report = report();
        for (step, value) in report.steps.iter_mut().zip(values.iter().cycle()) {
            (step.loss, step.gradient_norm, step.evaluations) = (*value, value.abs(), *value);
        }
        drawn_or_refused("training", &plot::training("any", &report).size(width, height))?;
    }
}

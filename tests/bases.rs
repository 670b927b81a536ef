//! Bases beside closed forms, what they refuse, and how they learn beside a flow.

use std::f64::consts::{PI, TAU};
use std::ops::ControlFlow;

use liouville::Error;
use liouville::density::AnyBase;
use liouville::flow::elementwise::{Constrain, interval};
use liouville::flow::layers::ActNorm;
use liouville::ode::Fixed;
use liouville::prelude::*;
use liouville::train::{
    Checkpoint, MaximumLikelihood, MiniBatch, Objective, Pool, Regularised, Trainable,
};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn at(base: &impl Base<f64>, points: &DMatrix<f64>) -> DVector<f64> {
    base.log_prob(points).expect("finite")
}

#[test]
fn log_densities_are_those_of_the_textbook() {
    let points: DMatrix<f64> = StandardNormal::new(3).sample(50, &mut rng(1)).expect("drawn") * 3.0;
    let (mean, a) =
        (dvector![1.0, -2.0, 0.5], dmatrix![2.0, 0.3, -0.5; 0.0, 0.7, 0.2; 0.1, 0.0, 1.1]);
    let covariance = &a * a.transpose();
    let normal = MultivariateNormal::new(mean.clone(), &covariance).expect("positive definite");
    let inverse = covariance.clone().try_inverse().expect("regular");
    for (x, found) in points.column_iter().zip(&at(&normal, &points)) {
        let d = x - &mean;
        let square = d.dot(&(&inverse * &d));
        let expected = -0.5 * (square + covariance.determinant().ln() + 3.0 * TAU.ln());
        assert!((found - expected).abs() < 1e-12 * (1.0 + square), "{found} {expected}");
    }
    assert!((normal.covariance() - covariance).amax() < 1e-14);

    let deviations = dvector![0.5, 2.0, 1.0];
    let square = DMatrix::from_diagonal(&deviations.map(|s: f64| s * s));
    let same = MultivariateNormal::new(mean.clone(), &square).expect("positive definite");
    let diagonal = DiagonalNormal::new(mean.clone(), deviations.clone()).expect("positive");
    assert!((at(&same, &points) - at(&diagonal, &points)).amax() < 1e-12);

    // Student's with one, two, three and very many degrees of freedom.
    let student = |nu: f64| {
        StudentT::new(mean.clone(), deviations.clone(), DVector::repeat(3, nu)).expect("positive")
    };
    let sum = |of: fn(f64) -> f64| {
        let column = |x: nalgebra::DVectorView<'_, f64>| {
            let u = (x - &mean).component_div(&deviations);
            u.iter().map(|u| of(*u)).sum::<f64>() - deviations.iter().map(|s| s.ln()).sum::<f64>()
        };
        DVector::from_iterator(50, points.column_iter().map(column))
    };
    let cauchy = sum(|u| -(PI * (1.0 + u * u)).ln());
    assert!((at(&student(1.0), &points) - cauchy).amax() < 1e-13);
    let two = sum(|u| -1.5 * (2.0 + u * u).ln());
    assert!((at(&student(2.0), &points) - two).amax() < 1e-13);
    let three = sum(|u| (2.0 / (PI * 3f64.sqrt())).ln() - 2.0 * (u * u / 3.0).ln_1p());
    assert!((at(&student(3.0), &points) - three).amax() < 1e-13);
    // Far from one, the terms in 1 / ν are all that is left of the difference.
    let difference = at(&student(1e9), &points) - at(&diagonal, &points);
    let first = sum(|u| (u.powi(4) - 2.0 * u * u - 1.0) / 4e9) - sum(|_| 0.0);
    assert!((&difference - first).amax() < 1e-11, "{}", difference.amax());

    let (weights, means) = ([0.2, 0.3, 0.5], dmatrix![-1.0, 0.0, 4.0]);
    let mixture = Mixture::normals(&weights, &means, &dmatrix![0.5, 2.0, 0.1]).expect("positive");
    let line = points.rows(0, 1).into_owned();
    for (x, found) in line.iter().zip(&at(&mixture, &line)) {
        let one =
            |w: f64, m: f64, s: f64| w * (-0.5 * ((x - m) / s).powi(2)).exp() / (s * TAU.sqrt());
        let expected = (one(0.2, -1.0, 0.5) + one(0.3, 0.0, 2.0) + one(0.5, 4.0, 0.1)).ln();
        assert!((found - expected).abs() < 1e-13, "{found} {expected}");
    }
}

#[test]
fn tails_are_finite_as_far_as_numbers_go() {
    let base = StudentT::<f64>::standard(1, 2.0).expect("positive");
    let far = dmatrix![1e150, -1e200, 1e300];
    for (x, found) in far.iter().zip(&at(&base, &far)) {
        // (2 + u²)^(-3/2) is u⁻³ there.
        assert!((found + 3.0 * x.abs().ln()).abs() < 1e-12 * x.abs().ln(), "{x}: {found}");
    }
    let score = base.clone().pushed_by(identity(1)).score(&far, None).expect("finite");
    assert!(score.score.iter().zip(&far).all(|(s, x)| (s * x + 3.0).abs() < 1e-12));
    let single = StudentT::<f32>::standard(1, 2.0).expect("positive");
    let found = single.log_prob(&dmatrix![1e30f32]).expect("finite")[0];
    assert!((f64::from(found) + 3.0 * f64::from(1e30f32).ln()).abs() < 1e-4, "{found}");
    let mixture = Mixture::normals(&[1.0, 1.0], &dmatrix![-1e3, 1e3], &dmatrix![1.0, 1.0]);
    let found = at(&mixture.expect("positive"), &dmatrix![0.0, 1000.0]);
    assert!((found[0] + 0.5e6 + 0.5 * TAU.ln()).abs() < 1e-9, "{}", found[0]);
    assert!((found[1] + 2f64.ln() + 0.5 * TAU.ln()).abs() < 1e-12, "{}", found[1]);
}

fn identity<T: Real>(dim: usize) -> ActNorm<T> {
    ActNorm::new(field::DiagonalAffine::zero(dim).expect("some"))
}

/// The message of an error, which is of the kind that was asked for and names what it should.
fn refused<A>(result: Result<A, Error>, is: fn(&Error) -> bool, words: &[&str]) {
    let error = result.err().expect("refused");
    let text = error.to_string();
    assert!(is(&error) && words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn what_makes_no_base_is_refused_with_its_place() {
    let two = || dvector![0.0f64, 1.0];
    let nan = || dvector![0.0, f64::NAN];
    let empty = || DVector::<f64>::zeros(0);
    refused(DiagonalNormal::new(two(), two()), Error::is_setting, &["deviation of coordinate 0"]);
    refused(DiagonalNormal::new(nan(), dvector![1.0, 1.0]), Error::is_non_finite, &["`mean`[1]"]);
    refused(DiagonalNormal::new(two(), dvector![1.0]), Error::is_shape, &["1 deviations"]);
    refused(DiagonalNormal::new(empty(), empty()), Error::is_empty, &["dimension"]);
    refused(DiagonalNormal::<f32>::standard(0), Error::is_empty, &["dimension"]);
    refused(DiagonalNormal::new(dvector![0.0f32], dvector![1e-40]), Error::is_setting, &["f32"]);
    let full = |covariance: DMatrix<f64>| MultivariateNormal::new(two(), &covariance);
    refused(full(dmatrix![1.0]), Error::is_shape, &["covariance"]);
    refused(full(dmatrix![1.0, 0.0, 0.0; 0.0, 1.0, 0.0]), Error::is_shape, &["2 x 3"]);
    refused(full(dmatrix![1.0, 0.5; 0.4, 1.0]), Error::is_setting, &["symmetric", "1 and 0"]);
    refused(full(dmatrix![1.0, 2.0; 2.0, 1.0]), Error::is_setting, &["definite", "coordinate 1"]);
    refused(full(dmatrix![1.0, 1.0; 1.0, 1.0]), Error::is_setting, &["coordinate 1"]);
    refused(full(dmatrix![-1.0, 0.0; 0.0, 1.0]), Error::is_setting, &["coordinate 0", "-1"]);
    refused(full(dmatrix![1.0, 0.0; f64::NAN, 1.0]), Error::is_non_finite, &["1 and 0"]);
    let student = |nu: f64| StudentT::new(two(), dvector![1.0, 1.0], dvector![3.0, nu]);
    refused(student(-1.0), Error::is_setting, &["degrees of freedom of coordinate 1", "-1"]);
    refused(student(f64::INFINITY), Error::is_setting, &["coordinate 1", "inf"]);
    refused(UniformBox::new(two(), two()), Error::is_setting, &["coordinate 0", "0 and 0"]);
    refused(UniformBox::new(two(), nan()), Error::is_setting, &["coordinate 0"]);
    refused(UniformBox::new(dvector![0.0], dvector![f64::NAN]), Error::is_non_finite, &["NaN"]);
    let next = 1f32.next_up();
    refused(UniformBox::new(dvector![1.0], dvector![next]), Error::is_setting, &["between"]);
    refused(
        UniformBox::new(dvector![-1.7e308], dvector![1.7e308]),
        Error::is_non_finite,
        &["finite"],
    );
    let one = || DiagonalNormal::<f64>::standard(2).expect("two");
    let mixture = |weights: &[f64], all: Vec<DiagonalNormal<f64>>| Mixture::new(weights, all);
    refused(mixture(&[], vec![]), Error::is_empty, &["without components"]);
    refused(mixture(&[1.0], vec![one(), one()]), Error::is_shape, &["1 weight", "2 components"]);
    refused(mixture(&[1.0, 0.0], vec![one(), one()]), Error::is_setting, &["component 1"]);
    let other = DiagonalNormal::standard(3).expect("three");
    refused(mixture(&[1.0, 1.0], vec![one(), other]), Error::is_shape, &["component 1", "3"]);
    let (a, b) = (UniformBox::<f64>::unit(1), UniformBox::new(dvector![0.0], dvector![2.0]));
    let boxes = vec![a.expect("one"), b.expect("in order")];
    refused(Mixture::new(&[1.0, 1.0], boxes), Error::is_setting, &["component 1", "bounds"]);
    let (means, deviations) = (dmatrix![0.0, 1.0], dmatrix![1.0, -1.0]);
    refused(
        Mixture::normals(&[1.0, 1.0], &means, &deviations),
        Error::is_setting,
        &["component 1"],
    );

    // A step that leads out of the scalar is refused, and nothing changes.
    let mut base = student(4.0).expect("positive");
    let before = base.parameters();
    let mut values = before.clone();
    values[5] = 1e4;
    refused(base.set_parameters(&values), Error::is_setting, &["coordinate 1", "f64"]);
    assert_eq!(base.parameters(), before);
    let mut model = base.pushed_by(identity::<f64>(2));
    let mut all = Trainable::parameters(&model);
    let kept = all.clone();
    all[9] = 1e4;
    refused(model.set_parameters(&all), Error::is_setting, &["the base", "coordinate 1"]);
    all[9] = f64::NAN;
    let name = "`base.log_degrees_of_freedom`[1]";
    refused(model.set_parameters(&all), Error::is_non_finite, &[name]);
    refused(model.set_parameters(&all[..3]), Error::is_shape, &["3 parameters", "10"]);
    assert_eq!(Trainable::parameters(&model), kept);
}

type Both = Pushforward<Mixture<f64, MultivariateNormal<f64>>, ContinuousFlow<Mlp<f64>, Fixed>>;

/// A flow and a base that both learn, of two dimensions.
fn both(seed: u64) -> Both {
    let field = Mlp::new(2).hidden([6]).build(&mut rng(seed)).expect("valid sizes");
    let means = dmatrix![-1.0, 1.0; 0.0, 0.5];
    let covariances = [dmatrix![1.0, 0.3; 0.3, 0.5], dmatrix![0.4, 0.0; 0.0, 2.0]];
    let base = Mixture::full_normals(&[0.3, 0.7], &means, &covariances).expect("positive");
    base.pushed_by(ContinuousFlow::new(field).solver(rk4(6)))
}

#[test]
fn gradients_of_flow_and_base_are_derivatives_of_the_loss() {
    fn check<M, O>(objective: &O, model: &M, points: &DMatrix<f64>)
    where
        M: Trainable<f64> + Clone,
        O: Objective<f64, M>,
    {
        let contexts = DMatrix::zeros(0, points.ncols());
        let batch = MiniBatch { points, contexts: &contexts, seed: 1, accuracy: None };
        let start = model.parameters();
        let loss = |values: &[f64], gradient: &mut [f64]| {
            let mut model = model.clone();
            model.set_parameters(values).expect("fits");
            let found = objective.gradient(&model, batch, &Pool::new(), gradient).expect("finite");
            found.value + found.penalty
        };
        let (mut gradient, mut unused) = (vec![f64::NAN; start.len()], vec![0.0; start.len()]);
        loss(&start, &mut gradient);
        for (k, ours) in gradient.iter().enumerate() {
            let mut along = |h: f64| {
                let mut values = start.clone();
                values[k] += h;
                loss(&values, &mut unused)
            };
            let expected =
                (8.0 * (along(1e-3) - along(-1e-3)) - along(2e-3) + along(-2e-3)) / 12e-3;
            assert!((ours - expected).abs() < 1e-8, "{k}: {ours} and {expected}");
        }
    }
    let points: DMatrix<f64> = data::two_moons(0.1).sample(70, &mut rng(1)).expect("drawn");
    let model = both(2);
    let names: Vec<String> = model.layout().entries().iter().map(|e| e.name.clone()).collect();
    let own = model.flow().layout().entries().len();
    let base = ["logits", "0.mean", "0.log_scale", "0.lower", "1.mean", "1.log_scale", "1.lower"];
    assert_eq!(names[own..], base.map(|name| format!("base.{name}")));
    assert_eq!(names[0], model.flow().layout().entries()[0].name);
    check(&MaximumLikelihood, &model, &points);
    let penalised = Regularised { kinetic_energy: 0.1, jacobian_norm: 0.2, steer: 0.3 };
    check(&penalised, &model, &points);
    let chain = Chain::new().then(identity(2)).then(Frozen::new(identity(2)));
    check(&MaximumLikelihood, &StudentT::standard(2, 3.0).expect("two").pushed_by(chain), &points);
    // A box about the data, beside a coordinate with tails.
    let low = UniformBox::new(dvector![-9.0], dvector![9.0]).expect("in order");
    let base = low.beside(StudentT::standard(1, 3.0).expect("one"));
    check(&MaximumLikelihood, &base.pushed_by(identity(2)), &points);
}

/// What a base alone learns is at least as likely, on what it learnt from, as the truth.
fn learns<B: Base<f64> + Clone>(truth: &B, start: B) -> B {
    let data = truth.sample(2000, &mut rng(5)).expect("drawn");
    let mut model = Pushforward::new(start, Frozen::new(identity(data.nrows())));
    let trainer = Trainer::maximum_likelihood().steps(1500).batch(500).learning_rate(0.03).quiet();
    trainer.held_out(0.0).fit(&mut model, &data, &mut rng(6)).expect("trains");
    let mean = |base: &B| base.log_prob(&data).expect("finite").mean();
    let (ours, theirs) = (mean(model.base()), mean(truth));
    assert!(ours > theirs - 1e-3, "{ours} and {theirs}");
    // By 2000 samples the likelihood of the best is k / 4000 above the truth in the mean; 20 times that
    // would be a density that does not integrate to one.
    assert!(ours < theirs + 0.05, "{ours} and {theirs}");
    model.base().clone()
}

#[test]
fn bases_learn_what_they_are_shown() {
    let truth = DiagonalNormal::new(dvector![3.0, -1.0], dvector![0.2, 4.0]).expect("positive");
    learns(&truth, DiagonalNormal::standard(2).expect("two"));
    let covariance = dmatrix![2.0, -1.2; -1.2, 1.0];
    let truth = MultivariateNormal::new(dvector![1.0, 2.0], &covariance).expect("positive");
    let found = learns(&truth, MultivariateNormal::standard(2).expect("two"));
    // The standard errors of the entries are below 2 √2 / √2000 = 0.064.
    assert!((found.covariance() - covariance).amax() < 0.35);
    let truth = StudentT::new(dvector![0.5], dvector![2.0], dvector![2.5]).expect("positive");
    let found = learns(&truth, StudentT::standard(1, 10.0).expect("one"));
    assert!((1.8..3.5).contains(&found.degrees_of_freedom()[0]), "{found:?}");
    let (means, deviations) = (dmatrix![-3.0, 2.0], dmatrix![1.0, 0.5]);
    let truth = Mixture::normals(&[0.3, 0.7], &means, &deviations).expect("positive");
    let start = Mixture::normals(&[0.5, 0.5], &dmatrix![-1.0, 1.0], &dmatrix![1.0, 1.0]);
    let found = learns(&truth, start.expect("positive"));
    // Weights have a standard error of 0.01.
    assert!((found.weights()[0] - 0.3).abs() < 0.06, "{:?}", found.weights());
    learns(&AnyBase::new(truth.clone()), AnyBase::new(found));
}

#[test]
fn flow_matching_keeps_a_base_or_refuses_it() {
    let data: DMatrix<f64> = data::two_moons(0.1).sample(200, &mut rng(1)).expect("drawn");
    let trainer = || Trainer::flow_matching().steps(5).quiet();
    let mut model = both(1);
    let before = Trainable::parameters(&model);
    let found = trainer().fit(&mut model, &data, &mut rng(1));
    refused(found, Error::is_setting, &["Frozen::new(base)", "12 parameters"]);
    assert_eq!(Trainable::parameters(&model), before);
    let (base, flow) = (model.base().clone(), model.flow().clone());
    let mut kept = Frozen::new(base.clone()).pushed_by(flow);
    trainer().fit(&mut kept, &data, &mut rng(1)).expect("trains");
    assert_eq!(kept.base().inside().parameters(), base.parameters());
    assert_ne!(kept.flow().parameters(), model.flow().parameters());
    // Thawed, it learns by likelihood.
    let mut thawed = kept.base().clone().thaw().pushed_by(kept.flow().clone());
    Trainer::maximum_likelihood()
        .steps(3)
        .quiet()
        .fit(&mut thawed, &data, &mut rng(1))
        .expect("trains");
    assert_ne!(thawed.base().parameters(), base.parameters());
}

#[test]
fn a_run_resumes_with_its_base_and_a_state_holds_it() {
    let data: DMatrix<f64> = data::two_moons(0.1).sample(300, &mut rng(1)).expect("drawn");
    let trainer = Trainer::maximum_likelihood().steps(20).batch(64).quiet();
    let (mut model, mut kept): (_, Option<Checkpoint<f64>>) = (both(1), None);
    let seen = |view: &liouville::train::View<'_, f64, _>| {
        kept = Some(view.checkpoint());
        ControlFlow::Continue(())
    };
    trainer.monitor(7).fit(&mut model, &data, &mut rng(2), seen).expect("trains");
    let checkpoint = kept.expect("taken");
    assert!(checkpoint.layout().find("base.0.lower").is_some());
    let mut resumed = both(1);
    trainer.resume(&checkpoint, &mut resumed, &data).expect("resumes");
    assert_eq!(resumed.state(), model.state());
    assert_ne!(resumed.base().parameters(), both(1).base().parameters());
    assert_eq!(resumed.log_prob(&data).expect("finite"), model.log_prob(&data).expect("finite"));
    // From another seed, by its state; and not where the base is another.
    let mut other = both(3);
    other.set_state(&model.state()).expect("made the same way");
    assert_eq!(other.log_prob(&data).expect("finite"), model.log_prob(&data).expect("finite"));
    let mut normal = StandardNormal::new(2).pushed_by(model.flow().clone());
    refused(normal.set_state(&model.state()), Error::is_setting, &["base.kind"]);
    let found = trainer.resume(&checkpoint, &mut normal, &data);
    refused(found.map(|_| ()), Error::is_shape, &["arrays"]);
}

#[test]
fn outside_of_a_box_the_density_is_zero_and_the_column_is_named() {
    let base = UniformBox::new(dvector![0.0f64, -1.0], dvector![1.0, 1.0]).expect("in order");
    let mut model = base.clone().pushed_by(identity(2));
    let points = dmatrix![0.5, 0.5, 1.0, f64::NAN; 0.0, 1.5, 0.0, 0.0];
    let found = model.evaluate(&points, None).expect("shapes fit");
    let coordinate = |j: usize| match found.outcomes[j] {
        liouville::outcome::Outcome::Outside { coordinate } => Some(coordinate),
        _ => None,
    };
    assert_eq!([0, 1, 2, 3].map(coordinate), [None, Some(1), Some(0), None]);
    assert!((found.log_prob[0] + 2f64.ln()).abs() < 1e-15 && found.log_prob[3].is_nan());
    assert_eq!([found.log_prob[1], found.log_prob[2]], [f64::NEG_INFINITY; 2]);
    let scored = model.score(&points, None).expect("shapes fit");
    assert_eq!(scored.log_prob.rows(0, 3), found.log_prob.rows(0, 3));
    assert_eq!(scored.outcomes[..3], found.outcomes[..3]);
    assert!(scored.score[(0, 0)] == 0.0 && scored.score[(1, 1)].is_nan());
    let drawn: DMatrix<f64> = base.sample(1000, &mut rng(1)).expect("drawn");
    assert!(at(&base, &drawn).iter().all(|value| (value + 2f64.ln()).abs() < 1e-15));
    // What lies outside from the start is refused, and named as it was given.
    let mut data = drawn.clone();
    data[(1, 17)] = -3.0;
    let trainer = Trainer::maximum_likelihood().steps(3).quiet();
    let error = trainer.fit(&mut model, &data, &mut rng(1)).expect_err("outside");
    let text = error.to_string();
    assert!(text.contains("column 17") && text.contains("row 1") && text.contains("-3"), "{text}");
    // A flow that takes numbers between bounds takes those of a box.
    let unit = |low, high| {
        let into = Constrain::new().then(interval(low, high, 1).expect("in order"));
        let base = UniformBox::new(dvector![0.0], dvector![2.0]).expect("in order");
        base.pushed_by(Inverted::new(into))
    };
    let logistic = unit(0.0, 2.0).log_prob(&dmatrix![0.3f64, -4.0]).expect("fits");
    for (x, found) in [0.3f64, -4.0].iter().zip(&logistic) {
        assert!((found - (-x - 2.0 * (-x).exp().ln_1p())).abs() < 1e-13, "{found}");
    }
    let narrow = unit(0.5, 2.0).log_prob(&dmatrix![0.3]);
    refused(narrow, Error::is_setting, &["coordinate 0", "base does not fit"]);
    // The smallest boxes keep their ends to themselves.
    let two_up = 1f32.next_up().next_up();
    let tiny = UniformBox::new(dvector![1.0], dvector![two_up]).expect("a number between");
    let drawn = tiny.sample(100, &mut rng(1)).expect("drawn");
    assert!(drawn.iter().all(|x| *x == 1f32.next_up()));
}

#[test]
fn data_are_not_brought_to_zero_for_a_base_elsewhere() {
    let far = DiagonalNormal::new(dvector![1000.0, -50.0], dvector![3.0, 0.1]).expect("positive");
    let data = far.sample(300, &mut rng(1)).expect("drawn");
    let trainer = Trainer::maximum_likelihood().steps(1).quiet();
    let mut model = Frozen::new(far.clone()).pushed_by(identity::<f64>(2));
    let report = trainer.fit(&mut model, &data, &mut rng(1)).expect("trains");
    let entropy = 1.0 + TAU.ln() + 0.3f64.ln();
    // 300 samples in batches: the mean of |z|² / 2 has a standard error of at most 1 / √30.
    assert!((report.steps[0].loss - entropy).abs() < 1.2, "{} {entropy}", report.steps[0].loss);
    let mut model = DiagonalNormal::standard(2).expect("two").pushed_by(identity::<f64>(2));
    let report = trainer.fit(&mut model, &data, &mut rng(1)).expect("trains");
    assert!(report.steps[0].loss < 10.0, "{}", report.steps[0].loss);
}

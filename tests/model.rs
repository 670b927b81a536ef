//! Models in the units of a table: densities by closed forms, scores by differences, files by their bits.

use liouville::columns::Moments;
use liouville::density::Ensemble;
use liouville::description::Kinds;
use liouville::flow::AnyFlow;
use liouville::flow::continuous::Whitening;
use liouville::flow::elementwise::{Constrain, free, positive};
use liouville::model::Model;
use liouville::prelude::*;
use liouville::save::Save;
use nalgebra::{DMatrix, dmatrix};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::changed::{cases, changed};

fn rng() -> StdRng {
    let seed = rand::random();
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}

/// A stack of splines with random parameters.
fn stack<T: Real>(dim: usize, contexts: usize, rng: &mut StdRng) -> Chain<T> {
    let builder = Stack::spline_coupling(dim).layers(2).hidden([8]).context(contexts);
    let mut stack: Chain<T> = builder.build(rng).expect("a stack");
    let values: Vec<T> =
        stack.parameters().iter().map(|_| T::of(rng.random_range(-0.5..0.5))).collect();
    stack.set_parameters(&values).expect("as many");
    stack
}

/// A model of a positive and a free column behind a core in single precision, with a context.
fn prepared(rng: &mut StdRng) -> Model {
    let data = DMatrix::from_fn(2, 50, |i, _| {
        let z: f64 = rng.sample(rand_distr::StandardNormal);
        if i == 0 { z } else { 1.7e9 + 10.0 * z }
    });
    let scale = Whitening::fit(&data).expect("data");
    let support = Constrain::new().then(positive(1)).then(free(1));
    let flow = AnyFlow::new(Chain::new().then(scale).then(support));
    Model::new(StandardNormal::new(2).pushed_by(stack::<f32>(2, 1, rng)))
        .prepared_by(flow)
        .and_then(|model| model.columns(["mass", "time"]))
        .and_then(|model| model.units(["kg", "s"]))
        .and_then(|model| model.contexts(["age"]))
        .and_then(|model| {
            model.contexts_standardised(vec![Moments { mean: 40.0, deviation: 10.0 }])
        })
        .expect("a model")
        .note("rows", 50usize)
}

fn bits(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
    values.into_iter().map(f64::to_bits).collect()
}

#[test]
fn a_model_is_its_file() {
    let mut rng = rng();
    let single = prepared(&mut rng);
    let double = Model::new(StandardNormal::new(3).pushed_by(stack::<f64>(3, 0, &mut rng)));
    let members = (0..3).map(|_| StandardNormal::new(2).pushed_by(stack::<f32>(2, 0, &mut rng)));
    let weights = vec![1.0, 0.3, 0.7];
    let mixture = Ensemble::weighted(members.collect(), weights).expect("three");
    for model in [single, double, Model::mixture(mixture)] {
        let bytes = model.to_bytes().expect("a file");
        let again = Model::from_bytes(&bytes, &Kinds::new()).expect("a model");
        assert_eq!(again.to_bytes().expect("a file"), bytes);
        assert_eq!(format!("{again:?}"), format!("{model:?}"));
        assert_eq!(again.headings(), model.headings());
        assert_eq!(again.notes(), model.notes());
        let context = (model.context_dim() > 0).then(|| dmatrix![45.0]);
        let drawn = |model: &Model| {
            let mut rng = StdRng::seed_from_u64(3);
            model.sample_detailed(20, context.as_ref(), &mut rng).expect("samples")
        };
        let (ours, theirs) = (drawn(&model), drawn(&again));
        assert_eq!(bits(ours.iter().copied()), bits(theirs.iter().copied()));
        let scored = |model: &Model| {
            let found = model.score(&ours, context.as_ref()).expect("scores");
            let all = found.log_prob.iter().chain(&found.score).chain(&found.context_score);
            bits(all.copied().collect::<Vec<_>>())
        };
        assert_eq!(scored(&model), scored(&again));
    }
}

#[test]
fn densities_are_of_the_numbers_of_the_table() {
    // ln x ~ N(3, 2²), with the core in single precision.
    let still: field::Linear<f32> = field::Linear::new(dmatrix![0.0]).expect("a field");
    let logs = dmatrix![1.0, 5.0];
    let scale = Whitening::standardising(&logs).expect("data");
    let flow = Chain::new().then(scale).then(Constrain::new().then(positive(1)));
    let model = Model::new(StandardNormal::new(1).pushed_by(ContinuousFlow::new(still)));
    let model = model.prepared_by(AnyFlow::new(flow)).expect("a model");
    let x = dmatrix![0.5, 20.0, 3000.0, -1.0, 0.0];
    let found = model.evaluate(&x, None).expect("values");
    for j in 0..3 {
        let z = (x[j].ln() - 3.0) / 2.0;
        let exact = -0.5 * z * z - 0.5 * std::f64::consts::TAU.ln() - 2f64.ln() - x[j].ln();
        assert!((found.log_prob[j] - exact).abs() < 1e-5, "{} and {exact}", found.log_prob[j]);
    }
    assert!(found.log_prob[3] == f64::NEG_INFINITY && found.outcomes[4].is_outside());
    let all = model.log_prob_rows(&[0.5, 20.0, 3000.0, -1.0, 0.0], &[]).expect("rows");
    assert_eq!(bits(all), bits(found.log_prob.iter().copied()));
}

#[test]
fn an_offset_of_billions_is_kept_behind_single_precision() {
    let mut rng = rng();
    let z = DMatrix::from_fn(1, 2000, |_, _| rng.sample::<f64, _>(rand_distr::StandardNormal));
    let data = z.map(|z| 1.7e9 + 10.0 * z);
    let still: field::Linear<f32> = field::Linear::new(dmatrix![0.0]).expect("a field");
    let scale = Whitening::standardising(&data).expect("data");
    let model = Model::new(StandardNormal::new(1).pushed_by(ContinuousFlow::new(still)));
    let model = model.prepared_by(AnyFlow::new(scale)).expect("a model");
    let moments = Moments::of(z.iter().copied());
    let log_p = model.log_prob(&data).expect("values");
    for (z, log_p) in z.iter().zip(&log_p) {
        let u = (z - moments.mean) / moments.deviation;
        let unit = moments.deviation * 10.0 * std::f64::consts::TAU.sqrt();
        // Rounding of the data, 2.4e-7 of a deviation of ten, and of f32.
        assert!((log_p - (-0.5 * u * u - unit.ln())).abs() < 1e-5);
    }
}

#[test]
fn scores_are_the_slopes_of_log_densities() {
    let mut rng = rng();
    let stack = stack::<f64>(2, 1, &mut rng);
    let support = Constrain::new().then(positive(1)).then(free(1));
    let data = DMatrix::from_fn(2, 50, |_, _| rng.random_range(0.5..2.0));
    let flow = Chain::new().then(Whitening::fit(&data).expect("data")).then(support);
    let model = Model::new(StandardNormal::new(2).pushed_by(stack))
        .prepared_by(AnyFlow::new(flow))
        .and_then(|model| model.contexts_standardised(vec![Moments { mean: 2.0, deviation: 3.0 }]))
        .expect("a model");
    let (x, c) = (dmatrix![1.3, 4.0, -1.0; 0.4, 1.5, 0.3], dmatrix![0.5]);
    let found = model.score(&x, Some(&c)).expect("scores");
    let log_p =
        |x: &DMatrix<f64>, c: &DMatrix<f64>| model.evaluate(x, Some(c)).expect("values").log_prob;
    let h = 1e-5;
    for i in 0..2 {
        let step = DMatrix::from_fn(2, 3, |k, _| if k == i { h } else { 0.0 });
        let slope = (log_p(&(&x + &step), &c) - log_p(&(&x - &step), &c)) / (2.0 * h);
        for j in 0..2 {
            let error = (slope[j] - found.score[(i, j)]).abs();
            assert!(error < 1e-4 * (1.0 + slope[j].abs()), "{slope} and {}", found.score);
        }
    }
    let by_c = (log_p(&x, &dmatrix![0.5 + h]) - log_p(&x, &dmatrix![0.5 - h])) / (2.0 * h);
    for j in 0..2 {
        assert!((by_c[j] - found.context_score[(0, j)]).abs() < 1e-4 * (1.0 + by_c[j].abs()));
    }
    assert!(found.score[(0, 2)].is_nan() && found.log_prob[2] == f64::NEG_INFINITY);
}

#[test]
fn whole_numbers_have_the_density_of_numbers_with_noise() {
    // Uniform between 0 and 4: every number with noise has density 1/4.
    let base = UniformBox::new(nalgebra::dvector![0.0], nalgebra::dvector![4.0]).expect("a box");
    let still = Chain::new().then(Constrain::<f64>::new().then(free(1)));
    let model = Model::new(base.pushed_by(still)).whole([0]).expect("a model");
    let log_p = model.log_prob(&dmatrix![0.0, 3.0, 1.5, 7.0]).expect("values");
    assert!((log_p[0] + 4f64.ln()).abs() < 1e-12 && (log_p[1] + 4f64.ln()).abs() < 1e-12);
    assert!(log_p[2] == f64::NEG_INFINITY && log_p[3] == f64::NEG_INFINITY);
    let drawn = model.sample(1000, &mut rng()).expect("samples");
    assert!(drawn.iter().all(|x| [0.0, 1.0, 2.0, 3.0].contains(x)));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut rng = rng();
    let model = prepared(&mut rng);
    let error = model.log_prob(&dmatrix![1.0; 2.0]).expect_err("no context");
    assert!(error.to_string().contains("context"), "{error}");
    let error = model.log_prob_rows(&[1.0, 2.0, 3.0], &[40.0]).expect_err("one and a half rows");
    assert!(error.is_shape(), "{error}");
    assert!(model.clone().columns(["a"]).is_err());
    let twice = model.clone().columns(["age", "b"]).expect_err("a context of that name");
    assert!(twice.to_string().contains("\"age\""), "{twice}");
    let found = model.evaluate(&dmatrix![f64::NAN; 2.0], Some(&dmatrix![40.0])).expect("shapes");
    assert!(found.log_prob[0].is_nan() && found.outcomes[0].failure().is_some());
}

#[test]
fn changed_files_end_in_errors() {
    let mut rng = rng();
    let bytes = prepared(&mut rng).to_bytes().expect("a file");
    let (mut loaded, mut refused, cases) = (0, 0, cases(3000));
    for _ in 0..cases {
        match Model::from_bytes(&changed(&bytes, &mut rng), &Kinds::new()) {
            Ok(model) => {
                loaded += 1;
                // What could be loaded can be used.
                let found = model.evaluate(
                    &DMatrix::from_element(model.dim(), 1, 1.0),
                    Some(&DMatrix::from_element(model.context_dim(), 1, 40.0)),
                );
                drop(found);
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    println!("of {cases} changed files {loaded} were models, {refused} were refused");
    assert!(refused > cases / 4);
}

#[test]
fn typed_models_have_files() {
    let mut rng = rng();
    let field: Mlp<f32> = Mlp::new(2).hidden([8, 8]).last_scale(1.0).build(&mut rng).expect("net");
    let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field).tolerance(1e-6));
    let bytes = model.to_bytes().expect("a file");
    type Typed<T> = Pushforward<StandardNormal, ContinuousFlow<Mlp<T>>>;
    let again = Typed::<f32>::from_bytes(&bytes, &Kinds::new()).expect("the same type");
    let x = dmatrix![0.3f32, 1.0; -0.4, 2.0];
    assert_eq!(model.log_prob(&x).expect("values"), again.log_prob(&x).expect("values"));
    let error = Typed::<f64>::from_bytes(&bytes, &Kinds::new()).expect_err("another scalar");
    assert!(error.to_string().contains("f32"), "{error}");
    type Stacked = Pushforward<StandardNormal, Chain<f32>>;
    let error = Stacked::from_bytes(&bytes, &Kinds::new()).expect_err("another kind");
    assert!(error.to_string().contains("ContinuousFlow"), "{error}");
    let closure = field::autonomous!(2, |x| [x[1], -x[0].sin()]);
    let model: Pushforward<_, ContinuousFlow<_>> =
        StandardNormal::new(2).pushed_by(ContinuousFlow::new(closure));
    let error = Model::new::<f64, _, _>(model).to_bytes().expect_err("a closure is no data");
    assert!(error.to_string().contains("closures cannot be"), "{error}");
}

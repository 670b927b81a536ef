//! Files of earlier versions are read, and have the log-densities that they had.
//!
//! `LIOUVILLE_WRITE_FIXTURES=1 cargo test -p liouville-tests --test facts fixtures -- --ignored` writes those of
//! this version, where there are none yet.

use std::path::{Path, PathBuf};

use liouville::columns::Moments;
use liouville::density::{Ensemble, Product};
use liouville::description::{Array, Arrays, Description, Kinds};
use liouville::field::{Linear, Planar, Radial, Skew, Sum, Sylvester};
use liouville::flow::closed_form::ClosedForm;
use liouville::flow::continuous::Whitening;
use liouville::flow::elementwise::{Constrain, above, free, interval, ordered, positive, simplex};
use liouville::flow::{AnyFlow, EulerStep};
use liouville::model::Model;
use liouville::prelude::*;
use liouville::save::{Document, Save};
use liouville::train::{Checkpoint, Trainable};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::changed::{cases, changed};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/models")
}

/// The same model with parameters of ordinary size.
fn learnt<T, B, F>(mut model: Pushforward<B, F>, rng: &mut StdRng) -> Model
where
    T: Real,
    B: Base<T> + Clone + 'static,
    F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
{
    let values: Vec<T> =
        model.parameters().iter().map(|_| T::of(rng.random_range(-0.6..0.6))).collect();
    model.set_parameters(&values).expect("as many");
    Model::new(model)
}

/// Base N(0, 1) under a flow.
fn pushed<T: Real, F>(flow: F, rng: &mut StdRng) -> Model
where
    F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
{
    learnt::<T, _, _>(StandardNormal::new(flow.dim()).pushed_by(flow), rng)
}

/// Layers that are one Euler step of a field.
fn steps(rng: &mut StdRng) -> Chain<f64> {
    let mut next = || rng.random_range(-1.0..1.0);
    let vectors = DMatrix::from_fn(3, 2, |_, _| next());
    let mut triangle = || DMatrix::from_fn(2, 2, |i, j| if i <= j { next() } else { 0.0 });
    let [r, r_tilde] = [triangle(), triangle()];
    let sylvester = Sylvester::new(&vectors, &r, &r_tilde, &dvector![0.1, -0.2]);
    let planar = Planar::new(dvector![1.0, 0.5, -0.3], dvector![0.3, -0.8, 0.4], 0.1);
    let radial = Radial::new(dvector![2.0, 1.5, 1.0], 1.1, 0.7);
    let network = Mlp::new(3).hidden([5]).build(rng).expect("valid sizes");
    Chain::new()
        .then(EulerStep::new(planar.expect("finite")))
        .then(EulerStep::new(radial.expect("finite")))
        .then(EulerStep::new(sylvester.expect("finite")))
        .then(EulerStep::new(network))
}

/// A neural field that was trained a little, in the frame that training gave it.
fn framed(rng: &mut StdRng) -> Model {
    let data: DMatrix<f32> = data::two_moons(0.1).sample(200, rng).expect("samples");
    let data = data.map(|x| 10.0 + 3.0 * x);
    let field = Mlp::new(2).hidden([8, 8]).time_frequencies(1).build(rng).expect("valid sizes");
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field).tolerance(1e-5));
    Trainer::maximum_likelihood().steps(20).quiet().fit(&mut model, &data, rng).expect("trains");
    Model::new(model)
}

/// Two conditional stacks in the units of a table.
fn prepared(rng: &mut StdRng) -> Model {
    let members = (0..2).map(|_| {
        let builder = Stack::spline_coupling(2).layers(2).hidden([6]).context(1);
        let mut stack: Chain<f32> = builder.build(rng).expect("valid sizes");
        let values: Vec<f32> =
            stack.parameters().iter().map(|_| rng.random_range(-0.5..0.5)).collect();
        stack.set_parameters(&values).expect("as many");
        StandardNormal::new(2).pushed_by(stack)
    });
    let members = Ensemble::weighted(members.collect(), vec![0.3, 0.7]).expect("two");
    let scale = Whitening::fit(&dmatrix![0.1, 1.2, 0.7, -0.4; 31.0, 25.0, 40.0, 33.0]);
    let support = Constrain::new().then(positive(1)).then(free(1));
    let flow = Chain::new().then(scale.expect("data")).then(support);
    let age = Moments { mean: 40.0, deviation: 10.0 };
    Model::mixture(members)
        .prepared_by(AnyFlow::new(flow))
        .and_then(|model| model.columns(["mass", "time"]))
        .and_then(|model| model.units(["kg", "s"]))
        .and_then(|model| model.contexts(["age"]))
        .and_then(|model| model.contexts_standardised(vec![age]))
        .expect("a model")
        .note("rows", 4usize)
}

/// Bases of all kinds but the normal, beside each other.
fn bases(rng: &mut StdRng) -> Model {
    let clusters =
        Mixture::normals(&[0.2, 0.3, 0.5], &dmatrix![-1.0, 0.0, 4.0], &dmatrix![0.5, 2.0, 0.1]);
    let heavy = StudentT::new(dvector![0.3], dvector![1.5], dvector![4.0]);
    let full = MultivariateNormal::new(dvector![1.0, 2.0], &dmatrix![2.0, 0.3; 0.3, 1.0]);
    let first = Product::new(clusters.expect("positive"), heavy.expect("positive"));
    let base = Product::new(first, full.expect("positive definite"));
    let flow: Chain<f64> = Stack::glow(4).layers(1).hidden([5]).build(rng).expect("valid sizes");
    learnt::<f64, _, _>(base.pushed_by(flow), rng)
}

fn bounded(rng: &mut StdRng) -> Model {
    let stack: Chain<f64> = Stack::real_nvp(9).layers(2).hidden([6]).build(rng).expect("sizes");
    let support = Constrain::new()
        .then(positive(1))
        .then(interval(-2.0, 3.0, 1).expect("in order"))
        .then(above(5.0, 1).expect("finite"))
        .then(ordered(3))
        .then(simplex(4).expect("two or more"));
    let flow = Chain::new().then(stack).then(support);
    learnt::<f64, _, _>(StandardNormal::new(9).pushed_by(flow), rng)
}

fn still(rng: &mut StdRng) -> Model {
    let skew = ClosedForm::new(Skew::new(3, vec![0.3, -0.5, 0.9]).expect("three angles"));
    let whole = dmatrix![0.2, -0.4, 0.0; 0.1, 0.3, 0.5; -0.2, 0.0, 0.1];
    let linear = ClosedForm::new(Linear::new(whole).expect("square"));
    pushed::<f64, _>(Chain::new().then(skew).then(linear), rng)
}

fn summed(rng: &mut StdRng) -> Model {
    let linear = Linear::new(dmatrix![0.1, -1.0; 1.0, 0.2]).expect("square");
    let gated = Mlp::new(2).context(1).hidden([6]).gated().build(rng).expect("valid sizes");
    let field = Sum::new(gated, linear);
    let flow = ContinuousFlow::new(field.expect("of one dimension")).solver(rk4(12));
    pushed::<f64, _>(flow, rng)
}

fn uniform(rng: &mut StdRng) -> Model {
    let base = UniformBox::new(dvector![-1.0, 2.0], dvector![1.0, 5.0]).expect("in order");
    let flow = ClosedForm::new(Linear::new(dmatrix![0.2, -0.4; 0.1, 0.3]).expect("square"));
    let _ = rng;
    Model::new(base.pushed_by(flow))
}

/// The models by the names of their files.
fn models() -> Vec<(&'static str, Model)> {
    let mut rng = StdRng::seed_from_u64(15);
    let rng = &mut rng;
    let chain = |built: liouville::Result<Chain<f32>>| built.expect("valid sizes");
    let real_nvp = chain(Stack::real_nvp(3).layers(2).hidden([8]).build(rng));
    let spline = chain(Stack::spline_coupling(2).layers(2).hidden([8]).context(1).build(rng));
    let auto = chain(Stack::spline_autoregressive(3).layers(1).hidden([9]).build(rng));
    let maf = chain(Stack::maf(3).layers(2).hidden([9]).build(rng));
    let glow = chain(Stack::glow(4).layers(2).hidden([8]).build(rng));
    let planar = chain(Stack::planar(2).layers(4).build(rng));
    vec![
        ("real_nvp", pushed::<f32, _>(real_nvp, rng)),
        ("spline_coupling", pushed::<f32, _>(spline, rng)),
        ("spline_autoregressive", pushed::<f32, _>(auto, rng)),
        ("maf", pushed::<f32, _>(maf, rng)),
        ("glow", pushed::<f32, _>(glow, rng)),
        ("planar", pushed::<f32, _>(planar, rng)),
        ("euler_steps", Model::new(StandardNormal::new(3).pushed_by(steps(rng)))),
        ("neural_field", framed(rng)),
        ("gated_and_linear", summed(rng)),
        ("closed_forms", still(rng)),
        ("bases", bases(rng)),
        ("uniform_box", uniform(rng)),
        ("bounded", bounded(rng)),
        ("ensemble", prepared(rng)),
    ]
}

fn array(matrix: &DMatrix<f64>) -> Array {
    let shape = vec![matrix.ncols(), matrix.nrows()];
    Array { shape, values: matrix.as_slice().to_vec(), scalar: "f64" }
}

/// Writes every model that has no file, with points and its log-densities there.
#[test]
#[ignore = "writes files: LIOUVILLE_WRITE_FIXTURES"]
fn written() {
    assert!(std::env::var("LIOUVILLE_WRITE_FIXTURES").is_ok());
    std::fs::create_dir_all(folder()).expect("a folder");
    for (name, model) in models() {
        let path = folder().join(format!("{name}.safetensors"));
        if path.exists() {
            continue;
        }
        let contexts = DMatrix::from_fn(model.context_dim(), 5, |_, j| 35.0 + 2.0 * j as f64);
        let own = (model.context_dim() > 0).then_some(&contexts);
        let points = model.sample_detailed(5, own, &mut StdRng::seed_from_u64(4)).expect("samples");
        let log_p = model.evaluate(&points, own).and_then(|found| found.none_failed());
        let log_p = log_p.expect("values");
        let mut arrays = Arrays::new();
        arrays.add("points", array(&points)).expect("finite");
        arrays.add("contexts", array(&contexts)).expect("finite");
        let log_p = DMatrix::from_row_slice(1, 5, log_p.as_slice());
        arrays.add("log_prob", array(&log_p)).expect("finite");
        let description = Description::new("Reference");
        let document = Document { scalar: "f64".into(), description, arrays };
        document.write(&folder().join(format!("{name}.reference.safetensors"))).expect("written");
        model.save(path).expect("written");
    }
}

#[test]
fn checkpoints_of_every_version_are_read() {
    let path = folder().join("../checkpoints/real_nvp.safetensors");
    let checkpoint = Checkpoint::<f32>::load(path).expect("a checkpoint");
    assert_eq!((checkpoint.steps(), checkpoint.report().steps.len()), (10, 10));
    let untrained: Chain<f32> = Stack::real_nvp(2)
        .layers(2)
        .hidden([8])
        .build(&mut StdRng::seed_from_u64(2))
        .expect("sizes");
    assert_eq!(checkpoint.layout().entries().len(), untrained.layout().entries().len());
    assert!(checkpoint.best().is_some_and(|(check, _)| check.loss.is_finite()));
}

/// The models that have files, by name.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("one"));
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.strip_suffix(".reference.safetensors").map(str::to_string)
        })
        .collect();
    names.sort();
    names
}

#[test]
fn files_of_every_version_have_the_densities_that_they_had() {
    let names = names();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let model = Model::load(folder().join(format!("{name}.safetensors"))).expect(&name);
        let reference = folder().join(format!("{name}.reference.safetensors"));
        let Document { arrays, .. } = Document::read(&reference).expect(&name);
        let matrix = |name: &str| {
            let Array { shape, values, .. } = arrays.take(name).expect("there");
            DMatrix::from_column_slice(shape[1], shape[0], values)
        };
        let (points, contexts) = (matrix("points"), matrix("contexts"));
        let own = (model.context_dim() > 0).then_some(&contexts);
        let found = model.evaluate(&points, own).and_then(|found| found.none_failed());
        let (found, had) =
            (found.expect(&name), DVector::from(matrix("log_prob").as_slice().to_vec()));
        let error = (&found - &had).amax();
        assert!(error <= 1e-6 * (1.0 + had.amax()), "{name}: {found} and {had}");
        // What is read can be written again, and is the same.
        let bytes = model.to_bytes().expect("a file");
        let again = Model::from_bytes(&bytes, &Kinds::new()).expect(&name);
        assert_eq!(again.evaluate(&points, own).expect("values").log_prob, found);
    }
}

#[test]
fn changed_files_of_every_kind_end_in_errors() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let read = |name: &String| std::fs::read(folder().join(format!("{name}.safetensors")));
    let files: Vec<Vec<u8>> = names().iter().map(|name| read(name).expect("a file")).collect();
    let (mut loaded, mut refused, cases) = (0, 0, cases(2000));
    for _ in 0..cases {
        let bytes = changed(&files[rng.random_range(0..files.len())], &mut rng);
        let Ok(model) = Model::from_bytes(&bytes, &Kinds::new()) else {
            refused += 1;
            continue;
        };
        loaded += 1;
        // What could be loaded can be used, and written again.
        let point = DMatrix::from_element(model.dim(), 1, 0.5);
        let context = DMatrix::from_element(model.context_dim(), 1, 40.0);
        drop(model.evaluate(&point, Some(&context)));
        let again = model.to_bytes().and_then(|bytes| Model::from_bytes(&bytes, &Kinds::new()));
        again.expect("the same model");
    }
    println!("of {cases} changed files {loaded} were models, {refused} were refused");
    assert!(refused > cases / 4);
}

//! Fields trained and saved with PyTorch give the log-densities and latent points of their references.

use std::path::Path;

use liouville::prelude::*;
use nalgebra::DMatrix;
use safetensors::{Dtype, SafeTensors};

/// The arrays of a safetensors file, as f64, with their shapes.
fn read(name: &str) -> impl Fn(&str) -> (Vec<f64>, Vec<usize>) + use<> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pytorch-fields").join(name);
    let bytes = std::fs::read(&path).expect("the file is part of the project");
    move |array: &str| {
        let tensors = SafeTensors::deserialize(&bytes).expect("a valid file");
        let view = tensors.tensor(array).expect("the array exists");
        let values = match view.dtype() {
            Dtype::F32 => view
                .data()
                .chunks_exact(4)
                .map(|b| f64::from(f32::from_le_bytes(b.try_into().expect("four bytes"))))
                .collect(),
            Dtype::F64 => view
                .data()
                .chunks_exact(8)
                .map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes")))
                .collect(),
            other => panic!("unexpected type {other:?}"),
        };
        (values, view.shape().to_vec())
    }
}

/// The field in `NAME.safetensors`.
fn field<T: Real>(name: &str) -> Mlp<T> {
    let arrays = read(&format!("{name}.safetensors"));
    let names =
        ["net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias", "net.4.weight", "net.4.bias"];
    let values = names.iter().flat_map(|name| arrays(name).0).map(T::of).collect();
    let (_, first) = arrays("net.0.weight");
    let builder = Mlp::new(first[1] - 1).hidden([first[0], first[0]]);
    let field = builder.with_parameters(values).expect("the shapes fit");
    let layout: Vec<_> = field.layout().entries().iter().map(|entry| entry.name.clone()).collect();
    assert_eq!(layout, names);
    field
}

/// The largest errors of log-densities and latent points against the reference.
fn errors<T: Real>(name: &str, tolerance: f64) -> (f64, f64) {
    let arrays = read(&format!("{name}.reference.safetensors"));
    let ((x, shape), (z, _), (log_prob, _)) = (arrays("x"), arrays("z"), arrays("log_prob"));
    let (n, dim) = (shape[0], shape[1]);
    let points = DMatrix::from_iterator(dim, n, x.iter().map(|&value| T::of(value)));
    let flow = ContinuousFlow::new(field::<T>(name)).trace(Trace::Exact).tolerance(tolerance);
    let model = StandardNormal::new(dim).pushed_by(flow);
    let evaluated = model.evaluate(&points, None).expect("valid input");
    let worst = |ours: &[T], theirs: &[f64]| {
        assert_eq!(ours.len(), theirs.len());
        ours.iter().zip(theirs).map(|(a, b)| (a.wide() - b).abs()).fold(0.0, f64::max)
    };
    let log_prob = worst(evaluated.log_prob.as_slice(), &log_prob);
    (log_prob, worst(evaluated.latent.as_slice(), &z))
}

#[test]
fn double_precision_agrees_to_1e_8() {
    for name in ["rings", "wine"] {
        let (log_prob, latent) = errors::<f64>(name, 1e-10);
        println!("{name}: log_prob {log_prob:.1e}, latent {latent:.1e}");
        assert!(log_prob <= 1e-8 && latent <= 1e-8, "{name}: {log_prob:e}, {latent:e}");
    }
}

#[test]
fn single_precision_agrees_to_2e_3() {
    for name in ["rings", "wine"] {
        let (log_prob, latent) = errors::<f32>(name, 1e-5);
        println!("{name}: log_prob {log_prob:.1e}, latent {latent:.1e}");
        assert!(log_prob <= 2e-3 && latent <= 2e-3, "{name}: {log_prob:e}, {latent:e}");
    }
}

//! Files that a stranger made to do harm end in errors, soon, and take no room that they only declare.

use std::time::Instant;

use liouville::description::{Array, Arrays, Description, Kinds};
use liouville::model::Model;
use liouville::save::Document;

/// A base of so many coordinates under a flow.
fn model(base: Description, flow: Description, dim: usize) -> Description {
    let named = |prefix: &str| (0..dim).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>();
    let pushed = Description::new("Pushforward").part("base", base).part("flow", flow);
    Description::new("Model")
        .with("columns", named("x"))
        .with("units", named("u"))
        .with("contexts", Vec::<String>::new())
        .with("context_units", Vec::<String>::new())
        .with("whole", &[0usize; 0][..])
        .part("notes", Description::new("Notes"))
        .part("density", Description::new("Ensemble").with("weights", &[1.0][..]).part("0", pushed))
}

fn normal(dim: usize) -> Description {
    Description::new("StandardNormal").with("dim", dim)
}

/// Whether it was loaded; an error says something, and both take less than so many seconds.
fn loads(what: &str, description: Description, arrays: Arrays, seconds: f64) -> bool {
    let document = Document { scalar: "f64".into(), description, arrays };
    let bytes = document.to_bytes().expect("a file");
    let start = Instant::now();
    let found = Model::from_bytes(&bytes, &Kinds::new());
    let taken = start.elapsed().as_secs_f64();
    let said = found.as_ref().err().map(ToString::to_string).unwrap_or_default();
    println!("{what}: {} kB, {taken:.3} s, {}", bytes.len() / 1000, shortened(&said));
    assert!(found.is_ok() || !said.is_empty());
    assert!(said.len() < 3000, "{what}: an error of {} characters", said.len());
    assert!(taken < seconds, "{what} took {taken} s");
    found.is_ok()
}

fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

fn row(values: &[f64]) -> Array {
    Array { shape: vec![values.len()], values: values.to_vec(), scalar: "f64" }
}

fn hollow(shape: &[usize]) -> Array {
    Array { shape: shape.to_vec(), values: Vec::new(), scalar: "f64" }
}

fn network(hidden: &[usize]) -> Description {
    Description::new("Network")
        .with("inputs", 2usize)
        .with("context_dim", 0usize)
        .with("outputs", 4usize)
        .with("hidden", hidden)
        .with("activation", "tanh")
        .with("residual", false)
}

#[test]
fn long_chains_take_no_square_of_their_length() {
    const LINKS: usize = 20_000;
    let (mut chain, mut arrays) =
        (Description::new("Chain").with("frozen", &[0usize; 0][..]), Arrays::new());
    for k in 0..LINKS {
        chain = chain.part(&k.to_string(), Description::new("Permutation"));
        let name = format!("density.0.{k}.permutation");
        arrays.add(&name, row(&[1.0, 0.0])).expect("new");
    }
    assert!(loads("a chain of many links", model(normal(2), chain, 2), arrays, 30.0));
    // With names that are no places.
    let mut chain = Description::new("Chain").with("frozen", &[0usize; 0][..]);
    for k in 0..LINKS {
        chain = chain.part(&format!("link {k}"), Description::new("Permutation"));
    }
    assert!(!loads("links without arrays", model(normal(2), chain, 2), Arrays::new(), 30.0));
}

#[test]
fn what_is_declared_makes_no_room() {
    const HUGE: usize = 1 << 24;
    let chain = |link: Description| {
        Description::new("Chain").with("frozen", &[0usize; 0][..]).part("0", link)
    };
    let with = |arrays: &[(&str, Array)]| {
        let mut all = Arrays::new();
        for (name, array) in arrays {
            all.add(&format!("density.0.{name}"), array.clone()).expect("new");
        }
        all
    };
    let spline = Description::new("Spline").with("bins", HUGE).with("bound", 5.0);
    let affine = Description::new("Affine").with("bound", 2.0);
    let coupling = |network: Description, transformer: &Description| {
        let coupling = Description::new("Coupling").part("network", network);
        chain(coupling.part("transformer", transformer.clone()))
    };
    let autoregressive = |network: Description| {
        let flow = Description::new("Autoregressive").part("network", network);
        chain(flow.part("transformer", affine.clone()))
    };
    let mask = || with(&[("0.mask", row(&[1.0, 0.0]))]);
    let order = || with(&[("0.order", row(&[1.0, 0.0]))]);
    let field = |kind: &str, hidden: &[usize], frequencies: usize| {
        let field = Description::new(kind)
            .with("dim", 2usize)
            .with("context_dim", 0usize)
            .with("time_frequencies", frequencies)
            .with("hidden", hidden)
            .with("activation", "tanh");
        let solver = Description::new("Fixed").with("method", "rk4").with("steps", HUGE);
        Description::new("ContinuousFlow")
            .with("base_time", 0.0)
            .with("data_time", 1.0)
            .part("field", field)
            .part("solver", solver)
            .part("trace", Description::new("Auto"))
            .part("gradient", Description::new("Discrete"))
    };
    let layers = vec![HUGE; 100_000];
    let each = |count: usize| {
        Description::new("Each").with("count", count).part("map", Description::new("Free"))
    };
    let boxes = (0..1000)
        .fold(Description::new("Constrain"), |all, k| all.part(&k.to_string(), each(HUGE)));
    let empty = Description::new("Chain").with("frozen", &[0usize; 0][..]);
    let big = [HUGE, 0];
    let cases = [
        ("bins", coupling(network(&[4]), &spline), mask()),
        ("widths", coupling(network(&[HUGE, HUGE]), &affine), mask()),
        ("layers", coupling(network(&layers), &affine), mask()),
        ("masked widths", autoregressive(network(&[HUGE, HUGE])), order()),
        ("masked layers", autoregressive(network(&layers)), order()),
        ("a field's widths", field("Mlp", &[HUGE, HUGE], 1), Arrays::new()),
        ("a field's layers", field("Mlp", &layers, 1), Arrays::new()),
        ("frequencies", field("Mlp", &[4], HUGE), Arrays::new()),
        ("gates", field("Gated", &layers, 1), Arrays::new()),
        ("supports", boxes, Arrays::new()),
        (
            "a simplex",
            Description::new("Constrain")
                .part("0", Description::new("Simplex").with("probabilities", HUGE)),
            Arrays::new(),
        ),
        (
            "a correlation",
            Description::new("Constrain")
                .part("0", Description::new("Correlation").with("rows", HUGE)),
            Arrays::new(),
        ),
        ("no links", empty, Arrays::new()),
        ("an empty order", autoregressive(network(&[4])), with(&[("0.order", row(&[]))])),
        ("an empty mask", coupling(network(&[4]), &affine), with(&[("0.mask", row(&[]))])),
        (
            "an empty permutation",
            chain(Description::new("Permutation")),
            with(&[("0.permutation", row(&[]))]),
        ),
        (
            "a hollow layer",
            chain(Description::new("InvertibleLinear")),
            with(&[
                ("0.log_scale", hollow(&big)),
                ("0.permutation", row(&[0.0])),
                ("0.signs", row(&[1.0])),
            ]),
        ),
        (
            "a hollow frame",
            chain(Description::new("Whitening")),
            with(&[
                ("0.frame.mean", hollow(&[usize::MAX, 0])),
                ("0.frame.root", hollow(&[usize::MAX, 0])),
            ]),
        ),
    ];
    for (what, flow, arrays) in cases {
        assert!(!loads(what, model(normal(2), flow, 2), arrays, 5.0), "{what} was loaded");
    }
    let bases = [
        ("a base", normal(HUGE), Arrays::new()),
        ("a circle", Description::new("UniformCircle").with("dim", HUGE), Arrays::new()),
        (
            "a hollow normal",
            Description::new("MultivariateNormal"),
            with(&[("base.mean", hollow(&[usize::MAX, 0]))]),
        ),
        (
            "a hollow Student",
            Description::new("StudentT"),
            with(&[("base.location", hollow(&[usize::MAX, 0]))]),
        ),
        (
            "a hollow box",
            Description::new("UniformBox"),
            with(&[("base.low", hollow(&[0, 7])), ("base.high", hollow(&[0]))]),
        ),
        ("a mixture of none", Description::new("Mixture"), with(&[("base.logits", hollow(&[0]))])),
    ];
    for (what, base, arrays) in bases {
        let flow = chain(Description::new("Permutation"));
        assert!(!loads(what, model(base, flow, 2), arrays, 5.0), "{what} was loaded");
    }
}

#[test]
fn deep_descriptions_are_refused() {
    for depth in [50, 500, 100_000] {
        let open = "{\"kind\":\"Inverted\",\"parts\":{\"flow\":".repeat(depth);
        let json = format!("{{\"version\":1,\"scalar\":\"f64\",\"model\":{open}");
        let header =
            format!("{{\"__metadata__\":{{\"liouville\":\"{}\"}}}}", json.replace('"', "\\\""));
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        let error = Model::from_bytes(&bytes, &Kinds::new()).expect_err("deep and open");
        assert!(error.is_format(), "{error:?}");
    }
}

//! Messages as somebody reads them who sees them for the first time: short numbers, no "1 values", and what to do.

use std::path::Path;

use liouville::columns::Mask;
use liouville::diagnose::{Diagnose, jacobians};
use liouville::flow::autoregressive::Order;
use liouville::flow::closed_form::Permutation;
use liouville::flow::elementwise::{Constrain, correlation, interval, positive, simplex};
use liouville::flow::euler_step::{Determinant, PowerSeries};
use liouville::flow::layers::Maf;
use liouville::flow::transformer::Spline;
use liouville::flow::{Coupling, Frozen, InvertibleLinear};
use liouville::nn::Network;
use liouville::ode::{Tableau, external_dop853, external_dopri5, external_rk4, fixed};
use liouville::prelude::*;
use liouville::{Error, plot};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// What was tried, and what was said about it.
#[derive(Default)]
struct Said(Vec<(&'static str, String)>);

impl Said {
    fn hear<A>(&mut self, what: &'static str, result: Result<A, Error>) {
        match result {
            Ok(_) => panic!("{what}: not refused"),
            Err(error) => self.0.push((what, error.to_string())),
        }
    }

    /// The faults of all messages together, so that one run shows them all.
    fn judge(&self) {
        let found = self.0.iter().flat_map(|(what, text)| {
            let (text, what) = (text.clone(), *what);
            faults(&text).into_iter().map(move |fault| format!("{what}: {fault}: {text}"))
        });
        let found: Vec<String> = found.collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// What somebody is told to do begins with one of these.
const ADVICE: [&str; 34] = [
    "add",
    "append",
    "ask",
    "build",
    "call",
    "choose",
    "compute",
    "draw",
    "give",
    "keep",
    "leave",
    "let",
    "loosen",
    "make",
    "move",
    "name",
    "pass",
    "put",
    "raise",
    "remove",
    "repair",
    "report",
    "run",
    "scale",
    "set",
    "shift",
    "smooth",
    "stay",
    "stretch",
    "subtract",
    "take",
    "transpose",
    "use",
    "weaken",
];

fn faults(text: &str) -> Vec<String> {
    let long = numbers(text).filter(|number| number.len() > 22).map(|n| format!("`{n}` is long"));
    let words: Vec<&str> = text.split([' ', '\n']).collect();
    let plural = |pair: &&[&str]| {
        let noun = pair[1].trim_end_matches([',', ':', ';', ')', '.']);
        pair[0].trim_start_matches('(') == "1" && noun.ends_with('s') && noun.len() > 3
    };
    let plurals = words.windows(2).filter(plural).map(|pair| format!("`{}`", pair.join(" ")));
    let parts = text.split([':', ';', ',', '(']).map(str::trim);
    let advised =
        parts.skip(1).any(|part| part.split(' ').next().is_some_and(|word| ADVICE.contains(&word)));
    let silent = (!advised).then(|| "no advice".to_string());
    let zero = text.contains("0.000e0").then(|| "a step of 0.000e0".to_string());
    long.chain(plurals).chain(silent).chain(zero).collect()
}

/// The numbers in a text, with signs and powers.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !(c.is_ascii_digit() || ".eE+-".contains(c)));
    parts.filter(|part| part.contains(|c: char| c.is_ascii_digit()))
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

#[test]
fn the_judge_sees_what_it_should() {
    assert!(faults("the rate is -1: give a positive number").is_empty());
    assert!(faults("the rate is -1").iter().any(|fault| fault.contains("advice")));
    assert!(faults("it has 1 values: give 2").iter().any(|fault| fault.contains("1 values")));
    assert!(faults("it has 11 values, 1 row: give 2").is_empty());
    let long = format!("t = {}: give another", 1e300);
    assert!(faults(&long).iter().any(|fault| fault.contains("long")));
}

#[test]
fn fields_say_what_to_do() {
    let mut said = Said::default();
    let none = DMatrix::<f64>::zeros(0, 0);
    said.hear("linear", field::Linear::new(none));
    said.hear("wide", field::Linear::new(DMatrix::<f64>::zeros(1, 3)));
    let one = field::Linear::new(dmatrix![1.0]).expect("square");
    said.hear("offset", one.clone().with_offset(&dvector![1.0, 2.0]));
    said.hear("infinite", field::Linear::new(dmatrix![f64::NAN]));
    said.hear("diagonal", field::DiagonalAffine::<f64>::zero(0));
    said.hear("rates", field::DiagonalAffine::new(dvector![1.0], dvector![1.0, 2.0]));
    said.hear("skew", field::Skew::<f64>::new(0, Vec::new()));
    said.hear("angles", field::Skew::new(2, vec![1.0, 2.0]));
    said.hear("planar", field::Planar::<f64>::new(dvector![], dvector![], 0.0));
    said.hear("planar, w", field::Planar::new(dvector![1.0], dvector![], 0.0));
    said.hear("radial", field::Radial::<f64>::new(dvector![], 1.0, 1.0));
    said.hear("radial, alpha", field::Radial::new(dvector![1.0], -1e300, 1.0));
    said.hear("sylvester", field::Sylvester::<f64>::random(1, 2, &mut rng()));
    let shapes = |v: DMatrix<f64>, r: DMatrix<f64>, b: usize| {
        let square = DMatrix::identity(v.ncols(), v.ncols());
        field::Sylvester::new(&v, &r, &square, &DVector::zeros(b))
    };
    let vector = DMatrix::from_element(3, 1, 1.0);
    said.hear("sylvester, R", shapes(vector.clone(), DMatrix::identity(2, 2), 1));
    said.hear("sylvester, b", shapes(vector, DMatrix::identity(1, 1), 2));
    said.hear("sylvester, zero", shapes(DMatrix::zeros(3, 1), DMatrix::identity(1, 1), 1));
    let pair = DMatrix::from_fn(3, 2, |i, j| (1 + i + 2 * j) as f64);
    said.hear("sylvester, full", shapes(pair, DMatrix::from_element(2, 2, 1.0), 2));
    said.hear("mlp", Mlp::new(0).build::<f64, _>(&mut rng()));
    said.hear("mlp, width", Mlp::new(2).hidden([3, 0]).build::<f64, _>(&mut rng()));
    said.hear("mlp, values", Mlp::new(2).with_parameters(vec![0.0f64; 1]));
    let network = Network::new(1, 1).build::<f64, _>(&mut rng()).expect("valid");
    let mask = Mask::halves(4, 0).expect("two and two");
    said.hear("coupling", field::AffineCoupling::new(mask, network, 1.0));
    let other = field::DiagonalAffine::<f64>::zero(2).expect("valid");
    said.hear("sum", field::Sum::new(one, other));
    let mut trained = Mlp::new(1).hidden([1]).build::<f64, _>(&mut rng()).expect("valid");
    said.hear("no parameters", trained.set_parameters(&[]));
    said.hear("one parameter", trained.set_parameters(&[1.0]));
    said.judge();
}

#[test]
fn flows_say_what_to_do() {
    let mut said = Said::default();
    let points = dmatrix![0.3f64; 0.7];
    let linear = || ContinuousFlow::new(field::Linear::new(dmatrix![0.1, 0.0; 0.0, 0.2]).unwrap());
    said.hear("rows", linear().forward(&dmatrix![1.0]));
    said.hear("no column", linear().forward(&DMatrix::zeros(2, 0)));
    let context = DMatrix::zeros(1, 1);
    said.hear("context", linear().follow(Direction::Forward, &points, Some(&context)));
    let steered = ContinuousFlow::new(field::conditional::<2, 1, _>(|_, x, _| x));
    said.hear("no context", steered.forward(&points));
    said.hear("contexts", steered.follow(Direction::Forward, &points, Some(&DMatrix::zeros(1, 3))));
    said.hear("context rows", steered.follow(Direction::Forward, &points, Some(&points)));
    said.hear("chain", Chain::<f64>::new().forward(&points));
    let mixed = Chain::new()
        .then(linear())
        .then(EulerStep::new(field::Planar::new(dvector![1.0f64], dvector![0.3], 0.1).unwrap()));
    said.hear("mixed chain", mixed.forward(&points));
    said.hear("permutation", Permutation::new(vec![0, 0]));
    said.hear("no permutation", Permutation::new(Vec::new()));
    let order: Vec<usize> = (1..785).collect();
    let maf = Maf::new(784).order(Order::Given(order)).build::<f64, _>(&mut rng());
    said.hear("order", maf);
    said.hear("masks", Maf::new(16).hidden([1]).build::<f64, _>(&mut rng()));
    said.hear("singular", InvertibleLinear::new(&dmatrix![1.0f64, 2.0; 2.0, 4.0]));
    said.hear("not finite", InvertibleLinear::new(&dmatrix![1.0f64, 2.0; f64::NAN, 4.0]));
    said.hear("spline", Spline::new(1, 3.0));
    said.hear("spline, bound", Spline::new(4, 1e300));
    said.hear("simplex", simplex(1));
    said.hear("simplex, rows", simplex(3).unwrap().complete(&DMatrix::<f64>::zeros(1, 1)));
    said.hear("correlation", correlation(1));
    said.hear("factor", correlation(2).unwrap().factor(&[0.1, 0.2]));
    for (low, high) in [(-1.5e308, 1.5e308), (1.0, 0.0), (1e300, 1e300f64.next_up())] {
        said.hear("interval", interval(low, high, 1));
    }
    said.hear("interval, bound", interval(0.0, f64::INFINITY, 1));
    for low in [1e300, 1.5e8] {
        let narrow = Constrain::<f32>::new().then(interval(low, low * 1.000_000_1, 1).unwrap());
        said.hear("unresolved", narrow.forward(&dmatrix![0.1f32]));
    }
    said.hear("mask", Mask::halves(1, 0));
    let network = Network::new(1, 1).build::<f64, _>(&mut rng()).unwrap();
    let mask = Mask::halves(4, 0).unwrap();
    said.hear("coupling", Coupling::from_network(mask, network, Spline::default()));
    said.hear("stack", Stack::maf(2).layers(0).build::<f64, _>(&mut rng()));
    said.hear("stack, width", Stack::maf(2).hidden([0]).build::<f64, _>(&mut rng()));
    said.hear("dimension", Stack::maf(0).build::<f64, _>(&mut rng()));
    let series = PowerSeries { survival: 1.5, ..PowerSeries::default() };
    let network = Mlp::new(2).hidden([4]).build::<f64, _>(&mut rng()).unwrap();
    let step = EulerStep::new(network).determinant(Determinant::Series(series));
    said.hear("series", step.forward(&points));
    said.hear("trajectory", linear().trajectory(&points, None, &[]));
    said.hear("outside", {
        let flow = Constrain::<f64>::new().then(positive(1));
        flow.inverse(&dmatrix![-1.0])
    });
    said.judge();
}

#[test]
fn states_say_what_to_do() {
    let mut said = Said::default();
    let stack = |layers| Stack::maf(3).layers(layers).hidden([8]).build::<f64, _>(&mut rng());
    let (mut free, other) = (stack(3).unwrap(), stack(4).unwrap());
    let mut frozen = Chain::new().then(Frozen::new(free.clone()));
    said.hear("of another", free.set_state(&other.state()));
    said.hear(
        "of one that is not frozen",
        frozen.set_state(&Chain::new().then(free.clone()).state()),
    );
    let longer = Chain::new().then(Frozen::new(other));
    said.hear("of a longer one", frozen.set_state(&longer.state()));
    let (mut few, mut bad) = (frozen.state(), frozen.state());
    few.fixed.pop();
    said.hear("without its last array", frozen.set_state(&few));
    bad.fixed[0].values[0] = f64::NAN;
    said.hear("with a NaN", frozen.set_state(&bad));
    said.judge();
}

#[test]
fn solvers_say_what_to_do() {
    let mut said = Said::default();
    let still = field::time_dependent::<1, _>(|t, [x]| [x + t * 0.0]);
    let flow = || ContinuousFlow::new(still.clone());
    let one = dmatrix![1.0f64];
    for span in
        [(1e300, 1e300 * 1.000_000_1), (0.0, f64::NAN), (-1.5e308, 1.5e308), (1e17, 1e17 + 16.0)]
    {
        said.hear("span", flow().span(span.0, span.1).forward(&one));
    }
    said.hear("span in f32", flow().span(1e8, 1e8 + 8.0).forward(&dmatrix![1.0f32]));
    said.hear("tolerance", flow().tolerance(-1e-300).forward(&one));
    said.hear("fine tolerance", flow().tolerance(1e-300).forward(&one));
    said.hear("longest step", flow().longest_step(-1e300).forward(&one));
    said.hear("no steps", flow().solver(rk4(0)).forward(&one));
    said.hear("no external steps", flow().solver(external_rk4(0)).forward(&one));
    said.hear("step limit of none", flow().solver(automatic().max_steps(0)).forward(&one));
    said.hear("probes", flow().trace(Trace::hutchinson(0)).forward(&one));
    const ROWS: Tableau =
        Tableau { name: "rows", order: 1, a: &[&[]], b: &[1.0], c: &[0.0, 1.0], error: &[] };
    const SUM: Tableau =
        Tableau { name: "sum", order: 1, a: &[&[]], b: &[1.0 / 3.0], c: &[0.0], error: &[] };
    said.hear("tableau", flow().solver(fixed(&ROWS, 3)).forward(&one));
    said.hear("tableau, sum", flow().solver(fixed(&SUM, 3)).forward(&one));
    // Columns that fail on their way, from ordinary times and from far ones.
    for from in [0.0, 1e200, -1e-200] {
        let length = if from == 0.0 { 1.0 } else { from };
        let scaled = move |rate: f64| {
            let field = field::time_dependent::<1, _>(move |t, [x]| {
                [(x * x + x * t * 0.0) * (rate / length)]
            });
            ContinuousFlow::new(field).span(from, from + length)
        };
        said.hear("blows up", scaled(2.0).forward(&one));
        said.hear("blows up, outside", scaled(2.0).solver(external_dopri5()).forward(&one));
        said.hear("blows up, order 8", scaled(2.0).solver(external_dop853()).forward(&one));
        let turning = field::time_dependent::<2, _>(move |t, [x, y]| {
            let w = 1e4 / length;
            [y * w + x * t * 0.0, x * -w]
        });
        let turning = || ContinuousFlow::new(turning.clone()).span(from, from + length);
        let two = dmatrix![1.0f64; 0.0];
        said.hear("step limit", turning().solver(automatic().max_steps(20)).forward(&two));
        said.hear(
            "limit, outside",
            turning().solver(external_dopri5().max_steps(20)).forward(&two),
        );
        let jump = field::time_dependent::<1, _>(move |t, [x]| {
            let bad = t.re - from > 0.6 * length;
            [if bad { x * f64::NAN } else { x * (1.0 / length) }]
        });
        let jump = || ContinuousFlow::new(jump.clone()).span(from, from + length);
        said.hear("NaN", jump().forward(&one));
        said.hear("NaN, outside", jump().solver(external_dopri5()).forward(&one));
    }
    let limit = said.0.iter().find(|(what, _)| *what == "step limit").expect("tried");
    assert!(limit.1.contains("solver(automatic().max_steps(n))"), "{}", limit.1);
    said.judge();
}

#[test]
fn densities_data_and_diagnoses_say_what_to_do() {
    let mut said = Said::default();
    let flow =
        || EulerStep::new(field::Planar::new(dvector![1.0, 0.5], dvector![0.3, 0.8], 0.1).unwrap());
    let model = StandardNormal::new(2).pushed_by(flow());
    let points = DMatrix::from_element(2, 5, 0.3);
    said.hear("other base", StandardNormal::new(1).pushed_by(flow()).log_prob(&points));
    said.hear("NaN", StandardNormal::new(1).log_prob(&dmatrix![f64::NAN]));
    let circle = liouville::density::UniformCircle::new(2).pushed_by(flow());
    said.hear("circle", circle.log_prob(&points));
    said.hear("no sample", Sample::<f64>::sample(&model, 0, &mut rng()));
    said.hear("too many", Sample::<f64>::sample(&model, usize::MAX / 4, &mut rng()));
    said.hear("split", data::split(&points, 1e-300, &mut rng()));
    said.hear("nothing to standardise", data::Standardizer::fit(&DMatrix::<f64>::zeros(0, 0)));
    said.hear("NaN to standardise", data::Standardizer::fit(&dmatrix![1.0, f64::NAN]));
    let fitted = data::Standardizer::fit(&points).unwrap();
    said.hear("other rows", fitted.apply(&dmatrix![1.0, 2.0]));
    said.hear("rings", data::rings(&[], 0.1).log_prob(&points));
    said.hear("radius", data::rings(&[-1e300], 0.1).log_prob(&points));
    said.hear("noise", data::two_moons(-1e300).log_prob(&points));
    said.hear("scale", data::two_moons(0.1).scaled(f64::INFINITY).log_prob(&points));
    let far = data::two_moons(0.1).shifted([1e300, 1.0 / 3.0]);
    said.hear("far", Sample::<f32>::sample(&far, 3, &mut rng()));
    said.hear("few", Diagnose::new().samples(0).flow(&model, &points, None));
    said.hear("contexts", Diagnose::new().flow(&model, &points, Some(&dmatrix![1.0, 2.0])));
    said.hear("step", jacobians(&flow(), Direction::Forward, &points, None, -1e-300));
    let act = liouville::flow::layers::ActNorm::new(field::DiagonalAffine::zero(2).unwrap());
    let mut act = act;
    said.hear("one column", act.initialise(Direction::Inverse, &points.columns(0, 1).into(), None));
    said.judge();
}

#[test]
fn pictures_say_what_to_do() {
    let mut said = Said::default();
    let path = std::env::temp_dir().join("liouville-message.svg");
    let path: &Path = &path;
    let moons = data::two_moons(0.1);
    said.hear("ending", plot::density::<f64>(&moons).save("picture.jpg"));
    said.hear("range", plot::density::<f64>(&moons).x_range(1e300, 1e300f64.next_up()).save(path));
    said.hear("long range", plot::density::<f64>(&moons).x_range(-1.7e308, 1.7e308).save(path));
    said.hear("resolution", plot::density::<f64>(&moons).resolution(1).save(path));
    said.hear("size", plot::density::<f64>(&moons).size(0, 10).save(path));
    said.hear("small", plot::density::<f64>(&moons).size(10, 10).save(path));
    let line = StandardNormal::new(1);
    said.hear("line", plot::density::<f64>(&line).save(path));
    said.hear("no points", plot::samples("none", &DMatrix::<f64>::zeros(2, 0)).save(path));
    said.hear("one row", plot::samples("row", &dmatrix![1.0, 2.0]).save(path));
    said.hear("vast", plot::samples("vast", &dmatrix![1e308, -1e308; 0.0, 1.0]).save(path));
    said.hear("NaN", plot::samples("NaN", &DMatrix::from_element(2, 1, f64::NAN)).save(path));
    said.hear("curve", plot::curves().line("loss", &[1.0], &[1.0, 2.0]).save(path));
    said.hear("no curve", plot::curves().save(path));
    said.judge();
}

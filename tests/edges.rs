//! Counts of nothing and lengths that do not fit: a typed error wherever a number, a slice or a matrix comes
//! from a user, and never a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use liouville::columns::{Block, Mask};
use liouville::diagnose::{Diagnose, Uniformity, jacobians};
use liouville::flow::autoregressive::Order;
use liouville::flow::closed_form::Permutation;
use liouville::flow::elementwise::{Constrain, correlation, free, interval, ordered, simplex};
use liouville::flow::euler_step::{Determinant, PowerSeries};
use liouville::flow::layers::{ActNorm, Maf, RealNvpCoupling};
use liouville::flow::transformer::Spline;
use liouville::flow::{Coupling, InvertibleLinear, Packet, Track};
use liouville::nn::Network;
use liouville::ode::{Tableau, external_rk4, fixed};
use liouville::prelude::*;
use liouville::train::{MiniBatch, Objective, Pool, Schedule};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// What was tried, and what was wrong with the answer.
#[derive(Default)]
struct Complaints(Vec<String>);

impl Complaints {
    /// A call that is to be refused.
    fn refused<A>(&mut self, what: &str, call: impl FnOnce() -> Result<A, liouville::Error>) {
        match catch_unwind(AssertUnwindSafe(call)) {
            Err(_) => self.0.push(format!("{what}: panicked")),
            Ok(Ok(_)) => self.0.push(format!("{what}: not refused")),
            Ok(Err(error)) => {
                let typed = error.is_shape() || error.is_setting() || error.is_empty();
                if !(typed || error.is_non_finite() || error.is_memory()) {
                    self.0.push(format!("{what}: {error:?}"));
                }
            }
        }
    }

    /// A call that may answer what it likes, but must come back.
    fn returns<A>(&mut self, what: &str, call: impl FnOnce() -> A) {
        if catch_unwind(AssertUnwindSafe(call)).is_err() {
            self.0.push(format!("{what}: panicked"));
        }
    }

    fn close(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

#[test]
fn nothing_is_refused_as_a_size() {
    let mut c = Complaints::default();
    let none = DMatrix::<f64>::zeros(0, 0);
    c.refused("linear", || field::Linear::new(none.clone()));
    c.refused("linear, wide", || field::Linear::new(DMatrix::<f64>::zeros(2, 3)));
    c.refused("linear, offset", || {
        field::Linear::new(dmatrix![1.0]).and_then(|field| field.with_offset(&dvector![1.0, 2.0]))
    });
    c.refused("diagonal", || field::DiagonalAffine::<f64>::zero(0));
    c.refused("diagonal, lengths", || {
        field::DiagonalAffine::new(dvector![1.0], dvector![1.0, 2.0])
    });
    c.refused("skew", || field::Skew::<f64>::new(0, Vec::new()));
    c.refused("skew, angles", || field::Skew::new(3, vec![1.0]));
    c.refused("planar", || field::Planar::<f64>::new(dvector![], dvector![], 0.0));
    c.refused("planar, lengths", || field::Planar::new(dvector![1.0], dvector![], 0.0));
    c.refused("radial", || field::Radial::<f64>::new(dvector![], 1.0, 1.0));
    c.refused("sylvester", || field::Sylvester::<f64>::random(0, 0, &mut rng()));
    c.refused("sylvester, rank", || field::Sylvester::<f64>::random(2, 3, &mut rng()));
    c.refused("sylvester, shapes", || {
        let (v, r) = (DMatrix::from_element(3, 2, 1.0), DMatrix::identity(1, 1));
        field::Sylvester::new(&v, &r, &DMatrix::identity(2, 2), &DVector::zeros(2))
    });
    c.refused("mlp", || Mlp::new(0).build::<f64, _>(&mut rng()));
    c.refused("mlp, width", || Mlp::new(2).hidden([3, 0]).build::<f64, _>(&mut rng()));
    c.refused("mlp, values", || Mlp::new(2).with_parameters(vec![0.0f64; 3]));
    c.refused("gated, values", || Mlp::new(2).gated().with_parameters(vec![0.0f64; 3]));
    c.refused("network", || Network::new(0, 2).build::<f64, _>(&mut rng()));
    c.refused("network, outputs", || Network::new(2, 0).build::<f64, _>(&mut rng()));
    c.refused("network, degrees", || Network::masked([], [1]).build::<f64, _>(&mut rng()));
    c.refused("network, bias", || {
        Network::new(2, 2).build::<f64, _>(&mut rng()).and_then(|n| n.with_last_bias(&[1.0]))
    });
    for dim in [0, 1] {
        c.refused("halves", || Mask::halves(dim, 0));
        c.refused("alternating", || Mask::alternating(dim, 1));
        c.refused("random mask", || Mask::random(dim, &mut rng()));
        c.refused("coupling", || RealNvpCoupling::<f64>::halves(dim, 0, [4], &mut rng()));
    }
    c.refused("mask", || Mask::new(&[]));
    c.refused("coupling, network", || {
        let network = Network::new(1, 1).build::<f64, _>(&mut rng())?;
        Coupling::from_network(Mask::halves(4, 0)?, network, Spline::default())
    });
    c.refused("maf", || Maf::new(0).build::<f64, _>(&mut rng()));
    for order in [vec![], vec![0, 0], vec![0, 1, 2]] {
        c.refused("maf, order", || {
            Maf::new(2).order(Order::Given(order)).build::<f64, _>(&mut rng())
        });
    }
    c.refused("permutation", || Permutation::new(Vec::new()));
    c.refused("random permutation", || Permutation::random(0, &mut rng()));
    c.refused("reversed permutation", || Permutation::reverse(0).forward(&none));
    c.refused("invertible linear", || InvertibleLinear::<f64>::random(0, &mut rng()));
    c.refused("shuffled linear", || InvertibleLinear::<f64>::shuffled(0, &mut rng()));
    c.refused("spline", || Spline::new(0, 3.0));
    c.refused("circular spline", || Spline::circular(1));
    c.refused("simplex", || simplex(0));
    c.refused("correlation", || correlation(0));
    c.refused("constrain", || Constrain::<f64>::new().forward(&none));
    c.refused("constrain nothing", || Constrain::<f64>::new().then(free(0)).forward(&none));
    c.refused("ordered", || Constrain::<f64>::new().then(ordered(0)).forward(&none));
    c.refused("interval of none", || {
        Constrain::<f64>::new().then(interval(0.0, 1.0, 0)?).forward(&none)
    });
    c.refused("empty chain", || Chain::<f64>::new().forward(&none));
    c.refused("closure", || {
        ContinuousFlow::new(field::autonomous_dyn(0, |_, _| {})).forward(&none)
    });
    c.refused("act norm", || {
        ActNorm::new(field::DiagonalAffine::<f64>::zero(2)?).initialise(
            Direction::Inverse,
            &DMatrix::zeros(2, 0),
            None,
        )
    });
    let stacks = [
        Stack::real_nvp,
        Stack::glow,
        Stack::spline_coupling,
        Stack::spline_autoregressive,
        Stack::maf,
        Stack::planar,
    ];
    for stack in stacks {
        c.refused("stack", || stack(0).build::<f64, _>(&mut rng()));
        c.refused("stack, layers", || stack(4).layers(0).build::<f64, _>(&mut rng()));
        c.refused("stack, width", || stack(4).hidden([0]).build::<f64, _>(&mut rng()));
        c.returns("stack in one dimension", || stack(1).build::<f64, _>(&mut rng()));
        c.returns("stack without hidden layers", || {
            stack(4).hidden([]).build::<f64, _>(&mut rng())
        });
    }
    c.close();
}

#[test]
fn densities_and_data_of_nothing_are_refused() {
    let mut c = Complaints::default();
    let none = DMatrix::<f64>::zeros(0, 3);
    let normal = StandardNormal::new(0);
    c.refused("normal", || normal.log_prob(&none));
    c.refused("normal, without columns", || normal.log_prob(&DMatrix::<f64>::zeros(0, 0)));
    c.refused("normal, samples", || -> Result<DMatrix<f64>, _> { normal.sample(3, &mut rng()) });
    c.refused("rings", || data::rings(&[], 0.1).log_prob(&DMatrix::<f64>::zeros(2, 1)));
    c.refused("moons", || -> Result<DMatrix<f64>, _> {
        data::two_moons(0.0).sample(3, &mut rng())
    });
    c.refused("moons of nothing", || -> Result<DMatrix<f64>, _> {
        data::two_moons(0.1).sample(0, &mut rng())
    });
    c.refused("split", || data::split(&DMatrix::<f64>::zeros(2, 0), 0.5, &mut rng()));
    c.refused("standardiser", || data::Standardizer::fit(&DMatrix::<f64>::zeros(0, 0)));
    c.refused("standardiser, columns", || data::Standardizer::fit(&DMatrix::<f64>::zeros(2, 0)));
    let uniformity = Uniformity::of(&[0.5, 0.2]);
    c.returns("histogram of no bins", || uniformity.histogram(0));
    c.returns("no numbers", || Uniformity::of(&[]).histogram(3));
    let flow =
        || EulerStep::new(field::Planar::new(dvector![1.0, 0.5], dvector![0.3, 0.8], 0.1).unwrap());
    c.refused("jacobians", || jacobians(&flow(), Direction::Forward, &none, None, 1e-3));
    c.refused("jacobians of no column", || {
        jacobians(&flow(), Direction::Forward, &DMatrix::zeros(2, 0), None, 1e-3)
    });
    let model = StandardNormal::new(2).pushed_by(flow());
    let points = DMatrix::from_element(2, 5, 0.3);
    for settings in [Diagnose::new().samples(0), Diagnose::new().jacobians(0)] {
        c.returns("diagnose", || settings.flow(&model, &points, None));
    }
    let continuous = ContinuousFlow::new(field::Linear::new(dmatrix![0.1, 0.0; 0.0, 0.2]).unwrap());
    let continuous = StandardNormal::new(2).pushed_by(continuous);
    for settings in [
        Diagnose::new().samples(0),
        Diagnose::new().times(0),
        Diagnose::new().times(1),
        Diagnose::new().references(0),
        Diagnose::new().jacobians(0),
    ] {
        c.returns("diagnose", || {
            let found = settings.continuous(&continuous, &points, None);
            found.map(|found| found.passage.map(|passage| passage.step_density(0)))
        });
    }
    c.close();
}

#[test]
fn solvers_and_estimates_of_nothing_are_refused() {
    const EMPTY: Tableau = Tableau { name: "empty", order: 1, a: &[], b: &[], c: &[], error: &[] };
    const SHORT: Tableau =
        Tableau { name: "short", order: 1, a: &[&[]], b: &[1.0], c: &[0.0, 1.0], error: &[] };
    const ROWS: Tableau = Tableau {
        name: "rows",
        order: 1,
        a: &[&[], &[1.0, 2.0]],
        b: &[0.5, 0.5],
        c: &[0.0, 1.0],
        error: &[],
    };
    const LEAVES: Tableau =
        Tableau { name: "leaves", order: 1, a: &[&[]], b: &[0.5], c: &[0.0], error: &[] };
    let mut c = Complaints::default();
    let points = dmatrix![0.3; 0.7];
    let flow = || ContinuousFlow::new(field::Linear::new(dmatrix![0.1, 0.0; 0.0, 0.2]).unwrap());
    for method in [&EMPTY, &SHORT, &ROWS, &LEAVES] {
        c.refused(method.name, || flow().solver(fixed(method, 3)).forward(&points));
    }
    c.refused("rk4", || flow().solver(rk4(0)).forward(&points));
    c.refused("external rk4", || flow().solver(external_rk4(0)).forward(&points));
    c.refused("hutchinson", || flow().trace(Trace::hutchinson(0)).forward(&points));
    c.refused("trajectory", || flow().trajectory(&points, None, &[]));
    c.refused("power series", || {
        let network = Mlp::new(2).hidden([4]).build::<f64, _>(&mut rng())?;
        let series = PowerSeries { probes: 0, ..PowerSeries::default() };
        EulerStep::new(network).determinant(Determinant::Series(series)).forward(&points)
    });
    c.close();
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let mut c = Complaints::default();
    let network = || Mlp::new(2).context(1).hidden([4]).build::<f64, _>(&mut rng()).unwrap();
    let model = || StandardNormal::new(2).pushed_by(ContinuousFlow::new(network()));
    let (points, contexts) = (DMatrix::from_element(2, 4, 0.3), DMatrix::from_element(1, 4, 0.1));
    let count = network().parameters().len();
    let (few, wide) = (contexts.columns(0, 3).into_owned(), DMatrix::zeros(2, 4));
    for (what, points, contexts, length) in [
        ("few contexts", &points, &few, count),
        ("wide contexts", &points, &wide, count),
        ("no points", &DMatrix::zeros(2, 0), &DMatrix::zeros(1, 0), count),
        ("flat points", &DMatrix::zeros(1, 4), &contexts, count),
        ("short gradient", &points, &contexts, count - 1),
        ("long gradient", &points, &contexts, count + 1),
        ("no gradient", &points, &contexts, 0),
    ] {
        let (batch, model) = (MiniBatch { points, contexts, seed: 1, accuracy: None }, model());
        let mut gradient = vec![0.0; length];
        let objective = liouville::train::MaximumLikelihood;
        c.refused(what, || objective.gradient(&model, batch, &Pool::new(), &mut gradient));
        let matching = liouville::train::FlowMatching::default();
        c.refused(what, || matching.gradient(&model, batch, &Pool::new(), &mut gradient));
        let regularised = liouville::train::Regularised::default();
        c.refused(what, || regularised.gradient(&model, batch, &Pool::new(), &mut gradient));
    }
    let stack = |stack: Stack| stack.layers(2).hidden([8]).build::<f64, _>(&mut rng()).unwrap();
    for flow in [stack(Stack::glow(3)), stack(Stack::maf(3)), stack(Stack::spline_coupling(3))] {
        let (sums, count) = (flow.sums_len(), flow.parameters().len());
        for [sums, count] in [[sums, count - 1], [sums - 1, count], [0, count], [sums + 1, count]] {
            let mut gradient = vec![0.0; count];
            c.refused("fold", || flow.fold(&vec![0.0; sums], &mut gradient));
        }
    }
    c.refused("simplex", || simplex(3)?.complete(&DMatrix::<f64>::zeros(1, 1)));
    c.refused("correlation", || correlation(3)?.factor(&[0.1, 0.2]));
    c.returns("schedule", || Schedule { warm_up: 10, ..Schedule::cosine() }.share(20, 5));
    c.returns("packet", || Packet::<f64>::new(Track::LogDet).load(&[], 0, &[], 0));
    c.returns("block", || Block::<f64>::new(0, 0).view().rows());
    c.close();
}

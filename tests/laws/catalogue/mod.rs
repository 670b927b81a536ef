//! Every field, solver and base of the crate, with a constructor: each law runs over the whole list.

pub mod autoregressive;
pub mod bases;
pub mod closed_form;
pub mod composed;
pub mod continuous;
pub mod coupling;
pub mod elementwise;
pub mod spline;
pub mod sylvester;

use liouville::field::{Gated, Linear, MlpBuilder, Planar, Radial, Sum};
use liouville::flow::{AnyFlow, StepInvertible};
use liouville::ode::{External, external_dop853, external_dopri5, external_rk4};
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::objective::Objective;

/// A field of any kind.
pub type AnyField<T> = Box<dyn VectorField<T>>;

/// The name of a field, and how to make one from a seed.
pub struct FieldEntry<T> {
    pub name: &'static str,
    pub make: fn(u64) -> AnyField<T>,
}

/// What runs over every trainable field.
pub trait TrainableVisitor<T: Real> {
    fn visit<F: TrainableField<T> + Clone + 'static>(&mut self, name: &str, field: F);
}

/// Every kind of field.
pub fn fields<T: Real>() -> Vec<FieldEntry<T>> {
    vec![
        FieldEntry { name: "linear", make: |seed| Box::new(linear(seed)) },
        FieldEntry { name: "planar", make: |seed| Box::new(planar(seed)) },
        FieldEntry { name: "radial", make: |seed| Box::new(radial(seed)) },
        FieldEntry { name: "diagonal", make: |seed| Box::new(closed_form::diagonal(seed, 3, 1.0)) },
        FieldEntry { name: "skew", make: |seed| Box::new(closed_form::skew(seed, 3, 2.0)) },
        FieldEntry { name: "sylvester", make: |seed| Box::new(sylvester::field(seed, 4, 2, 1.0)) },
        FieldEntry { name: "autonomous", make: |seed| Box::new(pendulum::<T>(seed)) },
        FieldEntry { name: "time_dependent", make: |seed| Box::new(swirl::<T>(seed)) },
        FieldEntry { name: "conditional", make: |seed| Box::new(steered::<T>(seed)) },
        FieldEntry { name: "autonomous_dyn", make: |seed| Box::new(springs::<T>(seed)) },
        FieldEntry { name: "time_dependent_dyn", make: |seed| Box::new(pulsing::<T>(seed)) },
        FieldEntry { name: "mlp in the plane", make: |seed| Box::new(mlp_in_the_plane(seed)) },
        FieldEntry {
            name: "mlp, no hidden layer",
            make: |seed| Box::new(mlp(seed, &[], Activation::Tanh)),
        },
        FieldEntry {
            name: "mlp, one layer, sin",
            make: |seed| Box::new(mlp(seed, &[7], Activation::Sin)),
        },
        FieldEntry {
            name: "mlp, two layers, tanh",
            make: |seed| Box::new(mlp(seed, &[9, 6], Activation::Tanh)),
        },
        FieldEntry {
            name: "mlp, two layers, silu",
            make: |seed| Box::new(mlp(seed, &[5, 8], Activation::Silu)),
        },
        FieldEntry {
            name: "mlp, three layers, softplus",
            make: |seed| Box::new(mlp(seed, &[6, 5, 7], Activation::Softplus)),
        },
        FieldEntry {
            name: "affine coupling",
            make: |seed| Box::new(coupling::field::<T>(seed, false)),
        },
        FieldEntry {
            name: "affine coupling, residual",
            make: |seed| Box::new(coupling::field::<T>(seed, true)),
        },
        FieldEntry { name: "gated, no hidden layer", make: |seed| Box::new(gated(seed, &[])) },
        FieldEntry { name: "gated, one layer", make: |seed| Box::new(gated(seed, &[7])) },
        FieldEntry { name: "gated, two layers", make: |seed| Box::new(gated(seed, &[9, 6])) },
        FieldEntry { name: "gated, three layers", make: |seed| Box::new(gated(seed, &[6, 5, 7])) },
        FieldEntry { name: "network + linear", make: |seed| Box::new(residual(seed)) },
    ]
}

/// Every kind of field with parameters.
pub fn visit_trainable<T: Real>(seed: u64, visitor: &mut impl TrainableVisitor<T>) {
    visitor.visit("linear", linear::<T>(seed));
    visitor.visit("planar", planar::<T>(seed));
    visitor.visit("radial", radial::<T>(seed));
    visitor.visit("diagonal", closed_form::diagonal::<T>(seed, 3, 1.0));
    visitor.visit("sylvester", sylvester::field::<T>(seed, 4, 2, 1.0));
    visitor.visit("skew", closed_form::skew::<T>(seed, 3, 2.0));
    for activation in [Activation::Tanh, Activation::Softplus, Activation::Silu, Activation::Sin] {
        for hidden in [&[][..], &[7], &[9, 6], &[6, 5, 7]] {
            let name = format!("mlp {hidden:?} {activation:?}");
            visitor.visit(&name, mlp::<T>(seed, hidden, activation));
        }
    }
    coupling::visit_fields(seed, visitor);
    for hidden in [&[][..], &[7], &[9, 6], &[6, 5, 7]] {
        visitor.visit(&format!("gated {hidden:?}"), gated::<T>(seed, hidden));
    }
    visitor.visit("network + linear", residual::<T>(seed));
    let both = Sum::new(linear::<T>(seed), planar::<T>(seed + 1)).expect("of one dimension");
    visitor.visit("linear + planar", both);
    visitor.visit("conditional closure", steered::<T>(seed));
    visitor.visit("closure of run-time dimension", springs::<T>(seed));
    let both = Sum::new(bent::<T>(seed), linear::<T>(seed)).expect("of one dimension");
    visitor.visit("closure + linear", both);
}

/// What runs over every trainable flow: compiled once for a scalar, and not once for every flow.
pub trait FlowVisitor<T: Real> {
    /// A flow that is exact but for rounding, from near zero to far out in the tails.
    fn meet(&mut self, name: &str, flow: AnyFlow<T>);

    /// A flow that is integrated, and about so exact for points of ordinary size.
    fn meet_within(&mut self, _accuracy: f64, name: &str, flow: AnyFlow<T>) {
        self.meet(name, flow);
    }

    /// A flow that is exact but for rounding, onto a support with an end.
    fn meet_constrained(&mut self, name: &str, flow: AnyFlow<T>) {
        self.meet(name, flow);
    }

    /// A flow of angles that is exact but for rounding, for points between -π and π.
    fn meet_circular(&mut self, name: &str, flow: AnyFlow<T>) {
        self.meet(name, flow);
    }

    /// The same flow as it is and behind a pointer, before it is met.
    fn compare(&mut self, _name: &str, _own: &Own<'_, T>, _erased: &AnyFlow<T>) {}
}

/// The derivatives of an objective by a flow's own tape.
pub type Differentiate<'a, T> =
    dyn Fn(&Objective<T>, Direction, [&DMatrix<T>; 2]) -> (f64, [Vec<f64>; 3]) + 'a;

/// A flow of a type of its own, without anything of [`AnyFlow`].
pub struct Own<'a, T: Real> {
    pub flow: &'a dyn Flow<T>,
    pub differentiate: &'a Differentiate<'a, T>,
}

/// The words by which the catalogue shows its flows.
impl<T: Real> dyn FlowVisitor<T> + '_ {
    pub fn visit<L>(&mut self, name: &str, flow: L)
    where
        L: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        let erased = self.erase(name, flow);
        self.meet(name, erased);
    }

    pub fn visit_within<L>(&mut self, accuracy: f64, name: &str, flow: L)
    where
        L: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        let erased = self.erase(name, flow);
        self.meet_within(accuracy, name, erased);
    }

    pub fn visit_constrained<L>(&mut self, name: &str, flow: L)
    where
        L: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        let erased = self.erase(name, flow);
        self.meet_constrained(name, erased);
    }

    pub fn visit_circular<L>(&mut self, name: &str, flow: L)
    where
        L: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        let erased = self.erase(name, flow);
        self.meet_circular(name, erased);
    }

    /// The flow behind a pointer, after it was compared with itself.
    fn erase<L>(&mut self, name: &str, flow: L) -> AnyFlow<T>
    where
        L: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        let erased = AnyFlow::new(flow.clone());
        let differentiate =
            |objective: &Objective<T>, direction: Direction, inputs: [&DMatrix<T>; 2]| {
                objective.run(&flow, direction, inputs)
            };
        let own = Own { flow: &flow, differentiate: &differentiate };
        self.compare(name, &own, &erased);
        erased
    }
}

/// The same flow with parameters uniform in ± size.
fn with_parameters<T: Real, L: TrainableFlow<T>>(mut flow: L, size: f64, seed: u64) -> L {
    let mut rng = StdRng::seed_from_u64(seed);
    let count = flow.parameters().len();
    let values: Vec<T> = (0..count).map(|_| T::of(rng.random_range(-size..size))).collect();
    flow.set_parameters(&values).expect("parameters that fit");
    flow
}

/// The same flow with a gentle network whose last biases are up to `size`: the maps of coordinates are
/// extreme, but depend on other coordinates as much as usual.
fn with_extreme_maps<T: Real, L: TrainableFlow<T>>(flow: L, size: f64, seed: u64) -> L {
    let mut flow = with_parameters(flow, 0.5, seed);
    let (mut values, mut rng) = (flow.parameters(), StdRng::seed_from_u64(seed + 1));
    let layout = flow.layout();
    let last = layout.entries().last().expect("a network");
    assert!(last.name.ends_with("bias"), "{}", last.name);
    values[last.range.clone()].fill_with(|| T::of(rng.random_range(-size..size)));
    flow.set_parameters(&values).expect("parameters that fit");
    flow
}

/// Every smooth flow that is exact but for rounding: layers, and chains of them, either way round. A
/// file of this folder that has layers of its own is hooked in here with one line.
pub fn visit_layers<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    visit_steps(seed, &mut AsFlow(visitor));
    coupling::visit(seed, visitor);
    autoregressive::visit(seed, visitor);
    composed::visit(seed, visitor);
    closed_form::visit(seed, visitor);
    sylvester::visit(seed, visitor);
    elementwise::visit(seed, visitor);
}

/// Exact flows whose log-determinants have kinks, which finite differences in `f32` cannot step over.
pub fn visit_kinked<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    autoregressive::visit_splines(seed, visitor);
    autoregressive::visit_spline_couplings(0.5, seed, visitor);
    autoregressive::visit_circles(seed, visitor);
}

/// Every flow that is integrated: fields of every kind by every solver that can be recorded.
pub fn visit_integrated<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    continuous::visit(seed, visitor);
    composed::visit_integrated(seed, visitor);
}

/// Flows with extreme parameters, which may report columns as failed where numbers overflow, and
/// which return as well as rounding allows. A file of this folder that has some is hooked in here with
/// one line.
pub fn visit_extreme<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    visit_steps_at_the_edge(seed, &mut AsFlow(visitor));
    sylvester::visit_at_the_edge(seed, &mut AsFlow(visitor));
    closed_form::visit_extreme(seed, visitor);
    autoregressive::visit_extreme_maps(seed, visitor);
}

/// Flows whose networks have extreme parameters. What such a network is fed with rounding it amplifies
/// without limit: these return as well as the map of each coordinate allows, given the others.
pub fn visit_extreme_networks<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    visit_extreme_couplings(seed, visitor);
    autoregressive::visit_extreme(seed, visitor);
}

/// Those of them that are couplings.
pub fn visit_extreme_couplings<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    coupling::visit_extreme(seed, visitor);
    for size in [30.0, 1000.0] {
        autoregressive::visit_spline_couplings(size, seed, visitor);
    }
}

/// A visitor of flows that is sent to layers of one Euler step.
struct AsFlow<'a, T: Real>(&'a mut dyn FlowVisitor<T>);

impl<T: Real> StepVisitor<T> for AsFlow<'_, T> {
    fn visit<F: StepInvertible<T> + 'static>(&mut self, name: &str, layer: EulerStep<F>) {
        self.0.visit(name, layer);
    }
}

/// What runs over every layer that is one Euler step of a field.
pub trait StepVisitor<T: Real> {
    fn visit<F: StepInvertible<T> + 'static>(&mut self, name: &str, layer: EulerStep<F>);
}

/// Every kind of layer that is one Euler step of a field.
pub fn visit_steps<T: Real>(seed: u64, visitor: &mut impl StepVisitor<T>) {
    visitor.visit("planar step", EulerStep::new(planar::<T>(seed)));
    visitor.visit("radial step", EulerStep::new(radial::<T>(seed)));
    visitor.visit("sylvester step", EulerStep::new(sylvester::field::<T>(seed, 4, 2, 1.0)));
    for activation in [Activation::Tanh, Activation::Silu] {
        for hidden in [&[][..], &[9, 6]] {
            let builder = Mlp::new(3).context(2).hidden(hidden.to_vec()).activation(activation);
            let network = with_random_parameters::<T>(&builder, seed);
            let name = format!("residual step {hidden:?} {activation:?}");
            visitor.visit(&name, EulerStep::new(network));
        }
    }
}

/// The same kinds with parameters at the very edge of what can be inverted.
pub fn visit_steps_at_the_edge<T: Real>(seed: u64, visitor: &mut impl StepVisitor<T>) {
    for push in [1.0, 8.0, 30.0, 300.0] {
        visitor.visit(&format!("planar, w'u -= {push}"), EulerStep::new(folding(seed, push)));
        visitor.visit(&format!("radial, beta = -{push}"), EulerStep::new(collapsing(seed, push)));
        let mut network = with_random_parameters::<T>(&Mlp::new(3).hidden([9, 6]), seed);
        let values: Vec<T> = network.parameters().iter().map(|p| *p * T::of(push)).collect();
        network.set_parameters(&values).expect("parameters that fit");
        visitor.visit(&format!("residual, weights times {push}"), EulerStep::new(network));
    }
}

/// A planar field whose w'u is `push` less than that of [`planar`].
fn folding<T: Real>(seed: u64, push: f64) -> Planar<T> {
    let field = planar::<T>(seed);
    let mut values = field.parameters().to_vec();
    let (u, w) = values.split_at_mut(3);
    let square: f64 = w[..3].iter().map(|w| w.wide() * w.wide()).sum();
    for (u, w) in u.iter_mut().zip(w) {
        *u -= T::of(push * w.wide() / square);
    }
    let part = |range: std::ops::Range<usize>| DVector::from_column_slice(&values[range]);
    Planar::new(part(0..3), part(3..6), values[6]).expect("finite")
}

/// A radial field that pulls everything to a centre among the points.
fn collapsing<T: Real>(seed: u64, pull: f64) -> Radial<T> {
    let mut next = random(seed);
    let center = DVector::from_fn(3, |_, _| T::of(0.5 * next()));
    Radial::new(center, T::of(1.1 + next()), T::of(-pull)).expect("finite and positive")
}

/// A solver of any kind, and about how accurate it is at its settings here.
#[derive(Clone, Copy, Debug)]
pub enum AnySolver {
    Adaptive(liouville::ode::Adaptive),
    Fixed(liouville::ode::Fixed),
    External(External),
}

/// Every solver, at a tolerance or at steps that reach it on the fields of this catalogue.
pub fn solvers(tolerance: f64) -> Vec<(&'static str, AnySolver)> {
    let steps = (0.5 * tolerance.powf(-0.25)).ceil() as u32 + 2;
    vec![
        ("tsit5", AnySolver::Adaptive(tsit5().tolerance(tolerance))),
        ("dopri5", AnySolver::Adaptive(dopri5().tolerance(tolerance))),
        ("dopri8", AnySolver::Adaptive(dopri8().tolerance(tolerance))),
        ("automatic", AnySolver::Adaptive(automatic().tolerance(tolerance))),
        ("rk4", AnySolver::Fixed(rk4(steps as usize))),
        ("external dopri5", AnySolver::External(external_dopri5().tolerance(tolerance))),
        ("external dop853", AnySolver::External(external_dop853().tolerance(tolerance))),
        ("external rk4", AnySolver::External(external_rk4(steps))),
    ]
}

fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut rng = StdRng::seed_from_u64(seed);
    move || rng.random_range(-1.0..1.0)
}

pub fn linear<T: Real>(seed: u64) -> Linear<T> {
    let mut next = random(seed);
    let a = DMatrix::from_fn(3, 3, |_, _| T::of(next()));
    let b = DVector::from_fn(3, |_, _| T::of(next()));
    Linear::new(a).and_then(|field| field.with_offset(&b)).expect("finite and square")
}

pub fn planar<T: Real>(seed: u64) -> Planar<T> {
    let mut next = random(seed);
    let [u, w] = std::array::from_fn(|_| DVector::from_fn(3, |_, _| T::of(1.5 * next())));
    Planar::new(u, w, T::of(next())).expect("finite and of one length")
}

/// A radial field whose centre is not among the points, where its second derivative jumps.
pub fn radial<T: Real>(seed: u64) -> Radial<T> {
    let mut next = random(seed);
    let center = DVector::from_fn(3, |_, _| T::of(2.0 + next()));
    Radial::new(center, T::of(1.1 + next()), T::of(3.0 * next())).expect("finite and positive")
}

fn pendulum<T: Real>(seed: u64) -> impl TrainableField<T> + Clone + 'static {
    let friction = 0.5 * random(seed)();
    field::autonomous!(2, move |x| [x[1], -x[0].sin() - x[1] * friction])
}

fn swirl<T: Real>(seed: u64) -> impl TrainableField<T> + Clone + 'static {
    let pace = 1.0 + random(seed)();
    field::time_dependent!(2, move |t, x| {
        let turn = (t * pace).cos();
        [-x[1] * turn, x[0] * turn + (x[1] * 0.7).tanh()]
    })
}

fn steered<T: Real>(seed: u64) -> impl TrainableField<T> + Clone + 'static {
    let strength = random(seed)();
    field::conditional!(2, 2, move |t, x, context| {
        [context[0] * strength - x[0] * t, (x[0] * context[1]).sin() - x[1]]
    })
}

fn springs<T: Real>(seed: u64) -> impl TrainableField<T> + Clone + 'static {
    let stiffness = 1.0 + random(seed)();
    field::autonomous_dyn!(4, move |x, out| {
        for i in 0..4 {
            out[i] = (x[(i + 1) % 4] - x[i]).tanh() * stiffness - x[(i + 3) % 4];
        }
    })
}

/// A field in space whose function bends in many ways.
fn bent<T: Real>(seed: u64) -> impl TrainableField<T> + Clone + 'static {
    let pace = 1.0 + random(seed)();
    field::time_dependent!(3, move |t, x| {
        let [x, y, z] = x;
        let far = (x * x + y * y + z * z + 1.0).sqrt();
        [(y / far).atan2(z * z + 1.0), (x - t) * pace / far, (-x * x).exp() * z]
    })
}

fn pulsing<T: Real>(seed: u64) -> impl TrainableField<T> + Clone + 'static {
    let pace = 3.0 * random(seed)();
    field::time_dependent_dyn!(3, move |t, x, out| {
        for i in 0..3 {
            out[i] = x[i] * (t * pace + i as f64).sin() - x[(i + 1) % 3] * x[(i + 2) % 3] * 0.2;
        }
    })
}

/// A network with a context, Fourier features of the time, and parameters of ordinary size.
pub fn mlp<T: Real>(seed: u64, hidden: &[usize], activation: Activation) -> Mlp<T> {
    let builder = Mlp::new(3).context(2).time_frequencies(1).hidden(hidden.to_vec());
    with_random_parameters(&builder.activation(activation), seed)
}

/// A gated network with a context, Fourier features of the time, and parameters of ordinary size.
pub fn gated<T: Real>(seed: u64, hidden: &[usize]) -> Gated<T> {
    let plain = Mlp::new(3).context(2).time_frequencies(1).hidden(hidden.to_vec());
    let builder = plain.gated();
    let mut rng = StdRng::seed_from_u64(seed);
    let untrained: Gated<T> = builder.build(&mut rng).expect("valid sizes");
    let count = untrained.parameters().len();
    let values = (0..count).map(|_| T::of(rng.random_range(-0.7..0.7))).collect();
    builder.with_parameters(values).expect("as many as there are")
}

/// A network with a context, which the linear field added to it does not see.
fn residual<T: Real>(seed: u64) -> Sum<T, Gated<T>, Linear<T>> {
    Sum::new(gated(seed, &[8, 5]), linear(seed + 1)).expect("of one dimension")
}

/// A plain network in two dimensions.
fn mlp_in_the_plane<T: Real>(seed: u64) -> Mlp<T> {
    with_random_parameters(&Mlp::new(2).hidden([8, 8]), seed)
}

fn with_random_parameters<T: Real>(builder: &MlpBuilder, seed: u64) -> Mlp<T> {
    let mut rng = StdRng::seed_from_u64(seed);
    let untrained: Mlp<T> = builder.build(&mut rng).expect("valid sizes");
    let count = untrained.parameters().len();
    let values = (0..count).map(|_| T::of(rng.random_range(-0.7..0.7))).collect();
    builder.with_parameters(values).expect("as many as there are")
}

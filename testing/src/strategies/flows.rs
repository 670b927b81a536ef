//! Random fields of the crate's own kinds, and layers and chains made of them.

use liouville::nalgebra::{DMatrix, DVector};
use liouville::rand::SeedableRng;
use liouville::rand::rngs::Xoshiro256PlusPlus;
use proptest::collection::vec;
use proptest::prelude::Just;
use proptest::strategy::{BoxedStrategy, Strategy, Union};

use super::{Size, parameters};
use liouville::field::{Linear, Mlp, MlpBuilder, Planar, Radial, TrainableField};
use liouville::flow::{Chain, ContinuousFlow, EulerStep, Inverted};
use liouville::kernels::Activation;
use liouville::ode::rk4;
use liouville::real::Real;

const FINITE: &str = "finite parameters";

/// Linear fields A x + b.
pub fn linear<T: Real>(dim: usize) -> impl Strategy<Value = Linear<T>> {
    parameters::<T>(dim * dim + dim, Size::Ordinary).prop_filter_map(FINITE, move |values| {
        let (a, b) = values.split_at(dim * dim);
        let a = Linear::new(DMatrix::from_row_slice(dim, dim, a)).ok()?;
        a.with_offset(&DVector::from_column_slice(b)).ok()
    })
}

/// Planar fields u tanh(w'x + b).
pub fn planar<T: Real>(dim: usize, size: Size) -> impl Strategy<Value = Planar<T>> + Clone {
    parameters::<T>(2 * dim + 1, size).prop_filter_map(FINITE, move |values| {
        let part = |from: usize| DVector::from_column_slice(&values[from..from + dim]);
        Planar::new(part(0), part(dim), values[2 * dim]).ok()
    })
}

/// Radial fields β (x - x₀) / (α + r), with α at least 0.1.
pub fn radial<T: Real>(dim: usize, size: Size) -> impl Strategy<Value = Radial<T>> {
    parameters::<T>(dim + 2, size).prop_filter_map(FINITE, move |values| {
        let center = DVector::from_column_slice(&values[..dim]);
        Radial::new(center, T::of(0.1) + values[dim].abs(), values[dim + 1]).ok()
    })
}

/// Networks of up to three hidden layers of up to nine units, with any activation.
pub fn mlp<T: Real>(dim: usize, context_dim: usize) -> impl Strategy<Value = Mlp<T>> {
    let activations = [Activation::Tanh, Activation::Softplus, Activation::Silu, Activation::Sin];
    let activation = Union::new(activations.map(Just));
    (vec(1usize..=9, 0..=3), activation).prop_flat_map(move |(hidden, activation)| {
        let builder = Mlp::new(dim).context(context_dim).hidden(hidden).activation(activation);
        let count = parameter_count::<T>(&builder);
        parameters::<T>(count, Size::Ordinary)
            .prop_filter_map(FINITE, move |values| builder.with_parameters(values).ok())
    })
}

fn parameter_count<T: Real>(builder: &MlpBuilder) -> usize {
    let built = builder.build::<T, _>(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    built.map_or(0, |network| network.parameters().len())
}

/// Residual layers: one Euler step of a network.
pub fn residual<T: Real>(
    dim: usize,
    context_dim: usize,
) -> impl Strategy<Value = EulerStep<Mlp<T>>> {
    mlp(dim, context_dim).prop_map(EulerStep::new)
}

/// Single layers, each a chain of one link: planar, radial and residual layers, the flow of a linear
/// field in equal steps, and layers the other way round.
pub fn layers<T: Real>(dim: usize, context_dim: usize) -> BoxedStrategy<Chain<T>> {
    let planar = planar::<T>(dim, Size::Ordinary).prop_map(EulerStep::new);
    let radial = radial::<T>(dim, Size::Ordinary).prop_map(EulerStep::new);
    let linear = linear::<T>(dim).prop_map(|field| ContinuousFlow::new(field).solver(rk4(32)));
    Union::new([
        planar.clone().prop_map(|layer| Chain::new().then(layer)).boxed(),
        radial.prop_map(|layer| Chain::new().then(layer)).boxed(),
        residual::<T>(dim, context_dim).prop_map(|layer| Chain::new().then(layer)).boxed(),
        linear.prop_map(|flow| Chain::new().then(flow)).boxed(),
        planar.prop_map(|layer| Chain::new().then(Inverted::new(layer))).boxed(),
    ])
    .boxed()
}

/// Chains of one to four layers. They shrink to fewer.
pub fn chains<T: Real>(dim: usize, context_dim: usize) -> impl Strategy<Value = Chain<T>> {
    vec(layers::<T>(dim, context_dim), 1..=4)
        .prop_map(|links| links.into_iter().fold(Chain::new(), |chain, link| chain.then(link)))
}

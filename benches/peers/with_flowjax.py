"""The layers by FlowJAX: its coupling flows, compiled."""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import equinox as eqx
import jax
import jax.numpy as jnp
from flowjax.bijections import RationalQuadraticSpline
from flowjax.distributions import Normal
from flowjax.flows import coupling_flow
from paramax import unwrap

import workloads as w

NAME = "flowjax"
wait = jax.block_until_ready


def stack(transformer):
    """Eight couplings with the reversals that the library puts between them, made for log_prob."""
    flow = coupling_flow(
        jax.random.key(1),
        base_dist=Normal(jnp.zeros(w.STACK_DIM)),
        transformer=transformer,
        flow_layers=w.STACK_LAYERS,
        nn_width=64,
        nn_depth=2,
    )
    parts, rest = eqx.partition(flow, eqx.is_inexact_array)
    moved = [0.1 * jax.random.normal(jax.random.key(i), p.shape) for i, p in enumerate(jax.tree.leaves(parts))]
    parts = jax.tree.map(jnp.add, parts, jax.tree.unflatten(jax.tree.structure(parts), moved))
    return eqx.combine(parts, rest)


@eqx.filter_jit
def log_prob(flow, x):
    return flow.log_prob(x)


@eqx.filter_jit
def forward(flow, z):
    return jax.vmap(unwrap(flow).bijection.transform)(z)


@eqx.filter_jit
def gradient(flow, x):
    return eqx.filter_grad(lambda flow: -flow.log_prob(x).mean())(flow)


z = jnp.asarray(w.normal(4096, w.STACK_DIM))
splines = RationalQuadraticSpline(knots=w.BINS - 1, interval=w.TAIL)
for transformer, names in ((None, w.AFFINE), (splines, w.SPLINE)):
    flow = stack(transformer)
    x = forward(flow, z)
    w.report(NAME, names[0], lambda: wait(log_prob(flow, x)), 15)
    w.report(NAME, names[1], lambda: wait(forward(flow, z)), 15)
    w.report(NAME, names[2], lambda: wait(gradient(flow, x)), 9)

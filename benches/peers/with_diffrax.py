"""The workloads by diffrax: compiled, every sample with steps of its own."""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import diffrax
import jax
import jax.numpy as jnp
import optax

import workloads as w

NAME = "diffrax"


def field(layers, t, x):
    a = jnp.append(x, t)
    for weight, bias in layers[:-1]:
        a = jnp.tanh(weight @ a + bias)
    weight, bias = layers[-1]
    return weight @ a + bias


def follow(dynamics, start, t0, t1, layers):
    return diffrax.diffeqsolve(
        diffrax.ODETerm(dynamics),
        diffrax.Tsit5(),
        t0,
        t1,
        dt0=None,
        y0=start,
        args=layers,
        stepsize_controller=diffrax.PIDController(rtol=w.TOLERANCE, atol=w.TOLERANCE),
        max_steps=256,
    ).ys


def log_prob(layers, x, probe=None):
    def dynamics(t, state, layers):
        velocity = lambda x: field(layers, t, x)
        if probe is None:
            return velocity(state[0]), jnp.trace(jax.jacfwd(velocity)(state[0]))
        v, pushed = jax.jvp(velocity, (state[0],), (probe,))
        return v, probe @ pushed

    z, change = follow(dynamics, (x, jnp.zeros(())), 1.0, 0.0, layers)
    z, change = z[0], change[0]
    return -0.5 * z @ z - 0.5 * x.size * jnp.log(2 * jnp.pi) + change


def sample(layers, z):
    return follow(lambda t, x, layers: field(layers, t, x), z, 0.0, 1.0, layers)[0]


def loss(layers, x):
    return -jnp.mean(jax.vmap(log_prob, (None, 0))(layers, x))


def matching_loss(layers, key, x1):
    first, second = jax.random.split(key)
    x0, t = jax.random.normal(first, x1.shape), jax.random.uniform(second, (x1.shape[0],))
    xt = (1 - t)[:, None] * x0 + t[:, None] * x1
    v = jax.vmap(field, (None, 0, 0))(layers, t, xt)
    return jnp.mean((v - (x1 - x0)) ** 2)


adam = optax.adam(1e-6)


@jax.jit
def matching_step(layers, state, key, x1):
    key, now = jax.random.split(key)
    gradient = jax.grad(matching_loss)(layers, now, x1)
    updates, state = adam.update(gradient, state)
    return optax.apply_updates(layers, updates), state, key


log_probs = jax.jit(jax.vmap(log_prob, (None, 0)))
probed = jax.jit(jax.vmap(log_prob, (None, 0, 0)))
samples = jax.jit(jax.vmap(sample, (None, 0)))
gradient = jax.jit(jax.grad(loss))
wait = jax.block_until_ready

rings, wide = (jax.tree.map(jnp.asarray, layers) for layers in (w.rings(), w.wide()))
w.report_errors(NAME, lambda x: log_probs(rings, jnp.asarray(x)), lambda z: samples(rings, jnp.asarray(z)))
z = jnp.asarray(w.normal(4096, 2))
x = samples(rings, z)
w.report(NAME, w.LOG_PROB, lambda: wait(log_probs(rings, x)), 9)
w.report(NAME, w.SAMPLING, lambda: wait(samples(rings, z)), 15)
w.report(NAME, w.GRADIENT, lambda: wait(gradient(rings, x[:512])), 9)
y = samples(wide, jnp.asarray(w.normal(512, 64)))
probe = jax.random.rademacher(jax.random.key(1), y.shape, jnp.float32)
w.report(NAME, w.WIDE_EXACT, lambda: wait(log_probs(wide, y)), 3)
w.report(NAME, w.WIDE_PROBE, lambda: wait(probed(wide, y, probe)), 9)
w.report(NAME, w.WIDE_GRADIENT, lambda: wait(gradient(wide, y[:128])), 3)
layers, state, key, batch = rings, adam.init(rings), jax.random.key(2), x[:512]


def step():
    global layers, state, key
    layers, state, key = wait(matching_step(layers, state, key, batch))


w.report(NAME, w.MATCHING, step, 200)

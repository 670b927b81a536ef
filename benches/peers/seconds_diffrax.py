"""Trains continuous flows by diffrax and optax for `compare_seconds`: one compiled step of Adam after another."""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from seconds_race import race

WIDTHS, BATCH, TOLERANCE, EXACT = (64, 64), 128, 1e-3, 1e-5


def initial(key):
    """Weights and biases as eqx.nn.Linear draws them."""
    sizes, layers = (3, *WIDTHS, 2), []
    for inputs, outputs in zip(sizes, sizes[1:]):
        key, *keys = jax.random.split(key, 3)
        draw = lambda key, *shape: jax.random.uniform(key, shape, minval=-1, maxval=1) / np.sqrt(inputs)
        layers.append((draw(keys[0], outputs, inputs), draw(keys[1], outputs)))
    return layers


def field(layers, t, x):
    a = jnp.append(x, t)
    for weight, bias in layers[:-1]:
        a = jnp.tanh(weight @ a + bias)
    weight, bias = layers[-1]
    return weight @ a + bias


def dynamics(t, state, layers):
    """The velocity of one point, and the exact trace of its Jacobian."""
    velocity = lambda x: field(layers, t, x)
    return velocity(state[0]), jnp.trace(jax.jacfwd(velocity)(state[0]))


def follow(dynamics, start, layers, tolerance, steps):
    end = diffrax.diffeqsolve(
        diffrax.ODETerm(dynamics),
        diffrax.Tsit5(),
        1.0,
        0.0,
        dt0=None,
        y0=start,
        args=layers,
        stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
        max_steps=steps,
    ).ys
    return end[0][0], end[1][0]


def density(z, change):
    return -0.5 * (z * z).sum(-1) - 0.5 * z.shape[-1] * jnp.log(2 * jnp.pi) + change


def loss(layers, x):
    """Over a batch that takes its steps together, which is quicker here than each point with its own."""
    together = lambda t, state, layers: jax.vmap(dynamics, (None, 0, None))(t, state, layers)
    return -density(*follow(together, (x, jnp.zeros(len(x))), layers, TOLERANCE, 256)).mean()


@jax.jit
def exact(layers, x):
    each = lambda x: density(*follow(dynamics, (x, jnp.zeros(())), layers, EXACT, 4096))
    return jax.vmap(each)(x)


adam = optax.scale_by_adam()


@jax.jit
def step(layers, state, key, points, rate):
    key, now = jax.random.split(key)
    x = points[jax.random.randint(now, (BATCH,), 0, len(points))]
    updates, state = adam.update(jax.grad(loss)(layers, x), state)
    layers = jax.tree.map(lambda value, update: value - rate * update, layers, updates)
    return layers, state, key


class Learner:
    def __init__(self, data, rate, seed):
        self.mean, self.deviation = data.mean(0), data.std(0)
        self.points = self.standard(data)
        key, first = jax.random.split(jax.random.key(seed))
        layers = initial(first)
        self.rate, self.state = rate, (layers, adam.init(layers), key)
        # Compiles.
        jax.block_until_ready(step(*self.state, self.points, rate))

    def standard(self, x):
        return jnp.asarray((x - self.mean) / self.deviation)

    def train(self, steps):
        for _ in range(steps):
            self.state = step(*self.state, self.points, self.rate)
        jax.block_until_ready(self.state)

    def log_prob(self, x):
        found = exact(self.state[0], self.standard(x))
        return np.asarray(found, np.float64) - np.log(self.deviation.astype(np.float64)).sum()


if __name__ == "__main__":
    race("diffrax", Learner)

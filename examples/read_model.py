#!/usr/bin/env python3
"""Finds the crate's log-densities again in its files, by NumPy and safetensors alone and `src/save/format.md`:

    cargo run --release --example write_models -- models && python3 examples/read_model.py models

It reads RealNVP, stacks of splines and continuous flows of neural fields, alone or in a model with preparation. Points
are rows; every map goes from data to base, and gives the points there and the logarithm of its determinant."""

import json, pathlib, sys
import numpy as np
from safetensors import safe_open

STEPS = 500  # of the Runge-Kutta method of order four
logistic = lambda u: 0.5 * (1 + np.tanh(0.5 * u))
affine = lambda arrays, layer, u: u @ arrays[layer + ".weight"].T + arrays[layer + ".bias"]
within = lambda arrays, part: {key[len(part) + 1 :]: arrays[key] for key in arrays if key.startswith(part + ".")}
ACTIVATIONS = {  # value and slope
    "tanh": lambda u: (np.tanh(u), 1 - np.tanh(u) ** 2), "softplus": lambda u: (np.logaddexp(0, u), logistic(u)),
    "sin": lambda u: (np.sin(u), np.cos(u)), "relu": lambda u: (np.maximum(u, 0), (u > 0) * 1.0),
    "silu": lambda u: (u * logistic(u), logistic(u) * (1 + u * (1 - logistic(u)))),
}

def network(own, arrays, u):
    act = lambda u: ACTIVATIONS[own["activation"]](u)[0]
    u = affine(arrays, "initial_layer" if own["residual"] else "net.0", u)
    for k in range(len(own["hidden"])):
        if own["residual"]:
            inner = affine(arrays, f"blocks.{k}.linear_layers.0", act(u))
            u = u + affine(arrays, f"blocks.{k}.linear_layers.1", act(inner))
        else:
            u = affine(arrays, f"net.{2 * k + 2}", act(u))
    return affine(arrays, "final_layer", u) if own["residual"] else u

def scale_shift(own, raw, x):
    s = own["bound"] * np.tanh(raw[..., 0] / own["bound"])
    return (x - raw[..., 1]) * np.exp(-s), -s

def spline(own, raw, x):
    bins, bound = own["bins"], own["bound"]
    def knots(raw):
        share = np.exp(raw - raw.max(-1, keepdims=True))
        share = 0.001 + (1 - 0.001 * bins) * share / share.sum(-1, keepdims=True)
        return bound * (2 * np.concatenate([0 * share[..., :1], np.cumsum(share, -1)], -1) - 1)
    xs, ys, one = knots(raw[..., :bins]), knots(raw[..., bins : 2 * bins]), np.ones_like(raw[..., :1])
    ds = np.concatenate([one, 0.001 + np.logaddexp(0, raw[..., 2 * bins :]), one], -1)
    k = np.clip((x[..., None] >= xs).sum(-1) - 1, 0, bins - 1)
    at = lambda values, k: np.take_along_axis(values, k[..., None], -1)[..., 0]
    width, height, d0, d1 = at(xs, k + 1) - at(xs, k), at(ys, k + 1) - at(ys, k), at(ds, k), at(ds, k + 1)
    s, a = height / width, (x - at(xs, k)) / width
    b = 1 - a
    below = s + (d0 + d1 - 2 * s) * a * b
    z = at(ys, k) + height * (s * a**2 + d0 * a * b) / below
    slope = s**2 * (d1 * a**2 + 2 * s * a * b + d0 * b**2) / below**2
    return np.where(np.abs(x) < bound, z, x), np.log(np.where(np.abs(x) < bound, slope, 1))

def coupling(node, arrays, x, c):
    transformer, moved = node["parts"]["transformer"], arrays["mask"] == 1
    raw = network(node["parts"]["network"]["settings"], arrays, np.hstack([x[:, ~moved], c]))
    raw, z = raw.reshape(len(x), moved.sum(), -1), x.copy()
    z[:, moved], log = find(transformer)(transformer["settings"], raw, x[:, moved])
    return z, log.sum(-1)

def invertible_linear(node, arrays, x, c):
    dim, scale = x.shape[1], arrays["log_scale"]
    lower, upper = np.eye(dim), np.diag(arrays["signs"] * np.exp(scale))
    lower[np.tril_indices(dim, -1)], upper[np.triu_indices(dim, 1)] = arrays["lower"], arrays["upper"]
    return np.linalg.solve(lower @ upper, x[:, arrays["permutation"].astype(int)].T).T, -scale.sum()

def whitening(node, arrays, x, c):
    mean, deviation, root = (arrays["frame." + name] for name in ("mean", "deviation", "root"))
    return np.linalg.solve(root, ((x - mean) / deviation).T).T, -np.log(deviation).sum() - np.linalg.slogdet(root)[1]

def velocity(own, arrays, t, y, c):  # and the trace of the Jacobian
    angles = 2 * np.pi * t * np.arange(1, own["time_frequencies"] + 1)
    times = np.concatenate([[t], np.stack([np.sin(angles), np.cos(angles)], -1).ravel()])
    u = np.hstack([y, np.tile(times, (len(y), 1)), c])
    jacobian = np.eye(u.shape[1], y.shape[1])
    for k in range(len(own["hidden"]) + 1):
        u, jacobian = affine(arrays, f"net.{2 * k}", u), arrays[f"net.{2 * k}.weight"] @ jacobian
        if k < len(own["hidden"]):
            u, slope = ACTIVATIONS[own["activation"]](u)
            jacobian = slope[..., None] * jacobian
    return u, np.trace(jacobian, axis1=-2, axis2=-1)

def continuous_flow(node, arrays, x, c):
    own, field = node["settings"], node["parts"]["field"]
    y, log = whitening(node, arrays, x, c) if "frame.mean" in arrays else (x, 0.0)
    if "frame.context_mean" in arrays:
        c = (c - arrays["frame.context_mean"]) / arrays["frame.context_deviation"]
    h = (own["base_time"] - own["data_time"]) / STEPS
    for t in own["data_time"] + h * np.arange(STEPS):
        start, v = y, 0.0
        for part, weight in [(0, 1), (0.5, 2), (0.5, 2), (1, 1)]:
            v, trace = find(field)(field["settings"], arrays, t + part * h, start + part * h * v, c)
            y, log = y + weight * h / 6 * v, log + weight * h / 6 * trace
    return y, log

def constrain(node, arrays, x, c):
    z, log, first = x.copy(), 0.0, 0
    for part in node["parts"].values():
        map, places = part["parts"]["map"], slice(first, first + part["settings"]["count"])
        z[:, places], slope = find(map)(map.get("settings"), x[:, places])
        log, first = log + np.log(slope).sum(-1), places.stop
    return z, log

def chain(node, arrays, x, c, total=0.0):
    for name, link in reversed(node["parts"].items()):
        x, log = find(link)(link, within(arrays, name), x, c)
        total = total + log
    return x, total

def pushforward(node, arrays, x, c):
    z, log = find(node["parts"]["flow"])(node["parts"]["flow"], arrays, x, c)
    return log + find(node["parts"]["base"])(z)

def ensemble(node, arrays, x, c):
    members = zip(node["settings"]["weights"], node["parts"].items())
    return np.logaddexp.reduce([np.log(w) + pushforward(m, within(arrays, k), x, c) for w, (k, m) in members])

def model(node, arrays, x, c):
    assert not node["settings"]["whole"], "there are columns of whole numbers in the file, which need noise"
    preparation, log = node["parts"].get("preparation"), 0.0
    if preparation:
        x, log = find(preparation)(preparation, within(arrays, "preparation"), x, c)
    if "contexts.mean" in arrays:
        c = (c - arrays["contexts.mean"]) / arrays["contexts.deviation"]
    return log + ensemble(node["parts"]["density"], within(arrays, "density"), x, c)

KINDS = {
    "Model": model, "Pushforward": pushforward, "Chain": chain, "Coupling": coupling, "ScaleShift": scale_shift,
    "Spline": spline, "InvertibleLinear": invertible_linear, "Whitening": whitening, "Constrain": constrain,
    "ContinuousFlow": continuous_flow, "Mlp": velocity, "StandardNormal": lambda z: -0.5 * (z**2 + np.log(2 * np.pi)).sum(-1),
    "Free": lambda own, x: (x, np.ones_like(x)), "Above": lambda own, x: (np.log(x - own["low"]), 1 / (x - own["low"])),
    "Interval": lambda own, x: (np.log((x - own["low"]) / (own["high"] - x)), 1 / (x - own["low"]) + 1 / (own["high"] - x)),
}

def find(node):
    assert node["kind"] in KINDS, f"there is a `{node['kind']}` in the file, which this reader does not know"
    return KINDS[node["kind"]]

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.safetensors")):
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["liouville"])
        arrays = {name: file.get_tensor(name).astype(float) for name in file.keys()}
    assert header["version"] == 1, f"{path} is of version {header['version']}, and this reader knows 1"
    table = np.loadtxt(path.with_suffix(".csv"), delimiter=",", skiprows=1)  # points, a context, log-densities
    found = find(header["model"])(header["model"], arrays, table[:, :-2], table[:, -2:-1])
    off = np.abs(found - table[:, -1]).max()
    print(f"{path.name:30}{len(table)} points, log-densities from {found.min():.2f}, off by {off:.1e} at most")
    assert off < 1e-6, "these are not the log-densities of the crate"

"""What every peer computes: the fields, points and tolerance of `benches/flows.rs`, and its clock."""

import json
import math
import struct
import statistics
import time
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[2] / "tests/data/pytorch-fields"
TOLERANCE = 1e-5

LOG_PROB = "log_prob, 4096 points, 2-64-64-2, exact"
SAMPLING = "sampling, 4096 points, 2-64-64-2"
GRADIENT = "likelihood gradient, batch 512, 2-64-64-2, exact"
WIDE_EXACT = "log_prob, 512 points, 64-128-128-64, exact"
WIDE_PROBE = "log_prob, 512 points, 64-128-128-64, one probe"
WIDE_GRADIENT = "likelihood gradient, batch 128, 64-128-128-64, exact"
MATCHING = "flow-matching step, batch 512, 2-64-64-2"

STACK_DIM, STACK_LAYERS, BINS, TAIL = 16, 8, 8, 3.0
AFFINE, SPLINE = (
    tuple(f"{work} of 4096 points, 8 {kind} couplings, dim 16" for work in ("log_prob", "sampling", "likelihood gradient"))
    for kind in ("affine", "spline")
)


def arrays(name):
    """The arrays of a safetensors file."""
    raw = (DATA / name).read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    kinds = {"F32": np.float32, "F64": np.float64}
    found = {}
    for key, entry in json.loads(raw[8 : 8 + size]).items():
        if key != "__metadata__":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            values = np.frombuffer(raw[start:end], kinds[entry["dtype"]])
            found[key] = values.reshape(entry["shape"]).copy()
    return found


def uniform(start, count):
    """Numbers in [0, 1) that are the same in every language: SplitMix64 of start, start + 1, ..."""
    with np.errstate(over="ignore"):
        z = (np.arange(start, start + count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53


def normal(count, dim):
    """Standard normal points, one per row, by Box and Muller's formula."""
    u = uniform(1 << 40, 2 * count * dim).reshape(count, dim, 2)
    z = np.sqrt(-2.0 * np.log1p(-u[..., 0])) * np.cos(2.0 * math.pi * u[..., 1])
    return z.astype(np.float32)


def rings():
    """The trained field 2-64-64-2, as pairs of weight and bias."""
    found = arrays("rings.safetensors")
    return [(found[f"net.{k}.weight"], found[f"net.{k}.bias"]) for k in (0, 2, 4)]


def wide():
    """A random field 64-128-128-64 whose velocities are of order one."""
    layers, used = [], 0
    for inputs, outputs in ((65, 128), (128, 128), (128, 64)):
        values = []
        for rows, columns in ((outputs, inputs), (outputs, 1)):
            bound = 1.7 / math.sqrt(columns if columns > 1 else rows)
            numbers = (2.0 * uniform(used, rows * columns) - 1.0) * bound
            used += rows * columns
            values.append(numbers.astype(np.float32).reshape(rows, columns))
        layers.append((values[0], values[1][:, 0]))
    return layers


def reference():
    """Noise and samples of the rings, with log-densities, solved to 1e-12 in double precision."""
    return arrays("rings.reference.safetensors")


def report(library, workload, work, repetitions):
    """Runs once to warm up, then prints the median of some runs in milliseconds."""
    work()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start))
    print(f"{library}\t{workload}\t{statistics.median(times):.3f}", flush=True)


def report_errors(library, log_prob, sample):
    """Prints root mean square and largest errors of log-densities and samples at the reference points."""
    known = reference()
    x, z = (known[name].astype(np.float32) for name in "xz")
    for what, found, expected in (("log_prob", log_prob(x), known["log_prob"]), ("samples", sample(z), known["x"])):
        error = np.asarray(found, dtype=np.float64) - expected
        rms, worst = np.sqrt(np.mean(error**2)), np.abs(error).max()
        print(f"{library}\terror of {what}, rings\t{rms:.1e} rms, {worst:.1e} at most", flush=True)

"""The clock of `compare_seconds`: how long the continuous flows of other libraries train until they are near the truth.

Reads the sets that `benches/seconds.rs` wrote. A learner is made for a set, a learning rate and a seed, compiled and
all; then the clock runs while it takes steps, and stands still while it is judged: by the mean of log p(x) - log q(x)
over the fresh points x, at tolerance 1e-5 with the exact trace.
"""

import sys
import time
from pathlib import Path

import numpy as np

RATES = (3e-3, 1e-2, 1e-3)
TARGET = 0.05
EVERY = 25
# A look at so many of the fresh points says whether all are worth it.
GLANCE, HOPEFUL = 2000, 0.03


def read(path, rows):
    return np.fromfile(path, "<f4").reshape(-1, rows)


class Fresh:
    """Points that nothing is trained on, with their true log-densities."""

    def __init__(self, folder, name):
        self.points = read(folder / f"{name}.test.2.f32", 2)
        self.truth = read(folder / f"{name}.truth.1.f32", 1)[:, 0].astype(np.float64)

    def excess(self, log_prob):
        """Nats above the truth: on a few points if they are far above, else on all."""
        gap = lambda count: np.mean(self.truth[:count] - log_prob(self.points[:count]))
        first = gap(GLANCE)
        return first if not first < TARGET + HOPEFUL else gap(len(self.points))


def run(learner, fresh, limit):
    """Seconds of training, steps and nats above the truth, when it is near enough or the time is up."""
    seconds, steps, excess = 0.0, 0, np.inf
    while seconds < limit and not excess <= TARGET:
        start = time.process_time()
        learner.train(EVERY)
        seconds += time.process_time() - start
        steps += EVERY
        excess = fresh.excess(learner.log_prob)
        print(f"{steps} steps, {seconds:.1f} s: {excess:.4f}", file=sys.stderr)
        if not np.isfinite(excess):
            return np.inf, steps, excess
    return (seconds if excess <= TARGET else np.inf), steps, excess


def best_rate(library, learner, name, seed, limit, fresh):
    """Seconds and rate of the quickest; none goes on that is slower than another was."""
    best = (np.inf, None)
    for rate in RATES:
        seconds, steps, excess = run(learner(rate), fresh, min(limit, best[0]))
        reached = f"{seconds:.1f} s" if np.isfinite(seconds) else f"{excess:.3f} nats"
        print(f"{library}, {name}, rate {rate}, seed {seed}: {reached}, {steps} steps", file=sys.stderr)
        best = min(best, (seconds, rate), key=lambda pair: pair[0])
    return best


def race(library, make):
    """Prints a line for every set and seed. Where the first seed never arrives, the others are not tried."""
    folder, seeds, limit = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    for name in sorted(path.name.split(".")[0] for path in folder.glob("*.train.2.f32")):
        data, fresh = read(folder / f"{name}.train.2.f32", 2), Fresh(folder, name)
        for seed in range(seeds):
            learner = lambda rate: make(data, rate, seed)
            seconds, rate = best_rate(library, learner, name, seed, limit, fresh)
            print(f"{library}\t{name}\t{seed}\t{seconds:.2f}\t{rate}", flush=True)
            if seed == 0 and not np.isfinite(seconds):
                break

"""Trains zuko's flows on the sets of `compare_likelihoods` and prints held-out nats and seconds."""

import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import zuko
from zuko.flows.coupling import NICE
from zuko.transforms import MonotonicRQSTransform

torch.set_num_threads(1)
RATE, WARM_UP, FLOOR, BATCH, CLIP = 2e-3, 50, 0.01, 512, 10.0
CHECKS = 20


def models(dim):
    """The stacks of `benches/likelihood.rs`, in the same sizes."""
    spline = dict(univariate=MonotonicRQSTransform, shapes=[(8,), (8,), (7,)])
    sizes = dict(hidden_features=(64, 64))
    return {
        "RealNVP": lambda: zuko.flows.RealNVP(dim, transforms=8, **sizes),
        "NSF-C": lambda: NICE(dim, transforms=5, **sizes, **spline),
        "MAF": lambda: zuko.flows.MAF(dim, transforms=5, **sizes),
    }


def rate(step, steps):
    """Linear warm-up, then a cosine down to a floor."""
    if step < WARM_UP:
        return RATE * (step + 1) / WARM_UP
    progress = (step - WARM_UP) / (steps - WARM_UP)
    return RATE * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * progress)))


def train(flow, data, steps):
    """Adam on mini-batches; keeps the parameters that do best on a tenth that is held out."""
    order = torch.randperm(len(data))
    held, data = data[order[: len(data) // 10]], data[order[len(data) // 10 :]]
    optimizer = torch.optim.Adam(flow.parameters(), lr=RATE)
    best, kept, place = math.inf, None, len(data)
    for step in range(steps + 1):
        if step % (steps // CHECKS) == 0:
            with torch.no_grad():
                loss = -flow().log_prob(held).mean().item()
            if loss < best:
                best, kept = loss, {key: value.clone() for key, value in flow.state_dict().items()}
        if step == steps:
            break
        if place + BATCH > len(data):
            order, place = torch.randperm(len(data)), 0
        batch = data[order[place : place + BATCH]]
        place += BATCH
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        optimizer.zero_grad()
        (-flow().log_prob(batch).mean()).backward()
        torch.nn.utils.clip_grad_norm_(flow.parameters(), CLIP)
        optimizer.step()
    flow.load_state_dict(kept)


def main():
    folder, steps, seeds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for path in sorted(folder.glob("*.train.*.f32")):
        name, _, dim, _ = path.name.split(".")
        read = lambda path: torch.from_numpy(np.fromfile(path, "<f4").reshape(-1, int(dim)).copy())
        data, test = read(path), read(folder / path.name.replace("train", "test"))
        for model, make in models(int(dim)).items():
            for seed in range(seeds):
                torch.manual_seed(seed)
                flow, start = make(), time.perf_counter()
                train(flow, data, steps)
                seconds = time.perf_counter() - start
                with torch.no_grad():
                    nats = -flow().log_prob(test).mean().item()
                print(f"zuko\t{name}\t{model}\t{seed}\t{nats:.4f}\t{seconds:.1f}", flush=True)


main()

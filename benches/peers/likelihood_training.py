"""How `compare_likelihoods` trains the flows of other libraries: as this crate does by default."""

import math
import sys
import time
from pathlib import Path

import numpy as np
import torch

torch.set_num_threads(1)
RATE, WARM_UP, FLOOR, BATCH, CLIP = 2e-3, 50, 0.01, 512, 10.0
CHECKS = 20


def rate(step, steps):
    """Linear warm-up, then a cosine down to a floor."""
    if step < WARM_UP:
        return RATE * (step + 1) / WARM_UP
    progress = (step - WARM_UP) / (steps - WARM_UP)
    return RATE * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * progress)))


def train(flow, log_prob, data, steps):
    """Adam on mini-batches; keeps the parameters that do best on a tenth that is held out."""
    order = torch.randperm(len(data))
    held, data = data[order[: len(data) // 10]], data[order[len(data) // 10 :]]
    optimizer = torch.optim.Adam(flow.parameters(), lr=RATE)
    best, kept, place = math.inf, None, len(data)
    for step in range(steps + 1):
        early = step < steps // CHECKS and step.bit_count() == 1
        if early or step % (steps // CHECKS) == 0:
            with torch.no_grad():
                loss = -log_prob(flow, held).mean().item()
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
        (-log_prob(flow, batch).mean()).backward()
        torch.nn.utils.clip_grad_norm_(flow.parameters(), CLIP)
        optimizer.step()
    flow.load_state_dict(kept)


def compare(library, models, log_prob):
    """Trains every flow of `models(dim)` on every set, and prints held-out nats and seconds."""
    folder, steps, seeds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for path in sorted(folder.glob("*.train.*.f32")):
        name, _, dim, _ = path.name.split(".")
        read = lambda path: torch.from_numpy(np.fromfile(path, "<f4").reshape(-1, int(dim)).copy())
        data, test = read(path), read(folder / path.name.replace("train", "test"))
        for model, make in models(int(dim)).items():
            for seed in range(seeds):
                torch.manual_seed(seed)
                flow, start = make(), time.perf_counter()
                train(flow, log_prob, data, steps)
                seconds = time.perf_counter() - start
                with torch.no_grad():
                    nats = -log_prob(flow, test).mean().item()
                print(f"{library}\t{name}\t{model}\t{seed}\t{nats:.4f}\t{seconds:.1f}", flush=True)

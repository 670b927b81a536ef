"""How `compare_likelihoods` trains the flows of other libraries: in a way of ours, or as their examples do."""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

torch.set_num_threads(1)
BATCH, CHECKS = 512, 20


def falling(step, steps, full=2e-3, warm_up=50, floor=0.01):
    """A learning rate: linear warm-up, then a cosine down to a floor."""
    if step < warm_up:
        return full * (step + 1) / warm_up
    progress = (step - warm_up) / (steps - warm_up)
    return full * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))


def constant(step, steps):
    """The learning rate of the libraries' own examples, and of Adam."""
    return 1e-3


@dataclass
class Training:
    """How a flow is trained."""

    rate: Callable
    clip: float


OURS = Training(rate=falling, clip=10.0)
THEIRS = Training(rate=constant, clip=math.inf)


def train(flow, log_prob, data, steps, training):
    """Adam on mini-batches; keeps the parameters that do best on a tenth that is held out."""
    order = torch.randperm(len(data))
    held, data = data[order[: len(data) // 10]], data[order[len(data) // 10 :]]
    optimizer = torch.optim.Adam(flow.parameters())
    best, kept, place = math.inf, None, len(data)
    batch_size = min(BATCH, len(data))
    check = max(steps // CHECKS, 1)
    for step in range(steps + 1):
        early = step < check and step.bit_count() == 1
        if early or step % check == 0:
            with torch.no_grad():
                loss = -log_prob(flow, held).mean().item()
            if loss < best:
                best, kept = loss, {key: value.clone() for key, value in flow.state_dict().items()}
        if step == steps:
            break
        if place + batch_size > len(data):
            order, place = torch.randperm(len(data)), 0
        batch = data[order[place : place + batch_size]]
        place += batch_size
        for group in optimizer.param_groups:
            group["lr"] = training.rate(step, steps)
        optimizer.zero_grad()
        (-log_prob(flow, batch).mean()).backward()
        torch.nn.utils.clip_grad_norm_(flow.parameters(), training.clip)
        optimizer.step()
    flow.load_state_dict(kept)


def compare(library, models, defaults, log_prob):
    """Trains the flows of `models(dim)` in our way and those of `defaults(dim)` in theirs on every set.

    Prints held-out nats, and seconds of one core.
    """
    folder, steps, seeds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for path in sorted(folder.glob("*.train.*.f32")):
        name, _, dim, _ = path.name.split(".")
        dim = int(dim)
        read = lambda path: torch.from_numpy(np.fromfile(path, "<f4").reshape(-1, dim).copy())
        data, test = read(path), read(folder / path.name.replace("train", "test"))
        ours = [(model, make, OURS) for model, make in models(dim).items()]
        theirs = [(f"{model}, defaults", make, THEIRS) for model, make in defaults(dim).items()]
        for model, make, training in ours + theirs:
            # Whatever is loaded or compiled at first use is no training.
            train(make(), log_prob, data, 2, training)
            for seed in range(seeds):
                torch.manual_seed(seed)
                flow, start = make(), time.process_time()
                train(flow, log_prob, data, steps, training)
                seconds = time.process_time() - start
                with torch.no_grad():
                    nats = -log_prob(flow, test).mean().item()
                print(f"{library}\t{name}\t{model}\t{seed}\t{nats:.4f}\t{seconds:.1f}", flush=True)

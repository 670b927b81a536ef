"""Trains continuous flows by torchdiffeq and Adam for `compare_seconds`, as its example does."""

import math

import numpy as np
import torch
from seconds_race import race
from torchdiffeq import odeint

torch.set_num_threads(1)
WIDTHS, BATCH, TOLERANCE, EXACT = (64, 64), 128, 1e-3, 1e-5


class Field(torch.nn.Module):
    """A network of the point and the time, with the exact trace of its Jacobian."""

    def __init__(self):
        super().__init__()
        sizes = (3, *WIDTHS, 2)
        layers = [[torch.nn.Linear(*pair), torch.nn.Tanh()] for pair in zip(sizes, sizes[1:])]
        self.net = torch.nn.Sequential(*sum(layers, [])[:-1])
        self.trains = True

    def forward(self, t, state):
        with torch.enable_grad():
            x = state[0] if self.trains else state[0].detach()
            x = x if x.requires_grad else x.requires_grad_(True)
            v = self.net(torch.cat([x, t.expand(x.shape[0], 1)], 1))
            rows = (torch.autograd.grad(v[:, i].sum(), x, create_graph=self.trains, retain_graph=True)[0] for i in (0, 1))
            trace = sum(row[:, i] for i, row in enumerate(rows))
        return (v, trace) if self.trains else (v.detach(), trace.detach())


def log_prob(field, x, tolerance):
    start, times = (x, torch.zeros(x.shape[0])), torch.tensor([1.0, 0.0])
    z, change = odeint(field, start, times, rtol=tolerance, atol=tolerance, method="dopri5")
    return -0.5 * (z[-1] ** 2).sum(1) - 0.5 * x.shape[1] * math.log(2 * math.pi) + change[-1]


class Learner:
    def __init__(self, data, rate, seed):
        torch.manual_seed(seed)
        self.mean, self.deviation = data.mean(0), data.std(0)
        self.points = self.standard(data)
        self.field = Field()
        self.adam = torch.optim.Adam(self.field.parameters(), lr=rate)
        # What is loaded at first use is no training.
        self.gradient(8)

    def standard(self, x):
        return torch.from_numpy((x - self.mean) / self.deviation)

    def gradient(self, count):
        x = self.points[torch.randint(len(self.points), (count,))]
        self.adam.zero_grad()
        (-log_prob(self.field, x, TOLERANCE).mean()).backward()

    def train(self, steps):
        for _ in range(steps):
            self.gradient(BATCH)
            self.adam.step()

    def log_prob(self, x):
        self.field.trains = False
        found = torch.cat([log_prob(self.field, part, EXACT) for part in self.standard(x).split(2000)])
        self.field.trains = True
        return found.numpy().astype(np.float64) - np.log(self.deviation.astype(np.float64)).sum()


if __name__ == "__main__":
    race("torchdiffeq", Learner)

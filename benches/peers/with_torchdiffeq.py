"""The workloads by torchdiffeq, as FFJORD and its users write them."""

import math

import torch
from torchdiffeq import odeint

import workloads as w

torch.set_num_threads(1)
NAME = "torchdiffeq"


class Field(torch.nn.Module):
    def __init__(self, layers):
        super().__init__()
        modules = []
        for weight, bias in layers:
            linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
            linear.weight.data = torch.from_numpy(weight)
            linear.bias.data = torch.from_numpy(bias)
            modules += [linear, torch.nn.Tanh()]
        self.net = torch.nn.Sequential(*modules[:-1])

    def forward(self, t, x):
        return self.net(torch.cat([x, t.expand(x.shape[0], 1)], 1))


def exact(v, x, keep):
    columns = (torch.autograd.grad(v[:, i].sum(), x, create_graph=keep, retain_graph=True)[0][:, i] for i in range(x.shape[1]))
    return sum(columns)


def solve(field, x, keep, probe=None):
    def dynamics(t, state):
        with torch.enable_grad():
            x = state[0] if keep else state[0].detach()
            x = x.requires_grad_(True) if not x.requires_grad else x
            v = field(t, x)
            if probe is None:
                trace = exact(v, x, keep)
            else:
                trace = (torch.autograd.grad(v, x, probe, create_graph=keep)[0] * probe).sum(1)
        return (v, trace) if keep else (v.detach(), trace.detach())

    start = (x, torch.zeros(x.shape[0]))
    times = torch.tensor([1.0, 0.0])
    z, change = odeint(dynamics, start, times, rtol=w.TOLERANCE, atol=w.TOLERANCE, method="dopri5")
    base = -0.5 * (z[-1] ** 2).sum(1) - 0.5 * x.shape[1] * math.log(2 * math.pi)
    return base + change[-1]


def sample(field, z):
    with torch.no_grad():
        times = torch.tensor([0.0, 1.0])
        return odeint(field, z, times, rtol=w.TOLERANCE, atol=w.TOLERANCE, method="dopri5")[-1]


def gradient(field, x):
    field.zero_grad()
    (-solve(field, x, keep=True).mean()).backward()


def matching_step(field, x1, optimizer):
    x0, t = torch.randn_like(x1), torch.rand(x1.shape[0], 1)
    loss = ((field.net(torch.cat([(1 - t) * x0 + t * x1, t], 1)) - (x1 - x0)) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


rings, wide = Field(w.rings()), Field(w.wide())
w.report_errors(
    NAME,
    lambda x: solve(rings, torch.from_numpy(x), keep=False),
    lambda z: sample(rings, torch.from_numpy(z)),
)
z = torch.from_numpy(w.normal(4096, 2))
x = sample(rings, z)
w.report(NAME, w.LOG_PROB, lambda: solve(rings, x, keep=False), 9)
w.report(NAME, w.SAMPLING, lambda: sample(rings, z), 15)
w.report(NAME, w.GRADIENT, lambda: gradient(rings, x[:512]), 9)
y = sample(wide, torch.from_numpy(w.normal(512, 64)))
probe = torch.randint(0, 2, y.shape) * 2.0 - 1.0
w.report(NAME, w.WIDE_EXACT, lambda: solve(wide, y, keep=False), 3)
w.report(NAME, w.WIDE_PROBE, lambda: solve(wide, y, keep=False, probe=probe), 9)
w.report(NAME, w.WIDE_GRADIENT, lambda: gradient(wide, y[:128]), 3)
adam = torch.optim.Adam(rings.parameters(), lr=1e-6)
w.report(NAME, w.MATCHING, lambda: matching_step(rings, x[:512], adam), 200)

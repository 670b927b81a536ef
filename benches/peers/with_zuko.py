"""The layers by zuko: RealNVP, and couplings with its rational-quadratic splines."""

import torch
from zuko.flows.coupling import NICE
from zuko.transforms import MonotonicRQSTransform

import workloads as w

torch.set_num_threads(1)
torch.manual_seed(1)
NAME = "zuko"


def gradient(flow, x):
    flow.zero_grad()
    (-flow().log_prob(x).mean()).backward()


def forward(flow, z):
    with torch.no_grad():
        return flow().transform.inv(z)


def log_prob(flow, x):
    with torch.no_grad():
        return flow().log_prob(x)


z = torch.from_numpy(w.normal(4096, w.STACK_DIM))
sizes = dict(features=w.STACK_DIM, transforms=w.STACK_LAYERS, hidden_features=(64, 64))
splines = dict(
    univariate=lambda *raw: MonotonicRQSTransform(*raw, bound=w.TAIL),
    shapes=[(w.BINS,), (w.BINS,), (w.BINS - 1,)],
)
for options, names in (({}, w.AFFINE), (splines, w.SPLINE)):
    flow = NICE(**sizes, **options)
    x = forward(flow, z)
    w.report(NAME, names[0], lambda: log_prob(flow, x), 9)
    w.report(NAME, names[1], lambda: forward(flow, z), 9)
    w.report(NAME, names[2], lambda: gradient(flow, x), 9)

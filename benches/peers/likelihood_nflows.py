"""Trains nflows' flows on the sets of `compare_likelihoods` and prints held-out nats and seconds."""

import torch
from likelihood_training import compare
from nflows.distributions import StandardNormal
from nflows.flows import Flow
from nflows.transforms import (
    AffineCouplingTransform,
    CompositeTransform,
    MaskedAffineAutoregressiveTransform,
    PiecewiseRationalQuadraticCouplingTransform,
    ReversePermutation,
)

WIDTH = 64


class Conditioner(torch.nn.Sequential):
    """Two hidden layers of ReLUs; nflows divides raw widths and heights by the root of `hidden_features`."""

    def __init__(self, inputs, outputs):
        widths = [inputs, WIDTH, WIDTH]
        hidden = [[torch.nn.Linear(*pair), torch.nn.ReLU()] for pair in zip(widths, widths[1:])]
        super().__init__(*sum(hidden, []), torch.nn.Linear(WIDTH, outputs))
        self.hidden_features = WIDTH

    def forward(self, x, context=None):
        return super().forward(x)


def models(dim):
    """The stacks of `benches/likelihood.rs`, in the same sizes."""

    def coupling(i, kind, **settings):
        mask = (torch.arange(dim) + i) % 2
        return kind(mask, Conditioner, **settings)

    def autoregressive():
        return MaskedAffineAutoregressiveTransform(dim, WIDTH, num_blocks=1, use_residual_blocks=False)

    def flow(layers):
        return Flow(CompositeTransform(list(layers)), StandardNormal([dim]))

    spline = dict(num_bins=8, tails="linear", tail_bound=5.0)
    rational = PiecewiseRationalQuadraticCouplingTransform
    return {
        "RealNVP": lambda: flow(coupling(i, AffineCouplingTransform) for i in range(8)),
        "NSF-C": lambda: flow(coupling(i, rational, **spline) for i in range(5)),
        "MAF": lambda: flow(layer for _ in range(5) for layer in (autoregressive(), ReversePermutation(dim))),
    }


compare("nflows", models, lambda flow, x: flow.log_prob(x))

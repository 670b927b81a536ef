"""Trains nflows' flows on the sets of `compare_likelihoods` and prints held-out nats and seconds."""

import torch
from likelihood_training import compare
from nflows.distributions import StandardNormal
from nflows.flows import Flow, SimpleRealNVP
from nflows.transforms import (
    AffineCouplingTransform,
    CompositeTransform,
    MaskedAffineAutoregressiveTransform,
    MaskedPiecewiseRationalQuadraticAutoregressiveTransform,
    PiecewiseRationalQuadraticCouplingTransform,
    ReversePermutation,
)

WIDTH, TAILS = 64, dict(tails="linear", tail_bound=5.0)


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

    rational = PiecewiseRationalQuadraticCouplingTransform
    return {
        "RealNVP": lambda: flow(coupling(i, AffineCouplingTransform) for i in range(8)),
        "RQ-NSF (C)": lambda: flow(coupling(i, rational, num_bins=8, **TAILS) for i in range(5)),
        "MAF": lambda: flow(layer for _ in range(5) for layer in (autoregressive(), ReversePermutation(dim))),
    }


def defaults(dim):
    """Five layers behind reversals, as its examples have, each with the defaults of its constructor: two residual
    blocks, splines of 10 bins. There is no default width, nor tails for points in the whole space: those of ours."""

    def flow(kind, **settings):
        pairs = ((ReversePermutation(dim), kind(dim, WIDTH, **settings)) for _ in range(5))
        return Flow(CompositeTransform([layer for pair in pairs for layer in pair]), StandardNormal([dim]))

    rational = MaskedPiecewiseRationalQuadraticAutoregressiveTransform
    return {
        "RealNVP": lambda: SimpleRealNVP(dim, WIDTH, num_layers=5, num_blocks_per_layer=2),
        "RQ-NSF": lambda: flow(rational, **TAILS),
        "MAF": lambda: flow(MaskedAffineAutoregressiveTransform),
    }


compare("nflows", models, defaults, lambda flow, x: flow.log_prob(x))

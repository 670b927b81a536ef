"""Trains zuko's flows on the sets of `compare_likelihoods` and prints held-out nats and seconds."""

import zuko
from likelihood_training import compare
from zuko.flows.coupling import NICE
from zuko.transforms import MonotonicRQSTransform


def models(dim):
    """The stacks of `benches/likelihood.rs`, in the same sizes."""
    spline = dict(univariate=MonotonicRQSTransform, shapes=[(8,), (8,), (7,)])
    sizes = dict(hidden_features=(64, 64))
    return {
        "RealNVP": lambda: zuko.flows.RealNVP(dim, transforms=8, **sizes),
        "RQ-NSF (C)": lambda: NICE(dim, transforms=5, **sizes, **spline),
        "MAF": lambda: zuko.flows.MAF(dim, transforms=5, **sizes),
    }


def defaults(dim):
    """What its constructors make: three transforms of (64, 64), splines of 8 bins, autoregressive but for RealNVP."""
    flows = zuko.flows
    return {
        "RealNVP": lambda: flows.RealNVP(dim),
        "RQ-NSF": lambda: flows.NSF(dim),
        "MAF": lambda: flows.MAF(dim),
    }


compare("zuko", models, defaults, lambda flow, x: flow().log_prob(x))

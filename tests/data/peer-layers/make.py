"""Writes layers.safetensors: layers by public libraries, their parameters, and where points go; see README.md."""

import math

import torch
import zuko
from nflows.transforms.autoregressive import MaskedPiecewiseRationalQuadraticAutoregressiveTransform
from nflows.transforms.made import MADE
from nflows.transforms.splines.rational_quadratic import unconstrained_rational_quadratic_spline
from normflows.flows import Planar
from safetensors.torch import save_file
from torch.distributions.transforms import AffineTransform

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
DIM, WIDTH, BINS, TAIL, BOUND = 4, 6, 8, 3.0, 3.0
found = {}


def keep(name, parameters, x, y, log_det):
    """Takes in a layer: its parameters, and points `x` that it moves to `y`."""
    for key, value in {**parameters, "x": x, "y": y, "log_det": log_det}.items():
        found[f"{name}.{key}"] = value.detach().double().clone().contiguous()


def network(inputs, outputs):
    net = torch.nn.Sequential(
        torch.nn.Linear(inputs, WIDTH), torch.nn.ReLU(),
        torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU(),
        torch.nn.Linear(WIDTH, outputs),
    )
    for parameter in net.parameters():
        parameter.data = torch.randn_like(parameter)
    return net, {f"net.{key}": value for key, value in net.state_dict().items()}


def masked_network(net):
    """The parameters of nflows' MADE: hidden units in the order of their degrees, masks applied."""
    maps = [net.initial_layer, *(block.linear for block in net.blocks), net.final_layer]
    for parameter in net.parameters():
        parameter.data = torch.randn_like(parameter)
    parameters, inputs = {}, torch.arange(DIM)
    for k, layer in enumerate(maps):
        last = layer is maps[-1]
        order = torch.arange(layer.out_features) if last else torch.argsort(layer.degrees, stable=True)
        parameters[f"net.{2 * k}.weight"] = (layer.weight * layer.mask)[order][:, inputs]
        parameters[f"net.{2 * k}.bias"] = layer.bias[order]
        inputs = order
    return parameters


def scale_and_shift(raw):
    """Bounded log-scale and shift of every coordinate, from the outputs of a network."""
    raw = raw.unflatten(-1, (-1, 2))
    return BOUND * torch.tanh(raw[..., 0] / BOUND), raw[..., 1]


x = 1.5 * torch.randn(40, DIM)
x[:4] *= 10

# RealNVP's coupling: the first half says how the second is scaled and shifted.
net, parameters = network(2, 4)
def coupling(kept):
    s, t = scale_and_shift(net(kept))
    return zuko.transforms.DependentTransform(AffineTransform(t, s.exp()), 1)
mask = torch.tensor([True, True, False, False])
y, log_det = zuko.transforms.CouplingTransform(coupling, mask).call_and_ladj(x)
keep("affine", parameters, x, y, log_det)

# A spline coupling: splines of the second half, from data to base.
net, parameters = network(2, 2 * (3 * BINS - 1))
raw = net(x[:, :2]).unflatten(-1, (2, -1))
moved, slopes = unconstrained_rational_quadratic_spline(
    x[:, 2:], raw[..., :BINS], raw[..., BINS : 2 * BINS], raw[..., 2 * BINS :], tails="linear", tail_bound=TAIL
)
keep("spline", parameters, x, torch.cat([x[:, :2], moved], 1), slopes.sum(1))

# MAF, from data to base.
made = MADE(DIM, WIDTH, num_blocks=1, output_multiplier=2, use_residual_blocks=False)
parameters = masked_network(made)
def autoregressive(x):
    s, t = scale_and_shift(made(x))
    return zuko.transforms.DependentTransform(AffineTransform(-t * (-s).exp(), (-s).exp()), 1)
y, log_det = zuko.transforms.AutoregressiveTransform(autoregressive, passes=DIM).call_and_ladj(x)
keep("maf", parameters, x, y, log_det)

# MAF with splines, from data to base.
flow = MaskedPiecewiseRationalQuadraticAutoregressiveTransform(
    DIM, WIDTH, num_bins=BINS, tails="linear", tail_bound=TAIL, num_blocks=1, use_residual_blocks=False
)
parameters = masked_network(flow.autoregressive_net)
keep("spline_maf", parameters, x, *flow(x))

# A planar layer, from base to data.
layer = Planar((DIM,), u=torch.randn(1, DIM), w=torch.randn(1, DIM), b=torch.randn(1))
parameters = {"u": layer.u[0], "w": layer.w[0], "b": layer.b}
keep("planar", parameters, x, *layer(x))

# MAF in the parameters of the direction from data to base.
made = MADE(DIM, WIDTH, num_blocks=1, output_multiplier=2, use_residual_blocks=False)
parameters = masked_network(made)
def to_base(x):
    raw = made(x).unflatten(-1, (-1, 2))
    map = zuko.transforms.MonotonicAffineTransform(raw[..., 1], raw[..., 0], slope=math.exp(-BOUND))
    return zuko.transforms.DependentTransform(map, 1)
y, log_det = zuko.transforms.AutoregressiveTransform(to_base, passes=DIM).call_and_ladj(x)
keep("base_maf", parameters, x, y, log_det)

save_file(found, "layers.safetensors")
for key in sorted(found):
    assert found[key].isfinite().all(), key

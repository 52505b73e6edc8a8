"""Recent models as a PyTorch user writes them. Ours must give the same results, faster.

Their parts have the names of our parameters, so that `state_dict_of` can transfer weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResNet(nn.Module):
    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, channels, 7, stride=2, padding=3)
        self.conv2 = nn.Conv1d(channels, channels, 3, padding=1)
        self.conv3 = nn.Conv1d(channels, channels, 3, padding=1)
        self.norm1, self.norm2, self.norm3 = (nn.BatchNorm1d(channels) for _ in range(3))
        self.dense = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm1(self.conv1(x[:, None])).relu()
        inner = self.norm2(self.conv2(h)).relu()
        h = (h + self.norm3(self.conv3(inner))).relu()
        return self.dense(h.mean(dim=2))


class TCN(nn.Module):
    def __init__(self, channels: tuple[int, ...] = (64, 128, 10), dropout: float = 0.01) -> None:
        super().__init__()
        self.stem, self.norm = (
            nn.Conv1d(1, channels[0], 7, stride=2, padding=3),
            nn.BatchNorm1d(channels[0]),
        )
        self.num_levels = len(channels)
        pairs = zip((channels[0], *channels), channels, strict=False)
        for level, (inputs, outputs) in enumerate(pairs, start=1):
            for i, first in ((1, inputs), (2, outputs)):
                conv = nn.Conv1d(first, outputs, 3, padding=1)
                self.add_module(f"level{level}_conv{i}", conv)
                self.add_module(f"level{level}_norm{i}", nn.BatchNorm1d(outputs))
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(channels[-1], 10)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(self.stem(x[:, None])).relu()
        for level in range(1, self.num_levels + 1):
            inner = h
            for i in (1, 2):
                conv = self.get_submodule(f"level{level}_conv{i}")
                norm = self.get_submodule(f"level{level}_norm{i}")
                inner = self.dropout(norm(conv(inner)).relu())
            h = (h + inner).relu() if h.shape == inner.shape else inner
        return self.dense(h.mean(dim=2))


class DilatedCNN(nn.Module):
    def __init__(self, channels: int = 64, dilation: int = 2) -> None:
        super().__init__()
        place = {"padding": dilation, "dilation": dilation}
        self.conv1 = nn.Conv1d(1, channels, 3, **place)
        self.conv2 = nn.Conv1d(channels, channels, 3, **place)
        self.conv3 = nn.Conv1d(channels, channels, 3, **place)
        self.dense = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = x[:, None]
        for conv in (self.conv1, self.conv2, self.conv3):
            h = conv(h).relu()
        return self.dense(h.mean(dim=2))


class TransformerLayer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, h: Tensor) -> Tensor:
        parts = self.qkv(self.norm1(h)).chunk(3, dim=-1)  # (batch, time, width) each
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts
        )  # (batch, heads, time, size)
        found = F.scaled_dot_product_attention(query, key, value)
        h = h + self.out(found.transpose(1, 2).flatten(2))
        return h + self.down(F.gelu(self.up(self.norm2(h)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self, width: int = 32, heads: int = 4, num_layers: int = 2) -> None:
        super().__init__()
        self.stem = nn.Conv1d(1, width, 5, stride=2, padding=2)
        self.positions = nn.Parameter(0.02 * torch.randn(width, 20))
        for i in range(1, num_layers + 1):
            self.add_module(f"layer{i}", TransformerLayer(width, heads))
        self.num_layers = num_layers
        self.norm, self.dense = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = (self.stem(x[:, None]) + self.positions).transpose(1, 2)  # (batch, time, width)
        for i in range(1, self.num_layers + 1):
            h = self.get_submodule(f"layer{i}")(h)
        return self.dense(self.norm(h).mean(dim=1))


class MixerLayer(nn.Module):
    def __init__(self, width: int, tokens: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.spread, self.gather = nn.Linear(tokens, 2 * tokens), nn.Linear(2 * tokens, tokens)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, h: Tensor) -> Tensor:
        turned = self.norm1(h).transpose(1, 2)  # (batch, width, tokens)
        turned = self.gather(F.gelu(self.spread(turned), approximate="tanh"))
        h = h + turned.transpose(1, 2)
        return h + self.down(F.gelu(self.up(self.norm2(h)), approximate="tanh"))


class Mixer(nn.Module):
    def __init__(self, width: int = 32, num_layers: int = 3) -> None:
        super().__init__()
        self.patches = nn.Linear(4, width)
        for i in range(1, num_layers + 1):
            self.add_module(f"layer{i}", MixerLayer(width, 10))
        self.num_layers = num_layers
        self.norm, self.dense = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = self.patches(x.unflatten(1, (10, 4)))  # (batch, tokens, width)
        for i in range(1, self.num_layers + 1):
            h = self.get_submodule(f"layer{i}")(h)
        return self.dense(self.norm(h).mean(dim=1))


class SSM(nn.Module):
    """A diagonal state-space model per feature, as a convolution by the Fourier transform."""

    def __init__(self, features: int, states: int) -> None:
        super().__init__()
        self.log_step = nn.Parameter(torch.rand(features) * math.log(100) + math.log(0.01))
        self.log_decay = nn.Parameter(torch.full((features, states), math.log(0.5)))
        self.frequency = nn.Parameter((math.pi * torch.arange(states)).repeat(features, 1))
        self.real, self.imaginary = (
            nn.Parameter(torch.randn(features, states) / 2**0.5) for _ in range(2)
        )
        self.skip = nn.Parameter(torch.randn(features))

    def forward(self, x: Tensor) -> Tensor:  # (batch, features, time)
        time = x.shape[-1]
        poles = -self.log_decay.exp() + 1j * self.frequency
        scaled = poles * self.log_step.exp()[:, None]
        outputs = (self.real + 1j * self.imaginary) * (scaled.exp() - 1) / poles
        powers = (scaled[..., None] * torch.arange(time)).exp()
        kernel = 2 * (outputs[..., None] * powers).sum(dim=1).real
        spectrum = torch.fft.rfft(x, n=2 * time) * torch.fft.rfft(kernel, n=2 * time)
        return torch.fft.irfft(spectrum, n=2 * time)[..., :time] + self.skip[:, None] * x


class S4DLayer(nn.Module):
    def __init__(self, hidden: int, states: int) -> None:
        super().__init__()
        self.norm, self.ssm = nn.LayerNorm(hidden), SSM(hidden, states)
        self.mix = nn.Linear(hidden, 2 * hidden)

    def forward(self, h: Tensor) -> Tensor:  # (batch, time, hidden)
        inner = self.ssm(self.norm(h).transpose(1, 2)).transpose(1, 2)
        return h + F.glu(self.mix(F.gelu(inner, approximate="tanh")))


class S4D(nn.Module):
    def __init__(self, hidden: int = 32, states: int = 8, num_layers: int = 2) -> None:
        super().__init__()
        self.encoder, self.dense = nn.Linear(1, hidden), nn.Linear(hidden, 10)
        for i in range(1, num_layers + 1):
            self.add_module(f"layer{i}", S4DLayer(hidden, states))
        self.num_layers = num_layers

    def forward(self, x: Tensor) -> Tensor:
        h = self.encoder(x[:, :, None])
        for i in range(1, self.num_layers + 1):
            h = self.get_submodule(f"layer{i}")(h)
        return self.dense(h.mean(dim=1))


class MinGRULayer(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.gates, self.mix = nn.Linear(hidden, 4 * hidden), nn.Linear(2 * hidden, hidden)

    def forward(self, h: Tensor) -> Tensor:  # (batch, time, hidden)
        updates, values = self.gates(self.norm(h)).chunk(2, dim=2)
        update = updates.sigmoid()
        decay, inputs = both_ways(1 - update), both_ways(update * values)
        states, state = [], torch.zeros_like(inputs[:, 0])
        for a, b in zip(decay.unbind(1), inputs.unbind(1), strict=True):
            state = torch.addcmul(b, a, state)
            states.append(state)
        both = both_ways(torch.stack(states, dim=1))
        return h + self.mix(F.gelu(both, approximate="tanh"))


class MinGRU(nn.Module):
    def __init__(self, hidden: int = 24, num_layers: int = 2) -> None:
        super().__init__()
        self.encoder, self.dense = nn.Linear(1, hidden), nn.Linear(hidden, 10)
        for i in range(1, num_layers + 1):
            self.add_module(f"layer{i}", MinGRULayer(hidden))
        self.num_layers = num_layers

    def forward(self, x: Tensor) -> Tensor:
        h = self.encoder(x[:, :, None])
        for i in range(1, self.num_layers + 1):
            h = self.get_submodule(f"layer{i}")(h)
        return self.dense(h.mean(dim=1))


def both_ways(h: Tensor) -> Tensor:
    """Reverse the second half of the features of h (batch, time, features) in time."""
    forward, backward = h.chunk(2, dim=2)
    return torch.cat([forward, backward.flip(1)], dim=2)


class KANLayer(nn.Module):
    def __init__(self, inputs: int, outputs: int, intervals: int = 5, bound: float = 3.0) -> None:
        super().__init__()
        self.base = nn.Parameter((2 * torch.rand(outputs, inputs) - 1) / inputs**0.5)
        self.splines = nn.Parameter(
            0.1 * (2 * torch.rand(outputs, inputs * (intervals + 3)) - 1) / inputs**0.5
        )
        knots = torch.arange(-3, intervals + 4) * 2 * bound / intervals - bound
        self.register_buffer("knots", knots, persistent=False)

    def forward(self, x: Tensor) -> Tensor:  # (batch, inputs)
        knots, place = self.get_buffer("knots"), x[..., None]
        basis = ((place >= knots[:-1]) & (place < knots[1:])).to(x.dtype)
        for k in range(1, 4):
            rising = (place - knots[: -k - 1]) / (knots[k:-1] - knots[: -k - 1])
            falling = (knots[k + 1 :] - place) / (knots[k + 1 :] - knots[1:-k])
            basis = rising * basis[..., :-1] + falling * basis[..., 1:]
        return F.silu(x) @ self.base.T + basis.flatten(1) @ self.splines.T


class KAN(nn.Module):
    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        self.layer1, self.layer2 = KANLayer(40, hidden), KANLayer(hidden, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer2(self.layer1(x))


class ShiftedCNN(nn.Module):
    """The benchmark's CNN, whose training signals are shifted circularly at random."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, 25, 5, stride=2, padding=1)
        self.conv2, self.conv3 = (nn.Conv1d(25, 25, 3, stride=2, padding=1) for _ in range(2))
        self.dense = nn.Linear(125, 10)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            length = x.shape[1]
            shifts = torch.randint(length, (len(x), 1))
            x = x.gather(1, (torch.arange(length) - shifts) % length)
        h = self.conv1(x[:, None]).relu()
        return self.dense(self.conv3(self.conv2(h).relu()).relu().flatten(1))


TORCH_MODELS: dict[str, type[nn.Module]] = {
    "resnet": ResNet,
    "tcn": TCN,
    "dilated-cnn": DilatedCNN,
    "transformer": Transformer,
    "s4d": S4D,
    "mingru": MinGRU,
    "kan": KAN,
    "mixer": Mixer,
    "cnn-shifts": ShiftedCNN,
}


def state_dict_of(params: Mapping[str, Any], prefix: str = "") -> dict[str, Tensor]:
    """Return our weights (or their gradients) under the names and in the layout of PyTorch's."""
    found = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            found |= state_dict_of(value, f"{prefix}{name}.")
        else:
            name = {"w": "weight", "scale": "weight", "b": "bias", "shift": "bias"}.get(name, name)
            array = np.asarray(value)
            if name == "weight":  # ours: (inputs, outputs), (kernel, inputs, outputs)
                array = array.transpose()
            found[prefix + name] = torch.tensor(array)
    return found

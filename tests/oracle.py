"""The generator once more, written from its specification: one signal at a time, in plain Python,
slow and easy to check.

It shares nothing with the package: not its arithmetic, its filters, its order of draws. Tests
compare the two on equal draws.
"""

import bisect
import math

import numpy as np


def draw_one_by_one(config, num_classes):
    """Read the legacy stream as specified: for each signal u1, u2, k, L normals, L normals, u3;
    then the permutations.

    Returns the draws, one dict a signal, the order of the signals, and the order of the positions
    (None: not shuffled).
    """
    stream = np.random.RandomState(config.seed)
    low, high = config.padding
    length = config.template_len + high
    draws = []
    for label in range(num_classes):
        for _ in range(config.num_samples // num_classes):
            draw = {"label": label}
            draw["padding"] = low + int(stream.random_sample() * (high - low + 1))
            draw["factor"] = 1 + config.scale_coeff * (stream.random_sample() - 0.5)
            draw["shift"] = int(stream.randint(0, config.max_translation))
            draw["corr_noise"] = [stream.standard_normal() for _ in range(length)]
            draw["iid_noise"] = [stream.standard_normal() for _ in range(length)]
            draw["slope"] = config.shear_scale * (stream.random_sample() - 0.5)
            draws.append(draw)
    order = stream.permutation(len(draws))
    return draws, order, stream.permutation(config.final_seq_length) if config.shuffle_seq else None


def signal(template, draw, config):
    """Every stage of one signal, from template to resampled: a list of nine lists."""
    length = config.template_len + config.padding[1]
    stages = [list(template)]
    stages.append([value + 1e-8 for value in template] + [0.0] * draw["padding"])
    stages.append(interpolate(stages[-1], length))
    stages.append([value * draw["factor"] for value in stages[-1]])
    stages.append(shift_right(stages[-1], draw["shift"]))
    smooth = smoothed([value * config.corr_noise_scale for value in draw["corr_noise"]])
    stages.append(
        [noise if value == 0 else value for value, noise in zip(stages[-1], smooth, strict=True)]
    )
    stages.append(
        [
            value + noise * config.iid_noise_scale
            for value, noise in zip(stages[-1], draw["iid_noise"], strict=True)
        ]
    )
    ramp = [i / (length - 1) - 0.5 for i in range(length)]
    stages.append([value - draw["slope"] * r for value, r in zip(stages[-1], ramp, strict=True)])
    stages.append(interpolate(stages[-1], config.final_seq_length))
    return stages


def interpolate(values, num_points):
    """Linear interpolation of evenly spaced values at num_points evenly spaced places, ends
    included.

    The grids are rounded as linspace rounds them, since a point that falls exactly on a zero
    becomes noise, and one beside it does not.
    """
    old, result = grid(len(values)), []
    for place in grid(num_points):
        left = bisect.bisect_right(old, place) - 1
        if left == len(values) - 1:
            result.append(values[left])
        else:
            slope = (values[left + 1] - values[left]) / (old[left + 1] - old[left])
            result.append(slope * (place - old[left]) + values[left])
    return result


def grid(num_points):
    if num_points == 1:
        return [0.0]
    step = 1.0 / (num_points - 1)
    return [i * step for i in range(num_points - 1)] + [1.0]


def shift_right(values, k):
    """Circular shift; past the length there is none."""
    return (
        list(values)
        if k > len(values)
        else [values[(i - k) % len(values)] for i in range(len(values))]
    )


def smoothed(values, std=2.0, radius=8):
    """A Gaussian filter cut at four standard deviations; the borders mirror: ... c b a | a b c ...
    x y z | z y x ..."""
    weights = [math.exp(-0.5 * (j / std) ** 2) for j in range(-radius, radius + 1)]
    n = len(values)
    mirrored = list(values) + list(values)[::-1]  # one period of the signal that goes on for ever
    return [
        math.fsum(
            w * mirrored[(i + j) % (2 * n)]
            for w, j in zip(weights, range(-radius, radius + 1), strict=True)
        )
        / math.fsum(weights)
        for i in range(n)
    ]


def dataset(templates, config):
    """The whole set before the split and before it is standardised: x (n, time), y (n,), t (time,),
    lists of Python's numbers turned into arrays."""
    draws, order, positions = draw_one_by_one(config, len(templates["y"]))
    x = np.array([signal(templates["x"][draws[i]["label"]], draws[i], config)[-1] for i in order])
    if positions is not None:
        x = np.array([[row[j] for j in positions] for row in x])
    length = config.template_len + config.padding[1]
    t = interpolate(interpolate(templates["t"], length), config.final_seq_length)
    return x, np.array([templates["y"][draws[i]["label"]] for i in order]), np.array(t)

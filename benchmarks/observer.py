"""The ideal observer: speed, calibration on 20,000 fresh signals, likelihood against brute force;
prints one JSON line.

    python benchmarks/observer.py

Speed: the 1,000 test signals of the frozen set, first call (which compiles) and second, wall time
on all cores. Calibration: at the default settings, where almost every signal is certain, and with
three times the white noise, where many are not. Brute force: at a small setting, the mean density
over 20,000 random factors and slopes for every padding and shift, by SciPy; the difference is in
units of its Monte Carlo error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from importlib import metadata

import numpy as np
from scipy import stats
from scipy.ndimage import gaussian_filter1d

import mnist1d
from mnist1d import DataConfig
from mnist1d.digits import templates
from mnist1d.observer import IdealObserver, measure_ceiling
from mnist1d.observer.measure import fresh_signals
from mnist1d.signals import Pipeline, plan_resampling, resample

SMALL = DataConfig(
    padding=(3, 5),
    max_translation=4,
    final_seq_length=9,
    iid_noise_scale=0.15,
    corr_noise_scale=0.4,
)


def speed() -> dict[str, float]:
    """Seconds of the first and the second call on 1,000 signals, and of building the observer."""
    data, marks = mnist1d.load_dataset(), [time.perf_counter()]
    ideal = IdealObserver.of(data)
    marks.append(time.perf_counter())
    for _ in range(2):
        proba = ideal.predict_proba(data.x_test)
        marks.append(time.perf_counter())
    right = proba.argmax(axis=1) == data.y_test
    build, first, second = np.diff(marks).round(3).tolist()
    return {
        "build": build,
        "first_call": first,
        "second_call": second,
        "frozen_test_acc": float(right.mean()),
    }


def calibration(config: DataConfig, n: int) -> dict[str, float]:
    """Accuracy and mean confidence, with their difference in standard errors; calibration error,
    and the value expected by chance."""
    found = measure_ceiling(config, n)
    keys = (
        "acc",
        "low",
        "high",
        "hits",
        "bits",
        "calibration_error",
        "expected_calibration_error",
        "n",
    )
    return {key: found[key] for key in keys} | {
        "standard_errors": (found["hits"] - found["acc"]) / found["hits_standard_error"]
    }


def brute_force(num_signals: int, num_draws: int) -> dict[str, float]:
    """Largest and root mean square difference of log likelihoods, in Monte Carlo errors."""
    config, rng, pipeline, length = (
        SMALL,
        np.random.default_rng(0),
        Pipeline(templates(), SMALL),
        SMALL.working_length,
    )
    raw, _ = fresh_signals(config, num_signals, seed=5)
    exact = IdealObserver(config, mean=0.0, std=1.0).log_likelihood(raw)
    smoothing = gaussian_filter1d(np.eye(length), 2, axis=0) * config.corr_noise_scale
    last = resample(np.eye(length), plan_resampling(length, config.final_seq_length)).T
    means, variances = [], []  # of each component's density: (components, signals)
    for label in range(10):
        for padding in range(config.padding[0], config.padding[1] + 1):
            for shift in range(config.max_translation):
                a = np.roll(pipeline.dilated(padding)[label], shift)
                root = last @ ((a == 0)[:, None] * smoothing)
                normal = stats.multivariate_normal(
                    np.zeros(len(last)), root @ root.T + config.iid_noise_scale**2 * last @ last.T
                )
                factor = 1 + config.scale_coeff * (rng.random(num_draws) - 0.5)
                slope = config.shear_scale * (rng.random(num_draws) - 0.5)
                clean = factor[:, None] * (last @ a) - slope[:, None] * (
                    last @ pipeline.ramp
                )  # (draws, time)
                density = np.array([normal.pdf(x - clean) for x in raw])  # (signals, draws)
                means.append(density.mean(axis=1))
                variances.append(density.var(axis=1) / num_draws)
    total = np.mean(means, axis=0)
    error = np.sqrt(np.sum(variances, axis=0)) / len(means) / total  # of the logarithm
    difference = (exact - np.log(total)) / error
    return {
        "largest": float(np.abs(difference).max()),
        "root_mean_square": float(np.sqrt(np.mean(difference**2))),
        "nats": float(np.abs(exact - np.log(total)).max()),
        "signals": num_signals,
        "draws": num_draws,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--signals", type=int, default=20_000, metavar="N", help="fresh signals for the calibration"
    )
    parser.add_argument(
        "--draws",
        type=int,
        default=20_000,
        metavar="N",
        help="factors and slopes of the brute force",
    )
    options = parser.parse_args()
    result = {
        "benchmark": "observer",
        "seconds": speed(),
        "bars": {"second_call": 5, "standard_errors": 3},
        "calibration": {
            "default": calibration(DataConfig(), options.signals),
            "iid_noise_scale=0.06": calibration(DataConfig(iid_noise_scale=0.06), options.signals),
        },
        "brute_force_errors": brute_force(20, options.draws),
        "cores": os.cpu_count(),
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("numpy", "jax", "mnist1d-lab")},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

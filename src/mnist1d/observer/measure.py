"""The ceiling: the highest possible accuracy on the signals of a config, measured on fresh signals
with the ideal observer."""

from __future__ import annotations

import math

import numpy as np

from mnist1d.checks import Json, check_whole
from mnist1d.config import DataConfig, as_config
from mnist1d.digits import Templates, as_templates
from mnist1d.draws import draw_fast
from mnist1d.memory import check_memory
from mnist1d.observer.ideal import IdealObserver
from mnist1d.signals import apply

MAX_SIGNALS = 10**7  # hours of computing
NUM_BINS = 10  # of confidence, equally wide, for the calibration error


def fresh_signals(
    config: DataConfig, n: int, seed: int, templates: Templates | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return n raw signals (n, time) of the fast stream and their rows of the templates (n,); raw:
    not standardised, not shuffled."""
    templates = as_templates(templates)
    draws = draw_fast(config.replace(seed=seed), len(templates.y), 0, n)
    return apply(templates, draws, config).astype(np.float64), draws.label


def measure_ceiling(
    config: DataConfig | None = None,
    n: int = 2000,
    *,
    seed: int = 0,
    templates: Templates | None = None,
) -> Json:
    """Measure the results of the best possible classifier on fresh signals.

    Args:
      config: the settings; default: `DataConfig()`.
      n: number of signals, at least 2.
      seed: seed of the signals.
      templates: shapes of your own; default: the ten digits.

    Returns:
      Plain numbers for JSON: acc, low, high (expected accuracy with its 95% interval); hits and
      hits_standard_error (fraction classified correctly here); calibration_error and
      expected_calibration_error (found, and expected by chance); bits (remaining class uncertainty
      per signal) and bits_prior (before the signal is seen).

    Raises:
      UsageError: if the signals have no density, or n is out of range or needs too much memory.

    Examples:
      >>> measure_ceiling(n=20)["acc"] > 0.9
      True
    """
    config, n = as_config(config, {}), check_whole(n, 2, "num_signals", MAX_SIGNALS)
    size = 20 * config.working_length + 16 * config.final_seq_length + 200  # bytes per signal
    check_memory(float(n * size), "this measurement", "num_signals")
    x, label = fresh_signals(config, n, seed, templates)
    p = IdealObserver(
        config.replace(shuffle_seq=False), templates, mean=0.0, std=1.0
    ).predict_proba(x)  # (n, classes)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == label
    half = 1.96 * confidence.std(ddof=1) / math.sqrt(n)
    found, by_chance = calibration_error(confidence, right)
    return {
        "acc": float(confidence.mean()),
        "low": float(confidence.mean() - half),
        "high": float(min(1.0, confidence.mean() + half)),
        "hits": float(right.mean()),
        "hits_standard_error": float(np.sqrt(np.sum(confidence * (1 - confidence))) / n),
        "calibration_error": found,
        "expected_calibration_error": by_chance,
        "bits": max(0.0, float(np.sum(p * -np.log2(np.maximum(p, 1e-300)), axis=1).mean())),
        "bits_prior": math.log2(p.shape[1]),
        "n": n,
        "seed": seed,
        "config": config.to_dict(),
    }


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Return the expected calibration error of predictions, and its value by chance.

    Args:
      confidence: probability of the predicted class (n,).
      right: whether the prediction is correct (n,).

    Returns:
      (error, chance): the mean over signals of the distance between accuracy and confidence in the
      signal's bin, and its expectation if confidence is the exact probability.

    Examples:
      >>> import numpy as np
      >>> error, chance = calibration_error(np.full(4, 0.75), np.array([1, 1, 1, 0], bool))
      >>> error
      0.0
    """
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    gap, spread = (
        np.bincount(bins, v, NUM_BINS) for v in (right - confidence, confidence * (1 - confidence))
    )
    return float(np.abs(gap).sum() / len(bins)), float(
        np.sqrt(2 / math.pi * spread).sum() / len(bins)
    )

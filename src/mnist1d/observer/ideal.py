"""The ideal observer: Bayes' rule on the generative process, the best possible classifier of these
signals."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from importlib import import_module
from typing import NamedTuple, cast

import jax
import numpy as np
from jax import Array

from mnist1d.checks import check_name, show
from mnist1d.config import DataConfig, as_config
from mnist1d.dataset import Dataset
from mnist1d.digits import Templates, as_templates
from mnist1d.draws import fast_order
from mnist1d.errors import UsageError, warn
from mnist1d.generate import make_dataset
from mnist1d.moments import expected_moments
from mnist1d.observer.components import Components, make_components
from mnist1d.observer.integrals import (
    Evidence,
    Quadratic,
    Rectangle,
    log_evidence,
    nodes_needed,
    upper_bound,
)

CUT = 16.0  # nats: components that together weigh less than exp(-16) of the likelihood are left out
CHUNK_NUMBERS = (
    2**18
)  # components times nodes in one call, a fixed shape: one compilation serves all
BATCH_NUMBERS = 2_000_000  # signals times components held at once


class Posterior(NamedTuple):
    """What an ideal observer infers from n signals.

    Attributes:
      classes: probability of each class (n, classes).
      padding: probability of each padding (n, paddings).
      shift: probability of each circular shift (n, shifts).
      factor: expected amplitude factor (n,).
      slope: expected slope of the ramp (n,).
      clean: expected signal without noise (n, time).
      log_likelihood: log density of the signal (n,), in nats.
    """

    classes: np.ndarray  # (n, classes)
    padding: np.ndarray  # (n, paddings), of `IdealObserver.paddings`
    shift: np.ndarray  # (n, shifts), of `IdealObserver.shifts`
    factor: np.ndarray  # (n,)
    slope: np.ndarray  # (n,)
    clean: np.ndarray  # (n, time) expected signal without its noise, standardised as x is
    log_likelihood: np.ndarray  # (n,) nats, of the standardised signal


class IdealObserver:
    """Compute exact class probabilities of signals made with a config.

    Args:
      config: the settings that made the signals; default: `DataConfig()`.
      templates: their shapes; default: the ten digits.
      mean: mean that standardised the signals; default: the settings' expectation.
      std: standard deviation that standardised them; default: the settings' expectation. A data
        set's own moments differ from these by chance, so prefer `IdealObserver.of(data)`.
      positions: original position of each point (time,); default, for shuffled settings: those of
        the exact set.
      mode: "fast": the default positions are those of the fast set and of the streams.

    Raises:
      UsageError: if the signals have no density (no white noise), or std is not above 0.

    Examples:
      >>> from mnist1d import load_dataset
      >>> data = load_dataset()
      >>> observer = IdealObserver.of(data)
      >>> observer.predict_proba(data.x_test[:20]).shape
      (20, 10)

    References:
      Derivation: docs/ideal-observer.md.
    """

    def __init__(
        self,
        config: DataConfig | None = None,
        templates: Templates | None = None,
        *,
        mean: float | None = None,
        std: float | None = None,
        positions: np.ndarray | None = None,
        mode: str = "exact",
    ):
        self.config, self.templates = as_config(config, {}), as_templates(templates)
        self.components: Components = make_components(self.config, self.templates)
        self._expected = expected_moments(self.config, self.templates)
        self.mean, self.std = (
            float(e if given is None else given)
            for given, e in zip((mean, std), self._expected, strict=True)
        )
        if not (np.isfinite(self.mean) and np.isfinite(self.std) and self.std > 0):
            raise UsageError(
                f"mean must be finite and std above 0, got mean={self.mean}, std={self.std}; "
                "leave out both to use the expected values"
            )
        check_name(mode, ("exact", "fast"), "mode")
        if positions is None and self.config.shuffle_seq:
            is_exact = mode == "exact"
            positions = (
                make_dataset(self.config, templates=self.templates).positions
                if is_exact
                else fast_order(self.config).positions
            )
        self.positions = (
            None
            if positions is None
            else _checked_positions(positions, self.config.final_seq_length)
        )
        self.paddings, self.shifts = (
            np.unique(self.components.padding),
            np.unique(self.components.shift),
        )
        half = self.config.scale_coeff / 2
        self._box = Rectangle(1 - half, 1 + half, self.config.shear_scale / 2)
        c = self.components
        self._nodes = (
            nodes_needed(c.aa, c.ar, c.rr[c.group], self._box)
            if self.config.scale_coeff > 0
            else np.full(len(c.label), 1)
        )

    @classmethod
    def of(cls, data: Dataset) -> IdealObserver:
        """Return the observer of a data set, with its settings, templates, moments and positions.

        Args:
          data: a set that knows its config. For a subset of the classes, use
            subset(..., relabel=True); otherwise the observer considers all templates.

        Returns:
          The observer.

        Raises:
          UsageError: if the set does not say how it was made, or has no density.
        """
        if not isinstance(data, Dataset):
            raise UsageError(f"data must be a Dataset, got {type(data).__name__}")
        if data.config is None:
            raise UsageError(
                "this data set does not say how it was made (config is None): "
                "write IdealObserver(config, mean=..., std=...)"
            )
        return cls(
            data.config, data.templates, mean=data.mean, std=data.std, positions=data.positions
        )

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return the probability of each class.

        Args:
          x: standardised signals (n, time).

        Returns:
          Probabilities (n, classes), in the order of templates.y.

        Raises:
          UsageError: for a wrong shape or values that are not finite.
        """
        return self.posterior(x).classes

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the most probable label of each signal.

        Args:
          x: standardised signals (n, time).

        Returns:
          Labels (n,).

        Raises:
          UsageError: for a wrong shape or values that are not finite.
        """
        return self.templates.y[self.predict_proba(x).argmax(axis=1)]

    def log_likelihood(self, x: np.ndarray) -> np.ndarray:
        """Return the log density of each signal, in nats.

        Args:
          x: standardised signals (n, time).

        Returns:
          Log densities (n,). For signals with more points than the working length, the density
          is that on the subspace that signals fill.

        Raises:
          UsageError: for a wrong shape or values that are not finite.
        """
        return self.posterior(x).log_likelihood

    def posterior(self, x: np.ndarray) -> Posterior:
        """Return the posterior of class, padding, shift, factor and slope of each signal.

        Args:
          x: standardised signals (n, time).

        Returns:
          A `Posterior` with arrays of n rows.

        Raises:
          UsageError: for a wrong shape or values that are not finite.

        Warns:
          SuspiciousValueWarning: if x does not look standardised.
        """
        raw = self._raw(x)
        size = 2 ** min(8, max(0, (BATCH_NUMBERS // len(self.components.label)).bit_length() - 1))
        if not len(raw):
            return Posterior(*(part[:0] for part in self._posterior(np.zeros((1, raw.shape[1])))))
        parts = [self._posterior(raw[start : start + size]) for start in range(0, len(raw), size)]
        return Posterior(*map(np.concatenate, zip(*parts, strict=True)))

    def explain_signal(self, x: np.ndarray) -> Posterior:
        """Return what the observer infers from one signal.

        Args:
          x: one standardised signal (time,).

        Returns:
          A `Posterior` whose arrays have no leading axis.

        Raises:
          UsageError: for a wrong shape or values that are not finite.
        """
        return Posterior(*(part[0] for part in self.posterior(cast(np.ndarray, [x]))))

    def _raw(self, x: np.ndarray) -> np.ndarray:
        """Undo the standardisation and the order of positions; (n, time) float64."""
        time = self.config.final_seq_length
        try:
            x = np.asarray(x, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise UsageError(f"x must be an array of numbers, got {show(x)}") from None
        if x.ndim != 2 or x.shape[1] != time:
            raise UsageError(
                f"x must have the shape (samples, time) with time = {time}, got {x.shape}; "
                "one signal is x[None]"
            )
        if not np.isfinite(x).all():
            raise UsageError(
                f"signals must be finite, but {(~np.isfinite(x).all(axis=1)).sum()} of {len(x)} "
                "contain NaN or infinity"
            )
        mean, std = (
            (self._expected[0] - self.mean) / self.std,
            self._expected[1] / self.std,
        )  # 0 and 1 for a standardised set, nearly
        if len(x) >= 20 and not (
            abs(x.mean() - mean) < 0.5 * std and 0.5 * std < x.std() < 2 * std
        ):
            warn(
                f"x has mean {x.mean():.3g} and standard deviation {x.std():.3g} where {mean:.3g} "
                f"and {std:.3g} are expected: pass signals standardised like the data set, or "
                "use IdealObserver(config, mean=0, std=1) for raw signals"
            )
        raw = x * self.std + self.mean
        if self.positions is not None:
            raw = raw[:, np.argsort(self.positions)]
        return raw

    def _posterior(self, raw: np.ndarray) -> Posterior:
        c = self.components
        seen = raw if c.basis is None else raw @ c.basis  # (n, observed points)
        with _float64():
            signal, component, evidence, log_joint = self._integrate(seen)
        order = np.lexsort((component, signal))
        signal, component, log_joint = signal[order], component[order], log_joint[order]
        factor, slope = evidence.factor[order], evidence.slope[order]
        starts = np.searchsorted(signal, np.arange(len(raw)))
        peak = np.maximum.reduceat(log_joint, starts)
        weight = np.exp(log_joint - peak[signal])
        total = np.bincount(signal, weight, len(raw))
        weight /= total[signal]

        def share(of: np.ndarray, values: np.ndarray) -> np.ndarray:
            result = np.zeros((len(raw), len(values)))
            np.add.at(result, (signal, np.searchsorted(values, of[component])), weight)
            return np.minimum(result, 1)  # a sum of probabilities may round to above 1

        clean = np.zeros_like(raw)
        np.add.at(clean, signal, (weight * factor)[:, None] * c.means[component])
        mean_slope = np.bincount(signal, weight * slope, len(raw))
        clean = (clean - mean_slope[:, None] * c.ramp - self.mean) / self.std
        log_likelihood = (
            peak
            + np.log(total)
            - 0.5 * seen.shape[1] * math.log(2 * math.pi)
            + seen.shape[1] * math.log(self.std)
        )
        return Posterior(
            classes=share(c.label, np.arange(len(self.templates.y))),
            padding=share(c.padding, self.paddings),
            shift=share(c.shift, self.shifts),
            factor=np.bincount(signal, weight * factor, len(raw)),
            slope=mean_slope,
            clean=clean if self.positions is None else clean[:, self.positions],
            log_likelihood=log_likelihood,
        )

    def _integrate(self, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, Evidence, np.ndarray]:
        """Return the components that matter: signal and component numbers, evidence, and log of
        prior times density (without the factor of 2 pi)."""
        c = self.components
        n, g = len(seen), len(c.log_det)
        yy = (
            np.square(seen @ c.whitening.reshape(-1, seen.shape[1]).T).reshape(n, g, -1).sum(axis=2)
        )  # (n, g)
        ya, yr = seen @ c.a.T, seen @ c.r.T  # (n, m), (n, g)
        constant = c.log_prior - 0.5 * c.log_det[c.group]  # (m,)
        bound = (
            constant
            + np.asarray(_bounds(*_padded(yy, ya, yr), c.group, c.aa, c.ar, c.rr, self._box))[:n]
        )

        def evidence(signal: np.ndarray, component: np.ndarray) -> tuple[Evidence, np.ndarray]:
            group = c.group[component]
            q = Quadratic(
                yy[signal, group],
                ya[signal, component],
                yr[signal, group],
                c.aa[component],
                c.ar[component],
                c.rr[group],
            )
            found = self._evidence(q, self._nodes[component])
            return found, np.asarray(found.log) + constant[component]

        least = evidence(np.arange(n), bound.argmax(axis=1))[
            1
        ]  # the likelihood is at least that of the most promising component
        signal, component = np.nonzero(bound >= (least - CUT - math.log(len(c.label)))[:, None])
        return signal, component, *evidence(signal, component)

    def _evidence(self, q: Quadratic, nodes: np.ndarray) -> Evidence:
        """Integrate any number of components, each with the number of nodes it needs, one chunk per
        call."""
        vary = {
            "vary_factor": self.config.scale_coeff > 0,
            "vary_slope": self.config.shear_scale > 0,
        }
        result = Evidence(*np.zeros((3, len(nodes))))
        for count in np.unique(nodes):
            (index,) = np.nonzero(nodes == count)
            size = CHUNK_NUMBERS // int(count)
            for start in range(0, len(index), size):
                rows = index[start : start + size]
                part = Quadratic(
                    *(
                        np.concatenate([v[rows], np.repeat(v[rows[:1]], size - len(rows))])
                        for v in q
                    )
                )
                for whole, found in zip(
                    result, log_evidence(part, self._box, nodes=int(count), **vary), strict=True
                ):
                    whole[rows] = np.asarray(found)[: len(rows)]
        return result


@jax.jit
def _bounds(
    yy: Array,
    ya: Array,
    yr: Array,
    group: Array,
    aa: Array,
    ar: Array,
    rr: Array,
    box: Rectangle,
) -> Array:
    return upper_bound(Quadratic(yy[:, group], ya, yr[:, group], aa, ar, rr[group]), box)


def _padded(*arrays: np.ndarray) -> list[np.ndarray]:
    """Repeat rows up to a power of two, so that few shapes are compiled."""
    n = len(arrays[0])
    rows = np.minimum(np.arange(1 << (n - 1).bit_length()), n - 1)
    return [a[rows] for a in arrays]


def _float64() -> AbstractContextManager[None]:
    """Compute in float64 inside the block, whatever JAX's settings are."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return import_module("jax.experimental").enable_x64()  # before JAX 0.8


def _checked_positions(positions: np.ndarray, time: int) -> np.ndarray:
    positions = np.asarray(positions)
    if positions.shape != (time,) or not np.array_equal(np.sort(positions), np.arange(time)):
        raise UsageError(f"positions must be a permutation of 0 .. {time - 1}, got {positions}")
    return positions

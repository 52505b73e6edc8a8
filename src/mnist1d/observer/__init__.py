"""The ideal observer: exact class probabilities from the generative process."""

from mnist1d.errors import MissingExtraError

try:
    from mnist1d.observer.ideal import IdealObserver, Posterior
    from mnist1d.observer.measure import calibration_error, measure_ceiling
    from mnist1d.observer.shifts import measure_shift
    from mnist1d.observer.soft import soft_labels
except ModuleNotFoundError as error:
    if error.name != "jax":
        raise
    raise MissingExtraError(
        "the ideal observer needs JAX: pip install '.[lab]' in the checkout"
    ) from None

__all__ = [
    "IdealObserver",
    "Posterior",
    "calibration_error",
    "measure_ceiling",
    "measure_shift",
    "soft_labels",
]

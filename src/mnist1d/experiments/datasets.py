"""The data set of each seed: one per seed, or one that all seeds share.

A claim about models or methods is tested across data sets (`vary="data"`): seed i draws data set i,
initial weights i and, where batches are shuffled, batch order i; all models of the comparison see
data set i. On one shared set (`vary="frozen"`) a seed does not draw the data, so an interval over
seeds says nothing about other data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mnist1d.checks import check_name
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.generate import make_dataset

VARIED = ("data", "frozen")


def check_varied(vary: str) -> None:
    """Raise UsageError unless `vary` says what a seed draws besides weights and batch order."""
    check_name(vary, VARIED, "vary")


def config_for(data: DataConfig, seed: int, vary: str = "data", stride: int = 1) -> DataConfig:
    """Return the settings of the data set that a seed sees.

    With "data" the generator's seed is data.seed + stride * seed, so that seed 0 sees the published
    set; with "frozen" it stays data.seed. Configurations differ in nothing else.
    """
    shift = stride * seed if vary == "data" else 0
    return data.replace(seed=(data.seed + shift) % 2**32)


@lru_cache(maxsize=16)
def _made(config: DataConfig) -> Dataset:
    return make_dataset(config, dtype="float32")


def datasets_for(
    data: DataConfig, seeds: Sequence[int], vary: str = "data", label_noise: float = 0.0
) -> list[Dataset]:
    """Return the data set of each seed in float32. Equal settings share one data set, so do not
    modify it.

    label_noise: probability with which a training label is drawn again, by the seed.
    """
    sets = [_made(config_for(data, seed, vary)) for seed in seeds]
    if not label_noise:
        return sets
    noisy = zip(seeds, sets, strict=True)
    return [of_seed.with_label_noise(label_noise, seed=seed) for seed, of_seed in noisy]

"""The choice of samples for the maps, and of the program that draws them."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the study needs scikit-learn")

from mnist1d.config import DataConfig  # noqa: E402
from mnist1d.errors import MissingDataError, UsageError  # noqa: E402
from mnist1d.experiments import load, tsne  # noqa: E402
from mnist1d.experiments.rows import Record, Rows  # noqa: E402
from mnist1d.runs.identity import flat, trial_id  # noqa: E402
from mnist1d.runs.verdicts import at_paper_settings  # noqa: E402


def test_samples_are_the_first_of_the_frozen_set():
    x, y = tsne.samples(tsne.Config(num_samples=100), 0)
    assert x.shape == (100, 40) and set(y) == set(range(10))
    with pytest.raises(UsageError, match="must be at most 200, the size of mnist1d"):
        tsne.samples(tsne.Config(num_samples=300, data=DataConfig(num_samples=200)), 0)


def test_digits_are_mixed(tmp_path, monkeypatch):
    labels = np.repeat(np.arange(10), 30)
    np.savez(
        tmp_path / "digits.npz", images=np.repeat(labels[:, None], 784, axis=1) / 10, labels=labels
    )
    monkeypatch.setenv("MNIST1D_MNIST", str(tmp_path / "digits.npz"))
    x, y = tsne.samples(tsne.Config(dataset="mnist", num_samples=60, perplexity=10.0), 0)
    np.testing.assert_allclose(x[:, 0], y / 10, rtol=1e-6)
    assert len(set(y)) == 10
    monkeypatch.delenv("MNIST1D_MNIST")
    with pytest.raises(MissingDataError, match="--mnist"):
        tsne.samples(tsne.Config(dataset="mnist"), 0)


@pytest.mark.parametrize("installed", tsne.METHODS)
def test_verdicts_do_not_depend_on_the_program_that_is_installed(installed):
    """The settled maps are openTSNE's, and are read where only scikit-learn is installed."""

    def at_paper(**settings):
        config = tsne.Config(**{"method": installed, **settings})
        row = Record(trial_id("tsne", config), flat(config), 0, "knn_acc_space", None, 0.5)
        return at_paper_settings(load("tsne"), Rows([row]), "paper")

    assert at_paper(method="openTSNE") and at_paper(method="scikit-learn")
    assert not at_paper(perplexity=10.0) and not at_paper(num_samples=100)

"""The probes of the self-supervised study."""

import numpy as np

from mnist1d.experiments import self_supervised as study

X = np.random.default_rng(0).normal(size=(200, 40)).astype(np.float32)


def test_probes_read_what_is_there():
    y = (X[:, 0] > 0).astype(int)
    marked = np.concatenate([X[:, :3], 5 * (2 * y[:, None] - 1)], axis=1)
    for name, least in (("linear", 1), ("knn", 0.95)):
        p = study.probe(name, study.Config(), 1, marked[:150], y[:150], marked[150:])
        assert p.shape == (50, 2) and (p.argmax(axis=1) == y[150:]).mean() >= least

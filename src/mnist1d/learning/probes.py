"""Probes of features: nearest neighbours, logistic regression, and maps into the plane."""

from __future__ import annotations

import warnings
from typing import cast

import numpy as np

from mnist1d.errors import MissingExtraError

METHODS = {"openTSNE": "openTSNE", "scikit-learn": "sklearn"}  # of t-SNE: name: module


def knn_probs(
    x: np.ndarray, y: np.ndarray, x_test: np.ndarray, num_neighbours: int, metric: str = "cosine"
) -> np.ndarray:
    """Return the votes of the nearest neighbours as shares, (test signals, classes)."""
    from sklearn.neighbors import KNeighborsClassifier

    neighbours = KNeighborsClassifier(min(num_neighbours, len(x)), metric=metric)
    return neighbours.fit(x, y).predict_proba(x_test)


def linear_probs(
    x: np.ndarray, y: np.ndarray, x_test: np.ndarray, max_iterations: int, tolerance: float
) -> np.ndarray:
    """Return class probabilities of logistic regression on standardised features, (test signals,
    classes)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x)
    probe = LogisticRegression(max_iter=max_iterations, tol=tolerance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # max_iterations bounds it on purpose
        probe.fit(scaler.transform(x), y)
    return probe.predict_proba(scaler.transform(x_test))


def neighbour_acc(x: np.ndarray, y: np.ndarray, num_neighbours: int) -> float:
    """Return the fraction of points of x (n, features) whose nearest neighbours, themselves left
    out, vote for their class."""
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=num_neighbours).fit(x)
    near = found.kneighbors(return_distance=False)  # (n, neighbours)
    votes = (y[near][:, :, None] == np.arange(y.max() + 1)).sum(axis=1)  # (n, classes)
    return float((votes.argmax(axis=1) == y).mean())


def plane(x: np.ndarray, perplexity: float, seed: int, method: str = "scikit-learn") -> np.ndarray:
    """Return the t-SNE of x (n, features), (n, 2).

    Errors: MissingExtraError where the method is not installed.
    """
    if method == "scikit-learn":
        from sklearn.manifold import TSNE

        tsne = TSNE(init="pca", random_state=seed).set_params(perplexity=perplexity)
        return tsne.fit_transform(x)
    try:
        import openTSNE
    except ImportError:
        raise MissingExtraError(
            "method='openTSNE' needs it: pip install openTSNE, or --set method=scikit-learn"
        ) from None
    whole = cast(int, perplexity)  # the annotation says int, but TSNE takes any number
    return np.asarray(openTSNE.TSNE(perplexity=whole, random_state=seed, n_jobs=1).fit(x))

"""Keras' convention: `load_data`, as in `keras.datasets`; Keras itself is not needed."""

from __future__ import annotations

import numpy as np

from mnist1d.generate import load_dataset

Part = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Part, Part]:
    """Return the published set in the convention of `keras.datasets`; Keras is not needed.

    Returns:
      (x_train, y_train), (x_test, y_test): x (samples, time) float32, y (samples,) int64. For a
      convolution, add the channel axis: x[..., None].

    Examples:
      >>> (x_train, y_train), (x_test, y_test) = load_data()
      >>> x_train.shape, y_test.shape
      ((4000, 40), (1000,))
    """
    data = load_dataset()
    return (data.x, data.y), (data.x_test, data.y_test)

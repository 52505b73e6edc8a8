"""`load_data`, as in keras.datasets."""

import numpy as np

import mnist1d
from mnist1d.adapters.keras import load_data


def test_the_published_set_in_keras_order():
    (x_train, y_train), (x_test, y_test) = load_data()
    data = mnist1d.load_dataset()
    for found, expected in (
        (x_train, data.x),
        (y_train, data.y),
        (x_test, data.x_test),
        (y_test, data.y_test),
    ):
        np.testing.assert_array_equal(found, expected)
    assert x_train.dtype == np.float32 and y_train.dtype == np.int64

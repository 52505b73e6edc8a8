"""Custom templates: what is accepted, what is returned, and that the caller's arrays do not
change."""

import numpy as np
import pytest
from hypothesis import given

import mnist1d
from mnist1d import Templates, UsageError
from mnist1d.digits import as_templates, templates
from tests.strategies import examples, own_templates


def test_the_ten_digits_are_new_arrays_each_time():
    first = templates()
    first.x[:] = 0
    assert templates().x.std() > 0.1
    assert as_templates(None).x.shape == (10, 12)


def test_every_digit_starts_at_zero_and_has_unit_spread():
    x = templates().x
    np.testing.assert_array_equal(x[:, 0], np.zeros(10))
    np.testing.assert_allclose(x.std(axis=1), np.full(10, 1 / 6))
    assert len({row.tobytes() for row in x}) == 10


def test_the_published_templates(reference):
    with np.load(reference / "frozen.npz") as file:
        for name in ("x", "t", "y"):
            np.testing.assert_allclose(
                templates()[name], file[f"templates_{name}"], rtol=0, atol=1e-15
            )


def test_a_dict_of_lists_is_as_good_as_templates():
    given = {"x": [[0, 1, 2], [2, 1, 0]], "t": [0, 1, 2], "y": [7, 3]}
    one = mnist1d.make_dataset(num_samples=20, templates=given)
    other = mnist1d.make_dataset(
        num_samples=20,
        templates=Templates(**{name: np.array(values) for name, values in given.items()}),
    )
    np.testing.assert_array_equal(one.x, other.x)
    assert set(one.y.tolist()) == {3, 7} and one.templates.x.dtype == one.templates.t.dtype == float
    assert given == {"x": [[0, 1, 2], [2, 1, 0]], "t": [0, 1, 2], "y": [7, 3]}


def test_labels_follow_their_templates():
    """A signal without noise is its template, so the label can be read off it."""
    given = {
        "x": np.array([[1.0, 1.0], [2.0, 2.0], [5.0, 5.0]]),
        "t": np.arange(2.0),
        "y": np.array([30, 10, 20]),
    }
    silent = {
        name: 0 for name in ("scale_coeff", "corr_noise_scale", "iid_noise_scale", "shear_scale")
    }
    for mode in ("exact", "fast"):
        data = mnist1d.make_dataset(
            num_samples=30, templates=given, padding=(0, 0), mode=mode, **silent
        )
        height = (data.x * data.std + data.mean)[:, 0]
        np.testing.assert_allclose(
            height, np.select([data.y == 30, data.y == 10, data.y == 20], [1, 2, 5]), rtol=1e-5
        )


@examples(20)
@given(own_templates())
def test_checked_templates_pass_again(shapes):
    again = as_templates(as_templates(dict(vars(shapes))))
    for name in shapes.keys():
        np.testing.assert_array_equal(again[name], shapes[name])


def test_one_class_and_one_point_will_do():
    data = mnist1d.make_dataset(num_samples=5, templates={"x": [[1.0]], "t": [0.0], "y": [4]})
    assert data.x.shape == (4, 40) and set(data.y.tolist()) == {4}


def test_labels_are_whole_numbers():
    for y in ([0.5, 1.5], ["a", "b"], [True, False], [None, None]):
        with pytest.raises(
            UsageError,
            match=r"templates need whole numbers as labels y, below .*, got .*: "
            r"write y=numpy.arange\(2\)",
        ):
            as_templates({"x": [[1, 2], [3, 4]], "t": [0, 1], "y": y})

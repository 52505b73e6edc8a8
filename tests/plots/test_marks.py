"""Dots with intervals, and labels that keep apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mnist1d.experiments.estimates import SHARE, mean_interval
from mnist1d.plots import marks, style


def test_dots_are_means_with_their_interval():
    _, ax = style.figure()
    marks.dots(ax, [2], [np.array([1.0, 4.0, 7.0])], "#0072b2", "cnn")
    line, dot, _ = ax.lines
    half = stats.t.ppf(0.975, 2) * np.sqrt(3)
    assert list(line.get_xdata()) == [2, 2]
    np.testing.assert_allclose(line.get_ydata(), [4 - half, 4 + half])
    assert (list(dot.get_xdata()), list(dot.get_ydata())) == ([2], [4])
    assert ax.get_legend_handles_labels()[1] == ["cnn"]


def test_few_seeds_are_a_dot_each():
    _, ax = style.figure()
    marks.dots(ax, [0, 1], [np.array([1.0, np.nan, 3.0]), np.array([])], "k", across=True)
    (dot,) = ax.lines
    assert (list(dot.get_xdata()), list(dot.get_ydata())) == ([1, 3], [0, 0])


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=12).map(sorted), st.floats(1, 40))
def test_spread_keeps_order_and_distance(wanted, distance):
    places = marks.spread(np.array(wanted), distance)
    assert (np.diff(places) >= distance - 1e-6).all()
    assert abs(places.mean() - np.mean(wanted)) < 1e-6  # moved apart, not away
    if (np.diff(wanted) >= distance).all():
        np.testing.assert_allclose(places, wanted)


def test_end_labels_name_the_lines_and_do_not_touch():
    fig, ax = style.figure()
    ax.plot([0, 1], [0, 1])
    marks.end_labels(ax, [(0.5, "one", "k"), (0.505, "two", "k"), (1.0, "three", "k")])
    fig.draw_without_rendering()
    boxes = {t.get_text(): t.get_window_extent() for t in ax.texts}
    assert boxes["two"].y0 >= boxes["one"].y1 - 2 and boxes["three"].y0 > boxes["two"].y1


def test_labels_of_classes_keep_apart():
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(200, 2)) * 1e-6, np.repeat(np.arange(10), 20)
    points[0], points[-1] = (-1, -1), (1, 1)
    fig, ax = style.figure()
    style.scatter_classes(ax, points, labels, "all in one place")
    marks.class_labels(ax, points, labels)
    places = np.array([text.xy for text in ax.texts]) / 2
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2)[~np.eye(10, dtype=bool)]
    assert [text.get_text() for text in ax.texts] == [str(c) for c in range(10)]
    assert gaps.min() > 0.05


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_a_file_says_what_it_shows(kind):
    fig, _ = style.figure()
    content = style.rendered(fig, kind, title="toy (quick)", text="One line per size.")
    words = [b"toy (quick)", b"One line per size."]
    if kind == "pdf":
        words = [word.replace(b"(", rb"\(").replace(b")", rb"\)") for word in words]
    assert all(word in content for word in words)


def test_bands_in_log_space_stay_positive_and_those_of_shares_within_0_and_1():
    _, ax = style.figure()
    values = np.array([[0.01, 0.2], [1.0, 0.9], [3.0, 1.0]])
    line = style.band(ax, [0, 1], values, log=True)
    np.testing.assert_allclose(line.get_ydata(), np.exp(np.log(values).mean(0)))
    assert ax.collections[0].get_paths()[0].vertices[:, 1].min() > 0
    style.band(ax, [0, 1], values.clip(0, 1), unit="%")
    corners = ax.collections[1].get_paths()[0].vertices[:, 1]
    assert corners.min() >= 0 and corners.max() <= 1


def test_dots_and_bands_of_shares_have_the_interval_of_the_estimates():
    accs = np.array([0.97, 0.99, 1.0, 0.98])
    wanted = mean_interval(accs, SHARE)
    _, ax = style.figure()
    style.band(ax, [0, 1], np.stack([accs, accs], axis=1), unit=SHARE)
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([corners.min(), corners.max()], wanted[1:])
    marks.dots(ax, [0], [accs], "k", unit=SHARE)
    np.testing.assert_allclose(ax.lines[-2].get_ydata(), wanted[1:])
    assert accs.mean() < wanted[2] < 1


def test_named_lines_have_their_name_at_the_right_end():
    fig, ax = style.figure()
    named = marks.Named(ax)
    named.band([1, 2], np.array([[0.2, 0.4], [0.3, 0.6]]), "cnn", "#0072b2", unit=SHARE)
    named.band([1, 2], np.array([[1.0, 1e-2], [1.0, 1e-4]]), "mlp", "#d55e00", "--", log=True)
    named.level(0.96, "human")
    named.label()
    assert [text.get_text() for text in ax.texts] == ["mlp", "cnn", "human"]
    np.testing.assert_allclose([text.xy[1] for text in ax.texts], [1e-3, 0.5, 0.96])

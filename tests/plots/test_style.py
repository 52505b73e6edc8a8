"""The style: panels, bands over seeds, files that are the same byte for byte and never
half-written."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from mnist1d.errors import UsageError
from mnist1d.plots import style


def test_figure_gives_panels():
    fig, ax = style.figure()
    assert ax.figure is fig and tuple(fig.get_size_inches()) == (4, 3)
    fig, axes = style.figure(2, 3, sharey=True)
    assert axes.shape == (2, 3)


def test_a_notebook_shows_a_figure_without_pyplot():
    formatters = pytest.importorskip("IPython.core.formatters")
    fig, _ = style.figure()
    shown, _ = formatters.DisplayFormatter().format(fig)
    assert shown["image/png"].startswith(b"\x89PNG")
    assert fig.get_layout_engine() is not None  # it can still change


def test_a_figure_knows_its_picture():
    fig, _ = style.figure()
    assert fig._repr_png_().startswith(b"\x89PNG")


def test_nothing_global_is_touched():
    code = (
        "import matplotlib, sys; before = dict(matplotlib.rcParams)\n"
        "from mnist1d.plots import data, style\n"
        "fig, ax = style.figure(); style.band(ax, [0, 1], [[0, 1]]); style.save(fig, sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules, 'pyplot was imported'\n"
        "assert dict(matplotlib.rcParams) == before, 'a global setting was changed'\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, "/dev/null/never.txt"], capture_output=True, text=True
    )
    assert "a figure's file name ends in .png, .pdf, .svg" in run.stderr


def test_band_is_the_95_percent_interval_of_the_mean():
    values = np.random.default_rng(0).normal(size=(5, 4))
    _, ax = style.figure()
    line = style.band(ax, range(4), values, label="cnn", color="#0072b2")
    np.testing.assert_allclose(line.get_ydata(), values.mean(0))
    half = stats.t.ppf(0.975, 4) * stats.sem(values)
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose(
        [corners.min(), corners.max()],
        [(values.mean(0) - half).min(), (values.mean(0) + half).max()],
    )
    assert line.get_label() == "cnn"


@pytest.mark.parametrize("seeds", [1, 2])
def test_band_of_few_seeds_is_one_line_per_seed(seeds):
    _, ax = style.figure()
    values = np.arange(3 * seeds).reshape(seeds, 3)
    style.band(ax, [0, 1, 2], values, label="gru")
    assert len(ax.collections) == 0  # no band
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines[-seeds:]], values)
    assert ax.get_legend_handles_labels()[1] == ["gru"]


def test_band_skips_missing_values():
    _, ax = style.figure()
    values = np.array([[1.0, 1.0], [2.0, np.nan], [6.0, np.nan], [7.0, np.nan]])
    np.testing.assert_array_equal(style.band(ax, [0, 1], values).get_ydata(), [4.0, 1.0])


def test_band_refuses_values_of_another_shape():
    _, ax = style.figure()
    with pytest.raises(ValueError, match=r"shape \(seeds, 3\).*got \(5, 4\)"):
        style.band(ax, range(3), np.zeros((5, 4)))


def test_lines_of_a_panel_take_different_colors():
    _, ax = style.figure()
    colors = [style.band(ax, [0, 1], np.zeros((3, 2))).get_color() for _ in range(3)]
    assert len(set(colors)) == 3


def draw():
    fig, axes = style.figure(1, 2)
    style.band(axes[0], range(5), np.random.default_rng(1).normal(size=(4, 5)), label="mlp")
    style.legend(axes[0])
    style.reference_line(axes[1], 0.96, "human")
    style.percent_axis(axes[1])
    return fig


@pytest.mark.parametrize(
    "ending, start", [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_same_figure_same_bytes(tmp_path, ending, start):
    fig = draw()
    first, again, new = (tmp_path / f"{name}.{ending}" for name in ("first", "again", "new"))
    assert style.save(fig, first) == first
    style.save(fig, again)
    style.save(draw(), new)
    assert first.read_bytes().startswith(start)
    assert first.read_bytes() == again.read_bytes() == new.read_bytes()


def test_pdf_holds_whole_truetype_fonts(tmp_path):
    assert b"/Type3" not in style.save(draw(), tmp_path / "a.pdf").read_bytes()


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.gif"])
def test_unknown_ending(tmp_path, name):
    with pytest.raises(UsageError, match=r"ends in \.png, \.pdf, \.svg; got"):
        style.save(draw(), tmp_path / name)


def test_failed_save_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    fig = draw()

    def fails(file, **_):
        file.write(b"half")
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(fig, "savefig", fails)
    with pytest.raises(RuntimeError):
        style.save(fig, path)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_missing_folder(tmp_path):
    with pytest.raises(UsageError, match="missing"):
        style.save(draw(), tmp_path / "missing" / "a.png")


def test_the_layout_is_solved_once(monkeypatch):
    fig, ax = style.figure()
    ax.plot([0, 1], [0, 1])
    solved = []
    monkeypatch.setattr(fig, "draw_without_rendering", lambda: solved.append(fig))
    for kind in ("svg", "png", "pdf"):
        style.rendered(fig, kind)
    assert len(solved) == 1


def test_logarithmic_axes_without_a_positive_value_are_drawn():
    fig, ax = style.figure()
    ax.plot([1, 10], [np.inf, np.nan])
    ax.set(xscale="log", yscale="log")
    assert style.rendered(fig, "png").startswith(b"\x89PNG")

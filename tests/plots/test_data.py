"""Figures of the data: what is drawn is the data, and a film is the pipeline itself."""

import shutil

import numpy as np
import pytest
from PIL import Image

from mnist1d import DataConfig
from mnist1d.digits import templates
from mnist1d.draws import draw_fast
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.generate import explain, make_dataset
from mnist1d.plots import data, style
from mnist1d.signals import apply

SMALL = DataConfig(
    num_samples=10, template_len=12, padding=(3, 7), max_translation=9, final_seq_length=11, seed=5
)


@pytest.mark.parametrize(
    "what, ending, start",
    [
        ("templates", "png", b"\x89PNG"),
        ("templates", "pdf", b"%PDF"),
        ("samples", "SVG", b"<?xml"),
        ("stages", "png", b"\x89PNG"),
    ],
)
def test_show_writes_a_picture(tmp_path, what, ending, start):
    path = data.show(what, tmp_path / f"{what}.{ending}", SMALL)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_film_has_a_picture_for_every_change(tmp_path):
    path = data.save_animation(tmp_path / "film.gif", SMALL, moving=2, holding=1)
    with Image.open(path) as film:
        assert (
            film.format == "GIF" and 15 <= film.n_frames <= 29
        )  # eight steps and a start; equal pictures are merged
    assert list(tmp_path.iterdir()) == [path]


def test_film_starts_with_templates_and_ends_with_the_pipelines_signals():
    frames = list(data.animation_frames(templates(), SMALL, moving=3, holding=1))
    np.testing.assert_allclose(frames[0].values, templates().x, atol=1e-7)
    draws = draw_fast(SMALL, 10, 0, 10)
    draws = draws.rows(np.argsort(draws.label))
    np.testing.assert_array_equal(frames[-1].values, apply(templates(), draws, SMALL))
    captions = list(dict.fromkeys(frame.caption.split(":")[0] for frame in frames))
    assert captions == [
        "template",
        "pad",
        "dilate",
        "scale",
        "translate",
        "correlated noise",
        "white noise",
        "shear",
        "resample",
    ]


def test_film_moves_smoothly_through_the_shift():
    frames = [
        f
        for f in data.animation_frames(templates(), SMALL, moving=20, holding=1)
        if f.caption.startswith("translate")
    ]
    peaks = np.array(
        [[np.argmax(np.abs(row)) for row in frame.values] for frame in frames]
    )  # (frames, classes)
    shift = draw_fast(SMALL, 10, 0, 10)
    shift = shift.shift[np.argsort(shift.label)]
    np.testing.assert_array_equal((peaks[-1] - peaks[0]) % SMALL.working_length, shift)


def test_samples_are_the_first_of_each_class():
    made = make_dataset(num_samples=50)
    fig = data.samples_figure(made, rows=2)
    x, y = np.concatenate([made.x, made.x_test]), np.concatenate([made.y, made.y_test])
    lines = [line for line in fig.axes[1].lines if len(line.get_xdata()) == 40]
    offsets = fig.axes[1].get_xticks()
    for label, line, offset in zip(range(10), lines, offsets, strict=True):
        np.testing.assert_allclose(line.get_xdata() - offset, x[y == label][1], atol=1e-12)


def test_stages_figure_draws_every_stage():
    steps = explain(digit=7, seed=1)
    fig = data.stages_figure(steps)
    drawn = [ax.lines[-1].get_ydata() for ax in fig.axes]
    for step, line, ax in zip(steps, drawn, fig.axes, strict=True):
        np.testing.assert_array_equal(step.x, line)
        assert step.name in ax.get_title(loc="left") and ax.texts[0].get_text() == step.text


def test_custom_templates_are_drawn():
    custom = {"x": np.ones((3, 5)), "t": np.arange(5.0), "y": np.array([7, 8, 9])}
    made = make_dataset(num_samples=9, templates=custom)
    for fig in (data.templates_figure(made.templates), data.samples_figure(made, rows=2)):
        assert [tick.get_text() for tick in fig.axes[0].get_xticklabels()] == ["7", "8", "9"]


def test_the_seed_of_the_config_chooses_the_signals(tmp_path):
    pictures = {
        data.show("samples", tmp_path / f"{seed}.png", SMALL.replace(seed=seed)).read_bytes()
        for seed in (0, 0, 1)
    }
    assert len(pictures) == 2


@pytest.mark.parametrize(
    "what, name, message",
    [
        ("stages", "a.gif", r"ends in \.png, \.pdf, \.svg"),
        ("animation", "a.png", r"ends in \.gif, \.mp4"),
        ("samples", "a", r"ends in \.png, \.pdf, \.svg"),
        ("sample", "a.png", "did you mean 'samples'"),
        ("templates", "missing/a.png", "missing"),
        ("animation", "missing/a.gif", "missing"),
    ],
)
def test_mistakes_are_named(tmp_path, what, name, message):
    with pytest.raises(UsageError, match=message):
        data.show(what, tmp_path / name, SMALL)
    assert list(tmp_path.iterdir()) == []


def test_digit_must_be_a_class(tmp_path):
    with pytest.raises(UsageError, match="11"):
        data.show("stages", tmp_path / "a.png", digit=11)


@pytest.mark.parametrize(("what", "ending"), [("samples", "png"), ("animation", "gif")])
def test_digit_is_for_stages_alone(tmp_path, what, ending):
    with pytest.raises(UsageError, match=f"leave out 3 for {what}"):
        data.show(what, tmp_path / f"a.{ending}", digit=3)
    assert list(tmp_path.iterdir()) == []


def test_mp4_needs_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match="install it .* or write .gif"):
        data.show("animation", tmp_path / "film.mp4", SMALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the program ffmpeg")
def test_mp4(tmp_path):
    path = data.save_animation(tmp_path / "film.mp4", SMALL, moving=1, holding=1)
    assert path.read_bytes()[4:8] == b"ftyp"


def test_failed_film_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "film.gif"
    path.write_bytes(b"old")

    pictures = []

    def fails_at_the_third(self, file, **_):
        pictures.append(file.write(bytes(4 * 900 * 280)))
        if len(pictures) == 3:
            raise RuntimeError("the disk is full")

    monkeypatch.setattr(style.Figure, "savefig", fails_at_the_third)
    with pytest.raises(RuntimeError, match="disk is full"):
        data.save_animation(path, SMALL, moving=1, holding=1)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]

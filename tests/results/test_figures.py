"""Names of figure files, and what a study's `figures` may return."""

import signal
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist1d.experiments.rows import Record, Rows
from mnist1d.plots import style
from mnist1d.results import figures

ROWS = Rows([Record("t", {}, 0, "one", None, 1.0)])


def test_names_of_figures():
    assert figures.file_name("lottery", "masks", "quick") == "lottery-masks"
    name = figures.file_name("lottery", "masks", "quick hidden=250 rate=0.1")
    assert name == "lottery-masks-hidden-250-rate-0.1"


@given(st.lists(st.text(min_size=1), max_size=60), st.lists(st.text(min_size=1), max_size=60))
def test_names_are_short_plain_and_tell_labels_apart(one, other):
    labels = [" ".join(["quick", *(f"x={value}" for value in values)]) for values in (one, other)]
    names = [figures.file_name("lottery", "masks", label) for label in labels]
    assert all(len(name.encode()) <= figures.MAX_NAME and "/" not in name for name in names)
    assert (names[0] == names[1]) == (labels[0] == labels[1])


def test_labels_that_look_alike_have_files_of_their_own():
    values = ("0.1", "-0.1", "a=b", "a-b", "a b=1", "a-b=1", "a/b", "a:b", "ä", "")
    names = {figures.file_name("toy", "lines", f"quick rate={value}") for value in values}
    assert len(names) == len(values)


@pytest.mark.parametrize(
    "returned", [[1], {"a b": (1, "x")}, {"a": 1}, {"a": (1, 2)}, {"a": (1, "x", 2)}, None]
)
def test_another_shape_is_refused(returned):
    study = types.SimpleNamespace(where="toy.py", figures=lambda rows: returned)
    with pytest.raises(figures.FigureError, match=r"\{slug: \(figure, caption\)\}"):
        figures.drawn(study, ROWS)


def test_ctrl_c_is_not_lost_while_a_figure_is_drawn(tmp_path, monkeypatch):
    def rendered(*_, **__):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("what matplotlib makes of it in C") from None
        return b"content"

    monkeypatch.setattr(style, "rendered", rendered)
    drawing = types.SimpleNamespace(title="A line", caption="One line.")
    with pytest.raises(KeyboardInterrupt):
        figures._save(None, tmp_path / "line", drawing)
    assert not list(tmp_path.iterdir())

"""The report as a reader meets it: every link leads somewhere, every claim is on the first screen,
nothing that a study says becomes markup."""

import re
from concurrent.futures import Future
from html.parser import HTMLParser

import pytest

from mnist1d import cli
from mnist1d.errors import UsageError
from mnist1d.results import report
from mnist1d.results.report import write_report
from mnist1d.results.text import anchor
from mnist1d.runs import open_store, plan, sweep
from mnist1d.runs.executors import WorkerDied


class Page(HTMLParser):
    """Ids, links, tags and the text by section of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" else []

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def page_of(folder, *sweeps, **options):
    """The report on some sweeps of the toy: (preset, overrides) each."""
    with open_store(folder) as store:
        for preset, overrides in sweeps:
            sweep(store, plan("toy", preset, None, overrides))
    documents = write_report(folder, folder / "report.html", **options)
    return Page((folder / "report.html").read_text()), documents


def test_every_link_of_several_labels_leads_to_an_id(toy, tmp_path):
    page, documents = page_of(tmp_path, ("smoke", ["size=1,2", "rate=0.1,-0.1"]))
    assert len(documents) == 2 and len({d.id for d in documents}) == 2
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert len(inside) > 6 and not set(inside) - set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert {d.id for d in documents} <= set(inside)
    assert {f.id for d in documents for f in d.figures} <= set(page.ids)


@pytest.mark.parametrize("parts", [("toy", "quick"), ("toy", "quick rate=0.1"), ("a", "", "b")])
def test_an_anchor_is_an_id(parts):
    assert re.fullmatch(r"[a-z0-9.-]+", anchor(*parts))


def test_anchors_of_different_labels_differ():
    labels = ["quick", "quick x=1", "quick x=-1", "quick x= 1", "quick X=1", "Quick", "quick x-1"]
    assert len({anchor("toy", label) for label in labels}) == len(labels)


def test_the_first_screen_answers(toy, tmp_path):
    page, (document,) = page_of(tmp_path, ("smoke", []))
    before_contents = page.text.partition("Timings")[0]
    assert "1 looks as published" in before_contents and "0 do not hold" in before_contents
    assert "One is above 0." in before_contents and "✓ as published" in before_contents
    assert page.tags.index("svg") < page.tags.index("nav")  # the forest plot stands before the rest
    assert "shortened" in before_contents and "mnist1d reproduce --preset paper" in before_contents
    assert document.answer in page.text and document.question in page.text


def test_the_paper_settings_decide(toy, tmp_path):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "paper", 8))
    page, (document,) = page_of(tmp_path)
    assert document.claims[0].verdict == "holds"
    first_screen = page.text.partition("Timings")[0]
    assert "which claims hold?" in first_screen and "✓ holds" in first_screen
    assert "1 holds" in first_screen and "shortened" not in first_screen


def test_a_caption_has_preset_and_command(toy, tmp_path):
    page, _ = page_of(tmp_path, ("smoke", ["rate=0.25"]))
    assert "One line per size. Preset smoke; made by" in page.text
    assert "mnist1d run toy --preset smoke --set rate=0.25" in page.text


def test_what_was_not_measured_is_folded_away(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(toy, "measured", lambda rows: {})
    page, _ = page_of(tmp_path, ("smoke", []))
    assert "details" in page.tags and "1 published figure not measured here" in page.text


def test_hostile_words_stay_words(toy, tmp_path, monkeypatch):
    hostile = "<script>alert(1)</script> [/data] `<b>` & \"'"
    monkeypatch.setattr(toy, "table", lambda rows: ([hostile], [[hostile]]), raising=False)
    monkeypatch.setattr(toy, "claims", lambda rows: 1 / {}[hostile])
    page, (document,) = page_of(tmp_path, ("smoke", []))
    assert "script" not in page.tags and "b" not in page.tags
    assert "<script>alert(1)</script>" in page.text and "KeyError" in document.error


def test_one_part_that_raises_leaves_the_others(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(toy, "figures", lambda rows: 1 / 0)
    page, (document,) = page_of(tmp_path, ("smoke", []))
    assert "ZeroDivisionError" in document.error and not document.figures
    assert "ZeroDivisionError" in page.text and "One is above 0." in page.text


def test_a_figure_that_cannot_be_rendered_leaves_the_others(toy, tmp_path, monkeypatch):
    def figures(rows):
        from mnist1d.plots import style

        (bad, ax), (good, _) = style.figure(), style.figure()
        ax.set_title("$\\nothing{$")
        return {"bad": (bad, "Cannot be typeset."), "good": (good, "Empty.")}

    monkeypatch.setattr(toy, "figures", figures)
    page, (document,) = page_of(tmp_path, ("smoke", []))
    assert [f.slug for f in document.figures] == ["good"] and page.tags.count("img") == 1
    assert "ParseFatalException" in document.error or "ValueError" in document.error


def test_a_failure_is_reported_once_for_all_its_trials(toy, tmp_path):
    page, documents = page_of(tmp_path, ("smoke", ["action=fail", "size=1,2"]))
    assert page.text.count("RuntimeError: the toy broke") == 1 and "problems" in page.ids
    assert sum(len(d.problems) for d in documents) == 2


def test_a_folder_whose_name_is_not_utf_8(toy, tmp_path):
    runs = tmp_path / "r\udce9"
    try:
        runs.mkdir()
    except OSError:
        pytest.skip("this file system has no such names")
    page, _ = page_of(runs, ("smoke", []))
    assert r"r\udce9" in page.text
    output = tmp_path / "r\udce9.csv"
    words = ["results", "--runs", str(runs), "--format", "csv", "-o", str(output)]
    assert cli.main(words) == 0
    assert r"r\udce9-arrays/toy-" in output.read_text("utf-8")
    assert list((tmp_path / r"r\udce9-arrays").glob("*.npy"))


def test_no_runs_yet(tmp_path):
    open_store(tmp_path).close()
    page, documents = page_of(tmp_path)
    assert documents == [] and "There are no runs in this folder yet" in page.text


def test_a_preset_that_was_not_run(toy, tmp_path):
    with pytest.raises(UsageError, match="has no runs at the preset 'paper'"):
        page_of(tmp_path, ("smoke", []), preset="paper")
    page, documents = page_of(tmp_path, ("smoke", ["size=3"]), preset="smoke")
    assert [document.label for document in documents] == ["smoke size=3"]


def test_a_killed_worker_costs_no_report(toy, tmp_path):
    class Killed:
        def submit(self, *_):
            future = Future()
            future.set_exception(WorkerDied())
            return future

    page, documents = page_of(tmp_path, ("smoke", []), pool=Killed())
    assert len(documents) == 1 and "One is above 0." in page.text


def test_numbers_stand_to_the_right(toy):
    table = report.Table(["who", "acc", "interval"], [["cnn", "94.1", "[93, 95]"], ["x", "", "–"]])
    assert report.kinds(table) == ["text", "number", "number"]


def test_settled_runs_are_not_named_by_their_passing_folder(toy, tmp_path):
    page, _ = page_of(tmp_path, ("smoke", []), settled=True)
    assert "mnist1d report --settled" in page.text and str(tmp_path) not in page.text
    page, _ = page_of(tmp_path / "a b", ("smoke", []))
    assert f"mnist1d report --runs '{tmp_path / 'a b'}'" in page.text

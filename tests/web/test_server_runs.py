"""What the server shows of a folder of runs: results and figures, and news of a sweep as it goes
on."""

import http.client
import json
import os
import shutil
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from mnist1d import experiments
from mnist1d.errors import Mnist1dError
from mnist1d.experiments.rows import Row
from mnist1d.results.document import latest
from mnist1d.results.figures import save_all
from mnist1d.runs import open_store, quiz, sweep
from mnist1d.runs.lock import alone
from mnist1d.runs.store import DATABASE
from mnist1d.runs.sweep import Task, plan
from mnist1d.web import server
from mnist1d.web.live import News, Work, is_running, seconds_left
from mnist1d.web.results import ResultsOf, sweeps_in
from tests.web.client import ask, hold_the_second, result, serving, why


def results(port):
    return json.loads(ask(port, "GET", "/data/results.json")[2])


def test_results_and_figures(tmp_path, toy):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
    with serving(tmp_path) as port:
        document = results(port)
        (study,) = document["studies"]
        assert document["calls"] == 3
        assert (study["study"], study["title"]) == ("toy", toy.INFO.title)
        assert (study["trials"], len(study["seeds"])) == (3, 2)
        (claim,) = study["claims"]
        assert claim["verdict"] == "as published" and claim["shown"]["tone"] == "good"
        assert study["measured"][0]["n"] == 2 and study["error"] is None
        assert study["figures"] is None  # none are stored: drawn when they are asked for
        found = json.loads(ask(port, "GET", "/data/figures/toy.smoke.json")[2])
        (figure,) = found["figures"]
        assert figure["caption"].endswith("made by `mnist1d run toy --preset smoke`.")
        status, headers, content = ask(port, "GET", "/" + figure["src"])
        assert status == 200 and headers["Content-Type"] == "image/svg+xml" and b"<svg" in content
        assert results(port)["studies"][0]["figures"] == found["figures"]
        assert ask(port, "GET", "/data/figures/other.svg")[0] == 404
        assert ask(port, "GET", "/data/curves/other.json")[0] == 404
    assert not (tmp_path / "figures").exists()  # looking writes nothing


def test_every_preset_the_last_first(tmp_path, toy):
    with open_store(tmp_path) as store:
        for preset in ("smoke", "quick", "smoke"):
            sweep(store, plan("toy", preset))
    with serving(tmp_path) as port:
        studies = results(port)["studies"]
    assert [study["label"] for study in studies] == ["smoke", "quick"]
    assert studies[0]["words"] == {"preset": "smoke", "seeds": "2 seeds"}


def test_a_preset_with_looks_in_words(tmp_path, toy):
    with open_store(tmp_path) as store:
        for task, seeds in zip(plan("toy", "paper"), (2, 4), strict=False):
            store.add("toy", task.config, range(seeds), toy.run(task.config, range(seeds)))
        wanted = {trial: (0, 1, 2, 3) for trial in store.rows("toy").unique("trial")}
        store.record_sweep("toy", "smoke", {"0" * 64: (0,)}, "")  # without rows yet
        store.record_sweep("toy", "paper rate=0.5 until-decided=2,4", wanted, "")
    with serving(tmp_path) as port:
        study, empty = results(port)["studies"]
    assert empty["words"] == {"preset": "smoke", "seeds": ""}
    assert study["words"] == {"preset": "paper rate=0.5, until decided", "seeds": "2 to 4 seeds"}


def test_a_document_is_sent_before_the_next_is_made(tmp_path, toy, monkeypatch):
    with open_store(tmp_path) as store:
        for preset in ("smoke", "quick"):
            sweep(store, plan("toy", preset))
    go_on, old = hold_the_second(monkeypatch), []
    with serving(tmp_path) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/data/results.json")
        answer = connection.getresponse()
        head, first = answer.readline(), answer.readline()
        assert json.loads(head + b"]}")["expected"] == ["toy"]
        assert json.loads(first)["label"] == "quick" and not go_on.is_set()
        assert ask(port, "GET", "/data/curves/toy.quick.json")[0] == 200  # what it shows is there
        request = f"GET /data/results.json HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", port)) as plain:  # which knows no pieces
            plain.sendall(request)
            go_on.set()
            while received := plain.recv(65536):
                old.append(received)
        whole = head + first + answer.read()
        connection.close()
        assert [study["label"] for study in json.loads(whole)["studies"]] == ["quick", "smoke"]
        assert b"".join(old).partition(b"\r\n\r\n")[2] == whole
        _, headers, again = ask(port, "GET", "/data/results.json")
        assert again == whole and headers["Content-Length"] == f"{len(whole)}"


def test_an_error_after_the_first_document_leaves_the_answer_incomplete(tmp_path, toy, monkeypatch):
    with open_store(tmp_path) as store:
        for preset in ("smoke", "quick"):
            sweep(store, plan("toy", preset))
    monkeypatch.setattr(ResultsOf, "part", lambda *rest: fail())

    def fail():
        raise Mnist1dError("the disk is gone")

    with serving(tmp_path) as port, pytest.raises(http.client.IncompleteRead):
        ask(port, "GET", "/data/results.json")


def test_the_last_sweep_of_every_study_comes_first(tmp_path, toy, monkeypatch):
    monkeypatch.setitem(experiments.STUDIES, "other", "tests.runs.toy")
    with open_store(tmp_path) as store:
        for study in ("toy", "other"):
            for preset in ("smoke", "quick"):
                config = toy.Config(size=len(study + preset))
                trial = store.add(study, config, [0], toy.run(config, [0]))
                store.record_sweep(study, preset, {trial: [0]}, "")
        last, earlier = sweeps_in(store)
    assert [(sweep.study, sweep.label) for sweep in last] == [("toy", "quick"), ("other", "quick")]
    assert [sweep.label for sweep in earlier] == ["smoke", "smoke"]


def test_curves_of_the_trials(tmp_path, toy):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
    with serving(tmp_path) as port:
        content = json.loads(ask(port, "GET", "/data/curves/toy.smoke.json")[2])
    assert [run["name"] for run in content["runs"]] == ["size=1", "size=2", "size=3"]
    first = content["curves"][0]
    assert (first["metric"], first["steps"], first["mean"]) == ("one", [0, 10], [1.05, 11.05])
    assert first["seeds"] == 2 and first["low"][0] < 1.05 < first["high"][0]


def test_figures_are_drawn_once_for_a_document(tmp_path, toy, monkeypatch):
    drawn, figures = [], toy.figures
    monkeypatch.setattr(toy, "figures", lambda rows: drawn.append(len(rows)) or figures(rows))
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
        with serving(tmp_path) as port:
            results(port)
            assert drawn == []
            for _ in range(2):
                assert ask(port, "GET", "/data/figures/toy.smoke.json")[0] == 200
            assert len(drawn) == 1
            other = toy.Config(size=9)
            store.add("toy", other, [0], toy.run(other, [0]))  # a sweep goes on
            path = "/data/figures/toy.smoke/toy-lines.svg"
            assert ask(port, "GET", path)[0] == 200 and len(drawn) == 1
            results(port)
            ask(port, "GET", "/data/figures/toy.smoke.json")
            assert len(drawn) == 2


def stored(runs, toy, monkeypatch):
    """Sweep, store the figures as `mnist1d run` does, and forbid drawing."""
    with open_store(runs) as store:
        sweep(store, plan("toy", "smoke"))
        (found,) = latest(store, "toy")
    save_all(found, runs / "figures")
    monkeypatch.setattr(toy, "figures", lambda rows: 1 / 0)
    return runs / "figures" / "toy-lines.svg"


def test_stored_figures_are_used(tmp_path, toy, monkeypatch):
    svg = stored(tmp_path, toy, monkeypatch)
    with serving(tmp_path) as port:
        (study,) = results(port)["studies"]
        (figure,) = study["figures"]
        assert study["error"] is None and figure["title"] == "Toy: lines"
        assert figure["caption"].startswith("One line per size.")
        assert ask(port, "GET", "/" + figure["src"])[2] == svg.read_bytes()


def test_stored_figures_of_other_rows_are_not_used(tmp_path, toy, monkeypatch):
    svg = stored(tmp_path, toy, monkeypatch)
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "quick"))  # whose figures have the same file names
    os.utime(svg, (time.time() + 60,) * 2)
    with serving(tmp_path) as port:
        quick, smoke = results(port)["studies"]
        assert quick["figures"] is None and len(smoke["figures"]) == 1
    os.utime(svg, (1, 1))  # older than the last trial
    with serving(tmp_path) as port:
        assert [study["figures"] for study in results(port)["studies"]] == [None, None]
        answer = json.loads(ask(port, "GET", "/data/figures/toy.smoke.json")[2])
        assert answer["figures"] == [] and "ZeroDivisionError" in answer["error"]


def test_a_folder_that_vanishes(tmp_path, toy):
    runs = tmp_path / "runs"
    with open_store(runs) as store:
        sweep(store, plan("toy", "smoke"))
    with serving(runs) as port:
        assert len(results(port)["studies"]) == 1
        shutil.rmtree(runs)
        assert results(port)["studies"] == []
        status, _, said = ask(port, "GET", "/data/curves/toy.smoke.json")
        assert status == 404 and "load the results again" in why(said)


def test_a_study_that_cannot_be_shown_leaves_the_rest(tmp_path, toy, monkeypatch):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
    monkeypatch.setattr(toy, "claims", lambda rows: 1 / 0)
    with serving(tmp_path) as port:
        (study,) = json.loads(ask(port, "GET", "/data/results.json")[2])["studies"]
    assert "ZeroDivisionError" in study["error"]


def events(connection, wanted):
    """Read events until one satisfies `wanted`; return them all."""
    found, buffer = [], b""
    while not any(wanted(name, content) for name, content in found):
        received = connection.recv(65536)
        assert received, f"the server ended the news after {found}"
        buffer += received
        *whole, buffer = buffer.split(b"\n\n")
        for part in whole:
            lines = dict(
                line.split(": ", 1)
                for line in part.decode().splitlines()
                if line.startswith(("event: ", "data: "))
            )
            if "event" in lines:
                found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_news_of_a_sweep(tmp_path, toy, monkeypatch):
    monkeypatch.setattr(server, "POLL", 0.05)
    monkeypatch.setattr("mnist1d.web.live.METRIC", "one")
    with (
        serving(tmp_path) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as connection,
    ):
        connection.sendall(f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        with open_store(tmp_path) as store:
            sweep(
                store, [Task("toy", toy.Config(size=size), (0, 1), "smoke", 1.0) for size in (1, 2)]
            )
        found = events(
            connection, lambda name, content: name == "curve" and content["mean"] == [2.05, 12.05]
        )
        assert max(content["done"] for name, content in found if name == "calls") == 4
        assert {content["wanted"] for name, content in found if name == "calls"} <= {
            None,
            4,
        }  # None: nothing is asked for yet
        curves = [content for name, content in found if name == "curve"]
        assert sorted(c["mean"] for c in curves) == [[1.05, 11.05], [2.05, 12.05]] and curves[0][
            "steps"
        ] == [0, 10]


def test_a_store_without_a_sweep_has_no_curves_to_send(tmp_path):
    assert list(News(tmp_path).since()) == []
    quiz.save(result(), tmp_path)
    news = News(tmp_path)
    ((name, content),) = news.since()
    assert name == "calls" and content["wanted"] is None and content["total"] == 1
    assert content["calls"] == [] and list(news.since()) == []


def test_news_of_another_store_in_its_place(tmp_path, toy):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
    news = News(tmp_path)
    assert dict(news.since())["calls"]["total"] == 3
    for file in tmp_path.glob(f"{DATABASE}*"):
        file.unlink()
    assert list(news.since()) == []
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke")[:1])
    content = dict(news.since())["calls"]
    assert (content["total"], len(content["calls"])) == (1, 1) and list(news.since()) == []


def test_whether_a_sweep_runs(tmp_path):
    assert not is_running(tmp_path)
    with alone(tmp_path, print):
        assert is_running(tmp_path)
    assert not is_running(tmp_path)


def test_the_time_left():
    """Three trials of two seeds are wanted; two have ended, in 20 seconds by two workers."""
    started = (datetime.now(UTC) - timedelta(seconds=10)).isoformat(timespec="seconds")
    work = {"toy": Work(calls=2, seconds=20.0, per_seed=10.0)}
    assert seconds_left(work, {"toy": 2}, started) == pytest.approx(5, abs=1.5)
    assert seconds_left(work, {"other": 2}, started) == pytest.approx(5, abs=1.5)  # as on average
    assert seconds_left({}, {"toy": 2}, started) is None  # nothing has ended yet


def test_the_news_end_with_the_server(tmp_path):
    with serving(tmp_path) as port:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert connection.recv(20)
    with connection:
        assert b"" in (connection.recv(65536) for _ in range(100))


def test_too_many_readers(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "MAX_READERS", 1)
    monkeypatch.setattr(server, "POLL", 0.05)
    with (
        serving(tmp_path) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as connection,
    ):
        connection.sendall(f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert connection.recv(20)
        status, _, said = ask(port, "GET", "/api/live")
        assert status == 503 and "close one" in why(said)


def test_two_hundred_readers_get_one_answer(tmp_path, toy, monkeypatch):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
    made, lines = [], ResultsOf.lines
    monkeypatch.setattr(ResultsOf, "lines", lambda self: made.append(1) or lines(self))
    with serving(tmp_path) as port:
        ask(port, "GET", "/data/results.json")
        first, found = len(made), []
        readers = [
            threading.Thread(target=lambda: found.append(ask(port, "GET", "/data/results.json")))
            for _ in range(200)
        ]
        [reader.start() for reader in readers]
        [reader.join(120) for reader in readers]
        assert [status for status, _, _ in found] == [200] * 200 and len(made) == first
        assert len({content for _, _, content in found}) == 1
        with open_store(tmp_path) as store:
            store.add("toy", toy.Config(size=77), [0], [Row(0, "one", 0, 1.0)])
        ask(port, "GET", "/data/results.json")
        assert len(made) == first + 1

"""What the server shows of a folder of runs: results and figures, and news of a sweep as it goes
on."""

import json
import socket

from mnist1d.runs import open_store, quiz, sweep
from mnist1d.runs.store import DATABASE
from mnist1d.runs.sweep import Task, plan
from mnist1d.web import server
from mnist1d.web.live import News
from tests.web.client import ask, result, serving, why


def test_results_and_figures(tmp_path, toy):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
    with serving(tmp_path) as port:
        document = json.loads(ask(port, "GET", "/data/results.json")[2])
        (study,) = document["studies"]
        assert document["calls"] == 3
        assert (study["study"], study["title"], study["trials"], len(study["seeds"])) == (
            "toy",
            toy.INFO.title,
            3,
            2,
        )
        assert (
            study["claims"][0]["verdict"] == "as published"
            and study["measured"][0]["n"] == 2
            and study["error"] is None
        )
        (figure,) = study["figures"]
        status, headers, content = ask(port, "GET", "/" + figure["src"])
        assert status == 200 and headers["Content-Type"] == "image/svg+xml" and b"<svg" in content
        assert ask(port, "GET", "/data/figures/other.svg")[0] == 404
        with open_store(tmp_path) as store:
            sweep(store, plan("toy", "quick"))
        assert (
            json.loads(ask(port, "GET", "/data/results.json")[2])["studies"][-1]["label"] == "quick"
        )
    assert not (tmp_path / "figures").exists()  # looking writes nothing


def test_figures_are_drawn_once_for_a_document(tmp_path, toy, monkeypatch):
    drawn, figures = [], toy.figures
    monkeypatch.setattr(toy, "figures", lambda rows: drawn.append(len(rows)) or figures(rows))
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
        with serving(tmp_path) as port:
            assert (
                ask(port, "GET", "/data/figures/toy-lines.svg")[0] == 200
            )  # of a page that was there before the server
            ask(port, "GET", "/data/results.json")
            assert len(drawn) == 1
            store.add(
                "toy", toy.Config(size=9), [0], toy.run(toy.Config(size=9), [0])
            )  # a sweep goes on
            assert ask(port, "GET", "/data/figures/toy-lines.svg")[0] == 200 and len(drawn) == 1
            ask(port, "GET", "/data/results.json")
            assert len(drawn) == 2


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


def test_no_news_of_what_nobody_asked_for(tmp_path):
    assert list(News(tmp_path).since()) == []
    quiz.save(result(), tmp_path)
    news = News(tmp_path)
    assert (
        list(news.since()) == [("calls", {"done": 0, "wanted": None, "total": 1, "calls": []})]
        and list(news.since()) == []
    )


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
        assert status == 503 and "close some" in why(said)

"""The quiz's way through the server into the store, and from there into the benchmark table."""

import json
import re
import socket
import threading

import pytest

from mnist1d.experiments.rows import Row
from mnist1d.results.document import latest
from mnist1d.results.export import write_results
from mnist1d.results.report import write_report
from mnist1d.results.selection import Selection
from mnist1d.runs import open_store, quiz, sweep
from mnist1d.runs.quiz import quizzes
from mnist1d.runs.store import Store
from mnist1d.runs.sweep import plan
from tests.web.client import ask, result, send, serving, why


def test_a_quiz_is_scored_again_and_kept(tmp_path):
    runs = tmp_path / "new" / "runs"
    with serving(runs) as port:
        assert json.loads(ask(port, "GET", "/data/results.json")[2])["quiz"] == []
        assert not runs.exists()  # looking makes nothing
        status, _, content = send(port, result())
        saved = json.loads(content)
        assert (
            status == 200
            and saved["saved"]
            and saved["accuracy"] == 0.95
            and saved["runs"] == str(runs.resolve())
        )
        assert (
            send(port, result(n=20, wrong=10, shuffled=True))[0]
            == send(port, result(wrong=0))[0]
            == 200
        )
        found = json.loads(ask(port, "GET", "/data/results.json")[2])["quiz"]
    assert [(q["shuffled"], q["n"], q["accuracy"]) for q in found] == [
        (False, 100, 0.95),
        (True, 20, 0.5),
        (False, 100, 1.0),
    ]
    assert found[0]["low"] == pytest.approx(0.8882, abs=1e-4) and found[0]["high"] == pytest.approx(
        0.9785, abs=1e-4
    )  # Wilson
    with open_store(runs, create=False) as store:
        rows = store.all_rows("quiz")
        assert {(r.config["shuffled"], r.seed) for r in rows} == {(False, 0), (True, 0), (False, 1)}
        plain = rows.where(shuffled=False, seed=0)
        assert plain.array("answer").shape == (100,) and plain.final("median_ms") == [1049.5]


def test_the_benchmark_table_gains_the_row(tmp_path):
    runs = tmp_path / "runs"
    with open_store(runs) as store:
        sweep(store, plan("spatial-priors", "smoke", 2, ["model=logistic", "num_steps=20"]))
        before = latest(store, "spatial-priors")[0].document.table
    with serving(runs) as port:
        assert (
            send(port, result())[0] == send(port, result(n=50, wrong=20, shuffled=True))[0] == 200
        )
        study = next(
            s
            for s in json.loads(ask(port, "GET", "/data/results.json")[2])["studies"]
            if s["study"] == "spatial-priors"
        )
    with open_store(runs, create=False) as store:
        table = latest(store, "spatial-priors")[0].document.table
    header, lines = table.header, table.lines
    assert lines[:-2] == before.lines and table.header == before.header
    plain, shuffled = lines[-2:]
    assert plain[0].startswith("human, quiz of 20") and plain[header.index("n")] == "100 answers"
    at = {name.partition(",")[0]: i for i, name in enumerate(header)}
    assert plain[at["frozen set"]] == "95.0 [88.8, 97.8]"
    assert shuffled[at["shuffled"]].startswith("60.0 [") and shuffled[at["frozen set"]] == ""
    assert study["table"]["lines"] == lines
    write_report(runs, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert plain[0] in text and "100 answers" in text


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"{", "must be JSON"),
        (b"[" * 60000, "must be JSON"),
        (b"\xff\xfe", "must be JSON"),
        ([], "must be a JSON object"),
        ({}, "with the format"),
        (result(format="mnist1d-quiz/9"), "with the format"),
        (result(shuffled=1), "shuffled must be true or false"),
        (result(layout="round"), "layout must be one of line, tall"),
        (result(answers=None), "10 to 100, in whole tens, got none"),
        (result(n=15), "in whole tens, got 15"),
        (result(answers=[]), "in whole tens, got 0"),
        (result(answers=result(n=10)["answers"] * 2), "one index is repeated"),
        (result(answers=[1] * 10), "index of an answer must be a whole number"),
        (
            result(answers=[{"index": i + 995, "answer": 1, "ms": 1} for i in range(10)]),
            "from 0 to 999, got 1000",
        ),
        (
            result(answers=[{"index": i, "answer": True, "ms": 1} for i in range(10)]),
            "answer of an answer must be",
        ),
        (
            result(answers=[{"index": i, "answer": 10, "ms": 1} for i in range(10)]),
            "from 0 to 9, got 10",
        ),
        (
            result(answers=[{"index": i, "answer": 1, "ms": -1} for i in range(10)]),
            "ms of an answer must be a number",
        ),
        (
            result(answers=[{"index": i, "answer": 1, "ms": float("nan")} for i in range(10)]),
            "ms of an answer must be a number",
        ),
    ],
)
def test_a_broken_result_is_refused(tmp_path, content, rule):
    with serving(tmp_path) as port:
        status, _, said = send(port, content)
        assert status == 400 and rule in why(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Length": "70000"}, 413),
        ({"Content-Length": "9" * 50}, 413),
        ({"Content-Length": "0" * 12 + "99999999"}, 413),
        ({"Content-Length": "0" * 12 + "9" * 5000}, 413),
        ({"Transfer-Encoding": "chunked", "Content-Length": "2"}, 411),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "x"}, 411),
    ],
)
def test_a_request_that_writes_is_checked(tmp_path, headers, status):
    with serving(tmp_path) as port:
        found = send(
            port, result(), **{name: value.format(port=port) for name, value in headers.items()}
        )
        assert found[0] == status and why(found[2])
        with socket.create_connection(
            ("127.0.0.1", port), timeout=10
        ) as connection:  # neither Origin nor length
            connection.sendall(
                f"POST /api/quiz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 403")
    assert list(tmp_path.iterdir()) == []


def test_a_quiz_meets_another_that_takes_its_seed(tmp_path, monkeypatch):
    """Another process writes the same seed just before or just after this one: each quiz is kept,
    and once."""
    add = Store.add

    def other(store, study, config, seed, rows):
        add(store, study, config, [seed], [Row(seed, row.metric, None, row.value) for row in rows])

    for before, after, kept in ([], [0], 1), ([0], [1], 3):
        calls = []

        def disturbed(
            store, study, config, seeds, rows=(), *, before=before, after=after, calls=calls, **rest
        ):
            first = not calls
            calls.append(seeds)
            for seed in before if first else ():
                other(store, study, config, seed, rows)
            trial = add(store, study, config, seeds, rows, **rest)
            for seed in after if first else ():
                other(store, study, config, seed, rows)
            return trial

        monkeypatch.setattr(Store, "add", disturbed)
        said = quiz.save(result(), tmp_path / str(kept))
        monkeypatch.undo()
        with open_store(tmp_path / str(kept), create=False) as store:
            assert len(quizzes(store)) == kept and said["seed"] == kept - 1


def test_quizzes_among_the_results_and_in_a_report_without_the_benchmark(tmp_path, capsys):
    quiz.save(result(), tmp_path)
    write_results(tmp_path, Selection(study="quiz"), "csv")
    header, *lines = capsys.readouterr().out.splitlines()
    assert (
        {"shuffled", "layout"} <= set(header.split(","))
        and len(lines) == 6
        and all(line.startswith("quiz,") for line in lines)
    )
    write_report(tmp_path, tmp_path / "report.html")
    report = (tmp_path / "report.html").read_text()
    assert "quiz" not in re.findall(r'<section id="([^"]+)"', report)


def test_without_runs_nothing_is_taken():
    with serving() as port:
        status, _, said = send(port, result())
    assert status == 404 and "--runs DIR" in why(said)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with serving(tmp_path / "file" / "runs") as port:
        status, _, said = send(port, result())
    assert status in (400, 500) and "cannot create the folder" in why(said)


def test_a_class_sends_its_quizzes_at_once(tmp_path):
    with serving(tmp_path) as port:
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(send(port, result())[0]))
            for _ in range(40)
        ]
        [thread.start() for thread in threads]
        [thread.join(120) for thread in threads]
    assert found == [200] * 40
    with open_store(tmp_path, create=False) as store:
        assert len(quizzes(store)) == 40
        assert all(call.seeds for call in store.calls())

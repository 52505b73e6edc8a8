"""The server: what it serves, what it refuses, the quiz's way into the store, and news of a sweep. Real sockets, this machine only."""

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

from mnist1d.dataset import load_dataset
from mnist1d.errors import FileFormatError, UsageError
from mnist1d.experiments.rows import Row
from mnist1d.runs import open_store, quiz, sweep
from mnist1d.runs.outcome import latest_results
from mnist1d.runs.quiz import quizzes
from mnist1d.runs.report import write_report
from mnist1d.runs.store import Store
from mnist1d.runs.sweep import Task, plan
from mnist1d.runs.table import write_results
from mnist1d.web import pages, server
from mnist1d.web.live import News


@contextlib.contextmanager
def serving(runs=None):
    with server.make_server(runs) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield made.server_port
        finally:
            made.shutdown()
            thread.join(10)


@pytest.fixture(scope="module")
def port():
    with serving() as port:
        yield port


def ask(port, method, path, body=None, **headers):
    """Send one request; return status, headers and content."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def why(content):
    return json.loads(content)["error"]


# ------------------------------------------------------------------ what is served


def test_every_file_and_no_other(port):
    for path, content in pages.files().items():
        status, headers, found = ask(port, "GET", f"/{path}")
        assert status == 200 and (found == content or path == "data/site.json")
        assert headers["Content-Type"] == pages.TYPES["." + path.rpartition(".")[2]]
        assert headers["X-Content-Type-Options"] == "nosniff" and "default-src 'self'" in headers["Content-Security-Policy"]
    assert ask(port, "GET", "/")[2] == pages.files()["index.html"]
    assert json.loads(ask(port, "GET", "/data/site.json")[2])["runs"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/../pages.py", "/..%2fpages.py", "/%2e%2e/pages.py", "/js/../../pages.py", "//etc/passwd", "/etc/passwd", "/js", "/js/", "/.",
        "/\\..\\x", "/data/figures/../../x", "/index.html%00", "/INDEX.HTML", "/data/results.json", "/api/live", "*",
    ],
)  # fmt: skip
def test_no_path_leads_out(port, path):
    status, headers, content = ask(port, "GET", path)
    assert status == 404 and why(content) and "Location" not in headers


def test_a_raw_request_with_nul(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET /\0index.html HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert connection.recv(100).startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))


def test_head_and_what_has_not_changed(port):
    status, headers, content = ask(port, "HEAD", "/index.html")
    assert status == 200 and content == b"" and int(headers["Content-Length"]) == len(pages.files()["index.html"])
    status, _, content = ask(port, "GET", "/index.html", **{"If-None-Match": headers["ETag"]})
    assert status == 304 and content == b""


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "POST"])
def test_other_methods(port, method):
    status, headers, _ = ask(port, method, "/index.html", b"" if method == "POST" else None)
    assert status == 405 and headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "[::1]:{port}", "0.0.0.0:{port}", ""]
)
def test_a_foreign_host_is_refused(port, host):
    for method, path in (("GET", "/"), ("GET", "/data/site.json"), ("POST", "/api/quiz")):
        status, _, content = ask(port, method, path, Host=host.format(port=port))
        assert status == 403 and f"http://127.0.0.1:{port}/ only" in why(content)
    assert ask(port, "GET", "/", Host=f"localhost:{port}")[0] == 200


def raw(port, text):
    """Send these bytes; return all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_two_hosts_are_refused(port):
    answer = raw(port, f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403")


def test_a_body_is_never_taken_for_the_next_request(port):
    hidden = f"GET /icon.svg HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    answer = raw(port, f"GET /icon.svg HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(hidden)}\r\n\r\n{hidden}")
    assert answer.startswith(b"HTTP/1.1 200") and answer.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in answer


@pytest.mark.parametrize("line", ["FETCH / HTTP/1.1", "GET / HTTP/9.9", "GET / x HTTP/1.1", "GET /" + "x" * 70_000 + " HTTP/1.1"])
def test_what_is_not_http_is_refused_as_all_else(port, line):
    answer = raw(port, line + "\r\n\r\n")
    headers, _, content = answer.partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 ") and headers.split()[1] in (b"400", b"414", b"501", b"505")
    assert b"default-src 'self'" in headers and b"nosniff" in headers and why(content)


def test_one_connection_serves_many_requests(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/icon.svg")
    first = connection.getresponse()
    assert first.status == 200 and first.read() == pages.files()["icon.svg"]
    kept = connection.sock
    for path, status in (("/none", 404), ("/css/page.css", 200)):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status and connection.sock is kept is not None
    connection.close()


def test_at_port_80_browsers_leave_the_port_out():
    with server.make_server() as made:
        made.server_port = 80
        assert made.hosts == {"127.0.0.1", "localhost", "127.0.0.1:80", "localhost:80"}


def test_listens_on_this_machine_only():
    with server.make_server() as made:
        assert made.server_address[0] == "127.0.0.1" and made.server_port > 0


def test_a_reader_who_goes_away_leaves_no_traceback(port, capfd):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET / HT")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET /data/test.bin HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset, without reading
    assert ask(port, "GET", "/")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


# ------------------------------------------------------------------ starting


def test_a_port_that_is_taken(port):
    with pytest.raises(UsageError, match=f"port {port} cannot be had .*name another with --port"):
        server.make_server(port=port)
    with pytest.raises(UsageError, match="port must be between 0"):
        server.make_server(port=70000)


def test_folders_that_are_not_of_runs(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="must name a folder"):
        server.make_server(tmp_path / "file")
    (tmp_path / "rows.sqlite").write_text("not a database, but text of some length" * 50)
    with pytest.raises(FileFormatError, match="is not a database"):
        server.make_server(tmp_path)
    with open_store(tmp_path / "newer") as store:
        store.db.execute("PRAGMA user_version = 99")
    with pytest.raises(FileFormatError, match="has schema 99"):
        server.make_server(tmp_path / "newer")


def test_ctrl_c_ends_it_though_a_page_follows_the_news(tmp_path):
    command = [sys.executable, "-m", "mnist1d.cli", "web", "--no-browser", "--runs", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        port = int(re.match(r"http://127\.0\.0\.1:(\d+)/ ", process.stdout.readline())[1])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert connection.recv(20).startswith(b"HTTP/1.1 200")
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0 and err == "" and list(tmp_path.iterdir()) == []


def test_serve_opens_the_browser_and_ends_on_ctrl_c(monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(server.webbrowser, "open", opened.append)
    monkeypatch.setattr(server.PageServer, "serve_forever", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert server.serve() == 0 and server.serve(open_browser=False) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert opened == [first.split()[0]] and second.startswith("http://127.0.0.1:")


# ------------------------------------------------------------------ the quiz


def result(n=100, wrong=5, shuffled=False, **changes):
    labels = load_dataset().y_test
    answers = [{"index": i, "answer": int(labels[i] if i >= wrong else (labels[i] + 1) % 10), "ms": 1000 + i} for i in range(n)]
    return {"format": "mnist1d-quiz/1", "shuffled": shuffled, "layout": "line", "accuracy": 1.0, "answers": answers} | changes


def send(port, content, **headers):
    usual = {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/json"}
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return ask(port, "POST", "/api/quiz", body, **{**usual, **headers})


def test_a_quiz_is_scored_anew_and_kept(tmp_path):
    runs = tmp_path / "new" / "runs"
    with serving(runs) as port:
        assert json.loads(ask(port, "GET", "/data/results.json")[2])["quiz"] == []
        assert not runs.exists()  # looking makes nothing
        status, _, content = send(port, result())
        saved = json.loads(content)
        assert status == 200 and saved["saved"] and saved["accuracy"] == 0.95 and saved["runs"] == str(runs.resolve())
        assert send(port, result(n=20, wrong=10, shuffled=True))[0] == send(port, result(wrong=0))[0] == 200
        found = json.loads(ask(port, "GET", "/data/results.json")[2])["quiz"]
    assert [(q["shuffled"], q["n"], q["accuracy"]) for q in found] == [(False, 100, 0.95), (True, 20, 0.5), (False, 100, 1.0)]
    assert found[0]["low"] == pytest.approx(0.8882, abs=1e-4) and found[0]["high"] == pytest.approx(0.9785, abs=1e-4)  # Wilson
    with open_store(runs, create=False) as store:
        rows = store.all_rows("quiz")
        assert {(r.config["shuffled"], r.seed) for r in rows} == {(False, 0), (True, 0), (False, 1)}
        plain = rows.where(shuffled=False, seed=0)
        assert plain.array("answer").shape == (100,) and plain.final("median_ms") == [1049.5]


def test_the_benchmark_table_gains_the_row(tmp_path):
    runs = tmp_path / "runs"
    with open_store(runs) as store:
        sweep(store, plan("spatial-priors", "smoke", 2, ["model=logistic", "num_steps=20"]))
        before = latest_results(store, "spatial-priors")[0].table
    with serving(runs) as port:
        assert send(port, result())[0] == send(port, result(n=50, wrong=20, shuffled=True))[0] == 200
        study = next(s for s in json.loads(ask(port, "GET", "/data/results.json")[2])["studies"] if s["study"] == "spatial-priors")
    with open_store(runs, create=False) as store:
        header, lines = latest_results(store, "spatial-priors")[0].table
    assert lines[: len(before[1])] == before[1] and len(lines) == len(before[1]) + 2
    plain, shuffled = lines[-2:]
    assert plain[0].startswith("human, quiz of 20") and plain[header.index("n")] == "100 answers"
    assert plain[header.index("test acc %") :][:2] == ["95.0", "88.8 .. 97.8"]
    assert shuffled[header.index("shuffled %")] == "60.0" and shuffled[header.index("test acc %")] == ""
    assert study["table"]["lines"] == lines
    text = write_report(runs, tmp_path / "report.html").read_text()
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
        (result(answers=result(n=10)["answers"] * 2), "one index comes twice"),
        (result(answers=[1] * 10), "index of an answer must be a whole number"),
        (result(answers=[{"index": i + 995, "answer": 1, "ms": 1} for i in range(10)]), "from 0 to 999, got 1000"),
        (result(answers=[{"index": i, "answer": True, "ms": 1} for i in range(10)]), "answer of an answer must be"),
        (result(answers=[{"index": i, "answer": 10, "ms": 1} for i in range(10)]), "from 0 to 9, got 10"),
        (result(answers=[{"index": i, "answer": 1, "ms": -1} for i in range(10)]), "ms of an answer must be a number"),
        (result(answers=[{"index": i, "answer": 1, "ms": float("nan")} for i in range(10)]), "ms of an answer must be a number"),
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
        found = send(port, result(), **{name: value.format(port=port) for name, value in headers.items()})
        assert found[0] == status and why(found[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:  # neither Origin nor length
            connection.sendall(f"POST /api/quiz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 403")
    assert list(tmp_path.iterdir()) == []


def test_a_quiz_meets_another_that_takes_its_seed(tmp_path, monkeypatch):
    """Another process writes the same seed just before or just after this one: each quiz is kept, and once."""
    add = Store.add

    def other(store, study, config, seed, rows):
        add(store, study, config, [seed], [Row(seed, row.metric, None, row.value) for row in rows])

    for before, after, kept in ([], [0], 1), ([0], [1], 3):
        calls = []

        def disturbed(store, study, config, seeds, rows=(), *, before=before, after=after, calls=calls, **rest):
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
    write_results(tmp_path, "quiz", "csv")
    header, *lines = capsys.readouterr().out.splitlines()
    assert {"shuffled", "layout"} <= set(header.split(",")) and len(lines) == 6 and all(line.startswith("quiz,") for line in lines)
    assert "quiz" not in studies_in_report(write_report(tmp_path, tmp_path / "report.html").read_text())


def studies_in_report(text):
    return re.findall(r'<section id="([^"]+)"', text)


def test_without_runs_nothing_is_taken(port):
    status, _, said = send(port, result())
    assert status == 404 and "--runs DIR" in why(said)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with serving(tmp_path / "file" / "runs") as port:
        status, _, said = send(port, result())
    assert status in (400, 500) and "cannot be made" in why(said)


def test_two_quizzes_at_once_are_both_kept(tmp_path):
    with serving(tmp_path) as port:
        found = []
        threads = [threading.Thread(target=lambda: found.append(send(port, result())[0])) for _ in range(6)]
        [thread.start() for thread in threads]
        [thread.join(30) for thread in threads]
    assert found == [200] * 6
    with open_store(tmp_path, create=False) as store:
        assert len(quizzes(store)) == 6


# ------------------------------------------------------------------ results and news


def test_results_and_figures(tmp_path, toy):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
    with serving(tmp_path) as port:
        document = json.loads(ask(port, "GET", "/data/results.json")[2])
        (study,) = document["studies"]
        assert (study["study"], study["title"], study["trials"], study["seeds"]) == ("toy", toy.TITLE, 3, 2)
        assert study["claims"][0]["verdict"] == "holds" and study["measured"][0]["n"] == 2 and study["error"] is None
        (figure,) = study["figures"]
        status, headers, content = ask(port, "GET", "/" + figure["src"])
        assert status == 200 and headers["Content-Type"] == "image/svg+xml" and b"<svg" in content
        assert ask(port, "GET", "/data/figures/other.svg")[0] == 404
        with open_store(tmp_path) as store:
            sweep(store, plan("toy", "quick"))
        assert json.loads(ask(port, "GET", "/data/results.json")[2])["studies"][-1]["label"] == "quick"
    assert not (tmp_path / "figures").exists()  # looking writes nothing


def test_figures_are_drawn_once_for_a_document(tmp_path, toy, monkeypatch):
    drawn, figures = [], toy.figures
    monkeypatch.setattr(toy, "figures", lambda rows: drawn.append(len(rows)) or figures(rows))
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
        with serving(tmp_path) as port:
            assert ask(port, "GET", "/data/figures/toy-lines.svg")[0] == 200  # of a page that was there before the server
            ask(port, "GET", "/data/results.json")
            assert len(drawn) == 1
            store.add("toy", toy.Config(size=9), [0], toy.run(toy.Config(size=9), [0]))  # a sweep goes on
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
            lines = dict(line.split(": ", 1) for line in part.decode().splitlines() if line.startswith(("event: ", "data: ")))
            if "event" in lines:
                found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_news_of_a_sweep(tmp_path, toy, monkeypatch):
    monkeypatch.setattr(server, "POLL", 0.05)
    monkeypatch.setattr("mnist1d.web.live.METRIC", "one")
    with serving(tmp_path) as port, socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        with open_store(tmp_path) as store:
            sweep(store, [Task("toy", toy.Config(size=size), (0, 1), "smoke", 1.0) for size in (1, 2)])
        found = events(connection, lambda name, content: name == "curve" and content["mean"] == [2.05, 12.05])
        assert max(content["done"] for name, content in found if name == "calls") == 4
        assert {content["wanted"] for name, content in found if name == "calls"} <= {None, 4}  # None: nothing is asked for yet
        curves = [content for name, content in found if name == "curve"]
        assert sorted(c["mean"] for c in curves) == [[1.05, 11.05], [2.05, 12.05]] and curves[0]["steps"] == [0, 10]


def test_no_news_of_what_nobody_asked_for(tmp_path):
    assert list(News(tmp_path).since()) == []
    quiz.save(result(), tmp_path)
    news = News(tmp_path)
    assert list(news.since()) == [("calls", {"done": 0, "wanted": None, "calls": []})] and list(news.since()) == []


def test_the_news_end_with_the_server(tmp_path):
    with serving(tmp_path) as port:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert connection.recv(20)
    with connection:
        while connection.recv(65536):
            pass


def test_too_many_readers(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "MAX_READERS", 1)
    monkeypatch.setattr(server, "POLL", 0.05)
    with serving(tmp_path) as port, socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert connection.recv(20)
        status, _, said = ask(port, "GET", "/api/live")
        assert status == 503 and "close some" in why(said)

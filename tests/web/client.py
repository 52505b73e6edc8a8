"""The server in a thread, and requests to it over real sockets, for the tests of the page's
server."""

import contextlib
import http.client
import json
import threading

from mnist1d.generate import load_dataset
from mnist1d.web import server
from mnist1d.web.results import ResultsOf


@contextlib.contextmanager
def serving(runs=None, frames=False):
    with server.make_server(runs, frames=frames) as made:
        thread = threading.Thread(
            target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield made.server_port
        finally:
            made.shutdown()
            thread.join(10)


def hold_the_second(monkeypatch):
    """Let the server make the second document of a folder only once the returned event is set."""
    part, made, go_on = ResultsOf.part, [], threading.Event()

    def wait(self, *rest):
        made.append(rest)
        assert len(made) == 1 or go_on.wait(60)
        return part(self, *rest)

    monkeypatch.setattr(ResultsOf, "part", wait)
    return go_on


def ask(port, method, path, body=None, **headers):
    """Send one request; return status, headers and content."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def why(content):
    return json.loads(content)["error"]


def result(n=100, wrong=5, shuffled=False, **changes):
    labels = load_dataset().y_test
    answers = [
        {
            "index": i,
            "answer": int(labels[i] if i >= wrong else (labels[i] + 1) % 10),
            "ms": 1000 + i,
        }
        for i in range(n)
    ]
    return {
        "format": "mnist1d-quiz/1",
        "shuffled": shuffled,
        "layout": "line",
        "accuracy": 1.0,
        "answers": answers,
    } | changes


def send(port, content, **headers):
    usual = {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/json"}
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return ask(port, "POST", "/api/quiz", body, **{**usual, **headers})

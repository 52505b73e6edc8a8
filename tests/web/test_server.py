"""The server: what it serves and what it refuses, how it starts and ends. Real sockets, this
machine only."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys

import pytest

from mnist1d.errors import FileFormatError, UsageError
from mnist1d.runs import open_store
from mnist1d.web import pages, server
from tests.web.client import ask, serving, why


@pytest.fixture(scope="module")
def port():
    with serving() as port:
        yield port


# ------------------------------------------------------------------ what is served


def test_every_file_and_no_other(port):
    for path, content in pages.files().items():
        status, headers, found = ask(port, "GET", f"/{path}")
        assert status == 200 and (found == content or path == "data/site.json")
        assert headers["Content-Type"] == pages.TYPES["." + path.rpartition(".")[2]]
        assert (
            headers["X-Content-Type-Options"] == "nosniff"
            and "default-src 'self'" in headers["Content-Security-Policy"]
        )
    assert ask(port, "GET", "/")[2] == pages.files()["index.html"]
    assert json.loads(ask(port, "GET", "/data/site.json")[2])["runs"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/../pages.py", "/..%2fpages.py", "/%2e%2e/pages.py", "/js/../../pages.py", "//etc/passwd",
        "/etc/passwd", "/js", "/js/", "/.", "/\\..\\x", "/data/figures/../../x", "/index.html%00",
        "/INDEX.HTML", "/data/results.json", "/api/live", "*",
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
    assert (
        status == 200
        and content == b""
        and int(headers["Content-Length"]) == len(pages.files()["index.html"])
    )
    status, _, content = ask(port, "GET", "/index.html", **{"If-None-Match": headers["ETag"]})
    assert status == 304 and content == b""


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "POST"]
)
def test_other_methods(port, method):
    status, headers, _ = ask(port, method, "/index.html", b"" if method == "POST" else None)
    assert status == 405 and headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil.example:{port}",
        "[::1]:{port}",
        "0.0.0.0:{port}",
        "",
    ],
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
    answer = raw(
        port,
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\nConnection: "
        "close\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 403")


def test_a_body_is_never_taken_for_the_next_request(port):
    hidden = f"GET /icon.svg HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    answer = raw(
        port,
        f"GET /icon.svg HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: "
        f"{len(hidden)}\r\n\r\n{hidden}",
    )
    assert (
        answer.startswith(b"HTTP/1.1 200")
        and answer.count(b"HTTP/1.1 ") == 1
        and b"Connection: close" in answer
    )


@pytest.mark.parametrize(
    "line",
    [
        "FETCH / HTTP/1.1",
        "GET / HTTP/9.9",
        "GET / x HTTP/1.1",
        "GET /" + "x" * 70_000 + " HTTP/1.1",
    ],
)
def test_what_is_not_http_is_refused_as_all_else(port, line):
    answer = raw(port, line + "\r\n\r\n")
    headers, _, content = answer.partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 ") and headers.split()[1] in (
        b"400",
        b"414",
        b"501",
        b"505",
    )
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
        connection.sendall(
            f"GET /data/test.bin HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        )
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )  # reset, without reading
    assert ask(port, "GET", "/")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


# ------------------------------------------------------------------ starting


def test_a_port_that_is_taken(port):
    with pytest.raises(
        UsageError, match=f"port {port} is not available .*choose another with --port"
    ):
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
    assert process.returncode == 130 and err == "" and list(tmp_path.iterdir()) == []


def test_serve_opens_the_browser_and_ends_on_ctrl_c(monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(server.webbrowser, "open", opened.append)
    monkeypatch.setattr(
        server.PageServer,
        "serve_forever",
        lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt),
    )
    assert server.serve() == 130 and server.serve(open_browser=False) == 130
    first, second = capsys.readouterr().out.splitlines()
    assert opened == [first.split()[0]] and second.startswith("http://127.0.0.1:")

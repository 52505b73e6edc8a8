"""The server of the page: a fixed list of files, the results of a folder of runs, live news of a
sweep, and an address for quiz results.

It uses the standard library's server, because one reader on this machine and a few dozen files do
not need a framework.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import sys
import threading
import webbrowser
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

from mnist1d.errors import Mnist1dError, UsageError
from mnist1d.runs import quiz
from mnist1d.runs.store import DATABASE, open_store
from mnist1d.web import pages
from mnist1d.web.growing import Growing
from mnist1d.web.live import News
from mnist1d.web.results import CURVES, FIGURES, RESULTS, ResultsOf

HOST = "127.0.0.1"
MAX_BODY = 64 * 1024  # bytes; a quiz result has 6,000
POLL, HEARTBEAT = 1.0, 15.0  # seconds between checks of the store, and between keep-alive messages
MAX_READERS = 8  # number of news streams at a time
POLICY = (  # the page requests nothing from other sites; WebAssembly and workers train its models
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
LIVE, QUIZ = "api/live", "api/quiz"


def serve(
    runs: Path | None = None, *, port: int = 0, open_browser: bool = True, frames: bool = False
) -> int:
    """Serve the page on this machine until Ctrl-C, optionally with the results of a folder of runs;
    return the exit status.

    port: 0 uses a free port. Errors: UsageError for a port that is not available, or a folder
    without runs; FileFormatError for a store that cannot be read.
    """
    with make_server(runs, port, frames) as server:
        address = f"http://{HOST}:{server.server_port}/"
        print(f"{address}  (press Ctrl-C to stop)", flush=True)
        if server.results is not None:  # so that they are ready when the reader opens them
            server.results.answer()
            sys.setswitchinterval(5e-4)  # files of the page do not wait 5 ms for that thread
        if open_browser:
            webbrowser.open(address)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            return 130
    return 0


def make_server(runs: Path | None = None, port: int = 0, frames: bool = False) -> PageServer:
    """Return the server, bound but not yet serving. Errors: as for `serve`."""
    if not 0 <= port <= 65535:
        raise UsageError(f"port must be between 0 and 65535, got {port}; 0 uses a free port")
    if runs is not None:
        if runs.exists() and not runs.is_dir():
            raise UsageError(f"--runs must name a folder, {runs} is a file")
        if (runs / DATABASE).is_file():
            open_store(runs, create=False).close()  # report errors now
    try:
        return PageServer(runs, port, frames)
    except OSError as error:
        raise UsageError(
            f"port {port} is not available ({error.strerror}): choose another with --port, or "
            "leave out --port to use a free port"
        ) from None


class PageServer(ThreadingHTTPServer):
    """The server's state: the files, made once; the folder's results; the readers of its news."""

    daemon_threads = True
    request_queue_size = 256  # a whole class may send quizzes or open the page at the same time

    def __init__(self, runs: Path | None, port: int, frames: bool):
        ancestors = "*" if frames else "'none'"
        policy = f"{POLICY}; frame-ancestors {ancestors}"
        self.headers = {"Content-Security-Policy": policy, **HEADERS}
        self.runs, self.results = runs, ResultsOf(runs) if runs is not None else None
        site = {
            **pages.description(),
            "results": runs is not None,
            "runs": str(runs.resolve()) if runs is not None else None,
        }
        self.files = pages.files() | {
            "data/site.json": json.dumps(site, separators=(",", ":")).encode()
        }
        self.saving = threading.Lock()
        self.closing, self.readers = threading.Event(), threading.Semaphore(MAX_READERS)
        super().__init__((HOST, port), Handler)

    @property
    def hosts(self) -> set[str]:
        """The accepted host names; a request for any other name comes from a web site that pretends
        to be this machine."""
        names = {HOST, "localhost"}
        return {f"{name}:{self.server_port}" for name in names} | (
            names if self.server_port == 80 else set()
        )  # browsers omit port 80

    def shutdown(self) -> None:
        self.closing.set()
        super().shutdown()

    def server_close(self) -> None:
        self.closing.set()
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore closed connections; report any other error in one line."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            print(
                f"error: could not answer a request: {type(error).__name__}: {error}",
                file=sys.stderr,
            )


class Refusal(Exception):
    """A rejected request: status, and the reason in a sentence."""

    def __init__(self, status: HTTPStatus, reason: str, **headers: str):
        super().__init__(reason)
        self.status, self.headers = status, headers


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    server: PageServer  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "mnist1d", ""
    timeout = 30  # seconds to wait for a request
    disable_nagle_algorithm = (
        True  # otherwise the content waits 40 ms for the headers to be acknowledged
    )

    def do_GET(self) -> None:
        self._answer(self._get)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_other(self) -> None:
        self._answer(self._refuse_method)

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = do_other

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a malformed or oversized request like any other rejection."""
        self.close_connection, self.request_version = (
            True,
            self.protocol_version,
        )  # may not be set yet
        self._refuse(Refusal(HTTPStatus(code), message or HTTPStatus(code).phrase))

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, act: Callable[[], None]) -> None:
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = (
                True  # the unread rest of a body must not be parsed as the next request
            )
        try:
            hosts = self.headers.get_all("Host", [])
            if len(hosts) != 1 or hosts[0] not in self.server.hosts:
                raise Refusal(
                    HTTPStatus.FORBIDDEN,
                    f"this page is served at http://{HOST}:{self.server.server_port}/ only",
                )
            act()
        except Refusal as refusal:
            self._refuse(refusal)
        except Mnist1dError as error:
            self._refuse(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, str(error)))

    def _refuse(self, refusal: Refusal) -> None:
        self._send(
            json.dumps({"error": str(refusal)}).encode(),
            "application/json",
            refusal.status,
            **refusal.headers,
        )

    def _path(self) -> str:
        """Return the requested path, a key of a fixed list. Nothing is decoded, so a path cannot
        lead outside."""
        return self.path.partition("?")[0].removeprefix("/") or "index.html"

    def _get(self) -> None:
        path = self._path()
        if path in self.server.files:
            self._send_file(path, self.server.files[path])
        elif path == LIVE and self.server.runs is not None and self.command == "GET":
            self._send_news(self.server.runs)
        elif path == QUIZ:
            raise Refusal(
                HTTPStatus.METHOD_NOT_ALLOWED, "send quiz results here with POST", Allow="POST"
            )
        elif self.server.results is not None and path == RESULTS:
            self._send_growing(path, self.server.results.answer())
        elif self.server.results is not None and path.startswith((FIGURES, CURVES)):
            content = self.server.results.file(path)
            if content is None:
                raise Refusal(
                    HTTPStatus.NOT_FOUND, "these results no longer exist: load the results again"
                )
            self._send_file(path, content)
        else:
            raise Refusal(HTTPStatus.NOT_FOUND, "no such file on this page")

    def _post(self) -> None:
        if self._path() != QUIZ or self.server.runs is None:
            known = self._path() in self.server.files or self._path() in (RESULTS, LIVE)
            if known:
                self._refuse_method()
            raise Refusal(
                HTTPStatus.NOT_FOUND,
                "this server does not accept results; "
                "serve the page with --runs DIR to save quizzes",
            )
        if self.headers.get("Origin") not in {f"http://{host}" for host in self.server.hosts}:
            raise Refusal(HTTPStatus.FORBIDDEN, "results are only accepted from this page")
        if self.headers.get_content_type() != "application/json":
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send a result as application/json")
        try:
            content = json.loads(self._body())
        except (ValueError, RecursionError):
            raise Refusal(HTTPStatus.BAD_REQUEST, "a result must be JSON") from None
        try:
            with self.server.saving:  # one at a time: each takes the next seed
                saved = quiz.save(content, self.server.runs)
        except UsageError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from None
        self._send(json.dumps(saved).encode(), "application/json")

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "a POST request must have a Content-Length")
        # the first check, so that leading zeros are rejected too
        if len(length) > 9 or int(length) > MAX_BODY:
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"a result must have at most {MAX_BODY} bytes, got {length:.12}",
            )
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Refusal(HTTPStatus.BAD_REQUEST, "the result is incomplete: send it again")
        return body

    def _refuse_method(self) -> NoReturn:
        raise Refusal(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"{self.command} is not supported here",
            Allow="POST" if self._path() == QUIZ else "GET, HEAD",
        )

    def _send_file(self, path: str, content: bytes) -> None:
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        if self.headers.get("If-None-Match") == tag:
            self._send(b"", "", HTTPStatus.NOT_MODIFIED, ETag=tag)
        else:
            self._send(content, pages.TYPES["." + path.rpartition(".")[2]], ETag=tag)

    def _send_growing(self, path: str, content: Growing) -> None:
        """Send each piece as soon as it exists; an old client or HEAD waits for the whole."""
        pieces = iter(content)
        first = next(pieces)  # an error before it is answered like any other
        if content.is_whole or self.command == "HEAD" or self.request_version != "HTTP/1.1":
            return self._send_file(path, b"".join([first, *pieces]))
        kind = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        self._start(HTTPStatus.OK, kind)
        try:
            for piece in itertools.chain([first], pieces):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        except Mnist1dError:
            self.close_connection = True  # without an end: the reader sees that it is incomplete
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _send(
        self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, **headers: str
    ) -> None:
        if status != HTTPStatus.NOT_MODIFIED:
            headers |= {"Content-Type": kind, "Content-Length": str(len(content))}
        if self.close_connection:
            headers["Connection"] = "close"
        self._start(status, headers)
        if self.command != "HEAD":
            self.wfile.write(content)

    def _start(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**self.server.headers, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_news(self, runs: Path) -> None:
        if not self.server.readers.acquire(blocking=False):
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many pages are watching these runs: close one"
            )
        try:
            self.close_connection = True
            kind = {"Content-Type": "text/event-stream", "Connection": "close"}
            self._start(HTTPStatus.OK, kind)
            self._tell(News(runs))
        finally:
            self.server.readers.release()

    def _tell(self, news: News) -> None:
        quiet = HEARTBEAT
        while not self.server.closing.is_set():
            events = []
            with contextlib.suppress(
                Mnist1dError
            ):  # a store that is being created, or can no longer be read: no news
                events = list(news.since())
            text = "".join(
                f"event: {name}\ndata: {json.dumps(content)}\n\n" for name, content in events
            )
            quiet += POLL
            if text or quiet >= HEARTBEAT:
                self.wfile.write((text or ": here\n\n").encode())
                quiet = 0.0
            self.server.closing.wait(POLL)

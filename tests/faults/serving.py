"""The page's server among slow clients: some say nothing, some send a request byte by byte, some
announce a quiz and do not send it, some ask for a file and do not read it. Readers and players
beside them are answered, all alike, and nothing is left when the slow ones are gone.
"""

from __future__ import annotations

import contextlib
import io
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mnist1d.runs import open_store, plan, sweep
from mnist1d.web import server
from tests.faults.counting import Found, Piece
from tests.runs import toy
from tests.web.client import ask, result, send, serving

PATIENCE = 120  # seconds, for the threads of those who are gone to end
PATHS = ("/", "/data/site.json", "/data/results.json")


def slow_requests(port: int) -> list[bytes]:
    """Return what each kind of slow client sends; none of it is a complete request."""
    host = f"Host: 127.0.0.1:{port}\r\n"
    return [
        b"",
        f"GET / HTTP/1.1\r\n{host}".encode(),
        f"POST /api/quiz HTTP/1.1\r\n{host}Content-Length: 6000\r\n\r\n{{".encode(),
        f"GET /data/results.json HTTP/1.1\r\n{host}\r\n".encode(),
    ]


def serve_among_slow(count: int, seed: int) -> Found:
    """Keep `count` slow connections open, and let readers and players ask beside them."""
    toy.use_as_program()
    found, told = Found(), io.StringIO()
    readers, players = max(10, count * 2 // 5), 5
    with tempfile.TemporaryDirectory(prefix="mnist1d-") as runs, contextlib.redirect_stderr(told):
        with open_store(runs) as store:
            sweep(store, plan("toy", "smoke"))
        threads = threading.active_count()
        with serving(Path(runs)) as port, contextlib.ExitStack() as slow:
            kinds = slow_requests(port)
            for i in range(count):
                connection = socket.create_connection(("127.0.0.1", port), timeout=60)
                slow.enter_context(connection)
                connection.sendall(kinds[i % len(kinds)])
            ask(port, "GET", "/data/results.json")  # made once, for all
            work: list[Callable[[], tuple]] = [
                lambda i=i: (i % len(PATHS), *ask(port, "GET", PATHS[i % len(PATHS)])[::2])
                for i in range(readers)
            ]
            begin = time.monotonic()
            with ThreadPoolExecutor(readers) as pool:
                answers = list(pool.map(lambda job: job(), work))
            found.note("seconds for the readers", round(time.monotonic() - begin))
            sent = [send(port, result())[0] for _ in range(players)]
            found.cases += count + readers + players
            for path in range(len(PATHS)):
                same = {answer[1:] for answer in answers if answer[0] == path}
                if len(same) != 1 or next(iter(same))[0] != 200:
                    statuses = sorted({status for status, _ in same})
                    found.fail(f"{PATHS[path]}: {len(same)} answers, of status {statuses}")
            if sent != [200] * players:
                found.fail(f"quizzes: status {sent}")
            slow.close()
            end = time.monotonic() + PATIENCE
            while threading.active_count() > threads + 1 and time.monotonic() < end:
                time.sleep(0.05)
            if left := threading.active_count() - threads - 1:
                found.fail(f"{left} threads left when the slow clients were gone")
        with open_store(runs, create=False) as store:
            if (kept := len(store.calls("quiz"))) != players:
                found.fail(f"{kept} quizzes kept of {players}")
    if told.getvalue():
        found.fail(f"printed: {told.getvalue()[-300:]}")
    return found


def slow_ones_end(count: int, seed: int) -> Found:
    """A request that is not complete within the time limit ends the connection."""
    found, limit = Found(cases=count), server.Handler.timeout
    server.Handler.timeout = 1
    try:
        with serving() as port, contextlib.ExitStack() as slow:
            kinds, connections = slow_requests(port), []
            for i in range(count):
                connection = socket.create_connection(("127.0.0.1", port), timeout=60)
                connections.append(slow.enter_context(connection))
                connection.sendall(kinds[i % 2])
            for connection in connections:
                with contextlib.suppress(ConnectionError):
                    while connection.recv(65536):
                        pass
    except TimeoutError:
        found.fail("a connection stayed open")
    finally:
        server.Handler.timeout = limit
    return found


def pieces(is_long: bool) -> list[Piece]:
    """Return 500 slow clients, or 20."""
    count = 500 if is_long else 20
    return [
        Piece("serving", "slow clients, with readers", count, serve_among_slow),
        Piece("serving", "clients beyond the time limit", count, slow_ones_end),
    ]

"""Content that one thread makes piece by piece, and that many read while it grows."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator


class Growing:
    """The pieces of one content. Iterating waits for those that are still to come."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.is_whole = False
        self.error: Exception | None = None
        self.news = threading.Condition()

    def fill(self, pieces: Iterable[bytes]) -> None:
        """Take over all pieces; an exception of theirs is raised for every reader."""
        error = None
        try:
            for piece in pieces:
                with self.news:
                    self.pieces.append(piece)
                    self.news.notify_all()
        except Exception as reason:
            error = reason
        with self.news:
            self.error, self.is_whole = error, error is None
            self.news.notify_all()

    def __iter__(self) -> Iterator[bytes]:
        at = 0
        while True:
            with self.news:
                while at == len(self.pieces) and not (self.is_whole or self.error):
                    self.news.wait()
                if at == len(self.pieces):
                    break
                piece = self.pieces[at]
            yield piece
            at += 1
        if self.error is not None:
            raise self.error

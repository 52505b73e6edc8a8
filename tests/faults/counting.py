"""Pieces of work that count faults, and the table of what they found."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

MAX_TOLD = 20  # failures that are kept in words, per piece


@dataclass
class Found:
    """The outcome of a piece: cases tried, failures counted, some of them in words, and other
    counts, such as kills that cut something off."""

    cases: int = 0
    failures: int = 0
    words: list[str] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def fail(self, words: str) -> None:
        """Count a failure."""
        self.failures += 1
        if len(self.words) < MAX_TOLD:
            self.words.append(words)

    def note(self, what: str, times: int = 1) -> None:
        """Count something that is not a failure."""
        self.notes[what] = self.notes.get(what, 0) + times


@dataclass(frozen=True)
class Piece:
    """Some cases of one kind. `number` distinguishes the pieces of one kind, and seeds the
    cases."""

    part: str
    kind: str
    count: int
    work: Callable[[int, int], Found]  # count, seed
    number: int = 0

    @property
    def key(self) -> str:
        """The name of the piece in a log."""
        return f"{self.part}/{self.kind}/{self.number}/{self.count}"


def split(
    part: str, kind: str, count: int, work: Callable[[int, int], Found], size: int
) -> list[Piece]:
    """Return pieces of at most `size` cases each, `count` cases in total."""
    starts = range(0, count, size)
    return [Piece(part, kind, min(size, count - start), work, start // size) for start in starts]


def run(
    pieces: Iterable[Piece], log: Path | None, is_logged: bool = False
) -> list[tuple[Piece, Found]]:
    """Run each piece once; pieces in the log are not run again. is_logged: return what the log
    holds, and run nothing."""
    known = {}
    if log is not None and log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            known[entry["key"]] = Found(**entry["found"])
    results = []
    for piece in pieces:
        found = known.get(piece.key)
        if found is None and is_logged:
            continue
        if found is None:
            begin = time.monotonic()
            found = piece.work(piece.count, piece.number)
            if log is not None:
                entry = {
                    "key": piece.key,
                    "seconds": round(time.monotonic() - begin, 1),
                    "found": asdict(found),
                }
                with log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(entry) + "\n")
        results.append((piece, found))
    return results


def table(results: Iterable[tuple[Piece, Found]]) -> str:
    """Return a Markdown table: one line per kind."""
    sums: dict[tuple[str, str], Found] = {}
    for piece, found in results:
        total = sums.setdefault((piece.part, piece.kind), Found())
        total.cases += found.cases
        total.failures += found.failures
        total.words += found.words
        for what, times in found.notes.items():
            total.note(what, times)
    lines = ["| part | cases of | cases | failures | notes |", "|---|---|---:|---:|---|"]
    for (part, kind), total in sums.items():
        notes = ", ".join(f"{what}: {times:,}" for what, times in sorted(total.notes.items()))
        lines.append(f"| {part} | {kind} | {total.cases:,} | {total.failures:,} | {notes} |")
    return "\n".join(lines)

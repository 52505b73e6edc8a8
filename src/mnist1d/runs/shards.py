"""Shards: split a sweep among several machines without a server.

Every machine plans the same tasks and runs its own part; `merge` combines the stores.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mnist1d.errors import UsageError
from mnist1d.runs.tasks import Task, part_of


@dataclass(frozen=True)
class Shard:
    """The part `index` of `count`; index counts from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def parse_shard(text: str) -> Shard:
    """Return the shard that a text such as "2/4" names. Errors: UsageError for anything else."""
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text.strip())
    shard = Shard(*map(int, found.groups())) if found else Shard(0, 0)
    if not 1 <= shard.index <= shard.count:
        raise UsageError(
            "a shard must be i/n with whole numbers 1 <= i <= n, such as --shard 1/4; "
            f"got {text[:60]!r}"
        )
    return shard


def tasks_of(shard: Shard, tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that belong to a shard, in their order.

    Trials are not split, so that their rows equal those of a single run bit for bit; only a plan
    with fewer trials than shards is split by seeds. Tasks are assigned from longest to shortest,
    each to the shard with the least work. This depends only on the plan, so all machines agree.
    """
    parts = list(tasks) if len(tasks) >= shard.count else _single_seeds(tasks)
    loads = [
        (0.0, 0, index) for index in range(1, shard.count + 1)
    ]  # a heap: seconds, tasks, shard
    own = []
    for place in sorted(range(len(parts)), key=lambda place: -parts[place].estimate):
        seconds, count, index = loads[0]
        heapq.heapreplace(loads, (seconds + parts[place].estimate, count + 1, index))
        if index == shard.index:
            own.append(place)
    return [parts[place] for place in sorted(own)]


def _single_seeds(tasks: Sequence[Task]) -> list[Task]:
    return [part_of(task, (seed,)) for task in tasks for seed in task.seeds]

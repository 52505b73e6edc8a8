"""The overhead of 1,000, 10,000 and 100,000 trials beyond their computation; prints one JSON line
and, on stderr, the table of docs/speed.md.

    python benchmarks/store.py [--trials 1000 10000 100000]

This file is also the study that it runs: its trials return 12 rows each without computing anything.
Every part runs in a separate process. The benchmark reports processor seconds, because wall time
says little on a busy machine, and the peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist1d.config import DataConfig
from mnist1d.experiments.rows import Row
from mnist1d.experiments.study import Info
from mnist1d.runs import provenance

INFO = Info(
    name="many-trials",
    title="Many trials",
    question="What do trials cost around their computation?",
    seeds={"smoke": 1, "quick": 1, "paper": 1},
    cost={"smoke": 1.0, "quick": 10.0, "paper": 100.0},
)
PRESET_OF = {1_000: "smoke", 10_000: "quick", 100_000: "paper"}
MIB = 2**20


@dataclass(frozen=True)
class Config:
    """A number, and the data settings that every study has."""

    number: int = 0
    learning_rate: float = 0.01
    data: DataConfig = DataConfig()


def grid(preset: str) -> list[Config]:
    """Return the number of trials that the preset stands for."""
    num_trials = next(count for count, name in PRESET_OF.items() if name == preset)
    return [Config(number=number) for number in range(num_trials)]


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Return two curves of five steps, an accuracy and the seconds."""
    rows = []
    for seed in seeds:
        for step in range(0, 500, 100):
            rows += [
                Row(seed, "test_acc", step, (config.number + step) % 997 / 997),
                Row(seed, "test_loss", step, (config.number + step) % 991 / 991),
            ]
        rows += [
            Row(seed, "final_acc", None, config.number % 7 / 7),
            Row(seed, "seconds", None, 0.0),
        ]
    return rows


def figures(rows: object) -> dict[str, object]:
    """Draw nothing: 100,000 curves do not make a figure."""
    return {}


def table(rows: object) -> tuple[list[str], list[list[str]]]:
    """Return the number of rows."""
    return ["rows"], [[str(len(rows))]]  # pyright: ignore[reportArgumentType]


def parts(preset: str, folder: Path) -> dict[str, Callable[[], object]]:
    """Return what is measured, in order: the first part fills the store."""
    from mnist1d.results.export import write_results
    from mnist1d.results.report import write_report
    from mnist1d.runs import open_store, plan, sweep
    from mnist1d.web.live import News

    def sweep_all() -> object:
        with open_store(folder) as store:
            return sweep(store, plan(str(Path(__file__).resolve()), preset))

    def poll_again(num_new: int) -> object:
        news = News(folder)
        list(news.since())
        news.last -= num_new  # as if the others had been added since
        begin = time.process_time()
        list(news.since())
        return time.process_time() - begin

    return {
        "sweep": sweep_all,
        "resume check": sweep_all,
        "results as csv": lambda: write_results(folder, None, "csv", folder / "rows.csv"),
        "results as parquet": lambda: write_results(
            folder, None, "parquet", folder / "rows.parquet"
        ),
        "report": lambda: write_report(folder, folder / "report.html"),
        "page, poll when nothing is new": lambda: poll_again(0),
        "page, poll after one trial": lambda: poll_again(1),
    }


def measure_here(name: str, preset: str, folder: Path) -> dict[str, float]:
    """Return a part's wall time and processor time, and this process's memory."""
    part = parts(preset, folder)[name]
    clock, cpu = time.perf_counter(), time.process_time()
    result = part()
    cpu = result if isinstance(result, float) else time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": time.perf_counter() - clock, "cpu_seconds": cpu, "peak_mib": peak}


def measure(num_trials: int) -> dict[str, dict[str, float]]:
    """Return every part's figures for one number of trials, each measured in a new process."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in parts("smoke", Path(folder)):
            words = ["--part", name, "--folder", folder, "--trials", str(num_trials)]
            done = subprocess.run(
                [sys.executable, __file__, *words],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            found[name] = json.loads(done.stdout)
            print(f"{num_trials:,} trials, {name}: {found[name]}", file=sys.stderr, flush=True)
        size = (Path(folder) / "rows.sqlite").stat().st_size / MIB
    found["store"] = {"mib": size}
    return found


LABELS = {
    "sweep": "sweep",
    "resume check": "check for stored trials when a sweep resumes",
    "results as csv": "`results` as csv",
    "results as parquet": "`results` as parquet",
    "report": "report",
    "page, poll after one trial": "poll of the page after one trial",
    "page, poll when nothing is new": "poll of the page when there is nothing new",
}


def table_of(found: dict[int, dict[str, dict[str, float]]]) -> str:
    """Return the table of docs/speed.md: processor seconds and memory by number of trials."""
    counts = sorted(found)
    lines = [
        f"| part | {' | '.join(f'{count:,} trials' for count in counts)} |",
        f"|---|{'---|' * len(counts)}",
    ]
    for name, label in LABELS.items():
        parts = [found[count][name] for count in counts]
        cells = [f"{_seconds(part['cpu_seconds'])}, {part['peak_mib']:.0f} MiB" for part in parts]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    sizes = [found[count]["store"]["mib"] for count in counts]
    cells = [f"{size:.0f} MiB" if size >= 100 else f"{size:.1f} MiB" for size in sizes]
    return "\n".join([*lines, f"| size of the store | {' | '.join(cells)} |"])


def _seconds(value: float) -> str:
    digits = 0 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:.{digits}f} s"


def main() -> None:
    """Measure, print one JSON line and the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--trials", type=int, nargs="+", default=list(PRESET_OF))
    parser.add_argument("--part")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(measure_here(options.part, PRESET_OF[options.trials[0]], options.folder)))
        return
    found = {count: measure(count) for count in options.trials}
    print(json.dumps({"trials": found, "processor": provenance.processor()}))
    print(table_of(found), file=sys.stderr)


if __name__ == "__main__":
    main()

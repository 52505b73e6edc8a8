"""Generated command lines: every command and option that `--help` names, with values that are odd,
huge, hostile, or right.

Lines run one after another in a forked process, through the entry point of `mnist1d`; a line that
kills the process or takes too long is counted, and the next one starts in a new process. A line
fails where an exception leaves the entry point, a traceback is printed, the exit status is none of
those documented, an error is not told in words, or the memory grows beyond a bound.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.faults.counting import Found, Piece, split
from tests.faults.isolation import Answer, printed, try_cases
from tests.faults.killing import silent

STATUSES = (0, 1, 2, 130)

WHOLE = ["0", "-0", "1", "2", "3", "7", "-1", "-5", "1e3", "1_0", "٣", "0x10", "2.0", "+4", " 5 "]
HUGE = [
    str(2**31),
    str(2**32),
    str(2**63 - 1),
    str(2**63),
    str(2**64),
    "9" * 19,
    "9" * 300,
    "9" * 5000,
]
FLOATS = [
    "0.5",
    "-0.0",
    "1e-300",
    "1e160",
    "1e308",
    "1e400",
    "nan",
    "inf",
    "-inf",
    ".5",
    "1,5",
    "½",
]
TEXTS = [
    "", " ", "-", "--", "x", "none", "true", "[red]", "[/data]", "values[i]",
    "<script>alert(1)</script>", "\x1b[31m", "a\nb", "\t", "😀", "\u202eabc", "é" * 300, "\udce9",
    "a\0b", "'", '"', "$(true)", "%s%n", "{0}", "\\", "../x", "a;b", "x=y=z", "=", "=1", "a=", ",",
    ":", "a" * 5000,
]  # fmt: skip
PATHS = [
    "set.npz", "set.csv", "set.pkl", "set.parquet", "torn.npz", "torn.csv", "torn.parquet",
    "torn.pkl", "out.npz", "out.csv", "out.parquet", "out.png", "out.svg", "out.pdf", "out.html",
    "out.json", "out", "gone/out.npz", "folder", "folder/", "/", ".", "..", "/dev/null",
    "/dev/full", "/proc/self/mem", "loop.npz", "fifo.csv", "config.json", "torn.json", "~",
    "n" * 250 + ".npz", "n" * 300, "[b].npz",
    "a\nb.npz", "\udce9.npz", "runs", "torn-runs", "no-runs", "old-runs", "file:x?mode=ro",
    "s#?.npz",
]  # fmt: skip
FIELDS = [
    "num_steps", "seed", "model", "size", "rate", "pair", "limit", "action", "data.padding",
    "data.seed", "data.num_samples", "data.final_seq_length", "data.train_split",
    "data.template_len", "learning_rate", "batch_size", "num_train", "noise", "hidden", "widths",
    "data.scale_coeff", "data.max_translation", "nope",
]  # fmt: skip
NAMES = [
    "toy", "spatial-priors", "lottery", "double-descent", "ceiling", "tsne", "pooling",
    "activation", "learning-rate", "self-supervised", "thresholds", "quiz", "smoke", "quick",
    "paper", "table", "csv", "json", "parquet", "templates", "samples", "stages", "cnn", "mlp",
    "gru", "adam", "sgd", "constant", "here", "processes", "dask", "exact", "fast", "float32",
    "float64", "frozen", "fresh", "both", "one", "image", "size=1", "size=2", "30m", "1h", "0s",
    "openml", "os:system", "os.path:join", "json:loads", "1/2", "0/0", "3/2", "-1/5",
    "tests.runs.toy",
]  # fmt: skip
GOOD = {  # values that let a line come to something
    "--preset": ["smoke", "quick"], "--format": ["csv", "json", "table"], "--study": ["toy"],
    "--metric": ["one"], "--mode": ["exact", "fast"], "--dtype": ["float32", "float64"],
    "--where": ["size=1", "size=1,2"], "--set": ["size=1", "rate=0.5,0.25", "data.padding=36:60"],
    "--test": ["frozen"], "--config": ["config.json"], "--digit": ["3"],
}  # fmt: skip
PLAIN = ["0", "1", "2", "3", "5", "10", "0.5", "0.25", "40", "72"]
FOUND = [  # lines that once ended in a traceback, or did not end
    ["observer", "--num-signals", "4294967296"],
    ["show", "templates", "--train-split", "[/data]", "-o", "x.png"],
    ["[/data]"],
]
# What keeps a line short, and away from networks, browsers and servers: these come last and win
SAFE = {
    "web": ["--export", "page"],
    "run": ["--dry-run"],
    "reproduce": ["--dry-run"],
    "observer": ["--num-signals", "3"],
    "evaluate": ["--num-steps", "1", "--seeds", "1"],
    "generate": ["--num-samples", "20"],
    "show": ["--num-samples", "20"],
}
LIKELY = {  # what stands behind a command
    "run": ["toy", "toy", "spatial-priors", "lottery", "ceiling", "tsne", "pooling", "quiz"],
    "evaluate": ["cnn", "mlp", "tests.runs.toy:run", "toy", "json:loads", "nope:nope"],
    "compare": ["size=1", "size=2", "size=1,rate=0.5", "rate=0.5", "size=9"],
    "merge": ["runs", "old-runs", "torn-runs", "runs"],
    "verify": ["set.npz", "set.csv", "set.parquet", "set.pkl", "torn.npz", "torn.csv"],
    "show": ["templates", "samples", "stages", "animation"],
    "list": ["toy", "tests.runs.toy"],
}
POSITIONALS = {"verify": 1, "run": 1, "show": 1, "compare": 2, "merge": 2, "evaluate": 1, "list": 1}
COMMANDS = (
    "generate", "verify", "show", "list", "run", "reproduce", "report", "results", "compare",
    "merge", "doctor", "observer", "web", "evaluate",
)  # fmt: skip


@cache
def options_of(command: str) -> tuple[str, ...]:
    """Return the options that a command's help names."""
    from mnist1d import cli

    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "help"
        with silent(told):
            cli.main([command, "--help"])
        return tuple(sorted(set(re.findall(r"--[a-z][a-z-]+", told.read_text()))))


def command_line(generator: random.Random, commands: tuple[str, ...] = COMMANDS) -> list[str]:
    """Return a random command line that asks for little work."""
    choose = generator.choice
    if generator.random() < 0.02:
        return [choose(TEXTS + NAMES) for _ in range(generator.randrange(4))]
    command = choose(commands)
    words = [command]
    tameness = choose([0.4, 0.95])
    number = POSITIONALS.get(command, 0)
    for _ in range(choose([number] * 20 + [0, 1, 2])):
        likely = choose(LIKELY[command]) if command in LIKELY else value(generator)
        words.append(likely if generator.random() < max(tameness, 0.8) else value(generator))
    options = options_of(command) or ("--nope",)
    for _ in range(generator.choice([0, 1, 1, 2, 2, 3, 5])):
        option = choose(options) if generator.random() < 0.95 else choose(["--nope", "-x", "-o"])
        words.append(option)
        if generator.random() < 0.93:
            good = GOOD.get(option, PLAIN)
            words.append(choose(good) if generator.random() < tameness else value(generator))
        if option == "--set" and generator.random() > tameness:
            words[-1] = setting(generator)
    if "--output" in options and generator.random() < 0.6:
        words += ["-o", choose(PATHS if generator.random() < 0.5 else PATHS[8:15])]
    if "--runs" in options and generator.random() < 0.7:
        words += ["--runs", choose(["runs", "runs", "torn-runs", "old-runs", "no-runs"])]
    return [*words, *safe(generator, command, words)]


def safe(generator: random.Random, command: str, words: list[str]) -> list[str]:
    """Return options that keep a command line short-running."""
    if command == "run" and words[1:2] == ["toy"] and generator.random() < 0.5:
        return ["--executor", "here"]
    if command == "web" and generator.random() < 0.3:
        return ["--port", generator.choice(["-1", "65536", "x", *HUGE]), "--no-browser"]
    name, *rest = SAFE.get(command, [""])
    if name in ("--num-samples", "--num-signals") and generator.random() < 0.15:
        return [name, generator.choice([*HUGE, "-1", "0", "1e3", "x"])]
    return [name, *rest] if name else []


def value(generator: random.Random) -> str:
    """Return a value for an option."""
    return generator.choice(
        generator.choice([WHOLE, WHOLE, HUGE, FLOATS, TEXTS, PATHS, PATHS, NAMES, NAMES])
    )


def setting(generator: random.Random) -> str:
    """Return a value for `--set`."""
    values = [
        generator.choice(
            generator.choice([WHOLE, HUGE, FLOATS, TEXTS, ["36:60", "1:2:3", ":", "cnn"]])
        )
        for _ in range(generator.choice([1, 1, 1, 2, 3]))
    ]
    return f"{generator.choice(FIELDS)}={','.join(values)}"


def edge_run(generator: random.Random) -> list[str]:
    """Return a command line that trains, at the edge of what its study allows."""
    from mnist1d.experiments import STUDIES

    study = generator.choice([name for name in STUDIES if name != "toy"])
    words = ["run", study, "--preset", "smoke", "--seeds", "1", "--executor", "here"]
    edges = [
        "data.final_seq_length=2", "data.final_seq_length=3", "data.train_split=0",
        "data.train_split=1", "data.num_samples=10", "data.num_samples=20", "data.padding=0:0",
        "data.template_len=2", "data.max_translation=1", "data.scale_coeff=0",
        "data.corr_noise_scale=0", "data.shear_scale=-0.0", "data.iid_noise_scale=0",
        "data.iid_noise_scale=1e150", "num_steps=1", "batch_size=1", "batch_size=100000",
        "learning_rate=1e30", "learning_rate=1e-300", "data.seed=4294967295", "num_train=1",
        "widths=1", "hidden=1",
    ]  # fmt: skip
    for edge in generator.sample(edges, generator.choice([1, 1, 2])):
        words += ["--set", edge]
    return [*words, "--runs", f"edge-{generator.randrange(10**9)}"]


# ------------------------------------------------------------------ running them


def warm_up() -> None:
    """Import what every process needs; neither JAX nor Arrow, whose threads would not survive a
    fork."""
    import matplotlib.pyplot  # noqa: F401

    import mnist1d.plots.style
    import mnist1d.results.report  # noqa: F401

    assert "jax" not in sys.modules, "JAX is here"


def prepare() -> None:
    """Create the files that command lines name in this folder."""
    import pickle

    import mnist1d
    from mnist1d import cli
    from tests.runs.test_migration import old_store

    folder = Path()
    data = mnist1d.make_dataset(num_samples=20)
    for ending in (".npz", ".csv", ".parquet"):
        data.save(folder / f"set{ending}")
        content = (folder / f"set{ending}").read_bytes()
        (folder / f"torn{ending}").write_bytes(content[: len(content) // 2])
    content = pickle.dumps({name: data[name] for name in ("x", "y", "x_test", "y_test", "t")})
    (folder / "set.pkl").write_bytes(content)
    (folder / "torn.pkl").write_bytes(content[:1000])
    (folder / "config.json").write_text('{"num_samples": 20}')
    (folder / "torn.json").write_text('{"num_samples": ')
    (folder / "folder").mkdir()
    os.symlink("loop.npz", folder / "loop.npz")
    assert cli.main(["run", "toy", "--executor", "here", "--runs", str(folder / "runs")]) == 0
    shutil.copytree(folder / "runs", folder / "torn-runs")
    store = folder / "torn-runs" / "rows.sqlite"
    store.write_bytes(store.read_bytes()[:9000])
    old_store(folder / "old-runs")


def run_line(words: list[str]) -> Answer:
    """Run a command line in this process."""
    from mnist1d import cli

    status = cli.main(words)
    return f"exit {status}", judge(status, printed())


def judge(status: int | None, told: str) -> str:
    """Return what is wrong with the answer to a command line; "" if nothing is."""
    if status not in STATUSES:
        return f"exit status {status}"
    if "Traceback (most recent call last)" in told:
        return f"a traceback: {told[-400:]}"
    if status == 2 and "rror" not in told:
        return f"exit status 2 without an error: {told[-200:]!r}"
    if status == 2 and len(told) > 20_000:
        return f"{len(told)} characters of error"
    return ""


def try_lines(lines: list[list[str]]) -> Found:
    """Run command lines, and count those that fail."""
    warm_up()
    return try_cases(len(lines), lambda i: run_line(lines[i]), lambda i: str(lines[i]), prepare)


def odd_lines(count: int, seed: int) -> Found:
    """Try command lines that ask for little work."""
    from tests.runs import toy

    toy.register()
    generator = random.Random(f"lines {seed}")
    known = FOUND if seed == 0 else []
    return try_lines([*known, *(command_line(generator) for _ in range(count))])


def toy_lines(count: int, seed: int) -> Found:
    """Try command lines on runs, with the toy study, whose trials take no time."""
    from tests.runs import toy

    toy.register()
    generator = random.Random(f"toy lines {seed}")
    commands = ("run", "report", "results", "compare", "doctor", "merge", "reproduce")
    return try_lines([command_line(generator, commands) for _ in range(count)])


def edge_lines(count: int, seed: int) -> Found:
    """Try command lines that train."""
    generator = random.Random(f"edges {seed}")
    return try_lines([edge_run(generator) for _ in range(count)])


def pieces(is_long: bool) -> list[Piece]:
    """Return generated command lines of three kinds."""
    sizes = (7_000, 2_900, 100) if is_long else (80, 0, 0)
    kinds = {"any command": odd_lines, "runs": toy_lines, "training at the edges": edge_lines}
    made = []
    for (kind, work), count in zip(kinds.items(), sizes, strict=True):
        made += split("lines", kind, count, work, 20 if work is edge_lines else 250)
    return made

"""Do the tests find errors? Change one thing in a module of the package, run the module's tests,
and see whether they fail: `python -m tests.faults.mutants [--count N] [--log FILE] [MODULE ...]`.

A mutant is one change: another operator, number or truth value, a condition turned round, a
statement or an argument left out, None returned. Text is not changed: most of it is messages. The
sample is drawn with a fixed seed, from all changes of the modules alike. Each mutant lives in a
process of its own, and runs those tests of the module that come to the changed line, the quickest
first, until one fails. It is killed by a failing test, or by taking too long.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.util
import json
import os
import random
import resource
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401 - what every process needs is imported before they are forked
import numpy as np
import pytest
import scipy.ndimage
import scipy.stats  # noqa: F401

ROOT = Path(__file__).parents[2]
TESTS = {
    "config": ("test_config.py",),
    "draws": ("test_signals.py", "test_fast.py", "test_dataset.py", "test_config.py"),
    "signals": ("test_signals.py", "test_fast.py", "test_dataset.py"),
    "dataset": ("test_dataset.py", "test_shifts.py"),
    "files": ("test_files.py",),
    "runs.store": ("runs/test_store.py", "runs/test_damage.py"),
    "experiments.claims": ("experiments/test_claims.py", "experiments/test_estimates.py"),
}
SEED = 1
SECONDS = 60  # of the processor, that the tests of one mutant may take
MEMORY = 8 * 2**30  # bytes
COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
Change = tuple[int, str, Callable[[], object]]  # line, what it is, and what does it to the tree


def changes(tree: ast.AST) -> list[Change]:
    """Return every possible change of a module, in order."""
    found = []
    for node in _nodes(tree):
        line = getattr(node, "lineno", 0)
        found += [(line, what, change) for what, change in _at(node)]
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            for i, statement in enumerate(body if isinstance(body, list) else []):
                if _can_go(statement):
                    what = f"without {ast.unparse(statement).splitlines()[0][:60]}"
                    place = lambda body=body, i=i: body.__setitem__(i, ast.Pass())  # noqa: E731
                    found.append((statement.lineno, what, place))
    return found


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below one, without annotations."""
    yield tree
    for name, value in ast.iter_fields(tree):
        if name not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _nodes(child)


def _can_go(statement: ast.AST) -> bool:
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant | ast.Yield | ast.YieldFrom)
    return isinstance(statement, ast.Raise | ast.AugAssign)


def _at(node: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the possible changes of a node itself."""
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            other = COMPARE[type(operator)]
            place = lambda i=i, other=other: node.ops.__setitem__(i, other())  # noqa: E731
            yield f"{type(operator).__name__} to {other.__name__}", place
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC:
        new = ARITHMETIC[type(node.op)]
        yield f"{type(node.op).__name__} to {new.__name__}", lambda: setattr(node, "op", new())
    elif isinstance(node, ast.BoolOp):
        swapped = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"to {swapped.__name__}", lambda: setattr(node, "op", swapped())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "without the sign", lambda: setattr(node, "op", ast.UAdd())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "without not", lambda: setattr(node, "operand", _not(node.operand))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} to {not node.value}", lambda: setattr(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield f"{node.value} to {node.value + 1}", lambda: setattr(node, "value", node.value + 1)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "the condition turned round", lambda: setattr(node, "test", _not(node.test))
    elif isinstance(node, ast.Return) and node.value is not None:
        yield "None returned", lambda: setattr(node, "value", ast.Constant(None))
    elif isinstance(node, ast.Call):
        for i, keyword in enumerate(node.keywords):
            if keyword.arg:
                yield f"without {keyword.arg}=", lambda i=i: node.keywords.pop(i)


def _not(node: Any) -> ast.UnaryOp:
    return ast.UnaryOp(ast.Not(), node)


def source_of(module: str) -> Path:
    """Return the file of a module."""
    return ROOT / "src" / "mnist1d" / f"{module.replace('.', '/')}.py"


def mutated(module: str, number: int) -> tuple[str, str, int]:
    """Return a module's text with one change, what was changed, and its line."""
    tree = ast.parse(source_of(module).read_text(encoding="utf-8"))
    line, what, change = changes(tree)[number]
    change()
    return ast.unparse(ast.fix_missing_locations(tree)), what, line


class Instead(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Loads other text instead of a module."""

    def __init__(self, module: str, text: str):
        self.name, self.text, self.path = f"mnist1d.{module}", text, str(source_of(module))

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_filename(self, name: str) -> str:
        return self.path

    def get_data(self, path: Any) -> bytes:
        return self.text.encode() if str(path) == self.path else b""

    def path_stats(self, path: Any) -> Any:
        raise OSError("nothing is kept of it")


class Times:
    """Remembers how long each test function took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        name = report.nodeid.partition("[")[0]
        self.seconds[name] = self.seconds.get(name, 0) + report.duration


def run_tests(names: list[str], plugins: list[Any]) -> int:
    """Run tests until one fails, and return pytest's exit status."""
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow"]
    quiet += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of hypothesis
    return int(pytest.main([*quiet, "--no-header", "--tb=line", *names], plugins))


def fork(work: Callable[[], int], told: Path) -> int:
    """Do some work in a separate process; return its exit status, negative for a signal."""
    process = os.fork()
    if not process:
        status = 70
        try:
            handle = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, 1)
            os.dup2(handle, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            status = work()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def look(module: str, folder: Path) -> dict[str, Any]:
    """Run a module's tests as it is; return the seconds of each and the tests of each line."""
    import coverage

    known = folder / f"{module}.json"

    def work() -> int:
        cover = coverage.Coverage(data_file=None, include=[str(source_of(module))])
        cover.set_option("run:dynamic_context", "test_function")
        times = Times()
        cover.start()
        status = run_tests([f"tests/{name}" for name in TESTS[module]], [times])
        cover.stop()
        by_line = cover.get_data().contexts_by_lineno(str(source_of(module)))
        known.write_text(json.dumps({"seconds": times.seconds, "lines": by_line}))
        return status

    told = folder / "told"
    status = fork(work, told)
    assert status == 0, f"{module}: the tests fail as it is, {status}: {told.read_text()[-2000:]}"
    return json.loads(known.read_text())


def tests_of(known: dict[str, Any], line: int) -> list[str]:
    """Return the tests that reach a line, the fastest first; all tests if the line runs on
    import."""
    while line > 1 and str(line) not in known["lines"]:  # in the middle of a statement
        line -= 1
    contexts = known["lines"].get(str(line), [])
    if not contexts:
        return []
    names = {context.replace("tests.", "", 1).replace(".", "/") for context in contexts if context}
    wanted = [
        name
        for name in known["seconds"]
        if "" in contexts or name.removeprefix("tests/").replace(".py::", "/") in names
    ]
    return sorted(wanted, key=lambda name: known["seconds"][name])


def try_mutant(module: str, number: int, known: dict[str, Any], told: Path) -> dict[str, Any]:
    """Run the tests of a mutant; return the outcome."""
    text, what, line = mutated(module, number)
    names = tests_of(known, line)
    status = 5

    def work() -> int:
        sys.meta_path.insert(0, Instead(module, text))
        return run_tests(names, [])

    if names:
        status = fork(work, told)
    fate = {0: "survived", 5: "not covered"}.get(status, "killed")
    code = source_of(module).read_text(encoding="utf-8").splitlines()[line - 1].strip()
    return {"module": module, "number": number, "line": line, "what": what, "code": code} | {
        "fate": fate,
        "status": status,
    }


def sample(modules: list[str], count: int) -> list[tuple[str, int]]:
    """Return the mutants to try: the given number, out of all possible ones."""
    every = [
        (module, number)
        for module in modules
        for number in range(len(changes(ast.parse(source_of(module).read_text(encoding="utf-8")))))
    ]
    return random.Random(SEED).sample(every, min(count, len(every)))


def interval(killed: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of a fraction."""
    share, z = killed / total, 1.96
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    return float(middle - half), float(middle + half)


def main() -> int:
    """Try the mutants, and print those that survived and a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(TESTS))
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--log", type=Path, help="file that remembers the mutants that were tried")
    options = parser.parse_args()
    os.chdir(ROOT)
    entries = {}
    if options.log is not None and options.log.exists():
        lines = map(json.loads, options.log.read_text(encoding="utf-8").splitlines())
        entries = {(entry["module"], entry["number"]): entry for entry in lines}
    known: dict[str, Any] = {}
    found = []
    with tempfile.TemporaryDirectory(prefix="mnist1d-") as place:
        for module, number in sample(options.modules or list(TESTS), options.count):
            entry = entries.get((module, number))
            if entry is None:
                if module not in known:
                    known[module] = look(module, Path(place))
                entry = try_mutant(module, number, known[module], Path(place) / "told")
                if options.log is not None:
                    with options.log.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(entry) + "\n")
            found.append(entry)
    print_table(found)
    return 0


def print_table(found: list[dict[str, Any]]) -> None:
    """Print the survivors, and a Markdown table of all mutants."""
    for entry in found:
        if entry["fate"] != "killed":
            print("{fate}: {module}, line {line}, {what}: {code}".format(**entry))
    print("| module | mutants | killed | share, 95 % interval |\n|---|---:|---:|---|")
    modules = sorted({entry["module"] for entry in found})
    for name in [*modules, "all"]:
        fates = [entry["fate"] for entry in found if name in ("all", entry["module"])]
        killed, total = fates.count("killed"), len(fates)
        low, high = (f"{100 * share:.1f}" for share in interval(killed, total))
        print(f"| {name} | {total} | {killed} | {100 * killed / total:.1f}% [{low}, {high}] |")


if __name__ == "__main__":
    sys.exit(main())

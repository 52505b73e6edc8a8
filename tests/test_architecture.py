"""The arrows of the design, read from the source: who may import whom, what must be documented,
what must not occur.

    errors <- checks, loading, intervals <- atomic <- config <- digits, draws <- signals
           <- dataset, moments <- digests <- generate <- pickles, tables <- files
           <- the original's names, mnist, adapters, learning, observer, plots
           <- experiments <- evaluation <- runs <- results <- web, teaching <- commands <- cli

A module imports from rows before its own, or from its own row; no two rooms import each other. An
import inside a function may go against an arrow in the cases named in UPWARD, each with its reason.
`import mnist1d` is the front door, for the last two rows only.
"""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import mnist1d
from mnist1d.experiments import STUDIES

SRC = Path(__file__).resolve().parent.parent / "src" / "mnist1d"
FILES = sorted(SRC.rglob("*.py"))
ROWS = [
    {"errors"},
    {"checks", "loading", "intervals"},
    {"atomic"},
    {"config"},
    {"digits", "draws", "memory", "shifts"},
    {"signals"},
    {"parts"},
    {"dataset", "moments"},
    {"digests"},
    {"generate"},
    {"pickles", "clash"},
    {"tables"},
    {"files"},
    {"data", "transform", "utils", "mnist", "adapters", "learning", "observer", "plots"},
    {"experiments"},
    {"evaluation"},
    {"runs"},
    {"results"},
    {"web", "teaching"},
    {"commands"},
    {"cli"},
]
UPWARD = {  # only inside functions
    ("dataset", "files"): "Dataset.save is where users look for it",
}
HEAVY = [
    "matplotlib",
    "requests",
    "jax",
    "torch",
    "pandas",
    "sklearn",
    "optax",
    "pyarrow",
    "rich",
    "cyclopts",
    "datasets",
    "scipy.stats",
]
OLD_NAMES = {"data", "transform", "utils"}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path):
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def imports(path):
    """The mnist1d modules that a file imports: (module, whether inside a function)."""
    inside = {
        id(node)
        for f in ast.walk(tree(path))
        if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(f)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, (
                f"{path.name}, line {node.lineno}: imports name the package in full"
            )
            found = [
                f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in MODULES else node.module
                for a in node.names
            ]
        else:
            continue
        yield from ((name, id(node) in inside) for name in found if name.split(".")[0] == "mnist1d")


def room(module):
    return module.split(".")[1] if "." in module else ""


def row(name):
    return next(i for i, rooms in enumerate(ROWS) if name in rooms)


def edges():
    """Imports from room to room: (from, to, inside a function, where)."""
    for module, path in MODULES.items():
        if module != "mnist1d":
            for target, lazy in imports(path):
                if room(module) != room(target):
                    yield room(module), room(target), lazy, f"{module} imports {target}"


def test_every_file_has_a_row():
    assert {room(module) for module in MODULES} - {""} == set.union(*ROWS)


def test_arrows_point_one_way():
    wrong = []
    for source, target, lazy, where in edges():
        if target == "":
            if source not in ROWS[-1] | ROWS[-2]:
                wrong.append(f"{where}, the front door")
        elif row(target) > row(source) and not (lazy and (source, target) in UPWARD):
            wrong.append(where)
    assert not wrong


def test_no_two_rooms_import_each_other():
    pairs = {(source, target) for source, target, _, _ in edges() if (source, target) not in UPWARD}
    assert not {pair for pair in pairs if pair[::-1] in pairs}


def test_exceptions_are_used():
    assert set(UPWARD) <= {(source, target) for source, target, lazy, _ in edges() if lazy}


def test_studies_never_import_each_other():
    studies = set(STUDIES.own.values())
    for module, path in MODULES.items():
        if module.startswith("mnist1d.experiments"):
            assert not {target for target, _ in imports(path)} & studies - {module}, module


def test_adapters_and_plots_know_nothing_of_stores():
    for module, path in MODULES.items():
        if room(module) in ("plots", "experiments", "learning", "adapters"):
            assert "runs" not in {room(target) for target, _ in imports(path)}, module


# ------------------------------------------------------------------ what is loaded when


def run(code):
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_import_is_light():
    code = f"""
import sys
before = set(sys.modules)
import mnist1d
print([name for name in {HEAVY!r} if name in set(sys.modules) - before])
"""
    assert run(code).strip() == "[]"


def test_studies_can_be_listed_without_the_lab():
    hidden = [name for name in HEAVY if name != "requests"]
    modules = [module for module in MODULES if room(module) == "experiments"]
    code = f"""
import importlib, sys
class Hidden:
    def find_spec(name, path, target=None):
        if name in {hidden!r}:
            raise ModuleNotFoundError(f"{{name}} is hidden", name=name)
sys.meta_path.insert(0, Hidden)
for name in {modules!r}:
    importlib.import_module(name)
"""
    run(code)


# ------------------------------------------------------------------ every setting is read


def fields(node):
    """Annotated names of a dataclass or NamedTuple, and the class's methods."""
    kind = [ast.unparse(d) for d in node.decorator_list] + [
        ast.unparse(base) for base in node.bases
    ]
    if not any("dataclass" in k or "NamedTuple" in k for k in kind):
        return []
    return [
        item.target.id
        for item in node.body
        if isinstance(item, ast.AnnAssign) and "ClassVar" not in ast.unparse(item.annotation)
    ]


def reads(path):
    """Attributes that a file reads, those of __post_init__ left out: a check of a value is not a
    use of it."""
    checks = [
        f
        for f in ast.walk(tree(path))
        if isinstance(f, ast.FunctionDef) and f.name == "__post_init__"
    ]
    skipped = {id(node) for f in checks for node in ast.walk(f)}
    found = (
        n
        for n in ast.walk(tree(path))
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load) and id(n) not in skipped
    )
    return {node.attr for node in found}


@pytest.mark.parametrize("study", STUDIES.own)
def test_every_field_of_a_study_is_read_by_the_study(study):
    path = MODULES[STUDIES[study]]
    config = next(
        node for node in tree(path).body if isinstance(node, ast.ClassDef) and node.name == "Config"
    )
    names = fields(config)
    assert "data" in names and not set(names) - reads(path)


def test_every_setting_of_the_training_loop_is_read_by_it():
    path = MODULES["mnist1d.learning.training"]
    settings = next(
        node
        for node in tree(path).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    read = reads(path) | reads(MODULES["mnist1d.learning.batches"])
    assert len(fields(settings)) > 3 and not set(fields(settings)) - read


# ------------------------------------------------------------------ what is written down


@pytest.mark.parametrize("module", MODULES)
def test_public_names_are_documented(module):
    assert ast.get_docstring(tree(MODULES[module])) or not tree(MODULES[module]).body, (
        f"{module} lacks a docstring"
    )
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    public = [
        node
        for node in tree(MODULES[module]).body
        if isinstance(node, kinds) and not node.name.startswith("_") and not is_overload(node)
    ]
    assert not [node.name for node in public if not ast.get_docstring(node)]


def is_overload(node):
    """Whether a definition is only a signature for type checkers."""
    return any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list)


@pytest.mark.parametrize("name", mnist1d.__all__)
def test_methods_of_public_classes_are_documented(name):
    offered = getattr(mnist1d, name)
    if isinstance(offered, type):
        methods = {
            n: m
            for n, m in vars(offered).items()
            if not n.startswith("_") and (callable(m) or isinstance(m, property))
        }
        assert not [n for n, m in methods.items() if not m.__doc__]


def test_the_front_door_lists_what_it_offers():
    assert sorted(mnist1d.__all__) == mnist1d.__all__
    for name in mnist1d.__all__:
        assert getattr(mnist1d, name).__doc__


# ------------------------------------------------------------------ what does not occur


def calls(path):
    """Dotted names that a file uses: np.random.rand, pickle.dumps, ..."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node), node.lineno


def loaded(path):
    """Names of foreign modules that a file imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


NEW = [path for name, path in MODULES.items() if room(name) not in OLD_NAMES]
GUARDS = {"seeding.py"}  # seeds the global streams for other people's models, and restores them
STREAMS = {
    "default_rng",
    "Generator",
    "SeedSequence",
    "RandomState",
    "MT19937",
    "SFC64",
    "Philox",
    "PCG64",
    "BitGenerator",
}


def test_no_global_random_state_in_new_code():
    used = [
        (path.name, line, re.match(r"(np|numpy)\.random\.(\w+)", name))
        for path in NEW
        if path.name not in GUARDS
        for name, line in calls(path)
    ]
    used = [(file, line, found[2]) for file, line, found in used if found]
    assert len(used) > 5 and not [use for use in used if use[2] not in STREAMS]
    assert {path.name for path in NEW if "random" in loaded(path)} == GUARDS


def test_no_pickle_is_written_and_one_reader_reads():
    writers = (
        "pickle.dump",
        "pickle.dumps",
        "pickle.Pickler",
        "torch.save",
        "joblib.dump",
        "np.save",
        "marshal.dump",
        "shelve.open",
    )
    readers = (
        "pickle.load",
        "pickle.loads",
        "pickle.Unpickler",
        "torch.load",
        "joblib.load",
        "marshal.load",
    )
    used = [(module, name) for module, path in MODULES.items() for name, _ in calls(path)]
    assert [module for module, name in used if name in writers] == [
        "mnist1d.utils"
    ]  # the original's to_pickle
    assert [module for module, name in used if name in readers] == [
        "mnist1d.pickles.reading"
    ]  # of files that are trusted
    allowing = [
        path.name for path in FILES if "allow_pickle=True" in path.read_text(encoding="utf-8")
    ]
    assert not allowing


def test_no_bare_except():
    bare = [
        f"{p.name}:{n.lineno}"
        for p in FILES
        for n in ast.walk(tree(p))
        if isinstance(n, ast.ExceptHandler) and n.type is None
    ]
    assert not bare


def test_no_network_in_a_default_path():
    clients = {"requests", "urllib.request", "http.client", "socket", "ftplib", "aiohttp", "httpx"}
    using = {path.relative_to(SRC).as_posix() for path in FILES if set(loaded(path)) & clients}
    assert not {path for path in using if not path.startswith("web/")}


@pytest.mark.parametrize("module", MODULES)
def test_modules_stay_short(module):
    """Lines of docstrings are not counted: what a caller needs to know is not to be cut short."""
    lines = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nodes = [node for node in ast.walk(tree(MODULES[module])) if isinstance(node, kinds)]
    docstrings = [node.body[0] for node in nodes if ast.get_docstring(node)]
    lines -= sum(doc.end_lineno - doc.lineno + 1 for doc in docstrings)
    assert lines <= 330, "past 330 lines, split by idea"

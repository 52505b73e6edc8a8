"""The contract: what a study is, checked part by part.

A study is a module (or any object) with these parts; the first four are required, the others have
defaults:

    INFO                     Info: name, title, question, source, published figures, seeds, cost
    Config                   frozen dataclass; every field is part of a trial's identity
    grid(preset)             the trials of "smoke", "quick" or "paper": a list of Config
    run(config, seeds)       train or measure; a list of Row, some for every seed
    weight(config)           cost of a trial relative to the others of its grid (default: 1)
    measured(rows)           {name of a published figure: values by seed} (default: none)
    table(rows)              header and lines of text (default: means of all metrics)
    figures(rows)            {slug: (matplotlib figure, caption)} (default: curves of the metrics)
    claims(rows)             list of Claim (default: none)

The last four get the rows in the store: all rows of a sweep, or only some while it runs.
"""

from __future__ import annotations

import dataclasses
import inspect
import numbers
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from mnist1d.checks import check_name
from mnist1d.errors import UsageError
from mnist1d.experiments import generic
from mnist1d.experiments.claims import Claim
from mnist1d.experiments.published import Published
from mnist1d.experiments.rows import Row, Rows
from mnist1d.experiments.sequential import LOOKS
from mnist1d.experiments.values import Values

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

TextTable: TypeAlias = tuple[list[str], list[list[str]]]  # header, and lines of as many cells
Figures: TypeAlias = "dict[str, Captioned]"  # (matplotlib figure, caption) by name

PRESETS = ("smoke", "quick", "paper")
SEEDS = {"smoke": 2, "quick": 3, "paper": 8}  # unless the study says otherwise
REQUIRED = ("INFO", "Config", "grid", "run")
FREE = "free"  # in the metadata of a config's field: any value counts as the paper's setting
RULES = {
    "INFO": "INFO = Info(name=..., title=..., question=...)",
    "Config": "a frozen dataclass: @dataclass(frozen=True) class Config",
    "grid": "a function: def grid(preset) -> list[Config]",
    "run": "a function: def run(config, seeds) -> list[Row]",
    "weight": "a function: def weight(config) -> float",
    "measured": "a function: def measured(rows) -> dict",
    "table": "a function: def table(rows) -> tuple[list[str], list[list[str]]]",
    "figures": "a function: def figures(rows) -> {slug: (figure, caption)}",
    "claims": "a function: def claims(rows) -> list[Claim]",
}


@dataclass(frozen=True)
class Info:
    """A study's name, question and defaults.

    Attributes:
      name: as on the command line, lower case with hyphens.
      title: a heading.
      question: one sentence.
      source: the publication.
      published: its figures.
      seeds: number of seeds per preset.
      cost: estimated seconds on one core, per preset. Sweeps predict times from it and save long
        trials seed by seed.
      peer_seconds: time of the published scripts at the paper's settings.
      quiz: the table gains one line per quiz in the store.
      looks: numbers of seeds after which --until-decided tests the claims.
      variations: settings to try next, as for --set, and what each one shows.

    Examples:
      >>> Info("my-study", "My study", "Does weight decay help?").seeds["paper"]
      8
    """

    name: str
    title: str
    question: str
    source: str = ""
    published: tuple[Published, ...] = ()
    seeds: Mapping[str, int] = field(default_factory=lambda: dict(SEEDS), hash=False)
    cost: Mapping[str, float] = field(default_factory=dict, hash=False)
    peer_seconds: float | None = None
    quiz: bool = False
    looks: tuple[int, ...] = LOOKS
    variations: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not self.looks or self.looks[0] < 2 or list(self.looks) != sorted(set(self.looks)):
            rule = f"looks must be increasing numbers of seeds, like {LOOKS}"
            raise UsageError(f"{rule}; got {self.looks}")
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            rule = "name must be lower-case words joined by hyphens, like 'weight-decay'"
            raise UsageError(f"{rule}; got {self.name!r}")
        for what, known in (("seeds", self.seeds), ("cost", self.cost)):
            if set(known) != set(PRESETS) and (what == "seeds" or known):
                rule = f"{what} must have a value for each of {', '.join(PRESETS)}"
                raise UsageError(f"{rule}, got {dict(known)}")
        names = [(published.name, published.origin) for published in self.published]
        if twice := {name for name, origin in names if names.count((name, origin)) > 1}:
            rule = "published figures of one origin need different names"
            raise UsageError(f"{rule}; {min(twice)!r} is repeated")


class Study(Protocol):
    """The parts that a study must have; a type checker accepts a module with these names."""

    @property
    def INFO(self) -> Info:
        """What is known of the study before it runs."""
        ...

    @property
    def Config(self) -> type:
        """The frozen dataclass of one trial's settings."""
        ...

    def grid(self, preset: str, /) -> Sequence[object]:
        """Return the configs of a preset, one per trial.

        Args:
          preset: "smoke", "quick" or "paper".

        Returns:
          Objects of the class Config.
        """
        ...

    def run(self, config: object, seeds: Sequence[int], /) -> Sequence[Row]:
        """Run one trial.

        Args:
          config: one of the grid.
          seeds: the seeds to run.

        Returns:
          The measurements of every seed.
        """
        ...


@dataclass(frozen=True)
class Reference:
    """How any process can find a study: a registered name, the absolute path of a file, or "module"
    or "module:object" with the folder to import it from (empty: installed)."""

    target: str
    folder: str = ""

    @property
    def is_file(self) -> bool:
        return self.target.endswith(".py")

    def __str__(self) -> str:
        return self.target


@dataclass(frozen=True)
class Loaded:
    """A study as sweeps, reports and the page use it: every part, with defaults filled in.

    Attributes:
      INFO: what is known before it runs.
      Config: class of the configs.
      grid: preset -> configs.
      run: (config, seeds) -> rows.
      weight: config -> relative cost.
      measured: rows -> the values beside published figures.
      table: rows -> header and lines.
      figures: rows -> figures by name.
      claims: rows -> claims with verdicts.
      doc: the docstring of the study.
      reference: where any process finds the study again.
      file: its file; "" for this package's own studies.
      sha256: of that file.
      problem: why the study could not be loaded; "" if it could.
    """

    INFO: Info
    Config: type
    grid: Callable[[str], Sequence[object]]
    run: Callable[[object, Sequence[int]], Sequence[Row]]
    weight: Callable[[object], float]
    measured: Callable[[Rows], Mapping[str, Sequence[float] | Values]]
    table: Callable[[Rows], TextTable]
    figures: Callable[[Rows], Figures]
    claims: Callable[[Rows], Sequence[Claim]]
    doc: str
    reference: Reference
    file: str = ""
    sha256: str = ""
    problem: str = ""  # why this is only a placeholder

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as a reference: another process does not know the functions of a study's file."""
        from mnist1d.experiments.registry import find

        return find, (self.INFO.name, self.reference)

    @property
    def where(self) -> str:
        """What a message calls the study: its file, or its name."""
        return self.file or self.INFO.name

    @property
    def description(self) -> list[str]:
        """Paragraphs for a reader: the question, and the docstring below its first paragraph."""
        below = [" ".join(p.split()) for p in inspect.cleandoc(self.doc).split("\n\n")[1:]]
        source = [f"Source: {self.INFO.source}."] if self.INFO.source else []
        return [self.INFO.question, *below, *source]

    @property
    def has_claims(self) -> bool:
        """Whether the study makes claims."""
        return self.claims is not DEFAULTS["claims"]

    def relative_cost(self, config: object) -> float:
        """Return the weight of a config, checked.

        Args:
          config: one of the study's configs.

        Returns:
          The cost relative to the study's other configs.

        Raises:
          UsageError: if `weight` raises, or returns no number above 0.
        """
        part = f"{self.where}: weight(config)"
        try:
            found = self.weight(config)
        except (Exception, SystemExit) as error:
            raise UsageError(f"{part} raised {told(error)}{line_of(error, self.file)}") from error
        if not isinstance(found, numbers.Real) or not 0 < found < float("inf"):
            raise UsageError(f"{part} must return a number above 0, got {found!r:.80}")
        return float(found)

    def text_table(self, rows: Rows) -> TextTable:
        """Return the study's table, checked.

        Args:
          rows: the study's rows.

        Returns:
          The header and the lines.

        Raises:
          UsageError: if a cell is not text, or a line is longer or shorter than the header.
        """
        header, lines = self.table(rows)
        header, lines = list(header), [list(line) for line in lines]
        for line in (header, *lines):
            if len(line) != len(header) or not all(isinstance(cell, str) for cell in line):
                rule = f"table must return {len(header)} texts in every line"
                raise UsageError(f"{self.where}: {rule}, got {line!r:.80}")
        return header, lines

    def trials(self, preset: str) -> list[object]:
        """Return the configs of a preset.

        Args:
          preset: "smoke", "quick" or "paper".

        Returns:
          The configs, checked.

        Raises:
          UsageError: for an unknown preset, or a grid that raises, is empty or holds anything but
            Config.
        """
        check_name(preset, PRESETS, "preset")
        part = f"{self.where}: grid({preset!r})"
        try:
            configs = list(self.grid(preset))
        except (Exception, SystemExit) as error:
            line = line_of(error, self.file)
            raise UsageError(
                f"{part} raised {told(error)}{line}; it must be {RULES['grid']}"
            ) from error
        if not configs or not all(isinstance(config, self.Config) for config in configs):
            kinds = sorted({type(config).__name__ for config in configs})
            got = f"a list of {', '.join(kinds)}" if kinds else "an empty list"
            raise UsageError(f"{part} must return at least one Config, and only Configs; got {got}")
        return configs


DEFAULTS: dict[str, Callable[..., object]] = {
    "weight": lambda config: 1.0,
    "measured": lambda rows: {},
    "table": generic.table,
    "figures": generic.figures,
    "claims": lambda rows: [],
}


def assemble(parts: object, reference: Reference, file: str, sha256: str) -> Loaded:
    """Return a study from an object that has its parts. Errors: UsageError, naming file, part and
    rule, for a part that is missing or invalid."""
    where = file or str(reference)
    for name in REQUIRED:
        if not hasattr(parts, name):
            raise UsageError(f"{where}: the study has no {name}; add {RULES[name]}")
    for name, rule in RULES.items():
        if hasattr(parts, name) and not _fits(name, getattr(parts, name)):
            raise UsageError(f"{where}: {name} must be {rule}")
    found: dict[str, Any] = {name: getattr(parts, name, DEFAULTS.get(name)) for name in RULES}
    doc = getattr(parts, "__doc__", None) or ""
    return Loaded(**found, doc=doc, reference=reference, file=file, sha256=sha256)


def _fits(name: str, part: object) -> bool:
    if name == "INFO":
        return isinstance(part, Info)
    if name == "Config":
        is_class = isinstance(part, type) and dataclasses.is_dataclass(part)
        return is_class and part.__dataclass_params__.frozen  # type: ignore[attr-defined]
    if not callable(part):
        return False
    try:
        inspect.signature(part).bind(*[None] * (2 if name == "run" else 1))
    except (TypeError, ValueError):
        return False
    return True


def line_of(error: BaseException, file: str) -> str:
    """Return the last line of a file that an error went through, as " (line 7)"."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return f" (line {lines[-1]})" if file and lines else ""


def told(error: BaseException) -> str:
    """Return an exception in one line: its kind and its message."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__

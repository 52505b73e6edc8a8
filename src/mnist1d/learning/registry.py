"""The models by name. An entry holds all that this package knows about a model; every study, table,
figure and page reads it here. Importing this module does not import JAX.

>>> from mnist1d.learning.registry import resolve
>>> resolve("cnn").label
'CNN'
>>> model = resolve("cnn").make(num_inputs=40, num_outputs=10)

A model from outside the package is named "module:factory" or "file.py:factory". The factory takes
num_inputs and num_outputs by name and returns a `Model` or a pair (init, apply).
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mnist1d.checks import check_name
from mnist1d.errors import UsageError
from mnist1d.loading import load_object, split_target

if TYPE_CHECKING:
    from mnist1d.learning.model import Model

Factory = Callable[..., Any]  # (*, num_inputs, num_outputs, ...) -> Model or (init, apply)
TABLE_1 = "arXiv 2011.14439, table 1"
REPORT_2026 = "arXiv 2602.13348, one run of 10,000 steps"
SPARE_COLORS = ("#e377c2", "#7f7f7f", "#bcbd22", "#9467bd", "#c49c94", "#2ca02c", "#ff9896")


class PublishedAccuracy(NamedTuple):
    """A published test accuracy in percent.

    on: the signals: "" for MNIST-1D, or "shuffled", or "on MNIST". std, n: standard deviation over
    n runs in percent, where stated. in_notebook: printed by the authors' notebook (one run).
    rounding: half of the last printed digit, or of the printed range. source: where it is printed.
    """

    on: str
    percent: float
    std: float | None = None
    n: int | None = None
    in_notebook: bool = False
    rounding: float = 0.5
    source: str = TABLE_1


def _published(
    plain: float, std: float, shuffled: float, on_mnist: float, notebook: tuple[float, float]
) -> tuple[PublishedAccuracy, ...]:
    """Return a model's published accuracies in percent: table 1 (its standard deviation over 3
    runs), then what the notebook prints, plain and shuffled. "99+" is 99 to 100."""
    return (
        PublishedAccuracy("", plain, std, 3),
        PublishedAccuracy("shuffled", shuffled),
        PublishedAccuracy("on MNIST", on_mnist),
        PublishedAccuracy("", notebook[0], in_notebook=True, rounding=0.05),
        PublishedAccuracy("shuffled", notebook[1], in_notebook=True, rounding=0.05),
    )


@dataclass(frozen=True)
class Entry:
    """What the package knows about one model.

    Attributes:
      name: as on the command line.
      label: as in tables and figures.
      color: of its lines.
      factory: "module:function", imported when the model is first made.
      cost: time per training step relative to the MLP.
      published: published accuracies.
      presets: the presets whose tables include the model.
    """

    name: str
    label: str
    color: str
    factory: str
    cost: float = 1.0
    published: tuple[PublishedAccuracy, ...] = ()
    presets: tuple[str, ...] = ("smoke", "quick", "paper")

    def load(self) -> Factory:
        """Return the factory.

        Returns:
          The function that makes the model.

        Raises:
          UsageError: if it cannot be loaded or is not a function.
        """
        factory = load_object(self.factory)
        if not callable(factory) or isinstance(factory, tuple):
            raise UsageError(
                f"{self.factory} must be a function that returns a model, got {factory!r:.60}"
            )
        if missing := [name for name in ("num_inputs", "num_outputs") if not takes(factory, name)]:
            function = self.factory.rpartition(":")[2]
            raise UsageError(
                f"{self.factory} must take {' and '.join(missing)} by name: "
                f"def {function}(*, num_inputs=40, num_outputs=10)"
            )
        return factory

    def make(self, **sizes: int) -> Model:
        """Return the model; equal arguments give the same model and compile once.

        Args:
          **sizes: num_inputs, num_outputs, and what else the factory takes.

        Returns:
          The model.

        Raises:
          UsageError: if the factory cannot be loaded or does not return a model.
        """
        return _made(self.load(), self.factory, tuple(sorted(sizes.items())))


@cache
def _made(factory: Factory, name: str, sizes: tuple[tuple[str, int], ...]) -> Model:
    from mnist1d.learning.model import Model, check_outputs

    made = factory(**dict(sizes))
    if not (isinstance(made, tuple) and len(made) >= 2 and all(map(callable, made[:2]))):
        raise UsageError(
            f"{name} must return a Model or a pair (init, apply) of functions, got {made!r:.60}"
        )
    model = Model(*made)
    if not name.startswith(_HERE):
        arguments = {**_defaults(factory), **dict(sizes)}
        check_outputs(model, name, arguments["num_inputs"], arguments["num_outputs"])
    return model


def _defaults(factory: Factory) -> dict[str, int]:
    parameters = inspect.signature(factory).parameters.values()
    return {"num_inputs": 40, "num_outputs": 10} | {
        p.name: p.default for p in parameters if p.default is not p.empty
    }


def takes(factory: Factory, argument: str) -> bool:
    """Return whether a factory takes an argument by name."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except ValueError:  # some of Python's own functions have none
        return False
    return any(p.name == argument or p.kind is p.VAR_KEYWORD for p in parameters)


_HERE = "mnist1d.learning.models"


def _late(
    name: str, label: str, color: str, factory: str, cost: float, published: float | None = None
) -> Entry:
    """Return the entry of a model that is newer than the paper. Only the paper preset includes it,
    which keeps the other presets short.

    published: its accuracy in arXiv 2602.13348, in percent.
    """
    figures = ()
    if published is not None:
        figures = (PublishedAccuracy("", published, n=1, rounding=0.05, source=REPORT_2026),)
    return Entry(name, label, color, f"{_HERE}.{factory}", cost, figures, ("paper",))


MODELS = {
    entry.name: entry
    for entry in (
        Entry(
            "logistic",
            "logistic",
            "#e69f00",
            f"{_HERE}.benchmark:logistic",
            cost=0.4,
            published=_published(32, 1, 32, 94, (31.5, 31.5)),
        ),
        Entry(
            "mlp",
            "MLP",
            "#d55e00",
            f"{_HERE}.benchmark:mlp",
            cost=1.0,
            published=_published(68, 2, 68, 99.5, (65.1, 66.0)),
        ),
        Entry(
            "cnn",
            "CNN",
            "#0072b2",
            f"{_HERE}.benchmark:cnn",
            cost=2.0,
            published=_published(94, 2, 56, 99.5, (92.3, 58.7)),
        ),
        Entry(
            "gru",
            "GRU",
            "#009e73",
            f"{_HERE}.benchmark:gru",
            cost=5.0,
            published=_published(91, 2, 57, 99.5, (89.1, 53.3)),
        ),
        _late("resnet", "ResNet", "#332288", "convolutional:resnet", 25, published=98.6),
        _late("tcn", "TCN", "#56b4e9", "convolutional:tcn", 100, published=98.8),
        _late("dilated-cnn", "dilated CNN", "#b07aa1", "convolutional:dilated_cnn", 40, 97.3),
        _late("cnn-shifts", "CNN, shifted", "#17becf", "augmented:cnn_shifts", 2.5),
        _late("transformer", "transformer", "#cc79a7", "attention:transformer", 60),
        _late("mixer", "MLP-Mixer", "#882255", "attention:mixer", 55),
        _late("s4d", "S4D", "#117733", "recurrent:s4d", 35),
        _late("mingru", "minGRU", "#999933", "recurrent:mingru", 45),
        _late("kan", "KAN", "#8c564b", "kan:kan", 2.5),
    )
}


def resolve(name: str) -> Entry:
    """Return the entry of a model.

    Args:
      name: a registered name, "module:factory" or "file.py:factory"; the code of the last two is
        not loaded yet.

    Returns:
      The entry.

    Raises:
      UsageError: for an unknown name; it suggests the nearest one.

    Examples:
      >>> resolve("cnn").label
      'CNN'
    """
    if not isinstance(name, str) or ":" not in name:
        check_name(name, MODELS, "model")
    if name in MODELS:
        return MODELS[name]
    module, function = split_target(name)
    color = SPARE_COLORS[hashlib.sha256(name.encode()).digest()[0] % len(SPARE_COLORS)]
    return Entry(name, f"{Path(module).name}:{function}", color, factory=name)


def check_model(name: str, also: tuple[str, ...] = ()) -> None:
    """Raise UsageError unless `name` is in `also` or names a model that can be made. This loads the
    code of an external model."""
    if ":" in name:
        resolve(name).load()
    else:
        check_name(name, (*MODELS, *also), "model")


def in_order(names: Iterable[str]) -> list[str]:
    """Return the names of models in table order: first the registry's order, then the others."""
    found = set(names)
    return [name for name in MODELS if name in found] + sorted(found - MODELS.keys())


def models_of(preset: str) -> tuple[str, ...]:
    """Return the names of the models in the tables of a preset."""
    return tuple(name for name, entry in MODELS.items() if preset in entry.presets)

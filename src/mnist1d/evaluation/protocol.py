"""The protocol, which is how every network in the table is trained, and the config of an
evaluation."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, replace

from mnist1d.checks import check_name, check_whole, show
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError

OPTIMIZERS = ("adam", "adamw", "momentum", "muon", "nesterov", "rmsprop", "sgd")
DECOUPLED = ("adamw", "muon")  # decoupled weight decay; the others use L2
SCHEDULES = ("constant", "linear", "cosine")
TESTS = ("frozen", "fresh", "both")
NUM_FRESH = 100_000  # fresh test signals
MAX_STEPS = 10**8


def _number(value: object, low: float, name: str) -> float:
    """Return a finite number of at least `low` as a float; else raise UsageError."""
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:  # a whole number larger than any float
            found = math.inf
        if math.isfinite(found) and found >= low:
            return found
    wanted = "a positive number" if low > 0 else "a number, at least 0"
    raise UsageError(f"{name} must be {wanted}, got {show(value)}")


@dataclass(frozen=True)
class Protocol:
    """How a network is trained; the defaults are the paper's.

    Estimators with their own `fit` ignore the protocol.

    Batches are taken in fixed order: batch i holds rows batch_size * i onward, modulo the number of
    signals. The loss is cross-entropy.

    Args:
      num_steps: training steps.
      batch_size: signals per step.
      learning_rate: step size at the start.
      optimizer: "sgd", "momentum", "adam", "adamw" or another registered name.
      weight_decay: strength of the decay.
      schedule: of the learning rate: "constant", "cosine" or another registered name.

    Raises:
      UsageError: for a value out of its range.

    Examples:
      >>> Protocol(num_steps=100, schedule="cosine").rate_at(0)
      0.01

    References:
      Greydanus and Kobak, 2024, section 2.
    """

    num_steps: int = 6000
    batch_size: int = 100
    learning_rate: float = 0.01
    optimizer: str = "adam"  # one of OPTIMIZERS
    weight_decay: float = 0.0  # as in PyTorch: decoupled for DECOUPLED, else L2
    schedule: str = "constant"  # one of SCHEDULES: how the learning rate falls to 0

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size"):
            object.__setattr__(self, name, check_whole(getattr(self, name), 1, name))
            if getattr(self, name) > MAX_STEPS:
                raise UsageError(f"{name} must be at most {MAX_STEPS:,}")
        for name, low in (("learning_rate", math.ulp(0.0)), ("weight_decay", 0.0)):
            object.__setattr__(self, name, _number(getattr(self, name), low, name))
        check_name(self.optimizer, OPTIMIZERS, "optimizer")
        check_name(self.schedule, SCHEDULES, "schedule")

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step.

        Args:
          step: its number, from 0.

        Returns:
          The rate.
        """
        progress = step / self.num_steps
        factor = {
            "constant": 1.0,
            "linear": 1 - progress,
            "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
        }
        return self.learning_rate * factor[self.schedule]


@dataclass(frozen=True)
class Config:
    """The identity of one measurement in the store: the model, its training, its data and its test
    signals."""

    model: str  # "module:factory", or the given name
    test: str = "frozen"  # frozen, fresh or validation
    num_test: int = 0  # fresh or validation signals; 0 for the frozen test set
    own_training: bool = False  # by the user's function or the model's own fit, not the protocol
    protocol: Protocol = Protocol()
    data: DataConfig = DataConfig()
    tuned_on: int = 0  # held-out signals on which mnist1d.tune chose the settings
    data_sha256: str = ""  # of the training signals and labels, if a Dataset was given

    def at(self, shuffled: bool) -> Config:
        """Return the same measurement on plain or on shuffled positions."""
        shuffled = shuffled or self.data.shuffle_seq
        return replace(self, data=self.data.replace(shuffle_seq=shuffled))

"""What is said once for all studies: labels, cells, the human, and the measured table."""

import doctest

import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.evaluation.table import people
from mnist1d.experiments import human, present
from mnist1d.experiments.present import cell, color, label, last_cell, mean_cell, models_in
from mnist1d.experiments.rows import Record, Rows
from mnist1d.learning import MODELS


def test_examples():
    assert doctest.testmod(present).attempted >= 2 and not doctest.testmod(present).failed


def test_labels_and_colours_are_the_registrys():
    assert [label(name) for name in MODELS] == [entry.label for entry in MODELS.values()]
    assert label("observer") == "ideal observer" and len({*map(color, [*MODELS, "observer"])}) > 4
    with pytest.raises(UsageError, match="unknown model 'cmm'"):
        label("cmm")


def test_cells():
    assert cell([0.5]) == "50.0" and cell([]) == ""
    assert cell([0.62, 0.64], ".3f", 1) == "0.630 [0.503, 0.757]"
    rows = Rows(Record("t", {"model": "cnn"}, seed, "acc", None, 0.9) for seed in (0, 1))
    assert last_cell(rows, "acc") == "90.0" and mean_cell(rows, "acc") == "90.0"
    assert last_cell(rows, "loss") == mean_cell(rows, "loss") == last_cell(Rows([])) == ""
    assert models_in(rows) == ["cnn"] and models_in(Rows([])) == []


def test_the_human_is_one():
    assert people().acc["frozen"][0] == human.ACC
    assert people().sample == f"{human.NUM_ANSWERS} answers"
    assert np.isclose(human.STANDARD_ERROR, (0.9575 * 0.0425 / 400) ** 0.5)
    assert human.CELL == "95.8 [93.3, 97.3]" == present.spread(*people().acc["frozen"])

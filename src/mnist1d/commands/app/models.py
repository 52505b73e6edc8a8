"""Commands that measure classifiers: evaluate, board, observer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Unpack

from cyclopts import Parameter

from mnist1d.commands.app.options import Json, with_knobs
from mnist1d.config import Knobs


@partial(with_knobs, given_only=True)
def evaluate(
    model: Annotated[
        str, Parameter(help="module:factory, file.py:factory, or a built-in model, like cnn")
    ],
    /,
    *,
    seeds: Annotated[int, Parameter(help="number of seeds")] = 5,
    test: Annotated[
        str,
        Parameter(
            help="test set: frozen (1,000 published signals), fresh (100,000 new signals) or both"
        ),
    ] = "frozen",
    shuffled: Annotated[
        bool, Parameter(negative="--no-shuffled", help="also measure with shuffled positions")
    ] = True,
    validation: Annotated[
        int | None,
        Parameter(help="measure on this many held-out training signals; the test set stays unseen"),
    ] = None,
    num_steps: Annotated[int, Parameter(help="training steps of a neural network")] = 6000,
    batch_size: Annotated[int, Parameter(help="signals per step")] = 100,
    learning_rate: Annotated[float, Parameter(help="learning rate of the optimizer")] = 0.01,
    optimizer: Annotated[
        str, Parameter(help="adam, adamw, momentum, muon, nesterov, rmsprop or sgd")
    ] = "adam",
    weight_decay: Annotated[
        float, Parameter(help="decoupled for adamw and muon, an L2 penalty for the others")
    ] = 0.0,
    schedule: Annotated[
        str, Parameter(help="learning-rate schedule: constant, linear or cosine")
    ] = "constant",
    runs: Annotated[Path | None, Parameter(help="folder of runs to save the results in")] = None,
    output: Annotated[
        Path | None, Parameter(["--output", "-o"], help="draw the table: .png, .pdf or .svg")
    ] = None,
    submit: Annotated[
        Path | None, Parameter(help="write the model's entry for the board: .json")
    ] = None,
    by: Annotated[str, Parameter(help="author of the entry")] = "",
    link: Annotated[str, Parameter(help="link to the code or the paper of the entry")] = "",
    json_: Json = False,
    **knobs: Unpack[Knobs],
) -> int:
    """Measure your model by the benchmark's protocol, and show its place in the table."""
    from mnist1d.commands.evaluate import evaluate_named

    return evaluate_named(
        model,
        seeds=seeds,
        test=test,
        data={name: value for name, value in knobs.items() if value is not None} or None,
        shuffled=shuffled,
        validation=validation,
        num_steps=num_steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimizer=optimizer,
        weight_decay=weight_decay,
        schedule=schedule,
        runs=runs,
        output=output,
        submit=submit,
        by=by,
        link=link,
        as_json=json_,
    )


def board(
    *entries: Annotated[Path, Parameter(help="entries of models (.json), or folders of them")],
    output: Annotated[
        Path | None, Parameter(["--output", "-o"], help="write a page: .html or .md")
    ] = None,
    json_: Json = False,
) -> int:
    """Rank the table's models and your own entries, beside the ideal observer and the human."""
    from mnist1d.commands.board import show_board

    return show_board(entries, output, as_json=json_)


@partial(with_knobs, given_only=True)
def observer(
    *,
    config: Annotated[
        Path | None, Parameter(help="JSON file of settings; options override them")
    ] = None,
    num_signals: Annotated[int, Parameter(help="number of fresh signals to measure on")] = 2000,
    json_: Json = False,
    **knobs: Unpack[Knobs],
) -> int:
    """Measure the ideal observer on fresh signals: at these settings, no classifier can reach a
    higher accuracy."""
    from mnist1d.commands.data import observe

    return observe(config, knobs, num_signals, as_json=json_)


COMMANDS = {"evaluate": evaluate, "board": board, "observer": observer}

"""The commands. No logic: each names the function that does the work, prints what it gives, and
chooses the exit status.

Exit status: 0; 1 a trial failed, a check said no or a file is bad; 2 wrong command line; 130 Ctrl-C.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from mnist1d.config import DataConfig
from mnist1d.errors import Mnist1dError, SuspiciousValueWarning, UsageError

try:
    from cyclopts import App, CycloptsError, Group, Parameter
    from rich.markup import escape
except ImportError:
    App = None

RUNS = Path("mnist1d-runs")


def main(tokens: list[str] | None = None) -> int:
    """Run a command and return its exit status; an expected error is one line on stderr."""
    if App is None:
        print(
            "error: the commands need cyclopts, which is not installed: from the checkout, pip install '.[lab]'",
            file=sys.stderr,
        )
        return 1
    for stream in (sys.stdout, sys.stderr):  # one that is not UTF-8 must end no run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    with warnings.catch_warnings():
        warnings.simplefilter("default", SuspiciousValueWarning)
        warnings.showwarning = lambda message, *_, **__: print(
            f"warning: {message}", file=sys.stderr
        )
        return _status(tokens)


def _status(tokens: list[str] | None) -> int:
    try:
        return (
            app(
                tokens,
                result_action="return_value",
                exit_on_error=False,
                error_formatter=lambda e: escape(f"error: {e}"),  # printed as Rich's markup
            )
            or 0
        )
    except CycloptsError:  # told already
        return 2
    except Mnist1dError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:  # the reader, say `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        is_sweep = (sys.argv[1:] if tokens is None else tokens)[:1] in (["run"], ["reproduce"])
        saved = " Finished trials are saved; run the same command again to resume."
        print(f"\nInterrupted.{saved if is_sweep else ''}", file=sys.stderr)
        return 130
    except MemoryError:
        print(
            "error: this needs more memory than this machine has: ask for fewer or shorter signals",
            file=sys.stderr,
        )
        return 2
    except OSError as error:  # a path that cannot be looked at: too long, or below a closed folder
        print(f"error: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2


def with_knobs(command: Callable, *, given_only: bool = False) -> Callable:
    """Give a command that ends in `**knobs` an option for each knob of DataConfig, its effect as
    help; given_only: None if not given."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    group = Group("Knobs of the data", sort_key=10)
    knobs = [
        _option(f, Parameter(help=f.metadata["effect"], group=group), given_only)
        for f in dataclasses.fields(DataConfig)
    ]
    command.__signature__ = signature.replace(parameters=[*own, *knobs])
    command.__annotations__ = {p.name: p.annotation for p in [*own, *knobs]} | {
        "return": signature.return_annotation
    }
    return command


def _option(knob: dataclasses.Field, parameter: Any, given_only: bool) -> inspect.Parameter:
    kind = {"int": int, "float": float, "bool": bool, "range": tuple[int, int]}[
        knob.metadata["kind"]
    ]
    kind, default = (kind | None, None) if given_only else (kind, knob.default)
    return inspect.Parameter(
        knob.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, parameter],
    )


if App is not None:
    app = App(
        "mnist1d",
        help="The MNIST-1D data set to the last bit, and its laboratory: every study one command.",
        version=lambda: _version(),
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(
            negative=(), show_default=lambda value: None if value is False else value
        ),
    )

    Output = Annotated[Path, Parameter(["--output", "-o"])]
    Runs = Annotated[Path, Parameter(help="folder of runs")]
    Json = Annotated[bool, Parameter("--json", help="print one JSON document on stdout")]
    Preset = Annotated[str, Parameter(help="smoke, quick or paper")]
    Executor = Annotated[
        str | None,
        Parameter(help="here or processes (default: processes for more than one trial)"),
    ]
    Workers = Annotated[
        int | None, Parameter(help="number of processes (default: number of cores)")
    ]
    Mnist = Annotated[
        str | None, Parameter(help="MNIST: a file .npz, a folder of idx files, or openml")
    ]
    DryRun = Annotated[bool, Parameter(help="list the trials and the estimated time, run nothing")]
    RetryFailed = Annotated[bool, Parameter(help="try again what failed before")]
    UntilDecided = Annotated[
        bool, Parameter(help="with --preset paper: add seeds until every claim is decided")
    ]
    ShardOf = Annotated[
        str | None, Parameter(help="run part i/n of the trials, like 1/4; then: mnist1d merge")
    ]
    MaxSeeds = Annotated[int | None, Parameter(help="with --until-decided: seeds of the last look")]
    Budget = Annotated[
        str | None,
        Parameter(help="with --until-decided: start no look that ends later, like 30m or 1h30m"),
    ]

    @app.command
    @with_knobs
    def generate(
        *,
        output: Annotated[
            Path, Parameter(["--output", "-o"], help="the file; .npz, .csv or .parquet")
        ],
        mode: Annotated[
            str, Parameter(help="exact: the original's signals, to the bit; fast: another stream")
        ] = "exact",
        dtype: Annotated[
            str | None,
            Parameter(
                help="float32 or float64 (default: float64 in exact mode, float32 in fast mode)"
            ),
        ] = None,
        **knobs: Any,
    ) -> int:
        """Make a data set and write it to a file, settings and digest inside."""
        from mnist1d.generate import make_dataset

        data = make_dataset(DataConfig(**knobs), mode=mode, dtype=dtype)
        data.save(output)
        print(
            f"{output}: {len(data.x)} training and {len(data.x_test)} test signals of {data.x.shape[1]} points, {mode}, {data.x.dtype}"
        )
        return 0

    @app.command
    def verify(file: Path, /, *, json_: Json = False) -> int:
        """Say whether a file holds the published set; exit status 1 where it does not."""
        from mnist1d.digests import verify as check
        from mnist1d.files import read

        report = check(read(file))
        if json_:
            digests = {
                name: {"found": found, "published": published}
                for name, (found, published) in report.digests.items()
            }
            print(
                json.dumps(
                    {
                        "file": str(file),
                        "published_set": bool(report),
                        "digests": digests,
                        "problem": report.problem,
                    }
                )
            )
        else:
            print(f"{file}: {report}")
        return 0 if report else 1

    @app.command
    @with_knobs
    def show(
        what: Annotated[str, Parameter(help="templates, samples, stages or animation")],
        /,
        *,
        output: Annotated[
            Path,
            Parameter(
                ["--output", "-o"], help="the file; .png, .pdf or .svg, an animation .gif or .mp4"
            ),
        ],
        digit: Annotated[int, Parameter(help="whose stages are shown")] = 3,
        **knobs: Any,
    ) -> int:
        """Draw the templates, samples, one signal stage by stage, or a film of the pipeline."""
        from mnist1d.plots.data import show as draw

        print(draw(what, output, DataConfig(**knobs), digit=digit))
        return 0

    @app.command(name="list")
    def list_(
        *studies: Annotated[str, Parameter(help="also these: file.py or package.module")],
    ) -> int:
        """List the studies, their presets, trials and estimated time on this machine."""
        from mnist1d.commands.studies import listing

        listing(studies)
        return 0

    @app.command
    def run(
        study: Annotated[
            str, Parameter(help="a name that `mnist1d list` shows, file.py, or package.module")
        ],
        /,
        *,
        preset: Preset = "quick",
        seeds: Annotated[
            int | None, Parameter(help="number of seeds (default: the preset's)")
        ] = None,
        set_: Annotated[
            list[str] | None,
            Parameter(
                "--set",
                help="name=value,value on any field of the config; a tuple as data.padding=36:60",
            ),
        ] = None,
        runs: Runs = RUNS,
        executor: Executor = None,
        workers: Workers = None,
        mnist: Mnist = None,
        dry_run: DryRun = False,
        retry_failed: RetryFailed = False,
        fail_fast: Annotated[
            bool, Parameter(help="start no more trials once one has failed")
        ] = False,
        until_decided: UntilDecided = False,
        max_seeds: MaxSeeds = None,
        budget: Budget = None,
        shard: ShardOf = None,
        json_: Json = False,
    ) -> int:
        """Run one study: what the folder of runs lacks; then print its table and claims and draw
        its figures."""
        from mnist1d.commands.studies import run as run_studies
        from mnist1d.commands.studies import until_given

        options = {
            "executor": executor,
            "workers": workers,
            "mnist_source": mnist,
            "dry_run": dry_run,
            "retry_failed": retry_failed,
            "until": until_given(until_decided, max_seeds, budget),
            "shard": shard,
        }
        return run_studies(
            [study], preset, seeds, set_ or (), runs, **options, fail_fast=fail_fast, as_json=json_
        )

    @app.command
    def reproduce(
        *,
        study: Annotated[
            list[str] | None,
            Parameter(help="only this study (repeatable)"),
        ] = None,
        all_: Annotated[bool, Parameter("--all", help="the later studies too")] = False,
        preset: Preset = "quick",
        runs: Runs = RUNS,
        executor: Executor = None,
        workers: Workers = None,
        mnist: Mnist = None,
        dry_run: DryRun = False,
        retry_failed: RetryFailed = False,
        until_decided: UntilDecided = False,
        max_seeds: MaxSeeds = None,
        budget: Budget = None,
        shard: ShardOf = None,
        json_: Json = False,
    ) -> int:
        """Run the studies of the paper, then write the report, report.html in the folder of runs."""
        from mnist1d.commands.studies import run as run_studies
        from mnist1d.commands.studies import until_given
        from mnist1d.experiments.registry import reproduced

        options = {
            "executor": executor,
            "workers": workers,
            "mnist_source": mnist,
            "dry_run": dry_run,
            "retry_failed": retry_failed,
            "until": until_given(until_decided, max_seeds, budget),
            "shard": shard,
        }
        return run_studies(
            study or reproduced(all_),
            preset,
            None,
            (),
            runs,
            **options,
            as_json=json_,
            report=runs / "report.html",
        )

    @app.command
    def report(
        *,
        runs: Runs = RUNS,
        output: Annotated[
            Path | None,
            Parameter(
                ["--output", "-o"], help="the file (default: report.html in the folder of runs)"
            ),
        ] = None,
        preset: Annotated[
            str | None,
            Parameter(help="smoke, quick or paper (default: the latest sweep of each study)"),
        ] = None,
        settled: Annotated[
            bool, Parameter(help="show the results that come with the package; run nothing")
        ] = False,
    ) -> int:
        """Write the report and all figures again from the rows: one self-contained HTML file."""
        from mnist1d.commands.results import report as make_report
        from mnist1d.commands.results import report_settled

        return report_settled(output) if settled else make_report(runs, output, preset)

    @app.command
    def results(
        *,
        runs: Runs = RUNS,
        study: Annotated[str | None, Parameter(help="only this study")] = None,
        preset: Annotated[str | None, Parameter(help="only smoke, quick or paper")] = None,
        where: Annotated[
            list[str] | None,
            Parameter(help="only rows with field=value,value; repeat for more fields"),
        ] = None,
        metric: Annotated[str | None, Parameter(help="only this metric")] = None,
        seed: Annotated[int | None, Parameter(help="only this seed")] = None,
        format: Annotated[str, Parameter(help="table, csv, json or parquet")] = "table",
        output: Annotated[
            Path | None,
            Parameter(["--output", "-o"], help="file to write, arrays beside it (default: print)"),
        ] = None,
    ) -> int:
        """Export the rows: one line per measurement, the config's fields as columns."""
        from mnist1d.commands.results import results as export

        selection = {"study": study, "preset": preset, "metric": metric, "seed": seed}
        return export(runs, format, output, where=where or (), **selection)

    @app.command
    def compare(
        a: Annotated[str, Parameter(help="a setting, like model=cnn or model=cnn,num_steps=500")],
        b: Annotated[str, Parameter(help="the setting to compare with")],
        /,
        *,
        metric: Annotated[str, Parameter(help="what to compare")] = "test_acc",
        study: Annotated[
            str | None, Parameter(help="the study (default: the one that has these fields)")
        ] = None,
        preset: Annotated[
            str | None, Parameter(help="smoke, quick or paper (default: as last run)")
        ] = None,
        runs: Runs = RUNS,
        json_: Json = False,
    ) -> int:
        """Compare two settings of a study: both means, and the paired difference with its interval."""
        from mnist1d.commands.results import compare as compare_settings

        return compare_settings(runs, a, b, metric, study, preset, json_)

    @app.command
    def merge(*folders: Path, runs: Runs = RUNS) -> int:
        """Merge the rows of several folders of runs, such as the shards of one sweep, into one."""
        from mnist1d.commands.stores import merge as merge_stores

        return merge_stores(folders, runs)

    @app.command
    def doctor(
        *,
        runs: Runs = RUNS,
        dry_run: Annotated[bool, Parameter(help="only examine, mend nothing")] = False,
    ) -> int:
        """Examine a folder of runs, say what is damaged, and mend what can be mended.

        Exit status 1 if anything was damaged.
        """
        from mnist1d.commands.stores import doctor as examine

        return examine(runs, mend=not dry_run)

    @app.command
    @partial(with_knobs, given_only=True)
    def evaluate(
        model: Annotated[
            str, Parameter(help="module:factory, file.py:factory, or a model by name, like cnn")
        ],
        /,
        *,
        seeds: Annotated[int, Parameter(help="number of seeds")] = 5,
        test: Annotated[str, Parameter(help="frozen, fresh (100,000 signals) or both")] = "frozen",
        shuffled: Annotated[
            bool, Parameter(negative="--no-shuffled", help="measure with permuted positions too")
        ] = True,
        validation: Annotated[
            int | None,
            Parameter(help="measure on this many held-out training signals; no test is looked at"),
        ] = None,
        num_steps: Annotated[int, Parameter(help="training steps of a network")] = 6000,
        batch_size: Annotated[int, Parameter(help="signals per step")] = 100,
        learning_rate: Annotated[float, Parameter(help="of the optimizer")] = 0.01,
        optimizer: Annotated[
            str, Parameter(help="adam, adamw, momentum, muon, nesterov, rmsprop or sgd")
        ] = "adam",
        weight_decay: Annotated[float, Parameter(help="decoupled for adamw and muon")] = 0.0,
        schedule: Annotated[str, Parameter(help="constant, linear or cosine")] = "constant",
        runs: Annotated[Path | None, Parameter(help="folder of runs to save the rows in")] = None,
        output: Annotated[
            Path | None, Parameter(["--output", "-o"], help="draw the table; .png, .pdf or .svg")
        ] = None,
        submit: Annotated[Path | None, Parameter(help="write the board's entry, .json")] = None,
        by: Annotated[str, Parameter(help="who submits the entry")] = "",
        link: Annotated[str, Parameter(help="where the code or the paper is")] = "",
        json_: Json = False,
        **knobs: Any,
    ) -> int:
        """Measure your model by the protocol of the table, and show its place there."""
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

    app.command("mnist1d.commands.board:board")

    @app.command
    @partial(with_knobs, given_only=True)
    def observer(
        *,
        config: Annotated[
            Path | None, Parameter(help="a JSON file of knobs; those given as options go before it")
        ] = None,
        num_signals: Annotated[int, Parameter(help="fresh signals to measure on")] = 2000,
        json_: Json = False,
        **knobs: Any,
    ) -> int:
        """Say how good any classifier can be on these settings: the ideal observer's accuracy on
        fresh signals."""
        from mnist1d.observer import measure_ceiling

        found = measure_ceiling(DataConfig(**_over_file(config, knobs)), num_signals)
        if json_:
            print(json.dumps(found))
        else:
            print(
                f"ideal observer: accuracy {100 * found['acc']:.2f} %, 95 % interval {100 * found['low']:.2f} .. {100 * found['high']:.2f}"
            )
            print(
                f"right on {100 * found['hits']:.2f} % of {found['n']} fresh signals (seed {found['seed']})"
            )
            print(
                f"a signal leaves {found['bits']:.3g} of {found['bits_prior']:.3g} bits about its class open"
            )
        return 0

    @app.command
    def web(
        *,
        runs: Annotated[
            Path | None,
            Parameter(help="folder of runs: shows its results, follows a sweep, keeps quizzes"),
        ] = None,
        export: Annotated[
            Path | None,
            Parameter(help="write the page into this folder as a static site, and serve nothing"),
        ] = None,
        port: Annotated[int, Parameter(help="port to listen on (default: a free one)")] = 0,
        browser: Annotated[
            bool, Parameter(negative="--no-browser", show_default=False, help="open the browser")
        ] = True,
        frames: Annotated[
            bool, Parameter(help="let other sites show the page in a frame, as courses do")
        ] = False,
    ) -> int:
        """Serve the page on this machine (bend the data, watch the pipeline, take the quiz), or
        write it as a static site."""
        if export is not None:
            from mnist1d.web.export import export as write

            print(f"{write(export, runs).resolve()}: put it on any host of plain files")
            return 0
        from mnist1d.web.server import serve

        return serve(runs, port=port, open_browser=browser, frames=frames)


def _over_file(file: Path | None, knobs: dict[str, Any]) -> dict[str, Any]:
    """Return the knobs of a JSON file, those given as options put before them."""
    given = {name: value for name, value in knobs.items() if value is not None}
    if file is None:
        return given
    try:
        return DataConfig.from_json(file.read_text(encoding="utf-8")).to_dict() | given
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} cannot be read: a config must be JSON in UTF-8") from None


def _version() -> str:
    from mnist1d import __version__

    return __version__


if __name__ == "__main__":
    sys.exit(main())

"""The commands generate, verify, show and observer. Each function returns the exit status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from mnist1d.config import DataConfig
from mnist1d.errors import FileFormatError, UsageError


def generate(output: Path, config: DataConfig, *, mode: str, dtype: str | None) -> int:
    """Generate a data set and write it to a file."""
    from mnist1d.generate import make_dataset

    data = make_dataset(config, mode=mode, dtype=dtype)
    data.save(output)
    count = f"{len(data.x)} training and {len(data.x_test)} test signals"
    print(f"{output}: {count} of {data.x.shape[1]} points, {mode}, {data.x.dtype}")
    return 0


def verify(file: Path, *, as_json: bool) -> int:
    """Compare a file with the published data set; 1 if they differ."""
    from mnist1d.digests import Verification, verify
    from mnist1d.files import read

    try:
        report = verify(read(file))
    except FileFormatError as error:
        if not as_json:
            raise
        report = Verification({}, problem=str(error))
    if as_json:
        digests = {
            name: {"found": found, "published": published}
            for name, (found, published) in report.digests.items()
        }
        answer = {"file": str(file), "published_set": bool(report), "digests": digests}
        print(json.dumps(answer | {"problem": report.problem}))
    else:
        print(f"{file}: {report}")
    return 0 if report else 1


def show(what: str, output: Path, config: DataConfig, *, digit: int | None) -> int:
    """Draw templates, samples, stages or an animation into a file, and print its path."""
    from mnist1d.plots.data import show

    print(show(what, output, config, digit=digit))
    return 0


def observe(
    config: Path | None, knobs: Mapping[str, object], num_signals: int, *, as_json: bool
) -> int:
    """Measure the ideal observer on fresh signals, and print its accuracy."""
    from mnist1d.observer import measure_ceiling

    found = measure_ceiling(_override(config, knobs), num_signals)
    if as_json:
        print(json.dumps(found))
        return 0
    acc, low, high, hits = (100 * found[name] for name in ("acc", "low", "high", "hits"))
    bits = f"{found['bits']:.3g} of {found['bits_prior']:.3g} bits per signal"
    print(f"ideal observer: accuracy {acc:.2f}%, 95% confidence interval [{low:.2f}, {high:.2f}]")
    print(f"correct on {hits:.2f}% of {found['n']} fresh signals (seed {found['seed']})")
    print(f"remaining class uncertainty: {bits}")
    return 0


def _override(file: Path | None, knobs: Mapping[str, object]) -> DataConfig:
    """Return the settings of a JSON file (None: the defaults), overridden by the values in `knobs`
    that are not None."""
    given = {name: value for name, value in knobs.items() if value is not None}
    if file is None:
        return DataConfig(**given)  # type: ignore[arg-type]
    try:
        config = DataConfig.from_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} cannot be read: a config must be JSON in UTF-8") from None
    return config.replace(**given)  # type: ignore[arg-type]

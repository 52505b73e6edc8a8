"""The ceiling of a config on fresh signals, as a function and as a command, and the figure of the
observer's answers."""

import json

import numpy as np
import pytest

import mnist1d
from mnist1d import DataConfig, UsageError
from mnist1d.cli import main

observer = pytest.importorskip("mnist1d.observer", reason="needs JAX", exc_type=ImportError)


def test_the_ceiling_falls_as_white_noise_grows():
    found = [
        observer.measure_ceiling(
            DataConfig(iid_noise_scale=s, max_translation=8, padding=(40, 44)), 300
        )
        for s in (0.02, 0.1, 0.3)
    ]
    acc, bits = [f["acc"] for f in found], [f["bits"] for f in found]
    assert acc[0] > 0.99 and acc[0] > acc[1] > acc[2] > 0.1
    assert 0 <= bits[0] < bits[1] < bits[2] < found[0]["bits_prior"] == pytest.approx(np.log2(10))
    for f in found:
        assert f["low"] <= f["acc"] <= f["high"]
        assert abs(f["hits"] - f["acc"]) < 4 * np.sqrt(0.25 / 300)
        assert f["calibration_error"] < 3 * f["expected_calibration_error"] + 1e-3


def test_signals_are_fresh_with_every_seed():
    first, again, other = (
        observer.measure_ceiling(DataConfig(iid_noise_scale=0.1), 20, seed=s) for s in (0, 0, 1)
    )
    assert first == again and first["acc"] != other["acc"]
    with pytest.raises(UsageError, match="at least 2"):
        observer.measure_ceiling(n=1)
    with pytest.raises(UsageError, match="num_signals must be a whole number, at most"):
        observer.measure_ceiling(n=2**32)


def test_calibration_error_sees_a_gap_and_knows_chance():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 1, 20_000)
    right = rng.random(20_000) < confidence
    found, by_chance = observer.calibration_error(confidence, right)
    assert 0 < found < 2.5 * by_chance < 0.02
    assert observer.calibration_error(confidence, rng.random(20_000) < confidence - 0.1)[
        0
    ] == pytest.approx(0.1, abs=0.01)


def test_command(capsys, tmp_path):
    assert main(["observer", "--num-signals", "20", "--iid-noise-scale", "0.1"]) == 0
    assert "ideal observer: accuracy" in capsys.readouterr().out
    (tmp_path / "config.json").write_text(DataConfig(iid_noise_scale=0.1, seed=7).to_json())
    assert (
        main(
            [
                "observer",
                "--num-signals",
                "20",
                "--config",
                str(tmp_path / "config.json"),
                "--padding",
                "20",
                "30",
                "--json",
            ]
        )
        == 0
    )
    config = json.loads(capsys.readouterr().out)["config"]
    assert (config["iid_noise_scale"], config["seed"], config["padding"]) == (0.1, 7, [20, 30])
    assert main(["observer", "--config", str(tmp_path / "none.json")]) == 2
    assert main(["observer", "--iid-noise-scale", "0"]) == 2
    assert "iid_noise_scale must be above 0" in capsys.readouterr().err


def test_figure_of_what_it_sees():
    from mnist1d.plots import style
    from mnist1d.plots.observer import seen_figure

    data = mnist1d.load_dataset()
    ideal = observer.IdealObserver.of(data)
    fig = seen_figure(ideal, data.x_test[:3], data.t, data.y_test[:3], columns=2)
    drawn = fig.axes[1].lines[1].get_ydata()
    np.testing.assert_array_equal(drawn, ideal.posterior(data.x_test[:3]).clean[1])
    assert fig.axes[0].get_title().startswith(f"True class: {data.y_test[0]}\n")
    assert style.rendered(fig, "png")[:4] == b"\x89PNG"

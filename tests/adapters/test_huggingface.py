"""Hugging Face: features, splits, and an exported folder that the community's own tools accept."""

import json

import numpy as np
import pytest

import mnist1d
from mnist1d.adapters import huggingface
from mnist1d.errors import MissingExtraError, UsageError

datasets = pytest.importorskip("datasets", reason="Hugging Face's datasets is optional")
# Their import paths warn of what they deprecate in each other; it is nothing of ours
pytestmark = pytest.mark.filterwarnings("ignore")


def test_dataset_dict_has_named_classes_and_fixed_length():
    frozen, splits = mnist1d.load_dataset(), huggingface.to_hf()
    assert {name: len(split) for name, split in splits.items()} == {"train": 4000, "test": 1000}
    features = splits["train"].features
    assert features["y"].names == [str(i) for i in range(10)]
    assert features["x"].length == 40 and features["x"].feature.dtype == "float32"
    np.testing.assert_array_equal(np.array(splits["test"]["x"], np.float32), frozen.x_test)
    np.testing.assert_array_equal(splits["train"]["y"], frozen.y)


def test_label_noise_and_validation_travel():
    data = mnist1d.make_dataset(num_samples=100).with_label_noise(0.5, seed=1).split(10)
    splits = huggingface.to_hf(data)
    assert set(splits) == {"train", "validation", "test"}
    np.testing.assert_array_equal(splits["train"]["y_clean"], data.y_clean)
    np.testing.assert_array_equal(splits["train"]["noise_mask"], data.noise_mask)


def test_exported_folder_loads_again(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    data = mnist1d.make_dataset(num_samples=100, dtype="float32")
    written = huggingface.export_hf(tmp_path / "set", data)
    assert {path.name for path in written} == {
        "train.parquet",
        "test.parquet",
        "README.md",
        "croissant.json",
    }
    again = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    np.testing.assert_array_equal(np.array(again["train"]["x"], np.float32), data.x)
    assert again["train"].features["y"].names == [str(i) for i in range(10)]


def test_croissant_is_valid(tmp_path):
    mlcroissant = pytest.importorskip(
        "mlcroissant", reason="the Croissant validator is a development tool"
    )
    huggingface.export_hf(tmp_path, mnist1d.make_dataset(num_samples=100))
    described = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json"))
    assert not described.metadata.issues.errors
    record = next(iter(described.records("test")))
    assert len(record["test/x"]) == 40


def test_croissant_names_every_file_with_its_digest(tmp_path):
    huggingface.export_hf(tmp_path, mnist1d.make_dataset(num_samples=100))
    files = json.loads((tmp_path / "croissant.json").read_text())["distribution"]
    for file in files:
        assert (
            huggingface.sha256(
                np.frombuffer((tmp_path / file["contentUrl"]).read_bytes(), np.uint8)
            )
            == file["sha256"]
        )
    assert len(files) == 2


def test_clear_errors(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the folder"):
        huggingface.export_hf(tmp_path / "file", mnist1d.make_dataset(num_samples=100))
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingExtraError, match="pip install 'datasets>=4'"):
        huggingface.to_hf()

"""Hugging Face: features, splits, and an exported folder that the community's own tools accept."""

import json

import numpy as np
import pytest

import mnist1d
from mnist1d.adapters import huggingface
from mnist1d.adapters.responsible import size_category
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


def test_everything_travels_in_every_split():
    data = (
        mnist1d.make_dataset(num_samples=100, latents=True).with_label_noise(0.5, seed=1).split(10)
    )
    soft = {"": 70, "_val": 10, "_test": 20}
    data = data.replace(**{f"y_soft{end}": np.full((n, 10), 0.1) for end, n in soft.items()})
    splits = huggingface.to_hf(data)
    assert list(splits) == ["train", "validation", "test"]
    for split, end in {"train": "", "validation": "_val", "test": "_test"}.items():
        columns = splits[split]
        assert columns.column_names == list(huggingface.CROISSANT_KINDS)
        np.testing.assert_array_equal(columns["y"], data[f"y{end}"])
        clean = data.y_clean if split == "train" else data[f"y{end}"]
        noisy = data.noise_mask if split == "train" else np.zeros(len(clean), bool)
        np.testing.assert_array_equal(columns["y_clean"], clean)
        np.testing.assert_array_equal(columns["noise_mask"], noisy)
        for name, column in data[f"latents{end}"]._asdict().items():
            np.testing.assert_allclose(columns[name], column, rtol=1e-6)
        np.testing.assert_array_equal(columns["digit_mask"], data[f"digit_mask{end}"])
        np.testing.assert_allclose(columns["y_soft"], data[f"y_soft{end}"], rtol=1e-6)


def test_the_originals_dict_is_taken():
    old = mnist1d.data.make_dataset(mnist1d.ObjectView({"num_samples": 100}))
    assert len(huggingface.to_hf(old)["train"]) == 80
    with pytest.raises(UsageError, match="must be a Dataset or a mapping"):
        huggingface.to_hf([1, 2])


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


@pytest.mark.parametrize("latents", [False, True])
def test_croissant_is_valid(tmp_path, latents):
    mlcroissant = pytest.importorskip(
        "mlcroissant", reason="the Croissant validator is a development tool"
    )
    huggingface.export_hf(tmp_path, mnist1d.make_dataset(num_samples=100, latents=latents))
    described = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json"))
    assert not described.metadata.issues.errors
    metadata = described.metadata.to_json()
    for name in ("dataLimitations", "dataBiases", "personalSensitiveInformation", "dataUseCases"):
        assert metadata[f"rai:{name}"], name
    record = next(iter(described.records("test")))
    assert len(record["test/x"]) == 40


def test_responsible_use_is_described(tmp_path):
    """The minimal fields that NeurIPS 2026 asks for."""
    huggingface.export_hf(tmp_path, mnist1d.make_dataset(num_samples=100))
    described = json.loads((tmp_path / "croissant.json").read_text())
    wanted = "dataLimitations dataBiases personalSensitiveInformation dataUseCases dataSocialImpact"
    assert all(len(described[f"rai:{name}"]) > 10 for name in wanted.split())
    assert described["rai:hasSyntheticData"] is True
    assert described["prov:wasDerivedFrom"] and described["prov:wasGeneratedBy"]
    card = (tmp_path / "README.md").read_text()
    assert "size_categories:\n- n<1K\n" in card and "task_categories:\n- tabular-cl" in card


@pytest.mark.parametrize(
    ("count", "name"),
    [
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (5000, "1K<n<10K"),
        (999_999, "100K<n<1M"),
        (10**6, "1M<n<10M"),
    ],
)
def test_size_categories(count, name):
    assert size_category(count) == name


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

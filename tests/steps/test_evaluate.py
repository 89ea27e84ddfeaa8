"""The stage ``evaluate`` as a command."""

import json
from pathlib import Path

import pytest

from tests.raw_pairs import contents, encoded, ingest_folder, scene, write
from tests.steps.conftest import Project
from twinband.shards.join import open_products
from twinband.shards.verify import verify

EVALUATE = (
    *("--item", "probe", "--pairs", "data/pairs/crops", "--out", "data/predictions/probe"),
    *("--metrics", "metrics/evaluate/probe.json", "--plots", "plots/evaluate/probe"),
)


@pytest.fixture
def crops(project: Project, tmp_path: Path) -> Project:
    for number in range(24):
        label, split = ("car", "person")[number % 2], "test" if number % 3 == 0 else "train"
        rgb, thermal = scene(number)
        for modality, pixels in (("rgb", rgb), ("thermal", thermal)):
            lit = pixels // 4 if label == "car" else pixels
            path = tmp_path / "raw" / "day" / split / modality / label / f"{number}.jpg"
            write(path, encoded(lit))
    ingest_folder(tmp_path / "raw", tmp_path, reader="class_folders")
    (project.root / "data" / "pairs").mkdir(parents=True)
    (tmp_path / "pairs").rename(project.root / "data" / "pairs" / "crops")
    write_params(project)
    return project


def write_params(project: Project, **changes: object) -> None:
    item = {"benchmark": "probe_hog", "dataset": "crops", "seed": 0}
    item |= {"options": {"crop_px": 32, "cell_px": 8}, **changes}
    project.write_params(evaluate={"items": {"probe": item}})


def test_predictions_are_a_product_beside_the_pairs(crops: Project) -> None:
    done = crops.run("evaluate", *EVALUATE)
    assert done.returncode == 0, done.stdout
    pairs, predictions = crops.root / "data/pairs/crops", crops.root / "data/predictions/probe"
    assert verify(predictions, pairs) == []
    joined = open_products({"pairs": pairs, "predictions": predictions})
    assert sum(item["predictions"] is not None for item in joined) == 8
    for item in joined:
        assert (item["predictions"] is not None) == ("-test-" in item["key"])
    metrics = json.loads((crops.root / "metrics/evaluate/probe.json").read_text())
    assert metrics["test_crops"] == 8 and set(metrics["accuracy"]) == {"rgb", "thermal", "both"}
    assert list(contents(crops.root / "plots/evaluate/probe")) == ["accuracy_by_hour.svg"]
    assert "evaluate@probe: accuracy rgb " in done.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"benchmark": "nobody"}, "there is no twinband.benchmarks.nobody"),
        ({"benchmark": "_base"}, "there is no twinband.benchmarks._base"),
        ({"options": {"crop_px": 32}}, "evaluate.items.probe.options.cell_px: missing"),
        ({"options": {"crop_px": 16, "cell_px": 16}}, "twice cell_px"),
    ],
)
def test_wrong_items_exit_2(crops: Project, changes: dict[str, object], message: str) -> None:
    write_params(crops, **changes)
    done = crops.run("evaluate", *EVALUATE)
    assert done.returncode == 2 and message in done.stdout, done.stdout
    assert not (crops.root / "data" / "predictions").exists()

"""The stage ``evaluate`` as a command."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.made.benchmarks import untrained, write_mfnet
from tests.made.raw_pairs import contents, encoded, ingest_folder, scene, write
from tests.made.registered_pairs import register_pairs
from tests.steps.conftest import Project
from twinband.cli import app
from twinband.shards.read import open_products
from twinband.verify import verify_product

NONE = "models/none.json"


def command(dataset: str, model: str = NONE) -> tuple[str, ...]:
    return (
        *("--item", "probe", "--pairs", f"data/pairs/{dataset}"),
        *("--registered", f"data/registered/{dataset}", "--model", model),
        *("--out", "data/predictions/probe", "--metrics", "metrics/evaluate/probe.json"),
        *("--facts", "facts/evaluate/probe.json", "--plots", "plots/evaluate/probe"),
    )


def put(project: Project, base: Path, dataset: str) -> None:
    """Register what was ingested below ``base`` and move it into the project, models too."""
    register_pairs(base, aligned=True)
    for product in ("pairs", "registered"):
        target = project.root / "data" / product / dataset
        target.parent.mkdir(parents=True)
        (base / product).rename(target)
    write(project.root / NONE, b"{}")
    untrained(project.root / "models" / "untrained.json")


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
    put(project, tmp_path, "crops")
    write_params(project)
    return project


def write_params(project: Project, **changes: object) -> None:
    item: dict[str, object] = {
        "seed": 0,
        "benchmark": "probe_hog",
        "dataset": "crops",
        "model": NONE,
        "code": "networks",
    }
    item |= {"options": {"crop_px": 32, "cell_px": 8}, **changes}
    project.write_params(evaluate={"common": {}, "items": {"probe": item}})


def test_predictions_are_a_product_beside_the_pairs(
    crops: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = crops.run("evaluate", *command("crops"))
    assert done.returncode == 0, done.stdout
    pairs, predictions = crops.root / "data/pairs/crops", crops.root / "data/predictions/probe"
    assert verify_product(predictions, pairs) == []
    joined = open_products({"pairs": pairs, "predictions": predictions})
    assert sum(item["predictions"] is not None for item in joined) == 8
    for item in joined:
        assert (item["predictions"] is not None) == ("-test-" in item["key"])
    facts = json.loads((crops.root / "facts/evaluate/probe.json").read_text())
    of_dataset = json.loads((crops.root / "data/pairs/crops/protocol.json").read_text())
    assert facts["protocol"]["fingerprint"] == of_dataset["fingerprint"]
    assert facts["protocol"]["dataset"] == "crops"
    assert facts["test_crops"] == 8 and set(facts["accuracy"]) == {"rgb", "thermal", "both"}
    metrics = json.loads((crops.root / "metrics/evaluate/probe.json").read_text())
    assert metrics["hog_rgb"] == facts["accuracy"]["rgb"]["overall"]
    assert list(contents(crops.root / "plots/evaluate/probe")) == ["accuracy_by_hour.svg"]
    monkeypatch.chdir(crops.root)
    written = CliRunner().invoke(app, ["predictions", "probe", "-o", "out"])
    assert written.exit_code == 0, written.output
    head, *rows = (crops.root / "out/predictions.csv").read_text().splitlines()
    assert head.startswith("name,") and len(rows) == 8 and not (crops.root / "out/truth").exists()
    assert "evaluate@probe: accuracy rgb " in done.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": {"crop_px": 32}}, "evaluate.items.probe.options.cell_px: missing"),
        ({"options": {"crop_px": 16, "cell_px": 16}}, "twice cell_px"),
    ],
)
def test_wrong_items_exit_2(crops: Project, changes: dict[str, object], message: str) -> None:
    write_params(crops, **changes)
    done = crops.run("evaluate", *command("crops"))
    assert done.returncode == 2 and message in done.stdout, done.stdout
    assert not (crops.root / "data" / "predictions").exists()


def test_a_benchmark_without_a_file_is_named(crops: Project) -> None:
    write_params(crops, benchmark="nobody")
    done = crops.run("evaluate", *command("crops"))
    assert done.returncode == 2, done.stdout
    assert "there is no src/twinband/benchmarks/nobody.py" in done.stdout


def test_an_encoder_segments_street_scenes(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_folder(write_mfnet(tmp_path / "raw", train=4, test=2), tmp_path, reader="mfnet")
    put(project, tmp_path, "streets")
    options: dict[str, object] = {
        "height_px": 48,
        "width_px": 64,
        "encode_batch": 2,
        "hidden": 8,
        "epochs": 40,
    }
    options |= {"batch": 2, "base_lr": 0.5, "threads": 1}
    model = "models/untrained.json"
    write_params(project, benchmark="seg_mfnet", dataset="streets", model=model, options=options)
    done = project.run("evaluate", *command("streets", model))
    assert done.returncode == 0, done.stdout
    assert "evaluate@probe: mIoU 0." in done.stdout and "6 of 6 pairs" in done.stdout
    pairs, predictions = (
        project.root / "data/pairs/streets",
        project.root / "data/predictions/probe",
    )
    assert verify_product(predictions, pairs) == []
    joined = open_products({"pairs": pairs, "predictions": predictions})
    tested = [item for item in joined if item["predictions"] is not None]
    assert len(tested) == 2
    for item in tested:
        assert item["predictions"]["semantics"].shape == item["pairs"]["semantics"].shape
        assert item["predictions"]["semantics"].dtype == "uint8"
    facts = json.loads((project.root / "facts/evaluate/probe.json").read_text())
    assert facts["test_pairs"] == 2 and 0.1 < facts["mean_iou"]["overall"] <= 1
    before = contents(predictions)
    again = project.run("evaluate", *command("streets", model))
    assert again.returncode == 0 and contents(predictions) == before
    monkeypatch.chdir(project.root)
    check_that_files_of_predictions_score_alike(tmp_path / "files", facts["mean_iou"]["overall"])


def check_that_files_of_predictions_score_alike(out: Path, mean_iou: float) -> None:
    """`twinband predictions` writes what any tool scores as the stage did."""
    run = CliRunner().invoke
    written = run(app, ["predictions", "probe", "-o", str(out)])
    assert written.exit_code == 0 and "ready for: twinband score segm" in written.output
    names = sorted(path.name for path in (out / "predictions").iterdir())
    assert names == ["test00D.png", "test01N.png"]  # as the dataset has them
    folders = ["--predictions", str(out / "predictions"), "--truth", str(out / "truth")]
    scored = run(app, ["score", "segmentation", *folders, "--definition", "mfnet", "--json"])
    assert scored.exit_code == 0, scored.output
    assert json.loads(scored.output)["miou"] == pytest.approx(mean_iou, abs=1e-5)
    assert len((out / "predictions.csv").read_text().splitlines()) == 3
    again = run(app, ["predictions", "probe", "-o", str(out)])
    assert again.exit_code == 2 and "is there already" in again.output


def test_a_benchmark_of_encoders_without_one_exits_3(crops: Project) -> None:
    options = {"image_px": 16, "pool": "class_token", "k": 3, "batch": 8, "threads": 1}
    write_params(crops, benchmark="probe", options=options)
    done = crops.run("evaluate", *command("crops"))
    assert done.returncode == 3, done.stdout
    assert "models/none.json describes no encoder, and this benchmark needs one" in done.stdout

"""The stage ``pool`` as a command."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.raw_pairs import contents, ingest_folder, write_pair, write_pairs
from tests.steps.conftest import Project
from twinband.shards.manifest import product_id

POOL = (
    *("--ingest", "metrics/ingest", "--hold-out", "data/hold_out.txt", "--pairs", "data/pairs"),
    *("--out", "data/pool", "--metrics", "metrics/pool.json"),
)
TRAIN = {"split": {"train": 1.0, "val": 0.0, "test": 0.0}}


@pytest.fixture
def pooled(project: Project, tmp_path: Path) -> Project:
    """Two ingested datasets; ``two`` holds a copy of the first pair of ``one``."""
    for name, seed in (("one", 0), ("two", 40)):
        root = write_pairs(tmp_path / name / "raw", 3 if name == "one" else 0)
        write_pair(root, "first", 0)
        write_pair(root, "own", seed + 1)
        ingest_folder(root, tmp_path / name, common=TRAIN)
        folder = project.root / "data" / "pairs" / name
        shutil.copytree(tmp_path / name / "pairs", folder)
        metrics = project.root / "metrics" / "ingest" / f"{name}.json"
        metrics.parent.mkdir(parents=True, exist_ok=True)
        metrics.write_text(json.dumps({"product": product_id(folder)}))
    hold_out(project, "# none\n\n")
    project.write_params(pool=params())
    return project


def params(**changes: object) -> dict[str, object]:
    section = {"datasets": ["one", "two"], "protect": ["one"], "near_duplicate_bits": 6}
    return {**section, "hold_out": "data/hold_out.txt", **changes}


def hold_out(project: Project, text: str) -> None:
    (project.root / "data" / "hold_out.txt").write_text(text)


def test_it_writes_the_pool_and_what_it_was_made_of(pooled: Project) -> None:
    done = pooled.run("pool", *POOL)
    assert done.returncode == 0, done.stdout
    folder = pooled.root / "data" / "pool"
    assert sorted(contents(folder)) == ["left_out.parquet", "pool.parquet", "products.json"]
    kept = pq.read_table(folder / "pool.parquet").to_pylist()
    left_out = pq.read_table(folder / "left_out.parquet").to_pylist()
    assert {"dataset": "two", "key": "own"} in kept
    assert [row["key"] for row in left_out if row["dataset"] == "two"] == ["first"]
    facts = json.loads((pooled.root / "metrics" / "pool.json").read_text())
    assert facts["pairs"] == len(kept) and facts["left_out"] == len(left_out)
    assert facts["reasons"] == {"exact_duplicate": 1}
    products = json.loads((folder / "products.json").read_text())
    assert products == {n: product_id(pooled.root / "data" / "pairs" / n) for n in ("one", "two")}
    assert f"pool: {len(kept)} pairs to pretrain on, 1 left out (" in done.stdout


def test_lines_of_the_hold_out_file_are_patterns(pooled: Project) -> None:
    hold_out(pooled, "# a comment\n\n  two/*  \n")
    assert pooled.run("pool", *POOL).returncode == 0
    kept = pq.read_table(pooled.root / "data" / "pool" / "pool.parquet").to_pylist()
    assert {row["dataset"] for row in kept} == {"one"}
    assert "first" not in {row["key"] for row in kept}  # held out by its copy in `two`
    hold_out(pooled, "two/nobody\n")
    done = pooled.run("pool", *POOL)
    assert done.returncode == 3 and "'two/nobody' matches no pair" in done.stdout


def test_a_product_that_is_not_the_one_of_the_metrics_exits_3(pooled: Project) -> None:
    path = pooled.root / "metrics" / "ingest" / "two.json"
    path.write_text('{"product": "0123456789abcdef"}')
    done = pooled.run("pool", *POOL)
    assert done.returncode == 3 and "data/pairs/two is not what" in done.stdout


def test_a_dataset_that_was_not_ingested_exits_3(pooled: Project) -> None:
    pooled.write_params(pool=params(datasets=["one", "two", "three"]))
    done = pooled.run("pool", *POOL)
    assert done.returncode == 3 and "three is not ingested" in done.stdout
    assert "Traceback" not in done.stdout

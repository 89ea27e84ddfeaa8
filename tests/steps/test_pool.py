"""The stage ``pool`` as a command."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.made.raw_pairs import contents, ingest_folder, write_pair, write_pairs
from tests.made.registered_pairs import register_pairs
from tests.steps.conftest import Project
from twinband.shards.product import product_id

POOL = (
    *("--ingest", "facts/ingest", "--register", "facts/register"),
    *("--hold-out", "data/hold_out.txt"),
    *("--pairs", "data/pairs", "--registered", "data/registered"),
    *("--out", "data/pool", "--metrics", "metrics/pool.json"),
    *("--facts", "facts/pool.json"),
)
STAGE_OF = {"pairs": "ingest", "registered": "register"}
TRAIN = {"train": 1.0, "val": 0.0, "test": 0.0}


@pytest.fixture
def pooled(project: Project, tmp_path: Path) -> Project:
    """Two ingested datasets; ``two`` holds a copy of the first pair of ``one``."""
    for name, seed in (("one", 0), ("two", 40)):
        root = write_pairs(tmp_path / name / "raw", 3 if name == "one" else 0)
        write_pair(root, "first", 0)
        write_pair(root, "own", seed + 1)
        ingest_folder(root, tmp_path / name, split=TRAIN)
        register_pairs(tmp_path / name, aligned=True)
        for product, stage in STAGE_OF.items():
            put(project, tmp_path / name / product, product, stage, name)
    hold_out(project, "# none\n\n")
    write_params(project)
    return project


def put(project: Project, made: Path, product: str, stage: str, name: str) -> None:
    """A product of the dataset into the project, with the facts that tell of it."""
    folder = project.root / "data" / product / name
    shutil.copytree(made, folder, dirs_exist_ok=True)
    facts = project.root / "facts" / stage / f"{name}.json"
    facts.parent.mkdir(parents=True, exist_ok=True)
    facts.write_text(json.dumps({"product": product_id(folder)}))


def write_params(project: Project, **changes: object) -> None:
    """Parameters that pool both datasets and protect the first one."""
    section = {"datasets": ["one", "two"], "near_duplicate_bits": 6, **changes}
    project.write_params(
        pool={**section, "hold_out": "data/hold_out.txt"}, ingest={"items": {"one": {}}}
    )


def hold_out(project: Project, text: str) -> None:
    (project.root / "data" / "hold_out.txt").write_text(text)


def test_it_writes_the_pool_and_what_it_was_made_of(pooled: Project) -> None:
    done = pooled.run("pool", *POOL)
    assert done.returncode == 0, done.stdout
    folder = pooled.root / "data" / "pool"
    assert sorted(contents(folder)) == [
        *["SHA256SUMS", "left_out.parquet", "pool.parquet", "products.json"]
    ]
    kept = pq.read_table(folder / "pool.parquet").to_pylist()
    left_out = pq.read_table(folder / "left_out.parquet").to_pylist()
    assert {"dataset": "two", "key": "own"} in kept
    assert [row["key"] for row in left_out if row["dataset"] == "two"] == ["first"]
    facts = json.loads((pooled.root / "facts" / "pool.json").read_text())
    assert facts["pairs"] == len(kept) and facts["left_out"] == len(left_out)
    assert facts["reasons"] == {"exact_duplicate": 1}
    products = json.loads((folder / "products.json").read_text())
    assert products == {
        product: {n: product_id(pooled.root / "data" / product / n) for n in ("one", "two")}
        for product in STAGE_OF
    }
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


@pytest.mark.parametrize(
    ("policy", "reason"), [("drop", "registration_failed"), ("single_modality", "thermal_absent")]
)
def test_failed_pairs_that_are_not_for_training_are_left_out(
    pooled: Project, tmp_path: Path, policy: str, reason: str
) -> None:
    shutil.rmtree(tmp_path / "two" / "work")
    register_pairs(tmp_path / "two", on_failure=policy, options={"min_score": 2.0})
    put(pooled, tmp_path / "two" / "registered", "registered", "register", "two")
    assert pooled.run("pool", *POOL).returncode == 0
    folder = pooled.root / "data" / "pool"
    kept = pq.read_table(folder / "pool.parquet").to_pylist()
    left_out = pq.read_table(folder / "left_out.parquet").to_pylist()
    assert {row["dataset"] for row in kept} == {"one"}
    assert {(row["dataset"], row["reason"]) for row in left_out} == {("two", reason)}
    facts = json.loads((pooled.root / "facts" / "pool.json").read_text())
    assert facts["reasons"] == {reason: len(left_out)}


@pytest.mark.parametrize(("product", "stage"), STAGE_OF.items())
def test_a_product_that_is_not_the_one_of_the_facts_exits_3(
    pooled: Project, product: str, stage: str
) -> None:
    path = pooled.root / "facts" / stage / "two.json"
    path.write_text('{"product": "0123456789abcdef"}')
    done = pooled.run("pool", *POOL)
    assert done.returncode == 3 and f"data/{product}/two is not what" in done.stdout


def test_a_dataset_that_was_not_ingested_exits_3(pooled: Project) -> None:
    write_params(pooled, datasets=["one", "two", "three"])
    done = pooled.run("pool", *POOL)
    assert done.returncode == 3 and "data/pairs/three is not there yet" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_dataset_that_was_not_registered_exits_3(pooled: Project) -> None:
    shutil.rmtree(pooled.root / "data" / "registered" / "two")
    done = pooled.run("pool", *POOL)
    assert done.returncode == 3 and "data/registered/two is not there yet" in done.stdout
    assert "Traceback" not in done.stdout

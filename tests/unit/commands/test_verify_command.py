"""``twinband verify``."""

import json
from pathlib import Path

import pytest

from tests.made.raw_pairs import write
from tests.unit.commands.conftest import Run
from twinband.shards.product import write_product_files
from twinband.shards.sums import write_sums
from twinband.shards.write import OK, ShardWriter, shard_name, take_rows


@pytest.fixture
def product(project: Path) -> Path:
    folder = project / "data/pairs/tiny"
    folder.mkdir(parents=True)
    shard = folder / shard_name(0)
    with ShardWriter(shard, []) as writer:
        writer.add("a", {"json": b"{}"}, OK)
    finished = [(writer.shard, take_rows(shard))]
    write_product_files(folder, product="pairs", dataset="tiny", shards=finished, card="# tiny\n")
    return folder


def test_all_products_are_found(run: Run, product: Path) -> None:
    result = run("verify")
    assert result.exit_code == 0, result.output
    assert "ok data/pairs/tiny" in result.stdout


def test_a_damaged_shard_is_named(run: Run, product: Path) -> None:
    shard = product / shard_name(0)
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    result = run("verify", str(product))
    assert result.exit_code == 3
    assert str(shard) in result.stdout
    assert "1 of 1 products are not as they were written" in result.stderr


def test_a_folder_without_product_is_a_problem(run: Run, project: Path) -> None:
    assert run("verify", str(project)).exit_code == 3


def test_nothing_made_yet(run: Run, project: Path) -> None:
    result = run("verify")
    assert result.exit_code == 0
    assert "no product" in result.stdout


def test_json_has_the_problems_of_each_product(run: Run, product: Path) -> None:
    assert json.loads(run("verify", "--json").stdout) == {"data/pairs/tiny": []}
    (product / shard_name(0)).unlink()
    result = run("verify", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout) == {
        "data/pairs/tiny": ["data/pairs/tiny/shard-000000.tar: missing"]
    }


def test_a_product_whose_index_is_gone_is_named(run: Run, product: Path) -> None:
    (product / "index.json").unlink()
    result = run("verify")
    assert result.exit_code == 3 and "data/pairs/tiny/index.json cannot be read" in result.stdout
    (product / "manifest.parquet").unlink()
    assert run("verify").exit_code == 3  # a shard alone tells of it


GRAPH = """
stages:
  ingest:
    foreach: ${ingest.items}
    do:
      outs: ["data/pairs/${key}", "plots/ingest/${key}", {"data/kept/${key}": {cache: false}}]
  mae: {outs: [models/mae]}
"""


def test_what_the_graph_promises_is_missed_once_something_was_made(run: Run, project: Path) -> None:
    (project / "dvc.yaml").write_text(GRAPH)
    (project / "params.yaml").write_text("ingest: {items: {tiny: {}, other: {}}}\nmae: {}\n")
    assert run("verify").exit_code == 0
    for folder in ("data/pairs/other", "data/pairs/tiny"):
        (project / folder).mkdir(parents=True)
    write_sums(write(project / "models/mae/weights.safetensors", b"weights"))
    result = run("verify", "--json")
    assert result.exit_code == 3
    assert {folder: len(lines) for folder, lines in json.loads(result.stdout).items()} == {
        "data/pairs/other": 1,
        "data/pairs/tiny": 1,
        "models/mae": 0,
    }


def test_weights_are_compared_with_their_checksums(run: Run, project: Path) -> None:
    file = write(project / "models/mae/weights.safetensors", b"weights")
    result = run("verify")
    assert result.exit_code == 3 and "SHA256SUMS cannot be read" in result.stdout
    write_sums(file)
    assert "ok models/mae" in run("verify").stdout
    file.write_bytes(b"Weights")
    result = run("verify")
    assert result.exit_code == 3 and "weights.safetensors: damaged" in result.stdout

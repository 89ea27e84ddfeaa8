"""``twinband verify``."""

import json
from pathlib import Path

import pytest

from tests.unit.commands.conftest import Run
from twinband.shards.product import write_product_files
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
    assert "1 of 1 products" in result.stderr


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

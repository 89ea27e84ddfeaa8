"""``verify`` finds what is wrong with a product, and nothing in a good one."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.made.products import sample, two_shards, write_product
from twinband.shards.product import read_manifest
from twinband.verify import verify_product

SHARD = "shard-000001.tar"


def flip_a_byte(folder: Path) -> None:
    data = bytearray((folder / SHARD).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / SHARD).write_bytes(data)


def truncate(folder: Path) -> None:
    os.truncate(folder / SHARD, 1024)


def remove_tar(folder: Path) -> None:
    (folder / SHARD).unlink()


def remove_index(folder: Path) -> None:
    (folder / "index.json").unlink()


def spoil_manifest(folder: Path) -> None:
    (folder / "manifest.parquet").write_bytes(b"PAR1")


def change_a_note(folder: Path) -> None:
    table = read_manifest(folder)
    notes = pa.array(["another"] * table.num_rows)
    table = table.set_column(table.column_names.index("note"), "note", notes)
    pq.write_table(table, folder / "manifest.parquet")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (flip_a_byte, SHARD),
        (truncate, SHARD),
        (remove_tar, f"{SHARD}: missing"),
        (remove_index, "index.json"),
        (spoil_manifest, "manifest.parquet: not the file of the index"),
        (change_a_note, "manifest.parquet: not the file of the index"),
    ],
)
def test_damage_is_found(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    write_product(tmp_path, two_shards())
    assert verify_product(tmp_path) == []
    damage(tmp_path)
    problems = verify_product(tmp_path)
    assert len(problems) == 1 and message in problems[0]


def rewrite(folder: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the manifest and have the index say that it is right."""
    pq.write_table(change(read_manifest(folder)), folder / "manifest.parquet")
    index = json.loads((folder / "index.json").read_text())
    data = (folder / "manifest.parquet").read_bytes()
    index["manifest_sha256"] = hashlib.sha256(data).hexdigest()
    (folder / "index.json").write_text(json.dumps(index))


def with_column(name: str, values: Callable[[list[Any]], list[Any]]) -> Callable[..., pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        place = table.column_names.index(name)
        column = pa.array(values(table[name].to_pylist()), table.schema.field(name).type)
        return table.set_column(place, table.schema.field(name), column)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_column("shard", lambda v: [1, *v[1:]]), "do not stand where the manifest says (a)"),
        (with_column("offset", lambda v: [512, *v[1:]]), "manifest says (a)"),
        (
            with_column("shard", lambda v: [*v[:3], 0, *v[4:]]),
            "d is not there but stands in a shard",
        ),
        (with_column("shard", lambda v: [*v[:5], 7]), "names shard 7, which is not there"),
        (with_column("key", lambda v: ["A", *v[1:]]), "malformed key 'A'"),
        (with_column("key", lambda v: ["b", *v[1:]]), "not unique"),
        (lambda table: table.take([1, 0, 2, 3, 4, 5]), "in order"),
        (lambda table: table.filter(pc.not_equal(table["key"], "c")), "manifest says (c)"),
    ],
)
def test_a_manifest_that_tells_something_else_is_found(
    tmp_path: Path, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    write_product(tmp_path, two_shards())
    rewrite(tmp_path, change)
    assert any(message in problem for problem in verify_product(tmp_path)), verify_product(tmp_path)


def with_type(name: str, kind: pa.DataType) -> Callable[..., pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        place = table.column_names.index(name)
        return table.set_column(place, name, table[name].cast(kind))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_type("shard", pa.int64()), "the column shard is not int32 throughout"),
        (with_type("key", pa.binary()), "the column key is not string throughout"),
        (with_type("offset", pa.string()), "the column offset is not int64 throughout"),
        (lambda table: table.drop_columns(["shard"]), "it has no column shard"),
        (lambda table: pa.table({"other": [1]}), "it has no column key"),
        (
            lambda table: table.set_column(
                0, "key", pa.array([None, *table["key"].to_pylist()[1:]])
            ),
            "the column key is not string throughout",
        ),
    ],
)
def test_a_manifest_of_another_schema_is_a_line(
    tmp_path: Path, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    write_product(tmp_path, two_shards())
    rewrite(tmp_path, change)
    [problem] = verify_product(tmp_path)
    assert message in problem and str(tmp_path) in problem


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nsamples": "3"}, "shardlist.0.nsamples"),
        ({"nsamples": -1}, "shardlist.0.nsamples"),
        ({"filesize": 1e300}, "shardlist.0.filesize"),
        ({"filesize": None}, "shardlist.0.filesize"),
        ({"md5sum": ["0"]}, "shardlist.0.md5sum"),
        ({"url": "../shard-000000.tar"}, "'../shard-000000.tar'"),
        ({"url": "shard-000001.tar"}, "'shard-000001.tar'"),
        ({"url": 1}, "shardlist.0.url"),
    ],
)
def test_an_index_of_another_shape_is_a_line(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    write_product(tmp_path, two_shards())
    index = json.loads((tmp_path / "index.json").read_text())
    index["shardlist"][0] |= changes
    (tmp_path / "index.json").write_text(json.dumps(index))
    [problem] = verify_product(tmp_path)
    assert message in problem and "index.json" in problem and "dvc checkout" in problem


def test_a_shard_that_is_no_tar_and_one_of_no_index_are_lines(tmp_path: Path) -> None:
    write_product(tmp_path, two_shards())
    (tmp_path / SHARD).write_bytes(bytes([255]) * 2048)
    index = json.loads((tmp_path / "index.json").read_text())
    index["shardlist"][1] |= {
        "filesize": 2048,
        "md5sum": hashlib.md5(bytes([255]) * 2048).hexdigest(),
    }
    (tmp_path / "index.json").write_text(json.dumps(index))
    (tmp_path / "shard-000002.tar").touch()
    no_tar, surplus = verify_product(tmp_path)
    assert f"{SHARD}: no tar" in no_tar and "shard-000002.tar: no shard of the index" in surplus


def test_samples_of_the_source_must_have_a_row(tmp_path: Path) -> None:
    write_product(tmp_path / "pairs", two_shards())
    write_product(tmp_path / "whole", two_shards())
    assert verify_product(tmp_path / "whole", tmp_path / "pairs") == []
    write_product(tmp_path / "part", [{"a": sample(1), "c": None}, {"b": None}])
    [problem] = verify_product(tmp_path / "part", tmp_path / "pairs")
    assert "2 samples" in problem and "(e, f)" in problem

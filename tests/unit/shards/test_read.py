"""Reading single samples: the right one, or an error that says so."""

from pathlib import Path

import pytest

from tests.unit.shards.products import sample, two_shards, write_product
from twinband.errors import InputError
from twinband.shards.read import read_fields


def test_another_sample_at_that_place_is_an_error(tmp_path: Path) -> None:
    rows = {row["key"]: row for row in write_product(tmp_path, two_shards()).to_pylist()}
    path = tmp_path / "shard-000000.tar"
    a, c = rows["a"], rows["c"]
    assert read_fields(path, c["offset"], c["size"], "c") == sample(3)
    for offset, size in ((a["offset"], a["size"]), (c["offset"] + 512, c["size"]), (10**9, 512)):
        with pytest.raises(InputError, match="no sample 'c'"):
            read_fields(path, offset, size, "c")
    with pytest.raises(InputError):  # two samples instead of one
        read_fields(path, a["offset"], a["size"] + c["size"], "a")


def test_a_missing_shard_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"shard-000009\.tar"):
        read_fields(tmp_path / "shard-000009.tar", 0, 512, "a")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_reading_many_shards_keeps_no_file_open(tmp_path: Path) -> None:
    rows = write_product(tmp_path, [{f"k{n:03d}": sample(n)} for n in range(80)]).to_pylist()
    before = open_files()
    for row in rows:
        path = tmp_path / f"shard-{row['shard']:06d}.tar"
        read_fields(path, row["offset"], row["size"], row["key"])
    assert open_files() == before


def test_a_shard_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    [row] = write_product(tmp_path, [{"a": sample(1)}]).to_pylist()
    path = tmp_path / "shard-000000.tar"
    read_fields(path, row["offset"], row["size"], "a")
    [row] = write_product(tmp_path, [{"a": sample(2)}]).to_pylist()
    assert read_fields(path, row["offset"], row["size"], "a") == sample(2)

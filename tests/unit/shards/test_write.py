"""A shard appears whole or not at all, and equal samples give equal bytes."""

import errno
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import webdataset
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.products import NOTE, sample
from twinband.core.errors import WorkFailed
from twinband.shards.read import read_fields
from twinband.shards.write import (
    OK,
    ShardWriter,
    finished_shard,
    is_kept,
    keep,
    parquet_bytes,
    parquet_table,
    read_kept,
    recorded_shard,
    rows_of,
    sidecar_of,
    write_atomically,
)

NOTED = {**OK, "note": ""}


def write_three(path: Path) -> None:
    with ShardWriter(path, NOTE) as shard:
        for key, seed in (("a", 1), ("b-2", 2), ("c_3", 3)):
            shard.add(key, dict(reversed(sample(seed).items())), NOTED)


def test_equal_samples_give_equal_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "shard-000000.tar", tmp_path / "two" / "shard-000000.tar"
    write_three(one)
    write_three(two)
    for file in (lambda p: p, rows_of, sidecar_of):
        assert file(one).read_bytes() == file(two).read_bytes()


def test_members_are_sorted_and_carry_nothing_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "shard-000000.tar"
    write_three(path)
    with tarfile.open(path) as tar:
        members = tar.getmembers()
    assert [m.name for m in members][:4] == ["a.json", "a.rgb.png", "a.thermal.png", "b-2.json"]
    for member in members:
        assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0,) * 3 + (
            "",
        ) * 2
        assert not member.pax_headers  # a kilobyte a member for nothing


def test_webdataset_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "shard-000000.tar"
    write_three(path)
    found = list(webdataset.WebDataset(str(path), shardshuffle=False))
    assert [item["__key__"] for item in found] == ["a", "b-2", "c_3"]
    for seed, item in enumerate(found, start=1):
        assert {k: v for k, v in item.items() if not k.startswith("__")} == sample(seed)


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "shard-000000.tar"
    with pytest.raises(KeyboardInterrupt), ShardWriter(path, NOTE) as shard:
        shard.add("a", sample(1), NOTED)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_rewrite_unfinishes_the_shard(tmp_path: Path) -> None:
    path = tmp_path / "shard-000000.tar"
    write_three(path)
    assert finished_shard(path) is not None
    with pytest.raises(RuntimeError), ShardWriter(path, NOTE):
        raise RuntimeError
    assert finished_shard(path) is None


def test_a_full_disk_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_three(tmp_path / "shard-000000.tar")
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "small.json", b"{}")
    assert list(tmp_path.iterdir()) == []


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").touch()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "flipped": lambda path: flip(path, path.stat().st_size // 2),
    "flipped at the end": lambda path: flip(path, -3),
    "cut": cut,
    "emptied": lambda path: os.truncate(path, 0),
    "removed": Path.unlink,
    "a folder": replace_by_a_folder,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", [lambda p: p, rows_of, sidecar_of], ids=["tar", "rows", "sidecar"])
def test_a_damaged_shard_is_not_finished_and_can_be_written_again(
    tmp_path: Path, file: Callable[[Path], Path], damage: str
) -> None:
    path = tmp_path / "shard-000000.tar"
    write_three(path)
    shard = finished_shard(path)
    assert shard is not None
    DAMAGES[damage](file(path))
    assert finished_shard(path) is None
    write_three(path)
    assert finished_shard(path) == shard


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_kept_file_knows_whether_it_is_whole(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "counts.json"
    keep(path, b"{}\n[1]")
    assert is_kept(path) and read_kept(path) == b"{}\n[1]"
    DAMAGES[damage](path)
    assert not is_kept(path)
    with pytest.raises(WorkFailed, match=r"counts\.json went or changed .*run it again"):
        read_kept(path)
    keep(path, b"")
    assert read_kept(path) == b""


@pytest.mark.parametrize("key", ["", "A", "a.b", "a/b", "ä", "a b", "a\n"])
def test_malformed_keys_are_refused(tmp_path: Path, key: str) -> None:
    for use in ("add", "skip"):
        with pytest.raises(ValueError), ShardWriter(tmp_path / "s.tar", NOTE) as shard:
            shard.add(key, sample(1), NOTED) if use == "add" else shard.skip(key, NOTED)


@pytest.mark.parametrize("second", ["add", "skip"])
@pytest.mark.parametrize("key", ["a", "b"])
def test_keys_must_ascend(tmp_path: Path, key: str, second: str) -> None:
    with pytest.raises(ValueError, match="ascend"), ShardWriter(tmp_path / "s.tar", NOTE) as shard:
        shard.add("b", sample(1), NOTED)
        shard.add(key, sample(1), NOTED) if second == "add" else shard.skip(key, NOTED)


@pytest.mark.parametrize("field", ["", "_hidden", "RGB.png", "a/b"])
def test_fields_that_would_get_lost_or_changed_are_refused(tmp_path: Path, field: str) -> None:
    with pytest.raises(ValueError, match="fields"), ShardWriter(tmp_path / "s.tar", []) as shard:
        shard.add("a", {"json": b"{}", field: b""}, OK)


def test_a_sample_without_fields_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fields"), ShardWriter(tmp_path / "s.tar", []) as shard:
        shard.add("a", {}, OK)


def test_rows_tell_where_each_sample_stands_and_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "shard-000000.tar"
    with ShardWriter(path, NOTE) as shard:
        shard.add("a", sample(1), {**OK, "note": "first"})
        shard.skip("b", {"status": "bad", "reason": "odd", "detail": "why", "note": ""})
        shard.add("c", sample(2), {**OK, "note": "last"})
    _, rows = recorded_shard(path)
    assert rows.column_names == ["key", "status", "reason", "detail", "offset", "size", "note"]
    a, b, c = rows.to_pylist()
    assert (a["offset"], b["offset"], b["size"], c["offset"]) == (0, -1, 0, a["size"])
    assert (b["reason"], c["note"], shard.shard.samples) == ("odd", "last", 2)
    assert shard.shard.bytes == path.stat().st_size


KEYS = st.text("abc019_-", min_size=1, max_size=180)
FIELDS = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,120}", fullmatch=True)
SAMPLES = st.dictionaries(KEYS, st.dictionaries(FIELDS, st.binary(max_size=1500), min_size=1))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(samples=SAMPLES)
def test_whatever_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, samples: dict[str, dict[str, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("shard") / "shard-000000.tar"
    with ShardWriter(path, []) as shard:
        for key in sorted(samples):
            shard.add(key, samples[key], OK)
    for row in recorded_shard(path)[1].to_pylist():
        assert read_fields(path, row["offset"], row["size"], row["key"]) == samples[row["key"]]


TABLE = pa.table({"key": ["a", "b"], "numbers": [[1, 2], []], "words": [[("k", "v")], []]})


@pytest.mark.parametrize("columns", [None, ["words", "key"], []])
def test_a_table_comes_back(columns: list[str] | None) -> None:
    wanted = TABLE.select(columns) if columns else TABLE
    assert parquet_table(parquet_bytes(TABLE), columns).equals(wanted)


@pytest.mark.parametrize(
    ("data", "columns"), [(b"no table", None), (parquet_bytes(TABLE), ["key", "absent"])]
)
def test_what_is_no_such_table_is_an_arrow_exception(data: bytes, columns: list[str]) -> None:
    with pytest.raises(pa.ArrowException):
        parquet_table(data, columns)


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_reading_a_table_starts_no_thread(tmp_path: Path) -> None:
    """A library's thread that outlives main ends a step with SIGABRT after its work is done."""
    path = tmp_path / "table.parquet"
    path.write_bytes(parquet_bytes(pa.table({n: list(range(5000)) for n in "abcdef"})))
    program = (
        "import os, pathlib, sys\n"
        "from twinband.shards.write import parquet_table\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "parquet_table(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "print(len(os.listdir('/proc/self/task')) - before)"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"

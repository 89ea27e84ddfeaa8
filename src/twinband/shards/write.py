"""Writing one shard: a tar of samples that appears whole or not at all.

Temporary name, fsync, rename; then the rows of its samples as Parquet, and last a sidecar with the
checksums of both: only what is as its sidecar says counts as finished. Equal samples give equal
bytes.
"""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from twinband.core.errors import WorkFailed

# `status` is "ok" for what stands in a shard; else `reason` is a short word for tables.
COMMON_COLUMNS = [
    pa.field("key", pa.string(), nullable=False),
    pa.field("status", pa.string(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("detail", pa.string(), nullable=False),
    pa.field("offset", pa.int64(), nullable=False),
    pa.field("size", pa.int64(), nullable=False),
]
KEY_PATTERN = re.compile(r"[a-z0-9_-]+")
# WebDataset lowers fields when it reads, and leaves out what begins with "_" when it writes.
FIELD_PATTERN = re.compile(r"[a-z0-9][a-z0-9_.-]*")
OK = {"status": "ok", "reason": "", "detail": ""}


@dataclass(frozen=True, slots=True)
class Shard:
    """A finished shard: file name, checksum, number of samples and of bytes."""

    file: str
    md5: str
    samples: int
    bytes: int


class ShardWriter:
    """Writes one shard; leave the ``with`` block without an exception to finish it.

    >>> with ShardWriter(Path("shard-000000.tar"), []) as shard:
    ...     shard.add("a-key", {"rgb.jpg": b"…", "json": b"{}"}, OK)

    Args:
        columns: of the rows, beyond the common ones.
    """

    def __init__(self, path: Path, columns: Sequence[pa.Field]) -> None:
        self.path = path
        self._schema = row_schema(columns)
        self._temporary = path.with_suffix(f".{os.getpid()}.tmp")
        self._rows: list[dict[str, Any]] = []
        self._last = ""
        self._samples = 0

    def __enter__(self) -> "ShardWriter":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        remove(sidecar_of(self.path))
        self._file = _HashingFile(self._temporary.open("wb"))
        # Not webdataset's writer: importing it imports torch, a second for every step and worker.
        self._tar = tarfile.open(fileobj=cast(BinaryIO, self._file), mode="w|")
        return self

    def add(self, key: str, fields: Mapping[str, bytes], row: Mapping[str, Any]) -> None:
        """Append a sample; keys must ascend, which makes the order a property of the data.

        Raises:
            ValueError: a malformed or unordered key, a malformed field, or no fields.
        """
        self._check_key(key)
        if not fields or not all(FIELD_PATTERN.fullmatch(field) for field in fields):
            raise ValueError(f"{key}: fields like `rgb.jpg` are needed, not {sorted(fields)}")
        begin = self._tar.offset
        for field in sorted(fields):
            member = tarfile.TarInfo(f"{key}.{field}")  # by itself without time, user and group
            member.size = len(fields[field])
            self._tar.addfile(member, io.BytesIO(fields[field]))
        size = self._tar.offset - begin
        self._samples += 1
        self._rows.append({**row, "key": key, "offset": begin, "size": size})

    def skip(self, key: str, row: Mapping[str, Any]) -> None:
        """Record a sample that is not in the shard, with its reason in ``row``.

        Raises:
            ValueError: a malformed or unordered key.
        """
        self._check_key(key)
        self._rows.append({**row, "key": key, "offset": -1, "size": 0})

    def _check_key(self, key: str) -> None:
        if not KEY_PATTERN.fullmatch(key):
            raise ValueError(f"a key is made of [a-z0-9_-]+, unlike {key!r}")
        if key <= self._last:
            raise ValueError(f"keys must ascend within a shard: {key!r} after {self._last!r}")
        self._last = key

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            for stream in (self._tar, self._file.stream):
                with suppress(OSError):  # both write what they hold, which fails on a full disk
                    stream.close()
            self._temporary.unlink(missing_ok=True)

    def _finish(self) -> None:
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.stream.fileno())
        put_in_place(self._temporary, self.path)
        self.shard = Shard(
            self.path.name,
            self._file.md5.hexdigest(),
            self._samples,
            self._file.size,
        )
        table = pa.Table.from_pylist(self._rows, schema=self._schema)
        rows = parquet_bytes(table)
        write_atomically(rows_of(self.path), rows)
        record = {"shard": asdict(self.shard), "rows_sha256": hashlib.sha256(rows).hexdigest()}
        keep(sidecar_of(self.path), json.dumps(record).encode())


def row_schema(columns: Sequence[pa.Field]) -> pa.Schema:
    """Make the schema of one shard's rows: the common columns, then the product's own."""
    return pa.schema([*COMMON_COLUMNS, *columns])


def finished_shard(path: Path) -> Shard | None:
    """Return the shard if it was finished, and it and its rows are as its sidecar says."""
    try:
        shard, _ = recorded_shard(path)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "md5").hexdigest()
    except (OSError, WorkFailed):
        return None
    return shard if digest == shard.md5 else None


def recorded_shard(path: Path) -> tuple[Shard, pa.Table]:
    """Read the sidecar of a shard that is finished, and its rows in order of key, failures
    included.

    Raises:
        WorkFailed: one of its files is gone or changed.
    """
    record = json.loads(read_kept(sidecar_of(path)))
    try:
        rows = rows_of(path).read_bytes()
    except OSError:
        raise vanished(rows_of(path)) from None
    if hashlib.sha256(rows).hexdigest() != record["rows_sha256"]:
        raise vanished(rows_of(path))
    return Shard(**record["shard"]), parquet_table(rows)


def shard_name(index: int) -> str:
    """Name a shard: ``shard-000007.tar``."""
    return f"shard-{index:06d}.tar"


def sidecar_of(path: Path) -> Path:
    """Name the sidecar of a shard."""
    return path.with_suffix(".json")


def rows_of(path: Path) -> Path:
    """Name the file of a shard's rows, until they are gathered in the product's manifest."""
    return path.with_suffix(".parquet")


def take_rows(path: Path) -> pa.Table:
    """Read the rows of a shard written straight into a product's folder, and remove their file.

    The sidecar goes too: manifest and index say all that both hold.

    Raises:
        WorkFailed: as ``recorded_shard``.
    """
    _, rows = recorded_shard(path)
    for temporary in (rows_of(path), sidecar_of(path)):
        temporary.unlink()
    return rows


def parquet_bytes(table: pa.Table) -> bytes:
    """Encode a table as Parquet; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def parquet_table(data: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """Decode Parquet, all of it or some columns, in this thread alone.

    The library's own threads now and then outlive ``main``, and then end the process by a signal
    when its work is done (apache/arrow issues 34314 and 39862); tables here are small.

    Raises:
        pyarrow.ArrowException: it is no Parquet, or has no such column.
    """
    file = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False)
    if absent := set(columns or ()) - set(file.schema_arrow.names):
        raise pa.ArrowKeyError(f"no column {', '.join(sorted(absent))}")
    return file.read(list(columns) if columns else None, use_threads=False)


def link(source: str | Path, target: str | Path) -> None:
    """Put a hard link in place of ``target``, or a copy where the file system has none."""
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a small file so that a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(temporary: Path, path: Path) -> None:
    """Rename a finished file to ``path``, whatever stands there, a folder too."""
    if path.is_dir():
        remove(path)
    temporary.replace(path)


def remove(path: Path) -> None:
    """Delete a file or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def keep(path: Path, data: bytes) -> None:
    """Write a file of a work folder that tells by itself whether it is whole: a line with the
    SHA-256 of the rest."""
    write_atomically(path, f"{hashlib.sha256(data).hexdigest()}\n".encode() + data)


def read_kept(path: Path) -> bytes:
    """Read what ``keep`` wrote.

    Raises:
        WorkFailed: it is not there, or damaged.
    """
    try:
        digest, _, data = path.read_bytes().partition(b"\n")
    except OSError:
        raise vanished(path) from None
    if hashlib.sha256(data).hexdigest().encode() != digest:
        raise vanished(path)
    return data


def is_kept(path: Path) -> bool:
    """Tell whether ``read_kept`` would read the file."""
    try:
        read_kept(path)
    except WorkFailed:
        return False
    return True


def vanished(path: Path) -> WorkFailed:
    """Make the error of a file that was whole when this run looked for unfinished work."""
    return WorkFailed(f"{path} went or changed while the stage ran; run it again")


class _HashingFile:
    """A binary file that knows the MD5 of all bytes written to it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.size = 0

    def write(self, data: bytes) -> int:
        self.md5.update(data)
        self.size += len(data)
        return self.stream.write(data)

    def flush(self) -> None:
        self.stream.flush()

"""Verification: a product read back and compared with its manifest and index."""

import hashlib
import tarfile
from pathlib import Path

from twinband.core.errors import InputError
from twinband.shards.product import MANIFEST, read_index, read_manifest
from twinband.shards.write import KEY_PATTERN


def verify_product(folder: Path, source: Path | None = None) -> list[str]:
    """List what is wrong with a product; nothing if all is well.

    Checks the shards' sizes, checksums and counts, that the manifest and the shards hold the
    same keys at the same places, and, if ``source`` is given, that every sample of that product
    has a row here.
    """
    try:
        index, table = read_index(folder), read_manifest(folder)
    except InputError as error:
        return [str(error)]
    problems = []
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    if digest != index["manifest_sha256"]:
        problems.append(f"{folder / MANIFEST}: not the file of the index (SHA-256 differs)")
    keys = table["key"].to_pylist()
    if len(set(keys)) != len(keys) or keys != sorted(keys):
        problems.append(f"{folder}: the manifest's keys are not unique and in order")
    problems += [f"{folder}: malformed key {k!r}" for k in keys if not KEY_PATTERN.fullmatch(k)]
    expected: dict[int, list[tuple[int, str]]] = {}
    for row in table.select(["key", "status", "shard", "offset"]).to_pylist():
        if row["status"] == "ok":
            expected.setdefault(row["shard"], []).append((row["offset"], row["key"]))
        elif row["shard"] != -1:
            problems.append(f"{folder}: {row['key']} is {row['status']} but stands in a shard")
    for number, entry in enumerate(index["shardlist"]):
        problems += _verify_shard(folder / entry["url"], entry, sorted(expected.pop(number, [])))
    problems += [f"{folder}: the manifest names shard {n}, which is not there" for n in expected]
    return problems + (_verify_source(folder, set(keys), source) if source else [])


def _verify_shard(path: Path, entry: dict[str, object], rows: list[tuple[int, str]]) -> list[str]:
    if not path.is_file():
        return [f"{path}: missing"]
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "md5").hexdigest()
    if path.stat().st_size != entry["filesize"] or digest != entry["md5sum"]:
        return [f"{path}: not the file of the index (size or MD5 differs)"]
    samples: list[tuple[int, str]] = []
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            key = member.name.partition(".")[0]
            if not samples or samples[-1][1] != key:
                samples.append((member.offset, key))
    if len(samples) != entry["nsamples"]:
        return [f"{path}: holds {len(samples)} samples, the index says {entry['nsamples']}"]
    if differing := sorted({key for _, key in set(samples) ^ set(rows)}):
        return [
            f"{path}: {len(differing)} samples do not stand where the manifest says "
            f"({', '.join(differing[:5])})"
        ]
    return []


def _verify_source(folder: Path, keys: set[str], source: Path) -> list[str]:
    table = read_manifest(source, ["key", "status"])
    wanted = [row["key"] for row in table.to_pylist() if row["status"] == "ok"]
    missing = sorted(set(wanted) - keys)
    if not missing:
        return []
    return [f"{folder}: {len(missing)} samples of {source} have no row ({', '.join(missing[:5])})"]

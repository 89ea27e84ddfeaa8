"""What a step's unfinished work is filed under: anything that would make it stale changes it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def fingerprint(params: Mapping[str, Any], inputs: Iterable[Path], code: Iterable[Path]) -> str:
    """16 hexadecimal digits over parameters, the content of inputs, and the code."""
    whole = hashlib.sha256(json.dumps(params, sort_keys=True).encode())
    for path in [*inputs, *code]:
        whole.update(f"{path.name}\0{content_digest(path)}\0".encode())
    return whole.hexdigest()[:16]


def content_digest(path: Path) -> str:
    """SHA-256 of a file, of a product (by its index and manifest), or of a folder's files."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    files = [path / "index.json", path / "manifest.parquet"]
    if not all(file.is_file() for file in files):
        files = sorted(p for p in path.rglob("*") if p.is_file() and p.name != ".gitignore")
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(path).as_posix()}\0{content_digest(file)}\0".encode())
    return whole.hexdigest()

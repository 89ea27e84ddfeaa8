import hashlib
import json
from pathlib import Path

import pytest

from twinband.annotators.cache import LabelCache

SHA = "ab" * 32
FIELDS = {"masks.json": b'{"masks":[]}\nmore', "empty": b"", "depth.png": bytes(range(256))}


@pytest.fixture
def cache(tmp_path: Path) -> LabelCache:
    cache = LabelCache(tmp_path)
    cache.put(SHA, FIELDS)
    return cache


def test_there_and_back(cache: LabelCache, tmp_path: Path) -> None:
    assert cache.get(SHA) == FIELDS
    assert list(cache.get(SHA) or {}) == list(FIELDS)
    assert cache.get("cd" * 32) is None
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [f"{SHA}.label"]
    cache.put(SHA, {"other": b"new"})
    assert cache.get(SHA) == {"other": b"new"}


def test_no_part_of_a_file_is_believed(cache: LabelCache) -> None:
    path = cache.path_of(SHA)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert cache.get(SHA) is None, length
    path.write_bytes(whole + b"x")
    assert cache.get(SHA) is None


def test_no_changed_byte_is_believed(cache: LabelCache) -> None:
    path = cache.path_of(SHA)
    whole = path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert cache.get(SHA) in (None, FIELDS), place  # a changed space changes nothing


@pytest.mark.parametrize("head", ["", "[]", "1", "{}", '{"fields": [1], "sha256": ""}', "\xff"])
def test_other_files_are_not_believed(cache: LabelCache, head: str) -> None:
    cache.path_of(SHA).write_bytes(head.encode("latin1") + b"\n")
    assert cache.get(SHA) is None


def test_sizes_must_fit_even_if_the_digest_does(cache: LabelCache) -> None:
    sizes = {"a": 2}
    digest = hashlib.sha256(json.dumps(sizes).encode() + b"abc").hexdigest()
    head = json.dumps({"fields": sizes, "sha256": digest}).encode()
    cache.path_of(SHA).write_bytes(head + b"\nabc")
    assert cache.get(SHA) is None

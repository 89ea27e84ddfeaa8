"""A product that follows another: same keys, same shards, absences recorded."""

from pathlib import Path

import pytest

from tests.unit.shards.products import NOTE, two_shards, write_product
from twinband.shards.follow import write_following
from twinband.shards.join import open_products
from twinband.shards.manifest import read_manifest
from twinband.shards.verify import verify


def follow(tmp_path: Path, keys: list[str]) -> Path:
    write_product(tmp_path / "pairs", two_shards())
    write_following(
        tmp_path / "pairs",
        tmp_path / "out",
        product="predictions",
        samples={key: ({"json": f'"{key}"'.encode()}, {"note": key}) for key in keys},
        columns=NOTE,
        absent="not_tested",
        card="# x\n",
    )
    return tmp_path / "out"


def test_it_joins_with_what_it_follows(tmp_path: Path) -> None:
    out = follow(tmp_path, ["f", "b", "c"])
    assert verify(out, tmp_path / "pairs") == []
    dataset = open_products({"pairs": tmp_path / "pairs", "predictions": out})
    said = {item["key"]: item["predictions"] for item in dataset}
    assert said == {
        "a": None,
        "b": {"json": "b"},
        "c": {"json": "c"},
        "e": None,
        "f": {"json": "f"},
    }
    reasons = dict(zip(*read_manifest(out, ["key", "reason"]).to_pydict().values(), strict=True))
    assert reasons == {"a": "not_tested", "b": "", "c": "", "e": "not_tested", "f": ""}
    assert sorted(path.name for path in out.iterdir()) == [
        *["README.md", "index.json", "manifest.parquet", "shard-000000.tar", "shard-000001.tar"]
    ]


@pytest.mark.parametrize("key", ["d", "nobody"])
def test_samples_that_the_source_lacks_are_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        follow(tmp_path, ["a", key])

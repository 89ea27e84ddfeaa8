"""Which of several copies goes."""

from typing import Any

import pyarrow as pa
import pytest

from twinband.ingest.duplicates import Duplicate, find_duplicates

SCHEMA = pa.schema(
    [
        *[pa.field(n, pa.string()) for n in ("key", "status", "split", "split_source", "group")],
        *[pa.field(n, pa.string()) for n in ("rgb_sha256", "thermal_sha256")],
        *[pa.field(n, pa.uint64()) for n in ("rgb_hash", "thermal_hash")],
        *[pa.field(n, pa.binary(256)) for n in ("rgb_thumbnail", "thermal_thumbnail")],
    ]
)


def row(key: str, sha: str, hash: int, level: int = 50, **changes: Any) -> dict[str, Any]:
    """A usable train pair; ``hash`` is that of both images, ``level`` fills the thumbnails."""
    return {
        "key": key,
        "status": "ok",
        "split": "train",
        "split_source": "hash",
        "group": key,
        "rgb_sha256": sha,
        "thermal_sha256": f"thermal of {sha}",
        "rgb_hash": hash,
        "thermal_hash": hash,
        "rgb_thumbnail": bytes([level]) * 256,
        "thermal_thumbnail": bytes([level]) * 256,
        **changes,
    }


def found(*rows: dict[str, Any], max_bits: int = 4) -> dict[str, tuple[str, str]]:
    duplicates = find_duplicates(pa.Table.from_pylist(list(rows), SCHEMA), max_bits)
    return {key: (copy.of, copy.kind) for key, copy in duplicates.items()}


FAR = 0xFFFF_0000_FFFF


def test_equal_bytes_are_exact_and_the_first_key_stays() -> None:
    assert found(row("b", "x", 0), row("a", "x", FAR), row("c", "y", 7 << 40)) == {
        "b": ("a", "exact")
    }


def test_one_equal_image_is_not_enough() -> None:
    other = row("b", "x", FAR, thermal_sha256="another")
    assert found(row("a", "x", 0), other) == {}


@pytest.mark.parametrize(("max_bits", "gone"), [(3, False), (4, True), (-1, False)])
def test_near_counts_the_bits_of_both_images(max_bits: int, gone: bool) -> None:
    table = pa.Table.from_pylist([row("a", "x", 0), row("b", "y", 0b11)], SCHEMA)
    wanted = {"b": Duplicate("a", "near", 4)} if gone else {}
    assert find_duplicates(table, max_bits) == wanted


def test_near_needs_thumbnails_that_agree() -> None:
    assert found(row("a", "x", 0, level=50), row("b", "y", 0, level=90)) == {}


def test_the_test_pair_stays_then_val_then_train() -> None:
    rows = [
        row("a", "x", 0, split="train"),
        row("b", "x", 0, split="val"),
        row("c", "x", 0, split="test"),
    ]
    assert found(*rows) == {"a": ("c", "exact"), "b": ("c", "exact")}
    assert found(*rows[:2]) == {"a": ("b", "exact")}


@pytest.mark.parametrize("split", ["test", "val"])
@pytest.mark.parametrize("sha", ["x", "y"])
def test_what_the_layout_evaluates_on_is_never_taken_out(split: str, sha: str) -> None:
    named: dict[str, Any] = {"split": split, "split_source": "layout"}
    assert found(row("a", "x", 0, **named), row("b", sha, 1, **named)) == {}
    kind = "exact" if sha == "x" else "near"
    assert found(row("a", sha, 1), row("b", "x", 0, **named)) == {"a": ("b", kind)}


def test_near_neighbours_of_one_group_stay_and_exact_copies_go() -> None:
    same: dict[str, Any] = {"group": "walk"}
    assert found(row("a", "x", 0, **same), row("b", "y", 1, **same)) == {}
    assert found(row("a", "x", 0, **same), row("b", "x", 0, **same)) == {"b": ("a", "exact")}


def test_a_copy_of_a_copy_stays_if_it_is_far_from_what_stays() -> None:
    chain = [row("a", "x", 0), row("b", "y", 0b11), row("c", "z", 0b1111)]
    assert found(*chain) == {"b": ("a", "near")}


def test_what_it_is_a_copy_of_is_what_stays() -> None:
    copies = [row("a", "x", 0), row("b", "y", 1), row("c", "y", 1)]  # c equals b, b is near a
    assert found(*copies) == {"b": ("a", "near"), "c": ("a", "near")}


def test_only_usable_pairs_count() -> None:
    bad = row("a", "x", 0, status="quarantined")
    assert found(bad, row("b", "x", 0)) == {}
    assert found(bad) == {} == found()


def test_many_copies_of_one_image_leave_one() -> None:
    rows = [row(f"k{n:04d}", f"sha-{n}", 0) for n in range(1500)]
    gone = found(*rows)
    assert len(gone) == 1499 and set(gone.values()) == {("k0000", "near")}

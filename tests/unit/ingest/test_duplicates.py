"""Duplicates: images recognised as copies, and the copy that goes."""

from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from tests.made.raw_pairs import encoded, scene
from twinband.core.images import decode
from twinband.ingest import duplicates
from twinband.ingest.duplicates import (
    Duplicate,
    close_pairs,
    find_duplicates,
    impression_of,
    same_everywhere,
)

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


def bits_apart(one: NDArray[Any], other: NDArray[Any]) -> int:
    return (impression_of(one).hash ^ impression_of(other).hash).bit_count()


def agree(one: NDArray[Any], other: NDArray[Any]) -> bool:
    thumbnails = [np.frombuffer(impression_of(i).thumbnail, np.uint8) for i in (one, other)]
    return bool(same_everywhere(np.stack(thumbnails), np.array([0]), np.array([1]))[0])


@pytest.mark.parametrize("seed", range(8))
def test_copies_stay_close(seed: int) -> None:
    grey = scene(seed)[1]
    jpeg = decode(encoded(grey, quality=60), "x").pixels
    smaller = cv2.resize(grey, (58, 43), interpolation=cv2.INTER_AREA)
    larger = cv2.resize(grey, (128, 96), interpolation=cv2.INTER_LINEAR)
    for copy in (jpeg, smaller, larger):
        assert bits_apart(grey, copy) <= 4 and agree(grey, copy)


def test_different_scenes_lie_apart() -> None:
    apart = [bits_apart(scene(i)[1], scene(j)[1]) for i in range(12) for j in range(i)]
    assert min(apart) > 8
    assert not agree(scene(1)[1], scene(2)[1])


def test_another_person_in_the_same_street_is_not_the_same_everywhere() -> None:
    street = scene(4)[1] // 2
    person = street.copy()
    person[20:32, 30:36] = 250
    assert not agree(street, person)
    assert agree(street, np.clip(street.astype(int) + 3, 0, 255).astype(np.uint8))


def test_flat_images_have_the_hash_zero_and_their_level() -> None:
    for level in (0, 90):
        flat = impression_of(np.full((40, 40), level, np.uint8))
        assert flat.hash == 0 and flat.thumbnail == bytes([level]) * 256
    assert impression_of(np.full((40, 40), 9000, np.uint16)).hash == 0
    assert not agree(np.zeros((40, 40), np.uint8), np.full((40, 40), 90, np.uint8))


def test_sixteen_bits_are_hashed_by_their_own_range() -> None:
    grey = scene(5)[1]
    deep = 7000 + grey.astype(np.uint16) * 2
    assert bits_apart(grey, deep) <= 2
    assert impression_of(deep).thumbnail == impression_of(deep + np.uint16(500)).thumbnail


@pytest.mark.parametrize("most_found", [1 << 22, 50, 0])
@pytest.mark.parametrize("blocks", [(512, 16384), (3, 4), (1, 1), (7, 5), (40, 3)])
def test_close_pairs_are_those_of_brute_force(
    monkeypatch: pytest.MonkeyPatch, blocks: tuple[int, int], most_found: int
) -> None:
    monkeypatch.setattr(duplicates, "BLOCK_ROWS", blocks[0])
    monkeypatch.setattr(duplicates, "BLOCK_COLUMNS", blocks[1])
    monkeypatch.setattr(duplicates, "MOST_FOUND", most_found)
    gone = np.zeros(40, np.bool_)
    gone[[4, 17]] = True
    random = np.random.default_rng(3)
    values = random.integers(0, 1 << 63, (40, 2), dtype=np.uint64)
    for copy, original in ((5, 2), (6, 2), (39, 0), (13, 12), (21, 20)):  # few bits flipped
        values[copy] = values[original] ^ random.integers(0, 4, 2, dtype=np.uint64)
    values[30] = values[31]
    for most in (0, 2, 4, 60):
        expected = [
            (i, j)
            for i in range(40)
            for j in range(i + 1, 40)
            if not gone[[i, j]].any()
            and sum(int(a ^ b).bit_count() for a, b in zip(values[i], values[j], strict=True))
            <= most
        ]
        found = [
            (int(i), int(j))
            for firsts, seconds in close_pairs(values, most, gone)
            for i, j in zip(firsts, seconds, strict=True)
        ]
        assert found == expected
        assert len(expected) >= 1


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_for_a_pair(count: int) -> None:
    nothing = np.zeros((count, 2), np.uint64)
    found = list(close_pairs(nothing, 6, np.zeros(count, np.bool_)))
    assert sum(len(firsts) for firsts, _ in found) == 0


def test_frames_of_a_covered_lens_need_neither_memory_nor_time() -> None:
    """All alike: each first one takes out all others, so that few pairs are ever looked at."""
    count = 50_000
    gone = np.zeros(count, np.bool_)
    held = []
    for firsts, seconds in close_pairs(np.zeros((count, 2), np.uint64), 6, gone):
        held.append(len(firsts))
        gone[seconds] = True
    assert sum(held) == max(held) and count - 1 <= max(held) <= duplicates.MOST_FOUND
    assert np.flatnonzero(~gone).tolist() == [0]


def test_absent_thermal_images_are_alike() -> None:
    nothing: dict[str, Any] = {
        "thermal_sha256": "",
        "thermal_hash": None,
        "thermal_thumbnail": None,
    }
    rows = [
        row("a", "1", 0b1111, **nothing),
        row("b", "1", 0b1111, **nothing),
        row("c", "2", 0b1110, **nothing),
        row("d", "3", 0b1110, 200, **nothing),
        row("e", "4", 0xFFFF_FFFF, **nothing),
    ]
    found = find_duplicates(pa.Table.from_pylist(rows, SCHEMA), 6)
    assert found == {"b": Duplicate("a", "exact", 0), "c": Duplicate("a", "near", 1)}

"""Recognising copies of images."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.raw_pairs import encoded, scene
from twinband.images import decode
from twinband.ingest import hashes
from twinband.ingest.hashes import close_pairs, impression_of, same_everywhere


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


@pytest.mark.parametrize("blocks", [(512, 16384), (3, 4), (1, 1), (7, 5), (40, 3)])
def test_close_pairs_are_those_of_brute_force(
    monkeypatch: pytest.MonkeyPatch, blocks: tuple[int, int]
) -> None:
    monkeypatch.setattr(hashes, "BLOCK_ROWS", blocks[0])
    monkeypatch.setattr(hashes, "BLOCK_COLUMNS", blocks[1])
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
            if sum(int(a ^ b).bit_count() for a, b in zip(values[i], values[j], strict=True))
            <= most
        ]
        found = [
            (int(i), int(j))
            for firsts, seconds in close_pairs(values, most)
            for i, j in zip(firsts, seconds, strict=True)
        ]
        assert found == expected
        assert len(expected) >= 1


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_for_a_pair(count: int) -> None:
    found = list(close_pairs(np.zeros((count, 2), np.uint64), 6))
    assert sum(len(firsts) for firsts, _ in found) == 0

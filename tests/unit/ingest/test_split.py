"""Shard and split depend on the group's own name, and on nothing else."""

from collections import Counter

import pytest

from twinband.ingest.split import shard_of, split_of
from twinband.params.ingest import SplitFractions


def test_known_groups_stay_where_they_always_were() -> None:
    """These values are in every dataset made so far: changing them moves every pair."""
    fractions = SplitFractions(train=0.6, val=0.2, test=0.2)
    names = ["set00/V000", "set00/V001", "set01/V000", "p002"]
    assert [shard_of(name, 8) for name in names] == [4, 3, 7, 6]
    assert [split_of(name, fractions, 0) for name in names] == ["train", "train", "val", "val"]


def test_shares_are_those_asked_for() -> None:
    fractions = SplitFractions(train=0.7, val=0.1, test=0.2)
    names = [f"group-{number}" for number in range(4000)]
    counts = Counter(split_of(name, fractions, 1) for name in names)
    for split, share in (("train", 0.7), ("val", 0.1), ("test", 0.2)):
        assert counts[split] / 4000 == pytest.approx(share, abs=0.03)
    shards = Counter(shard_of(name, 5) for name in names)
    assert set(shards) == set(range(5)) and max(shards.values()) < 1.2 * min(shards.values())


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_whole_share_takes_all(split: str) -> None:
    all_in_one = {name: float(name == split) for name in ("train", "val", "test")}
    fractions = SplitFractions(**all_in_one)
    assert {split_of(str(n), fractions, 0) for n in range(200)} == {split}


def test_another_seed_gives_another_split() -> None:
    fractions = SplitFractions(train=0.5, val=0.25, test=0.25)
    splits = [[split_of(str(n), fractions, seed) for n in range(100)] for seed in (0, 1)]
    assert splits[0] != splits[1]

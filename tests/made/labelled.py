"""Small datasets, and labelling their images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.made.cmss import At, pair, write_dataset
from tests.made.diary import Diary
from tests.made.raw_pairs import RUNTIME
from tests.made.registered_pairs import Made
from twinband.core.params import Runtime
from twinband.labels.fill import ImageLabel, fill_cache

WITHOUT = {"aligned": False, "on_failure": "single_modality"}


def pairs_of(seeds: Sequence[int]) -> dict[str, At]:
    """A pair a seed, ``p003`` of seed 3."""
    return {f"p{seed:03d}": pair(seed, ("day", "night")[seed % 2]) for seed in seeds}


def write_pairs(base: Path, *shards: Sequence[int]) -> Path:
    """Products of pairs and their registration, each shard from its seeds; returns ``base``."""
    write_dataset(base, *(pairs_of(seeds) for seeds in shards))
    return base


def same_thermal(seed: int, other: int) -> At:
    """The pair of a seed, with the thermal image of another one."""
    own, others = pair(seed), pair(other)
    return At(Made(own.made.rgb, others.made.thermal))


def without_thermal(seed: int) -> At:
    """The pair of a seed, with a thermal image that shows nothing, so that under the policy
    ``WITHOUT`` it counts as absent."""
    made = pair(seed).made
    return At(Made(made.rgb, np.full_like(made.thermal, 90)))


def fill(
    base: Path, diary: Diary, keys: Sequence[str], rule: str = "both", runtime: Runtime = RUNTIME
) -> list[ImageLabel]:
    """Fill the cache beside the diary with labels of the pairs in ``base``."""
    return fill_cache(
        base / "pairs",
        base / "registered",
        keys,
        rule,
        diary,
        diary.path.parent / "cache",
        runtime,
        lambda done, total: None,
    )

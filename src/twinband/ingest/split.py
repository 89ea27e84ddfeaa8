"""Which shard and which split a pair belongs to: functions of its own group's name only.

So nothing moves when a dataset grows, and a sequence is never torn apart.
"""

import hashlib

from twinband.params.ingest import SplitFractions


def shard_of(group: str, shards: int) -> int:
    """The shard of a group, in ``[0, shards)``."""
    return _hash(group) % shards


def split_of(group: str, fractions: SplitFractions, seed: int) -> str:
    """The split of a group where its layout names none."""
    position = _hash(f"{seed}/{group}") / 2**64
    if position < fractions.train:
        return "train"
    return "val" if position < fractions.train + fractions.val else "test"


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

"""From a pair's name in its dataset to its key in every shard."""

import hashlib
import re


def key_of(name: str) -> str:
    """The key: ``[a-z0-9_-]+``, no dots (WebDataset cuts keys at the first one).

    Capitals are lowered and ``/`` becomes ``-``. Whatever else must be replaced adds six
    hexadecimal digits of the name's hash, so that a key depends on its own name only and stays
    when the dataset grows.
    """
    plain = name.lower().replace("/", "-")
    slug = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-") or "pair"
    if slug == plain:
        return slug
    return f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def natural_order(name: str) -> list[str | int]:
    """A sort key by which ``2.jpg`` comes before ``10.jpg``."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]

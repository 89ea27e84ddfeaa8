"""Protocol of the dataset that a benchmark scores on, as the stage ``ingest`` wrote it down."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinband.core.errors import MALFORMED, InputError
from twinband.shards.product import remedy

FILE = "protocol.json"  # in the folder of the product `pairs`
KEY = "protocol"  # among the facts of a benchmark
# Counts and hashes behind them stand in facts/ingest.
BESIDE = ("fingerprint", "release", "expected")  # which the fingerprint is not made of
NAMED = ("fingerprint", "split_source", "annotations", "release")


def dataset_protocol(pairs: Path) -> dict[str, Any]:
    """Read by which protocol the product ``pairs`` was ingested.

    Raises:
        InputError: it does not say so.
    """
    path = pairs / FILE
    try:
        found = json.loads(path.read_bytes())
        named = {name: str(found[name]) for name in NAMED}
        if found["fingerprint"] != _fingerprint(found) or found["release"] not in _known(found):
            raise ValueError("its fingerprint is not that of its content")
    except (OSError, *MALFORMED) as error:
        raise InputError(f"{path} cannot be read ({error!r}). {remedy(pairs)}") from None
    return {"dataset": pairs.name, **{name: text for name, text in named.items() if text}}


def _fingerprint(found: Mapping[str, Any]) -> str:
    """Hash what a protocol says, as ``ingest.protocol`` does: a damaged file is not believed."""
    parts = {name: value for name, value in found.items() if name not in BESIDE}
    data = json.dumps(parts, sort_keys=True).encode() + b"\n"
    return hashlib.sha256(data).hexdigest()[: len(found["fingerprint"])]


def _known(found: Mapping[str, Any]) -> list[str]:
    return ["", *found["expected"]]

"""Protocol of the dataset that a benchmark scores on, as the stage ``ingest`` wrote it down."""

import json
from pathlib import Path
from typing import Any

from twinband.core.errors import InputError
from twinband.shards.product import remedy

FILE = "protocol.json"  # in the folder of the product `pairs`
KEY = "protocol"  # among the facts of a benchmark
# Counts and hashes behind them stand in facts/ingest.
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
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error!r}). {remedy(pairs)}") from None
    return {"dataset": pairs.name, **{name: text for name, text in named.items() if text}}

"""From the bytes of a shard's members to arrays.

webdataset's own ``rgb8`` decoder turns one-channel thermal into three channels and 16 bits into
8; this one keeps what was stored.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from twinband import images


def decode_field(field: str, data: bytes) -> tuple[str, Any]:
    """Name and value of a member by its field (what follows the key's dot).

    ``rgb.*`` gives ``H,W,3`` uint8; ``thermal.*`` ``H,W`` uint8 or uint16; other images their
    pixels as stored; ``json`` the parsed value; ``npy`` the array.

    Raises:
        ValueError: a suffix that nothing decodes.
    """
    name, _, suffix = field.rpartition(".")
    name = name or suffix
    if suffix == "json":
        return name, json.loads(data)
    if suffix == "npy":
        return name, np.load(io.BytesIO(data), allow_pickle=False)
    if suffix in ("jpg", "png", "tif", "bmp"):
        decoded = images.decode(data, field)
        if name == "rgb":
            return name, images.as_rgb(decoded, field)
        return name, images.as_thermal(decoded, field) if name == "thermal" else decoded.pixels
    raise ValueError(f"no decoder for the field {field!r}")


def decode_fields(fields: Mapping[str, bytes]) -> dict[str, Any]:
    """All members of one sample, decoded."""
    return dict(decode_field(field, data) for field, data in fields.items())

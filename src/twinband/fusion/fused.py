"""Fused images of a dataset as a product in shards."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twinband.core.images import encode_png
from twinband.core.thermal import to_eight_bits
from twinband.fusion.interface import Fusion
from twinband.fusion.pictures import fused_sheet
from twinband.shards.product import markdown_card, product_id, write_following
from twinband.shards.read import Dataset
from twinband.shards.registered import RegisteredPair, registered_pair

PRODUCT = "fused"
COLUMNS = [pa.field("method", pa.string())]
SHOWN = 6  # pairs on a sheet


def fused_pairs(
    fusion: Fusion, pairs: Dataset
) -> Iterator[tuple[str, RegisteredPair, NDArray[np.uint8]]]:
    """Fuse registered pairs; yields key, pair and ``H,W,3``."""
    for row in range(len(pairs)):
        sample = pairs[row]
        pair = registered_pair(sample)
        yield sample["key"], pair, fusion.fuse(pair.rgb, pair.thermal)


def write_fused(
    fusion: Fusion,
    method: str,
    pairs: Dataset,
    source: Path,
    out: Path,
    *,
    progress: Callable[[int, int], None],
) -> tuple[str, bytes]:
    """Fuse all of ``pairs`` and write the product ``fused`` beside the product ``source``.

    Returns:
        The product's identity, and a sheet of some pairs: visible, infrared, fused.
    """
    samples: dict[str, tuple[Mapping[str, bytes], Mapping[str, Any]]] = {}
    rows: list[list[NDArray[np.uint8]]] = []
    every = max(1, len(pairs) // SHOWN)
    for number, (key, pair, image) in enumerate(fused_pairs(fusion, pairs)):
        samples[key] = ({"fused.png": encode_png(image)}, {"method": method})
        if number % every == 0 and len(rows) < SHOWN:
            infrared = fusion_input(pair.thermal)
            rows.append([pair.rgb, infrared, image])
        progress(number + 1, len(pairs))
    card = markdown_card(
        f"{source.name}: fused images by {method}",
        ["rgb-thermal", "image-fusion"],
        "One RGB image a registered pair (`fused.png`), on the grid of its RGB image.",
    )
    write_following(
        source,
        out,
        product=PRODUCT,
        samples=samples,
        columns=COLUMNS,
        absent="not_fused",
        card=card,
    )
    return product_id(out), fused_sheet(rows)


def fusion_input(thermal: NDArray[Any]) -> NDArray[np.uint8]:
    """Show a thermal image ``H,W`` as methods of fusion see it: ``H,W,3`` of 8 bits."""
    return np.repeat(to_eight_bits(thermal)[..., None], 3, 2)

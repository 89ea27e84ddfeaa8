"""Check of one pair, and its members in a shard."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twinband.core.errors import BadSample
from twinband.ingest.duplicates import THUMBNAIL_SIDE, impression_of
from twinband.ingest.label_forms.label_image import LabelImage
from twinband.ingest.labels import read_labels
from twinband.ingest.layout import Encoded, Entry, Layout
from twinband.ingest.notes import Notes
from twinband.ingest.pair_images import PairImage, open_rgb, open_thermal, sizes_of

MIN_SIDE_PX = 16
RATIO_TOLERANCE = 0.25  # beyond it, the two images can hardly show one scene

# Columns of the manifest of `pairs` beyond those of every product.
COLUMNS = [
    pa.field("name", pa.string()),
    pa.field("split", pa.string()),
    pa.field("split_source", pa.string()),
    pa.field("group", pa.string()),
    pa.field("frame", pa.int64()),
    pa.field("hour", pa.string()),
    pa.field("attributes", pa.map_(pa.string(), pa.string())),
    pa.field("labels", pa.list_(pa.string())),
    pa.field("notes", pa.list_(pa.string())),
    pa.field("licence", pa.string()),
    *[
        pa.field(f"{modality}_{name}", kind)
        for modality in ("rgb", "thermal")
        for name, kind in (
            ("path", pa.string()),
            ("sha256", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("channels", pa.int32()),
            ("bits", pa.int32()),
            ("hash", pa.uint64()),
            ("thumbnail", pa.binary(THUMBNAIL_SIDE**2)),
        )
    ],
]


@dataclass(frozen=True, slots=True)
class Checked:
    """A pair that may be used: its shard members by field, its manifest row, and its notes."""

    fields: Mapping[str, bytes]
    row: Mapping[str, Any]
    notes: Mapping[str, str]


def check_pair(layout: Layout, entry: Entry) -> Checked:
    """Decode every file of a pair and describe it.

    JPEG and PNG bytes are kept as they are; other formats become PNG, pixel for pixel, and so does
    what had to be turned or freed of a tint.

    Raises:
        BadSample: with the reason why the pair cannot be used.
    """
    notes = Notes(layout.options.strict_labels)
    raw = layout.load(entry)
    rgb = open_rgb(layout, raw, notes)
    thermal = open_thermal(layout, raw, notes)
    _check_sizes(rgb.pixels, thermal.pixels, raw.rgb.path, notes)
    labels = read_labels(layout, entry, sizes_of(rgb.pixels, thermal.pixels), notes)
    label_images = {name: v for name, v in labels.items() if isinstance(v, LabelImage)}
    row = {
        "labels": sorted(labels),
        "notes": notes.words(),
        "detail": notes.detail(),
        **_image_columns("rgb", raw.rgb, rgb),
        **_image_columns("thermal", raw.thermal, thermal),
    }
    info = {
        "name": entry.name,
        "attributes": dict(entry.attributes),
        "thermal": _described(thermal, layout),
        "labels": {name: v for name, v in labels.items() if name not in label_images},
    }
    fields = {
        f"rgb.{rgb.suffix}": rgb.data,
        f"thermal.{thermal.suffix}": thermal.data,
        **{f"{name}.png": image.png for name, image in label_images.items()},
        "json": json.dumps(info, sort_keys=True, ensure_ascii=False).encode(),
    }
    return Checked(fields, row, notes.cases)


def _described(thermal: PairImage, layout: Layout) -> dict[str, Any]:
    """Describe the counts of a thermal image: bits, scale, and the count that marks no data."""
    described = {
        "bits": _used_bits(thermal.pixels),
        "radiometry": thermal.radiometry or layout.radiometry(),
    }
    return described if thermal.no_data is None else {**described, "no_data": thermal.no_data}


def _used_bits(pixels: NDArray[np.generic]) -> int:
    """Tell 8, 14 or 16: FLIR cameras put 14 bits into 16."""
    if pixels.dtype == np.uint8:
        return 8
    return 14 if int(pixels.max()) < 1 << 14 else 16


def _check_sizes(
    rgb: NDArray[np.uint8], thermal: NDArray[np.generic], path: str, notes: Notes
) -> None:
    (rgb_height, rgb_width), (height, width) = rgb.shape[:2], thermal.shape[:2]
    if min(rgb_height, rgb_width, height, width) < MIN_SIDE_PX:
        raise BadSample("too_small", f"{path}: a side has fewer than {MIN_SIDE_PX} px")
    if (rgb_height, rgb_width) != (height, width):
        notes.add("sizes_differ")
        ratio = (rgb_width / rgb_height) / (width / height)
        if abs(np.log(ratio)) > np.log1p(RATIO_TOLERANCE):
            notes.add("aspect_ratios_differ")


def _image_columns(modality: str, image: Encoded, opened: PairImage) -> dict[str, Any]:
    pixels, stored = opened.pixels, opened.stored
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    impression = impression_of(grey)
    values = {
        "path": image.path,
        "sha256": hashlib.sha256(image.data).hexdigest(),
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "channels": stored.channels,
        "bits": stored.bits if stored.bits == 8 else _used_bits(pixels),
        "hash": impression.hash,
        "thumbnail": impression.thumbnail,
    }
    return {f"{modality}_{name}": value for name, value in values.items()}

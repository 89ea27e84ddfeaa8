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

from twinband.core import images
from twinband.core.errors import BadSample
from twinband.ingest.duplicates import THUMBNAIL_SIDE, impression_of
from twinband.ingest.layout import Encoded, Entry, Layout

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
    """A pair that may be used: its shard members by field, and its manifest row."""

    fields: Mapping[str, bytes]
    row: Mapping[str, Any]


def check_pair(layout: Layout, entry: Entry) -> Checked:
    """Decode every file of a pair and describe it.

    JPEG and PNG bytes are kept as they are; other formats become PNG, pixel for pixel.

    Raises:
        BadSample: with the reason why the pair cannot be used.
    """
    raw = layout.load(entry)
    rgb = layout.decoded(raw.rgb)
    rgb_pixels = images.as_rgb(rgb, raw.rgb.path)
    thermal = layout.decoded(raw.thermal)
    thermal_pixels = images.as_thermal(thermal, raw.thermal.path)
    notes = _notes(rgb, thermal)
    _check_sizes(rgb_pixels, thermal_pixels, raw.rgb.path, notes)
    image_fields, json_labels = _labels(layout, raw.labels, rgb_pixels, thermal_pixels)
    row = {
        "labels": sorted([*image_fields, *json_labels]),
        "notes": sorted(notes),
        **_image_columns("rgb", raw.rgb, rgb, rgb_pixels),
        **_image_columns("thermal", raw.thermal, thermal, thermal_pixels),
    }
    info = {
        "name": entry.name,
        "attributes": dict(entry.attributes),
        "thermal": {"bits": _used_bits(thermal_pixels), "radiometry": layout.radiometry()},
        "labels": json_labels,
    }
    fields = dict(
        [
            _member("rgb", raw.rgb, rgb),
            _member("thermal", raw.thermal, thermal),
            *((f"{name}.png", data) for name, data in image_fields.items()),
            ("json", json.dumps(info, sort_keys=True, ensure_ascii=False).encode()),
        ]
    )
    return Checked(fields, row)


def _member(field: str, image: Encoded, decoded: images.Decoded) -> tuple[str, bytes]:
    suffix = {"JPEG": "jpg", "PNG": "png"}.get(decoded.format)
    if suffix:
        return f"{field}.{suffix}", image.data
    return f"{field}.png", images.encode_png(decoded.coloured)


def _used_bits(pixels: NDArray[np.generic]) -> int:
    """Tell 8, 14 or 16: FLIR cameras put 14 bits into 16."""
    if pixels.dtype == np.uint8:
        return 8
    return 14 if int(pixels.max()) < 1 << 14 else 16


def _notes(rgb: images.Decoded, thermal: images.Decoded) -> list[str]:
    notes = []
    if rgb.channels == 1:
        notes.append("rgb_one_channel")
    if thermal.channels > 1:
        notes.append("thermal_three_channels")
    notes += [
        f"{name}_exif_orientation"
        for name, image in (("rgb", rgb), ("thermal", thermal))
        if image.orientation != 1
    ]
    return notes


def _check_sizes(
    rgb: NDArray[np.uint8], thermal: NDArray[np.generic], path: str, notes: list[str]
) -> None:
    (rgb_height, rgb_width), (height, width) = rgb.shape[:2], thermal.shape[:2]
    if min(rgb_height, rgb_width, height, width) < MIN_SIDE_PX:
        raise BadSample("too_small", f"{path}: a side has fewer than {MIN_SIDE_PX} px")
    if (rgb_height, rgb_width) != (height, width):
        notes.append("sizes_differ")
        ratio = (rgb_width / rgb_height) / (width / height)
        if abs(np.log(ratio)) > np.log1p(RATIO_TOLERANCE):
            notes.append("aspect_ratios_differ")


def _image_columns(
    modality: str, image: Encoded, decoded: images.Decoded, pixels: NDArray[np.generic]
) -> dict[str, Any]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    impression = impression_of(grey)
    values = {
        "path": image.path,
        "sha256": hashlib.sha256(image.data).hexdigest(),
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "channels": decoded.channels,
        "bits": decoded.bits if decoded.bits == 8 else _used_bits(pixels),
        "hash": impression.hash,
        "thumbnail": impression.thumbnail,
    }
    return {f"{modality}_{name}": value for name, value in values.items()}


def _labels(
    layout: Layout,
    labels: Mapping[str, Any],
    rgb: NDArray[np.uint8],
    thermal: NDArray[np.generic],
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Encode label images as PNG, and collect the labels that go into the sample's JSON."""
    images_by_name: dict[str, bytes] = {}
    values: dict[str, Any] = {}
    for name, label in labels.items():
        if not isinstance(label, Encoded):
            values[name] = label
            continue
        decoded = layout.decoded(label)
        if decoded.pixels.shape[:2] not in (rgb.shape[:2], thermal.shape[:2]):
            raise BadSample("label_size", f"{label.path}: not of the size of either image")
        if allowed := layout.label_ids.get(name):
            odd = sorted({int(v) for v in np.unique(decoded.pixels)} - allowed)
            if odd:
                raise BadSample("odd_label_id", f"{label.path}: unknown ids {odd[:8]}")
        same = decoded.format == "PNG"
        images_by_name[name] = label.data if same else images.encode_png(decoded.pixels)
    return images_by_name, values

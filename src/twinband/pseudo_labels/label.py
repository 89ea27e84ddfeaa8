"""Labels as they are stored: PNG and JSON, and back."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.annotators.labellers._base import Depth, Label, Semantics
from twinband.errors import WorkFailed
from twinband.images import encode_png

LEVELS = np.iinfo(np.uint16).max


def encoded(label: Label) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Images and arrays of a label as fields, and what its JSON says of them.

    Raises:
        WorkFailed: the label holds numbers that are none.
    """
    return _depth(label) if isinstance(label, Depth) else _semantics(label)


def read_depth(fields: Mapping[str, Any]) -> Depth:
    """The depth of a decoded sample of the product ``depth``, off by half a level at most."""
    said = fields["json"]
    values = said["offset"] + said["scale"] * fields["depth"].astype(np.float64)
    return Depth(values.astype(np.float32), said["inverse"], said["scale_m"])


def read_semantics(fields: Mapping[str, Any], names: Sequence[str]) -> Semantics:
    """The classes of a decoded sample of the product ``semantics``.

    The confidence is the mean over the image, at every pixel.

    Args:
        names: of the product's ``classes.json``.
    """
    classes = fields["classes"]
    confidence = np.full(classes.shape, fields["json"]["confidence"], np.float32)
    top = None
    if "top_classes" in fields:
        top = fields["top_classes"], fields["top_scores"].astype(np.float32)
    return Semantics(classes, confidence, tuple(names), top)


def unit_of(depth: Depth) -> str:
    """What a value of it means."""
    if depth.scale_m is None:
        return "1 / distance" if depth.inverse else "distance, up to scale and shift"
    return f"{depth.scale_m:g} m / distance" if depth.inverse else f"{depth.scale_m:g} m"


def _depth(depth: Depth) -> tuple[dict[str, bytes], dict[str, Any]]:
    """16 bits: value = offset + scale * level, over the range of the image's own values."""
    values = _finite(depth.values)
    offset = float(values.min())
    scale = (float(values.max()) - offset) / LEVELS or 1.0  # a constant map is all offset
    levels = np.rint((values - offset) / scale).astype(np.uint16)
    said = {
        "offset": offset,
        "scale": scale,
        "inverse": depth.inverse,
        "scale_m": depth.scale_m,
        "unit": unit_of(depth),
    }
    return {"depth.png": encode_png(levels)}, said


def _semantics(label: Semantics) -> tuple[dict[str, bytes], dict[str, Any]]:
    """8 bits, or 16 if there are more than 255 classes."""
    narrow = np.uint8 if len(label.names) <= np.iinfo(np.uint8).max else np.uint16
    fields = {"classes.png": encode_png(label.classes.astype(narrow))}
    if label.top is not None:
        classes, scores = label.top
        fields["top_classes.npy"] = _npy(classes.astype(narrow))
        fields["top_scores.npy"] = _npy(_finite(scores).astype(np.float16))
    return fields, {"confidence": round(float(_finite(label.confidence).mean()), 6)}


def _finite(values: NDArray[np.floating]) -> NDArray[np.float64]:
    if not np.isfinite(values).all():
        raise WorkFailed(
            "the annotator answered with infinite or undefined numbers: its weights are broken, or"
            " are not those of this model"
        )
    return values.astype(np.float64)


def _npy(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()

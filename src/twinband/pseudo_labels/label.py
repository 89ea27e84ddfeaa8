"""Labels of an image, depth or classes: the annotator's protocol, agreement, and stored form.

Where nobody knows the truth, the agreement of two labels of one image shown otherwise is for
leaving out bad ones; 1 is full agreement. Labels are stored as PNG and JSON.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import WorkFailed
from twinband.core.images import encode_png

Kind: TypeAlias = Literal["depth", "semantics"]


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """Distances in one image.

    Attributes:
        values: ``H,W`` float32.
        inverse: the nearer, the greater.
        scale_m: a distance is ``scale_m / value`` (inverse) or ``scale_m * value`` metres; None
            if the values tell distances only up to an unknown scale and shift.
    """

    values: NDArray[np.float32]
    inverse: bool
    scale_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Semantics:
    """The class of every pixel of one image.

    Attributes:
        classes: ``H,W``, indices of ``names``.
        confidence: ``H,W`` float32 in [0, 1].
        names: of all classes.
        top: the likeliest classes ``K,H,W`` of each pixel and their scores ``K,H,W`` in [0, 1],
            best first.
    """

    classes: NDArray[np.integer]
    confidence: NDArray[np.float32]
    names: tuple[str, ...]
    top: tuple[NDArray[np.integer], NDArray[np.float32]] | None = None


Label: TypeAlias = Depth | Semantics


class Annotator(Protocol):
    """A frozen model that labels images.

    A module of ``twinband.annotators`` makes one by ``open_annotator(weights, options,
    device)``, which raises TypeError or ValueError for options that it does not take and
    InputError for weights that are not its own.
    """

    @property
    def kind(self) -> Kind:
        """The kind of its answers: ``depth`` for ``Depth``, ``semantics`` for ``Semantics``."""

    @property
    def rule(self) -> str:
        """The size at which it is shown an image, in words."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its classes, by index; none if it tells depth."""

    def labels(
        self, images: Sequence[NDArray[np.uint8]], zoom: float = 1.0
    ) -> Sequence[Depth] | Sequence[Semantics]:
        """Label each image (``H,W,3`` uint8 RGB), on the image's own grid.

        Args:
            zoom: show the images at so many times the usual size.
        """


def mirrored(label: Label) -> Label:
    """Lay the label of the mirrored image over the image itself."""
    if isinstance(label, Depth):
        return Depth(label.values[:, ::-1], label.inverse, label.scale_m)
    return Semantics(label.classes[:, ::-1], label.confidence[:, ::-1], label.names)


def consistency(label: Label, other: Label) -> float:
    """Measure how far two labels of one image agree, in [0, 1].

    Of classes the share of pixels that are equal. Of depth 1 less the mean difference, relative
    to the mean of both; if the scale is unknown, ``other`` is first brought to the same median.
    """
    if isinstance(label, Semantics) and isinstance(other, Semantics):
        return float((label.classes == other.classes).mean())
    assert isinstance(label, Depth) and isinstance(other, Depth)
    second = other.values.astype(np.float64)
    if label.scale_m is None:
        second = second * _ratio(np.median(label.values), np.median(second))
    return _agreement(label.values.astype(np.float64), second)


def _agreement(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    mean = float(np.abs(first).mean() + np.abs(second).mean()) / 2
    return max(0.0, 1 - float(np.abs(first - second).mean()) / mean) if mean else 1.0


def _ratio(first: np.floating, second: np.floating) -> float:
    return float(first / second) if first and second else 1.0


LEVELS = np.iinfo(np.uint16).max


def encoded(label: Label) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Encode images and arrays of a label as fields, and describe them in plain values.

    Raises:
        WorkFailed: the label holds numbers that are none.
    """
    return _depth(label) if isinstance(label, Depth) else _semantics(label)


def read_depth(fields: Mapping[str, Any]) -> Depth:
    """Read the depth of a decoded sample of ``depth``, off by half a level at most."""
    description = fields["json"]
    values = description["offset"] + description["scale"] * fields["depth"].astype(np.float64)
    return Depth(values.astype(np.float32), description["inverse"], description["scale_m"])


def read_semantics(fields: Mapping[str, Any], names: Sequence[str]) -> Semantics:
    """Read the classes of a decoded sample of the product ``semantics``.

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
    """Say what a value of a depth map means."""
    if depth.scale_m is None:
        return "1 / distance" if depth.inverse else "distance, up to scale and shift"
    return f"{depth.scale_m:g} m / distance" if depth.inverse else f"{depth.scale_m:g} m"


def _depth(depth: Depth) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Encode in 16 bits: value = offset + scale * level, over the image's own range."""
    values = _finite(depth.values)
    offset = float(values.min())
    scale = (float(values.max()) - offset) / LEVELS or 1.0  # a constant map is all offset
    levels = np.rint((values - offset) / scale).astype(np.uint16)
    description = {
        "offset": offset,
        "scale": scale,
        "inverse": depth.inverse,
        "scale_m": depth.scale_m,
        "unit": unit_of(depth),
    }
    return {"depth.png": encode_png(levels)}, description


def _semantics(label: Semantics) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Encode in 8 bits, or 16 if there are more than 255 classes."""
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

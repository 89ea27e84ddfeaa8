"""Both images of a pair as pixels, and as the bytes that a shard keeps of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.core import images
from twinband.core.errors import BadSample
from twinband.core.images import GREY_TOLERANCE, Decoded, encode_png
from twinband.core.thermal import FLOAT_RADIOMETRY, NO_DATA, FloatUnit, measured
from twinband.ingest.damage import note_damage
from twinband.ingest.label_forms.boxes import Size
from twinband.ingest.layout import Encoded, Layout, RawPair
from twinband.ingest.notes import Notes

KEPT = {"JPEG": "jpg", "PNG": "png"}
# Levels of 255 by which a codec for video may tint greys everywhere.
MOST_TINT = 8
# A pixel is coloured beyond this; a logo, a crosshair or a scale has few of them.
COLOURED, MOST_COLOURED = 24, 0.05


@dataclass(frozen=True, slots=True, eq=False)
class PairImage:
    """One image: pixels for use, how it was stored, and the member of a shard.

    Attributes:
        radiometry: linear map from counts to kelvin, if it is the image's own.
        no_data: count that marks a pixel without data, if the image has such pixels.
    """

    pixels: NDArray[Any]
    stored: Decoded
    suffix: str
    data: bytes
    radiometry: Mapping[str, float] | None = None
    no_data: int | None = None


def open_rgb(layout: Layout, raw: RawPair, notes: Notes) -> PairImage:
    """Decode the RGB image to ``H,W,3`` uint8.

    Raises:
        BadSample: it cannot be used.
    """
    decoded, kept = _decoded(layout, raw, "rgb", notes)
    if decoded.channels == 1:
        notes.add("rgb_one_channel")
    return _image(images.as_rgb(decoded, raw.rgb.path), decoded, raw.rgb, kept)


def open_thermal(layout: Layout, raw: RawPair, notes: Notes) -> PairImage:
    """Decode the thermal image to ``H,W`` uint8 or uint16.

    Raises:
        BadSample: it cannot be used.
    """
    decoded, kept = _decoded(layout, raw, "thermal", notes)
    if decoded.pixels.dtype == np.float32:
        return _measured(decoded, layout.options.float_thermal, raw.thermal.path, notes)
    if decoded.channels > 1:
        notes.add("thermal_three_channels")
    tint = tinted_grey(decoded.coloured, raw.thermal.path, notes)
    if tint is None:
        return _image(images.as_thermal(decoded, raw.thermal.path), decoded, raw.thermal, kept)
    return PairImage(tint, decoded, "png", encode_png(tint))


def _measured(decoded: Decoded, unit: FloatUnit, path: str, notes: Notes) -> PairImage:
    """Keep floating-point temperatures as counts."""
    found = measured(decoded.pixels, path, unit)
    notes.add("thermal_measured", f"{path}: read as {found.unit}")
    if found.absent:
        share = found.absent / found.counts.size
        notes.add("thermal_holes", f"{path}: {100 * share:.1f} % of the pixels")
    if found.clipped:
        notes.add("thermal_clipped", f"{path}: {found.clipped} pixels")
    no_data = NO_DATA if found.absent else None
    png = encode_png(found.counts)
    return PairImage(found.counts, decoded, "png", png, FLOAT_RADIOMETRY, no_data)


def sizes_of(rgb: NDArray[Any], thermal: NDArray[Any]) -> Sequence[Size]:
    """Give width and height of both images."""
    return [(float(image.shape[1]), float(image.shape[0])) for image in (rgb, thermal)]


def _decoded(layout: Layout, raw: RawPair, modality: str, notes: Notes) -> tuple[Decoded, bool]:
    """Decode one image, turned if that is asked for; tells if its bytes are still those pixels."""
    image: Encoded = getattr(raw, modality)
    decoded = layout.decoded(image)
    file = raw.files.get(modality, image)
    note_damage(modality, file.data, file.path, notes)
    if decoded.orientation == 1:
        return decoded, True
    if not layout.options.apply_exif_orientation:
        notes.add(f"{modality}_exif_orientation")
        return decoded, True
    notes.add(f"{modality}_exif_orientation_applied")
    return replace(decoded, pixels=upright(decoded.pixels, decoded.orientation)), False


def _image(pixels: NDArray[Any], decoded: Decoded, image: Encoded, kept: bool) -> PairImage:
    if kept and decoded.format in KEPT:
        return PairImage(pixels, decoded, KEPT[decoded.format], image.data)
    return PairImage(pixels, decoded, "png", encode_png(decoded.coloured))


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn and mirror pixels as their EXIF orientation, 1 to 8, says; others change nothing."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def tinted_grey(pixels: NDArray[Any], path: str, notes: Notes) -> NDArray[Any] | None:
    """Return the luma of a thermal image with a slight tint; None if it is plain grey.

    Raises:
        BadSample: ``wrong_channels`` for real colours.
    """
    if pixels.ndim == 2:
        return None
    colour = np.ascontiguousarray(pixels[..., :3])
    red, green, blue = cv2.split(colour)
    if max(int(cv2.absdiff(red, other).max()) for other in (green, blue)) <= GREY_TOLERANCE:
        return None
    spread = colour.max(axis=2) - colour.min(axis=2)
    unit = max(int(colour.max()) // 255, 1)  # a level of 255, of images with more bits
    median = float(np.median(spread)) / unit
    coloured = float(np.mean(spread > COLOURED * unit))
    told = (
        f"{path}: the channels differ by {median:.0f} levels of 255 at a typical pixel, and at "
        f"{100 * coloured:.0f} % of all by more than {COLOURED}"
    )
    if median > MOST_TINT or coloured > MOST_COLOURED:
        raise BadSample(
            "wrong_channels",
            f"{told}: thermal in false colours, whose temperatures are lost; take the raw or grey "
            "thermal images of this dataset",
        )
    notes.add("thermal_tinted", f"{told}: a slight tint; the luma is kept")
    return np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY))

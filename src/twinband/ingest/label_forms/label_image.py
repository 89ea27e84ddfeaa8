"""Label images read for what they mean, in whichever form a PNG, BMP or TIFF stores it.

Class ids are a palette's indices, unless the palette is one of greys in another order (a tool that
makes PNGs small sorts it), or greys as stored: of 1, 2 and 4 bits not stretched to 8 bits, as image
libraries do. A mask of the salient object is greys as seen.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from twinband.core.errors import BadSample
from twinband.core.images import FORMATS, Decoded, encode_png
from twinband.ingest.label_forms.colours import ColourTable, ids_of_colours
from twinband.ingest.notes import Notes

SOFT = frozenset({"saliency"})  # labels whose values are a measure and no ids
BITS_PER_SAMPLE = 258  # a TIFF tag
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_GREY = (0, 4)  # kinds of colour, without and with alpha
# Levels that JPEG may put between the channels of a grey image.
JPEG_TOLERANCE = 16


@dataclass(frozen=True, slots=True, eq=False)
class LabelImage:
    """Values ``H,W`` uint8 or uint16, and a PNG of them."""

    pixels: NDArray[np.generic]
    png: bytes


def read_label_image(
    name: str, decoded: Decoded, data: bytes, path: str, notes: Notes, colours: ColourTable
) -> LabelImage:
    """Read the values of a label image.

    Args:
        name: of the label, such as ``semantics``.
        colours: ids by colour, for images that hold colours; mostly empty.

    Raises:
        BadSample: ``wrong_channels`` for colours that mean nothing here, ``bad_label`` for ids that
            JPEG has blurred.
    """
    soft = name in SOFT
    if decoded.format == "JPEG" and not soft:
        raise BadSample(
            "bad_label",
            f"{path}: class ids as JPEG, which blurs them at every edge; fetch or save them as PNG",
        )
    if decoded.bits == 32:
        raise BadSample("wrong_bit_depth", f"{path}: floating-point numbers; ids are whole ones")
    if decoded.format == "JPEG":
        notes.add("saliency_lossy", f"{path}: a mask as JPEG; its edges are blurred")
    pixels = _levels(decoded, path) if soft else _ids(decoded, data, path, colours)
    same = decoded.format == "PNG" and np.array_equal(pixels, decoded.pixels)
    return LabelImage(pixels, data if same else encode_png(pixels))


def _ids(decoded: Decoded, data: bytes, path: str, colours: ColourTable) -> NDArray[np.generic]:
    if decoded.palette is not None:
        return _meant(decoded.pixels, decoded.palette)
    if decoded.pixels.ndim == 3:
        return _of_channels(decoded.pixels, path, colours)
    bits = stored_bits(data)
    return decoded.pixels // (255 // (2**bits - 1)) if bits < 8 else decoded.pixels


def _meant(indices: NDArray[np.generic], palette: NDArray[np.uint8]) -> NDArray[np.generic]:
    """Take the greys of a palette that has only greys, if they tell all indices apart."""
    used = np.unique(indices)
    greys = palette[used, 0]
    grey = bool((palette == palette[:, :1]).all())
    if grey and len(np.unique(greys)) == len(used):
        return palette[indices, 0]
    return indices


def _of_channels(
    pixels: NDArray[np.generic], path: str, colours: ColourTable
) -> NDArray[np.generic]:
    first, colour = pixels[..., 0], pixels[..., :3]
    if colours:
        return ids_of_colours(colour, colours, path)
    if not (colour == first[..., None]).all():
        raise BadSample(
            "wrong_channels",
            f"{path}: colours; class ids are needed: name the images with ids, or give a table of "
            "r,g,b,id by the option colours of the reader paired_folders",
        )
    return np.ascontiguousarray(first)


def _levels(decoded: Decoded, path: str) -> NDArray[np.generic]:
    """Read a mask: greys as seen; of a palette of colours the indices."""
    if decoded.palette is not None:
        return _meant(decoded.pixels, decoded.palette)
    if decoded.pixels.ndim == 2:
        return decoded.pixels
    colour = np.ascontiguousarray(decoded.pixels[..., :3])
    spread = colour.max(axis=2) - colour.min(axis=2)
    allowed = JPEG_TOLERANCE if decoded.format == "JPEG" else 0
    if int(spread.max()) > allowed:
        raise BadSample("wrong_channels", f"{path}: colours; a mask has one channel")
    return (
        np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)) if allowed else colour[..., 0].copy()
    )


def stored_bits(data: bytes) -> int:
    """Tell the bits a pixel of an image of greys as stored, which decoding stretches to 8."""
    if data.startswith(PNG_HEAD):
        return data[24] if data[25] in PNG_GREY else 8
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        if image.mode == "1":
            return 1
        tags: Mapping[int, object] = getattr(image, "tag_v2", {})
        bits = tags.get(BITS_PER_SAMPLE, 8)
        least = min(bits) if isinstance(bits, tuple) and bits else bits
        return least if least in (1, 2, 4) else 8

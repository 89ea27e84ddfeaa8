"""Decoding and encoding images without any silent change of depth, channels or orientation."""

import io
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from twinband.errors import BadSample

cv2.setNumThreads(1)  # many processes share the machine, and results must not depend on threads
EXIF_ORIENTATION = 0x0112
GREY_TOLERANCE = 2  # levels that JPEG may put between three channels that were equal


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded image as it was stored.

    Attributes:
        pixels: ``H,W`` or ``H,W,C`` (C = 3 RGB or 4), uint8 or uint16, never rotated by EXIF.
        bits: bits a channel as stored, 8 or 16.
        orientation: EXIF orientation tag, 1 if there is none (it is reported, never applied).
        format: Pillow's name, e.g. ``JPEG``.
    """

    pixels: NDArray[np.generic]
    bits: int
    orientation: int
    format: str

    @property
    def channels(self) -> int:
        return 1 if self.pixels.ndim == 2 else self.pixels.shape[2]


def decode(data: bytes, name: str) -> Decoded:
    """Decode JPEG, PNG, BMP or TIFF; ``name`` is for messages.

    Pillow reads every byte, since OpenCV fills the rest of a truncated image with grey; OpenCV
    then takes over where Pillow would cut 16-bit channels down to 8.

    Raises:
        BadSample: ``truncated``, ``undecodable`` or ``wrong_bit_depth``.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            raw_mode = str(image.tile[0][3]) if image.tile else ""
            orientation = int(image.getexif().get(EXIF_ORIENTATION, 1))
            image.load()
            kind, mode = str(image.format), image.mode
            deep = "16" in raw_mode and mode not in ("I;16", "I;16B", "I;16L")
            pixels = _from_opencv(data, name) if deep else _from_pillow(image, name)
    except UnidentifiedImageError:
        raise BadSample("undecodable", f"{name}: no image format is recognised") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = "truncated" if "truncated" in str(error).lower() else "undecodable"
        raise BadSample(reason, f"{name}: {error}") from None
    return Decoded(pixels, pixels.dtype.itemsize * 8, orientation, kind)


def _from_pillow(image: Image.Image, name: str) -> NDArray[np.generic]:
    if image.mode in ("P", "PA", "1"):  # label maps are palettes: the index is the class
        return np.asarray(image.convert("L") if image.mode == "1" else image, dtype=np.uint8)
    if image.mode == "LA":
        return np.asarray(image.getchannel("L"))
    pixels = np.asarray(image)
    if image.mode == "I" and pixels.min() >= 0 and pixels.max() <= 0xFFFF:
        return pixels.astype(np.uint16)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise BadSample("wrong_bit_depth", f"{name}: pixels of type {pixels.dtype} ({image.mode})")
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _from_opencv(data: bytes, name: str) -> NDArray[np.generic]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise BadSample("undecodable", f"{name}: OpenCV cannot decode it")
    if pixels.ndim == 3 and pixels.shape[2] in (3, 4):
        order = [2, 1, 0, 3][: pixels.shape[2]]
        pixels = np.ascontiguousarray(pixels[..., order])
    return pixels


def as_rgb(decoded: Decoded, name: str) -> NDArray[np.uint8]:
    """``H,W,3`` uint8 RGB; one channel is repeated, an alpha channel is dropped.

    Raises:
        BadSample: ``wrong_bit_depth`` for more than 8 bits a channel.
    """
    pixels = decoded.pixels
    if pixels.dtype != np.uint8:
        raise BadSample("wrong_bit_depth", f"{name}: RGB of {decoded.bits} bits a channel, not 8")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return pixels[..., :3].astype(np.uint8, copy=False)


def as_thermal(decoded: Decoded, name: str) -> NDArray[np.generic]:
    """``H,W`` uint8 or uint16; three equal channels (a common way to store grey) become one.

    Raises:
        BadSample: ``wrong_channels`` if the channels differ by more than JPEG explains.
    """
    pixels = decoded.pixels
    if pixels.ndim == 2:
        return pixels
    first = pixels[..., 0]
    for channel in range(1, min(pixels.shape[2], 3)):
        difference = cv2.absdiff(np.ascontiguousarray(pixels[..., channel]), first.copy())
        if int(difference.max()) > GREY_TOLERANCE:
            raise BadSample("wrong_channels", f"{name}: the channels of this thermal image differ")
    return np.ascontiguousarray(first)


def encode_png(pixels: NDArray[np.generic]) -> bytes:
    """PNG bytes of ``H,W`` (uint8, uint16) or ``H,W,3`` RGB; equal pixels give equal bytes."""
    order = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    done, data = cv2.imencode(".png", np.ascontiguousarray(order))
    if not done:
        raise ValueError(f"cannot encode {pixels.dtype} of shape {pixels.shape} as PNG")
    return bytes(data)

"""Decoding and encoding images without any silent change of depth, channels or orientation."""

import io
import re
import struct
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from twinband.core.errors import BadSample
from twinband.core.outside import LIMITS, Limits

cv2.setNumThreads(1)  # many processes share the machine, and results must not depend on threads
EXIF_ORIENTATION = 0x0112
GREY_TOLERANCE = 2  # levels that JPEG may put between three channels that were equal
# Pillow would open dozens of others, some by calling outside programs.
FORMATS = ("JPEG", "PNG", "BMP", "TIFF")
NOT_RGB = frozenset({"CMYK", "YCbCr", "LAB", "HSV", "RGBX", "RGBa", "La", "PA"})
MOST_SIDE_PX = 32766  # OpenCV counts the places it takes pixels from in 16 bits
MOST_TAG_VALUES = 1_000_000  # of a TIFF: one for each tile of 16 x 16 px, and some
TAGS_OF_BYTES = (1, 2, 6, 7)  # kinds that Pillow keeps as they are
MOST_EXIF_BYTES = 1 << 20
MOST_SCANS = 100  # of a progressive JPEG, which has about ten; each costs a pass over all pixels
JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
JPEG_SCAN, JPEG_END = b"\xff\xda", b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded image as it was stored.

    Attributes:
        pixels: ``H,W`` or ``H,W,C`` (C = 3 RGB or 4), uint8 or uint16, or ``H,W`` float32, never
            rotated by EXIF; of an image with a palette the indices, since in a label map the index
            is the class.
        bits: bits a channel as stored, 8, 16 or 32.
        orientation: EXIF orientation tag, 1 if there is none (it is reported, never applied).
        format: one of ``FORMATS``.
        palette: ``256,3`` RGB colours of the indices, if ``pixels`` are some.
    """

    pixels: NDArray[np.generic]
    bits: int
    orientation: int
    format: str
    palette: NDArray[np.uint8] | None = None

    @property
    def channels(self) -> int:
        return 1 if self.coloured.ndim == 2 else self.coloured.shape[2]

    @property
    def coloured(self) -> NDArray[np.generic]:
        """Colours: ``pixels`` with the palette, if there is one, applied."""
        return self.pixels if self.palette is None else self.palette[self.pixels]


def decode(data: bytes, name: str, limits: Limits | None = None) -> Decoded:
    """Decode JPEG, PNG, BMP or TIFF; ``name`` is for messages.

    Pillow reads every byte, since OpenCV fills the rest of a truncated image with grey; OpenCV
    then takes over where Pillow would cut 16-bit channels down to 8.

    Args:
        limits: of images from outside; those that the project wrote itself have been through it.

    Raises:
        BadSample: ``too_large``, ``truncated``, ``undecodable``, ``wrong_bit_depth`` or
            ``wrong_channels``.
    """
    try:
        _check_tags(data, name)
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if limits is not None:
                _check_size(image, data, name, limits)
            deep = image.mode[0] not in "IF" and ";16" in _raw_mode(image)
            orientation = _orientation(image)
            image.load()
            kind = "JPEG" if image.format == "MPO" else str(image.format)  # a JPEG with previews
            pixels = _from_opencv(data, name) if deep else _from_pillow(image, name)
            palette = _palette(image) if image.mode == "P" else None
    except (BadSample, MemoryError):
        raise
    except UnidentifiedImageError:
        raise BadSample("undecodable", f"{name}: neither {', '.join(FORMATS)}") from None
    except Image.DecompressionBombError:
        raise (limits or LIMITS).beyond(
            "image_megapixels", f"{name}: too many pixels to be opened"
        ) from None
    except Exception as error:
        # Over damaged bytes Pillow and OpenCV raise whatever their code runs into: struct.error,
        # KeyError, ZeroDivisionError, cv2.error, … That is the file's fault, and none of ours.
        reason = "truncated" if "truncated" in str(error).lower() else "undecodable"
        raise BadSample(reason, f"{name}: {error or type(error).__name__}") from None
    return Decoded(pixels, pixels.dtype.itemsize * 8, orientation, kind, palette)


def _check_size(image: Image.Image, data: bytes, name: str, limits: Limits) -> None:
    """Look at what the header claims, before anything is decoded."""
    width, height = image.size
    size = f"{name}: {width} x {height} px"
    if width * height > limits.image_megapixels * 1e6:
        raise limits.beyond("image_megapixels", size)
    if max(width, height) > MOST_SIDE_PX:
        raise BadSample("too_large", f"{size}, and {MOST_SIDE_PX} a side at most; cut it up")
    if image.format in ("JPEG", "MPO") and _scans_of_jpeg(data) > MOST_SCANS:
        raise BadSample("too_large", f"{name}: more than {MOST_SCANS} JPEG scans; save it anew")


def _check_tags(data: bytes, name: str) -> None:
    """Look at the numbers of values in a TIFF's directory: Pillow makes an object of each."""
    if data[:2] not in (b"II", b"MM"):
        return
    order, large = "<" if data[:2] == b"II" else ">", b"+" in data[2:4]  # BigTIFF
    (begin,) = struct.unpack_from(f"{order}{'Q' if large else 'I'}", data, 8 if large else 4)
    (entries,) = struct.unpack_from(f"{order}{'Q' if large else 'H'}", data, begin)
    begin, size = begin + (8 if large else 2), 20 if large else 12
    for place in range(begin, min(begin + entries * size, len(data) - size + 1), size):
        _, kind, values = struct.unpack_from(f"{order}HH{'Q' if large else 'I'}", data, place)
        if values > MOST_TAG_VALUES and kind not in TAGS_OF_BYTES:
            what = f"{name}: a TIFF tag of {values} values"
            raise BadSample("too_large", f"{what}, and {MOST_TAG_VALUES} at most are read")


def _orientation(image: Image.Image) -> int:
    """Read the EXIF orientation; 1 if it is none, or hidden in more EXIF than there can be."""
    if len(image.info.get("exif", b"")) > MOST_EXIF_BYTES:
        return 1
    orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    return orientation if isinstance(orientation, int) else 1


def _scans_of_jpeg(data: bytes) -> int:
    """Count the scans of the first image, as far as ``MOST_SCANS`` and one."""
    scans, place = 0, 0
    while scans <= MOST_SCANS and (marker := JPEG_MARKER.search(data, place)):
        if marker[0] == JPEG_END:
            break
        scans += marker[0] == JPEG_SCAN
        alone = marker[0] in (b"\xff\xd8", b"\xff\x01")
        length = 0 if alone else int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        place = marker.end() + length
    return scans


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """Return the layout of the stored pixels, e.g. ``RGB;16B``, before Pillow reduces them."""
    arguments = image.tile[0][3] if image.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _palette(image: Image.Image) -> NDArray[np.uint8]:
    colours = np.zeros(256 * 3, np.uint8)
    stored = (image.getpalette("RGB") or [])[: colours.size]
    colours[: len(stored)] = stored
    return colours.reshape(256, 3)


def _from_pillow(image: Image.Image, name: str) -> NDArray[np.generic]:
    if image.mode in NOT_RGB:
        raise BadSample("wrong_channels", f"{name}: colours of the kind {image.mode}, not RGB")
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    if image.mode == "LA":
        return np.asarray(image.getchannel("L"))
    pixels = np.asarray(image)
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if image.mode == "I" and pixels.min() >= 0 and pixels.max() <= 0xFFFF:
        return pixels.astype(np.uint16)
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise BadSample("wrong_bit_depth", f"{name}: pixels of type {pixels.dtype} ({image.mode})")
    return pixels


def _from_opencv(data: bytes, name: str) -> NDArray[np.generic]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise BadSample("undecodable", f"{name}: OpenCV cannot decode it")
    return _swap_red_and_blue(pixels)


def _swap_red_and_blue(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Convert RGB(A) to OpenCV's order or back; one channel stays as it is."""
    if pixels.ndim == 3:
        code = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        return cv2.cvtColor(pixels, code)
    return np.ascontiguousarray(pixels)


def as_rgb(decoded: Decoded, name: str) -> NDArray[np.uint8]:
    """Return ``H,W,3`` uint8 RGB; one channel is repeated, alpha dropped, a palette looked up.

    Raises:
        BadSample: ``wrong_bit_depth`` for more than 8 bits a channel.
    """
    pixels = decoded.coloured
    if pixels.dtype != np.uint8:
        raise BadSample("wrong_bit_depth", f"{name}: RGB of {decoded.bits} bits a channel, not 8")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return pixels[..., :3].astype(np.uint8, copy=False)


def as_thermal(decoded: Decoded, name: str) -> NDArray[np.generic]:
    """Return ``H,W`` uint8 or uint16; three equal channels, a common form of grey, become one.

    Raises:
        BadSample: ``wrong_channels`` if the channels differ by more than JPEG explains,
            ``wrong_bit_depth`` for floating-point numbers (``core.thermal`` reads them).
    """
    pixels = decoded.coloured
    if pixels.dtype == np.float32:
        raise BadSample("wrong_bit_depth", f"{name}: floating-point numbers, not counts")
    if pixels.ndim == 2:
        return pixels
    first = pixels[..., 0]
    for channel in range(1, min(pixels.shape[2], 3)):
        difference = cv2.absdiff(np.ascontiguousarray(pixels[..., channel]), first.copy())
        if int(difference.max()) > GREY_TOLERANCE:
            raise BadSample("wrong_channels", f"{name}: the channels of this thermal image differ")
    return np.ascontiguousarray(first)


def encode_png(pixels: NDArray[np.generic]) -> bytes:
    """Encode ``H,W``, ``H,W,3`` RGB or ``H,W,4`` RGBA, uint8 or uint16, as PNG; equal pixels give
    equal bytes."""
    encoded, data = cv2.imencode(".png", _swap_red_and_blue(pixels))
    if not encoded:
        raise ValueError(f"cannot encode {pixels.dtype} of shape {pixels.shape} as PNG")
    return bytes(data)


def encode_jpeg(pixels: NDArray[np.uint8], quality: int, *, sharp_colours: bool = False) -> bytes:
    """Encode ``H,W`` or ``H,W,3`` RGB as JPEG; equal pixels give equal bytes.

    Args:
        quality: from 0 to 100.
        sharp_colours: store colours as finely as greys (4:4:4), for thin coloured lines.
    """
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if sharp_colours:
        settings += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    encoded, data = cv2.imencode(".jpg", _swap_red_and_blue(pixels), settings)
    if not encoded:
        raise ValueError(f"cannot encode {pixels.dtype} of shape {pixels.shape} as JPEG")
    return bytes(data)

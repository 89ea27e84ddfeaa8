"""Damage that decoders step over: they warn, or stay silent, and fill what is lost with something.

libjpeg tells of it on stderr only, Pillow by Python's warnings, and nobody checks the sums of PNG.
"""

import io
import os
import tempfile
import threading
import warnings
import zlib

import cv2
import numpy as np
from PIL import Image

from twinband.core.images import FORMATS
from twinband.ingest.notes import Notes

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
JPEG_HEAD = b"\xff\xd8"
TIFF_HEADS = (b"II", b"MM")
LIBJPEG = (
    b"Corrupt JPEG data",
    b"Premature end of JPEG",
    b"Invalid SOS",
    b"Inconsistent progression",
)
LISTENING = threading.Lock()  # a process has one stderr
STDERR = 2


def note_damage(modality: str, data: bytes, path: str, notes: Notes) -> None:
    """Note ``rgb_damaged``, ``thermal_damaged`` or ``label_damaged`` of an image that decodes."""
    if why := damage(data):
        notes.add(f"{modality}_damaged", f"{path}: {why}; fetch the file again")


def damage(data: bytes) -> str:
    """Tell how an image that can be decoded is damaged; empty if it is whole."""
    if data.startswith(PNG_HEAD):
        return _of_png(data)
    if data.startswith(JPEG_HEAD):
        return _of_jpeg(data)
    return _of_tiff(data) if data.startswith(TIFF_HEADS) else ""


def _of_png(data: bytes) -> str:
    """Check the sum of every chunk, the profile of colours, and that there is an end."""
    place = len(PNG_HEAD)
    while place + 12 <= len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        end = place + 8 + size
        content = data[place + 8 : end]
        stated = int.from_bytes(data[end : end + 4], "big")
        if zlib.crc32(kind + content) != stated:
            return f"the checksum of its part {kind.decode('latin-1')} is wrong"
        if kind == b"iCCP" and not _is_profile(content):
            return "its colour profile cannot be read"
        if kind == b"IEND":
            return "" if end + 4 == len(data) else "bytes follow its end"
        place = end + 4
    return "it has no end"


def _is_profile(content: bytes) -> bool:
    """Tell if an iCCP chunk holds a profile as long as it says itself."""
    packed = content.partition(b"\0")[2][1:]
    unpacker = zlib.decompressobj()
    try:
        head = unpacker.decompress(packed, 128)
    except zlib.error:
        return False
    return len(head) == 128 and head[36:40] == b"acsp"


def _of_jpeg(data: bytes) -> str:
    """Decode an eighth of the size, and take what libjpeg says of it from stderr.

    What others write there meanwhile is passed on.
    """
    with LISTENING, tempfile.TemporaryFile() as heard:
        stderr = os.dup(STDERR)
        try:
            os.dup2(heard.fileno(), STDERR)
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
        except cv2.error:
            pass  # of JPEGs that Pillow alone can decode it knows nothing
        finally:
            os.dup2(stderr, STDERR)
            os.close(stderr)
        heard.seek(0)
        lines = heard.read().splitlines(keepends=True)
    own = [line for line in lines if line.startswith(LIBJPEG)]
    if foreign := b"".join(line for line in lines if line not in own):
        os.write(STDERR, foreign)
    return own[0].decode("latin-1").strip() if own else ""


def _of_tiff(data: bytes) -> str:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.load()
    return " ".join(str(heard[0].message).split()) if heard else ""

"""Images of predictions and truths, as they are stored."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import BadSample, InputError
from twinband.core.images import Decoded, as_rgb, decode


def read_image(path: Path) -> Decoded:
    """Read an image.

    Raises:
        InputError: there is no such file, or it cannot be decoded.
    """
    try:
        return decode(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except BadSample as error:
        raise InputError(error.detail) from None


def read_levels(path: Path) -> NDArray[np.uint8]:
    """Read ``H,W`` or ``H,W,3`` RGB levels of 0 to 255; alpha is dropped.

    Raises:
        InputError: no image, or one of 16 bits.
    """
    decoded = read_image(path)
    if decoded.bits != 8:
        raise InputError(f"{path}: {decoded.bits} bits a channel; 8 are scored")
    rgb = as_rgb(decoded, str(path))
    return rgb[..., 0] if decoded.channels == 1 else rgb


def size_text(image: NDArray[np.generic]) -> str:
    """Tell the size of ``H,W,…`` as people do, width first."""
    return f"{image.shape[1]} x {image.shape[0]} pixels"

"""Grey levels of thermal files that are of no dataset, as ``--thermal-levels`` asks for them."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from twinband.cli import UsageError
from twinband.core.images import Decoded
from twinband.core.thermal import FLOAT_RADIOMETRY, ThermalLevels, image_levels, thermal_of

RANGE = re.compile(r"(-?\d+(?:\.\d+)?):(-?\d+(?:\.\d+)?)(counts|kelvin|celsius)?")


def thermal_choice(text: str, black_hot: bool) -> ThermalLevels:
    """Parse ``image``, ``LOW:HIGH`` (counts) or ``LOW:HIGHcelsius`` (or ``kelvin``).

    Raises:
        UsageError: it is none of these.
    """
    values: dict[str, Any] = {"polarity": "black_hot" if black_hot else "white_hot"}
    if text != "image":
        match = RANGE.fullmatch(text)
        if match is None:
            raise UsageError(
                f"--thermal-levels {text}: give `image`, or LOW:HIGH in counts such as "
                "28000:31000, or with a unit such as 0:40celsius"
            )
        low, high = float(match[1]), float(match[2])
        values |= {"rule": "range", "low": low, "high": high, "unit": match[3] or "counts"}
    try:
        return ThermalLevels(**values)
    except ValidationError as error:
        raise UsageError(f"--thermal-levels {text}: {error.errors()[0]['msg']}") from None


def grey_thermal(decoded: Decoded, file: Path, choice: ThermalLevels) -> NDArray[np.uint8]:
    """Turn the thermal image of a file into grey levels ``H,W``; hot is bright.

    Raises:
        BadSample: it is no thermal image.
        UsageError: levels in kelvin or celsius, of a file that holds counts without a scale.
    """
    counts = thermal_of(decoded, str(file))
    measured = decoded.pixels.dtype == np.float32
    data = counts > 0 if measured else None
    try:
        levels = image_levels(counts, choice, data, FLOAT_RADIOMETRY if measured else None)
    except ValueError:
        raise UsageError(
            f"{file} holds counts, whose temperatures nobody states: give --thermal-levels in "
            "counts, or floating-point TIFF"
        ) from None
    return levels.grey(counts)

"""Registration of two files, for ``twinband register``."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinband.cli import UsageError
from twinband.core import images
from twinband.core.errors import BadSample, InputError
from twinband.core.outside import LIMITS, read_file
from twinband.registration.geometry import Frame, grid_change, resampled
from twinband.registration.pictures import Column, comparison, jpeg
from twinband.registration.reasons import why
from twinband.registration.register import Registration, register_pair
from twinband.shards.write import write_atomically


@dataclass(frozen=True, slots=True)
class FileRegistration:
    """A registration, and the sizes (width, height) of both images."""

    registration: Registration
    rgb_size: tuple[int, int]
    thermal_size: tuple[int, int]


def register_files(rgb_file: Path, thermal_file: Path, out: Path) -> FileRegistration:
    """Register two files and write the results into ``out``.

    Raises:
        InputError: a file is missing, or no image of its kind.
        UsageError: ``out`` is a file.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; -o names a folder")
    try:
        rgb = images.as_rgb(*_decoded(rgb_file))
        thermal = images.as_thermal(*_decoded(thermal_file))
    except BadSample as error:
        raise InputError(f"{error.detail}; the RGB image comes first") from None
    registration = register_pair(rgb, thermal)
    target = Frame(rgb.shape[1], rgb.shape[0])
    source = Frame(thermal.shape[1], thermal.shape[0])
    after, valid = resampled(thermal, registration.matrix, target.width, target.height)
    resized = grid_change(source, target)
    columns = [
        Column(
            f"before, score {registration.score_before:.2f}",
            *resampled(thermal, resized, target.width, target.height),
        ),
        Column(f"after, score {registration.score:.2f}", after, valid),
    ]
    picture = comparison(rgb, columns if registration.status == "accepted" else columns[:1])
    result = FileRegistration(
        registration, (target.width, target.height), (source.width, source.height)
    )
    write_atomically(out / "thermal.png", images.encode_png(after))
    write_atomically(out / "valid.png", images.encode_png(valid.astype(np.uint8) * 255))
    write_atomically(out / "comparison.jpg", jpeg(picture))
    write_atomically(out / "registration.json", (to_json(result) + "\n").encode())
    return result


def to_json(result: FileRegistration) -> str:
    """Serialise the result; null where nothing could be measured."""
    registration = result.registration
    numbers = {
        name: getattr(registration, name)
        for name in ("score", "score_before", "forward_backward_px", "motion_px")
    }
    data: dict[str, Any] = {
        "status": registration.status,
        "reason": registration.reason,
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "matrix": registration.matrix.tolist(),
        "estimate": registration.estimate.tolist(),
        "rgb_size": result.rgb_size,
        "thermal_size": result.thermal_size,
    }
    return json.dumps(data, indent=2)


def in_words(result: FileRegistration, out: Path) -> list[str]:
    """Describe the result, its trustworthiness and the files in lines to print."""
    registration = result.registration
    motion_px, before = registration.motion_px, registration.score_before
    if registration.status == "accepted":
        lines = [
            f"registered: the corners move by {motion_px:.1f} px on average",
            f"the edges' correlation rises from {before:.2f} to {registration.score:.2f}; "
            f"both directions agree to {registration.forward_backward_px:.1f} px",
        ]
    elif registration.status == "already_aligned":
        lines = [
            f"already aligned: the best transform would move the corners by {motion_px:.1f} px, "
            "so nothing was moved",
            f"the edges' correlation is {before:.2f}",
        ]
    else:
        reason = why(registration.reason)
        lines = [f"not registered: {reason}; the thermal image was only resized"]
    names = "thermal.png, valid.png, comparison.jpg and registration.json"
    return [*lines, f"{out}: {names}"]


def _decoded(path: Path) -> tuple[images.Decoded, str]:
    try:
        return images.decode(read_file(path, str(path)), str(path), LIMITS), str(path)
    except BadSample as error:
        raise InputError(error.detail) from None

"""Registration of two files, for ``twinband register``."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.commands._outputs import (
    check_files,
    check_folder,
    check_not_overwritten,
    writing,
)
from twinband.commands._turned import aspect_remark, orientation_remark
from twinband.core import images
from twinband.core.errors import BadSample, InputError
from twinband.core.outside import LIMITS, read_file
from twinband.core.thermal import thermal_of
from twinband.registration.geometry import Frame, grid_change, resampled
from twinband.registration.pictures import Column, comparison, jpeg
from twinband.registration.reasons import why
from twinband.registration.register import Registration, register_pair
from twinband.shards.write import write_atomically

WRITTEN = ("thermal.png", "valid.png", "comparison.jpg", "registration.json")


@dataclass(frozen=True, slots=True)
class FileRegistration:
    """A registration, the sizes (width, height) of both images, and what to know of the files."""

    registration: Registration
    rgb_size: tuple[int, int]
    thermal_size: tuple[int, int]
    remarks: tuple[str, ...]


def register_files(rgb_file: Path, thermal_file: Path, out: Path) -> FileRegistration:
    """Register two files and write the results into ``out``.

    Raises:
        InputError: a file is missing, or no image of its kind.
        UsageError: ``out`` is a file, or holds one of the images where results would be written.
    """
    check_folder(out)
    check_files((rgb_file, thermal_file))
    check_not_overwritten((rgb_file, thermal_file), (out / name for name in WRITTEN))
    rgb_decoded, thermal_decoded = _decoded(rgb_file), _decoded(thermal_file)
    try:
        rgb = images.as_rgb(rgb_decoded, str(rgb_file))
        thermal = thermal_of(thermal_decoded, str(thermal_file))
    except BadSample as error:
        raise InputError(f"{error.detail}; the RGB image comes first") from None
    target, source = Frame.of(rgb), Frame.of(thermal)
    sizes = (target.width, target.height), (source.width, source.height)
    remarks = (
        orientation_remark(rgb_decoded, rgb_file, "RGB"),
        orientation_remark(thermal_decoded, thermal_file, "thermal"),
        aspect_remark(*sizes),
    )
    result = FileRegistration(register_pair(rgb, thermal), *sizes, tuple(filter(None, remarks)))
    with writing(out):
        _write(out, rgb, thermal, result)
    return result


def _write(
    out: Path, rgb: NDArray[np.uint8], thermal: NDArray[np.generic], result: FileRegistration
) -> None:
    registration, (width, height) = result.registration, result.rgb_size
    after, valid = resampled(thermal, registration.matrix, width, height)
    still = grid_change(Frame.of(thermal), Frame.of(rgb))
    columns = [
        Column(
            f"before, score {registration.score_before:.2f}",
            *resampled(thermal, still, width, height),
        ),
        Column(f"after, score {registration.score:.2f}", after, valid),
    ]
    picture = comparison(rgb, columns if registration.status == "accepted" else columns[:1])
    write_atomically(out / "thermal.png", images.encode_png(after))
    write_atomically(out / "valid.png", images.encode_png(valid.astype(np.uint8) * 255))
    write_atomically(out / "comparison.jpg", jpeg(picture))
    write_atomically(out / "registration.json", (to_json(result) + "\n").encode())


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
        "remarks": list(result.remarks),
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
    return [*lines, *result.remarks, f"{out}: {', '.join(WRITTEN[:-1])} and {WRITTEN[-1]}"]


def _decoded(path: Path) -> images.Decoded:
    try:
        return images.decode(read_file(path, str(path)), str(path), LIMITS)
    except BadSample as error:
        raise InputError(error.detail) from None

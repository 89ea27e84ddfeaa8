"""Third-party files whose scores are known, and small benchmarks in the layouts of real ones.

The folder of known files is named by TWINBAND_CROSSCHECK; tests that need it are skipped without.
"""

import os
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

VARIABLE = "TWINBAND_CROSSCHECK"


def crosscheck(*parts: str) -> Path:
    """Return a path of the crosscheck folder; skip the test if there is none."""
    if VARIABLE not in os.environ:
        pytest.skip(f"{VARIABLE} does not name the folder of files with known scores")
    return Path(os.environ[VARIABLE], *parts)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive of the crosscheck folder."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


def write_rows(
    path: Path, rows: Sequence[Sequence[float]] | NDArray[np.float64], separator: str = ","
) -> Path:
    """Write rows of numbers as trackers do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(separator.join(f"{x:g}" for x in row) + "\n" for row in rows))
    return path


def walk(frames: int = 8, size: tuple[float, float] = (20, 10), left: float = 30) -> np.ndarray:
    """Make boxes of a target that walks two pixels a frame."""
    steps = np.arange(frames)[:, None] * [2.0, 1.0] + [left, 40]
    return np.concatenate([steps, np.tile(size, (frames, 1))], 1)


def write_tracker(folder: Path, boxes: Mapping[str, NDArray[np.float64]], prefix: str = "") -> Path:
    """Write a tracker's folder."""
    for name, rows in boxes.items():
        write_rows(folder / f"{prefix}{name}.txt", rows)
    return folder


def write_image(path: Path, levels: NDArray[np.generic]) -> Path:
    """Write a PNG of ``H,W`` or ``H,W,3`` (RGB)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), levels[..., ::-1] if levels.ndim == 3 else levels)
    return path

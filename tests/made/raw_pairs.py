"""Small raw datasets, and ingesting them with few words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.core.params import Run, Runtime
from twinband.ingest.build import ingest
from twinband.ingest.dataset import Source
from twinband.ingest.params import IngestParams
from twinband.shards.product import Built

HEIGHT, WIDTH = 48, 64
RUNTIME = Runtime(executor="processes", workers=1, scheduler="", log_level="info")
SETTINGS: dict[str, Any] = {
    "reader": "roadscene",
    "source": "raw",
    "root": "",
    "options": {},
    "shards": 3,
    "frame_stride": 1,
    "near_duplicate_bits": 6,
    "licence": "CC0-1.0",
    "max_bad_fraction": 1.0,
    "split": {"train": 0.6, "val": 0.2, "test": 0.2},
    "split_seed": 0,
}


def scene(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Make a smooth RGB image ``H,W,3`` and a thermal one ``H,W``, unlike those of other seeds."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 4)).astype(np.float32)
    fine = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    pixels = np.clip(fine, 0, 255).astype(np.uint8)
    return pixels[..., :3], pixels[..., 3]


def encoded(pixels: NDArray[Any], suffix: str = ".jpg", quality: int = 95) -> bytes:
    """Encode pixels (RGB order) as an image file."""
    order = np.ascontiguousarray(pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
    return bytes(cv2.imencode(suffix, order, settings)[1])


def write(path: Path, data: bytes) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_pair(root: Path, name: str, seed: int) -> tuple[Path, Path]:
    """Write a pair in the layout of RoadScene."""
    rgb, thermal = scene(seed)
    return (
        write(root / "crop_LR_visible" / f"{name}.jpg", encoded(rgb)),
        write(root / "cropinfrared" / f"{name}.jpg", encoded(thermal)),
    )


def write_pairs(root: Path, count: int) -> Path:
    """Write ``count`` pairs ``p000``, ``p001``, … in the layout of RoadScene."""
    for number in range(count):
        write_pair(root, f"p{number:03d}", number)
    return root


def ingest_folder(
    root: Path,
    base: Path,
    *,
    runtime: Runtime = RUNTIME,
    inventory: str = "",
    **settings: Any,
) -> Built:
    """Ingest ``root`` into ``base/pairs``, with the work folder ``base/work``."""
    params = IngestParams.model_validate({**SETTINGS, **settings})
    source = Source.of(params.reader, str(root), params.options, inventory)
    return ingest(params, source, base / "pairs", run_in(base / "work", runtime)).built


def run_in(
    work: Path,
    runtime: Runtime = RUNTIME,
    progress: Callable[[int, int], None] = lambda done, total: None,
    item: str = "made-up",
) -> Run:
    """Make a run of a stage for the item ``made-up``, with its work folder."""
    return Run(item, work, runtime, progress)


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder, by its relative path; a file itself by ``.``."""
    files = sorted(path for path in (folder, *folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def rows_by_name(built: Built) -> dict[str, dict[str, Any]]:
    """Read the manifest's rows by the name of the pair."""
    return {row["name"]: row for row in built.manifest.to_pylist()}

"""Small datasets with labels and hours, and an untrained encoder, to measure CMSS with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from tests.made.products import write_samples
from tests.made.registered_pairs import PAIR_COLUMNS, Made, name_of, register_pairs, thermal_path
from twinband.cmss.params import CmssParams
from twinband.networks.build import build
from twinband.networks.weights import save_weights

PATCH_PX = 8
PARAMS: dict[str, Any] = {
    "model": "models/mae",
    "image_px": 32,
    "variance": "product",
    "low": -6.0,
    "high": 13.0,
    "bins": 1900,
    "mixture": {"components": 3, "most_components": 4, "quantile": 0.999},
    "batch": 2,
    "threads": 1,
    "maps": 2,
}


@dataclass(frozen=True, slots=True)
class At:
    """A pair and its hour of the day."""

    made: Made
    hour: str = ""


def cmss_params(**changes: Any) -> CmssParams:
    """Parameters, some of them changed."""
    return CmssParams.model_validate({**PARAMS, **changes})


def pair(seed: int, hour: str = "", *, height: int = 48, width: int = 64, **labels: Any) -> At:
    """Random blobs; ``labels`` are images or JSON by name."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 4)).astype(np.float32)
    fine = np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255)
    pixels = fine.astype(np.uint8)
    images = {name: value for name, value in labels.items() if isinstance(value, np.ndarray)}
    others = {name: value for name, value in labels.items() if name not in images}
    return At(Made(pixels[..., :3], pixels[..., 3], images, others), hour)


def flat(level: int, hour: str = "") -> At:
    """A pair of two constant images."""
    grey: NDArray[np.uint8] = np.full((48, 64), level, np.uint8)
    return At(Made(np.repeat(grey[..., None], 3, 2), grey), hour)


def write_dataset(base: Path, *shards: Mapping[str, At], **registration: Any) -> tuple[Path, Path]:
    """The products ``base/pairs`` and ``base/registered``; pairs count as aligned unless
    ``registration`` says otherwise."""
    samples = [
        {
            key: (
                at.made.fields(name_of(key)),
                {
                    "name": name_of(key),
                    "group": key,
                    "frame": None,
                    "hour": at.hour,
                    "thermal_path": thermal_path(key),
                },
            )
            for key, at in pairs.items()
        }
        for pairs in shards
    ]
    write_samples(base / "pairs", [*PAIR_COLUMNS, pa.field("hour", pa.string())], samples)
    register_pairs(base, **{"aligned": True, **registration})
    return base / "pairs", base / "registered"


def write_model(folder: Path, seed: int = 0) -> Path:
    """An encoder with patches of ``PATCH_PX`` as ``folder/weights.safetensors``."""
    torch.manual_seed(seed)
    sizes: dict[str, Any] = {
        "image_px": 32,
        "patch_px": PATCH_PX,
        "width": 16,
        "depth": 1,
        "heads": 2,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "weights.safetensors"
    save_weights(build("vit_tiny", **sizes), path)
    return path

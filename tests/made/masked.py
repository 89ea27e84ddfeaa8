"""A small SAM on disk, and the masks that it finds in small datasets."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.made.raw_pairs import RUNTIME, run_in, write
from tests.made.registered_pairs import name_of
from tests.made.sam import small_sam
from twinband.core.images import encode_png
from twinband.core.params import Runtime
from twinband.masks.annotator import SamSpec
from twinband.masks.build import COLUMNS, Masked, build_masks
from twinband.sam.rle import encode
from twinband.sam.settings import MaskSettings
from twinband.sam.weights import save
from twinband.shards.product import write_product_files
from twinband.shards.write import OK, ShardWriter, shard_name, take_rows
from twinband.weights import Weights

SETTINGS: dict[str, Any] = {
    "points_per_side": 3,
    "pred_iou_thresh": 0.0,
    "stability_score_thresh": 0.2,
    "stability_score_offset": 1.0,
    "box_nms_thresh": 0.7,
    "crop_n_layers": 0,
    "crop_nms_thresh": 0.7,
    "crop_overlap_ratio": 0.34,
    "crop_n_points_downscale_factor": 1,
    "min_mask_region_area": 5,
    "max_masks": 6,
}
PARAMS: dict[str, Any] = {
    "weights": "models/sample/sam",
    "truth": "data/truth/none",
    "device": "cpu",
    "threads": 1,
    "settings": SETTINGS,
    "least_px": 100,
}


def write_sam(folder: Path) -> Weights:
    """The small SAM, as the project keeps weights."""
    save(small_sam(), folder)
    return Weights(folder, "1" * 64, "small")


def spec_of(weights: Weights, code: str = "code", **settings: Any) -> SamSpec:
    """The annotator of these weights."""
    return SamSpec(weights, MaskSettings(**{**SETTINGS, **settings}), "cpu", 1, code)


def build(
    base: Path, spec: SamSpec, truth: Path | None = None, runtime: Runtime = RUNTIME
) -> Masked:
    """The masks of the dataset at ``base``, as ``base/masks``."""
    return build_masks(
        spec,
        base / "pairs",
        base / "registered",
        truth=truth or base / "no truth",
        least_px=PARAMS["least_px"],
        cache=base.parent / "cache",
        out=base / "masks",
        run=run_in(base / "work", runtime),
    )


def write_truth(folder: Path, instances: dict[str, NDArray[np.uint16]]) -> Path:
    """True instances of pairs by key."""
    for key, pixels in instances.items():
        write(folder / "instances" / f"{name_of(key)}.png", encode_png(pixels))
    return folder


def image_of_masks(masks: NDArray[np.bool_]) -> dict[str, Any]:
    """The label of an image with these masks ``n,H,W``, as in a sample of the product."""
    rles = encode(masks)
    return {
        "height": masks.shape[1],
        "width": masks.shape[2],
        "masks": [
            {"area": int(mask.sum()), "rle": rle} for mask, rle in zip(masks, rles, strict=True)
        ],
    }


def write_masks(folder: Path, samples: dict[str, dict[str, bytes] | None]) -> Path:
    """The product ``masks`` with these fields by key; None is a pair without a sample."""
    with ShardWriter(folder / shard_name(0), COLUMNS) as writer:
        for key, fields in sorted(samples.items()):
            if fields is None:
                writer.skip(key, {"status": "absent", "reason": "made_up", "detail": ""})
            else:
                numbers = {
                    f"masks_{field.removesuffix('.json')}": len(json.loads(data)["masks"])
                    for field, data in fields.items()
                }
                writer.add(key, fields, {**numbers, **OK})
    shards: Sequence[Any] = [(writer.shard, take_rows(writer.path))]
    write_product_files(folder, product="masks", dataset="made-up", shards=shards, card="# made up")
    return folder

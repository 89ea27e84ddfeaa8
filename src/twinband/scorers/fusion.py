"""Fused images against their two sources, under a named definition (spec/sage.md 9).

The mean over pairs of each pair's number. The protocol tells scale and direction of every number,
for the same name stands for different ones.
"""

import hashlib
from pathlib import Path

import numpy as np

from twinband.core.errors import InputError
from twinband.metrics.fusion import METRICS, fusion_scores, grey
from twinband.scoring.files import image_sets
from twinband.scoring.pictures import read_levels, size_text
from twinband.scoring.score import Options, Score, check_slice

GREYS = {
    "linfeng": "MATLAB's rgb2gray",
    "zoo": "Pillow's L",
    "standard": "luma of BT.601, as Pillow's L",
}
SOURCES = {  # known sets, by the sha256 of their grey levels
    "0a52c0fef0334113f3f94393b8abaf64cc0959a97e7f2c68021c36d2b90e7c6d": "TNO (42 pairs)",
    "7a7f8820f63655d920dbfd482474c73b31d82902469e43c5031262a3556253a4": "VIFB (21 pairs)",
}
UNDEFINED = {
    "PSNR": "infinite, for the fused image equals both sources",
    "QABF": "undefined, for the sources have no edges",
    "VIF": "undefined, for the source is flat or below 24 pixels",
    "SSIM": "undefined below 11 pixels",
    "MS-SSIM": "undefined: its coarsest scale needs sides above 160 pixels (linfeng's: 44)",
}


def score(predictions: Path, truth: tuple[Path, Path], options: Options) -> Score:
    """Score fused images.

    Args:
        predictions: the fused images, a folder or one file.
        truth: the visible and the infrared images of the same names, folders or files.

    Raises:
        InputError: images that are missing, of no partner, of other sizes or not of 8 bits.
    """
    check_slice(options, "fusion")
    visible, infrared = truth
    definition = options.definition
    found, digest = [], hashlib.sha256()
    for _, paths in image_sets(visible, infrared, predictions):
        images = [grey(read_levels(path), definition) for path in paths]
        for path, image in zip(paths, images, strict=True):
            if image.shape != images[0].shape:
                raise InputError(
                    f"{path}: {size_text(image)}, but {paths[0]} has {size_text(images[0])}"
                )
        for image in images[:2]:
            digest.update(image.tobytes())
        found.append(fusion_scores(images[1], images[0], images[2], definition))
    values, remarks = {}, []
    for metric in METRICS:
        numbers = np.array([scores[metric.name] for scores in found])
        known = numbers[np.isfinite(numbers)]
        values[metric.name] = float(known.mean()) if known.size else float("nan")
        if known.size < numbers.size:
            left_out = f"left out of the mean for {numbers.size - known.size} of {numbers.size}"
            remarks.append(f"{metric.name}: {left_out} pairs: {UNDEFINED[metric.name]}")
    protocol = {
        "task": "fusion",
        "definition": definition,
        "images": str(len(found)),
        "sources": SOURCES.get(
            digest.hexdigest(), f"grey levels of sha256 {digest.hexdigest()[:12]}"
        ),
        "mean": "over pairs, of each pair's number",
        "grey": GREYS[definition],
        **{metric.name: metric.describe(definition) for metric in METRICS},
    }
    return Score(values, protocol, remarks=tuple(remarks))

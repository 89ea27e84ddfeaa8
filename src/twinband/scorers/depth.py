"""Depth maps against measured ones, by AbsRel, RMSE and the shares within a factor.

Maps are images of 16 bits in millimetres, as NYUv2's, or NumPy arrays (``.npy``) in metres; 0 in
the truth is unknown. Every map is scored, and the scores are averaged over the images.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.metrics.depth_scores import LEAST_M, depth_scores
from twinband.scoring.files import image_sets
from twinband.scoring.pictures import read_image, size_text
from twinband.scoring.score import Options, Score, check_slice

MILLIMETRES = 1000


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a folder of depth maps, or one.

    Args:
        predictions: maps named as the truth's.
        truth: maps of the same sizes, 0 where unknown.

    Raises:
        InputError: maps that are missing, of another size, not finite or no depth maps.
    """
    check_slice(options, "depth")
    found, remarks = [], []
    for stem, (true_path, path) in image_sets(truth, predictions):
        true, guess = read_depth(true_path), read_depth(path)
        if true.shape != guess.shape:
            raise InputError(f"{path}: {size_text(guess)}, but {true_path} has {size_text(true)}")
        bad = ~np.isfinite(guess)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise InputError(f"{path}: not finite at x {column}, y {row} ({bad.sum()} pixels)")
        near = int(((guess < LEAST_M) & (true > 0)).sum())
        if near:
            remarks.append(f"{stem}: {near} pixels below {LEAST_M} m were scored as that")
        found.append(depth_scores(true, guess))
    known = [scores for scores in found if not np.isnan(scores["abs_rel"])]
    if len(known) < len(found):
        remarks.append(f"{len(found) - len(known)} images without a known pixel were left out")
    names = list(found[0])
    return Score(
        {name: float(np.mean([s[name] for s in known])) if known else np.nan for name in names},
        {
            "task": "depth",
            "images": str(len(known)),
            "mean": "over pixels, then over images",
            "scale": "metric: no scale or shift is fitted",
            "unit": "metres; images of 16 bits hold millimetres",
        },
        remarks=tuple(remarks),
    )


def read_depth(path: Path) -> NDArray[np.float64]:
    """Read a map ``H,W`` in metres.

    Raises:
        InputError: neither an image of 16 bits and one channel nor an array of two dimensions.
    """
    if path.suffix == ".npy":
        try:
            stored = np.load(path, allow_pickle=False).astype(np.float64)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: {error}") from None
    else:
        pixels = read_image(path).pixels
        if pixels.dtype != np.uint16:
            raise InputError(f"{path}: 8 bits; a depth map has 16, in millimetres")
        stored = pixels.astype(np.float64) / MILLIMETRES
    if stored.ndim != 2:
        raise InputError(f"{path}: shape {stored.shape}; a depth map has two dimensions")
    return stored

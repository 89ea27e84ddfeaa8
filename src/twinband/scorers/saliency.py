"""Saliency maps: MAE, S, weighted F, F and E at adaptive and all thresholds (B.5 of the spec).

Truth: masks with salient pixels above 128; a prediction has its name, and is resized to its size.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from twinband.metrics.fusion import grey
from twinband.metrics.saliency import Levels, saliency_scores
from twinband.scoring.files import image_sets
from twinband.scoring.pictures import read_levels, size_text
from twinband.scoring.score import Options, Score, check_slice


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a folder of maps, or one.

    Raises:
        InputError: maps that are missing, of no truth, or not of 8 bits.
    """
    check_slice(options, "saliency")
    sets = image_sets(truth, predictions)
    resized: list[str] = []
    hard: list[bool] = []
    empty: list[str] = []

    def pairs() -> Iterator[tuple[Levels, Levels]]:
        for stem, (true_path, path) in sets:
            true, found = (grey(read_levels(file), "standard") for file in (true_path, path))
            if not (true > 128).any():
                empty.append(stem)
            if found.shape != true.shape:
                resized.append(f"{path}: {size_text(found)}, its truth {size_text(true)}")
                found = cv2.resize(found, true.shape[::-1], interpolation=cv2.INTER_LINEAR)
            hard.append(len(np.unique(found)) <= 2)
            yield found, true

    values = saliency_scores(pairs())
    remarks = [f"{resized[0]}; resized bilinearly ({len(resized)} maps)"] if resized else []
    if empty:
        remarks.append(
            f"{empty[0]}: nothing is salient in the truth ({len(empty)} images): wf is 0, s and e "
            "count what the map leaves dark"
        )
    return Score(
        values,
        {
            "task": "saliency",
            "images": str(len(sets)),
            "maps": "hard masks of two levels" if all(hard) else "levels of 0 to 255",
            "mean": "over images; of a curve before its mean and maximum",
            "truth": "salient above 128",
            "prediction": "resized to the truth, then stretched by its least and largest level",
            "f": "beta squared 0.3; adaptive threshold min(2 mean, 1); 256 thresholds",
        },
        remarks=tuple(remarks),
    )

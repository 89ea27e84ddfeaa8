"""COCO's average precision of boxes: a JSON list of detections against a COCO truth."""

from pathlib import Path

from twinband.scoring.coco_score import coco_score
from twinband.scoring.score import Options, Score


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score detections by their boxes.

    Args:
        predictions: a JSON list, ``image_id``, ``category_id``, ``bbox`` and ``score``.
        truth: a JSON object with ``images``, ``annotations`` and ``categories``.

    Raises:
        InputError: a malformed file, with the entry, or detections on another list of images.
    """
    return coco_score(predictions, truth, options, "bbox")

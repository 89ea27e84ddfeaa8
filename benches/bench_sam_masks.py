"""Automatic masks against segment_anything's generator, both on the same weights in one run.

``sample_...``: the sample SAM on rendered images of both modalities at every hour; how many masks
of either side have a partner with an IoU of at least 0.99 on the other, and how many are equal in
every pixel. ``vit_b_...``: one image of 480x640, 32 points a side. Its weights are random, so that
nothing need be fetched, but made so that answers differ (_varied_sam.py); thresholds are set so
that between a fifth and half of the candidates survive, and nothing is suppressed by overlap, so
that all survivors are compared.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benches._record import record
from benches._sam_package import of_package, picture
from benches._varied_sam import made_varied
from twinband.sam.build import Sam
from twinband.sam.generate import AutomaticMasks
from twinband.sam.rle import Rle, iou
from twinband.sam.settings import MaskSettings
from twinband.sam.torchvision_stub import stand_in
from twinband.sam.weights import load
from twinband.world.render import render
from twinband.world.scene import HOURS, sample_scene

with stand_in():
    from segment_anything import sam_model_registry

SAMPLE = "models/sample/sam"
WIDTH, HEIGHT = 320, 240
POINTS_PER_SIDE = 32
WEIGHTS = "random, seed 0"

Dicts = list[dict[str, Any]]


def ours(model: Sam, image: NDArray[np.uint8], settings: dict[str, Any]) -> Dicts:
    """Generate masks with twinband."""
    return AutomaticMasks(model, MaskSettings(**settings)).generate(image)


def timed(find: Callable[[], Dicts]) -> tuple[Dicts, float]:
    """Call ``find``; returns its masks and the seconds it took."""
    begin = time.perf_counter()
    return find(), time.perf_counter() - begin


def matched(masks: Sequence[Rle], others: Sequence[Rle]) -> float:
    """Compute the share of ``masks`` with a partner in ``others`` of an IoU of at least 0.99."""
    return float((iou(masks, others).max(1, initial=0) >= 0.99).mean())


def compared(theirs: Sequence[Rle], own: Sequence[Rle]) -> dict[str, float | int]:
    """Compute numbers of masks and agreement."""
    counts = {str(rle["counts"]) for rle in own}
    return {
        "masks_package": len(theirs),
        "masks": len(own),
        "matched_of_package": round(matched(theirs, own), 4),
        "matched_of_ours": round(matched(own, theirs), 4),
        "equal_in_every_pixel": sum(str(rle["counts"]) in counts for rle in theirs),
    }


def sample() -> dict[str, float | int]:
    """Measure agreement over several images, some with crops and removal of small regions."""
    model = load(SAMPLE)
    common = {"points_per_side": 16, "pred_iou_thresh": 0.2, "stability_score_thresh": 0.3}
    variants: list[dict[str, Any]] = [
        {"box_nms_thresh": 0.9},
        {"crop_n_layers": 1, "crop_n_points_downscale_factor": 2, "min_mask_region_area": 60},
    ]
    totals: dict[str, list[float]] = {}
    for index, hour in enumerate(HOURS):
        scene = render(sample_scene(0, "bench_sam_masks", index, hour), WIDTH, HEIGHT)
        images = (scene.rgb, np.repeat(scene.thermal[..., None], 3, axis=2))
        for image, variant in zip(images, variants, strict=True):
            settings = {**common, **variant}
            theirs, own = of_package(model, image, settings), ours(model, image, settings)
            agreement = compared([m["rle"] for m in theirs], [m["rle"] for m in own])
            for name, value in agreement.items():
                totals.setdefault(name, []).append(value)
    figures = {n: min(v) if n.startswith("matched") else int(sum(v)) for n, v in totals.items()}
    return {f"sample_{name}": value for name, value in figures.items()}


class CandidateCounter:
    """Counts a SAM's candidates, and those whose predicted IoU is above a threshold."""

    def __init__(self, model: Sam, threshold: float) -> None:
        self.candidates = self.above = 0
        self._threshold = threshold
        self._hook = model.mask_decoder.iou_prediction_head.register_forward_hook(self._count)

    def _count(self, _module: nn.Module, _inputs: object, predicted: Tensor) -> None:
        self.candidates += predicted[:, 1:].numel()
        self.above += int((predicted[:, 1:] > self._threshold).sum())

    def stop(self) -> None:
        """Stop counting."""
        self._hook.remove()


def vit_b(points_per_side: int) -> dict[str, float | int | str]:
    """Measure counts, agreement and seconds of one image."""
    torch.manual_seed(0)
    model = made_varied(sam_model_registry["vit_b"](), picture(1024, 1024, 0))
    settings = {
        "points_per_side": points_per_side,
        "pred_iou_thresh": 0.65,
        "stability_score_thresh": 0.5,
        "box_nms_thresh": 1.0,
    }
    image = picture(480, 640, 1)
    theirs, package_s = timed(lambda: of_package(model, image, settings))
    counter = CandidateCounter(model, settings["pred_iou_thresh"])
    own, ours_s = timed(lambda: ours(model, image, settings))
    counter.stop()
    figures: dict[str, float | int | str] = {
        "weights": WEIGHTS,
        "points_per_side": points_per_side,
        "candidates": counter.candidates,
        "above_predicted_iou": counter.above,
        "survive": round(len(own) / counter.candidates, 3),
        **compared([m["rle"] for m in theirs], [m["rle"] for m in own]),
        "package_s": round(package_s, 2),
        "ours_s": round(ours_s, 2),
        "times_as_fast": round(package_s / ours_s, 2),
    }
    return {f"vit_b_{name}": value for name, value in figures.items()}


def main() -> None:
    """Measure and record."""
    figures: dict[str, float | int | str] = {"threads": torch.get_num_threads(), **sample()}
    record("sam_masks", {**figures, **vit_b(POINTS_PER_SIDE)})


if __name__ == "__main__":
    main()

"""Teaching a DPT inverse depth of rendered scenes."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import DPTForDepthEstimation

from twinband.annotators.labellers.dpt import fused_features
from twinband.annotators.pixels import IMAGENET, normalised
from twinband.sample.annotators.batches import Arrays
from twinband.sample.annotators.losses import relative_error, weighted_cross_entropy
from twinband.sample.annotators.views import View
from twinband.sample.classes import SCENE_CLASSES
from twinband.training.task import TrainingTask

METRES = 10.0  # what lies so far away has the inverse depth 1
LEAST = 0.02  # inverse depths far below it, as the sky's 0, are all the same to the loss
CELL_PX = 4  # of the map that must tell the classes, the last but one
EDGES_WEIGHT = 0.5


def with_inverse_depth(view: View, rng: np.random.Generator) -> Arrays:
    """``image`` ``3,H,W`` uint8; ``inverse`` ``H,W`` float32, 0 of the sky; ``classes``
    ``H/4,W/4`` int64."""
    depth = view.depth
    inverse = np.divide(METRES, depth, out=np.zeros_like(depth), where=depth > 0)
    classes = view.semantics[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX].astype(np.int64)
    image = np.ascontiguousarray(view.image.transpose(2, 0, 1))
    return {"image": image, "inverse": inverse, "classes": classes}


class InverseDepth(TrainingTask):
    """Absolute difference of the logarithms of inverse depths; relative error of the distance;
    differences of the logarithms' steps from pixel to pixel, for clear edges.

    A person before a wall is a few pixels that are wrong by a little, to such losses, and stays
    half as far as the wall for long. So the maps that depth is told from must tell every place's
    class too, by a layer that is thrown away afterwards.
    """

    def __init__(self, dpt: DPTForDepthEstimation) -> None:
        super().__init__()
        self.dpt = dpt
        self.classes = nn.Conv2d(dpt.config.fusion_hidden_size, len(SCENE_CLASSES), 1)

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """See ``TrainingTask``; the batch is stacked samples of ``with_inverse_depth``."""
        fused = fused_features(self.dpt, normalised(batch["image"], IMAGENET))
        found = self.dpt.head(fused).float()
        wrong = torch.log((found + LEAST) / (batch["inverse"] + LEAST))
        losses = {
            "log_error": wrong.abs().mean(),
            "relative_error": relative_error(wrong).mean(),
            "edges": wrong.diff(dim=1).abs().mean() + wrong.diff(dim=2).abs().mean(),
            "classes": weighted_cross_entropy(self.classes(fused[-2]).float(), batch["classes"]),
        }
        loss = losses["log_error"] + losses["relative_error"] + losses["classes"]
        loss = loss + EDGES_WEIGHT * losses["edges"]
        return {"loss": loss, **{name: value.detach() for name, value in losses.items()}}

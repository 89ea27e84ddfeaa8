"""Teaching a DPT inverse depth of rendered scenes."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DPTForDepthEstimation

from twinband.annotators.labellers.dpt import raw_depth
from twinband.annotators.pixels import IMAGENET, normalised
from twinband.sample.annotators.batches import Arrays
from twinband.sample.annotators.views import View
from twinband.training.task import TrainingTask

METRES = 10.0  # what lies so far away has the inverse depth 1
LEAST = 0.02  # inverse depths far below it, as the sky's 0, are all the same to the loss


def with_inverse_depth(view: View, rng: np.random.Generator) -> Arrays:
    """``image`` ``3,H,W`` uint8 and ``inverse`` ``H,W`` float32, 0 of the sky."""
    depth = view.depth
    inverse = np.divide(METRES, depth, out=np.zeros_like(depth), where=depth > 0)
    return {"image": np.ascontiguousarray(view.image.transpose(2, 0, 1)), "inverse": inverse}


class InverseDepth(TrainingTask):
    """Mean absolute difference of the logarithms of inverse depths, which near zero is that of
    the relative errors; and of their steps from pixel to pixel, for clear edges."""

    def __init__(self, dpt: DPTForDepthEstimation) -> None:
        super().__init__()
        self.dpt = dpt

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """See ``TrainingTask``; the batch is stacked samples of ``with_inverse_depth``."""
        found = raw_depth(self.dpt, normalised(batch["image"], IMAGENET)).float()
        wrong = torch.log((found + LEAST) / (batch["inverse"] + LEAST))
        size = wrong.abs().mean()
        edges = wrong.diff(dim=1).abs().mean() + wrong.diff(dim=2).abs().mean()
        return {"loss": size + 0.5 * edges, "log_error": size.detach()}

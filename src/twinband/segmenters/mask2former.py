"""Class probabilities by transformers' Mask2Former, differentiable in the image."""

import torch
from torch import Tensor
from transformers import Mask2FormerForUniversalSegmentation

from twinband.annotators.mask2former import UNUSED, scores_of_classes, shown_size
from twinband.pseudo_labels.transformers import Preprocessing, load_pretrained
from twinband.weights import Weights


class Mask2FormerSegmenter:
    """A frozen Mask2Former; see ``fusion.segmentation.Segmenter``."""

    def __init__(self, weights: Weights, device: str) -> None:
        self._preprocessing = Preprocessing.read(weights.path)
        self._model = load_pretrained(Mask2FormerForUniversalSegmentation, weights, device, UNUSED)
        self._model.requires_grad_(False)
        named = self._model.config.id2label
        self.names: tuple[str, ...] = tuple(named[number] for number in sorted(named))

    def probabilities(self, images: Tensor) -> Tensor:
        """Compute scores of classes as its semantic inference does, and share them out."""
        height, width = images.shape[2:]
        size = shown_size(height, width, self._preprocessing.config, 1.0)
        output = self._model(self._preprocessing.pixels(images * 255, size))
        scores = scores_of_classes(
            output.class_queries_logits, output.masks_queries_logits, (height, width)
        )
        return scores / scores.sum(1, keepdim=True).clamp(min=torch.finfo(scores.dtype).tiny)


def open_segmenter(weights: Weights, device: str) -> Mask2FormerSegmenter:
    """Load a Mask2Former.

    Raises:
        InputError: the weights are no Mask2Former's.
    """
    return Mask2FormerSegmenter(weights, device)

"""Quality of the images that a model predicts of a hidden modality.

The trivial baseline is the training mean: the same image for every pair. Pixels are in [0, 1], the
predictions clipped to it. Shapes: B pairs, N test pairs, H,W pixels.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twinband.core.normalise import MEAN, STD
from twinband.evaluation.benchmark import bootstrap
from twinband.evaluation.features import EncodedPairs

LEAST_ERROR = 1e-10  # of a perfect image, so that its PSNR is finite: 100 dB


@dataclass(frozen=True, slots=True)
class ImageErrors:
    """Mean squared errors of one test pair's image of a modality."""

    predicted: float
    training_mean: float


class TrainingMean:
    """The mean image of each modality over the training pairs, in float64."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def add(self, images: Mapping[str, Tensor]) -> None:
        """Take in normalised images ``B,3,H,W`` by modality."""
        for modality, batch in images.items():
            total = levels(batch).double().sum(0)
            self._sums[modality] = self._sums.get(modality, torch.zeros_like(total)) + total
        self._count += len(next(iter(images.values())))

    def image(self, modality: str) -> Tensor:
        """Return ``3,H,W`` in [0, 1]."""
        return (self._sums[modality] / self._count).float()


def levels(images: Tensor) -> Tensor:
    """Turn normalised images ``B,3,H,W`` back into pixels in [0, 1]."""
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (MEAN, STD))
    return ((images * std + mean) / 255).clamp(0, 1)


def errors_of(
    encoded: EncodedPairs, modalities: Iterable[str], mean: TrainingMean
) -> list[dict[str, ImageErrors]]:
    """Compare predicted images, and the training mean, with those that are there.

    Returns:
        By modality for each pair; of an absent thermal image nothing.
    """
    found: list[dict[str, ImageErrors]] = [{} for _ in encoded.pairs]
    for modality in sorted(modalities):
        truth = levels(encoded.images[modality])
        guesses = levels(encoded.predicted(modality)), mean.image(modality)
        errors = [(guess - truth).square().mean((1, 2, 3)).tolist() for guess in guesses]
        for own, pair, *both in zip(found, encoded.pairs, *errors, strict=True):
            if pair.thermal_present:
                own[modality] = ImageErrors(*both)
    return found


def prediction_facts(errors: Sequence[ImageErrors], seed: int) -> dict[str, Any]:
    """Compare the errors of N test pairs.

    Returns:
        ``mse`` and ``psnr_db`` (the mean of the images'), those of the training mean, and the ratio
        of both MSE with its 95 % bootstrap interval over pairs: below 1 the prediction is better.
    """
    predicted = np.asarray([error.predicted for error in errors])
    mean = np.asarray([error.training_mean for error in errors])
    return {
        "mse": float(predicted.mean()),
        "psnr_db": _psnr(predicted),
        "training_mean_mse": float(mean.mean()),
        "training_mean_psnr_db": _psnr(mean),
        "mse_to_training_mean": float(predicted.mean() / max(mean.mean(), LEAST_ERROR)),
        "mse_to_training_mean_interval_95": list(
            bootstrap(np.stack([predicted, mean], 1), _ratio, seed)
        ),
    }


def _ratio(sums: NDArray[Any]) -> NDArray[np.float64]:
    """Divide summed errors ``R,2``: the prediction's by the mean's."""
    ratio: NDArray[np.float64] = sums[:, 0] / np.maximum(sums[:, 1], LEAST_ERROR)
    return ratio


def _psnr(errors: NDArray[np.float64]) -> float:
    return float(np.mean(-10 * np.log10(np.maximum(errors, LEAST_ERROR))))

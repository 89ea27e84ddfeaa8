"""Errors of predicted images, beside the training mean, worked out by hand."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.made.benchmarks import SETTINGS
from twinband.core.normalise import normalise
from twinband.evaluation.features import FrozenEncoder
from twinband.evaluation.predicted import (
    ImageErrors,
    TrainingMean,
    errors_of,
    levels,
    prediction_facts,
)
from twinband.networks.build import build
from twinband.networks.masked import MaskedModel
from twinband.networks.vit import VisionTransformer
from twinband.shards.registered import RegisteredPair


class Inverting(MaskedModel):
    """Predicts that thermal is RGB inverted."""

    predicts = frozenset({"thermal"})

    def __init__(self) -> None:
        vit = build("vit_tiny", **SETTINGS)
        assert isinstance(vit, VisionTransformer)
        super().__init__(vit.config)

    def predicted(self, images: Mapping[str, Tensor], modality: str) -> Tensor:
        return normalised(1 - levels(images["rgb"]))


def normalised(pixels: Tensor) -> Tensor:
    """Pixels in [0, 1] as they are in a batch."""
    found: Tensor = normalise(
        {"image": (pixels * 255).round().to(torch.uint8)}, torch.device("cpu")
    )["image"]
    return found


def grey(rgb: int, thermal: int, present: bool = True) -> RegisteredPair:
    """A pair of flat images."""
    plane = np.full((16, 16), thermal, np.uint8)
    colours = np.full((16, 16, 3), rgb, np.uint8)
    return RegisteredPair(colours, plane, plane, plane >= 0, present, True, 0.0, {})


def test_normalising_is_undone_and_clipped() -> None:
    pixels = torch.linspace(0, 255, 48).round().view(1, 3, 4, 4) / 255
    torch.testing.assert_close(levels(normalised(pixels)), pixels)
    assert levels(torch.full((1, 3, 1, 1), 9.0)).max() == 1.0


def test_errors_of_each_pair_and_of_the_mean_image() -> None:
    encoder = FrozenEncoder(Inverting(), (16, 16))
    mean = TrainingMean()
    for batch in encoder.batches([grey(0, 51), grey(255, 153), grey(0, 102)], 2):
        mean.add(batch.images)
    torch.testing.assert_close(mean.image("thermal"), torch.full((3, 16, 16), 0.4))
    (test,) = encoder.batches([grey(51, 102), grey(255, 0), grey(0, 0, present=False)], 3)
    first, second, absent = errors_of(test, encoder.predicts, mean)
    assert absent == {} and set(first) == {"thermal"}
    assert first["thermal"].predicted == pytest.approx(0.4**2, abs=1e-5)  # 0.8 for 0.4
    assert first["thermal"].training_mean == pytest.approx(0, abs=1e-5)
    assert second["thermal"].predicted == pytest.approx(0, abs=1e-5)
    assert second["thermal"].training_mean == pytest.approx(0.4**2, abs=1e-5)


def test_facts_compare_with_the_training_mean() -> None:
    errors = [ImageErrors(0.01, 0.1), ImageErrors(0.001, 0.1)] * 20
    facts = prediction_facts(errors, seed=0)
    assert facts["mse"] == pytest.approx(0.0055) and facts["training_mean_mse"] == 0.1
    assert facts["psnr_db"] == pytest.approx((20 + 30) / 2)
    assert facts["training_mean_psnr_db"] == pytest.approx(10)
    assert facts["mse_to_training_mean"] == pytest.approx(0.055)
    low, high = facts["mse_to_training_mean_interval_95"]
    assert 0.01 < low < 0.055 < high < 0.1
    assert facts == prediction_facts(errors, seed=0)


def test_perfect_images_have_a_finite_psnr() -> None:
    facts = prediction_facts([ImageErrors(0.0, 0.0)], seed=0)
    assert facts["psnr_db"] == pytest.approx(100) and facts["mse_to_training_mean"] == 0

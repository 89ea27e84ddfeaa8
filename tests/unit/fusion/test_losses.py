"""SAGE's losses: the identities of spec sage, 5 and 11."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from twinband.fusion import losses


def image(seed: int, batch: int = 2) -> Tensor:
    return torch.rand(batch, 1, 16, 20, generator=torch.Generator().manual_seed(seed))


def encoder(images: Tensor) -> Sequence[Tensor]:
    pooled = torch.nn.functional.avg_pool2d(images, 2)
    return [torch.cat([pooled, pooled.square()], 1), pooled.tanh()]


def test_gradients_of_a_ramp_and_of_an_image_beside_itself() -> None:
    ramp = 0.25 * torch.arange(12.0).expand(1, 1, 9, 12)
    flat = torch.zeros_like(ramp)
    torch.testing.assert_close(
        losses.gradient_magnitude(ramp)[..., 1:-1, 1:-1], torch.full((1, 1, 7, 10), 8 * 0.25)
    )
    assert losses.gradient_loss(ramp, ramp, ramp) == 0
    assert losses.gradient_loss(ramp, flat, ramp) == 0
    assert losses.gradient_loss(flat, flat, ramp) > 1


def test_features_that_are_alike_at_right_angles_and_opposite() -> None:
    first = [torch.tensor([[1.0, 0.0], [0.0, 2.0]])[:, :, None, None] for _ in range(5)]
    across = [each.roll(1, 1) for each in first]
    assert losses.feature_loss(first, first) == pytest.approx(0, abs=1e-6)
    assert losses.feature_loss(first, across) == pytest.approx(5)
    assert losses.feature_loss(first, [-each for each in first]) == pytest.approx(10)


def test_contrast_is_nothing_for_equal_outputs_and_a_ratio_of_one_for_equal_targets() -> None:
    output, source = image(0), image(1)
    masks = (torch.rand(2, 3, 16, 20, generator=torch.Generator().manual_seed(2)) > 0.4).float()
    assert losses.contrast_loss(encoder, output, source, output, masks) == 0
    same = losses.contrast_loss(encoder, output, source, source, masks)
    assert same == pytest.approx(3 / 3000, rel=1e-5)
    masks[:, 1] = 0
    fewer = losses.contrast_loss(encoder, output, source, source, masks)
    assert fewer == pytest.approx(2 / 3000, rel=1e-5)
    assert losses.contrast_loss(encoder, output, source, source, 0 * masks) == 0


def test_contrast_has_a_gradient_through_both_distances() -> None:
    output = image(0).requires_grad_()
    loss = losses.contrast_loss(encoder, output, image(1), image(3), torch.ones(2, 1, 16, 20))
    loss.backward()
    assert output.grad is not None and output.grad.abs().max() > 0


def test_weights_are_those_of_the_published_sums() -> None:
    """3 (3 y + 2 r + 4 z) + 3 (9 grad + 3 grad_z); the teacher has a tenth of it, and its own."""
    assert losses.Weights(3 * 3, 3 * 2, 3 * 4, 3 * 9, 3 * 3, 1, 0.3, 0) == losses.STUDENT
    block = (0.9, 0.6, 1.2, 2.7, 0.9)
    expected = (1 + block[0], 1 + block[1], block[2], 2 + block[3], block[4])
    teacher = losses.TEACHER
    found = (
        *(teacher.luma, teacher.infrared, teacher.other),
        *(teacher.gradient, teacher.gradient_other),
    )
    assert found == pytest.approx(expected)
    terms = losses.image_terms(image(0), image(1), image(2), image(3), losses.STUDENT)
    mse = torch.nn.functional.mse_loss
    assert terms["other"] == pytest.approx(12 * mse(image(0), image(3)).item())
    assert set(terms) == {"luma", "infrared", "other", "gradient", "gradient_other"}

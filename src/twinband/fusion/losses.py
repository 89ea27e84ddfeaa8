"""Losses of fusion: SAGE's between a network's output, both sources, and the other's output.

Shapes: B batch, H and W pixels, K masks; images are ``B,1,H,W``, features ``B,C,h,w``.
Source: Wu et al., Every SAM Drop Counts, CVPR 2025 (spec sage, 5). Effective weights, multiplied
out:

=========================  ==========  ===========
term                       student     teacher
=========================  ==========  ===========
MSE to luma / infrared     9 / 6       1.9 / 1.6
MSE to the other network   12          1.2
gradient to the stronger   27          4.7
gradient to the other      9           0.9
contrast ratios            1 / 3000    0.1 / 3000
features, five scales      0.3         0.01
segmentation               none        0.3
=========================  ==========  ===========
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))
SSIM_PX, SSIM_SIGMA = 11, 1.5
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
RATIO_EPS = 1e-7
RATIO_SCALE = 3000
Encoder = Callable[[Tensor], Sequence[Tensor]]  # images to features of several layers


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of one network's terms; 0 leaves a term out."""

    luma: float
    infrared: float
    other: float
    gradient: float
    gradient_other: float
    contrast: float
    features: float
    segmentation: float = 0.0


STUDENT = Weights(9, 6, 12, 27, 9, 1, 0.3)
TEACHER = Weights(1.9, 1.6, 1.2, 4.7, 0.9, 0.1, 0.01, 0.3)


def gradient_magnitude(images: Tensor) -> Tensor:
    """Compute ``|Sobel_x| + |Sobel_y|``, zeros around the image."""
    kernel = torch.tensor(SOBEL, dtype=images.dtype, device=images.device)
    kernels = torch.stack([kernel, kernel.T])[:, None]
    return F.conv2d(images, kernels, padding=1).abs().sum(1, keepdim=True)


def gradient_loss(output: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Compare an output's gradients with the stronger of two images', pixel by pixel."""
    stronger = torch.maximum(gradient_magnitude(first), gradient_magnitude(second))
    return F.l1_loss(gradient_magnitude(output), stronger)


def feature_loss(own: Sequence[Tensor], other: Sequence[Tensor]) -> Tensor:
    """Add up, over scales, 1 minus the cosine of each sample's features."""
    cosines = [
        F.cosine_similarity(a.flatten(1), b.flatten(1), dim=1).mean()
        for a, b in zip(own, other, strict=True)
    ]
    return torch.stack([1 - cosine for cosine in cosines]).sum()


def feature_distance(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    """Add up, over layers, the norm of the difference of instance-normalised features; over the
    whole batch, as published."""
    distances = [
        (F.instance_norm(a) - F.instance_norm(b)).norm() for a, b in zip(first, second, strict=True)
    ]
    return torch.stack(distances).sum()


def contrast_loss(
    encoder: Encoder, output: Tensor, source: Tensor, other: Tensor, masks: Tensor
) -> Tensor:
    """Pull an output, seen through masks, to the other network's and away from a source.

    Args:
        encoder: of images ``B,1,H,W``; frozen, differentiable in its input.
        output: of the network that learns.
        source: luma or infrared.
        other: of the other network.
        masks: ``B,K,H,W`` what images are multiplied by, of the source; those that are 0 everywhere
            do not count.
    """
    ratios = []
    for number in range(masks.shape[1]):
        mask = masks[:, number : number + 1]
        if mask.any():
            own = encoder(output * mask)
            near = feature_distance(own, encoder(other * mask))
            far = feature_distance(own, encoder(source * mask))
            ratios.append(near / (far + RATIO_EPS))
    total = torch.stack(ratios).sum() if ratios else output.new_zeros(())
    return total / RATIO_SCALE


def image_terms(
    output: Tensor, luma: Tensor, infrared: Tensor, other: Tensor, weights: Weights
) -> dict[str, Tensor]:
    """Compute the weighted terms that compare images."""
    return {
        "luma": weights.luma * F.mse_loss(output, luma),
        "infrared": weights.infrared * F.mse_loss(output, infrared),
        "other": weights.other * F.mse_loss(output, other),
        "gradient": weights.gradient * gradient_loss(output, luma, infrared),
        "gradient_other": weights.gradient_other * gradient_loss(output, other, other),
    }


def structural_similarity(first: Tensor, second: Tensor) -> Tensor:
    """Compute the mean SSIM of images ``B,1,H,W`` in [0, 1], at least 11 pixels a side.

    Windows are Gaussian, 11 pixels wide with a deviation of 1.5, within the images (Wang et al.,
    2004).
    """
    at = torch.arange(SSIM_PX, dtype=first.dtype, device=first.device) - SSIM_PX // 2
    line = torch.exp(-(at**2) / (2 * SSIM_SIGMA**2))
    line = line / line.sum()

    def smooth(images: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(images, line[None, None, None]), line[None, None, :, None])

    mean_a, mean_b = smooth(first), smooth(second)
    variance_a = smooth(first * first) - mean_a**2
    variance_b = smooth(second * second) - mean_b**2
    covariance = smooth(first * second) - mean_a * mean_b
    level = (2 * mean_a * mean_b + SSIM_C1) / (mean_a**2 + mean_b**2 + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (variance_a + variance_b + SSIM_C2)
    return (level * structure).mean()

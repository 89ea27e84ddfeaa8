"""Losses that part what two images share from what only one of them shows.

Shapes: B samples, D dimensions; maps ``B,C,H,W``.
Source: spec cross-modal-kd, 2.1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

RATIO_OFFSET = 1.01  # keeps the denominator positive (CDDFuse; Zhao et al., 2023)
EPS = 1e-8


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Compute Pearson's correlation of two maps over each sample and channel, averaged."""
    a, b = (x.flatten(2) - x.flatten(2).mean(2, keepdim=True) for x in (first, second))
    return (F.normalize(a, dim=2, eps=EPS) * F.normalize(b, dim=2, eps=EPS)).sum(2).mean()


def disagreement(first: Tensor, second: Tensor) -> Tensor:
    """Compute the squared correlation, which unique maps are to lose."""
    return correlation(first, second) ** 2


def agreement(first: Tensor, second: Tensor) -> Tensor:
    """Compute 1 minus the cosine of maps averaged over their pixels: to be minimised."""
    a, b = first.mean((2, 3)), second.mean((2, 3))
    return 1 - F.cosine_similarity(a, b, dim=1, eps=EPS).mean()


def correlation_ratio(
    unique_a: Tensor, unique_b: Tensor, common_a: Tensor, common_b: Tensor
) -> Tensor:
    """Compute CDDFuse's ratio: unique maps should not go together, common ones should."""
    return correlation(unique_a, unique_b) ** 2 / (correlation(common_a, common_b) + RATIO_OFFSET)


def difference(common: Tensor, unique: Tensor) -> Tensor:
    """Compute the matrix form of orthogonality over a batch ``B,D`` each (DSN; Bousmalis et al.,
    2016): no dimension of the one may go with any of the other."""
    c, u = (F.normalize(x - x.mean(0), dim=1, eps=EPS) for x in (common, unique))
    return (c.T @ u).square().sum() / len(common) ** 2


def orthogonality(common: Tensor, unique: Tensor) -> Tensor:
    """Compute the vector form: the mean squared cosine of a sample's two vectors, ``B,D`` each."""
    return F.cosine_similarity(common, unique, dim=1, eps=EPS).square().mean()


def independence(first: Tensor, second: Tensor, linear: bool = False) -> Tensor:
    """Compute HSIC of ``B,D`` each (Gretton et al., 2005).

    Args:
        linear: use linear kernels, with which it is the squared norm of the cross-covariance;
            else Gaussian ones, as wide as the median distance.
    """
    kernels = [x @ x.T if linear else _gaussian(x) for x in (first, second)]
    count = len(first)
    centre = torch.eye(count, dtype=first.dtype, device=first.device) - 1 / count
    return torch.trace(kernels[0] @ centre @ kernels[1] @ centre) / (count - 1) ** 2


def spread(maps: Tensor) -> Tensor:
    """Compute how far channels stay below a deviation of 1, against collapse (VICReg; Bardes et
    al., 2022)."""
    deviation = (maps.transpose(0, 1).flatten(1).var(1) + 1e-4).sqrt()
    return F.relu(1 - deviation).mean()


def _gaussian(x: Tensor) -> Tensor:
    squares = torch.cdist(x, x) ** 2
    apart = squares[~torch.eye(len(x), dtype=torch.bool, device=x.device)]
    return torch.exp(-squares / apart.detach().median().clamp(min=EPS))

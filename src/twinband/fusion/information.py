"""Estimates of how much two variables tell of each other, as losses.

Shapes: N samples, D dimensions. A critic's scores are ``N,N``: row i and column j belong to the
i-th sample of the one variable and the j-th of the other; the diagonal holds the true pairs.
Source: spec cross-modal-kd, 2.2 and 2.3.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def info_nce(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Compute the contrast of ``N,D`` each, in nats, averaged over both directions.

    ``log N`` minus this is a lower bound of the mutual information (van den Oord et al., 2018).
    """
    scores = F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T / temperature
    return symmetric_nce(scores)


def symmetric_nce(scores: Tensor) -> Tensor:
    """Compute InfoNCE of scores ``N,N``, averaged over both directions."""
    target = torch.arange(len(scores), device=scores.device)
    return (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2


def nce_bound(scores: Tensor) -> Tensor:
    """Compute InfoNCE's lower bound of the mutual information, at most ``log N``."""
    return math.log(len(scores)) - symmetric_nce(scores)


def donsker_varadhan(scores: Tensor) -> Tensor:
    """Compute the lower bound of Donsker and Varadhan (MINE; Belghazi et al., 2018)."""
    return scores.diagonal().mean() - (_apart(scores).logsumexp(0) - _log_pairs(scores))


def nguyen_wainwright_jordan(scores: Tensor) -> Tensor:
    """Compute the lower bound of Nguyen, Wainwright and Jordan (2010)."""
    return scores.diagonal().mean() - (_apart(scores) - 1).exp().mean()


def jensen_shannon(scores: Tensor) -> Tensor:
    """Compute the stable stand-in of Hjelm et al., 2019: to be maximised, no bound."""
    return -F.softplus(-scores.diagonal()).mean() - F.softplus(_apart(scores)).mean()


def bottleneck(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Compute the divergence of Gaussians from the standard one, in nats a dimension."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean()


class ConditionalGaussian(nn.Module):
    """A Gaussian of one variable given another, for CLUB's upper bound (Cheng et al., 2020).

    Args:
        given: dimensions of the variable that is given.
        told: dimensions of the other.
        hidden: units.
    """

    def __init__(self, given: int, told: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(given, hidden), nn.ReLU(), nn.Linear(hidden, 2 * told)
        )

    def log_likelihood(self, given: Tensor, told: Tensor) -> Tensor:
        """Compute the mean log density of true pairs ``N,D``, without its constant: to be
        maximised by these parameters alone."""
        return _density(self.layers(given.detach()), told.detach()).mean()

    def upper_bound(self, given: Tensor, told: Tensor) -> Tensor:
        """Compute the bound that the variables minimise; these parameters get no gradient."""
        frozen = {name: value.detach() for name, value in self.layers.named_parameters()}
        outputs = torch.func.functional_call(self.layers, frozen, (given,))
        pairs = _density(outputs, told).mean()
        others = _density(outputs[:, None], told[None]).mean()
        return pairs - others


def _density(outputs: Tensor, told: Tensor) -> Tensor:
    mean, log_variance = outputs.chunk(2, dim=-1)
    log_variance = log_variance.tanh()  # within a factor e of 1, against runaway certainty
    return (-((told - mean) ** 2) / log_variance.exp() - log_variance).sum(-1) / 2


def _apart(scores: Tensor) -> Tensor:
    """Take the scores of all pairs that are not true."""
    return scores[~torch.eye(len(scores), dtype=torch.bool, device=scores.device)]


def _log_pairs(scores: Tensor) -> float:
    return math.log(len(scores) * (len(scores) - 1))

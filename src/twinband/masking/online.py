"""Online Gaussian mixture: one step of expectation-maximisation a batch."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from twinband.masking.measure import gathered, rank_and_size, summed

Initial = Literal["uniform", "quantiles"]

LEAST_VARIANCE = 1e-4
LEAST_WEIGHT = 1e-3
SUBSAMPLE = 1024  # least number of values, over all ranks, that quantiles are read from


class OnlineMixture(nn.Module):
    """Mixture of Gaussians over values in 0..1; stays on its device and never waits for it.

    All ranks of a distributed run hold the same mixture, fitted to the values of all.

    Args:
        components: number of components.
        initial: ``uniform``: means drawn from U(0,1) by ``seed``, variances 1; ``quantiles``:
            from the first batch, its quantiles 1/2K, 3/2K, …, and its variance / K².
        momentum: share of the earlier statistics that a step keeps; 0 replaces them.
        seed: seed for ``uniform``.

    Raises:
        ValueError: a parameter out of its range.
    """

    means: Tensor
    variances: Tensor
    weights: Tensor
    steps: Tensor
    middles: Tensor

    def __init__(
        self,
        components: int = 3,
        *,
        initial: Initial = "uniform",
        momentum: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if components < 1 or not 0 <= momentum < 1:
            raise ValueError(
                "a mixture needs at least 1 component and 0 <= momentum < 1, "
                f"not {components} and {momentum}"
            )
        if initial not in ("uniform", "quantiles"):
            raise ValueError(f"initial must be 'uniform' or 'quantiles', not {initial!r}")
        self.initial = initial
        self.momentum = momentum
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("means", torch.rand(components, generator=generator))
        self.register_buffer("variances", torch.ones(components))
        self.register_buffer("weights", torch.full((components,), 1 / components))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        middles = (torch.arange(components) + 0.5) / components
        self.register_buffer("middles", middles, persistent=False)

    @torch.no_grad()
    def forward(self, values: Tensor) -> None:
        """Do an E and an M step on ``values``, ``[B,L]`` or ``[N]``; non-finite ones are left out.

        A component that holds less than 1e-3 of the values is put at a quantile of the data;
        variances are at least 1e-4. Without any finite value nothing changes.
        """
        values = values.detach().float()
        values = values.reshape(len(values), -1)
        quantiles, variance = self._spread(values)
        if self.initial == "quantiles":
            first = self.steps == 0
            self.means.copy_(torch.where(first, quantiles, self.means))
            self.variances.copy_(torch.where(first, variance, self.variances))
        mass, shift, squares = self._statistics(values.flatten())
        empty = mass < LEAST_WEIGHT
        shift = shift / mass.clamp_min(LEAST_WEIGHT)
        fitted = (squares / mass.clamp_min(LEAST_WEIGHT) - shift.square()).clamp_min(LEAST_VARIANCE)
        self.means.copy_(torch.where(empty, quantiles, self.means + shift))
        self.variances.copy_(torch.where(empty, variance, fitted))
        weights = torch.where(empty, 1 / len(mass), mass)
        self.weights.copy_(weights / weights.sum())
        self.steps += 1

    def _spread(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Compute ``[K]`` quantiles and the variance / K² of some columns of ``values``.

        The columns are the same for every image, so that ranks may hold any of them.
        """
        rows, columns = values.shape
        share = math.ceil(SUBSAMPLE / max(rows * rank_and_size()[1], 1))
        if share < columns:
            stride = _spreading_stride(columns)
            values = values[:, torch.arange(share, device=values.device) * stride % columns]
        subsample = gathered(values.flatten())
        finite = subsample.isfinite()
        quantiles = torch.where(finite, subsample, torch.nan).nanquantile(self.middles)
        count = finite.sum().clamp_min(1)
        mean = torch.where(finite, subsample, 0.0).sum() / count
        variance = torch.where(finite, (subsample - mean).square(), 0.0).sum() / count
        narrow = (variance / len(self.means) ** 2).clamp_min(LEAST_VARIANCE)
        return torch.where(quantiles.isfinite(), quantiles, self.means), narrow

    def _statistics(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute ``[K]`` mass (sum 1), and mass-weighted shift and square about the present means.

        Sums of squares about 0 would cancel in fp32.
        """
        finite = values.isfinite()
        offsets = torch.where(finite, values, 0.0) - self.means[:, None]
        shares = self._log_joint(offsets).softmax(0) * finite
        weighted = shares * offsets
        sums = torch.stack([shares.sum(1), weighted.sum(1), (weighted * offsets).sum(1)])
        sums = summed(sums)
        total = sums[0].sum()
        kept = torch.stack(
            [self.weights, torch.zeros_like(self.weights), self.weights * self.variances]
        )
        mixed = self.momentum * kept + (1 - self.momentum) * sums / total.clamp_min(1)
        mass, shift, squares = torch.where(total > 0, mixed, kept)
        return mass, shift, squares

    def _log_joint(self, offsets: Tensor) -> Tensor:
        constant = self.weights.log() - 0.5 * (2 * math.pi * self.variances).log()
        return constant[:, None] - offsets.square() * (0.5 / self.variances)[:, None]

    @torch.no_grad()
    def log_likelihood(self, values: Tensor) -> Tensor:
        """Compute the mean log-likelihood in nats, a scalar on the device."""
        offsets = values.detach().float().flatten() - self.means[:, None]
        return self._log_joint(offsets).logsumexp(0).mean()


def _spreading_stride(columns: int) -> int:
    """Find a stride near the golden section that visits every column once before any twice."""
    start = max(round(0.618 * columns), 1)
    return next(stride for stride in range(start, 2 * start + 2) if math.gcd(stride, columns) == 1)

"""Online Gaussian mixture: one step of expectation-maximisation a batch."""

import math
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from twinband.masking.measure import gathered, rank_and_size, summed

Initial = Literal["uniform", "quantiles"]

# Of the variance of the data: a component is never narrower than a thousandth of their spread. This
# keeps one from collapsing on a single value, and is far below the spread of the bulk of a batch
# that one flat patch presses towards 0 (that patch alone makes the spread 1/sqrt(values)).
LEAST_SHARE = 1e-6
LEAST_VARIANCE = 1e-14  # for data that are all equal: what fp32 can tell apart in 0..1, squared
LEAST_WEIGHT = 1e-3
SUBSAMPLE = 1024  # least number of values, over all ranks, that quantiles are read from
TINY = 1e-300  # keeps logarithms finite

# Of few elements: on a CPU NumPy arrays, a tenth as slow as tensors; tensors elsewhere. What is
# done with them is the same.
Numbers = Any


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
        means = torch.rand(components, generator=generator).double()
        self.register_buffer("means", means)
        self.register_buffer("variances", torch.ones_like(means))
        self.register_buffer("weights", torch.full_like(means, 1 / components))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        middles = (torch.arange(components) + 0.5) / components
        self.register_buffer("middles", middles, persistent=False)
        self._begun = False  # on the host, so that no step waits for the device
        self.register_load_state_dict_post_hook(_copy_begun)

    @torch.no_grad()
    def forward(self, values: Tensor) -> None:
        """Do an E and an M step on ``values``, ``[B,L]`` or ``[N]``; non-finite ones are left out.

        A component that holds less than 1e-3 of the values is put at a quantile of the data;
        variances are at least 1e-6 of that of the data. Without any finite value nothing changes.
        """
        values = values.detach().float()
        values = values.reshape(len(values), -1)
        if self.initial == "quantiles" and not self._begun:
            quantiles, variance = self._spread(values)
            self.means.copy_(quantiles)
            self.variances.copy_(variance)
        self._begun = True
        self.steps.add_(1)
        self.replace(*self._statistics(values.flatten()), values)

    def replace(self, mass: Numbers, shift: Numbers, squares: Numbers, values: Tensor) -> None:
        """Do the M step.

        Args:
            mass: ``[K]``, sum 1.
            shift: ``[K]``, mass-weighted mean of the values less the present mean.
            squares: ``[K]``, mass-weighted mean of their squares.
            values: ``[B,L]``, for quantiles.
        """
        library, (means, variances, weights) = library_of(mass), self.numbers()
        about = means - (mass * means + shift).sum()
        spread = (squares + 2 * about * shift + mass * about * about).sum()
        least = (LEAST_SHARE * spread).clip(min=LEAST_VARIANCE)
        empty = mass < LEAST_WEIGHT
        shift = shift / mass.clip(min=LEAST_WEIGHT)
        moved = means + shift
        fitted = library.maximum(squares / mass.clip(min=LEAST_WEIGHT) - shift * shift, least)
        # A CPU can look whether a component is empty, where another device would be waited for.
        if library is torch or empty.any():
            spread_of = self._spread(values)
            quantiles, narrow = (part if library is torch else part.numpy() for part in spread_of)
            moved = library.where(empty, quantiles, moved)
            fitted = library.where(empty, library.maximum(narrow, least), fitted)
            mass = library.where(empty, 1 / len(mass), mass)
        means[:], variances[:], weights[:] = moved, fitted, mass / mass.sum()

    def numbers(self) -> tuple[Numbers, Numbers, Numbers]:
        """Return means, variances and weights, to read and to write."""
        if self.means.device.type == "cpu":
            return self.means.numpy(), self.variances.numpy(), self.weights.numpy()
        return self.means, self.variances, self.weights

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
        quantiles = torch.where(finite, subsample, torch.nan).nanquantile(self.middles).double()
        subsample, count = torch.where(finite, subsample, 0.0).double(), finite.sum().clamp_min(1)
        mean = subsample.sum() / count
        variance = torch.where(finite, (subsample - mean).square(), 0.0).sum() / count
        narrow = (variance / len(self.means) ** 2).clamp_min(LEAST_VARIANCE)
        return torch.where(quantiles.isfinite(), quantiles, self.means), narrow

    def _statistics(self, values: Tensor) -> tuple[Numbers, Numbers, Numbers]:
        """Compute ``[K]`` mass (sum 1), and mass-weighted shift and square about the present means.

        In fp64 and about the means: at the start they may be far from values that lie close
        together.
        """
        on_cpu = values.device.type == "cpu"
        numbers = self.numbers()
        sums: Numbers = summed(sums_on_host(values, *numbers) if on_cpu else self._sums(values))
        sums = sums.numpy() if on_cpu else sums
        library, (_, variances, weights) = library_of(sums), numbers
        total = sums[0].sum()
        kept = library.stack([weights, 0 * weights, weights * variances])
        mixed = self.momentum * kept + (1 - self.momentum) * sums / total.clip(min=1)
        mass, shift, squares = library.where(total > 0, mixed, kept)
        return mass, shift, squares

    def _sums(self, values: Tensor) -> Tensor:
        """Sum the components' shares of the values, times offset, times its square: ``[3,K]``."""
        finite = values.isfinite()
        offsets = torch.where(finite, values, 0.0).double() - self.means[:, None]
        shares = self._log_joint(offsets).softmax(0) * finite
        weighted = shares * offsets
        return torch.stack([shares.sum(1), weighted.sum(1), (weighted * offsets).sum(1)])

    def _log_joint(self, offsets: Tensor) -> Tensor:
        """Compute the logarithms of weight times density, ``[K,N]``."""
        variances, weights = self.variances[:, None], self.weights[:, None]
        return log_peak(variances, weights) + offsets.square() * (-0.5 / variances)

    @torch.no_grad()
    def log_likelihood(self, values: Tensor) -> Tensor:
        """Compute the mean log-likelihood in nats, a scalar on the device."""
        offsets = values.detach().double().flatten() - self.means[:, None]
        return self._log_joint(offsets).logsumexp(0).mean()


def library_of(numbers: Numbers) -> Any:
    """Return the library that the numbers are of: torch or NumPy."""
    return torch if isinstance(numbers, Tensor) else np


def sums_on_host(
    values: Tensor, means: NDArray[Any], variances: NDArray[Any], weights: NDArray[Any]
) -> Tensor:
    """Do as ``OnlineMixture._sums`` on a CPU, where NumPy needs half of PyTorch's time."""
    host: NDArray[Any] = values.numpy()
    finite = np.isfinite(host)
    host = host if finite.all() else host[finite]
    offsets = host - means[:, None]
    squares = offsets * offsets
    shares = squares * (-0.5 / variances)[:, None]
    shares += log_peak(variances, weights)[:, None]
    shares -= shares.max(0)
    np.exp(shares, out=shares)
    shares /= shares.sum(0)
    sums = [np.einsum("kn,kn->k", shares, part) for part in (offsets, squares)]
    return torch.from_numpy(np.array([shares.sum(1), *sums]))


def log_peak(variances: Numbers, weights: Numbers) -> Numbers:
    """Compute the logarithms of weight times density at the mean."""
    library = library_of(variances)
    return library.log(weights.clip(min=TINY)) - 0.5 * library.log(2 * math.pi * variances)


def _copy_begun(module: nn.Module, _: object) -> None:
    assert isinstance(module, OnlineMixture)
    module._begun = bool(module.steps > 0)


def _spreading_stride(columns: int) -> int:
    """Find a stride near the golden section that visits every column once before any twice."""
    start = max(round(0.618 * columns), 1)
    return next(stride for stride in range(start, 2 * start + 2) if math.gcd(stride, columns) == 1)

"""M-SpecGene's masking as its specification tells what the published code does, in plain NumPy.

Written from the specification, apart from ``twinband.masking``, to compare with it. One call of
``step`` is one step of training; the schedule's tick comes at the end of a step.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class PublishedMasking:
    """State of the published sampler.

    Args:
        means: first means of the mixture, in any order.
        steps_per_tick: steps between two ticks of the schedule.
        mask_ratio: masked share.
        mask_ratio_max: masked share where the shift of patches ends.
    """

    def __init__(
        self,
        means: Floats,
        steps_per_tick: int,
        mask_ratio: float = 0.9,
        mask_ratio_max: float = 0.95,
    ) -> None:
        self.means = np.array(means, np.float64)
        self.variances = np.ones_like(self.means)
        self.weights = np.full_like(self.means, 1 / len(self.means))
        self.centres = [0.0]
        self.count_bias = 0.0
        self.centre_bias = 0.0
        self.steps_per_tick = steps_per_tick
        self.mask_ratio = mask_ratio
        self.mask_ratio_max = mask_ratio_max
        self.steps = self.ticks = 0

    def step(
        self,
        first: Floats,
        second: Floats,
        losses: tuple[float, float],
        normals: tuple[Floats, Floats],
    ) -> tuple[Indices, Indices]:
        """Choose the visible patches of both modalities, then move the schedule.

        Args:
            first: ``[B,L,D]`` tokens of the modality that chooses first.
            second: ``[B,L,D]`` of the other.
            losses: of the step before, of the first and the second modality.
            normals: ``[B,L]`` standard normal numbers for both.

        Returns:
            ``[B,K1]`` and ``[B,K2]``, in the order of the targets.
        """
        cmss = published_cmss(first, second)
        self.fit(cmss.ravel())
        base = int(cmss.shape[1] * (1 - self.mask_ratio))
        shift = int(self.count_bias)
        free, free_for_second = cmss.copy(), cmss.copy()
        one = choose(free, self.targets(normals[0], self.centre_bias), base - shift)
        np.put_along_axis(free_for_second, one, 1e3, 1)
        other = choose(free_for_second, self.targets(normals[1], -self.centre_bias), base + shift)
        self.steps += 1
        if self.steps % self.steps_per_tick == 0:
            self.ticks += 1
            self.tick(losses[1] - losses[0], cmss.shape[1])
        return one, other

    def fit(self, values: Floats) -> None:
        """One step of expectation-maximisation, without any safeguard."""
        density = np.exp(-0.5 * (values[:, None] - self.means) ** 2 / self.variances)
        joint = self.weights / np.sqrt(2 * np.pi * self.variances) * density
        shares = joint / joint.sum(1, keepdims=True)
        mass = shares.sum(0)
        self.means = (shares * values[:, None]).sum(0) / mass
        self.variances = (shares * (values[:, None] - self.means) ** 2).sum(0) / mass
        self.weights = mass / len(values)

    def targets(self, normals: Floats, bias: float) -> Floats:
        """Values for a batch, filled component by component: ``[B,L]``."""
        table = sorted(
            [(0.0, 0.01, 0.0), *zip(self.means, self.variances, self.weights, strict=True)]
        )
        means, variances, weights = np.array(table).T
        shares = weights[1 : len(self.centres) + 1]
        shares = shares / shares.sum()
        counts = [int(normals.size * share) for share in shares[:-1]]
        counts.append(normals.size - sum(counts))
        centres = np.repeat(np.array(self.centres) + bias, counts).reshape(normals.shape)
        deviations = np.sqrt(np.interp(centres, means, variances))
        values: Floats = deviations * normals + centres
        return values

    def tick(self, gap: float, patches: int) -> None:
        """Move biases and centres; ``gap`` is the second loss less the first."""
        most = np.floor(patches * (self.mask_ratio_max - self.mask_ratio))
        self.count_bias = self.count_bias + 10 * gap if self.count_bias < most else most
        self.centre_bias = self.centre_bias + 0.1 * gap if self.centre_bias < 0.1 else 0.1
        means = np.sort(self.means)
        if self.ticks < 50:
            reached = means[len(self.centres) - 1]
            if self.centres[-1] > reached and len(self.centres) < len(means):
                self.centres[-1] = reached
                self.centres.append(0.0)
            self.centres[-1] += (means.sum() - sum(self.centres)) / (50 - self.ticks)
            return
        self.centres[-1] = means[-1]
        moving = 0
        for index, centre in enumerate(self.centres):
            if centre < means[-1]:
                moving = index
        missing = len(means) * means[-1] - sum(self.centres)
        self.centres[moving] += missing / (101 - self.ticks)


def published_cmss(first: Floats, second: Floats) -> Floats:
    """CMSS with the first modality's variance squared, over the maximum of the batch."""
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    cosine = (first * second).sum(-1) / lengths
    measure = np.sqrt((cosine + 1) / 2) / first.var(-1, ddof=1) ** 2
    return np.asarray(measure / measure.max(), np.float64)


def choose(free: Floats, targets: Floats, count: int) -> Indices:
    """Take the nearest free patch for each of ``count`` targets, in their order."""
    taken = np.empty((len(free), count), np.int64)
    for column in range(count):
        taken[:, column] = np.abs(targets[:, column, None] - free).argmin(1)
        free[np.arange(len(free)), taken[:, column]] = 1e5
    return taken

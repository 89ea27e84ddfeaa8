"""M-SpecGene's curriculum and mixture exactly as its published code runs them.

They are for comparisons with published results. What is recommended instead, and why, is in
``Curriculum`` and ``OnlineMixture``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from twinband.masking.curriculum import Curriculum, walked
from twinband.masking.online import TINY, Numbers, OnlineMixture, library_of

TICKS = 100
# Where the published code would divide by a variance of 0 and mask at random from then on.
LEAST_VARIANCE = 1e-30


def walked_as_published(
    centres: Sequence[float], means: Sequence[float], tick: int, ticks: int = TICKS
) -> list[float]:
    """Compute the centres after ``tick``, from 1 to ``ticks``.

    In the second half the sum of all centres walks to K times the largest mean, by moving one
    centre at a time: it may pass that mean, and does so if there are fewer centres than means.

    Args:
        centres: the 1 to K centres before.
        means: the K means of the mixture, in increasing order.
        tick: number of the tick.
        ticks: ticks of the schedule.
    """
    if tick < ticks // 2:
        return walked(centres, means, tick, ticks, "linear")
    top = means[-1]
    moved = [*centres[:-1], top]
    last_below = max((index for index, centre in enumerate(moved) if centre < top), default=0)
    moved[last_below] += (len(means) * top - sum(moved)) / (ticks + 1 - tick)
    return moved


class PublishedCurriculum(Curriculum):
    """The published schedule, of 100 ticks.

    A bias that has reached its limit is set to it at every further tick and never leaves it; before
    that it is not limited, neither above nor below. The published code ends with an error as soon
    as no patch of a modality is left; here one stays visible. At a tick it knows the losses of the
    step before last, and takes them as they are, without an average; losses that are not finite are
    left out, where the published code would be lost. The last tick comes after the last step.

    Args:
        patches: L, patches an image.
        kept: K, visible patches of either modality before any shift.
        mask_ratio: masked share that leaves K.
        mask_ratio_max: masked share at which the shift of patches stops.
        components: components of the mixture.
    """

    newest: Tensor

    def __init__(
        self,
        patches: int,
        kept: int,
        *,
        mask_ratio: float = 0.9,
        mask_ratio_max: float = 0.95,
        components: int = 3,
    ) -> None:
        super().__init__(
            patches,
            kept,
            mask_ratio=mask_ratio,
            mask_ratio_max=mask_ratio_max,
            ticks=TICKS,
            components=components,
        )
        self.register_buffer("newest", torch.zeros(2))

    def _copy(self) -> None:
        super()._copy()
        self._shifted = min(max(self._shifted, 1 - self._kept), self._kept - 1)

    def remember(self, losses: Tensor, valid: Tensor) -> None:
        self.losses.copy_(torch.where(valid, self.newest, self.losses))
        self.newest.copy_(torch.where(valid, losses, self.newest))

    def due(self, progress: float) -> int:
        return min(super().due(progress), self.ticks - 1)

    def shifted(self, bias: float, shift: float, most: float) -> float:
        return bias + shift if bias < most else most

    def walk(self, centres: Sequence[float], means: Sequence[float], tick: int) -> list[float]:
        return walked_as_published(centres, means, tick, self.ticks)


class PublishedMixture(OnlineMixture):
    """The mixture without floors: a component may become as narrow and as rare as it likes.

    Means begin uniform, variances at 1, weights at 1/K; every step replaces them. Where the
    published code divides by 0, and has NaN from then on, a component stays where it is.

    Args:
        components: number of components.
        seed: seed of the means.
    """

    def __init__(self, components: int = 3, *, seed: int = 0) -> None:
        super().__init__(components, seed=seed)

    def replace(self, mass: Numbers, shift: Numbers, squares: Numbers, values: Tensor) -> None:
        where, (means, variances, weights) = library_of(mass).where, self.numbers()
        present = mass > TINY
        divisor = mass.clip(min=TINY)
        shift = where(present, shift / divisor, 0.0)
        fitted = (squares / divisor - shift * shift).clip(min=LEAST_VARIANCE)
        means += shift
        variances[:], weights[:] = where(present, fitted, variances), mass

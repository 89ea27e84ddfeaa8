"""Curriculum of CMSS masking (M-SpecGene): number and CMSS of either modality's visible patches.

The schedule has ``ticks`` equal parts. In the first half the centres of the target values move from
0 to the means of the fitted mixture, one after the other; in the second they move to its largest
mean, until only background is visible. At every tick the difference of the losses shifts visible
patches to the modality with the larger loss, and the modalities' centres apart. The published
schedule has 100 ticks.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from twinband.masking.measure import summed
from twinband.networks.sampler import share_of

Pace = Literal["static", "linear", "cosine"]

TOKENS_PER_LOSS = 10.0  # patches shifted per tick and difference of the losses
CENTRE_PER_LOSS = 0.1
LARGEST_CENTRE_BIAS = 0.1


def paced(time: float, pace: Pace) -> float:
    """Map ``time`` to the progress of the centres, both 0..1."""
    return (1 - math.cos(math.pi * time)) / 2 if pace == "cosine" else time


def walked(
    centres: Sequence[float], means: Sequence[float], tick: int, ticks: int, pace: Pace
) -> list[float]:
    """Compute the centres after ``tick``.

    Differs from the published rule only where that leaves its range: no centre passes the largest
    mean in the second half, and the target there counts the centres that exist.

    Args:
        centres: the 1 to K centres before.
        means: the K means of the mixture, in increasing order.
        tick: number of the tick, from 1; from ``ticks`` on the centres are at their end.
        ticks: ticks of the schedule.
        pace: ``linear`` or ``cosine``.
    """
    moved = list(centres)
    half = ticks // 2
    if tick < half:
        if moved[-1] > means[len(moved) - 1] and len(moved) < len(means):
            moved[-1] = means[len(moved) - 1]
            moved.append(0.0)
        moved[-1] += (sum(means) - sum(moved)) * _share(tick, half - 1, ticks, pace)
        return moved
    top = means[-1]
    moved = [min(centre, top) for centre in moved[:-1]] + [top]
    below = [index for index, centre in enumerate(moved) if centre < top]
    if below:
        missing = len(moved) * top - sum(moved)
        moved[below[-1]] += missing * _share(tick, ticks, ticks, pace)
    return [min(centre, top) for centre in moved]


def _share(tick: int, last: int, ticks: int, pace: Pace) -> float:
    """Compute the share of the remaining way that ``tick`` moves, to arrive at tick ``last``."""
    if tick >= last:
        return 1.0
    before, now, end = (paced(part / ticks, pace) for part in (tick - 1, tick, last))
    return (now - before) / (end - before)


class Curriculum(nn.Module):
    """State of the schedule, for the modalities that choose first and second.

    Args:
        patches: L, patches an image.
        kept: K, visible patches of either modality before any shift.
        mask_ratio: masked share that leaves K.
        mask_ratio_max: masked share that a modality may reach.
        pace: ``linear``; ``cosine``: slow at both ends; ``static``: all centres at the largest
            mean from the first step on.
        ticks: updates during the whole training, at least 2.
        components: components of the mixture.
        loss_momentum: momentum of the moving averages of the losses.

    Raises:
        ValueError: a parameter out of its range.
    """

    losses: Tensor
    observed: Tensor
    tick: Tensor
    centres: Tensor
    active: Tensor
    count_bias: Tensor
    centre_bias: Tensor

    def __init__(
        self,
        patches: int,
        kept: int,
        *,
        mask_ratio: float = 0.9,
        mask_ratio_max: float = 0.95,
        pace: Pace = "linear",
        ticks: int = 100,
        components: int = 3,
        loss_momentum: float = 0.9,
    ) -> None:
        super().__init__()
        if pace not in ("static", "linear", "cosine"):
            raise ValueError(f"curriculum must be static, linear or cosine, not {pace!r}")
        if ticks < 2 or not mask_ratio <= mask_ratio_max < 1 or not 0 <= loss_momentum < 1:
            raise ValueError(
                "a curriculum needs ticks >= 2, mask_ratio <= mask_ratio_max < 1 and "
                f"0 <= loss_momentum < 1, not {ticks}, {mask_ratio_max} and {loss_momentum}"
            )
        self.pace = pace
        self.ticks = ticks
        self.loss_momentum = loss_momentum
        # At least one patch of either modality stays visible.
        self.most_shifted = min(share_of(patches, mask_ratio_max - mask_ratio), kept - 1)
        self._kept = kept
        self.register_buffer("losses", torch.zeros(2))
        self.register_buffer("observed", torch.zeros((), dtype=torch.int64))
        self.register_buffer("tick", torch.zeros((), dtype=torch.int64))
        self.register_buffer("centres", torch.zeros(components, dtype=torch.float64))
        self.register_buffer("active", torch.ones((), dtype=torch.int64))
        self.register_buffer("count_bias", torch.zeros((), dtype=torch.float64))
        self.register_buffer("centre_bias", torch.zeros((), dtype=torch.float64))
        self._copy()
        self.register_load_state_dict_post_hook(_copy_state)

    def _copy(self) -> None:
        """Copy to the host what decides shapes and control flow, so that no step waits for it."""
        self._tick, self._active = int(self.tick), int(self.active)
        self._shifted = int(self.count_bias)

    @property
    def kept(self) -> tuple[int, int]:
        """Visible patches of the first and of the second modality; their sum is constant."""
        return self._kept - self._shifted, self._kept + self._shifted

    def present_centres(self, means: Tensor) -> Tensor:
        """Return the ``[Q]`` present centres; for ``static`` all are the largest of ``means``."""
        if self.pace == "static":
            return means.max().expand(len(means))
        return self.centres[: self._active]

    @torch.no_grad()
    def observe(self, loss_first: Tensor | float, loss_second: Tensor | float) -> None:
        """Add the losses of a step, averaged over ranks, to the moving averages.

        Ranks where either loss is not finite are left out.
        """
        device = self.losses.device
        pair = torch.stack(
            [
                torch.as_tensor(loss, dtype=torch.float32, device=device).detach()
                for loss in (loss_first, loss_second)
            ]
        )
        valid = pair.isfinite().all()
        sums = summed(torch.cat([torch.where(valid, pair, 0.0), valid.float()[None]]))
        self.remember(sums[:2] / sums[2].clamp_min(1), sums[2] > 0)
        self.observed += sums[2] > 0

    def remember(self, losses: Tensor, valid: Tensor) -> None:
        """Take the ``[2]`` losses of a step into account, if they are ``valid``."""
        momentum = torch.where(self.observed > 0, self.loss_momentum, 0.0)
        mixed = momentum * self.losses + (1 - momentum) * losses
        self.losses.copy_(torch.where(valid, mixed, self.losses))

    def due(self, progress: float) -> int:
        """Count the ticks due at ``progress``, 0..1."""
        return math.floor(progress * self.ticks + 1e-9)

    def advance(self, progress: float, means: Callable[[], Sequence[float]]) -> None:
        """Do the ticks due at ``progress``, 0..1; ``means`` is called only if there are any."""
        due = self.due(progress)
        if due <= self._tick:
            return
        first, second = self.losses.tolist()
        levels = sorted(means())
        for tick in range(self._tick + 1, due + 1):
            self.turn(tick, levels, second - first)

    def turn(self, tick: int, means: Sequence[float], gap: float) -> None:
        """Do one tick.

        Args:
            tick: its number, from 1.
            means: means of the mixture, in increasing order.
            gap: loss of the second modality minus that of the first.
        """
        for bias, shift, most in (
            (self.count_bias, TOKENS_PER_LOSS * gap, self.most_shifted),
            (self.centre_bias, CENTRE_PER_LOSS * gap, LARGEST_CENTRE_BIAS),
        ):
            bias.fill_(self.shifted(float(bias), shift, most))
        if self.pace != "static":
            moved = self.walk(self.centres[: self._active].tolist(), means, tick)
            self.centres[: len(moved)] = torch.tensor(moved, dtype=self.centres.dtype)
            self.active.fill_(len(moved))
        self.tick.fill_(tick)
        self._copy()

    def shifted(self, bias: float, shift: float, most: float) -> float:
        """Shift a bias, which stays from -``most`` to ``most``."""
        return min(max(bias + shift, -most), most)

    def walk(self, centres: Sequence[float], means: Sequence[float], tick: int) -> list[float]:
        """Compute the centres after ``tick``; see ``walked``."""
        return walked(centres, means, tick, self.ticks, self.pace)

    def diagnostics(self, means: Tensor) -> dict[str, float]:
        """Return numbers to log, always the same names; centres that do not exist yet are NaN."""
        present = self.present_centres(means).tolist()
        centres = present + [math.nan] * (len(self.centres) - len(present))
        return {
            "count_bias": float(self.count_bias),
            "centre_bias": float(self.centre_bias),
            **{f"centre_{number}": value for number, value in enumerate(centres, 1)},
        }


def _copy_state(module: nn.Module, _: object) -> None:
    assert isinstance(module, Curriculum)
    module._copy()

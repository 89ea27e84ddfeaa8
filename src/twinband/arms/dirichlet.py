"""MultiMAE's masking: the visible patches are divided among modalities by a Dirichlet draw.

Source: Bachmann et al., MultiMAE, ECCV 2022 (spec multimae, 2.3); the option ``one_extra`` after
OmniSegmentor (spec peers, 1).
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twinband.masking.draws import uniform
from twinband.masking.measure import rank_and_size
from twinband.networks.sampler import ModalitySampler, share_of

Subsets = Literal["all", "uniform", "one_extra"]
BASE = ("rgb", "thermal")  # what ``one_extra`` adds to


class Arm(ModalitySampler):
    """For each sample shares ~ Dirichlet(alpha, …), one a modality; as many random patches of each.

    Exactly K patches are visible: where the rounded shares add up to less or more, random patches
    join or leave, whatever their modality. A modality that a sample lacks gets none.

    Args:
        patches: L, patches an image.
        mask_ratio: hidden share of the patches of all modalities that the batch knows.
        visible: K; by default what ``mask_ratio`` leaves.
        alpha: concentration: near 0 one modality gets all, if large all get the same.
        subsets: modalities that may share: ``all``; ``uniform``: a non-empty subset, all equally
            likely; ``one_extra``: RGB, thermal, and one of the others.
        seed: seed of the random numbers, the same on every rank.

    Raises:
        ValueError: a value out of its range.
    """

    def __init__(
        self,
        patches: int,
        *,
        mask_ratio: float = 5 / 6,
        visible: int = 0,
        alpha: float = 1.0,
        subsets: Subsets = "all",
        seed: int = 0,
    ) -> None:
        super().__init__(patches, seed=seed)
        if not 0 < mask_ratio < 1 or visible < 0 or not 0 < alpha < float("inf"):
            raise ValueError(
                "dirichlet needs 0 < mask_ratio < 1, visible >= 0 (0: by mask_ratio) and alpha > 0,"
                f" not {mask_ratio}, {visible} and {alpha}"
            )
        if subsets not in ("all", "uniform", "one_extra"):
            raise ValueError(f"subsets must be all, uniform or one_extra, not {subsets!r}")
        self.mask_ratio = mask_ratio
        self.visible = visible
        self.alpha = float(alpha)
        self.subsets = subsets

    @torch.no_grad()
    def forward(self, present: Mapping[str, Tensor]) -> dict[str, Tensor]:
        there = torch.stack(list(present.values()), 1)  # B,M
        kept = self.visible or share_of(there.shape[1] * self.patches, 1 - self.mask_ratio)
        least = int(there.sum(1).min()) * self.patches
        if not 1 <= kept <= least:
            raise ValueError(
                f"{kept} visible patches of {least} that a sample has; set mask_ratio or visible"
            )
        shares, chosen = self._shares(there.cpu().numpy(), list(present))
        counts = torch.from_numpy(np.rint(kept * shares)).to(there.device)
        last = 2.0 * ~there + 2.0 * torch.from_numpy(~chosen).to(there.device)
        shown = self._places(counts, last, kept)
        return dict(zip(present, shown.unbind(1), strict=True))

    def _places(self, counts: Tensor, last: Tensor, kept: int) -> Tensor:
        """Choose random places, ``counts`` of each modality but ``kept`` a sample, those of
        modalities with a greater ``last`` last (both ``B,M``): ``B,M,L`` booleans."""
        generator = self.generator(counts.device)
        rows, modalities = counts.shape
        first, second = (
            uniform(rows, modalities * self.patches, generator).view(rows, modalities, -1)
            for _ in range(2)
        )
        ranks = first.argsort(-1).argsort(-1)
        hidden = (ranks >= counts[..., None]).float() + last[..., None]
        places = (hidden + second).flatten(1).topk(kept, largest=False).indices
        shown = torch.zeros_like(hidden, dtype=torch.bool)
        return shown.flatten(1).scatter(1, places, True).view_as(hidden)

    def _shares(
        self, there: NDArray[np.bool_], names: list[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Draw ``B,M`` shares that add up to 1, and say which modalities may share.

        Drawn in logarithms, since small ``alpha`` underflows else.

        The gamma variate of a small shape is one of shape + 1 times ``u ** (1 / shape)``.
        """
        rank, size = rank_and_size()
        random = np.random.default_rng(self.call_seed())
        rows, modalities = there.shape
        every = (rows * size, modalities)  # drawn for the batch of all ranks, as other numbers are
        gamma = np.log(random.standard_gamma(self.alpha + 1, every))
        logs = (gamma + np.log(random.random(every)) / self.alpha)[rank::size]
        chosen = self._chosen(random, every, names)[rank::size] & there
        chosen = np.where(chosen.any(1, keepdims=True), chosen, there)
        logs = np.where(chosen, logs, -np.inf)
        weights = np.exp(logs - logs.max(1, keepdims=True))
        shares: NDArray[np.float64] = weights / weights.sum(1, keepdims=True)
        return shares, chosen

    def _chosen(
        self, random: np.random.Generator, every: tuple[int, int], names: list[str]
    ) -> NDArray[np.bool_]:
        """Choose the modalities ``rows,M`` that may share."""
        rows, modalities = every
        if self.subsets == "uniform":
            numbers = random.integers(1, 2**modalities, size=(rows, 1))
            return (numbers >> np.arange(modalities) & 1).astype(np.bool_)
        chosen = np.ones(every, np.bool_)
        extras = [column for column, name in enumerate(names) if name not in BASE]
        if self.subsets == "one_extra" and extras:
            drawn = np.asarray(extras)[random.integers(0, len(extras), size=rows)]
            chosen[:, extras] = drawn[:, None] == extras
        return chosen

"""Random masking with equally many visible patches in both modalities."""

import torch
from torch import Tensor

from twinband.masking.draws import uniform
from twinband.masking.sampler import Sampler, Visible


class RandomSampler(Sampler):
    """K random patches of either modality.

    Args:
        patches: L, patches an image.
        mask_ratio: masked share of either modality.
        disjoint: no position is visible in both modalities; else they are independent.
        seed: seed of the random numbers.
    """

    def __init__(
        self, patches: int, *, mask_ratio: float = 0.9, disjoint: bool = False, seed: int = 0
    ) -> None:
        super().__init__(patches, mask_ratio=mask_ratio, seed=seed)
        self.disjoint = disjoint

    @property
    def kept_thermal(self) -> int:
        return self.kept

    @torch.no_grad()
    def forward(self, rgb_tokens: Tensor, thermal_tokens: Tensor) -> Visible:
        """Choose patches, in random order; only batch size and device of the tokens matter."""
        self.check(rgb_tokens)
        self.check(thermal_tokens)
        generator = self.generator(rgb_tokens.device)
        rows, thermal = len(rgb_tokens), self.kept_thermal
        rgb = 2 * self.kept - thermal
        order = uniform(rows, self.patches, generator).argsort(dim=1, stable=True)
        if self.disjoint:
            return Visible(order[:, thermal : thermal + rgb], order[:, :thermal])
        other = uniform(rows, self.patches, generator).argsort(dim=1, stable=True)
        return Visible(other[:, :rgb], order[:, :thermal])

    def diagnostics(self) -> dict[str, float]:
        thermal = float(self.kept_thermal)
        return {"kept_rgb": 2 * self.kept - thermal, "kept_thermal": thermal}

"""Uniform masking: any patch is as likely to be visible as the next."""

import torch
from torch import Tensor

from twinband.masking.draws import uniform
from twinband.networks.sampler import Sampler, Visible


class UniformSampler(Sampler):
    """Random patches: ``kept_thermal`` of the 2 K in thermal, the rest in RGB.

    Args:
        patches: L, patches an image.
        mask_ratio: hidden share of either modality.
        disjoint: no position is visible in both modalities; else they are independent.
        seed: of the random numbers.
    """

    def __init__(
        self, patches: int, *, mask_ratio: float = 0.9, disjoint: bool = False, seed: int = 0
    ) -> None:
        super().__init__(patches, mask_ratio=mask_ratio, seed=seed)
        self.disjoint = disjoint

    @property
    def kept_thermal(self) -> int:
        """Visible patches of the thermal image."""
        return self.kept

    @torch.no_grad()
    def forward(self, rgb_tokens: Tensor, thermal_tokens: Tensor) -> Visible:
        """Choose indices in random order; of the tokens only batch size and device matter."""
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

"""Masking by entropy: patches whose tokens are the least like a constant are the likeliest seen.

After DuGI-MAE (arXiv 2512.04511) and InfMAE (ECCV 2024), which keep the patches of highest entropy.
"""

import torch
from torch import Tensor

from twinband.masking.draws import uniform
from twinband.masking.measure import rows_at_a_time
from twinband.networks.sampler import Sampler, Visible

LEAST_ENTROPY = 1e-6  # also of a token that is not finite
LEAST_UNIFORM = 1e-30  # keeps its logarithm finite


class Arm(Sampler):
    """K patches of either modality, by the entropy of a softmax over the channels of their tokens.

    Each modality is judged by itself, and a position may be visible in both. The tokens are those
    that the encoder gets, patch plus position embedding: the entropy of pixels is not known here.

    Args:
        patches: L, patches an image.
        mask_ratio: hidden share of either modality.
        stochastic: draw K patches one after the other without replacement, each with a probability
            in proportion to its entropy; otherwise those of highest entropy are taken. Drawing is
            the default, since the K patches of highest entropy are the same whenever an image
            comes: the encoder would never see the others.
        seed: of the random numbers.
    """

    def __init__(
        self, patches: int, *, mask_ratio: float = 0.9, stochastic: bool = True, seed: int = 0
    ) -> None:
        super().__init__(patches, mask_ratio=mask_ratio, seed=seed)
        self.stochastic = stochastic

    @torch.no_grad()
    def forward(self, rgb_tokens: Tensor, thermal_tokens: Tensor) -> Visible:
        """Choose indices, those of the highest entropy or drawn first in front."""
        self.check(rgb_tokens)
        self.check(thermal_tokens)
        generator = self.generator(rgb_tokens.device)
        rgb, thermal = (self._chosen(tokens, generator) for tokens in (rgb_tokens, thermal_tokens))
        return Visible(rgb=rgb, thermal=thermal)

    def _chosen(self, tokens: Tensor, generator: torch.Generator) -> Tensor:
        """Choose ``[B,K]`` patches of one modality."""
        keys = token_entropy(tokens)
        if self.stochastic:
            # The K greatest of log entropy plus Gumbel noise are K draws without replacement.
            places = uniform(len(keys), self.patches, generator).clamp_min(LEAST_UNIFORM)
            keys = keys.log() - (-places.log()).log()
        return keys.argsort(dim=1, descending=True, stable=True)[:, : self.kept]


def token_entropy(tokens: Tensor) -> Tensor:
    """Compute the entropy of a softmax over channels, in nats, from 1e-6 to log D; fp32.

    Args:
        tokens: ``[B,L,D]``; one that is not finite has the least entropy.

    Returns:
        ``[B,L]``.
    """
    rows = tokens.detach().flatten(0, 1)
    parts = []
    for chunk in rows.split(rows_at_a_time(rows.device)):
        logs = chunk.float().log_softmax(-1)
        parts.append(-logs.exp().mul_(logs).sum(-1))
    entropy = torch.cat(parts).nan_to_num(nan=0.0).clamp_min(LEAST_ENTROPY)
    return entropy.view(tokens.shape[:2])

"""Early features of a frozen SAM, by which SAGE compares what is seen through masks.

Source: Wu et al., Every SAM Drop Counts, CVPR 2025 (spec sage, 5.2).
"""

from collections.abc import Sequence

from torch import Tensor

from twinband.sam.build import Sam

BLOCKS = 2  # of the image encoder, both with windows in the published models


class SamFeatures:
    """The first two blocks of a SAM's image encoder, without absolute positions and without SAM's
    own normalisation, as in SAGE; of images of any size.

    Args:
        sam: is frozen.
    """

    def __init__(self, sam: Sam) -> None:
        encoder = sam.image_encoder.requires_grad_(False).eval()
        self._embed = encoder.patch_embed
        self._blocks = encoder.blocks[:BLOCKS]

    def __call__(self, images: Tensor) -> Sequence[Tensor]:
        """Encode grey images ``B,1,H,W`` in [0, 1]: features ``B,C,h,w`` after each block."""
        tokens = self._embed(images.expand(-1, 3, -1, -1))
        features = []
        for block in self._blocks:
            tokens = block(tokens)
            features.append(tokens.permute(0, 3, 1, 2))
        return features

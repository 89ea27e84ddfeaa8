"""The decoder of a masked autoencoder: from the tokens of kept patches to all patches.

Shapes: B batch, L patches, K kept patches, D width of the encoder, E width of the decoder,
P values of a patch.
"""

import torch
from torch import Tensor, nn

from twinband.models.blocks import Block, layer_norm
from twinband.models.config import AutoencoderConfig
from twinband.models.initialise import random_token, random_weights
from twinband.models.masked_image import restore_tokens
from twinband.models.positions import Grid, Positions
from twinband.models.vit import CHANNELS


class Decoder(nn.Module):
    """Two halves, so that something can be done to the whole sequence between them."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        width = config.decoder_width
        self.embed = nn.Linear(config.width, width)
        self.mask_token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = Positions(width, config.grid)
        self.blocks = nn.ModuleList(
            Block(width, config.decoder_heads) for _ in range(config.decoder_depth)
        )
        self.norm = layer_norm(width)
        self.head = nn.Linear(width, CHANNELS * config.patch_px**2)
        random_token(self.mask_token)
        random_weights(self)

    def sequence(self, encoded: Tensor, kept_BK: Tensor, grid: Grid) -> Tensor:
        """Class token, then every patch of ``grid`` with its position: ``B,L+1,E``.

        Args:
            encoded: ``B,K+1,D``, the class token in front.
            kept_BK: the places of the others.
        """
        class_token, visible = self.embed(encoded).tensor_split([1], dim=1)
        places = restore_tokens(visible, self.mask_token, kept_BK, grid[0] * grid[1])
        places = places + self.positions(grid)
        return torch.cat([class_token.to(places.dtype), places], 1)

    def predict(self, sequence: Tensor) -> Tensor:
        """Values of every patch, ``B,L,P``."""
        for block in self.blocks:
            sequence = block(sequence)
        return self.head(self.norm(sequence[:, 1:]))

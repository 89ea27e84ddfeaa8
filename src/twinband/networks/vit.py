"""A vision transformer that encodes all patches of an image, or only those that are kept.

Shapes: B batch, L patches, K kept patches, D width.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from twinband.networks.config import TINY_VIT, VitConfig
from twinband.networks.layers import (
    Block,
    Grid,
    Positions,
    layer_norm,
    random_token,
    random_weights,
)

CHANNELS = 3


class Features(NamedTuple):
    """The features of one layer.

    Attributes:
        tokens: ``B,L,D`` patch tokens, row by row.
        class_token: ``B,D``.
        grid: rows and columns of patches.
    """

    tokens: Tensor
    class_token: Tensor
    grid: Grid

    @property
    def map(self) -> Tensor:
        """The patch tokens as ``B,D,rows,columns``."""
        return self.tokens.transpose(1, 2).unflatten(2, self.grid)


class PatchEmbedding(nn.Module):
    """A linear map of every patch of ``B,3,H,W`` images, to ``B,L,D``."""

    def __init__(self, patch_px: int, width: int) -> None:
        super().__init__()
        self.patch_px = patch_px
        self.proj = nn.Conv2d(CHANNELS, width, patch_px, stride=patch_px)

    def reset_bias(self) -> None:
        """Draw the bias as PyTorch draws a convolution's: uniform in +-1/sqrt(fan-in)."""
        bound = 1 / math.sqrt(CHANNELS * self.patch_px**2)
        assert self.proj.bias is not None
        nn.init.uniform_(self.proj.bias, -bound, bound)

    def grid(self, images: Tensor) -> Grid:
        """Count rows and columns of patches of ``images``.

        Raises:
            ValueError: not ``B,3,H,W``, smaller than a patch, or no whole number of patches.
        """
        if images.ndim != 4 or images.shape[1] != CHANNELS:
            raise ValueError(f"images of shape B,{CHANNELS},H,W are needed, got {_of(images)}")
        height, width = images.shape[2:]
        if min(height, width) < self.patch_px:
            raise ValueError(
                f"images of {height}x{width} px are smaller than a patch of {self.patch_px} px"
            )
        if height % self.patch_px or width % self.patch_px:
            raise ValueError(
                f"images of {height}x{width} px are no whole number of {self.patch_px} px patches:"
                " resize, crop or pad them first"
            )
        return height // self.patch_px, width // self.patch_px

    def forward(self, images: Tensor) -> Tensor:
        return self.proj(images).flatten(2).transpose(1, 2).contiguous()


def _of(images: Tensor) -> str:
    return ",".join(map(str, images.shape))


class VisionTransformer(nn.Module):
    """A ViT for any grid of whole patches, with fixed positions; the class token has none.

    Registers have no positions either, and no part in what is returned.
    """

    kind: ClassVar[str] = "vit"
    Config: ClassVar[type[VitConfig]] = VitConfig
    sizes: ClassVar[Mapping[str, Mapping[str, Any]]] = {"base": {}, "tiny": TINY_VIT}

    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbedding(config.patch_px, config.width)
        self.positions = Positions(config.width, config.grid)
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.width))
        self.register_tokens: nn.Parameter | None = None
        if config.registers:
            self.register_tokens = nn.Parameter(torch.empty(1, config.registers, config.width))
            random_token(self.register_tokens)
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads, config.mlp) for _ in range(config.depth)
        )
        self.norm = layer_norm(config.width) if config.final_norm else nn.Identity()
        random_token(self.cls_token)
        random_weights(self)

    def grid(self, images: Tensor) -> Grid:
        """Count rows and columns of patches of ``images``; raises as ``tokens`` does."""
        return self.patch_embed.grid(images)

    def tokens(self, images: Tensor) -> Tensor:
        """Embed the patches of ``B,3,H,W`` normalised images with their positions, ``B,L,D``.

        Raises:
            ValueError: not ``B,3,H,W``, smaller than a patch, or no whole number of patches.
        """
        places = self.positions(self.grid(images))
        return self.patch_embed(images) + places

    def encode(self, tokens_BKD: Tensor) -> Tensor:
        """Encode the class token, then the given tokens in their order: ``B,K+1,D``."""
        x = self._with_own_tokens(tokens_BKD)
        for block in self.blocks:
            x = block(x)
        return self._without_registers(self.norm(x))

    def features(self, images: Tensor, layers: Sequence[int] | None = None) -> tuple[Features, ...]:
        """Compute features of ``B,3,H,W`` images, all patches seen.

        Args:
            layers: indices of blocks, from 0 and rising, whose outputs are returned without
                normalisation. ``None`` gives one entry: the last block's, normalised.

        Raises:
            ValueError: images as in ``tokens``, or layers that do not exist or do not rise.
        """
        grid, tokens = self.grid(images), self.tokens(images)
        if layers is None:
            return (_features(self.encode(tokens), grid),)
        wanted = list(layers)
        if wanted != sorted(set(wanted) & set(range(len(self.blocks)))):
            raise ValueError(f"layers {wanted} must rise and lie in 0..{len(self.blocks) - 1}")
        features = []
        x = self._with_own_tokens(tokens)
        for number, block in enumerate(self.blocks[: max(wanted, default=-1) + 1]):
            x = block(x)
            if number in wanted:
                features.append(_features(self._without_registers(x), grid))
        return tuple(features)

    def forward(self, images: Tensor) -> Features:
        """Compute the last layer's features of ``B,3,H,W`` images."""
        return self.features(images)[0]

    def pair_features(self, images: Mapping[str, Tensor]) -> dict[str, Features]:
        """Compute the last layer's features of the images of pairs, each image by itself.

        Args:
            images: ``rgb``, ``thermal`` or both, each ``B,3,H,W``, normalised.
        """
        return {modality: self(image) for modality, image in images.items()}

    def _with_own_tokens(self, tokens: Tensor) -> Tensor:
        """Put the class token, then the registers, in front."""
        own = [token for token in (self.cls_token, self.register_tokens) if token is not None]
        return torch.cat(
            [t.expand(len(tokens), -1, -1).to(tokens.dtype) for t in own] + [tokens], 1
        )

    def _without_registers(self, x: Tensor) -> Tensor:
        registers = self.config.registers
        return torch.cat([x[:, :1], x[:, 1 + registers :]], 1) if registers else x


def _features(x: Tensor, grid: Grid) -> Features:
    return Features(x[:, 1:], x[:, 0], grid)

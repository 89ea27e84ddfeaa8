"""The encoder of MultiMAE, over the visible patches of any modalities.

Shapes: B batch, M modalities, L patches of an image, K visible tokens of a sample over all
modalities, D width, P values of a patch. Source: spec multimae, 2.1 and 2.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from twinband.methods.multimae.config import MultiMaeConfig
from twinband.methods.multimae.modalities import adapter
from twinband.networks.layers import Attention, Block, Grid, Positions, random_weights

TOKEN_STD = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The visible tokens of a batch, row by row and in a row by place.

    Attributes:
        modalities: in the order of their places.
        count: K, tokens of a row.
        grid: rows and columns of patches of an image.
        rows: ``B*K`` row of each token.
        places: ``B*K`` place of each among the ``M*L`` of all modalities.
    """

    modalities: tuple[str, ...]
    count: int
    grid: Grid
    rows: Tensor
    places: Tensor

    @property
    def length(self) -> int:
        """L, patches of an image."""
        return self.grid[0] * self.grid[1]

    def of(self, modality: str) -> tuple[Tensor, Tensor, Tensor]:
        """List a modality's tokens: their numbers among the ``B*K``, rows, and places in the
        image; none if the modality is not there."""
        if modality not in self.modalities:
            none = self.rows[:0]
            return none, none, none
        first = self.modalities.index(modality) * self.length
        inside = (self.places >= first) & (self.places < first + self.length)
        numbers = inside.nonzero()[:, 0]
        return numbers, self.rows[numbers], self.places[numbers] - first


class Encoder(nn.Module):
    """A ViT over the visible tokens of all modalities and a global token, which comes last.

    Its output is not normalised, as it is published: who uses it normalises.
    """

    def __init__(self, config: MultiMaeConfig) -> None:
        super().__init__()
        self.patch_px = config.patch_px
        width = config.width
        self.positions = Positions(width, config.grid)
        self.global_token = nn.Parameter(torch.empty(1, 1, width))
        self.blocks = nn.ModuleList(Block(width, config.heads) for _ in range(config.depth))
        random_weights(self)
        xavier_of_attention(self)
        nn.init.trunc_normal_(self.global_token, std=TOKEN_STD)
        self.inputs = nn.ModuleDict(
            {
                name: adapter(name, config.patch_px, width, config.classes)
                for name in config.modalities
            }
        )

    def forward(self, patches: Mapping[str, Tensor], seen: Seen) -> Tensor:
        """Encode the visible tokens of ``patches`` (``B,L,P`` a modality): ``B,K+1,D``."""
        numbers, tokens = [], []
        for name in seen.modalities:
            of, rows, places = seen.of(name)
            numbers.append(of)
            tokens.append(self.inputs[name](patches[name][rows, places]))
        x = torch.cat(tokens)[torch.cat(numbers).argsort()]
        x = x + self.positions(seen.grid)[0, seen.places % seen.length]
        x = x.unflatten(0, (-1, seen.count))
        x = torch.cat([x, self.global_token.to(x.dtype).expand(len(x), -1, -1)], 1)
        for block in self.blocks:
            x = block(x)
        return x


def xavier_of_attention(module: nn.Module) -> None:
    """Draw the queries, keys and values of all attention layers each as a matrix of their own
    (spec multimae, 2.2)."""
    for part in module.modules():
        if isinstance(part, Attention):
            xavier_by_parts(part.qkv)


def xavier_by_parts(layer: nn.Linear) -> None:
    """Draw a layer that holds several square matrices, each of them by itself."""
    for part in layer.weight.split(layer.in_features):
        nn.init.xavier_uniform_(part)

"""The decoder of one output of MultiMAE: queries of its patches look at what the encoder saw.

Shapes: B batch, L patches of an image, K visible tokens of a sample over all modalities, E width of
the decoder, D width of the encoder, P values of a patch. Source: spec multimae, 2.4.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from twinband.methods.multimae.encoder import TOKEN_STD, Seen, xavier_by_parts, xavier_of_attention
from twinband.methods.multimae.modalities import MODALITIES
from twinband.networks.layers import (
    Block,
    Grid,
    Mlp,
    Positions,
    attend,
    layer_norm,
    random_weights,
)


class CrossAttention(nn.Module):
    """Attention of queries over a context, with biases everywhere, as it is published."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, queries: Tensor, context: Tensor) -> Tensor:
        key, value = self.kv(context).chunk(2, dim=-1)
        return self.proj(attend(self.q(queries), key, value, self.heads))


class Decoder(nn.Module):
    """Predicts the patches of one modality from the encoder's tokens.

    Queries are not added to what they attend to: a masked patch knows only what attention brings.

    Args:
        modality: that is predicted.
        inputs: modalities that the encoder may see; each has an embedding here.
        encoder_width: D.
        width: E.
        depth: self-attention blocks.
        values: P.
        grid: of the training images.
    """

    def __init__(
        self,
        modality: str,
        inputs: Sequence[str],
        *,
        encoder_width: int,
        width: int,
        depth: int,
        heads: int,
        values: int,
        grid: Grid,
    ) -> None:
        super().__init__()
        self.modality = modality
        self.context = nn.Linear(encoder_width, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.modalities = nn.ParameterDict(
            {name: nn.Parameter(torch.empty(1, 1, width)) for name in inputs}
        )
        self.positions = Positions(width, grid)
        self.norm_query = layer_norm(width)
        self.norm_context = layer_norm(width)
        self.norm_out = layer_norm(width)
        self.cross = CrossAttention(width, heads)
        self.mlp = Mlp(width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.head = nn.Linear(width, values)
        random_weights(self)
        for embedding in self.modalities.values():
            nn.init.trunc_normal_(embedding, std=TOKEN_STD)
        xavier_of_attention(self)
        xavier_by_parts(self.cross.kv)

    def forward(self, encoded: Tensor, seen: Seen, wanted: Tensor | None = None) -> Tensor:
        """Predict patches.

        Args:
            encoded: ``B,K+1,D``, the global token last.
            wanted: ``B,L`` booleans: only these patches are predicted.

        Returns:
            ``B,L,P``, or ``N,P`` for the N wanted patches, row by row.
        """
        tokens = self.context(encoded)
        visible, everywhere = self._placed(tokens, seen)
        context = torch.cat([visible.unflatten(0, (len(encoded), -1)), tokens[:, -1:]], 1)
        x = self.cross(self.norm_query(everywhere), self.norm_context(context))
        x = x + self.mlp(self.norm_out(x))
        for block in self.blocks[:-1]:
            x = block(x)
        x = self._last(x, wanted)
        if MODALITIES[self.modality].channels:
            return self.head(x)
        with torch.autocast(x.device.type, enabled=False):  # sums over many classes need fp32
            return self.head(x.float())

    def _placed(self, tokens: Tensor, seen: Seen) -> tuple[Tensor, Tensor]:
        """Give visible tokens ``B*K,E`` their position and modality, and put those of the predicted
        modality among mask tokens: ``B,L,E``."""
        positions = self.positions(seen.grid)[0]
        places = torch.cat([positions + self._embedding(name) for name in seen.modalities])
        visible = tokens[:, :-1].flatten(0, 1) + places[seen.places]
        masked = self.mask_token[0] + positions + self._embedding(self.modality)
        numbers, rows, own = seen.of(self.modality)
        everywhere = masked.to(visible.dtype).expand(len(tokens), -1, -1)
        return visible, everywhere.index_put((rows, own), visible[numbers])

    def _embedding(self, modality: str) -> Tensor:
        known = self.modalities
        return known[modality][0] if modality in known else self.mask_token.new_zeros(1, 1)

    def _last(self, x: Tensor, wanted: Tensor | None) -> Tensor:
        """Apply the last block; what follows its attention only to the wanted patches."""
        if not self.blocks:
            return x if wanted is None else x[wanted]
        block = self.blocks[-1]
        assert isinstance(block, Block)
        x = x + block.attn(block.norm1(x))
        if wanted is not None:
            x = x[wanted]
        return x + block.mlp(block.norm2(x))

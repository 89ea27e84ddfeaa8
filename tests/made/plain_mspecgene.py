"""M-SpecGene as one would write it down from the paper: one encoder pass for each modality.

It shares no code with ``twinband.methods.mspecgene`` and has the names of the published checkpoints
(the names with a 2 are those of the second modality), so that both can be compared in what they
compute (tests) and in what that costs (benches). The first modality is RGB here.

Shapes: B batch, L patches of an image, K visible ones, D width of the encoder, E of the decoders.
Source: spec m-specgene, 2 and 3.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

EPS = 1e-6
CHANNELS = 3


def positions(width: int, side: int) -> nn.Parameter:
    """Zeros for the class token, then sine and cosine of row and column: ``1,1+L,width``."""
    omega = 1 / 10_000 ** (torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    places = torch.arange(side, dtype=torch.float64)
    parts = []
    for place in torch.meshgrid(places, places, indexing="ij"):
        angle = place.reshape(-1, 1) * omega
        parts += [angle.sin(), angle.cos()]
    table = torch.cat([torch.zeros(1, width), torch.cat(parts, 1)])[None]
    return nn.Parameter(table.float(), requires_grad=False)


def written_out(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Attention of ``B,L,D`` over ``B,M,D``, with all its weights in memory."""
    q, k, v = (x.reshape(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k, v))
    weights = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1)
    return (weights @ v).transpose(1, 2).flatten(2)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).split(x.shape[-1], -1)
        return self.proj(written_out(q, k, v, self.heads))


class CrossAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.k = nn.Linear(width, width, bias=False)
        self.v = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        return self.proj(written_out(self.q(x), self.k(other), self.v(other), self.heads))


class Ffn(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        inner = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU())
        self.layers = nn.Sequential(inner, nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(width, eps=EPS)
        self.attn = Attention(width, heads)
        self.ln2 = nn.LayerNorm(width, eps=EPS)
        self.ffn = Ffn(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x))
        return x + self.ffn(self.ln2(x))


class CrossLayer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(width, eps=EPS)
        self.attn = CrossAttention(width, heads)
        self.ln2 = nn.LayerNorm(width, eps=EPS)
        self.ffn = Ffn(width)

    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x), self.ln1(other))
        return x + self.ffn(self.ln2(x))


class Backbone(nn.Module):
    def __init__(self, width: int, depth: int, heads: int, patch_px: int, side: int) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.pos_embed = positions(width, side)
        patches = nn.Conv2d(CHANNELS, width, patch_px, stride=patch_px)
        self.patch_embed = nn.ModuleDict({"projection": patches})
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(depth))
        self.ln1 = nn.LayerNorm(width, eps=EPS)

    def forward(self, image: Tensor, ids_keep: Tensor) -> Tensor:
        """Encode the class token and the kept patches of one modality: ``B,K+1,D``."""
        tokens = self.patch_embed["projection"](image).flatten(2).transpose(1, 2)
        tokens = gathered(tokens + self.pos_embed[:, 1:], ids_keep)
        x = torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], 1)
        for layer in self.layers:
            x = layer(x)
        return self.ln1(x)


class Neck(nn.Module):
    """Two decoders; their last layer normalisation is one and the same."""

    def __init__(
        self, encoder_width: int, width: int, depth: int, heads: int, patch_px: int, side: int
    ) -> None:
        super().__init__()
        values = CHANNELS * patch_px**2
        for number in ("", "2"):
            setattr(self, f"mask_token{number}", nn.Parameter(0.02 * torch.randn(1, 1, width)))
            setattr(self, f"decoder_embed{number}", nn.Linear(encoder_width, width))
            setattr(self, f"decoder_pos_embed{number}", positions(width, side))
            layers = nn.ModuleList(Layer(width, heads) for _ in range(depth))
            setattr(self, f"decoder_blocks{number}", layers)
            setattr(self, f"cross_attention{number}", CrossLayer(width, heads))
            setattr(self, f"decoder_pred{number}", nn.Linear(width, values))
        self.ln1 = nn.LayerNorm(width, eps=EPS)

    def forward(
        self, encoded: Tensor, restore: Tensor, encoded2: Tensor, restore2: Tensor
    ) -> tuple[Tensor, Tensor]:
        one, two = self._whole("", encoded, restore), self._whole("2", encoded2, restore2)
        return self._predicted("", one, two), self._predicted("2", two, one)

    def _whole(self, number: str, encoded: Tensor, restore: Tensor) -> Tensor:
        """Put mask tokens behind the visible ones, then each where it belongs."""
        x = getattr(self, f"decoder_embed{number}")(encoded)
        missing = restore.shape[1] + 1 - x.shape[1]
        masks = getattr(self, f"mask_token{number}").expand(len(x), missing, -1)
        patches = gathered(torch.cat([x[:, 1:], masks], 1), restore)
        x = torch.cat([x[:, :1], patches], 1)
        return x + getattr(self, f"decoder_pos_embed{number}")

    def _predicted(self, number: str, own: Tensor, other: Tensor) -> Tensor:
        x = getattr(self, f"cross_attention{number}")(own, other)
        for layer in getattr(self, f"decoder_blocks{number}"):
            x = layer(x)
        return getattr(self, f"decoder_pred{number}")(self.ln1(x))[:, 1:]


class PlainMSpecGene(nn.Module):
    """The defaults are ViT-B/16 on 224 px."""

    def __init__(
        self,
        *,
        image_px: int = 224,
        patch_px: int = 16,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        decoder_width: int = 512,
        decoder_depth: int = 4,
        decoder_heads: int = 16,
    ) -> None:
        super().__init__()
        side = image_px // patch_px
        self.patch_px = patch_px
        self.backbone = Backbone(width, depth, heads, patch_px, side)
        self.neck = Neck(width, decoder_width, decoder_depth, decoder_heads, patch_px, side)

    def forward(
        self, images: Mapping[str, Tensor], visible: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Predict the patches ``B,L,P`` of both images."""
        parts = []
        for name in ("rgb", "thermal"):
            ids = (~visible[name]).int().argsort(dim=1, stable=True)
            kept = int(visible[name].sum()) // len(ids)
            parts += [self.backbone(images[name], ids[:, :kept]), ids.argsort(1)]
        rgb, thermal = self.neck(*parts)
        return {"rgb": rgb, "thermal": thermal}

    def loss(
        self, images: Mapping[str, Tensor], visible: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Mean squared errors of masked patches, over the batch, and ``total``."""
        predicted = self(images, visible)
        losses = {}
        for name, prediction in predicted.items():
            target = patches(images[name], self.patch_px)
            mean, variance = target.mean(-1, keepdim=True), target.var(-1, keepdim=True)
            target = (target - mean) / (variance + 1e-6).sqrt()
            mask = (~visible[name]).float()
            error = (prediction - target).square().mean(-1)
            losses[name] = (error * mask).sum() / mask.sum()
        return {**losses, "total": losses["rgb"] + losses["thermal"]}


def gathered(tokens: Tensor, ids: Tensor) -> Tensor:
    return tokens.gather(1, ids[:, :, None].expand(-1, -1, tokens.shape[2]))


def patches(images: Tensor, patch_px: int) -> Tensor:
    """Cut images into ``B,L,P``: row in the patch, then column, then channel."""
    batch, channels, height, width = images.shape
    rows, columns = height // patch_px, width // patch_px
    cells = images.reshape(batch, channels, rows, patch_px, columns, patch_px)
    return cells.permute(0, 2, 4, 3, 5, 1).reshape(batch, rows * columns, -1)


NAMES = (
    (r"^encoder\.patch_embed\.proj\.", "backbone.patch_embed.projection."),
    (r"^encoder\.positions\.table$", "backbone.pos_embed"),
    (r"^encoder\.blocks\.", "backbone.layers."),
    (r"^encoder\.norm\.", "backbone.ln1."),
    (r"^encoder\.", "backbone."),
    (r"^decoder_rgb\.norm\.", "neck.ln1."),
    (r"^decoder_{m}\.mask_token$", r"neck.mask_token{2}"),
    (r"^decoder_{m}\.embed\.", r"neck.decoder_embed{2}."),
    (r"^decoder_{m}\.positions\.table$", r"neck.decoder_pos_embed{2}"),
    (r"^decoder_{m}\.blocks\.", r"neck.decoder_blocks{2}."),
    (r"^decoder_{m}\.head\.", r"neck.decoder_pred{2}."),
    (r"^cross_{m}\.", r"neck.cross_attention{2}."),
)
IN_LAYERS = (
    (r"\.norm(\d)\.", r".ln\1."),
    (r"\.mlp\.fc1\.", ".ffn.layers.0.0."),
    (r"\.mlp\.fc2\.", ".ffn.layers.1."),
)


def published_name(name: str) -> str:
    """Translate twinband's name of a tensor."""
    for pattern, replacement in IN_LAYERS:
        name = re.sub(pattern, replacement, name)
    for modality, number in (("rgb", ""), ("thermal", "2")):
        for pattern, replacement in NAMES:
            filled = replacement.replace("{2}", number)
            translated, count = re.subn(pattern.replace("{m}", modality), filled, name)
            if count:
                return translated
    return name


def copy_weights(source: nn.Module, plain: PlainMSpecGene) -> None:
    """Give ``plain`` the weights of twinband's model, whose decoders share their last layer
    normalisation; every tensor finds its place."""
    tensors = {}
    for name, value in source.state_dict().items():
        if name.startswith("decoder_thermal.norm."):
            continue  # RGB's
        if name.endswith("positions.table"):
            table = value.flatten(2).transpose(1, 2)
            value = torch.cat([torch.zeros_like(table[:, :1]), table], 1)
        tensors[published_name(name)] = value
    plain.load_state_dict(tensors)

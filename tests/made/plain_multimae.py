"""MultiMAE as one would write it down from the paper: every token embedded, every mask undone.

It shares no code with ``twinband.methods.multimae`` and has the names of the published checkpoints,
so that both can be compared in what they compute (tests) and in what that costs (benches).

Shapes: B batch, M modalities, L patches of an image, N = M * L, K visible tokens of a sample, D
width of the encoder, E width of a decoder. Source: spec multimae, 1.2 and 2.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = {"rgb": 3, "thermal": 1, "depth": 1}
STRIDE = {"rgb": 1, "thermal": 1, "depth": 1, "semseg": 4}
OF_OUTPUT = {"norm_rgb": "rgb", "norm_thermal": "thermal"}
CLASS_WIDTH = 64
EPS = 1e-6

Images = Mapping[str, Tensor]


class Shuffle(NamedTuple):
    """The places of all tokens ``B,N``, visible ones first, the way back, and K."""

    ids: Tensor
    restore: Tensor
    kept: int


def positions(width: int, side: int) -> nn.Parameter:
    """Sine and cosine of the row, then of the column: ``1,width,side,side``."""
    omega = 1 / 10_000 ** (torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    places = torch.arange(side, dtype=torch.float64)
    first, second = torch.meshgrid(places, places, indexing="ij")
    parts = []
    for place in (first, second):
        angle = place.reshape(-1, 1) * omega
        parts += [angle.sin(), angle.cos()]
    table = torch.cat(parts, 1).T.reshape(1, width, side, side)
    return nn.Parameter(table.float(), requires_grad=False)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1) * self.scale).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, length, width))


class CrossAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        batch, length, width = x.shape
        split = (self.heads, width // self.heads)
        q = self.q(x).reshape(batch, length, *split).transpose(1, 2)
        kv = self.kv(context).reshape(batch, context.shape[1], 2, *split).permute(2, 0, 3, 1, 4)
        weights = (q @ kv[0].transpose(-2, -1) * self.scale).softmax(-1)
        return self.proj((weights @ kv[1]).transpose(1, 2).reshape(batch, length, width))


class Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=EPS)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=EPS)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class InputAdapter(nn.Module):
    """A convolution of the patches, of a semantic map after an embedding of its classes."""

    def __init__(self, modality: str, patch_px: int, width: int, side: int, classes: int) -> None:
        super().__init__()
        patch = patch_px // STRIDE[modality]
        channels = CHANNELS.get(modality, CLASS_WIDTH)
        self.class_emb = nn.Embedding(classes, CLASS_WIDTH) if modality == "semseg" else None
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)
        self.pos_emb = positions(width, side)

    def forward(self, image: Tensor) -> Tensor:
        if self.class_emb is not None:
            image = self.class_emb(image).permute(0, 3, 1, 2)
        return (self.proj(image) + self.pos_emb).flatten(2).transpose(1, 2)


class OutputAdapter(nn.Module):
    def __init__(
        self,
        task: str,
        contexts: Sequence[str],
        *,
        encoder_width: int,
        width: int,
        depth: int,
        heads: int,
        patch_px: int,
        side: int,
        classes: int,
    ) -> None:
        super().__init__()
        self.task = OF_OUTPUT.get(task, task)
        self.contexts = list(contexts)
        self.patch = patch_px // STRIDE[self.task]
        self.side = side
        self.channels = CHANNELS.get(self.task, classes)
        self.proj_context = nn.Linear(encoder_width, width)
        self.task_embeddings = nn.ParameterDict(
            {name: nn.Parameter(0.02 * torch.randn(1, 1, width)) for name in contexts}
        )
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_emb = positions(width, side)
        self.context_norm = nn.LayerNorm(width, eps=EPS)
        self.query_norm = nn.LayerNorm(width, eps=EPS)
        self.out_norm = nn.LayerNorm(width, eps=EPS)
        self.decoder = CrossAttention(width, heads)
        self.mlp = Mlp(width)
        self.decoder_transformer = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.out_proj = nn.Linear(width, self.channels * self.patch**2)

    def forward(self, encoded: Tensor, shuffle: Shuffle) -> Tensor:
        """From ``B,K+1,D`` to the image ``B,C,H,W``."""
        tokens = self.proj_context(encoded)
        visible, global_token = tokens[:, : shuffle.kept], tokens[:, shuffle.kept :]
        batch, width = len(tokens), tokens.shape[-1]
        missing = shuffle.ids.shape[1] - shuffle.kept
        everything = torch.cat([visible, self.mask_token.expand(batch, missing, width)], 1)
        everything = gathered(everything, shuffle.restore)
        place = self.pos_emb.flatten(2).transpose(1, 2)
        embedding = [place + self.task_embeddings[name] for name in self.contexts]
        everything = everything + torch.cat(embedding, 1)
        length = self.side**2
        if self.task in self.contexts:
            first = self.contexts.index(self.task) * length
            queries = everything[:, first : first + length]
        else:
            queries = (self.mask_token + place).expand(batch, length, width)
        context = gathered(everything, shuffle.ids[:, : shuffle.kept])
        context = torch.cat([context, global_token], 1)
        x = self.decoder(self.query_norm(queries), self.context_norm(context))
        x = x + self.mlp(self.out_norm(x))
        x = self.out_proj(self.decoder_transformer(x))
        x = x.reshape(batch, self.side, self.side, self.channels, self.patch, self.patch)
        pixels = self.side * self.patch
        return x.permute(0, 3, 1, 4, 2, 5).reshape(batch, self.channels, pixels, pixels)


class PlainMultiMae(nn.Module):
    """The defaults are ViT-B/16 on 224 px; ``contexts`` are the modalities that go in."""

    def __init__(
        self,
        contexts: Sequence[str] = ("rgb", "depth", "semseg"),
        tasks: Sequence[str] = ("rgb", "depth", "norm_rgb", "semseg"),
        *,
        image_px: int = 224,
        patch_px: int = 16,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        classes: int = 133,
        decoder_width: int = 256,
        decoder_depth: int = 2,
        decoder_heads: int = 8,
    ) -> None:
        super().__init__()
        side = image_px // patch_px
        self.patch_px, self.side = patch_px, side
        self.input_adapters = nn.ModuleDict(
            {name: InputAdapter(name, patch_px, width, side, classes) for name in contexts}
        )
        self.global_tokens = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.encoder = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.output_adapters = nn.ModuleDict(
            {
                task: OutputAdapter(
                    task,
                    contexts,
                    encoder_width=width,
                    width=decoder_width,
                    depth=decoder_depth,
                    heads=decoder_heads,
                    patch_px=patch_px,
                    side=side,
                    classes=classes,
                )
                for task in tasks
            }
        )

    def forward(self, images: Images, visible: Images) -> dict[str, Tensor]:
        """Predict all images; a modality that is not there is as if all of it were masked."""
        return self._predicted(prepared(images), visible)

    def _predicted(self, images: Images, visible: Images) -> dict[str, Tensor]:
        names = [name for name in self.input_adapters if name in images]
        tokens = torch.cat([self.input_adapters[name](images[name]) for name in names], 1)
        masks = [~visible[name] for name in names]
        kept_tokens, shuffle = self._shuffled(names, tokens, masks)
        x = torch.cat([kept_tokens, self.global_tokens.expand(len(tokens), -1, -1)], 1)
        x = self.encoder(x)
        return {name: adapter(x, shuffle) for name, adapter in self.output_adapters.items()}

    def _shuffled(
        self, names: list[str], tokens: Tensor, masks: list[Tensor]
    ) -> tuple[Tensor, Shuffle]:
        """Gather visible tokens; the places are those among all modalities, present or not."""
        hidden = torch.ones_like(masks[0])
        given = dict(zip(names, masks, strict=True))
        mask = torch.cat([given.get(name, hidden) for name in self.input_adapters], 1)
        ids = mask.int().argsort(dim=1, stable=True)
        kept = int((~mask).sum()) // len(mask)
        here = torch.cat(masks, 1).int().argsort(dim=1, stable=True)[:, :kept]
        return gathered(tokens, here), Shuffle(ids, ids.argsort(1), kept)

    def loss(self, images: Images, visible: Images) -> dict[str, Tensor]:
        """Compute the losses of all tasks whose images are there, and ``total``."""
        images = prepared(images)
        losses = {}
        for task, prediction in self._predicted(images, visible).items():
            modality = OF_OUTPUT.get(task, task)
            if modality in images:
                error = self._error(task, prediction, images[modality])
                losses[task] = mean_of_masked(error, visible.get(modality), self.side)
        return {**losses, "total": torch.stack(list(losses.values())).sum()}

    def _error(self, task: str, prediction: Tensor, target: Tensor) -> Tensor:
        """Errors ``B,H,W``, averaged over channels."""
        if task == "semseg":
            return F.cross_entropy(prediction, target, reduction="none")
        if task == "depth":
            return (prediction - target).abs().mean(1)
        if task.startswith("norm_"):
            target = standard_patches(target, self.patch_px)
        return (prediction - target).square().mean(1)


def prepared(images: Images) -> dict[str, Tensor]:
    """Standardise depth."""
    return {
        name: standard_depth(image) if name == "depth" else image for name, image in images.items()
    }


def gathered(tokens: Tensor, ids: Tensor) -> Tensor:
    return tokens.gather(1, ids[:, :, None].expand(-1, -1, tokens.shape[2]))


def standard_depth(depth: Tensor) -> Tensor:
    """Standardise each map by the middle four fifths of its values."""
    flat = depth.flatten(1).sort(1).values
    count = flat.shape[1]
    middle = flat[:, int(0.1 * count) : int(0.9 * count)]
    mean, variance = middle.mean(1).view(-1, 1, 1, 1), middle.var(1).view(-1, 1, 1, 1)
    return (depth - mean) / (variance + 1e-6).sqrt()


def standard_patches(images: Tensor, patch_px: int) -> Tensor:
    """Standardise every patch, over its channels too."""
    batch, channels, height, width = images.shape
    rows, columns = height // patch_px, width // patch_px
    cells = images.reshape(batch, channels, rows, patch_px, columns, patch_px)
    cells = cells.permute(0, 2, 4, 1, 3, 5).reshape(batch, rows, columns, -1)
    cells = (cells - cells.mean(-1, keepdim=True)) / (cells.var(-1, keepdim=True) + 1e-6).sqrt()
    cells = cells.reshape(batch, rows, columns, channels, patch_px, patch_px)
    return cells.permute(0, 3, 1, 4, 2, 5).reshape(images.shape)


def mean_of_masked(error: Tensor, visible: Tensor | None, side: int) -> Tensor:
    """Average errors ``B,H,W`` over each sample's masked pixels, then over samples that have any;
    without a mask over all. 0 if every sample is seen whole."""
    if visible is None:
        return error.mean()
    mask = (~visible).float().reshape(len(error), 1, side, side)
    mask = F.interpolate(mask, size=error.shape[1:], mode="nearest")[:, 0]
    means = (error * mask).flatten(1).sum(1) / mask.flatten(1).sum(1)
    return means.nanmean() if mask.any() else error.new_zeros(())


NAMES = (
    (r"^encoder\.inputs\.(\w+)\.classes\.", r"input_adapters.\1.class_emb."),
    (r"^encoder\.inputs\.(\w+)\.proj\.", r"input_adapters.\1.proj."),
    (r"^encoder\.global_token$", "global_tokens"),
    (r"^encoder\.blocks\.", "encoder."),
    (r"^decoders\.(\w+)\.context\.", r"output_adapters.\1.proj_context."),
    (r"^decoders\.(\w+)\.modalities\.", r"output_adapters.\1.task_embeddings."),
    (r"^decoders\.(\w+)\.positions\.table$", r"output_adapters.\1.pos_emb"),
    (r"^decoders\.(\w+)\.norm_(context|query|out)\.", r"output_adapters.\1.\2_norm."),
    (r"^decoders\.(\w+)\.cross\.", r"output_adapters.\1.decoder."),
    (r"^decoders\.(\w+)\.blocks\.", r"output_adapters.\1.decoder_transformer."),
    (r"^decoders\.(\w+)\.head\.", r"output_adapters.\1.out_proj."),
    (r"^decoders\.", "output_adapters."),
)


def published_name(name: str) -> str:
    """Translate twinband's name of a tensor; the encoder's position table has a name for each
    modality there, and none here."""
    for pattern, replacement in NAMES:
        translated, count = re.subn(pattern, replacement, name)
        if count:
            return translated
    return name


def copy_weights(source: nn.Module, plain: PlainMultiMae) -> None:
    """Give ``plain`` the weights of twinband's model; every tensor finds its place."""
    tensors = {published_name(name): value for name, value in source.state_dict().items()}
    table = tensors.pop("encoder.positions.table")
    tables = {f"input_adapters.{name}.pos_emb": table for name in plain.input_adapters}
    plain.load_state_dict({**tensors, **tables})

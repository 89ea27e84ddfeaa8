"""One encoder under the key names of several code bases.

Within twinband the keys are timm's, but for the positions, which keep their grid:
``positions.table`` (``1,D,rows,columns``) instead of ``pos_embed`` (``1,1+L,D``, the class token's
first).
"""

import math
import re
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from twinband.core.errors import InputError
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import Tensors

_MM_TO_TIMM = (
    (r"^patch_embed\.projection\.", "patch_embed.proj."),
    (r"^(?:ln1|norm)\.", "norm."),
    (r"^layers\.(\d+)\.ln([12])\.", r"blocks.\1.norm\2."),
    (r"^layers\.(\d+)\.ffn\.layers\.0\.0\.", r"blocks.\1.mlp.fc1."),
    (r"^layers\.(\d+)\.ffn\.layers\.1\.", r"blocks.\1.mlp.fc2."),
    (r"^layers\.(\d+)\.", r"blocks.\1."),
)
_TIMM_TO_MM = (
    (r"^patch_embed\.proj\.", "patch_embed.projection."),
    (r"^blocks\.(\d+)\.norm([12])\.", r"layers.\1.ln\2."),
    (r"^blocks\.(\d+)\.mlp\.fc1\.", r"layers.\1.ffn.layers.0.0."),
    (r"^blocks\.(\d+)\.mlp\.fc2\.", r"layers.\1.ffn.layers.1."),
    (r"^blocks\.(\d+)\.", r"layers.\1."),
)
_TRANSFORMERS_TO_TIMM = (
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^embeddings\.", ""),
    (r"^layernorm\.", "norm."),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.attention\.attention\.(query|key|value)\.", r".attn.\1."),
    (r"\.attention\.output\.dense\.", ".attn.proj."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"^(blocks\.\d+)\.output\.dense\.", r"\1.mlp.fc2."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
)
_NO_PART_OF_AN_ENCODER = re.compile(r"^(head|mask_token|decoder|pooler|neck|data_preprocessor)")


def to_timm(encoder: VisionTransformer) -> Tensors:
    """Name weights as timm, mmdetection's ViT and DINOv2 do."""
    return dict(_with_pos_embed(encoder))


def to_mmseg(encoder: VisionTransformer) -> Tensors:
    """Name weights as M-SpecGene's segmentation does: mmsegmentation's names, but ``norm`` last."""
    return _renamed(to_timm(encoder), _TIMM_TO_MM)


def from_any(weights: Mapping[str, Tensor]) -> tuple[Tensors, list[str]]:
    """Name an encoder's weights as twinband does; returns them and the sorted keys left out.

    Known are twinband's own names, timm's (DINOv2's, MAE's), those of mmpretrain and
    mmsegmentation (M-SpecGene's published weights) and transformers' ``ViTModel`` and
    ``Dinov2Model``; with any prefix. What belongs to heads and decoders is left out. Layer
    scales are multiplied into the layers that they scale, the class token's position is added to
    the class token: both give the same outputs.

    Raises:
        InputError: the names are of none of these layouts, or the positions of no square grid.
    """
    ends = [key for key in sorted(weights) if key.split(".")[-1] == "cls_token"]
    if not ends:
        raise InputError(
            "no class token among the weights, so this is no encoder that is known (twinband,"
            f" timm, mmpretrain, transformers); the first keys are {sorted(weights)[:5]}"
        )
    stem = ends[0].removesuffix("cls_token")
    transformers = stem.endswith("embeddings.")
    prefix = stem.removesuffix("embeddings.")
    inside = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
    left_out = [key for key in weights if not key.startswith(prefix)]
    if transformers:
        inside = _joined_qkv(_renamed(inside, _TRANSFORMERS_TO_TIMM))
    elif any(key.startswith("layers.") for key in inside):
        inside = _renamed(inside, _MM_TO_TIMM)
    foreign = [key for key in inside if _NO_PART_OF_AN_ENCODER.match(key)]
    encoder = {key: value for key, value in inside.items() if key not in foreign}
    if "pos_embed" in encoder:
        encoder = _with_table(_without_layer_scale(encoder))
    return encoder, sorted(left_out + [prefix + key for key in foreign])


def _renamed(weights: Mapping[str, Tensor], rules: tuple[tuple[str, str], ...]) -> Tensors:
    renamed = {}
    for key, value in weights.items():
        for pattern, replacement in rules:
            key = re.sub(pattern, replacement, key)
        renamed[key] = value
    return renamed


def _with_pos_embed(encoder: VisionTransformer) -> Iterator[tuple[str, Tensor]]:
    for key, value in encoder.state_dict().items():
        if key == "positions.table":
            places = value.flatten(2).transpose(1, 2)
            yield "pos_embed", torch.cat([torch.zeros_like(places[:, :1]), places], 1)
        else:
            yield key, value


def _with_table(weights: Tensors) -> Tensors:
    rest = {key: value for key, value in weights.items() if key != "pos_embed"}
    own, places = weights["pos_embed"].tensor_split([1], dim=1)
    side = math.isqrt(places.shape[1])
    if side * side != places.shape[1]:
        raise InputError(
            f"pos_embed has {places.shape[1]} places besides the class token's: no square grid"
        )
    table = places.transpose(1, 2).unflatten(2, (side, side))
    return {**rest, "cls_token": weights["cls_token"] + own, "positions.table": table}


def _without_layer_scale(weights: Tensors) -> Tensors:
    scaled = {key: value for key, value in weights.items() if not re.search(r"\.ls[12]\.", key)}
    for key, gamma in weights.items():
        if match := re.fullmatch(r"(blocks\.\d+)\.ls([12])\.gamma", key):
            block, which = match.groups()
            layer = f"{block}.attn.proj" if which == "1" else f"{block}.mlp.fc2"
            scaled[f"{layer}.weight"] = weights[f"{layer}.weight"] * gamma[:, None]
            scaled[f"{layer}.bias"] = weights[f"{layer}.bias"] * gamma
    return scaled


def _joined_qkv(weights: Tensors) -> Tensors:
    joined = {}
    for key, value in weights.items():
        if ".attn.query." in key:
            parts = [value, *(weights[key.replace("query", part)] for part in ("key", "value"))]
            joined[key.replace("query", "qkv")] = torch.cat(parts)
        elif ".attn.key." not in key and ".attn.value." not in key:
            joined[key] = value
    return joined

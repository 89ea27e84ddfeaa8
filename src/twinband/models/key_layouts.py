"""One encoder under the key names of several code bases.

Within twinband the keys are timm's, but for the positions, which keep their grid:
``positions.table`` (``1,D,rows,columns``) instead of ``pos_embed`` (``1,1+L,D``, the class token's
first, which is 0). What comes back by ``checkpoints.load`` is equal to what went out.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from twinband.core.errors import InputError
from twinband.models.checkpoints.files import Contents
from twinband.models.checkpoints.fitting import encoder_by_own_names
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import Tensors

Rules = tuple[tuple[str, str], ...]

_TIMM: Rules = (
    (r"^register_tokens$", "reg_token"),
    (r"\.mlp\.w12\.", ".mlp.fc1."),
    (r"\.mlp\.w3\.", ".mlp.fc2."),
)
_MM: Rules = (
    (r"^patch_embed\.proj\.", "patch_embed.projection."),
    (r"^blocks\.(\d+)\.norm([12])\.", r"layers.\1.ln\2."),
    (r"^blocks\.(\d+)\.mlp\.fc1\.", r"layers.\1.ffn.layers.0.0."),
    (r"^blocks\.(\d+)\.mlp\.fc2\.", r"layers.\1.ffn.layers.1."),
    (r"^blocks\.", "layers."),
)
_TRANSFORMERS: Rules = (
    (r"^pos_embed$", "embeddings.position_embeddings"),
    (r"^cls_token$", "embeddings.cls_token"),
    (r"^patch_embed\.proj\.", "embeddings.patch_embeddings.projection."),
    (r"^norm\.", "layernorm."),
    (r"^blocks\.", "layers."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.attn\.(\w_proj)\.", r".attention.\1."),
    (r"\.attn\.proj\.", ".attention.o_proj."),
)
# How models of transformers are named in files, by all its releases.
_HUB: Rules = (
    (r"^layers\.", "encoder.layer."),
    (r"\.attention\.q_proj\.", ".attention.attention.query."),
    (r"\.attention\.k_proj\.", ".attention.attention.key."),
    (r"\.attention\.v_proj\.", ".attention.attention.value."),
    (r"\.attention\.o_proj\.", ".attention.output.dense."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
)


def from_any(weights: Mapping[str, Tensor]) -> tuple[Tensors, list[str]]:
    """Name an encoder's weights as twinband does; returns them and the sorted keys left out.

    Any layout is known that ``checkpoints.load`` knows.

    Raises:
        InputError: the names are of no known layout, or the positions of no square grid.
    """
    _, conversion = encoder_by_own_names(Contents(dict(weights), {}), None)
    return conversion.tensors, sorted(conversion.left_out)


def to_timm(encoder: VisionTransformer) -> Tensors:
    """Name weights as timm does: ``vit_*``, with registers and gated layers those of DINOv2.

    With registers positions are of patches only, ``1,L,D``, as timm has them there.
    """
    weights = _with_pos_embed(encoder)
    if encoder.config.registers:
        weights["pos_embed"] = weights["pos_embed"][:, 1:]
    return _renamed(weights, _TIMM)


def to_mmdet(encoder: VisionTransformer) -> Tensors:
    """Name weights as M-SpecGene's detection takes them, as ``model`` of a file of ``torch.save``.

    Raises:
        InputError: registers or gated layers, which that ViT has not.
    """
    _only_plain(encoder, "mmdetection's ViT")
    return _with_pos_embed(encoder)


def to_mmseg(encoder: VisionTransformer) -> Tensors:
    """Name weights as M-SpecGene's segmentation does: mmpretrain's names, but ``norm`` last.

    Raises:
        InputError: registers or gated layers, which that ViT has not.
    """
    _only_plain(encoder, "M-SpecGene's segmentation")
    return _renamed(_with_pos_embed(encoder), _MM)


def to_transformers(encoder: VisionTransformer) -> Tensors:
    """Name weights as the state of transformers' ``ViTModel`` without its pooler, since release 5.

    Raises:
        InputError: registers, gated layers or no final normalisation, where it is otherwise.
    """
    _only_plain(encoder, "transformers' ViTModel")
    if not encoder.config.final_norm:
        raise InputError(
            "transformers' ViTModel ends in a normalisation, and this encoder has none"
        )
    return _renamed(_split_qkv(_with_pos_embed(encoder)), _TRANSFORMERS)


def to_hub(encoder: VisionTransformer) -> Tensors:
    """Name weights as files of ``ViTModel`` on the hub do, for ``from_pretrained`` of any release;
    raises as ``to_transformers``."""
    return _renamed(to_transformers(encoder), _HUB)


def _only_plain(encoder: VisionTransformer, of_whom: str) -> None:
    config = encoder.config
    if config.registers or config.mlp != "gelu":
        raise InputError(
            f"{of_whom} has no registers and no swiglu, and this encoder has {config.registers}"
            f" registers and {config.mlp}: export it to timm's layout"
        )


def _renamed(weights: Mapping[str, Tensor], rules: Rules) -> Tensors:
    renamed = {}
    for key, value in weights.items():
        for pattern, replacement in rules:
            key = re.sub(pattern, replacement, key)
        renamed[key] = value
    return renamed


def _with_pos_embed(encoder: VisionTransformer) -> Tensors:
    weights = encoder.state_dict()
    places = weights.pop("positions.table").flatten(2).transpose(1, 2)
    return {**weights, "pos_embed": torch.cat([torch.zeros_like(places[:, :1]), places], 1)}


def _split_qkv(weights: Tensors) -> Tensors:
    split: Tensors = {}
    for key, value in weights.items():
        if ".attn.qkv." in key:
            for name, part in zip("qkv", value.chunk(3), strict=True):
                split[key.replace(".qkv.", f".{name}_proj.")] = part
        else:
            split[key] = value
    return split

"""Layouts of encoders: timm (MAE, M-SpecGene's detection), DINOv2, transformers, mmpretrain.

Each gives twinband's names with ``encoder.`` in front; what belongs to heads is left out.
"""

import re

from twinband.core.errors import InputError
from twinband.models.checkpoints.conversion import Conversion, Rules
from twinband.networks.layers import Grid

_TIMM: Rules = ((r"^reg_token$", "register_tokens"), (r"^blocks\.\d+\.(\d+)\.", r"blocks.\1."))
_MM: Rules = (
    (r"^patch_embed\.projection\.", "patch_embed.proj."),
    (r"^ln1\.", "norm."),
    (r"^layers\.", "blocks."),
    (r"\.ln([12])\.", r".norm\1."),
    (r"\.ffn\.layers\.0\.0\.", ".mlp.fc1."),
    (r"\.ffn\.layers\.1\.", ".mlp.fc2."),
    (r"\.ffn\.(w12|w3)\.", r".mlp.\1."),
    (r"\.attn\.gamma1\.(?:weight|scale)$", ".ls1.gamma"),
    (r"\.ffn\.gamma2\.(?:weight|scale)$", ".ls2.gamma"),
    (r"\.attn\.([qv])_bias$", r".attn.\1.bias"),
)
# Names on the hub, and those that models have in memory since transformers 5.
_TRANSFORMERS: Rules = (
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^embeddings\.", ""),
    (r"^layernorm\.", "norm."),
    (r"^(?:encoder\.layer|layers)\.", "blocks."),
    (r"\.attention\.attention\.(query|key|value)\.", r".attn.\1."),
    (r"\.attention\.q_proj\.", ".attn.query."),
    (r"\.attention\.k_proj\.", ".attn.key."),
    (r"\.attention\.v_proj\.", ".attn.value."),
    (r"\.attention\.(?:output\.dense|o_proj)\.", ".attn.proj."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"^(blocks\.\d+)\.output\.dense\.", r"\1.mlp.fc2."),
    (r"\.mlp\.weights_in\.", ".mlp.w12."),
    (r"\.mlp\.(?:weights_out|down_proj)\.", ".mlp.w3."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
)
HEAD = "belongs to a head"
OTHER_PART = "no part of the encoder"


def below_class_token(conversion: Conversion, inner: str = "") -> None:
    """Keep what stands beside the class token, and take away what stands before its name.

    Args:
        inner: what belongs to the names that are known.

    Raises:
        InputError: there is no class token.
    """
    ends = [key for key in conversion.entries if re.search(rf"(^|\.){inner}cls_token$", key)]
    if not ends:
        seen = ", ".join(sorted(conversion.entries)[:5])
        raise InputError(f"no class token among the weights; the first keys are {seen}")
    stem = min(ends, key=len).removesuffix(f"{inner}cls_token")
    conversion.leave_out(rf"^(?!{re.escape(stem)})", OTHER_PART)
    conversion.rename(((rf"^{re.escape(stem)}", ""),))


def mm_names(conversion: Conversion) -> None:
    """Rename the layers of mmpretrain's transformers as twinband's."""
    conversion.rename(_MM)


def finish_encoder(conversion: Conversion, grid: Grid | None, others: str = r"(?!)") -> None:
    """Work in layer scales and positions, and put ``encoder.`` in front of all but ``others``."""
    conversion.fold_layer_scale()
    if "pos_embed" in conversion.entries:
        own = ("cls_token", "register_tokens")
        conversion.unfold_places("pos_embed", "positions.table", grid, own=own)
    conversion.rename(((rf"^(?!{others})", "encoder."),))


def timm(conversion: Conversion, grid: Grid | None) -> None:
    """timm's ``vit_*``, MAE's encoder, DeiT, DINO, DINOv2's files, MultiMAE's converted to a ViT.

    M-SpecGene's transform for detection has these names too.
    """
    conversion.rename(((r"(^|\.)global_tokens$", r"\1cls_token"),))  # MultiMAE's second converter
    below_class_token(conversion)
    conversion.leave_out(r"^(head|fc_norm|pre_logits|decoder|dino_head|ibot_head)", HEAD)
    conversion.leave_out(r"^mask_token$", "a token of masked training")
    conversion.rename(_TIMM)
    _unpack_gates(conversion)
    finish_encoder(conversion, grid)


def transformers(conversion: Conversion, grid: Grid | None) -> None:
    """``ViTModel``, ``Dinov2Model``, ``Dinov2WithRegistersModel``, or a model with one inside."""
    below_class_token(conversion, r"embeddings.")
    conversion.leave_out(r"^(pooler|classifier|decoder)", HEAD)
    conversion.leave_out(r"^embeddings\.mask_token$", "a token of masked training")
    conversion.rename(_TRANSFORMERS)
    joined = "queries, keys and values joined"
    conversion.join(r"blocks\.\d+\.attn\.{part}\..*", ("query", "key", "value"), "qkv", joined)
    gates = ("gate_proj", "up_proj")
    conversion.join(r"blocks\.\d+\.mlp\.{part}\..*", gates, "w12", "gate and value joined")
    finish_encoder(conversion, grid)


def mmseg(conversion: Conversion, grid: Grid | None) -> None:
    """mmpretrain's ViT, its last normalisation ``norm`` or ``ln1``: M-SpecGene's segmentation."""
    below_class_token(conversion)
    conversion.leave_out(r"^(head|decode_head|auxiliary_head|neck|data_preprocessor)", HEAD)
    mm_names(conversion)
    finish_encoder(conversion, grid)


def twinband(conversion: Conversion, _: Grid | None) -> None:
    """Names that ``save_weights`` writes, of a whole model or of its encoder."""
    conversion.leave_out(r"^sampler\.", "state of the masking")
    if not any(key.startswith("encoder.") for key in conversion.entries):
        conversion.rename(((r"^", "encoder."),))


def _unpack_gates(conversion: Conversion) -> None:
    """Rename timm's packed SwiGLU, whose ``fc1`` is twice as wide as what ``fc2`` takes."""

    def rename(key: str, match: re.Match[str]) -> None:
        wide = conversion.entries[key].tensor.shape[0]
        narrow = conversion.entries.get(f"{match[1]}.mlp.fc2.weight")
        if narrow is not None and wide == 2 * narrow.tensor.shape[1]:
            for old, new in (("fc1", "w12"), ("fc2", "w3")):
                conversion.rename(
                    ((rf"^{re.escape(match[1])}\.mlp\.{old}\.", f"{match[1]}.mlp.{new}."),)
                )

    conversion.each(r"(blocks\.\d+)\.mlp\.fc1\.weight", rename)

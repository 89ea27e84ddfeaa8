"""Layouts of whole masked autoencoders: MAE, M-SpecGene's pretraining, MultiMAE.

Each gives twinband's names of the model of the same kind. Sources: the names that the published
code gives its modules (spec m-specgene, 1, 2 and 7.5; spec multimae, 2 and 11).
"""

import re

import torch

from twinband.core.errors import InputError
from twinband.models.checkpoints.conversion import Conversion, Rules
from twinband.models.checkpoints.vits import (
    HEAD,
    below_class_token,
    finish_encoder,
    mm_names,
)
from twinband.networks.layers import Grid

_MAE: Rules = (
    (r"^mask_token$", "decoder.mask_token"),
    (r"^decoder_(embed|blocks|norm)\.", r"decoder.\1."),
    (r"^decoder_pred\.", "decoder.head."),
)
# The published code calls its first modality rgb, and is given thermal first (spec, 1).
_MODALITY_OF_SUFFIX = {"": "thermal", "2": "rgb"}
_MULTIMAE: Rules = (
    (r"^encoder\.(\d+)\.", r"encoder.blocks.\1."),
    (r"^global_tokens$", "encoder.global_token"),
    (r"^input_adapters\.(\w+)\.class_emb\.", r"encoder.inputs.\1.classes."),
    (r"^input_adapters\.(\w+)\.proj\.", r"encoder.inputs.\1.proj."),
    (r"^(output_adapters\.\w+)\.decoder\.(q|kv|proj)\.", r"\1.cross.\2."),
    (r"^(output_adapters\.\w+)\.decoder_transformer\.", r"\1.blocks."),
    (r"^(output_adapters\.\w+)\.(context|query|out)_norm\.", r"\1.norm_\2."),
    (r"^(output_adapters\.\w+)\.proj_context\.", r"\1.context."),
    (r"^(output_adapters\.\w+)\.task_embeddings\.", r"\1.modalities."),
    (r"^(output_adapters\.\w+)\.out_proj\.", r"\1.head."),
    (r"^(output_adapters\.\w+)\.pos_emb$", r"\1.positions.table"),
    (r"^output_adapters\.", "decoders."),
)


def mae(conversion: Conversion, grid: Grid | None) -> None:
    """Facebook's MAE: pretraining files with the decoder, and files of the encoder alone."""
    below_class_token(conversion)
    conversion.leave_out(r"^(head|fc_norm)\.", HEAD)
    conversion.rename(_MAE)
    if "decoder_pos_embed" in conversion.entries:
        conversion.unfold_places("decoder_pos_embed", "decoder.positions.table", grid, absent=1)
    finish_encoder(conversion, grid, others=r"decoder\.")


def mspecgene(conversion: Conversion, grid: Grid | None) -> None:
    """M-SpecGene's pretraining file, and those of mmpretrain's MAE, with one decoder.

    Thermal is what the published code calls first (spec m-specgene, 1): names without a number are
    thermal's. Both decoders end in one normalisation, which ours get each.
    """
    conversion.rename(((r"^module\.", ""),))
    conversion.leave_out(r"^(head|target_generator|data_preprocessor)\.", HEAD)
    conversion.rename(((r"^backbone\.", ""), (r"^neck\.", "neck/")))
    dual = "neck/decoder_embed2.weight" in conversion.entries
    decoders = (
        {s: f"decoder_{m}" for s, m in _MODALITY_OF_SUFFIX.items()} if dual else {"": "decoder"}
    )
    for suffix, decoder in decoders.items():
        conversion.rename(
            (
                (rf"^neck/decoder_(embed|blocks){suffix}\.", rf"{decoder}.\1."),
                (rf"^neck/decoder_pred{suffix}\.", f"{decoder}.head."),
                (rf"^neck/mask_token{suffix}$", f"{decoder}.mask_token"),
                (rf"^neck/cross_attention{suffix}\.", f"{decoder.replace('decoder', 'cross')}."),
            )
        )
        if f"neck/decoder_pos_embed{suffix}" in conversion.entries:
            conversion.unfold_places(
                f"neck/decoder_pos_embed{suffix}", f"{decoder}.positions.table", grid, absent=1
            )
    for part in ("weight", "bias"):
        norm = conversion.entries.pop(f"neck/ln1.{part}", None)
        for decoder in decoders.values() if norm else ():
            assert norm is not None
            change = "one for both decoders"
            conversion.entries[f"{decoder}.norm.{part}"] = (
                norm.changed(norm.tensor, change) if dual else norm
            )
    mm_names(conversion)
    finish_encoder(conversion, grid, others=r"decoder|cross_|neck/")


def multimae(conversion: Conversion, _: Grid | None) -> None:
    """MultiMAE's pretraining files, and its fine-tuned ``multivit`` without heads."""
    conversion.rename(((r"^module\.", ""),))
    _leave_out_heads(conversion)
    _one_table(conversion)
    conversion.rename(_MULTIMAE)


def _leave_out_heads(conversion: Conversion) -> None:
    names = {key.split(".")[1] for key in conversion.entries if key.startswith("output_adapters.")}
    for name in names:
        if f"output_adapters.{name}.mask_token" not in conversion.entries:
            conversion.leave_out(rf"^output_adapters\.{re.escape(name)}\.", HEAD)


def _one_table(conversion: Conversion) -> None:
    """Make one table of the inputs' positions, which are equal as they are published.

    Raises:
        InputError: they are not equal.
    """
    keys = [key for key in conversion.entries if re.fullmatch(r"input_adapters\.\w+\.pos_emb", key)]
    if not keys:
        return
    first, *others = (conversion.entries.pop(key) for key in keys)
    for other in others:
        if not torch.equal(first.tensor, other.tensor):
            raise InputError(
                f"{first.sources[0]} and {other.sources[0]} differ: twinband's MultiMAE has one"
                " table of positions for all inputs"
            )
    conversion.entries["encoder.positions.table"] = (
        first.changed(first.tensor, "one for all inputs", *others) if others else first
    )

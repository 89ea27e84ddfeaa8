"""Converted tensors as parts of a certain model: its names, grid and patches."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from twinband.methods.multimae.model import MultiMae
from twinband.models.checkpoints.conversion import Conversion, Rules
from twinband.models.checkpoints.files import Contents
from twinband.models.checkpoints.layouts import converted
from twinband.networks.layers import Grid, resize_table
from twinband.networks.vit import VisionTransformer
from twinband.networks.warm_start import resize_kernel

# A ViT is MultiMAE's encoder with RGB alone, and back (as the published converters have it).
_VIT_AS_MULTIMAE: Rules = (
    (r"^encoder\.cls_token$", "encoder.global_token"),
    (r"^encoder\.patch_embed\.", "encoder.inputs.rgb."),
)
_MULTIMAE_AS_VIT: Rules = (
    (r"^encoder\.global_token$", "encoder.cls_token"),
    (r"^encoder\.inputs\.rgb\.", "encoder.patch_embed."),
)
_TABLE = re.compile(r"(^|\.)positions\.table$")
_KERNEL = re.compile(r"(^|\.)(patch_embed|inputs\.\w+)\.proj\.weight$")
_CLASSES = re.compile(r"(^|\.)inputs\.semseg\.classes\.weight$")


def fit(conversion: Conversion, model: nn.Module) -> None:
    """Give what is converted the model's names and sizes, and leave out what it has no part for."""
    if isinstance(model, VisionTransformer):
        as_vit(conversion)
    else:
        _as_parts(conversion, model)
    _to_size(conversion, model.state_dict())


def as_vit(conversion: Conversion) -> None:
    """Keep the encoder alone, by the names of a ``VisionTransformer``."""
    _with_rgb_alone(conversion)
    conversion.leave_out(r"^(?!encoder\.)", "no part of the encoder")
    conversion.rename(((r"^encoder\.", ""),))


def encoder_by_own_names(contents: Contents, layout: str | None) -> tuple[str, Conversion]:
    """Give an encoder's tensors the names of a ``VisionTransformer``, as ``converted`` does."""
    layout, conversion = converted(contents, layout, None)
    as_vit(conversion)
    return layout, conversion


def _as_parts(conversion: Conversion, model: nn.Module) -> None:
    if not isinstance(model, MultiMae):
        _with_rgb_alone(conversion)
    elif "encoder.cls_token" in conversion.entries:
        conversion.leave_out(r"^encoder\.norm\.", "MultiMAE's encoder has no final normalisation")
        conversion.rename(_VIT_AS_MULTIMAE)
    parts = {name.split(".")[0] for name in model.state_dict()}
    others = {key.split(".")[0] for key in conversion.entries} - parts
    for part in sorted(others):
        conversion.leave_out(rf"^{re.escape(part)}(\.|$)", "the model has no such part")


def _with_rgb_alone(conversion: Conversion) -> None:
    conversion.rename(_MULTIMAE_AS_VIT)
    conversion.leave_out(r"^encoder\.inputs\.", "an input that a ViT has not")


def untouched(conversion: Conversion, model: nn.Module, of_vit: bool) -> tuple[str, ...]:
    """List the model's keys of which the checkpoint has no part at all; an encoder it must have.

    Args:
        of_vit: the checkpoint is a ViT's: MultiMAE's other inputs are parts then.
    """
    if isinstance(model, VisionTransformer):
        return ()
    given = {"encoder", *(_part(key, of_vit) for key in conversion.entries)}
    return tuple(key for key in model.state_dict() if _part(key, of_vit) not in given)


def _part(key: str, of_vit: bool) -> str:
    first, *rest = key.split(".")
    inside = of_vit and rest[0] == "inputs"
    return ".".join([first, *rest[:2]]) if inside else first


def _to_size(conversion: Conversion, own: Mapping[str, Tensor]) -> None:
    for key, entry in list(conversion.entries.items()):
        value = entry.tensor
        if key not in own or own[key].shape == value.shape or own[key].ndim != value.ndim:
            continue
        wanted = own[key].shape
        if _TABLE.search(key) and value.shape[:2] == wanted[:2]:
            grid: Grid = (wanted[2], wanted[3])
            change = f"resampled from {_sides(value)} to {_sides(own[key])} patches, bicubic"
            conversion.entries[key] = entry.changed(resize_table(value, grid), change)
        elif _KERNEL.search(key) and value.shape[:2] == wanted[:2]:
            change = f"kernels resized from {_sides(value)} to {_sides(own[key])} px"
            conversion.entries[key] = entry.changed(resize_kernel(value, wanted[-1]), change)
        elif _CLASSES.search(key) and len(value) == len(own[key]) + 1 and not value[-1].any():
            change = "without the class of padding, a last row of zeros"
            conversion.entries[key] = entry.changed(value[:-1], change)


def _sides(value: Tensor) -> str:
    return "x".join(map(str, value.shape[-2:]))

"""Checkpoints of the world into twinband's models, strictly and with a report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from twinband.core.errors import InputError
from twinband.models.checkpoints.files import Contents, read_contents
from twinband.models.checkpoints.fitting import fit, untouched
from twinband.models.checkpoints.layouts import converted
from twinband.models.checkpoints.report import Report
from twinband.networks.config import VitConfig
from twinband.weights import misfits


def load(
    model: nn.Module, source: Mapping[str, Any] | Path | str, layout: str | None = None
) -> Report:
    """Load a checkpoint into a model that ``build`` makes.

    Files may hold more than tensors: that is passed over, and nothing in them is run. A part of the
    model that the checkpoint does not have at all, such as a decoder, stays as it is and is
    reported; a part of which some is missing is an error. Position tables are resampled to the
    model's grid, patch kernels to its patches. Layer scales are folded in.

    Args:
        source: a state_dict, or a file of ``torch.save`` or safetensors.
        layout: ``multimae``, ``mspecgene``, ``mae``, ``timm``, ``transformers``, ``dinov2``,
            ``mmseg``, ``mmdet`` or ``twinband``; by default the one that the names tell.

    Returns:
        What maps where, what was left out and why, what was changed.

    Raises:
        InputError: not that layout, or names and sizes that do not fit; nothing is copied then.
        TypeError: no model that ``build`` makes.
    """
    name = str(source) if isinstance(source, Path | str) else "these weights"
    return load_contents(model, read_contents(source), name, layout)


def load_contents(
    model: nn.Module, contents: Contents, name: str, layout: str | None = None
) -> Report:
    """Load what was read from ``name``, as ``load`` does."""
    config = getattr(model, "config", None)
    if not isinstance(config, VitConfig):
        raise TypeError(f"{type(model).__name__} is no model that build makes")
    layout, conversion = converted(contents, layout, config.grid)
    of_vit = "encoder.cls_token" in conversion.entries
    fit(conversion, model)
    own, entries = model.state_dict(), conversion.entries
    kept = untouched(conversion, model, of_vit)
    given = {_told(key, own, entry.sources): entry.tensor for key, entry in entries.items()}
    if complaints := misfits(given, own, kept):
        raise InputError(f"{name} (layout {layout}): no fit for the model{complaints}")
    model.load_state_dict(conversion.tensors, strict=False)
    return Report(
        layout,
        {key: entry.sources for key, entry in entries.items()},
        {key: ", ".join(entry.changes) for key, entry in entries.items() if entry.changes},
        conversion.left_out,
        kept,
    )


def _told(key: str, own: Mapping[str, object], sources: tuple[str, ...]) -> str:
    """Name what the model does not have as the checkpoint does."""
    return key if key in own else " + ".join(sources)

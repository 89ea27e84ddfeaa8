"""The layouts of checkpoints that are known, and which of them a checkpoint has."""

import re
from collections.abc import Callable, Mapping

from twinband.core.errors import InputError
from twinband.models.checkpoints import masked, vits
from twinband.models.checkpoints.conversion import Conversion
from twinband.models.checkpoints.files import Contents
from twinband.networks.layers import Grid

LAYOUTS: Mapping[str, Callable[[Conversion, Grid | None], None]] = {
    "multimae": masked.multimae,
    "mspecgene": masked.mspecgene,
    "mae": masked.mae,
    "timm": vits.timm,
    "transformers": vits.transformers,
    "dinov2": vits.timm,
    "mmseg": vits.mmseg,
    "mmdet": vits.timm,
    "twinband": vits.twinband,
}
# Looked for in this order, anywhere in the keys.
_SIGNS: Mapping[str, str] = {
    "multimae": r"(^|\.)input_adapters\.",
    "mspecgene": r"^(module\.)?backbone\.(layers\.\d+\.ln1\.|patch_embed\.projection\.)",
    "twinband": r"(^|\.)positions\.table$",
    "transformers": r"(^|\.)embeddings\.cls_token$",
    "mae": r"(^|\.)decoder_blocks\.\d+\.",
    "mmseg": r"(^|\.)layers\.\d+\.(ln1|ffn)\.",
    "dinov2": r"(^|\.)(register_tokens|blocks\.\d+\.mlp\.w12\.\w+)$",
    "timm": r"(^|\.)(cls_token|global_tokens)$",
}


def recognised(keys: Mapping[str, object]) -> str:
    """Tell the layout of a checkpoint by its keys.

    Raises:
        InputError: none that is known.
    """
    for layout, sign in _SIGNS.items():
        if any(re.search(sign, key) for key in keys):
            return layout
    raise InputError(
        f"no class token among the weights, so this is no encoder that is known"
        f" ({', '.join(LAYOUTS)}; CLIP's and SigLIP's towers are not); the first keys are"
        f" {sorted(keys)[:5]}"
    )


def converted(contents: Contents, layout: str | None, grid: Grid | None) -> tuple[str, Conversion]:
    """Give a checkpoint's tensors twinband's names, as parts of a model that has an ``encoder``.

    Args:
        layout: one of ``LAYOUTS``; None to recognise it.
        grid: the model's rows and columns of patches, for positions of no square grid.

    Returns:
        The layout, and the tensors.

    Raises:
        InputError: an unknown layout, or other contents than the layout has.
    """
    if layout is not None and layout not in LAYOUTS:
        raise InputError(f"layout {layout!r} is not known; known are {', '.join(LAYOUTS)}")
    layout = layout or recognised(contents.tensors)
    conversion = Conversion(contents.tensors, contents.left_out)
    LAYOUTS[layout](conversion, grid)
    return layout, conversion

"""ViTs of other projects as models of twinband, their sizes read off their weights."""

import re
from pathlib import Path

from twinband.core.errors import InputError
from twinband.models.checkpoints.files import read_contents
from twinband.models.checkpoints.fitting import encoder_by_own_names
from twinband.models.checkpoints.loading import load_contents
from twinband.models.checkpoints.report import Report
from twinband.networks.config import VitConfig, configuration
from twinband.networks.vit import VisionTransformer
from twinband.networks.warm_start import PATCH_KEY, POSITIONS_KEY
from twinband.networks.weights import Tensors

# No weight tells how many heads there are; these are the published ViTs, by their width. Up to
# 1024 a head has 64 channels; ViT-H, ViT-g and DINOv2's giant are otherwise.
HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16, 1408: 16, 1536: 24}


def imported_vit(
    path: Path, heads: int | None = None, layout: str | None = None
) -> VisionTransformer:
    """Import the encoder in a file of weights; as ``import_vit`` does."""
    return import_vit(path, heads, layout)[0]


def import_vit(
    path: Path, heads: int | None = None, layout: str | None = None
) -> tuple[VisionTransformer, Report]:
    """Import the encoder in a file of weights, in any layout that ``checkpoints.load`` knows.

    Args:
        heads: attention heads; by default those of the published ViT of this width.
        layout: of the file; by default the one that the names tell.

    Returns:
        The encoder, and what maps where.

    Raises:
        InputError: no such file, no encoder in a known layout, one without positions, with parts
            that twinband's encoder has not, or of a width whose heads are not known.
    """
    contents = read_contents(path)
    layout, conversion = encoder_by_own_names(contents, layout)
    tensors = conversion.tensors
    absent = [key for key in (PATCH_KEY, POSITIONS_KEY) if key not in tensors]
    if absent:
        raise InputError(f"{path}: an encoder without {' and '.join(absent)} cannot be imported")
    encoder = _built(path, tensors, heads)
    return encoder, load_contents(encoder, contents, str(path), layout)


def read_tensors(path: Path) -> Tensors:
    """Read the tensors in a file, as ``checkpoints.load`` does; raises as that does."""
    return read_contents(path).tensors


def _built(path: Path, tensors: Tensors, heads: int | None) -> VisionTransformer:
    width, _, patch_px, _ = tensors[PATCH_KEY].shape
    if heads is None and width not in HEADS:
        raise InputError(
            f"{path}: how many attention heads an encoder {width} wide has, no weight tells: say"
            f" --heads; known are the widths {', '.join(map(str, HEADS))}"
        )
    rows, columns = tensors[POSITIONS_KEY].shape[-2:]
    blocks = {int(match[1]) for key in tensors if (match := re.match(r"blocks\.(\d+)\.", key))}
    registers = tensors.get("register_tokens")
    sizes = {
        "image_px": (rows * patch_px, columns * patch_px),
        "patch_px": patch_px,
        "width": width,
        "depth": len(blocks),
        "heads": heads or HEADS[width],
        "registers": 0 if registers is None else registers.shape[1],
        "mlp": "swiglu" if any(key.endswith(".mlp.w12.weight") for key in tensors) else "gelu",
        "final_norm": "norm.weight" in tensors,
    }
    try:
        return VisionTransformer(configuration(VitConfig, sizes, VisionTransformer.kind))
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}; say --heads") from None

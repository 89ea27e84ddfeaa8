"""ViTs of other projects as models of twinband, their sizes read off their weights."""

import re
from pathlib import Path

from torch import Tensor

from twinband.core.errors import InputError
from twinband.models.key_layouts import from_any
from twinband.networks.config import VitConfig, configuration
from twinband.networks.vit import VisionTransformer
from twinband.networks.warm_start import PATCH_KEY, POSITIONS_KEY
from twinband.networks.weights import Tensors, load_strictly
from twinband.weights import read_safetensors, read_torch

HEAD_WIDTH = 64  # of the ViTs that are published: ViT-Ti, S, B, L, DINOv2, MAE


def imported_vit(path: Path, heads: int | None = None) -> VisionTransformer:
    """Import the encoder in a file of weights, in any layout that ``key_layouts.from_any`` knows.

    Args:
        heads: attention heads, which no weight tells; by default one for every 64 channels.

    Raises:
        InputError: no such file, no encoder in a known layout, one without positions, or with
            parts that twinband's encoder has not.
    """
    tensors, _ = from_any(read_tensors(path))
    absent = [key for key in (PATCH_KEY, POSITIONS_KEY) if key not in tensors]
    if absent:
        raise InputError(f"{path}: an encoder without {' and '.join(absent)} cannot be imported")
    encoder = _built(path, tensors, heads)
    load_strictly(encoder, tensors)
    return encoder


def read_tensors(path: Path) -> Tensors:
    """Read the tensors in a ``.safetensors`` file, or in one that ``torch.save`` wrote.

    In the latter they may stand in an entry ``model``, ``state_dict`` or ``teacher``.

    Raises:
        InputError: there is no such file, it is damaged, or holds more than tensors.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of weights")
    if path.suffix == ".safetensors":
        return read_safetensors(path)[0]
    state = read_torch(path)
    for entry in ("model", "state_dict", "teacher"):
        if isinstance(state, dict) and isinstance(state.get(entry), dict):
            state = state[entry]
    if not isinstance(state, dict):
        raise InputError(f"{path}: holds a {type(state).__name__}, not a state_dict")
    return {key: value for key, value in state.items() if isinstance(value, Tensor)}


def _built(path: Path, tensors: Tensors, heads: int | None) -> VisionTransformer:
    width, _, patch_px, _ = tensors[PATCH_KEY].shape
    rows, columns = tensors[POSITIONS_KEY].shape[-2:]
    blocks = {int(match[1]) for key in tensors if (match := re.match(r"blocks\.(\d+)\.", key))}
    sizes = {
        "image_px": (rows * patch_px, columns * patch_px),
        "patch_px": patch_px,
        "width": width,
        "depth": len(blocks),
        "heads": heads or max(width // HEAD_WIDTH, 1),
    }
    try:
        return VisionTransformer(configuration(VitConfig, sizes, VisionTransformer.kind))
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}; say --heads") from None

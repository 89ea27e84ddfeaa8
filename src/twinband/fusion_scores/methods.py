"""The methods that are compared, opened, and what their networks cost."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from twinband.core.errors import MALFORMED, InputError
from twinband.fusion.files import WEIGHTS, read_fusion
from twinband.fusion.interface import Fusion, load_fusion
from twinband.fusion.network import NetworkFusion
from twinband.shards.sums import sha256_of

SIDE = 64  # of the images that costs are counted on


def open_methods(
    methods: Sequence[str], models: Sequence[str], recorded: Sequence[Path], folder: Path
) -> tuple[dict[str, Fusion], dict[str, str]]:
    """Open methods without weights, then trained ones.

    Args:
        recorded: folders of the facts of the stages that train models.
        folder: holds a folder of weights for each model.

    Returns:
        The methods, and the SHA-256 of each model's weights.

    Raises:
        InputError: there is no such method or model, or a model is not the one of its facts.
    """
    digests = {name: _checked(name, recorded, folder) for name in models}
    opened = {name: load_fusion(name) for name in methods}
    return {**opened, **{name: read_fusion(folder / name) for name in models}}, digests


def _checked(name: str, recorded: Sequence[Path], folder: Path) -> str:
    found = [path for path in (each / f"{name}.json" for each in recorded) if path.is_file()]
    if not found:
        raise InputError(f"no stage has trained {name}: dvc repro, or name another model")
    try:
        promised = str(json.loads(found[0].read_bytes())["weights_sha256"])
        actual = sha256_of(folder / name / WEIGHTS)
    except (OSError, *MALFORMED) as error:
        raise InputError(f"{folder / name} is not there yet ({error!r}): dvc repro") from None
    if actual != promised:
        raise InputError(f"{folder / name} is not what {found[0]} tells of: dvc checkout")
    return actual


def cost_of(fusion: Fusion) -> tuple[int, int] | None:
    """Count multiplications and additions a pixel, and parameters; None without a network."""
    if not isinstance(fusion, NetworkFusion):
        return None
    parameters = sum(parameter.numel() for parameter in fusion.network.parameters())
    if not parameters:
        return None
    image = torch.zeros(1, 1, SIDE, SIDE)
    counted = {torch.ops.mkldnn._convolution_pointwise: _flops_of_fused}
    with FlopCounterMode(display=False, custom_mapping=counted) as counter, torch.inference_mode():
        fusion.network(image, image)
    return counter.get_total_flops() // 2 // SIDE**2, parameters


def _flops_of_fused(
    image: torch.Size, weight: torch.Size, *rest: Any, out_shape: Any = None, **named: Any
) -> int:
    """Count a convolution that oneDNN computes with its activation."""
    batch, _, height, width = out_shape
    return 2 * batch * height * width * math.prod(weight)

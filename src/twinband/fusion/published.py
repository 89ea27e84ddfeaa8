"""Published networks of fusion, loaded strictly from their authors' files.

Source: spec sage, 4 and 14.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twinband.core.errors import InputError
from twinband.fusion.files import learned_method
from twinband.fusion.interface import Fusion, checked_pair, rgb_of
from twinband.fusion.network import NetworkFusion
from twinband.fusion.seafusion import SeaFusion
from twinband.fusion.student import SageStudent
from twinband.weights import misfits, read_torch

SEAFUSION_REACH = 9
STUDENT_NAMES = (  # SAGE's names, and ours
    (r"^module(\d)\.", lambda found: f"stages.{int(found[1]) - 1}."),
    (r"^adjust_channels(\d)\.", lambda found: f"merges.{int(found[1]) - 4}."),
    (r"^final_decoder\.0\.", lambda found: "head."),
)


class SeaFusionImages(Fusion):
    """SeAFusion as its published images were made: its own colours, a stretch of the fused RGB to
    the whole range, and values cut, not rounded, to 8 bits."""

    def __init__(self, network: SeaFusion) -> None:
        self._luma = NetworkFusion(network, stride=1, reach=SEAFUSION_REACH)

    def fuse(self, visible: NDArray[Any], infrared: NDArray[Any]) -> NDArray[np.uint8]:
        colour, grey = checked_pair(visible, infrared)
        red, green, blue = np.moveaxis(colour.astype(np.float32) / 255, -1, 0)
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
        cr, cb = (red - luma) * 0.713, (blue - luma) * 0.564
        fused = self._luma.fuse_luma(luma, grey.astype(np.float32) / 255)
        image = np.stack(rgb_of(fused, cr, cb), -1).clip(0, 1)
        darkest, brightest = image.min(), image.max()
        return ((image - darkest) / max(brightest - darkest, 1e-12) * 255).astype(np.uint8)


def load_published(path: Path) -> Fusion:
    """Load the file of SAGE's student or of SeAFusion; nothing that it holds is run.

    Raises:
        InputError: it is no such file, or its weights do not fit.
    """
    tensors = _tensors(path)
    if any(name.startswith("module1.") for name in tensors):
        student = SageStudent()
        _load(student, {_student_name(name): value for name, value in tensors.items()}, path)
        opened: Fusion = learned_method("sage").opened(student)
        return opened
    if "vis_conv.conv.weight" in tensors:
        network = SeaFusion()
        _load(network, tensors, path)
        return SeaFusionImages(network)
    names = ", ".join(list(tensors)[:3])
    raise InputError(f"{path} is no network of fusion that is known here (it begins with {names})")


def _student_name(name: str) -> str:
    for pattern, ours in STUDENT_NAMES:
        name = re.sub(pattern, ours, name)
    return name


def _tensors(path: Path) -> Mapping[str, Tensor]:
    loaded = read_torch(path)
    named = isinstance(loaded, Mapping) and all(isinstance(v, Tensor) for v in loaded.values())
    if not named or not loaded:
        raise InputError(f"{path} holds no weights by name")
    return dict(loaded)


def _load(network: torch.nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    if problem := misfits(tensors, network.state_dict()):
        raise InputError(f"{path} does not fit {type(network).__name__}:\n{problem}")
    network.load_state_dict(dict(tensors))

"""The one interface of all methods of fusion, ``Fusion.fuse(visible, infrared)``; opened by name.

A method fuses the luma of the visible image with the infrared image; colours stay those of the
visible image. Source: spec sage, 2 and 6; cross-modal-kd, 1.
"""

import importlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.core.thermal import to_eight_bits

METHODS = "twinband.fusion_methods"
Grey = NDArray[np.floating[Any]]  # H,W in [0, 1], float32


class Fusion:
    """A method of fusion; a subclass has ``fuse_luma``, or its own ``fuse``.

    Attributes:
        neutral: value of chroma, of 8 bits over 255, that counts as grey.
    """

    neutral = 128 / 255

    def fuse_luma(self, visible: Grey, infrared: Grey) -> Grey:
        """Fuse luma and infrared, ``H,W`` each in [0, 1]; what leaves [0, 1] is cut off later."""
        raise NotImplementedError

    def fuse(self, visible: NDArray[Any], infrared: NDArray[Any]) -> NDArray[np.uint8]:
        """Fuse two registered images of one size.

        Args:
            visible: ``H,W,3`` RGB or ``H,W`` grey, uint8.
            infrared: ``H,W``, uint8 or uint16; 16 bits are stretched by percentiles
                (``core.thermal.to_eight_bits``). Three equal channels count as one.

        Returns:
            ``H,W,3`` uint8 RGB.

        Raises:
            ValueError: images of other types or sizes, or infrared with colours.
        """
        colour, infrared = checked_pair(visible, infrared)
        ycrcb = cv2.cvtColor(colour, cv2.COLOR_RGB2YCrCb).astype(np.float32) / 255
        luma = self.fuse_luma(ycrcb[..., 0], infrared.astype(np.float32) / 255)
        if visible.ndim == 2:
            return eight_bits(np.repeat(luma[..., None], 3, 2))
        return in_colour(luma.clip(0, 1), *np.moveaxis(ycrcb[..., 1:] - self.neutral, -1, 0))


def load_fusion(path_or_name: str | Path) -> Fusion:
    """Open a method by the name of its file in ``twinband.fusion_methods``, or a network.

    Args:
        path_or_name: of a network the folder that a stage wrote, such as ``models/fusion/sage``, or
            a file of SAGE's student or of SeAFusion, as published.

    Raises:
        InputError: there is no such method or file, or the file is of another kind.
    """
    path = Path(path_or_name)
    if path.exists():
        from twinband.fusion.files import read_fusion
        from twinband.fusion.published import load_published

        own = path.is_dir() or path.suffix == ".safetensors"
        return read_fusion(path) if own else load_published(path)
    name = str(path_or_name)
    if name not in _modules():
        raise InputError(
            f"{name} is neither a file nor a method of fusion; methods are"
            f" {', '.join(method_names())}"
        )
    module = importlib.import_module(f"{METHODS}.{name}")
    if not hasattr(module, "Method"):
        raise InputError(
            f"the method {name} is learnt: name a folder of its weights, such as"
            f" models/fusion/{name}"
        )
    method: Fusion = module.Method()
    return method


def method_names() -> list[str]:
    """List the methods that need no file."""
    return [n for n in _modules() if hasattr(importlib.import_module(f"{METHODS}.{n}"), "Method")]


def _modules() -> list[str]:
    package = importlib.import_module(METHODS)
    return sorted(path.stem for root in package.__path__ for path in Path(root).glob("*.py"))


def checked_pair(
    visible: NDArray[Any], infrared: NDArray[Any]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Check a pair; returns ``H,W,3`` RGB and ``H,W`` infrared of 8 bits.

    Raises:
        ValueError: see ``Fusion.fuse``.
    """
    if infrared.ndim == 3 and infrared.shape[2] == 3:
        if (infrared != infrared[..., :1]).any():
            raise ValueError("the infrared image has colours: visible comes first, then infrared")
        infrared = infrared[..., 0]
    if visible.dtype != np.uint8 or visible.ndim < 2 or visible.shape[2:] not in ((), (3,)):
        raise ValueError(f"visible must be H,W,3 or H,W uint8, not {_described(visible)}")
    if infrared.dtype not in (np.uint8, np.uint16) or infrared.ndim != 2:
        raise ValueError(f"infrared must be H,W uint8 or uint16, not {_described(infrared)}")
    if visible.shape[:2] != infrared.shape or not visible.size:
        raise ValueError(
            f"visible is {visible.shape[1]}x{visible.shape[0]} px and infrared"
            f" {infrared.shape[1]}x{infrared.shape[0]}: register them first"
        )
    colour = visible if visible.ndim == 3 else cv2.cvtColor(visible, cv2.COLOR_GRAY2RGB)
    return colour, to_eight_bits(infrared)


def in_colour(luma: Grey, cr: Grey, cb: Grey) -> NDArray[np.uint8]:
    """Give ``H,W`` luma in [0, 1] the colours ``cr`` and ``cb`` (0 is grey): ``H,W,3`` RGB."""
    return eight_bits(np.stack(rgb_of(luma, cr, cb), -1))


def rgb_of(luma: Grey, cr: Grey, cb: Grey) -> tuple[Grey, Grey, Grey]:
    """Compute red, green and blue (spec sage, 2)."""
    return luma + 1.403 * cr, luma - 0.714 * cr - 0.344 * cb, luma + 1.773 * cb


def eight_bits(image: Grey) -> NDArray[np.uint8]:
    """Round values in [0, 1] to 8 bits; others are cut off."""
    return np.rint(image.clip(0, 1) * 255).astype(np.uint8)


def stronger(infrared: NDArray[Any], visible: NDArray[Any]) -> NDArray[Any]:
    """Choose, value by value, the greater magnitude; of two equal ones the infrared one.

    Source: spec cross-modal-kd, 1.1.
    """
    return np.where(np.abs(infrared) >= np.abs(visible), infrared, visible)


def _described(image: NDArray[Any]) -> str:
    return f"{','.join(map(str, image.shape))} {image.dtype}"

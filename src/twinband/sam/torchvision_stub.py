"""The five names of torchvision that segment_anything asks for, where torchvision is missing.

No torchvision built for torch's CPU wheels imports beside them, and segment_anything imports it
only to resize a Pillow image and to compare boxes. The stand-in is there while
segment_anything is imported and gone afterwards, so that no other library takes it for the real
one; a torchvision that works is left alone.
"""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from twinband.sam.candidates import nms

NAME = "torchvision"


@contextmanager
def stand_in() -> Iterator[None]:
    """Within it ``import segment_anything`` works, with or without torchvision.

    >>> with stand_in():
    ...     from segment_anything.modeling import Sam
    """
    if _works():
        yield
        return
    _forget()
    sys.modules.update(_modules())
    try:
        yield
    finally:
        _forget()


def _works() -> bool:
    try:
        importlib.import_module(f"{NAME}.ops")
        importlib.import_module(f"{NAME}.transforms")
    except Exception:  # built for another torch it raises RuntimeError and others
        return False
    return True


def _forget() -> None:
    for name in [n for n in sys.modules if n == NAME or n.startswith(f"{NAME}.")]:
        del sys.modules[name]


def _modules() -> dict[str, ModuleType]:
    contents: Mapping[str, Sequence[Callable[..., Any]]] = {
        NAME: (),
        f"{NAME}.ops": (),
        f"{NAME}.ops.boxes": (batched_nms, box_area),
        f"{NAME}.transforms": (),
        f"{NAME}.transforms.functional": (resize, to_pil_image),
    }
    modules = {}
    for name, functions in contents.items():
        modules[name] = ModuleType(name)
        for function in functions:
            setattr(modules[name], function.__name__, function)
    return modules


def to_pil_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """``H,W,3`` or ``H,W`` uint8 as a Pillow image."""
    return Image.fromarray(pixels)


def resize(image: Image.Image, size: Sequence[int]) -> Image.Image:
    """``image`` in ``size`` (height, width), bilinear with antialiasing."""
    height, width = size
    return image.resize((width, height), Image.Resampling.BILINEAR)


def box_area(boxes: Tensor) -> Tensor:
    """Areas of boxes ``n,4`` given by left, top, right, bottom."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """Indices of the boxes that stay, highest score first; a box suppresses its own kind only.

    Args:
        boxes: ``n,4``, left, top, right, bottom.
        scores: ``n``.
        idxs: ``n``, the kind of every box.
        iou_threshold: greater intersections over union are suppressed.
    """
    kept = []
    for kind in idxs.unique():
        members = (idxs == kind).nonzero()[:, 0].cpu()
        of_kind = nms(boxes.cpu()[members].numpy(), scores.cpu()[members].numpy(), iou_threshold)
        kept.append(members[torch.from_numpy(of_kind)])
    stay = torch.cat([torch.empty(0, dtype=torch.int64), *kept]).to(boxes.device)
    return stay[scores[stay].argsort(descending=True, stable=True)]

"""A stand-in for torchvision while segment_anything is imported.

No torchvision built for torch's CPU wheels imports beside them, and segment_anything imports it
only to resize a Pillow image and to compare boxes (five names). The stand-in is removed after the
import, so that no other library takes it for the real one; a torchvision that works is left alone.
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
    """Make ``import segment_anything`` work, with or without torchvision.

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


def to_pil_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """Convert ``H,W,3`` or ``H,W`` uint8 to a Pillow image."""
    return Image.fromarray(pixels)


def resize(image: Image.Image, size: Sequence[int]) -> Image.Image:
    """Resize ``image`` to ``size`` (height, width), bilinear with antialiasing."""
    height, width = size
    return image.resize((width, height), Image.Resampling.BILINEAR)


def box_area(boxes: Tensor) -> Tensor:
    """Compute the areas of boxes ``n,4`` given by left, top, right, bottom."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """Suppress overlapping boxes of one kind; the indices that stay, highest score first.

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

"""SAM as an annotator whose labels are kept: the automatic masks of an image, as JSON."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.sam.generate import AutomaticMasks
from twinband.sam.settings import MaskSettings
from twinband.sam.weights import load
from twinband.weights import Weights, weights_file

FIELD = "masks.json"
DECIMALS = 6
# What has a part in turning pixels into masks.
PACKAGES = ("segment-anything", "torch", "numpy", "opencv-python-headless", "pillow")


@dataclass(frozen=True)
class SamSpec:
    """All that says which masks are found.

    Attributes:
        weights: of the SAM.
        settings: which masks are wanted.
        device: ``cpu`` or ``cuda``.
        threads: of PyTorch.
        code: digest of the code that finds them.
    """

    weights: Weights
    settings: MaskSettings
    device: str
    threads: int
    code: str

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What people should know of it; all but the code."""
        settings = self.settings.model_dump(exclude={"points_per_batch"})  # a matter of speed
        return {
            "weights_sha256": self.weights.sha256,
            "settings": settings,
            "device": self.device,
            "threads": self.threads,
            "channel_order": "RGB",
            "versions": {name: version(name) for name in PACKAGES},
        }

    @property
    def fingerprint(self) -> str:
        """Of facts and code: labels of another one are not used."""
        return _digest({**self.facts, "code": self.code})

    @property
    def annotator(self) -> str:
        """Of the facts alone, for products: they must not change with a comment in the code."""
        return _digest(self.facts)

    def check_device(self) -> None:
        """Raises InputError if there is no such device."""
        if self.device == "cuda" and not torch.cuda.is_available():
            raise InputError("device = cuda, but PyTorch finds no GPU here; set it to cpu")

    def open(self) -> "SamLabeller":
        """Read the weights.

        Raises:
            InputError: they are no SAM, or there is no such device.
        """
        self.check_device()
        file = weights_file(self.weights.path)
        model = load(file or self.weights.path).to(self.device)
        return SamLabeller(AutomaticMasks(model, self.settings), self.threads)


class SamLabeller:
    """Finds masks, one image after the other.

    Args:
        masks: the SAM at work.
        threads: of PyTorch meanwhile.
    """

    def __init__(self, masks: AutomaticMasks, threads: int) -> None:
        self._masks = masks
        self._threads = threads

    def fields(self, images: Sequence[NDArray[np.uint8]]) -> Iterator[Mapping[str, bytes]]:
        """``masks.json`` of each image (``H,W,3`` uint8 RGB): height, width, and masks as
        ``AutomaticMasks`` gives them, numbers rounded to six decimals."""
        return ({FIELD: self._encoded(image)} for image in images)

    def _encoded(self, image: NDArray[np.uint8]) -> bytes:
        threads = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        try:
            found = self._masks.generate(image)
        finally:
            torch.set_num_threads(threads)
        height, width = image.shape[:2]
        masks = [{name: _rounded(value) for name, value in mask.items()} for mask in found]
        return compact({"height": height, "width": width, "masks": masks})


def compact(data: Mapping[str, Any]) -> bytes:
    """JSON without spaces, keys in order."""
    return json.dumps(data, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DECIMALS) if np.isfinite(value) else None
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(compact(data)).hexdigest()[:32]

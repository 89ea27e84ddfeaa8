"""SAM as an annotator whose labels are kept: the automatic masks of an image, as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.labels.encoding import compact, digest, rounded, torch_threads
from twinband.sam.generate import AutomaticMasks
from twinband.sam.settings import MaskSettings
from twinband.sam.weights import load
from twinband.weights import Weights, weights_file

FIELD = "masks.json"
# What has a part in turning pixels into masks.
PACKAGES = ("segment-anything", "torch", "numpy", "opencv-python-headless", "pillow")


@dataclass(frozen=True)
class SamSpec:
    """All that decides which masks are found.

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
        """Plain values that identify the annotator, all but the code."""
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
        """Digest of facts and code: labels of another one are not used."""
        return digest({**self.facts, "code": self.code})

    @property
    def annotator(self) -> str:
        """Digest of the facts alone, for products: they must not change with a comment in the
        code."""
        return digest(self.facts)

    def described(self) -> dict[str, Any]:
        """List what the product's card says of the annotator."""
        versions = ", ".join(f"{name} {number}" for name, number in self.facts["versions"].items())
        return {
            "weights": self.weights.name,
            "SHA-256 of the weights": self.weights.sha256,
            **self.facts["settings"],
            "device": f"{self.device}, {self.threads} threads",
            "channel order": f"{self.facts['channel_order']}; thermal as three equal channels",
            "versions": versions,
            "fingerprint of all this": self.annotator,
        }

    def check_device(self) -> None:
        """Raise InputError if there is no such device."""
        if self.device == "cuda" and not torch.cuda.is_available():
            raise InputError("device = cuda, but PyTorch finds no GPU here; set it to cpu")

    def open(self) -> "SamAnnotator":
        """Read the weights.

        Raises:
            InputError: they are no SAM, or there is no such device.
        """
        self.check_device()
        file = weights_file(self.weights.path)
        model = load(file or self.weights.path).to(self.device)
        return SamAnnotator(AutomaticMasks(model, self.settings), self.threads)


class SamAnnotator:
    """A SAM with its weights in memory, which finds masks one image after the other.

    Args:
        masks: the SAM at work.
        threads: of PyTorch meanwhile.
    """

    def __init__(self, masks: AutomaticMasks, threads: int) -> None:
        self._masks = masks
        self._threads = threads

    def fields(self, images: Sequence[NDArray[np.uint8]]) -> Iterator[Mapping[str, bytes]]:
        """Label images (``H,W,3`` uint8 RGB): ``masks.json`` of each holds height, width, and
        masks as ``AutomaticMasks`` gives them, numbers rounded to six decimals."""
        return ({FIELD: self._encoded(image)} for image in images)

    def _encoded(self, image: NDArray[np.uint8]) -> bytes:
        with torch_threads(self._threads):
            masks = self._masks.generate(image)
        height, width = image.shape[:2]
        plain = [{name: rounded(value) for name, value in mask.items()} for mask in masks]
        return compact({"height": height, "width": width, "masks": plain})

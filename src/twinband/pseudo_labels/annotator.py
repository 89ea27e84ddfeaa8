"""Annotators of depth and classes, opened by name, whose labels are kept with their consistency."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.labels.encoding import compact, digest, rounded, torch_threads
from twinband.pseudo_labels.label import Annotator, Label, consistency, encoded, mirrored
from twinband.weights import Weights

PACKAGE = "twinband.annotators"


def open_annotator(
    name: str, weights: Weights, options: Mapping[str, Any], device: str
) -> Annotator:
    """Open the annotator of the module ``twinband.annotators.NAME``.

    Raises:
        InputError: the weights are not its own.
        ValueError: there is no such annotator, or it does not take these options or this device.
    """
    module = f"{PACKAGE}.{name}"
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(f"there is no annotator {name} ({module})") from None
    try:
        annotator: Annotator = imported.open_annotator(weights, options, device)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the annotator {name} cannot be opened: {error}") from None
    return annotator


# What has a part in turning pixels into labels.
PACKAGES = ("torch", "transformers", "numpy", "opencv-python-headless")
FIELD = "json"


@dataclass(frozen=True)
class LabelSpec:
    """All that decides which label an image gets.

    Attributes:
        name: of the annotator's module.
        weights: of the annotator.
        options: of the annotator, by name.
        device: ``cpu`` or ``cuda``.
        threads: of PyTorch.
        zoom: at which the image is shown once more, to tell how consistent labels are; 0 if
            that need not be told.
        code: digest of the code that labels.
    """

    name: str
    weights: Weights
    options: tuple[tuple[str, str | int | float | bool], ...]
    device: str
    threads: int
    zoom: float
    code: str

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Plain values that identify the annotator, all but the code."""
        return {
            "annotator": self.name,
            "weights_sha256": self.weights.sha256,
            "options": dict(self.options),
            "device": self.device,
            "threads": self.threads,
            "consistency_zoom": self.zoom,
            "versions": {package: version(package) for package in PACKAGES},
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

    def described(self, rule: str) -> dict[str, Any]:
        """List what the product's card says of the annotator.

        Args:
            rule: in words, at which size it is shown an image.
        """
        versions = ", ".join(f"{name} {number}" for name, number in self.facts["versions"].items())
        return {
            "weights": self.weights.name,
            "SHA-256 of the weights": self.weights.sha256,
            "an image is shown": rule,
            **dict(self.options),
            "device": f"{self.device}, {self.threads} threads",
            "versions": versions,
            "fingerprint of all this": self.annotator,
        }

    def open_annotator(self) -> Annotator:
        """Open the annotator itself.

        Raises:
            InputError: the weights are not its own.
            ValueError: there is no such annotator, or it does not take its options or the device.
        """
        return open_annotator(self.name, self.weights, dict(self.options), self.device)

    def open(self) -> "PseudoLabelAnnotator":
        """Read the weights."""
        return PseudoLabelAnnotator(self.open_annotator(), self.zoom, self.threads)


class PseudoLabelAnnotator:
    """Labels images; to tell how consistent labels are, each image three times: as it is,
    mirrored, and at another size.

    Args:
        annotator: with its weights in memory.
        zoom: the other size, or 0.
        threads: of PyTorch meanwhile.
    """

    def __init__(self, annotator: Annotator, zoom: float, threads: int) -> None:
        self._annotator = annotator
        self._zoom = zoom
        self._threads = threads

    def fields(self, images: Sequence[NDArray[np.uint8]]) -> Iterator[Mapping[str, bytes]]:
        """Label images (``H,W,3`` uint8 RGB): the fields of each; ``json`` may hold
        ``consistency_flip`` and ``consistency_scale``."""
        return (self._fields(image) for image in images)

    def _fields(self, image: NDArray[np.uint8]) -> dict[str, bytes]:
        """Label one image.

        It shares a batch with its own mirror image and no other: the last digits of what a model
        answers depend on the batch, and must not on which images were known already.
        """
        with torch_threads(self._threads):
            label, agreement = self._consistent(image) if self._zoom else self._once(image)
        fields, description = encoded(label)
        return {**fields, FIELD: compact({**description, **agreement})}

    def _once(self, image: NDArray[np.uint8]) -> tuple[Label, dict[str, float]]:
        (label,) = self._annotator.labels([image])
        return label, {}

    def _consistent(self, image: NDArray[np.uint8]) -> tuple[Label, dict[str, float]]:
        label, flipped = self._annotator.labels([image, image[:, ::-1]])
        (scaled,) = self._annotator.labels([image], self._zoom)
        return label, {
            "consistency_flip": rounded(consistency(label, mirrored(flipped))),
            "consistency_scale": rounded(consistency(label, scaled)),
        }

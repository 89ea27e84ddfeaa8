"""What every annotator is asked, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Kind: TypeAlias = Literal["depth", "semantics"]


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """How far everything in one image is.

    Attributes:
        values: ``H,W`` float32.
        inverse: the nearer, the greater.
        scale_m: a distance is ``scale_m / value`` (inverse) or ``scale_m * value`` metres; None
            if the values tell distances only up to an unknown scale and shift.
    """

    values: NDArray[np.float32]
    inverse: bool
    scale_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Semantics:
    """The class of every pixel of one image.

    Attributes:
        classes: ``H,W``, indices of ``names``.
        confidence: ``H,W`` float32 in [0, 1].
        names: of all classes.
        top: the likeliest classes ``K,H,W`` of each pixel and their scores ``K,H,W`` in [0, 1],
            best first.
    """

    classes: NDArray[np.integer]
    confidence: NDArray[np.float32]
    names: tuple[str, ...]
    top: tuple[NDArray[np.integer], NDArray[np.float32]] | None = None


Label: TypeAlias = Depth | Semantics


class Annotator(Protocol):
    """A frozen model that labels images.

    A module of ``twinband.annotators.labellers`` makes one by ``open_annotator(weights, options,
    device)``, which raises TypeError or ValueError for options that it does not take and
    InputError for weights that are not its own.
    """

    @property
    def kind(self) -> Kind:
        """What it answers: ``Depth`` or ``Semantics``."""

    @property
    def rule(self) -> str:
        """In words, at which size it is shown an image."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of its classes, by index; none if it tells depth."""

    def labels(
        self, images: Sequence[NDArray[np.uint8]], zoom: float = 1.0
    ) -> Sequence[Depth] | Sequence[Semantics]:
        """The label of each image (``H,W,3`` uint8 RGB), on the image's own grid.

        Args:
            zoom: show the images at so many times the usual size.
        """

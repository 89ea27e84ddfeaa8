"""Parameters of the stage ``sam_masks``."""

from typing import Annotated, Literal

from pydantic import Field

from twinband.core.names import ProjectPath
from twinband.core.params import ItemParams, OutsideWeights
from twinband.sam.settings import MaskSettings


class SamMasksParams(ItemParams):
    """One dataset.

    Attributes:
        weights: folder of the project with the SAM; ``models/none.json`` if it is ``outside``.
        outside: a SAM that is not part of the project.
        truth: folder with ``instances/NAME.png`` (16 bit, 0 for none) on the grid of the RGB
            image, to score against; ``data/truth/none`` if there is none.
        device: on which the SAM works.
        threads: of PyTorch, in each worker.
        settings: which masks are looked for and kept.
        least_px: objects of so many pixels and more are scored.
    """

    weights: ProjectPath
    outside: OutsideWeights | None = None
    truth: ProjectPath
    device: Literal["cpu", "cuda"]
    threads: Annotated[int, Field(ge=1)]
    settings: MaskSettings
    least_px: Annotated[int, Field(ge=1)]

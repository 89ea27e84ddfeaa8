"""Parameters of the stage ``sample_models``."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twinband.params.base import Params, StageParams
from twinband.params.training import Training


class SampleModel(Params):
    """One of the annotators that the project ships.

    Attributes:
        recipe: which.
        scenes: rendered scenes to learn from.
        held_out: other scenes to be scored on.
        width_px, height_px: of the scenes.
        seed: of the scenes; no sample dataset has any of them.
        least_zoom: half of the views are parts of a scene with sides of this share up to the
            whole; 1 for what can be told from whole images only.
        training: the run; an image counts as a pair.
    """

    recipe: Literal["sam", "dpt", "mask2former"]
    scenes: Annotated[int, Field(ge=1)]
    held_out: Annotated[int, Field(ge=1)]
    width_px: Annotated[int, Field(ge=64, multiple_of=32)]
    height_px: Annotated[int, Field(ge=64, multiple_of=32)]
    seed: int
    least_zoom: Annotated[float, Field(gt=0, le=1)]
    training: Training


class SampleModelsParams(StageParams):
    """The ``sample_models`` section."""

    axis: ClassVar[str | None] = "models"
    models: dict[str, SampleModel]

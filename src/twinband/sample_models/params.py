"""Parameters of the stage ``sample_models``."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twinband.core.params import Params, StageParams
from twinband.training.settings import Training


class Lesson(Params):
    """A training run of its own: its scenes, its learning rate from warm-up to 0.

    Attributes:
        scenes: rendered scenes to learn from.
        seed: of the scenes; no sample dataset has any of them.
        image_px: longer side of the images that the model sees, a multiple of 32.
        training: the run; an image counts as a pair.
    """

    scenes: Annotated[int, Field(ge=1)]
    seed: int
    image_px: Annotated[int, Field(ge=64, multiple_of=32)]
    training: Training


class SampleModel(Params):
    """One of the annotators that the project ships.

    Attributes:
        recipe: which.
        held_out: scenes to be scored on, of no lesson.
        width_px, height_px: of the scenes.
        least_zoom: half of the views are parts of a scene with sides of this share up to the
            whole; 1 for what can be told from whole images only.
        lessons: the first begins with random weights, each other with what the one before it
            left. So a model that has not learned enough learns on, from other scenes.
    """

    recipe: Literal["sam", "dpt", "mask2former"]
    held_out: Annotated[int, Field(ge=1)]
    width_px: Annotated[int, Field(ge=64, multiple_of=32)]
    height_px: Annotated[int, Field(ge=64, multiple_of=32)]
    least_zoom: Annotated[float, Field(gt=0, le=1)]
    lessons: Annotated[list[Lesson], Field(min_length=1)]


class SampleModelsParams(StageParams):
    """The ``sample_models`` section."""

    axis: ClassVar[str | None] = "models"
    models: dict[str, SampleModel]

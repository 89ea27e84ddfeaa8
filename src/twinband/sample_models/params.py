"""Parameters of the stage ``sample_models``."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from twinband.core.params import ItemParams, Params, merged
from twinband.training.settings import TrainingSettings


class Lesson(Params):
    """A training run of its own: its scenes, its learning rate from warm-up to 0.

    Attributes:
        scenes: number of rendered scenes.
        seed: of the scenes; no sample dataset has any of them.
        image_px: longer side of the images given to the model, a multiple of 32.
        training: the run; an image counts as a pair.
    """

    scenes: Annotated[int, Field(ge=1)]
    seed: int
    image_px: Annotated[int, Field(ge=64, multiple_of=32)]
    training: TrainingSettings


class SampleModelsParams(ItemParams):
    """One of the annotators that the project ships.

    Attributes:
        recipe: of the model.
        held_out: number of scenes for scoring, in no lesson.
        width_px, height_px: of the scenes.
        least_zoom: half of the views are parts of a scene, with sides from this share of the
            scene's up to all of it; 1 for tasks that need whole images.
        lessons: the first begins with random weights, each other one with the weights of the
            lesson before. So a model that has not learned enough learns on, from other scenes.
    """

    recipe: Literal["sam", "dpt", "mask2former"]
    held_out: Annotated[int, Field(ge=1)]
    width_px: Annotated[int, Field(ge=64, multiple_of=32)]
    height_px: Annotated[int, Field(ge=64, multiple_of=32)]
    least_zoom: Annotated[float, Field(gt=0, le=1)]
    lessons: Annotated[list[Lesson], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _lessons_share(cls, values: Any) -> Any:
        """Merge ``lesson``, which all share, under each lesson, which names only differences."""
        if not isinstance(values, Mapping) or not isinstance(values.get("lessons"), list):
            return values
        shared = values.get("lesson") or {}
        lessons = [
            merged(shared, own) if isinstance(own, Mapping) else own for own in values["lessons"]
        ]
        return {**{k: v for k, v in values.items() if k != "lesson"}, "lessons": lessons}

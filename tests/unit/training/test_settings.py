"""The parameters of a training run are the loop's settings, field by field."""

from dataclasses import fields
from typing import get_type_hints

from twinband.training.settings import Training, TrainingSettings


def test_parameters_are_the_settings_and_the_number_of_ranks() -> None:
    settings = {field.name for field in fields(TrainingSettings)}
    assert set(Training.model_fields) == settings | {"ranks"}
    hints = get_type_hints(Training)  # without what pydantic adds to them
    assert {name: hints[name] for name in settings} == get_type_hints(TrainingSettings)

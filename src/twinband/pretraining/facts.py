"""The model card of a pretrained model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to be pretrained, as its card tells of it.

    Attributes:
        name: of the model.
        method: one sentence on how it is trained.
        settings: what is worth stating, in words or numbers.
    """

    name: str
    method: str
    settings: Mapping[str, Any]


def model_card(
    subject: Subject,
    pairs: int,
    curve: Mapping[str, NDArray[np.float64]],
    training: TrainingSettings,
) -> str:
    """Markdown with a YAML front matter: what was trained, on what, and how far it came.

    Args:
        pairs: in the pool.
        curve: columns of the loss curve.
    """
    settings = {**subject.settings, "steps": training.steps, "batch": training.batch_size}
    lines = [
        "---",
        "license: apache-2.0",
        "tags: [rgb-thermal, pretraining]",
        "---",
        f"# {subject.name}",
        "",
        subject.method,
        "",
        "| what | value |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in settings.items()),
        f"| pairs in the pool | {pairs} |",
        *(
            f"| {modality} loss, first and last window | "
            f"{curve[f'loss_{modality}'][0]:.4f} → {curve[f'loss_{modality}'][-1]:.4f} |"
            for modality in ("rgb", "thermal")
        ),
        "",
        "`weights.safetensors` holds parameters, buffers and sizes; "
        "`twinband.models.load_model` builds the model from it alone.",
        "",
    ]
    return "\n".join(lines)

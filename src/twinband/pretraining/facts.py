"""Facts of a pretrained model, and its card."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twinband.core.params import Facts
from twinband.drawing import words
from twinband.shards.product import markdown_card, markdown_table

Curve = Mapping[str, NDArray[np.float64]]  # columns of a loss curve


class Ends(Facts):
    """A column of the loss curve: means over the first and the last window of steps."""

    first: float
    last: float


class PretrainFacts(Facts):
    """facts/mae.json and facts/pretrain/ITEM.json; columns that are not finite are left out.

    Attributes:
        pairs: to choose from.
        steps: of the run.
        loss: the loss that is minimised.
        loss_rgb, loss_thermal: loss of the masked patches of each modality.
        kept_rgb, kept_thermal: visible patches of an image.
        visible_objects_rgb, visible_objects_thermal: share of objects in what is visible, over
            their share of the images; None without labels, or without a masking strategy.
        others: all other columns, such as diagnostics of the masking strategy.
    """

    pairs: int
    steps: int
    loss: Ends
    loss_rgb: Ends
    loss_thermal: Ends
    kept_rgb: Ends
    kept_thermal: Ends
    visible_objects_rgb: Ends | None = None
    visible_objects_thermal: Ends | None = None
    others: dict[str, Ends] = Field(default_factory=dict)

    def headline(self) -> dict[str, float]:
        """Pick the numbers that runs are compared by."""
        return {
            "pairs": self.pairs,
            "steps": self.steps,
            "loss": self.loss.last,
            "loss_rgb": self.loss_rgb.last,
            "loss_thermal": self.loss_thermal.last,
        }


def facts_of(pairs: int, curve: Curve) -> PretrainFacts:
    """Take the facts from a loss curve of a run on ``pairs`` pairs."""
    ends = {
        name: Ends(first=float(column[0]), last=float(column[-1]))
        for name, column in curve.items()
        if name not in ("step", "lr") and np.isfinite(column[[0, -1]]).all()
    }
    named = {name: ends.pop(name) for name in PretrainFacts.model_fields if name in ends}
    return PretrainFacts(pairs=pairs, steps=int(curve["step"][-1]), others=ends, **named)


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to be pretrained, as its card describes it.

    Attributes:
        name: of the model.
        method: one sentence on its training.
        settings: rows of the card's table.
    """

    name: str
    method: str
    settings: Mapping[str, str]


def model_card(subject: Subject, facts: PretrainFacts, batch_size: int) -> str:
    """Write the model card: what was trained, on what, and how far it came."""
    losses = {"rgb": facts.loss_rgb, "thermal": facts.loss_thermal}
    losses |= {
        words(name.removeprefix("loss_")): ends
        for name, ends in facts.others.items()
        if name.startswith("loss_")
    }
    rows: dict[str, object] = {
        **subject.settings,
        "steps": facts.steps,
        "batch": batch_size,
        "pairs in the pool": facts.pairs,
        **{
            f"{output} loss, first and last window": f"{ends.first:.4f} → {ends.last:.4f}"
            for output, ends in losses.items()
        },
    }
    return markdown_card(
        subject.name,
        ["rgb-thermal", "pretraining"],
        subject.method,
        markdown_table(("what", "value"), rows.items()),
        "`weights.safetensors` holds parameters, buffers and sizes; "
        "`twinband.models.load_model` builds the model from it alone.",
        license="apache-2.0",
    )

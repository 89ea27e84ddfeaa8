"""Facts of a trained method of fusion, and its card."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twinband.core.params import Facts
from twinband.drawing import words
from twinband.shards.product import markdown_card, markdown_table

Curve = Mapping[str, NDArray[np.float64]]  # columns of a loss curve


class Ends(Facts):
    """A column of the loss curve: its first and its last mean over a window of steps."""

    first: float
    last: float


class FusionFacts(Facts):
    """facts/distill_fusion/ITEM.json and facts/train_fusion/ITEM.json.

    Attributes:
        method: module of ``twinband.fusion_methods``; ``sage`` for SAGE.
        dataset: whose pairs were fused.
        pairs: that were trained on.
        steps: of the run.
        parameters: of the network that is used.
        losses: columns of the loss curve.
        product: identity of the fused images.
        weights_sha256: of the network that is used.
    """

    method: str
    dataset: str
    pairs: int
    steps: int
    parameters: int
    losses: dict[str, Ends]
    product: str
    weights_sha256: str

    def headline(self, names: tuple[str, ...]) -> dict[str, float]:
        """Pick the numbers that runs are compared by."""
        losses = {name: self.losses[name].last for name in names if name in self.losses}
        return {"pairs": self.pairs, "steps": self.steps, **losses}


def ends_of(curve: Curve) -> dict[str, Ends]:
    """Take the first and the last known value of each column."""
    ends = {}
    for name, column in curve.items():
        known = column[np.isfinite(column)]
        if name not in ("step", "lr") and known.size:
            ends[name] = Ends(first=float(known[0]), last=float(known[-1]))
    return ends


def model_card(
    title: str, sentence: str, settings: Mapping[str, object], facts: FusionFacts
) -> str:
    """Write the model card: what was trained, on what, and how far it came."""
    rows: dict[str, object] = {
        **settings,
        "pairs trained on": f"{facts.pairs} of {facts.dataset}",
        "steps": facts.steps,
        "parameters": f"{facts.parameters:,}",
        **{
            f"{words(name)}, first and last window": f"{ends.first:.4f} → {ends.last:.4f}"
            for name, ends in facts.losses.items()
        },
    }
    return markdown_card(
        title,
        ["rgb-thermal", "image-fusion"],
        sentence,
        markdown_table(("what", "value"), rows.items()),
        "`twinband fuse VISIBLE INFRARED --model FOLDER -o OUT` fuses images of any size, and"
        " `twinband.load_fusion(FOLDER).fuse(visible, infrared)` does in Python.",
        license="apache-2.0",
    )

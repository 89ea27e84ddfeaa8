"""Parameters of the stage ``report``."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from twinband.core.names import Name
from twinband.core.params import StageParams


class ReportParams(StageParams):
    """Contents of the report: all that the other sections name, in their order.

    Attributes:
        title: heading of the page.
        experiments: sets in experiments/ with committed results, in this order.
        speed: benchmarks of benches/ with committed results, in this order.
        quarantined: quarantined pairs listed for each dataset, at most.
        datasets: ingested datasets.
        registered: registered datasets.
        cmss: measured datasets.
        masks: datasets with masks.
        pseudo_labels: datasets with depth and classes.
        pretrained: models of the stage ``pretrain``.
        fusion: datasets that methods of fusion are compared on.
        evaluations: models on benchmarks.
    """

    derived: ClassVar[Mapping[str, str]] = {
        "datasets": "ingest.items",
        "registered": "register.items",
        "cmss": "cmss.items",
        "masks": "sam_masks.items",
        "pseudo_labels": "pseudo_labels.items",
        "pretrained": "pretrain.items",
        "fusion": "evaluate_fusion.items",
        "evaluations": "evaluate.items",
    }

    title: str
    experiments: list[Name]
    speed: list[Name]
    quarantined: Annotated[int, Field(ge=0)]
    datasets: list[str]
    registered: list[str]
    cmss: list[str]
    masks: list[str]
    pseudo_labels: list[str]
    pretrained: list[str]
    fusion: list[str]
    evaluations: list[str]

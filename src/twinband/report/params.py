"""Parameters of the stage ``report``."""

from typing import Annotated

from pydantic import Field

from twinband.core.params import StageParams


class ReportParams(StageParams):
    """What the report shows.

    Attributes:
        title: heading of the page.
        datasets: ingested datasets, in this order.
        cmss: measured datasets, in this order.
        masks: datasets with masks, in this order.
        pseudo_labels: datasets with depth and classes, in this order; examples are shown of those
            that have masks too.
        pretrained: keys of ``pretrain.methods``, in this order.
        evaluations: keys of ``evaluate.items``, in this order.
        experiments: sets in experiments/ with committed results, in this order.
        quarantined: quarantined pairs listed for each dataset, at most.
    """

    title: str
    datasets: list[str]
    cmss: list[str]
    masks: list[str]
    pseudo_labels: list[str]
    pretrained: list[str]
    evaluations: list[str]
    experiments: list[str]
    quarantined: Annotated[int, Field(ge=0)]

"""Parameters of the stage ``report``."""

from typing import Annotated

from pydantic import Field

from twinband.params.base import StageParams


class ReportParams(StageParams):
    """What the report shows.

    Attributes:
        title: heading of the page.
        datasets: ingested datasets, in this order.
        cmss: measured datasets, in this order.
        pretrained: keys of ``pretrain.methods``, in this order.
        evaluations: keys of ``evaluate.items``, in this order.
        experiments: sets in experiments/ with committed results, in this order.
        quarantined: quarantined pairs listed for each dataset, at most.
    """

    title: str
    datasets: list[str]
    cmss: list[str]
    pretrained: list[str]
    evaluations: list[str]
    experiments: list[str]
    quarantined: Annotated[int, Field(ge=0)]

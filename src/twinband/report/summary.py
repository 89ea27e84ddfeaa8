"""Summary: the headline numbers of all stages and items in one file, for programs."""

from pathlib import Path
from typing import Any

from twinband.report.params import ReportParams
from twinband.report.read import read_metrics

WITHOUT_ITEMS = ("pool", "mae", "cmss_mixture")


def summary_of(params: ReportParams, metrics: Path) -> dict[str, Any]:
    """Gather the headline numbers of what the parameters name, by stage and item.

    Args:
        metrics: the folder ``metrics``.

    Raises:
        InputError: a file is missing or not what it should be; says how to make it.
    """
    items = {
        "ingest": params.datasets,
        "register": params.registered,
        "sam_masks": params.masks,
        "pseudo_labels": params.pseudo_labels,
        "cmss": params.cmss,
        "pretrain": params.pretrained,
        "evaluate_fusion": params.fusion,
        "evaluate": params.evaluations,
    }
    return {
        **{stage: read_metrics(metrics / f"{stage}.json", stage) for stage in WITHOUT_ITEMS},
        **{
            stage: {
                name: read_metrics(metrics / stage / f"{name}.json", f"{stage}@{name}")
                for name in names
            }
            for stage, names in items.items()
        },
    }

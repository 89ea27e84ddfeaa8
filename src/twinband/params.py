"""Validation of all of params.yaml; a step validates its own part only."""

from collections.abc import Mapping
from typing import Any

from twinband.cmss.params import CmssMixtureParams, CmssParams
from twinband.core.params import (
    ItemParams,
    ParamsError,
    Runtime,
    StageParams,
    items_of,
    parse,
    stage_params,
    validate,
)
from twinband.evaluation.params import EvaluateParams
from twinband.fusion.params import DistillFusionParams, TrainFusionParams
from twinband.fusion_scores.params import EvaluateFusionParams
from twinband.ingest.params import IngestParams
from twinband.label_pool import LabelPoolParams
from twinband.masks.params import SamMasksParams
from twinband.pool import PoolParams
from twinband.pretraining.params import MaeParams, PretrainParams
from twinband.pseudo_labels.params import PseudoLabelsParams
from twinband.registration.params import RegisterParams
from twinband.report.params import ReportParams
from twinband.sample_models.params import SampleModelsParams
from twinband.world.params import SampleWorldParams

STAGES: Mapping[str, type[StageParams]] = {
    "sample_world": SampleWorldParams,
    "sample_models": SampleModelsParams,
    "ingest": IngestParams,
    "register": RegisterParams,
    "sam_masks": SamMasksParams,
    "pseudo_labels": PseudoLabelsParams,
    "pool": PoolParams,
    "label_pool": LabelPoolParams,
    "mae": MaeParams,
    "cmss": CmssParams,
    "cmss_mixture": CmssMixtureParams,
    "pretrain": PretrainParams,
    "distill_fusion": DistillFusionParams,
    "train_fusion": TrainFusionParams,
    "evaluate_fusion": EvaluateFusionParams,
    "evaluate": EvaluateParams,
    "report": ReportParams,
}


def validate_file(text: str) -> dict[str, Any]:
    """Check all of the text of params.yaml; returns its sections.

    Raises:
        ParamsError: all problems in one list.
    """
    data = parse(text)
    problems = [
        f"{section}: belongs to no stage" for section in data if section not in {*STAGES, "runtime"}
    ]
    for stage, model in STAGES.items():
        problems += _problems(model, data, stage)
    try:
        validate(Runtime, data.get("runtime"), "runtime")
    except ParamsError as error:
        problems += error.problems
    if problems:
        raise ParamsError(problems)
    return data


def _problems(model: type[StageParams], data: Mapping[str, Any], stage: str) -> list[str]:
    try:
        names = list(items_of(data.get(stage), stage)) if issubclass(model, ItemParams) else [None]
    except ParamsError as error:
        return error.problems
    problems = []
    for name in names:
        try:
            stage_params(model, data, stage, name)
        except ParamsError as error:
            problems += error.problems
    return problems

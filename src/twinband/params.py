"""The whole params.yaml; steps read only their own section, ``twinband doctor`` all of it."""

from typing import Annotated, Any

from pydantic import Field

from twinband.params.base import Params, validate
from twinband.params.cmss import CmssParams
from twinband.params.cmss_mixture import CmssMixtureParams
from twinband.params.evaluate import EvaluateParams
from twinband.params.ingest import IngestParams
from twinband.params.mae import MaeParams
from twinband.params.pool import PoolParams
from twinband.params.pretrain import PretrainParams
from twinband.params.pseudo_labels import PseudoLabelsParams
from twinband.params.register import RegisterParams
from twinband.params.report import ReportParams
from twinband.params.runtime import Runtime
from twinband.params.sam_masks import SamMasksParams
from twinband.params.sample_models import SampleModelsParams
from twinband.params.sample_world import SampleWorldParams


class Root(Params):
    """Every section; a section that belongs to no stage is an error."""

    sample_world: SampleWorldParams
    sample_models: SampleModelsParams
    ingest: IngestParams
    register_: Annotated[RegisterParams, Field(alias="register")]  # `register` is a model's own
    sam_masks: SamMasksParams
    pseudo_labels: PseudoLabelsParams
    pool: PoolParams
    mae: MaeParams
    cmss: CmssParams
    cmss_mixture: CmssMixtureParams
    pretrain: PretrainParams
    evaluate: EvaluateParams
    report: ReportParams
    runtime: Runtime


def validate_file(data: Any) -> Root:
    """Check a parsed params.yaml as a whole.

    Raises:
        ParamsError: all problems in one list.
    """
    return validate(Root, data, "")

"""``python -m twinband.params FILE``: is the file valid as a whole? Exit code 2 and a list if not.

The quick part of ``twinband doctor``, for those that run before every walk over the graph.

The whole params.yaml; steps read only their own section, ``twinband doctor`` all of it.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field

from twinband.cmss.params import CmssMixtureParams, CmssParams
from twinband.core.params import Params, ParamsError, Runtime, validate
from twinband.evaluation.params import EvaluateParams
from twinband.ingest.params import IngestParams
from twinband.masks.params import SamMasksParams
from twinband.pool import PoolParams
from twinband.pretraining.params import MaeParams, PretrainParams
from twinband.pseudo_labels.params import PseudoLabelsParams
from twinband.registration.params import RegisterParams
from twinband.report.params import ReportParams
from twinband.sample_models.params import SampleModelsParams
from twinband.world.params import SampleWorldParams


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


def main(path: Path) -> int:
    """Print what is wrong with the file, a line each."""
    try:
        validate_file(yaml.safe_load(path.read_text()))
    except (ParamsError, OSError, yaml.YAMLError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

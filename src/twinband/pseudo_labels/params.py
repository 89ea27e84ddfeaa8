"""Parameters of the stage ``pseudo_labels``."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twinband.core.params import Params, Scalar, StageParams
from twinband.weights import WeightsSource


class AnnotatorParams(Params):
    """Who labels.

    Attributes:
        annotator: module of ``twinband.annotators``.
        weights: where its weights come from.
        options: the annotator's own options.
    """

    annotator: str
    weights: WeightsSource
    options: dict[str, Scalar]


class PseudoLabelsCommon(Params):
    """What holds for every dataset.

    Attributes:
        device: ``cpu`` or ``cuda``.
        threads: of PyTorch, in each worker.
        consistency_zoom: every image is labelled once more at so many times the usual size, to
            see whether its label holds.
        truth_classes: the names of the class ids of all truth; classes are scored if the
            annotator knows all of these names.
        depth: tells distances.
        semantics: tells classes.
    """

    device: Literal["cpu", "cuda"]
    threads: Annotated[int, Field(ge=1)]
    consistency_zoom: Annotated[float, Field(ge=0.25, le=4)]
    truth_classes: Literal["sample_world"]
    depth: AnnotatorParams
    semantics: AnnotatorParams


class PseudoLabelsDataset(Params):
    """One dataset.

    Attributes:
        modality: which image of a pair is labelled; ``better`` is thermal where the RGB image is
            dark, else RGB.
        truth: folder with ``depth/NAME.png`` (16 bits, 1/256 m a level, 0 is sky or unknown) and
            ``semantics/NAME.png`` on the grid of the RGB image, to score against; either may
            lack. ``data/truth/none`` has neither.
    """

    modality: Literal["rgb", "thermal", "better"]
    truth: str


class PseudoLabelsParams(StageParams):
    """The ``pseudo_labels`` section."""

    axis: ClassVar[str | None] = "datasets"
    common: PseudoLabelsCommon
    datasets: dict[str, PseudoLabelsDataset]

"""Parameters of the stage ``pseudo_labels``."""

from typing import Annotated, Literal

from pydantic import Field

from twinband.core.names import Name, ProjectPath
from twinband.core.params import ItemParams, OutsideWeights, Scalar

Kind = Literal["depth", "semantics"]


class PseudoLabelsParams(ItemParams):
    """One dataset.

    Attributes:
        modality: which image of a pair is labelled; ``better`` is thermal where the RGB image is
            dark, else RGB.
        truth: folder with ``depth/NAME.png`` (16 bits, 1/256 m a level, 0 is sky or unknown) and
            ``semantics/NAME.png`` on the grid of the RGB image, to score against; either may
            lack. ``data/truth/none`` has neither.
        depth, semantics: modules of ``twinband.annotators`` that tell distances and classes.
        depth_weights, semantics_weights: folders of the project with their weights;
            ``models/none.json`` if they are ``outside``.
        outside: weights that are not part of the project, by what they tell.
        options: the annotators' own options, by what they tell.
        device: on which they work.
        threads: of PyTorch, in each worker.
        consistency_zoom: every image is labelled once more at so many times the usual size, to
            see whether its label holds.
        truth_classes: the names of the class ids of all truth; classes are scored if the
            annotator knows all of these names.
    """

    modality: Literal["rgb", "thermal", "better"]
    truth: ProjectPath
    depth: Name
    depth_weights: ProjectPath
    semantics: Name
    semantics_weights: ProjectPath
    outside: dict[Kind, OutsideWeights] = Field(default_factory=dict)
    options: dict[Kind, dict[str, Scalar]] = Field(default_factory=dict)
    device: Literal["cpu", "cuda"]
    threads: Annotated[int, Field(ge=1)]
    consistency_zoom: Annotated[float, Field(ge=0.25, le=4)]
    truth_classes: Literal["sample_world"]

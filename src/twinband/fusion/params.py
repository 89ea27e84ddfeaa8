"""Parameters of the stages ``distill_fusion`` and ``train_fusion``."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twinband.core.names import Name, ProjectPath
from twinband.core.params import ItemParams, Option, OutsideWeights, Params
from twinband.fusion.losses import STUDENT, TEACHER, Weights
from twinband.fusion.patches import Origin
from twinband.fusion.teacher import STRIDE, Kept
from twinband.masks.read import Pairing
from twinband.training.settings import TrainingSettings

Side = Annotated[int, Field(ge=STRIDE, multiple_of=STRIDE)]
Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FusionData(Params):
    """Crops to train on; both images and all labels are cropped and mirrored alike.

    Attributes:
        height_px, width_px: of a crop, multiples of 16; SAGE's is 192 by 256. A smaller image is
            enlarged to it.
    """

    height_px: Side
    width_px: Side


class Terms(Params):
    """Factors on SAGE's published weights of its losses; 0 leaves a term out.

    Attributes:
        sources: to be like luma and infrared.
        other: to be like the other network's image.
        gradient: to have the stronger source's gradients.
        gradient_other: to have the other network's.
        contrast: features of a SAM, seen through masks.
        features: five scales of both networks' features.
        segmentation: of the teacher's image; 0 without a segmenter.
    """

    sources: Factor = 1.0
    other: Factor = 1.0
    gradient: Factor = 1.0
    gradient_other: Factor = 1.0
    contrast: Factor = 1.0
    features: Factor = 1.0
    segmentation: Factor = 1.0

    def weights(self, published: Weights) -> Weights:
        """Multiply the published weights of a network."""
        return Weights(
            luma=self.sources * published.luma,
            infrared=self.sources * published.infrared,
            other=self.other * published.other,
            gradient=self.gradient * published.gradient,
            gradient_other=self.gradient_other * published.gradient_other,
            contrast=self.contrast * published.contrast,
            features=self.features * published.features,
            segmentation=self.segmentation * published.segmentation,
        )

    @property
    def student(self) -> Weights:
        """Weights of the student's terms."""
        return self.weights(STUDENT)

    @property
    def teacher(self) -> Weights:
        """Weights of the teacher's terms."""
        return self.weights(TEACHER)


class DistillFusionParams(ItemParams):
    """One SAGE: a teacher that masks guide, and its student.

    Attributes:
        dataset: registered dataset whose pairs are fused.
        masks: product of masks of that dataset; ``data/labels/none.json`` for other patches.
        sam: folder of the project with the SAM whose features are compared; ``models/none.json``
            if it is ``outside``, or for none.
        segmenter: module of ``twinband.segmenters``, ``none`` for none.
        segmenter_weights: folder of the project; ``models/none.json`` if they are ``outside``, or
            for none.
        outside: ``sam`` and ``segmenter`` that are no part of the project.
        classes: name of each id of the dataset's label images among the segmenter's classes; ids
            with another name do not count.
        patches: origin of the parts that the teacher sees by themselves.
        pairing: which masks of both images belong together; SAGE's is ``index``.
        contrast: what images are multiplied by before a SAM compares them: masks, as the paper
            has it, or masked images, as the published code has it.
        masks_used: patches of each image, K.
        teacher_width: channels of the teacher; 64 as published.
        student_width: channels of the student; 32 as published.
        repository: what the teacher keeps of the unmasked image.
        start: ``random`` weights, as published, or ``carried``: both networks begin with the mean
            of both images (``carriers``), which saves a short run its first hundreds of steps.
        terms: factors on the losses.
        teacher_rate: the teacher's learning rate over the student's.
        teacher_steps: first steps, in which the teacher is trained alone.
        schedule: ``alternating`` steps of student and teacher after that, or ``offline``: the
            teacher is left as it is.
        data: the crops.
        training: the run; a step trains one of the networks.
    """

    dataset: Name
    masks: ProjectPath
    sam: ProjectPath
    segmenter: Name
    segmenter_weights: ProjectPath
    outside: dict[Literal["sam", "segmenter"], OutsideWeights] = Field(default_factory=dict)
    classes: list[str] = Field(default_factory=list)
    patches: Origin = "sam"
    pairing: Pairing = "union"
    contrast: Literal["masks", "masked_images"] = "masks"
    masks_used: Annotated[int, Field(ge=1)] = 4
    teacher_width: Annotated[int, Field(ge=8, multiple_of=8)] = 64
    student_width: Annotated[int, Field(ge=1)] = 32
    repository: Kept = "whole"
    start: Literal["random", "carried"] = "random"
    terms: Terms = Terms()
    teacher_rate: Annotated[float, Field(gt=0, le=1)] = 0.25
    teacher_steps: Annotated[int, Field(ge=0)] = 0
    schedule: Literal["alternating", "offline"] = "alternating"
    data: FusionData
    training: TrainingSettings

    @model_validator(mode="after")
    def _fair_schedule(self) -> Self:
        steps = self.training.steps - self.teacher_steps
        if steps < 2:
            raise ValueError("teacher_steps leave the student no step of training.steps")
        if self.schedule == "alternating" and steps % 2:
            raise ValueError(
                f"training.steps without teacher_steps are {steps}: an even number gives both"
                " networks equally many"
            )
        if self.training.ranks > 1:
            raise ValueError("training.ranks must be 1: the networks take turns in one process")
        return self


class TrainFusionParams(ItemParams):
    """One learnt method of fusion that needs nothing but pairs.

    Attributes:
        method: module of ``twinband.fusion_methods`` that can be trained.
        dataset: registered dataset whose pairs are fused.
        options: the method's own.
        data: the crops.
        training: the run.
    """

    method: Name
    dataset: Name
    options: dict[str, Option] = Field(default_factory=dict)
    data: FusionData
    training: TrainingSettings

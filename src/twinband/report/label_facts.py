"""What ``sam_masks`` and ``pseudo_labels`` have said, read from metrics/ and plots/."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from twinband.report.facts import Facts, Picture, read_facts, read_pictures


class ImageMasks(Facts):
    """Images of one modality, those that are absent, and masks of an image on average."""

    images: int
    absent: int
    masks_mean: float
    without_masks: int


class ObjectScore(Facts):
    """How well masks cover objects; no figures if there is no object."""

    objects: int
    mean_iou: float | None = None
    recall: float | None = None


class MaskFacts(Facts):
    """metrics/sam_masks/D.json; ``scores`` by modality, then by hour and ``overall``."""

    pairs: int
    images: dict[str, ImageMasks]
    scores: dict[str, dict[str, ObjectScore]] = Field(default_factory=dict)


class Spread(Facts):
    """Of a quantity of images: the median, and what 5 % are below."""

    p05: float
    median: float


class DepthScore(Facts):
    """Means over images."""

    images: int
    abs_rel: float
    delta1: float


class ClassScore(Facts):
    """Over all pixels of some images."""

    images: int
    miou: float
    pixel_accuracy: float


class LabelFacts(Facts):
    """What depth and semantics have in common: labelled images by modality, and consistency."""

    images: int
    absent: int
    modalities: dict[str, int]
    consistency_flip: Spread | None = None
    consistency_scale: Spread | None = None


class DepthFacts(LabelFacts):
    """Scores by hour and ``overall``, where a truth is known."""

    compared: str = ""
    scores: dict[str, DepthScore] = Field(default_factory=dict)


class ClassFacts(LabelFacts):
    """Scores by hour and ``overall``, where a truth is known."""

    confidence: Spread | None = None
    scores: dict[str, ClassScore] = Field(default_factory=dict)


class PseudoLabelFacts(Facts):
    """metrics/pseudo_labels/D.json."""

    depth: DepthFacts
    semantics: ClassFacts


@dataclass(frozen=True, slots=True)
class Masks:
    """One dataset with masks; ``pictures`` by the names of their files."""

    name: str
    facts: MaskFacts
    pictures: dict[str, Picture]


@dataclass(frozen=True, slots=True)
class PseudoLabels:
    """One dataset with pseudo-labels; ``pictures`` by the names of their files."""

    name: str
    facts: PseudoLabelFacts
    pictures: dict[str, Picture]


def read_masks(name: str, metrics: Path, plots: Path) -> Masks:
    """Read ``metrics/NAME.json`` and the pictures in ``plots/NAME/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = f"sam_masks@{name}"
    facts = read_facts(MaskFacts, metrics / f"{name}.json", stage)
    return Masks(name, facts, {p.name: p for p in read_pictures(plots / name, stage)})


def read_pseudo_labels(name: str, metrics: Path, plots: Path) -> PseudoLabels:
    """Read ``metrics/NAME.json`` and the pictures in ``plots/NAME/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = f"pseudo_labels@{name}"
    facts = read_facts(PseudoLabelFacts, metrics / f"{name}.json", stage)
    return PseudoLabels(name, facts, {p.name: p for p in read_pictures(plots / name, stage)})

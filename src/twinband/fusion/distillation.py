"""SAGE's training: teacher and student take turns, each learning from the other's last answer.

Shapes: B batch, K masks, H and W pixels of a crop.
Source: Wu et al., Every SAM Drop Counts, CVPR 2025 (spec sage, 5 and 6).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from twinband.fusion.interface import Fusion
from twinband.fusion.losses import (
    Encoder,
    Weights,
    contrast_loss,
    feature_loss,
    image_terms,
)
from twinband.fusion.segmentation import Segmenter, segmentation_loss
from twinband.fusion.student import SageStudent
from twinband.fusion.teacher import Fused, SageTeacher
from twinband.networks.masked import evaluating
from twinband.training.loop import TrainingTask

Learner = Literal["student", "teacher"]
NEUTRAL = Fusion.neutral  # chroma of grey


@dataclass(frozen=True, slots=True)
class Schedule:
    """Turns of the two networks.

    Attributes:
        teacher_steps: first steps, in which the teacher learns alone.
        offline: the teacher learns in no later step; else both alternate, the student first, so
            that after an even number of steps both have made equally many.
    """

    teacher_steps: int = 0
    offline: bool = False

    def learner(self, step: int) -> Learner:
        """Tell which network learns in ``step`` (from 0)."""
        later = step - self.teacher_steps
        if later < 0:
            return "teacher"
        return "student" if self.offline or later % 2 == 0 else "teacher"


class Answers(NamedTuple):
    """Images ``B,1,H,W`` and features of the network that learns and of the other one, which
    gets no gradient; None for the other while the teacher learns alone."""

    own: Fused
    other: Fused | None


class SageTraining(TrainingTask):
    """Both networks with their losses; each step trains one of them.

    The other network answers as it would be used, in evaluation mode: its running statistics of
    batches stay as they are. (The published code changes the student's in the teacher's steps.)

    Args:
        teacher, student: the networks.
        weights: of the losses' terms, of each network.
        schedule: which of them learns.
        encoder: features that images are compared by through masks; None leaves that term out.
        segmenter: that fused images should suit; None leaves that term out.
        contrast: multiply images by ``masks``, or by ``masked_images``.
    """

    def __init__(
        self,
        teacher: SageTeacher,
        student: SageStudent,
        weights: Mapping[Learner, Weights],
        schedule: Schedule,
        *,
        encoder: Encoder | None = None,
        segmenter: Segmenter | None = None,
        contrast: Literal["masks", "masked_images"] = "masks",
    ) -> None:
        super().__init__()
        self.teacher = teacher
        self.student = student
        self.learner: Learner = "student"
        self._alone = False
        self._weights = weights
        self._schedule = schedule
        # neither is trained, so that checkpoints need not hold them
        self._encoder = encoder
        self._segmenter = segmenter
        self._contrast = contrast

    def before_step(self, step: int, steps: int) -> None:
        """Choose the network that learns."""
        self.learner = self._schedule.learner(step)
        self._alone = step < self._schedule.teacher_steps

    def layer_distance(self, name: str) -> int:
        """Return 1 for the teacher, whose learning rate is that of the student times
        ``layer_decay``."""
        return int(name.startswith("teacher."))

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """Compute the loss of the network that learns, and its terms; NaN for the other's.

        Args:
            batch: see ``data.FusionBatches``.
        """
        answers = self._answers(batch)
        terms = self._terms(batch, answers)
        loss = torch.stack(list(terms.values())).sum()
        recorded = {f"loss_{self.learner}": loss} | {
            f"{self.learner}_{name}": value for name, value in terms.items()
        }
        values = {name: value.detach() for name, value in recorded.items()}
        absent = torch.full_like(loss.detach(), math.nan)
        return {"loss": loss, **{name: values.get(name, absent) for name in self._names()}}

    def _answers(self, batch: Mapping[str, Any]) -> Answers:
        pair = batch["visible"], batch["infrared"]
        guided = (*pair, *(image * masks for image, masks in zip(pair, _masks(batch), strict=True)))
        if self.learner == "teacher":
            other = None if self._alone else self._unchanged_student(*pair)
            return Answers(self.teacher(*guided), other)
        with torch.no_grad():
            other = self.teacher(*guided)
        return Answers(_answer_of(self.student, *pair), other)

    def _unchanged_student(self, visible: Tensor, infrared: Tensor) -> Fused:
        with torch.no_grad(), evaluating(self.student):
            return _answer_of(self.student, visible, infrared)

    def _terms(self, batch: Mapping[str, Any], answers: Answers) -> dict[str, Tensor]:
        weights, own, other = self._weights[self.learner], answers.own, answers.other
        visible, infrared = batch["visible"], batch["infrared"]
        compared = own.image if other is None else other.image
        terms = image_terms(own.image, visible, infrared, compared, weights)
        if other is not None:
            terms["features"] = weights.features * feature_loss(own.features, other.features)
            if self._encoder is not None and weights.contrast:
                terms["contrast"] = weights.contrast * self._contrasted(batch, own, other)
        if self._segmenter is not None and weights.segmentation:
            probabilities = self._segmenter.probabilities(_colours(own.image, batch["chroma"]))
            found = segmentation_loss(probabilities, batch["semantics"])
            terms["segmentation"] = weights.segmentation * found
        return terms

    def _contrasted(self, batch: Mapping[str, Any], own: Fused, other: Fused) -> Tensor:
        assert self._encoder is not None
        total = own.image.new_zeros(())
        sources = batch["visible"], batch["infrared"]
        for source, masks in zip(sources, _masks(batch), strict=True):
            seen = masks if self._contrast == "masks" else source * masks
            total = total + contrast_loss(self._encoder, own.image, source, other.image, seen)
        return total

    def _names(self) -> list[str]:
        """List what is recorded, the same in every step."""
        terms = ["luma", "infrared", "other", "gradient", "gradient_other", "features"]
        names = ["loss_student", "loss_teacher"]
        for learner in ("student", "teacher"):
            weights = self._weights[learner]
            contrast = ["contrast"] if self._encoder is not None and weights.contrast else []
            segmented = self._segmenter is not None and weights.segmentation
            more = contrast + (["segmentation"] if segmented else [])
            names += [f"{learner}_{name}" for name in (*terms, *more)]
        return names


def _answer_of(student: SageStudent, visible: Tensor, infrared: Tensor) -> Fused:
    features = student.features(visible, infrared)
    return Fused(student.fused(features), features)


def _masks(batch: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    return batch["visible_masks"], batch["infrared_masks"]


def _colours(luma: Tensor, chroma: Tensor) -> Tensor:
    """Give luma ``B,1,H,W`` the chroma ``B,2,H,W`` of the visible image: RGB in [0, 1]."""
    cr, cb = (chroma - NEUTRAL).unbind(1)
    y = luma[:, 0]
    return torch.stack([y + 1.403 * cr, y - 0.714 * cr - 0.344 * cb, y + 1.773 * cb], 1).clamp(0, 1)

"""Whether an estimate can be trusted: score, agreement forward and backward, and the rule."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from twinband.registration.fields import Field
from twinband.registration.search import as_complex, warped
from twinband.registration.similarity import Frame, Matrix, Similarity, corner_error_px

Status = Literal["accepted", "already_aligned", "failed"]
LEAST_OVERLAP = 0.5  # of the frame; a correlation over less says little


@dataclass(frozen=True, slots=True)
class Options:
    """What is searched and what is accepted; px are RGB pixels.

    Attributes:
        max_shift_px: largest shift along each axis.
        max_angle_deg: largest rotation.
        max_scale_change: largest relative change of scale.
        min_score: correlation that true pairs reach and wrong ones do not.
        max_forward_backward_px: largest disagreement of both directions at the corners.
        forward_backward_px_per_score: how much more they may disagree the further the score
            is above ``min_score``, since no wrong pair scores high.
        most_forward_backward_px: and never more than this.
        min_gain: least improvement over doing nothing.
        aligned_motion_px: a smaller motion at the corners is left undone.
    """

    max_shift_px: float = 30.0
    max_angle_deg: float = 3.0
    max_scale_change: float = 0.08
    min_score: float = 0.15
    max_forward_backward_px: float = 2.0
    forward_backward_px_per_score: float = 40.0
    most_forward_backward_px: float = 6.0
    min_gain: float = 0.01
    aligned_motion_px: float = 1.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rule looks at; px are RGB pixels."""

    motion: Similarity
    motion_px: float
    score: float
    score_before: float
    forward_backward_px: float


def correlation(fixed: Field, moving: Field, motion: Similarity) -> float:
    """Normalised correlation of the fields in -1..1, where ``moving`` has data; 0 if hardly."""
    height, width = fixed.shape[:2]
    frame = Frame(width, height)
    matrix = motion.matrix(frame)
    moved = as_complex(warped(moving, motion, matrix, frame)).astype(np.complex128)
    covered = cv2.warpAffine(np.ones((height, width), np.float32), matrix[:2], (width, height))
    inside = covered > 0.999
    if inside.mean() < LEAST_OVERLAP:
        return 0.0
    one, other = as_complex(fixed)[inside].astype(np.complex128), moved[inside]
    norm = math.sqrt(float(np.square(np.abs(one)).sum() * np.square(np.abs(other)).sum()))
    return float((np.conj(one) * other).real.sum()) / norm if norm > 0 else 0.0


def mean_correlation(fixed: Sequence[Field], moving: Sequence[Field], motion: Similarity) -> float:
    """Mean of ``correlation`` over the pairs of a rig, whatever their order."""
    scores = [correlation(one, other, motion) for one, other in zip(fixed, moving, strict=True)]
    return math.fsum(scores) / len(scores)


def round_trip_px(forward: Matrix, backward: Matrix, frame: Frame) -> float:
    """Mean distance of the corners from where they were, after going there and back."""
    return corner_error_px(backward @ forward, np.eye(3), frame)


def judge(evidence: Evidence, options: Options) -> tuple[Status, str]:
    """Status, and the reason if it is not ``accepted``."""
    motion = evidence.motion
    if evidence.score_before >= options.min_score and (
        evidence.motion_px < options.aligned_motion_px
    ):
        return "already_aligned", "motion_below_threshold"
    too_far = (
        max(abs(motion.x), abs(motion.y)) > options.max_shift_px
        or abs(motion.angle) > math.radians(options.max_angle_deg)
        or abs(math.expm1(motion.log_scale)) > options.max_scale_change
    )
    if evidence.score < options.min_score:
        return "failed", "low_score"
    above = evidence.score - options.min_score
    limit = min(
        options.max_forward_backward_px + options.forward_backward_px_per_score * above,
        options.most_forward_backward_px,
    )
    if evidence.forward_backward_px > limit:
        return "failed", "forward_backward_disagree"
    if too_far:
        return "failed", "motion_out_of_range"
    if evidence.score - evidence.score_before < options.min_gain:
        return "failed", "no_gain"
    return "accepted", ""

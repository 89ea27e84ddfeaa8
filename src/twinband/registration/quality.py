"""Registration quality: score, agreement forward and backward, and the rule."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.registration import search
from twinband.registration.fields import Field, luminance, orientation_field, resized
from twinband.registration.geometry import (
    Frame,
    Matrix,
    Similarity,
    corner_error_px,
    resampled,
)
from twinband.registration.search import as_complex, warped
from twinband.registration.working import fine_side_px, size_at

Status = Literal["accepted", "already_aligned", "failed"]
Model = Literal["similarity", "affine"]
BLUR_REACH_PX = 5  # how far into the image a field still feels the end of the data
LEAST_COVER = 0.05  # of the RGB image: thermal lenses may see a small part of it
LEAST_OVERLAP = 0.5  # of the frame; a correlation over less says little
AROUND_PX = 40  # shifts over which a peak is compared
PEAK_PX = 6  # half the side of the square that belongs to the peak itself
TOP_PX = 2  # within which the peak's top is
# A search errs by this much, so shares of images smaller than some hundred px say nothing.
LEAST_ALIGNED_PX = 1.5
LEAST_FORWARD_BACKWARD_PX = 3.0
# Options as they were called when they counted pixels of the stored file.
RENAMED = {
    "max_shift_px": "max_shift_share",
    "max_forward_backward_px": "max_forward_backward_share",
    "aligned_motion_px": "aligned_motion_share",
}


@dataclass(frozen=True, slots=True)
class Options:
    """Limits of the search, and of what is accepted.

    A share is one of the RGB image's longer side, whatever size it is stored at.

    Attributes:
        max_shift_share: largest shift along each axis; two lenses are a few percent apart.
        max_angle_deg: largest rotation.
        max_scale_change: largest relative change of scale.
        min_score: correlation that true pairs reach and wrong ones do not.
        min_prominence: standard deviations by which the correlation exceeds that at other
            shifts; few wrong pairs reach 5.
        certain_score: a correlation that needs no prominence: repeated structure lowers that,
            but wrong pairs do not score so high.
        max_forward_backward_share: largest disagreement of both directions at the corners.
        min_gain: least improvement over doing nothing.
        aligned_motion_share: a smaller motion at the corners is left undone.
        model: ``affine`` allows shear and two scales, where enough pairs of a rig prove them.

    Raises:
        TypeError: a number is not one.
        ValueError: an unknown model, or a share that is none.
    """

    max_shift_share: float = 0.12
    max_angle_deg: float = 3.0
    max_scale_change: float = 0.08
    min_score: float = 0.15
    min_prominence: float = 5.0
    certain_score: float = 0.4
    max_forward_backward_share: float = 0.02
    min_gain: float = 0.01
    aligned_motion_share: float = 0.005
    model: Model = "similarity"

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "model":
                if value not in get_args(Model):
                    raise ValueError(f"model must be one of {get_args(Model)}, not {value!r}")
            elif isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(f"{field.name} must be a number, not {value!r}")
            elif field.name.endswith("_share") and not 0 <= value <= 1:
                raise ValueError(
                    f"{field.name} must be a share of the RGB image's longer side, 0 to 1, "
                    f"not {value!r}"
                )

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Options":
        """Take the defaults but for ``options``.

        Raises:
            TypeError: an unknown option, one that has another name now, or no number.
            ValueError: an unknown model.
        """
        for old, new in RENAMED.items():
            if old in options:
                raise TypeError(
                    f"{old} is called {new} now, a share of the RGB image's longer side "
                    f"(pixels divided by that side), by default {getattr(cls, new)}"
                )
        return cls(**options)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measurements that the rule looks at; px are RGB pixels, of which the image has ``side_px``
    along its longer side."""

    side_px: int
    motion: Similarity
    motion_px: float
    score: float
    score_before: float
    prominence: float
    forward_backward_px: float


def correlation(fixed: Field, moving: Field, matrix: Matrix) -> float:
    """Correlate the fields, -1..1, where ``moving`` has data; 0 if hardly anywhere.

    Args:
        matrix: from pixels of ``moving`` to pixels of ``fixed``, affine.
    """
    height, width = fixed.shape[:2]
    moved = as_complex(warped(moving, matrix, Frame(width, height))).astype(np.complex128)
    covered = cv2.warpAffine(np.ones((height, width), np.float32), matrix[:2], (width, height))
    inside = covered > 0.999
    if inside.mean() < LEAST_OVERLAP:
        return 0.0
    return cosine(as_complex(fixed)[inside].astype(np.complex128), moved[inside])


def score(rgb: NDArray[Any], thermal: NDArray[Any], matrix: Matrix) -> float:
    """Score a transform that nothing was searched for: supplied, declared, or a whole rig's.

    It is the correlation of the orientation fields, -1..1, where thermal has data; 0 if hardly any.
    """
    target = Frame.of(rgb)
    moved, valid = resampled(luminance(thermal), matrix, target.width, target.height)
    width, height = size_at(target, fine_side_px(target, Frame.of(thermal)))
    fields = [orientation_field(resized(grey, width, height)) for grey in (luminance(rgb), moved)]
    inside = cv2.resize(valid.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    inside = cv2.erode(
        inside, np.ones((2 * BLUR_REACH_PX + 1,) * 2, np.uint8), borderValue=1
    ).astype(bool)
    if inside.mean() < LEAST_COVER:
        return 0.0
    return cosine(*(as_complex(field)[inside].astype(np.complex128) for field in fields))


def cosine(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> float:
    """Correlate complex values, normalised to -1..1; 0 if either has none."""
    norm = math.sqrt(float(np.square(np.abs(one)).sum() * np.square(np.abs(other)).sum()))
    return float((np.conj(one) * other).real.sum()) / norm if norm > 0 else 0.0


def mean_correlation(fixed: Sequence[Field], moving: Sequence[Field], matrix: Matrix) -> float:
    """Average ``correlation`` over the pairs of a rig, whatever their order."""
    scores = [correlation(one, other, matrix) for one, other in zip(fixed, moving, strict=True)]
    return math.fsum(scores) / len(scores)


def prominence(fixed: Sequence[Field], moving: Sequence[Field], matrix: Matrix) -> float:
    """Measure by how much the correlation under ``matrix`` exceeds that under further shifts.

    In standard deviations of the latter. Unlike the score it does not fall with thermal images
    that have few edges, as long as these agree. 0 if the images are too small for other shifts.
    """
    height, width = fixed[0].shape[:2]
    reach = min(AROUND_PX, height // 2, width // 2)
    frame = Frame(width, height)
    moved = [as_complex(warped(one, matrix, frame)) / search.energy(one) for one in moving]
    surface = search.Shifts.of(fixed, reach).surface(moved)
    top = surface[reach - TOP_PX : reach + TOP_PX + 1, reach - TOP_PX : reach + TOP_PX + 1].max()
    elsewhere = np.ones(surface.shape, bool)
    elsewhere[reach - PEAK_PX : reach + PEAK_PX + 1, reach - PEAK_PX : reach + PEAK_PX + 1] = False
    others = surface[elsewhere]
    spread = float(others.std())
    return (float(top) - float(others.mean())) / spread if spread > 0 else 0.0


def round_trip_px(forward: Matrix, backward: Matrix, frame: Frame) -> float:
    """Measure the mean distance of the corners from where they were, after going there and back."""
    return corner_error_px(backward @ forward, np.eye(3), frame)


def judge(evidence: Evidence, options: Options) -> tuple[Status, str]:
    """Judge an estimate: status, and the reason if it is not ``accepted``."""
    motion, side_px = evidence.motion, evidence.side_px
    stands_out = (
        evidence.prominence >= options.min_prominence or evidence.score >= options.certain_score
    )
    aligned = evidence.score_before >= options.min_score
    aligned_px = max(options.aligned_motion_share * side_px, LEAST_ALIGNED_PX)
    if aligned and stands_out and evidence.motion_px < aligned_px:
        return "already_aligned", "motion_below_threshold"
    too_far = (
        max(abs(motion.x), abs(motion.y)) > options.max_shift_share * side_px
        or abs(motion.angle) > math.radians(options.max_angle_deg)
        or abs(math.expm1(motion.log_scale)) > options.max_scale_change
    )
    if evidence.score < options.min_score:
        return "failed", "low_score"
    if not stands_out:
        return "failed", "ambiguous"
    agreeing_px = max(options.max_forward_backward_share * side_px, LEAST_FORWARD_BACKWARD_PX)
    if evidence.forward_backward_px > agreeing_px:
        return "failed", "forward_backward_disagree"
    if too_far:
        return "failed", "motion_out_of_range"
    if evidence.score - evidence.score_before < options.min_gain:
        return "failed", "no_gain"
    return "accepted", ""

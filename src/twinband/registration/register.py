"""Registration of a pair or a rig: images in, one transform and a verdict out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.registration import quality, search
from twinband.registration.fields import Field, is_flat, luminance, orientation_field, resized
from twinband.registration.geometry import (
    Frame,
    Matrix,
    Similarity,
    corner_error_px,
    grid_change,
    inverted,
)
from twinband.registration.quality import Model, Options, Status
from twinband.registration.working import COARSE_SIDE_PX, fine_side_px, longer_side_px, size_at

SAME_PX = 1.0  # of the working size: both directions climbed the same hill
LEAST_SIDE_PX = 32  # below, a neighbourhood of the fields is the whole image

AFFINE_PAIRS = 16  # fewer do not tell a shear from parallax
AFFINE_GAIN = 0.02  # least relative rise of the score on pairs that were not fitted

Pair = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """Transform from thermal pixels to RGB pixels, and how far to trust it.

    Attributes:
        matrix: 3x3 float64, thermal pixel ``(x, y, 1)`` to RGB pixel, pixel centres at integers;
            the mere change of size unless ``status`` is ``accepted``.
        estimate: the transform that was found, accepted or not.
        status: ``accepted``, ``already_aligned`` or ``failed``.
        reason: a short stable word saying why it was not accepted, else empty.
        score: correlation of the orientation fields under ``estimate``, -1..1.
        score_before: the same under the mere change of size.
        forward_backward_px: disagreement with the estimate in the other direction, in RGB pixels
            at the corners; infinite if nothing could be estimated.
        motion_px: mean motion of the corners by ``estimate``, in RGB pixels.
        prominence: standard deviations by which the correlation under ``estimate`` exceeds that
            at other shifts; not a number if nothing was searched for.
        model: what ``estimate`` is, apart from the change of size.
    """

    matrix: Matrix
    estimate: Matrix
    status: Status
    reason: str
    score: float
    score_before: float
    forward_backward_px: float
    motion_px: float
    prominence: float = math.nan
    model: Model = "similarity"


def register_pair(rgb: NDArray[Any], thermal: NDArray[Any], **options: Any) -> Registration:
    """Register one pair: ``register_rig`` of a single one."""
    return register_rig([(rgb, thermal)], **options)


def register_rig(pairs: Sequence[Pair], **options: Any) -> Registration:
    """Estimate one transform for all ``pairs`` (RGB, thermal) of a rig or sequence.

    Images are ``H,W`` or ``H,W,C`` of any depth; RGB and thermal may differ in size. Pairs
    without contrast in either image are left out. The transform is a similarity. With
    ``model="affine"``, at least ``AFFINE_PAIRS`` pairs and an accepted similarity it is affine
    if that, fitted to every other pair, scores higher by ``AFFINE_GAIN`` on the rest.

    Args:
        options: fields of ``quality.Options`` that shall not have their default.

    Raises:
        TypeError: an unknown option, or one that is not a number.
        ValueError: no pairs, an array that is not an image, or an unknown model.
    """
    rule = Options.of(options)
    if not pairs:
        raise ValueError("register_rig needs at least one pair")
    target, source = (_frame(image) for image in pairs[0])
    if any((_frame(rgb), _frame(thermal)) != (target, source) for rgb, thermal in pairs):
        return _unusable(grid_change(source, target), "sizes_differ_within_rig")
    if min(target.width, target.height, source.width, source.height) < LEAST_SIDE_PX:
        return _unusable(grid_change(source, target), "too_small")
    flat = [(is_flat(rgb), is_flat(thermal)) for rgb, thermal in pairs]
    usable = [pair for pair, (one, other) in zip(pairs, flat, strict=True) if not (one or other)]
    if not usable:
        reason = "flat_rgb" if all(one for one, _ in flat) else "flat_thermal"
        return _unusable(grid_change(source, target), reason)
    return _register(usable, target, source, rule)


def _frame(image: NDArray[Any]) -> Frame:
    if image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"an image of shape H,W or H,W,C is needed, got {image.shape}")
    return Frame.of(image)


def _unusable(identity: Matrix, reason: str) -> Registration:
    return Registration(identity, identity.copy(), "failed", reason, 0.0, 0.0, math.inf, 0.0)


def _register(pairs: Sequence[Pair], target: Frame, source: Frame, rule: Options) -> Registration:
    side_px = fine_side_px(target, source)
    fine = _Level.of(pairs, target, side_px)
    coarse = _Level.of(pairs, target, min(side_px, COARSE_SIDE_PX))
    forward = _estimate(coarse, fine, rule)
    backward = _estimate(coarse.swapped(), fine.swapped(), rule)
    apart = quality.round_trip_px(forward.matrix(target), backward.matrix(target), target)
    starts = [forward] if apart * fine.zoom < SAME_PX else [forward, backward.inverse()]
    motion = _agreed(starts, fine)
    matrix = motion.matrix(target)
    fine_motion = motion.zoomed(fine.zoom)
    score = fine.score(fine_motion.matrix(fine.frame))
    score_before = fine.score(np.eye(3))
    evidence = quality.Evidence(
        side_px=longer_side_px(target),
        motion=motion,
        motion_px=corner_error_px(matrix, np.eye(3), target),
        score=score,
        score_before=score_before,
        prominence=quality.prominence(fine.fixed, fine.moving, fine_motion.matrix(fine.frame)),
        forward_backward_px=apart,
    )
    status, reason = quality.judge(evidence, rule)
    identity = grid_change(source, target)
    estimate = matrix @ identity
    similarity = Registration(
        estimate.copy() if status == "accepted" else identity,
        estimate,
        status,
        reason,
        score,
        score_before,
        evidence.forward_backward_px,
        evidence.motion_px,
        prominence=evidence.prominence,
    )
    if rule.model == "affine" and status == "accepted" and len(pairs) >= AFFINE_PAIRS:
        return _affine(similarity, fine_motion, fine, target, source)
    return similarity


def _affine(
    similarity: Registration, start: Similarity, fine: "_Level", target: Frame, source: Frame
) -> Registration:
    """Put an affine transform in place of the similarity, if pairs it was not fitted to agree."""
    fitted, rest = fine.every_other(0), fine.every_other(1)
    samples, backward = fitted.samples(), fitted.swapped().samples()
    alike = search.refine(samples, start, fine.frame, backward)[0].matrix(fine.frame)
    sheared = search.refine_affine(samples, alike, fine.frame, backward)
    if rest.score(sheared) <= (1 + AFFINE_GAIN) * rest.score(alike):
        return similarity
    samples, backward = fine.samples(), fine.swapped().samples()
    matrix = search.refine_affine(samples, start.matrix(fine.frame), fine.frame, backward)
    change = grid_change(target, fine.frame)
    motion = inverted(change) @ matrix @ change
    estimate = motion @ grid_change(source, target)
    return replace(
        similarity,
        matrix=estimate.copy(),
        estimate=estimate,
        score=fine.score(matrix),
        motion_px=corner_error_px(motion, np.eye(3), target),
        model="affine",
    )


def _agreed(motions: Sequence[Similarity], fine: "_Level") -> Similarity:
    """Find the best of ``motions``, refined on both directions at once; all in RGB pixels."""
    samples, backward = fine.samples(), fine.swapped().samples()
    refined = [search.refine(samples, m.zoomed(fine.zoom), fine.frame, backward) for m in motions]
    return max(refined, key=lambda entry: entry[1])[0].zoomed(1 / fine.zoom)


@dataclass(frozen=True, slots=True)
class _Level:
    """Fields of all pairs on one grid, which has ``zoom`` times the RGB image's pixels."""

    fixed: list[Field]
    moving: list[Field]
    zoom: float

    @classmethod
    def of(cls, pairs: Sequence[Pair], target: Frame, side: int) -> "_Level":
        width, height = size_at(target, side)

        def fields(images: list[NDArray[Any]]) -> list[Field]:
            return [orientation_field(resized(luminance(i), width, height)) for i in images]

        rgb, thermal = zip(*pairs, strict=True)
        return cls(fields(list(rgb)), fields(list(thermal)), width / target.width)

    def swapped(self) -> "_Level":
        return _Level(self.moving, self.fixed, self.zoom)

    def every_other(self, first: int) -> "_Level":
        """Take every other pair, in the order given."""
        return _Level(self.fixed[first::2], self.moving[first::2], self.zoom)

    def score(self, matrix: Matrix) -> float:
        """Average the correlation of the fields under a matrix of this grid's pixels."""
        return quality.mean_correlation(self.fixed, self.moving, matrix)

    @property
    def frame(self) -> Frame:
        height, width = self.fixed[0].shape[:2]
        return Frame(width, height)

    def samples(self) -> list[search.Sampled]:
        pairs = zip(self.fixed, self.moving, strict=True)
        return [search.Sampled.of(fixed, moving) for fixed, moving in pairs]


def _estimate(coarse: _Level, fine: _Level, rule: Options) -> Similarity:
    """Search and refine on the coarse level, refine on the fine one; in RGB pixels."""
    limits = search.Limits(
        rule.max_shift_share * longer_side_px(coarse.frame),
        math.radians(rule.max_angle_deg),
        rule.max_scale_change,
    )
    samples = coarse.samples()
    starts = search.grid_search(coarse.fixed, coarse.moving, limits)
    refined = [search.refine(samples, start, coarse.frame) for start in starts]
    best = max(refined, key=lambda entry: entry[1])[0]
    start = best.zoomed(fine.zoom / coarse.zoom)
    return search.refine(fine.samples(), start, fine.frame)[0].zoomed(1 / fine.zoom)

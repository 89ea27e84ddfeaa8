"""One unit of work each: register something whose truth is known, and measure the error."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from benches._registration_data import Deformed, Image, PathPair, moved, random_motion, read
from benches._registration_methods import gradient_ecc, mutual_information
from twinband.registration.geometry import Frame, Matrix, corner_error_px, inverted, transformed
from twinband.registration.register import Registration, register_pair, register_rig

SIZES_PX = (4, 10, 18)
COMPARED_SIZE_PX = 10
RIG_SIZE = (400, 240)


@dataclass(frozen=True, slots=True)
class Trial:
    """Corner errors in px after and before, what was said of the pair, and the time it took."""

    after_px: float
    before_px: float
    status: str
    forward_backward_px: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for published pairs, and their trials by size against both references."""

    still: Registration
    primary: list[Trial]
    consistent: list[Trial]  # none where the published pairs could not be registered


def timed(register: Callable[..., Any], *images: Any) -> tuple[Any, float]:
    """What ``register`` finds, and the CPU seconds it took."""
    begin = time.process_time()
    found = register(*images)
    return found, time.process_time() - begin


def frame_of(image: Image) -> Frame:
    return Frame(image.shape[1], image.shape[0])


def judged(found: Registration, truth: Matrix, frame: Frame, cpu_s: float) -> Trial:
    """``found`` against ``truth``."""
    return Trial(
        corner_error_px(found.matrix, truth, frame),
        corner_error_px(np.eye(3), truth, frame),
        found.status,
        found.forward_backward_px,
        cpu_s,
    )


def pair_trials(job: tuple[PathPair, int]) -> Found:
    """``moved_trials`` of one pair."""
    paths, seed = job
    return moved_trials([read(paths)], seed)


def rig_trials(job: tuple[Sequence[PathPair], int]) -> Found:
    """``moved_trials`` of several pairs, cut to one size about their middle."""
    several, seed = job
    width, height = RIG_SIZE
    pairs = []
    for rgb, thermal in map(read, several):
        top, left = (rgb.shape[0] - height) // 2, (rgb.shape[1] - width) // 2
        part = np.s_[top : top + height, left : left + width]
        pairs.append((rgb[part], np.ascontiguousarray(thermal[part])))
    return moved_trials(pairs, seed)


def moved_trials(pairs: list[tuple[Image, Image]], seed: int) -> Found:
    """Register pairs as published, and moved alike by every size."""
    still, frame = register_rig(pairs), frame_of(pairs[0][1])
    primary, consistent = [], []
    for size in SIZES_PX:
        motion = random_motion(size, (size, seed))
        truth = inverted(motion.matrix(frame))
        shifted = [(rgb, moved(thermal, motion)) for rgb, thermal in pairs]
        found, cpu_s = timed(register_rig, shifted)
        primary.append(judged(found, truth, frame, cpu_s))
        if still.status != "failed":
            consistent.append(judged(found, still.estimate @ truth, frame, cpu_s))
    return Found(still, primary, consistent)


def wrong_trial(job: PathPair) -> Registration:
    """The RGB image of one scene with the thermal image of another."""
    rgb, thermal = read(job)
    height, width = (min(rgb.shape[axis], thermal.shape[axis]) for axis in (0, 1))
    return register_pair(rgb[:height, :width], thermal[:height, :width])


def compared_trial(job: tuple[PathPair, int]) -> list[Trial]:
    """One pair moved by ``COMPARED_SIZE_PX``, by the other methods."""
    paths, seed = job
    rgb, thermal = read(paths)
    frame, motion = frame_of(thermal), random_motion(COMPARED_SIZE_PX, (COMPARED_SIZE_PX, seed))
    shifted, truth = moved(thermal, motion), inverted(motion.matrix(frame))
    before = corner_error_px(np.eye(3), truth, frame)
    trials = []
    for method in (gradient_ecc, mutual_information):
        found, cpu_s = timed(method, rgb, shifted)
        after = corner_error_px(found, truth, frame)
        trials.append(Trial(after, before, "accepted", 0.0, cpu_s))
    return trials


def deformed_trial(pair: Deformed) -> Trial:
    """A known field, of which a similarity can undo only a part; errors are means over pixels."""
    found, cpu_s = timed(register_pair, pair.rgb, pair.thermal)
    down, across = np.mgrid[: pair.places.shape[0], : pair.places.shape[1]]
    points = np.stack([across.ravel(), down.ravel()], 1).astype(np.float64)
    belong = pair.places.reshape(-1, 2)
    before, after = (
        float(np.hypot(*(transformed(matrix, points) - belong).T).mean())
        for matrix in (np.eye(3), found.matrix)
    )
    return Trial(after, before, found.status, found.forward_backward_px, cpu_s)


def timed_trial(job: tuple[PathPair, int, int]) -> float:
    """CPU seconds of one registration at a given size."""
    paths, width, height = job
    rgb, thermal = (cv2.resize(image, (width, height)) for image in read(paths))
    shifted = moved(thermal, random_motion(COMPARED_SIZE_PX, (0,)))
    return timed(register_pair, rgb, shifted)[1]

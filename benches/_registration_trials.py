"""Units of work of the benchmark: register pairs of known truth and measure the error."""

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
    """Corner errors in px after and before, the registration's verdict, and CPU seconds."""

    after_px: float
    before_px: float
    status: str
    forward_backward_px: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials of published pairs by size, against both references."""

    published: Registration  # of the pairs that were not moved
    primary: list[Trial]
    consistent: list[Trial]  # empty if the published pairs could not be registered


def timed(register: Callable[..., Any], *images: Any) -> tuple[Any, float]:
    """Call ``register``; returns its result and the CPU seconds it took."""
    begin = time.process_time()
    result = register(*images)
    return result, time.process_time() - begin


def frame_of(image: Image) -> Frame:
    return Frame(image.shape[1], image.shape[0])


def judged(registration: Registration, truth: Matrix, frame: Frame, cpu_s: float) -> Trial:
    """Compare a registration with the truth."""
    return Trial(
        corner_error_px(registration.matrix, truth, frame),
        corner_error_px(np.eye(3), truth, frame),
        registration.status,
        registration.forward_backward_px,
        cpu_s,
    )


def pair_trials(job: tuple[PathPair, int]) -> Trials:
    """Do ``moved_trials`` of one pair."""
    paths, seed = job
    return moved_trials([read(paths)], seed)


def rig_trials(job: tuple[Sequence[PathPair], int]) -> Trials:
    """Do ``moved_trials`` of several pairs, cut to one size about their middle."""
    paths, seed = job
    width, height = RIG_SIZE
    pairs = []
    for rgb, thermal in map(read, paths):
        top, left = (rgb.shape[0] - height) // 2, (rgb.shape[1] - width) // 2
        part = np.s_[top : top + height, left : left + width]
        pairs.append((rgb[part], np.ascontiguousarray(thermal[part])))
    return moved_trials(pairs, seed)


def moved_trials(pairs: list[tuple[Image, Image]], seed: int) -> Trials:
    """Register pairs as published, and moved alike by every size."""
    published, frame = register_rig(pairs), frame_of(pairs[0][1])
    primary, consistent = [], []
    for size in SIZES_PX:
        motion = random_motion(size, (size, seed))
        truth = inverted(motion.matrix(frame))
        shifted = [(rgb, moved(thermal, motion)) for rgb, thermal in pairs]
        registration, cpu_s = timed(register_rig, shifted)
        primary.append(judged(registration, truth, frame, cpu_s))
        if published.status != "failed":
            consistent.append(judged(registration, published.estimate @ truth, frame, cpu_s))
    return Trials(published, primary, consistent)


def wrong_trial(job: PathPair) -> Registration:
    """Register the RGB image of one scene with the thermal image of another."""
    rgb, thermal = read(job)
    height, width = (min(rgb.shape[axis], thermal.shape[axis]) for axis in (0, 1))
    return register_pair(rgb[:height, :width], thermal[:height, :width])


def compared_trial(job: tuple[PathPair, int]) -> list[Trial]:
    """Register one pair, moved by ``COMPARED_SIZE_PX``, by the rival methods."""
    paths, seed = job
    rgb, thermal = read(paths)
    frame, motion = frame_of(thermal), random_motion(COMPARED_SIZE_PX, (COMPARED_SIZE_PX, seed))
    shifted, truth = moved(thermal, motion), inverted(motion.matrix(frame))
    before = corner_error_px(np.eye(3), truth, frame)
    trials = []
    for method in (gradient_ecc, mutual_information):
        matrix, cpu_s = timed(method, rgb, shifted)
        after = corner_error_px(matrix, truth, frame)
        trials.append(Trial(after, before, "accepted", 0.0, cpu_s))
    return trials


def deformed_trial(pair: Deformed) -> Trial:
    """Register a deformed pair, of whose field a similarity undoes a part; errors are means over
    pixels."""
    registration, cpu_s = timed(register_pair, pair.rgb, pair.thermal)
    down, across = np.mgrid[: pair.places.shape[0], : pair.places.shape[1]]
    points = np.stack([across.ravel(), down.ravel()], 1).astype(np.float64)
    truth = pair.places.reshape(-1, 2)
    before, after = (
        float(np.hypot(*(transformed(matrix, points) - truth).T).mean())
        for matrix in (np.eye(3), registration.matrix)
    )
    return Trial(after, before, registration.status, registration.forward_backward_px, cpu_s)


def timed_trial(job: tuple[PathPair, int, int]) -> float:
    """Measure the CPU seconds of one registration at a given size."""
    paths, width, height = job
    rgb, thermal = (cv2.resize(image, (width, height)) for image in read(paths))
    shifted = moved(thermal, random_motion(COMPARED_SIZE_PX, (0,)))
    return timed(register_pair, rgb, shifted)[1]

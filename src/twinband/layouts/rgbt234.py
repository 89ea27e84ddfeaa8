"""Layout of RGBT234: tracking sequences with a box of one target in each image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinband.world.render import Box, Rendered, render
from twinband.world.scene import HOURS, generator_of, sample_sequence
from twinband.world.truth import WrittenPair, write_facts, write_homographies, write_truth
from twinband.world.write import ForEach, Job, whole_pixels, write_jpeg, write_lines

FRAMES = 16
TARGETS = frozenset({"person", "car"})
MOST_SHIFT_PX = 3
OUT_OF_SIGHT = (0, 0, 0, 0)

Shift = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Track:
    """One sequence on disk."""

    shift: Shift
    frames: list[WrittenPair]


def write_all(job: Job, for_each: ForEach) -> None:
    """Write ``SEQUENCE/{visible,infrared}/`` and its boxes, and ``truth/homographies.csv``."""
    tracks = for_each(write_sequence, range(-(-job.count // FRAMES)), FRAMES)
    write_facts(job, [frame for track in tracks for frame in track.frames])
    rows = [(frame.name, False, unshift(track.shift)) for track in tracks for frame in track.frames]
    write_homographies(job, rows)


def write_sequence(job: Job, index: int) -> Track:
    """Write frames, and the boxes of one target.

    The last sequence is rendered in full and cut, so that growth changes neither target nor frames.
    """
    hour = HOURS[index % len(HOURS)]
    scenes = sample_sequence(job.seed, job.name, index, FRAMES, hour)
    rendered = [render(scene, job.width, job.height) for scene in scenes]
    shift = shift_of(job, index)
    boxes = target_boxes(rendered)[: job.count - index * FRAMES]
    name = f"street{index + 1:03d}"
    folder = job.root / name
    visible = [_line(box, (0, 0), job) for box in boxes]
    write_lines(folder / "visible.txt", visible)
    write_lines(folder / "init.txt", visible)
    write_lines(folder / "infrared.txt", [_line(box, shift, job) for box in boxes])
    written = []
    for number, frame in enumerate(rendered[: len(boxes)]):
        write_jpeg(folder / f"visible/{number + 1:05d}v.jpg", frame.rgb)
        write_jpeg(folder / f"infrared/{number + 1:05d}i.jpg", shifted(frame.thermal, shift))
        written.append(write_truth(job, f"{name}/{number:06d}", frame))
    return Track(shift, written)


def shift_of(job: Job, index: int) -> Shift:
    """Draw the pixels by which thermal is shifted right and down, 1 to 3 either way."""
    rng = generator_of("shift", job.seed, job.name, index)
    right, down = rng.integers(1, MOST_SHIFT_PX + 1, 2) * rng.choice([-1, 1], 2)
    return int(right), int(down)


def shifted(pixels: NDArray[np.uint8], shift: Shift) -> NDArray[np.uint8]:
    """Move ``H,W`` right and down, the border repeated."""
    height, width = pixels.shape
    left, top = MOST_SHIFT_PX - shift[0], MOST_SHIFT_PX - shift[1]
    padded = np.pad(pixels, MOST_SHIFT_PX, mode="edge")
    return padded[top : top + height, left : left + width]


def unshift(shift: Shift) -> NDArray[np.float64]:
    """Give the homography from thermal to RGB pixels, ``3,3``."""
    matrix = np.eye(3)
    matrix[:2, 2] = -shift[0], -shift[1]
    return matrix


def target_boxes(rendered: Sequence[Rendered]) -> list[Box | None]:
    """Choose the target (of people and cars the one longest in sight, then largest); its box in
    each frame."""
    tracks: dict[int, list[Box]] = {}
    for box in (box for frame in rendered for box in frame.boxes if box.name in TARGETS):
        tracks.setdefault(box.instance, []).append(box)
    target = max(tracks, key=lambda instance: _prominence(tracks[instance]), default=None)
    return [next((b for b in frame.boxes if b.instance == target), None) for frame in rendered]


def _prominence(boxes: Sequence[Box]) -> tuple[int, int, int]:
    return len(boxes), sum(box.area for box in boxes), -boxes[0].instance


def _line(box: Box | None, shift: Shift, job: Job) -> str:
    """Write ``x,y,w,h`` of the part inside the image; zeros if there is none."""
    x1, y1, x2, y2 = whole_pixels(box) if box else OUT_OF_SIGHT
    x1, x2 = (min(max(x + shift[0], 0), job.width) for x in (x1, x2))
    y1, y2 = (min(max(y + shift[1], 0), job.height) for y in (y1, y2))
    inside = (x1, y1, x2 - x1, y2 - y1) if x2 > x1 and y2 > y1 else OUT_OF_SIGHT
    return ",".join(map(str, inside))

"""The sample world in the layout of RGBT234."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.made.written import SEED, Sample, alike
from twinband.layouts.rgbt234 import _line, shift_of, shifted, target_boxes
from twinband.world.render import Box, Rendered, render
from twinband.world.scene import sample_sequence
from twinband.world.write import Job


@pytest.fixture
def written(sample: Callable[[str], Sample]) -> Sample:
    return sample("rgbt234")


def frames_of(written: Sample, sequence: int, hour: str) -> list[Rendered]:
    scenes = sample_sequence(SEED, written.name, sequence, 16, hour)
    return [render(scene, *written.size) for scene in scenes]


def test_the_last_sequence_is_shorter(written: Sample) -> None:
    names = list(written.pairs)
    assert names == [f"street001/{frame:06d}" for frame in range(16)] + [
        f"street002/{frame:06d}" for frame in range(4)
    ]
    assert written.pairs["street002/000003"].sources["rgb"] == "street002/visible/00004v.jpg"
    assert written.pairs["street002/000003"].sources["thermal"] == "street002/infrared/00004i.jpg"
    assert len(written.lines("street002/visible.txt")) == 4
    assert written.lines("street001/init.txt") == written.lines("street001/visible.txt")


def test_one_instance_is_followed_in_both_images(written: Sample) -> None:
    width, height = written.size
    offsets = {r["name"]: r for r in written.table("truth/homographies.csv")}
    assert list(offsets) == list(written.pairs)
    for sequence, name in enumerate(("street001", "street002")):
        pairs = [pair for pair in written.pairs.values() if pair.entry.group == name]
        rendered = frames_of(written, sequence, pairs[0].labels["hour"])
        dx, dy = (-float(offsets[f"{name}/000000"][cell]) for cell in ("h02", "h12"))
        assert {abs(dx), abs(dy)} <= {1, 2, 3}
        targets: set[int] | None = None
        for pair, frame in zip(pairs, rendered, strict=False):
            assert alike(pair.rgb, frame.rgb)
            moved = shifted(frame.thermal, (int(dx), int(dy)))
            assert alike(pair.thermal, moved)
            box = pair.labels["target_rgb"]
            fits = {b.instance for b in frame.boxes if box == pytest.approx(b.xyxy, abs=1)}
            targets = fits if targets is None else targets & fits
            x1, y1, x2, y2 = box
            there = [
                max(x1 + dx, 0),
                max(y1 + dy, 0),
                min(x2 + dx, width),
                min(y2 + dy, height),
            ]
            assert pair.labels["target_thermal"] == there
        assert targets


def test_shifting_moves_right_and_down() -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(6, 8)
    moved = shifted(pixels, (2, -1))
    assert (moved[:5, 2:] == pixels[1:, :6]).all()
    assert (moved[:5, 0] == pixels[1:, 0]).all()


def test_shifts_differ_and_are_never_zero(written: Sample) -> None:
    job = Job(written.root, 1, SEED, written.name, *written.size)
    shifts = {shift_of(job, index) for index in range(60)}
    assert len(shifts) > 15
    assert {abs(value) for shift in shifts for value in shift} == {1, 2, 3}


def test_the_target_is_longest_in_sight_then_largest(written: Sample) -> None:
    frame = frames_of(written, 0, "day")[0]
    fleeting = Box(1, "car", (0.0, 0.0, 50.0, 50.0), 0.0, 2500)
    small = Box(2, "person", (1.0, 1.0, 3.0, 9.0), 0.0, 16)
    large = Box(3, "person", (5.0, 1.0, 9.0, 12.0), 0.0, 44)
    bicycle = Box(4, "bicycle", (5.0, 1.0, 60.0, 60.0), 0.0, 3000)
    first = replace(frame, boxes=(fleeting, small, large, bicycle))
    second = replace(frame, boxes=(bicycle, small, large))
    third = replace(frame, boxes=(bicycle,))
    assert target_boxes([first, second, third]) == [large, large, None]
    assert target_boxes([third]) == [None]


def test_out_of_sight_is_four_zeros(tmp_path: Path) -> None:
    job = Job(tmp_path, 1, SEED, "x", 96, 72)
    edge = Box(1, "car", (0.0, 10.0, 2.0, 20.0), 0.5, 20)
    assert _line(None, (2, 2), job) == "0,0,0,0"
    assert _line(edge, (0, 0), job) == "0,10,2,10"
    assert _line(edge, (-1, 3), job) == "0,13,1,10"
    assert _line(edge, (-2, 3), job) == "0,0,0,0"

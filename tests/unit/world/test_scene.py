"""Scenes: drawn from words and numbers alone, free of collisions, smooth over a sequence."""

import dataclasses
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from twinband.world.scene import (
    HOURS,
    KINDS,
    Scene,
    Thing,
    generator_of,
    sample_scene,
    sample_sequence,
)

SRC = Path(__file__).parents[3] / "src"
LONGEST_STEP_M = 0.1 * 9.0  # the fastest car in a tenth of a second


def _things(scenes: list[Scene], kind: str) -> list[Thing]:
    return [thing for scene in scenes for thing in scene.things if thing.kind == kind]


def test_a_scene_is_the_same_every_time() -> None:
    assert sample_scene(3, "name", 7) == sample_scene(3, "name", 7)


@pytest.mark.parametrize("other", [(4, "name", 7), (3, "eman", 7), (3, "name", 8)])
def test_seed_name_and_index_all_matter(other: tuple[int, str, int]) -> None:
    changed = sample_scene(*other, hour="day")
    assert changed.things != sample_scene(3, "name", 7, hour="day").things


def test_a_scene_does_not_depend_on_those_drawn_before_it() -> None:
    alone = sample_scene(3, "name", 5)
    for index in range(5):
        sample_scene(3, "name", index)
    assert sample_scene(3, "name", 5) == alone


def test_scenes_and_bytes_are_equal_across_processes() -> None:
    script = (
        "import hashlib\n"
        "from twinband.world.render import render\n"
        "from twinband.world.scene import sample_scene, sample_sequence\n"
        "digest = hashlib.sha256(repr(sample_sequence(1, 'p', 0, 3)).encode())\n"
        "for index in range(5):\n"
        "    r = render(sample_scene(1, 'p', index), 96, 72)\n"
        "    for array in (r.rgb, r.thermal, r.thermal_raw, r.depth, r.instances, r.saliency):\n"
        "        digest.update(array.tobytes())\n"
        "    digest.update(repr(r.boxes).encode())\n"
        "print(digest.hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(SRC)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_words_are_kept_apart_when_seeding() -> None:
    drawn = [generator_of(*words).integers(1 << 62) for words in (("ab", "c"), ("a", "bc"))]
    assert drawn[0] != drawn[1]


def test_hours_take_turns_unless_one_is_given() -> None:
    assert tuple(sample_scene(1, "turns", i).hour for i in range(5)) == HOURS
    assert {sample_scene(1, "turns", i, "fog").hour for i in range(5)} == {"fog"}


def test_an_hour_changes_nothing_but_itself() -> None:
    day, night = (sample_scene(1, "hour", 3, hour) for hour in ("day", "night"))
    assert dataclasses.replace(day, hour="night") == night


def test_every_kind_appears_with_its_own_identity() -> None:
    scenes = [sample_scene(1, "kinds", index) for index in range(40)]
    assert {thing.kind for scene in scenes for thing in scene.things} == set(KINDS)
    for scene in scenes:
        identities = [thing.identity for thing in scene.things]
        assert len(set(identities)) == len(identities)
        assert min(identities) >= 1


def test_things_stand_apart_and_trees_stay_off_the_road_and_out_of_the_walls() -> None:
    scenes = [sample_scene(2, "places", index) for index in range(60)]
    for scene in scenes:
        for a, b in combinations(scene.things, 2):
            assert np.hypot(a.x - b.x, a.z - b.z) > 0.8
        for tree in _things([scene], "tree"):
            beyond_kerb = abs(tree.x - scene.road_middle) - scene.road
            room = scene.sidewalk + scene.walls[tree.x > scene.road_middle]
            assert 1.0 < beyond_kerb < room


def test_cars_keep_to_the_road() -> None:
    scenes = [sample_scene(2, "cars", index) for index in range(60)]
    for scene in scenes:
        for car in _things([scene], "car"):
            reach = 1.9 * abs(np.sin(car.yaw)) + 0.9 * abs(np.cos(car.yaw))
            assert abs(car.x - scene.road_middle) + reach < scene.road + 0.1


def test_frame_0_is_the_scene_but_for_the_sway_of_the_camera() -> None:
    scene, first = sample_scene(1, "track", 2), sample_sequence(1, "track", 2, 4)[0]
    assert first.things == scene.things
    assert abs(first.horizon - scene.horizon) <= 0.006
    assert abs(first.vanishing - scene.vanishing) <= 0.012
    same_camera = dataclasses.replace(first, horizon=scene.horizon, vanishing=scene.vanishing)
    assert same_camera == scene


def test_a_longer_sequence_begins_with_the_shorter() -> None:
    assert sample_sequence(1, "track", 2, 9)[:4] == sample_sequence(1, "track", 2, 4)


@pytest.mark.parametrize("index", range(6))
def test_motion_is_smooth_and_identities_stay(index: int) -> None:
    frames = sample_sequence(1, "motion", index, 31)
    assert len({frame.noise for frame in frames}) == len(frames)
    moved = 0.0
    for before, after in pairwise(frames):
        assert abs(after.horizon - before.horizon) < 0.002
        assert abs(after.vanishing - before.vanishing) < 0.002
        earlier = {thing.identity: thing for thing in before.things}
        for thing in after.things:
            then = earlier[thing.identity]  # nothing appears
            assert (then.kind, then.look, then.yaw) == (thing.kind, thing.look, thing.yaw)
            step = float(np.hypot(thing.x - then.x, thing.z - then.z))
            assert step <= LONGEST_STEP_M + 1e-9
            assert step <= 0.1 * thing.speed + 1e-9
            moved += step
    assert moved > 1


def test_nothing_walks_through_walls_or_into_the_camera() -> None:
    for index in range(20):
        for frame in sample_sequence(1, "walls", index, 60)[::10]:
            for thing in frame.things:
                if thing.kind not in ("person", "cyclist"):
                    continue
                side = thing.x > frame.road_middle
                wall = frame.road + frame.sidewalk + frame.walls[side]
                assert abs(thing.x - frame.road_middle) < wall
                if abs(thing.x) < 1.0:
                    assert thing.z > 1.5


def test_a_thing_that_passed_the_camera_has_gone() -> None:
    frames = [sample_sequence(1, "passing", index, 40) for index in range(30)]
    gone = [
        thing
        for sequence in frames
        for thing in sequence[0].things
        if thing.identity not in {t.identity for t in sequence[-1].things}
    ]
    assert gone
    assert all(np.cos(thing.yaw) < 0 and thing.speed > 0 for thing in gone)

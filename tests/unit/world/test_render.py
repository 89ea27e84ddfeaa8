"""Rendered pairs: their truth holds together, and both cameras follow physics."""

import itertools
import warnings
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from twinband.world.classes import MFNET_CLASSES, SCENE_CLASSES, scene_id
from twinband.world.render import MFNET, Rendered, render
from twinband.world.scene import HOURS, KINDS, Scene, Thing, sample_scene, sample_sequence

SIZES = ((256, 192), (640, 480), (161, 123))
COUNT = 15


@lru_cache(maxsize=64)
def rendered(index: int, hour: str | None = None) -> Rendered:
    return render(sample_scene(5, "render", index, hour), 256, 192)


def street(hour: str, *things: Thing) -> Scene:
    """A wide street seen straight ahead, with nothing in it but these."""
    return replace(
        sample_scene(5, "street", 0, hour),
        horizon=0.45, focal=0.9, camera_height=1.6, vanishing=0.5, road=4.5, road_middle=0.0,
        guardrail=False, sun=1.0, things=things,
    )  # fmt: skip


def thing(kind: str, identity: int, x: float, z: float, yaw: float = 0.0) -> Thing:
    heights = {"car": 1.5, "cone": 0.72, "sign": 2.5, "lamp": 6.0, "tree": 6.0}
    return Thing(kind, identity, x, z, yaw, heights.get(kind, 1.75), 0.8, 1.0, 0.7, 40 + identity)


def kelvin_of(result: Rendered, mask: NDArray[np.bool_]) -> float:
    return float(result.thermal_raw[mask].mean()) / 100


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_types_shapes_and_ranges(width: int, height: int) -> None:
    result = render(sample_scene(5, "sizes", 3), width, height)
    expected = {
        "rgb": np.uint8, "thermal": np.uint8, "thermal_raw": np.uint16, "depth": np.float32,
        "semantics": np.uint8, "scene_semantics": np.uint8, "instances": np.uint16,
        "saliency": np.uint8,
    }  # fmt: skip
    for name, dtype in expected.items():
        array = getattr(result, name)
        assert array.dtype == dtype, name
        assert array.shape == ((height, width, 3) if name == "rgb" else (height, width)), name
    assert np.all(np.isfinite(result.depth))
    assert 0 <= result.depth.min() < result.depth.max() <= 200
    assert result.semantics.max() < len(MFNET_CLASSES)
    assert result.scene_semantics.max() < len(SCENE_CLASSES)
    assert result.thermal.std() > 5
    assert result.rgb.std() > 5


def test_equal_scenes_give_equal_arrays() -> None:
    again = render(sample_scene(5, "render", 2), 256, 192)
    for name in ("rgb", "thermal_raw", "depth", "instances"):
        assert np.array_equal(getattr(again, name), getattr(rendered(2), name))
    assert again.boxes == rendered(2).boxes


@pytest.mark.parametrize("index", range(COUNT))
def test_boxes_are_the_extent_and_the_area_of_visible_pixels(index: int) -> None:
    result = rendered(index)
    assert {box.instance for box in result.boxes} == set(np.unique(result.instances)) - {0}
    for box in result.boxes:
        rows, columns = np.nonzero(result.instances == box.instance)
        extent = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert box.xyxy == extent
        assert box.area == len(rows)
        assert 0 <= box.occlusion <= 1


@pytest.mark.parametrize("index", range(COUNT))
def test_instances_and_both_class_maps_agree(index: int) -> None:
    result = rendered(index)
    for box in result.boxes:
        name = "pole" if box.name == "sign" else box.name
        mask = result.instances == box.instance
        assert np.all(result.scene_semantics[mask] == scene_id(name))
        assert np.unique(result.depth[mask]).size == 1
    for name, mfnet in (("person", "person"), ("car", "car"), ("bicycle", "bike")):
        here = result.scene_semantics == scene_id(name)
        assert np.all((result.instances > 0)[here])
        assert np.array_equal(here, result.semantics == MFNET_CLASSES.index(mfnet))
    assert np.array_equal(result.semantics, MFNET[result.scene_semantics])
    assert np.array_equal(result.depth == 0, result.scene_semantics == scene_id("sky"))


@pytest.mark.parametrize("index", range(COUNT))
def test_saliency_is_one_instance(index: int) -> None:
    result = rendered(index)
    assert set(np.unique(result.saliency)) <= {0, 255}
    chosen = np.unique(result.instances[result.saliency == 255])
    assert len(chosen) == 1
    assert np.array_equal(result.saliency == 255, result.instances == chosen[0])


def test_a_near_car_hides_a_far_person() -> None:
    person, car = thing("person", 1, 0.4, 12.0), thing("car", 2, 0.9, 7.0, np.pi / 2)
    alone = {box.instance: box for box in render(street("day", person), 256, 192).boxes}[1]
    result = render(street("day", person, car), 256, 192)
    boxes = {box.instance: box for box in result.boxes}
    assert alone.occlusion < 0.1
    assert boxes[2].occlusion < 0.05
    assert boxes[1].occlusion == pytest.approx(1 - boxes[1].area / alone.area, abs=0.12)
    assert boxes[1].occlusion > 0.3
    both = np.zeros_like(result.instances, bool)
    x1, y1, x2, y2 = (int(value) for value in boxes[2].xyxy)
    both[y1:y2, x1:x2] = True
    was_person = render(street("day", person), 256, 192).instances == 1
    contested = was_person & both & (result.instances > 0)
    assert np.count_nonzero(result.instances[contested] == 2) > 10
    assert result.depth[result.instances == 2].max() < result.depth[result.instances == 1].min()


def test_order_of_the_things_given_does_not_matter() -> None:
    things = thing("person", 1, 0.4, 12.0), thing("car", 2, 0.9, 7.0), thing("cone", 3, -1.0, 5.0)
    first = render(street("dusk", *things), 160, 120)
    for order in itertools.permutations(things):
        assert np.array_equal(render(street("dusk", *order), 160, 120).instances, first.instances)


@pytest.mark.parametrize("hour", HOURS)
def test_ground_recedes_towards_the_horizon(hour: str) -> None:
    result = render(street(hour), 256, 192)
    column = result.depth[:, 128]
    road = np.isin(result.scene_semantics[:, 128], [scene_id("road"), scene_id("marking")])
    depths = column[road]
    assert len(depths) > 80
    assert np.all(np.diff(depths) < 0)  # from the horizon down
    assert depths[-1] < 4
    assert depths[0] > 40
    row = np.flatnonzero(road)[-1]
    expected = 0.9 * 256 * 1.6 / (row - 0.45 * 192)
    assert depths[-1] == pytest.approx(expected, rel=0.01)


def test_walls_recede_towards_the_vanishing_point() -> None:
    result = render(street("day"), 256, 192)
    row = int(0.42 * 192)
    columns = np.flatnonzero(result.scene_semantics[row, :100] == scene_id("building"))
    depth = result.depth[row, columns]
    assert depth[-10:].mean() > 2 * depth[:10].mean()


@pytest.mark.parametrize("hour", HOURS)
def test_a_scene_without_things(hour: str) -> None:
    result = render(street(hour), 161, 123)
    assert result.boxes == ()
    assert not result.instances.any()
    assert not result.saliency.any()
    assert result.rgb.any()
    assert result.thermal.any()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_at_every_hour_without_a_warning(kind: str) -> None:
    for hour in HOURS:
        for x, z, yaw in ((0.5, 8.0, 0.4), (1.6, 2.5, 2.0), (-1.2, 2.5, np.pi), (0.0, 40.0, 0.0)):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                result = render(street(hour, thing(kind, 1, x, z, yaw)), 128, 96)
            assert np.all(np.isfinite(result.depth))
            for box in result.boxes:
                x1, y1, x2, y2 = box.xyxy
                assert 0 <= x1 < x2 <= 128
                assert 0 <= y1 < y2 <= 96
                assert 0 <= box.occlusion <= 1


def test_a_thing_partly_outside_is_cut_at_the_border() -> None:
    result = render(street("day", thing("car", 1, 1.7, 2.5, np.pi)), 256, 192)
    (box,) = result.boxes
    assert box.xyxy[2] == 256
    assert box.xyxy[3] == 192
    assert box.area > 3000


def test_a_thing_outside_leaves_no_trace() -> None:
    outside = render(street("night", thing("person", 1, 40.0, 6.0)), 128, 96)
    assert outside.boxes == ()


@pytest.mark.parametrize("yaw", np.linspace(0, 2 * np.pi, 8, endpoint=False).tolist())
def test_a_turned_car_is_one_piece_as_large_as_it_should_be(yaw: float) -> None:
    result = render(street("day", thing("car", 1, 0.0, 9.0, yaw)), 256, 192)
    (box,) = result.boxes
    scale = 0.9 * 256 / 9.0
    across = 4.25 * abs(np.sin(yaw)) + 1.8 * abs(np.cos(yaw))
    assert box.xyxy[2] - box.xyxy[0] == pytest.approx(across * scale, rel=0.35)
    assert box.xyxy[3] - box.xyxy[1] == pytest.approx(1.5 * scale, rel=0.4)
    x1, y1, x2, y2 = (int(value) for value in box.xyxy)
    filled = (result.instances[y1:y2, x1:x2] == 1).mean()
    assert filled > 0.6


def test_a_cyclist_is_two_instances_of_two_classes() -> None:
    result = render(street("day", thing("cyclist", 1, 0.0, 6.0, np.pi / 2)), 256, 192)
    assert [box.name for box in result.boxes] == ["person", "bicycle"]


def test_by_night_people_are_warmer_than_the_road() -> None:
    people = [thing("person", i, x, 7.0, 0.5) for i, x in enumerate((-2.0, 0.0, 2.0), start=1)]
    result = render(street("night", *people), 256, 192)
    person, road = (result.scene_semantics == scene_id(name) for name in ("person", "road"))
    assert kelvin_of(result, person) > kelvin_of(result, road) + 5
    assert result.thermal[person].mean() > result.thermal[road].mean() + 60


def test_at_crossover_people_and_road_meet() -> None:
    differences = []
    for index in range(12):
        result = rendered(index, "crossover")
        person, road = (result.scene_semantics == scene_id(name) for name in ("person", "road"))
        if person.sum() > 100:
            differences.append(kelvin_of(result, person) - kelvin_of(result, road))
    assert len(differences) >= 6
    assert abs(np.mean(differences)) < 1.5


def test_radiometric_form_is_in_hundredths_of_a_kelvin() -> None:
    for hour in HOURS:
        raw = rendered(3, hour).thermal_raw
        assert 240 < np.percentile(raw, 1) / 100 < np.percentile(raw, 99) / 100 < 330
    day = rendered(3, "day")
    assert kelvin_of(day, day.scene_semantics == scene_id("road")) == pytest.approx(295, abs=3)


def test_gain_control_keeps_the_order_of_temperatures() -> None:
    result = rendered(4, "night")
    order = np.argsort(result.thermal_raw, axis=None)
    assert np.all(np.diff(result.thermal.ravel()[order].astype(int)) >= -1)


def test_a_driven_car_is_warmer_than_a_parked_one() -> None:
    car = thing("car", 1, 0.0, 8.0, np.pi)
    means = []
    for speed in (8.0, 0.0):
        result = render(street("night", replace(car, speed=speed)), 256, 192)
        means.append(kelvin_of(result, result.instances == 1))
    assert means[0] > means[1] + 2


def test_night_is_dark_for_rgb_and_not_for_thermal() -> None:
    rgb = {h: np.mean([rendered(i, h).rgb.mean() for i in range(5)]) for h in ("day", "night")}
    assert rgb["night"] < 0.5 * rgb["day"]
    thermal = [rendered(i, "night").thermal.mean() for i in range(5)]
    assert np.mean(thermal) > 40


def test_fog_takes_contrast_with_distance() -> None:
    """Spread of the grey levels of facades and ground in bins of depth, fog over day."""
    ratios = []
    for near, far in ((4, 8), (12, 20), (30, 60)):
        spread: dict[str, list[float]] = {"day": [], "fog": []}
        for index, hour in itertools.product(range(8), spread):
            result = rendered(index, hour)
            inside = (result.depth > near) & (result.depth < far) & (result.instances == 0)
            spread[hour].append(float(result.rgb.mean(axis=2)[inside].std()))
        ratios.append(np.mean(spread["fog"]) / np.mean(spread["day"]))
    assert ratios[0] > 1.3 * ratios[1] > 1.3**2 * ratios[2]
    assert ratios[2] < 0.25


def test_in_fog_thermal_sees_people_farther_than_rgb() -> None:
    """How much a person changes the picture where it stands, at 24 m over at 6 m."""
    empty = render(street("fog"), 256, 192)
    change: dict[str, list[float]] = {"rgb": [], "thermal_raw": []}
    for z in (6.0, 24.0):
        result = render(street("fog", thing("person", 1, 0.3, z)), 256, 192)
        for form, contrasts in change.items():
            difference = getattr(result, form).astype(float) - getattr(empty, form)
            contrasts.append(float(np.abs(difference[result.instances == 1].mean())))
    kept = {form: far / near for form, (near, far) in change.items()}
    assert kept["rgb"] < 0.5
    assert kept["thermal_raw"] > 1.5 * kept["rgb"]


def test_frames_of_a_sequence_differ_in_noise_and_keep_instances() -> None:
    frames = [render(scene, 160, 120) for scene in sample_sequence(5, "frames", 1, 3)]
    assert not np.array_equal(frames[0].thermal_raw, frames[1].thermal_raw)
    for before, after in itertools.pairwise(frames):
        kept = {b.instance: b for b in before.boxes}
        shared = [(kept[b.instance], b) for b in after.boxes if b.instance in kept]
        assert len(shared) >= 2
        for old, new in shared:
            assert old.name == new.name
            if old.area > 60:
                a, b = np.array(old.xyxy), np.array(new.xyxy)
                assert np.abs((a[:2] + a[2:]) - (b[:2] + b[2:])).max() / 2 < 25


def test_frame_0_of_a_sequence_looks_like_its_scene_but_for_noise() -> None:
    scene, first = sample_scene(5, "frames", 1), sample_sequence(5, "frames", 1, 2)[0]
    steady = replace(first, horizon=scene.horizon, vanishing=scene.vanishing, noise=first.noise + 9)
    a, b = render(scene, 160, 120), render(steady, 160, 120)
    assert np.array_equal(a.instances, b.instances)
    assert np.array_equal(a.depth, b.depth)
    difference = a.thermal_raw.astype(float) - b.thermal_raw
    assert 0 < difference.std() / 100 < 0.2  # kelvin; the camera's noise, twice

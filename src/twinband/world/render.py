"""The renderer: a scene's images and their full truth."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from twinband.world.cameras import gain_control, render_kelvin, render_rgb, to_centikelvin
from twinband.world.canvas import Canvas, View
from twinband.world.classes import SCENE_CLASSES, mfnet_id, scene_id
from twinband.world.climate import CLIMATES, Climate
from twinband.world.furniture import (
    guardrail_segments,
    paint_cone,
    paint_guardrail,
    paint_lamp,
    paint_sign,
    paint_tree,
)
from twinband.world.ground import geometry_of, paint_backdrop, shadow_mask
from twinband.world.people import paint_bicycle, paint_cyclist, paint_person
from twinband.world.scene import Scene, Thing
from twinband.world.vehicles import paint_car

cv2.setNumThreads(1)
NAMES = {"pole": "sign"}  # the surfaces of a sign are poles, its box is a sign
MFNET = np.array([mfnet_id(name) for name in SCENE_CLASSES], np.uint8)


@dataclass(frozen=True, slots=True)
class Box:
    """A visible object.

    Attributes:
        instance: its id in the instance map.
        name: ``person``, ``car``, ``bicycle``, ``cone`` or ``sign``.
        xyxy: extent of its visible pixels, 0-based, half-open.
        occlusion: share of it that nearer objects hide, in [0, 1].
        area: visible pixels.
    """

    instance: int
    name: str
    xyxy: tuple[float, float, float, float]
    occlusion: float
    area: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """The images of a scene on one grid, and their truth.

    Attributes:
        rgb: ``H,W,3`` uint8.
        thermal: ``H,W`` uint8 after gain control.
        thermal_raw: ``H,W`` uint16, hundredths of a kelvin.
        depth: ``H,W`` float32 metres, 0 for the sky.
        semantics: ``H,W`` uint8, MFNet's ids.
        scene_semantics: ``H,W`` uint8, ids of ``SCENE_CLASSES``.
        instances: ``H,W`` uint16, 0 for none.
        boxes: visible objects by instance id.
        saliency: ``H,W`` uint8, 255 on the most conspicuous object.
        hour: the scene's.
    """

    rgb: NDArray[np.uint8]
    thermal: NDArray[np.uint8]
    thermal_raw: NDArray[np.uint16]
    depth: NDArray[np.float32]
    semantics: NDArray[np.uint8]
    scene_semantics: NDArray[np.uint8]
    instances: NDArray[np.uint16]
    boxes: tuple[Box, ...]
    saliency: NDArray[np.uint8]
    hour: str


def render(scene: Scene, width: int, height: int) -> Rendered:
    """Render a scene at ``width`` x ``height`` pixels; equal scenes give equal arrays."""
    climate = CLIMATES[scene.hour]
    view = View(
        width=width,
        height=height,
        focal_px=scene.focal * width,
        centre_px=scene.vanishing * width,
        horizon_px=scene.horizon * height,
        camera_height=scene.camera_height,
    )
    canvas = Canvas(view)
    paint_backdrop(canvas, scene, climate)
    _paint_things(canvas, scene, climate)
    geometry = geometry_of(canvas, scene)
    shadow = shadow_mask(canvas, scene, sunny=climate.sun[0] > 0.3)
    kelvin = render_kelvin(canvas, scene, climate, geometry, shadow)
    surfaces = canvas.surfaces
    classes = np.array([scene_id(s.scene_class) for s in surfaces], np.uint8)[geometry.surface]
    instances = np.array([s.identity for s in surfaces], np.uint16)[geometry.surface]
    boxes = _boxes(canvas, instances)
    return Rendered(
        rgb=render_rgb(canvas, scene, climate, geometry, shadow),
        thermal=gain_control(kelvin),
        thermal_raw=to_centikelvin(kelvin),
        depth=geometry.depth,
        semantics=MFNET[classes],
        scene_semantics=classes,
        instances=instances,
        boxes=boxes,
        saliency=_saliency(instances, boxes),
        hour=scene.hour,
    )


def _paint_things(canvas: Canvas, scene: Scene, climate: Climate) -> None:
    """Paint from far to near, segments of the guardrail among the things."""
    things: list[tuple[float, Thing | tuple[float, float]]] = [(t.z, t) for t in scene.things]
    things += [((ends[0] + ends[1]) / 2, ends) for ends in guardrail_segments(scene)]
    for _, thing in sorted(things, key=lambda item: -item[0]):
        if not isinstance(thing, Thing):
            paint_guardrail(canvas, scene, thing, climate)
        elif thing.kind == "parked_bicycle":
            paint_bicycle(canvas, thing, climate, thing.identity)
        else:
            paint = {
                "person": paint_person, "cyclist": paint_cyclist, "car": paint_car,
                "cone": paint_cone, "sign": paint_sign, "lamp": paint_lamp, "tree": paint_tree,
            }[thing.kind]  # fmt: skip
            paint(canvas, thing, climate)


def _boxes(canvas: Canvas, instances: NDArray[np.uint16]) -> tuple[Box, ...]:
    name_of = {s.identity: s.scene_class for s in canvas.surfaces if s.identity}
    areas = np.bincount(instances.ravel())
    boxes = []
    for identity, place in enumerate(ndimage.find_objects(instances.astype(np.int32)), start=1):
        if place is None:
            continue
        rows, columns = place
        area = int(areas[identity])
        full_area = max(canvas.full_area.get(identity, area), area)
        name = name_of[identity]
        boxes.append(
            Box(
                instance=identity,
                name=NAMES.get(name, name),
                xyxy=(
                    float(columns.start),
                    float(rows.start),
                    float(columns.stop),
                    float(rows.stop),
                ),
                occlusion=round(1 - area / full_area, 4),
                area=area,
            )
        )
    return tuple(boxes)


def _saliency(instances: NDArray[np.uint16], boxes: tuple[Box, ...]) -> NDArray[np.uint8]:
    """Mark the object that draws the eye: large, near the middle, little hidden; signs do not
    count."""
    height, width = instances.shape
    best, score = 0, 0.0
    for box in boxes:
        if box.name == "sign":
            continue
        x = (box.xyxy[0] + box.xyxy[2]) / 2 / width - 0.5
        y = (box.xyxy[1] + box.xyxy[3]) / 2 / height - 0.5
        value = float(np.sqrt(box.area)) * (1 - box.occlusion) * float(np.exp(-3 * (x * x + y * y)))
        if value > score:
            best, score = box.instance, value
    return np.where((instances == best) & (best > 0), 255, 0).astype(np.uint8)

"""People on foot and on bicycles, as jointed figures in three dimensions."""

import numpy as np

from twinband.world.canvas import Canvas, LocalFrame, Metres, Surface
from twinband.world.climate import SKIN_KELVIN, Climate, Colour
from twinband.world.scene import Thing, generator_of

SKINS = ((0.80, 0.60, 0.48), (0.66, 0.46, 0.34), (0.45, 0.30, 0.21), (0.30, 0.19, 0.13))
HAIRS = ((0.06, 0.05, 0.05), (0.20, 0.12, 0.07), (0.38, 0.28, 0.16), (0.45, 0.44, 0.43))
COATS = (
    (0.10, 0.11, 0.14), (0.13, 0.17, 0.30), (0.34, 0.09, 0.09), (0.62, 0.60, 0.56),
    (0.20, 0.28, 0.18), (0.70, 0.52, 0.16), (0.30, 0.30, 0.33), (0.16, 0.34, 0.42),
)  # fmt: skip
TROUSERS = ((0.10, 0.12, 0.20), (0.09, 0.09, 0.10), (0.30, 0.27, 0.22), (0.20, 0.24, 0.32))
BICYCLE_OFFSET = 1000  # a cyclist's bicycle is an instance of its own


class Wardrobe:
    """The surfaces of one person."""

    def __init__(self, canvas: Canvas, thing: Thing, climate: Climate) -> None:
        rng = generator_of("person", thing.look)
        skin = SKINS[rng.integers(len(SKINS))]
        hair = HAIRS[rng.integers(len(HAIRS))]
        coat = COATS[rng.integers(len(COATS))]
        trousers = TROUSERS[rng.integers(len(TROUSERS))]
        warm = climate.clothes * (0.75 + 0.5 * thing.warmth)
        self.bag = bool(rng.random() < 0.35)

        def cloth(colour: Colour, share: float, shade: float) -> int:
            kelvin = climate.air + share * (SKIN_KELVIN - climate.air)
            return canvas.add(
                Surface(
                    colour,
                    kelvin,
                    0.95,
                    "person",
                    thing.identity,
                    thing.z,
                    shade,
                    grain=0.10,
                    roughness=0.55,
                )
            )

        dark = tuple(0.62 * c for c in coat)
        self.first = cloth(skin, 1.0, 0.85)
        self.skin = self.first
        self.hair = cloth(hair, 0.62 * min(1.0, warm + 0.25), 0.8)
        self.coat = cloth(coat, min(warm, 0.95), 0.8)
        self.sleeve = cloth((dark[0], dark[1], dark[2]), min(0.9 * warm, 0.95), 0.55)
        self.trousers = cloth(trousers, min(0.85 * warm, 0.95), 0.65)
        back = tuple(0.6 * c for c in trousers)
        self.far_leg = cloth((back[0], back[1], back[2]), min(0.8 * warm, 0.95), 0.4)
        self.shoes = cloth((0.05, 0.05, 0.06), 0.25, 0.4)
        self.pack = cloth(COATS[rng.integers(len(COATS))], 0.3 * warm, 0.7)


def paint_person(canvas: Canvas, thing: Thing, climate: Climate) -> None:
    """Paint somebody walking."""
    frame, wear = LocalFrame.of(canvas, thing), Wardrobe(canvas, thing, climate)
    h, swing = thing.height, float(np.sin(thing.phase))
    lift = abs(float(np.cos(thing.phase)))
    hip, knee, ankle = 0.52 * h, 0.285 * h, 0.045 * h
    bob = 0.012 * h * lift

    def leg(side: float, way: float) -> tuple[Metres, Metres, Metres]:
        stride = 0.25 * h * way
        bend = 0.07 * h * max(-way, 0) + 0.02 * h
        return (
            (0.0, side * 0.055 * h, hip + bob),
            (0.45 * stride + bend, side * 0.06 * h, knee + bob),
            (stride - 0.4 * bend, side * 0.06 * h, ankle + 0.05 * h * max(-way, 0) * lift),
        )

    def arm(side: float, way: float) -> tuple[Metres, Metres, Metres]:
        return (
            (0.0, side * 0.108 * h, 0.80 * h + bob),
            (0.09 * h * way, side * 0.132 * h, 0.62 * h + bob),
            (0.17 * h * way + 0.04 * h, side * 0.125 * h, 0.48 * h + bob + 0.03 * h * abs(way)),
        )

    near = 1.0 if frame.shows((0.0, 1.0, 0.0)) else -1.0
    for side, limb_surface, arm_surface in (
        (-near, wear.far_leg, wear.sleeve), (near, wear.trousers, wear.coat),
    ):  # fmt: skip
        way = swing * side
        hip_joint, knee_joint, foot = leg(side, way)
        frame.limb([hip_joint, knee_joint], limb_surface, 0.085 * h)
        frame.limb([knee_joint, foot], limb_surface, 0.062 * h)
        frame.limb(
            [foot, (foot[0] + 0.09 * h, foot[1], foot[2] - 0.015 * h)], wear.shoes, 0.045 * h
        )
        if side == near:
            _torso(frame, wear, h, bob)
        shoulder, elbow, hand = arm(side, -way)
        frame.limb([shoulder, elbow], arm_surface, 0.058 * h)
        frame.limb([elbow, hand], arm_surface, 0.048 * h)
        frame.ball(hand, (0.021 * h, 0.026 * h), wear.skin)
    canvas.note_area(thing.identity, wear.first)


def paint_bicycle(canvas: Canvas, thing: Thing, climate: Climate, identity: int) -> None:
    """Paint a bicycle: two wheels, frame, handlebar and saddle."""
    frame = LocalFrame.of(canvas, thing)
    rng = generator_of("bicycle", thing.look)
    colour = COATS[rng.integers(len(COATS))]

    def metal(rgb: Colour, kelvin: float, emissivity: float) -> int:
        return canvas.add(
            Surface(rgb, kelvin, emissivity, "bicycle", identity, thing.z, 0.8, grain=0.05)
        )

    tyre = metal((0.05, 0.05, 0.05), climate.air + 0.6 * thing.warmth * climate.clothes * 6, 0.94)
    tube = metal(colour, climate.metal, 0.70)
    saddle = metal((0.04, 0.04, 0.04), climate.air + 4 * climate.clothes, 0.93)
    for centre in (-0.52, 0.52):
        frame.disc((centre, 0.0, 0.34), 0.33, tyre, ring_m=0.055)
        for turn in range(3):
            angle = thing.phase + turn * np.pi / 3
            along, up = 0.3 * float(np.cos(angle)), 0.3 * float(np.sin(angle))
            spoke = [(centre - along, 0.0, 0.34 - up), (centre + along, 0.0, 0.34 + up)]
            frame.limb(spoke, tube, 0.012)
    crank, seat, head = (-0.08, 0.0, 0.30), (-0.20, 0.0, 0.82), (0.36, 0.0, 0.80)
    frame.limb([(-0.52, 0, 0.34), crank, seat, (-0.52, 0, 0.34)], tube, 0.045)
    frame.limb([crank, head, seat], tube, 0.05)
    frame.limb([(0.52, 0, 0.34), head, (0.33, 0, 0.98)], tube, 0.05)
    frame.limb([(0.40, -0.24, 1.0), (0.34, 0, 0.98), (0.40, 0.24, 1.0)], tube, 0.04)
    frame.limb([(-0.32, 0, 0.90), (-0.10, 0, 0.90)], saddle, 0.085)
    canvas.note_area(identity, tyre)


def paint_cyclist(canvas: Canvas, thing: Thing, climate: Climate) -> None:
    """Paint a rider on a bicycle; two instances."""
    paint_bicycle(canvas, thing, climate, thing.identity + BICYCLE_OFFSET)
    frame, wear = LocalFrame.of(canvas, thing), Wardrobe(canvas, thing, climate)
    near = 1.0 if frame.shows((0.0, 1.0, 0.0)) else -1.0
    for side, legs, arms in (
        (-near, wear.far_leg, wear.sleeve), (near, wear.trousers, wear.coat),
    ):  # fmt: skip
        turn = thing.phase + (np.pi if side < 0 else 0)
        pedal = (-0.08 + 0.16 * float(np.cos(turn)), side * 0.13, 0.30 + 0.16 * float(np.sin(turn)))
        hip, knee = (-0.2, side * 0.1, 0.95), (0.18, side * 0.12, 0.62 + 0.5 * (pedal[2] - 0.30))
        if side == near:
            frame.limb([(-0.2, 0, 0.98), (0.02, 0, 1.25), (0.10, 0, 1.42)], wear.coat, 0.30)
            frame.limb([(0.10, 0, 1.42), (0.15, 0, 1.52)], wear.skin, 0.10)
            _head(frame, wear, (0.20, 0.0, 1.60), 1.72)
        frame.limb([hip, knee], legs, 0.15)
        frame.limb([knee, pedal], legs, 0.11)
        frame.limb([pedal, (pedal[0] + 0.14, pedal[1], pedal[2])], wear.shoes, 0.08)
        frame.limb([(0.08, side * 0.2, 1.38), (0.24, side * 0.24, 1.15), (0.38, side * 0.23, 1.02)],
                   arms, 0.095)  # fmt: skip
    canvas.note_area(thing.identity, wear.first)


def _torso(frame: LocalFrame, wear: Wardrobe, h: float, bob: float) -> None:
    across = abs(float(frame.right[0]))
    half = 0.060 * h + 0.032 * h * across
    back = frame.shows((-1.0, 0.0, 0.0))
    if wear.bag and not back:
        _pack(frame, wear, h, bob, half)
    centre, scale = frame.canvas.view, frame.pixels_a_metre
    middle = centre.project(frame.world(np.array([[0.0, 0.0, 0.0]])))[0]
    outline = [
        (-0.92, 0.47), (-0.95, 0.58), (-0.98, 0.70), (-1.18, 0.785), (-0.90, 0.815), (-0.3, 0.84),
        (0.3, 0.84), (0.90, 0.815), (1.18, 0.785), (0.98, 0.70), (0.95, 0.58), (0.92, 0.47),
    ]  # fmt: skip
    points = [(middle[0] + x * half * scale, middle[1] - (y * h + bob) * scale) for x, y in outline]
    frame.canvas.polygon(np.asarray(points), wear.coat)
    frame.limb([(0, 0, 0.83 * h + bob), (0.01 * h, 0, 0.88 * h + bob)], wear.skin, 0.05 * h)
    if wear.bag and back:
        _pack(frame, wear, h, bob, half)
    _head(frame, wear, (0.015 * h, 0.0, 0.932 * h + bob), h)


def _pack(frame: LocalFrame, wear: Wardrobe, h: float, bob: float, half: float) -> None:
    frame.ball((-0.10 * h, 0.0, 0.70 * h + bob), (half * 0.85, 0.11 * h), wear.pack)


def _head(frame: LocalFrame, wear: Wardrobe, centre: Metres, h: float) -> None:
    frame.ball(centre, (0.046 * h, 0.064 * h), wear.skin)
    behind = not frame.shows((1.0, 0.0, 0.0))
    if behind and abs(float(frame.ahead[2])) > 0.6:
        frame.ball((centre[0], centre[1], centre[2] + 0.006 * h), (0.05 * h, 0.064 * h), wear.hair)
    else:
        top = (centre[0] - 0.012 * h, centre[1], centre[2] + 0.030 * h)
        frame.ball(top, (0.05 * h, 0.040 * h), wear.hair)

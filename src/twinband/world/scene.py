"""Scenes of a street as plain descriptions, drawn from a seed.

Metres: X to the right, Y up, Z ahead; the camera stands at X = 0, Z = 0.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

PASSED_M = {"car": -2.0}  # nearer than this, 1 m for all others, a thing has left the view
HOURS = ("day", "crossover", "dusk", "night", "fog")
KINDS = ("person", "cyclist", "car", "parked_bicycle", "cone", "sign", "lamp", "tree")


@dataclass(frozen=True, slots=True)
class Thing:
    """One object.

    Attributes:
        kind: one of ``KINDS``.
        identity: instance id, 1 or more, stable over a sequence.
        x, z: foot point in metres; ``z`` ahead of the camera.
        yaw: heading in radians; 0 looks away from the camera, pi / 2 to the right.
        height: metres.
        phase: of walking or pedalling, in radians.
        speed: metres a second along the heading.
        warmth: share of its own heat that it shows, 0 to 1 (a driven car's engine, thin clothes).
        look: seeds its colours and details.
    """

    kind: str
    identity: int
    x: float
    z: float
    yaw: float
    height: float
    phase: float
    speed: float
    warmth: float
    look: int


@dataclass(frozen=True, slots=True)
class Scene:
    """A street, its hour and its things.

    Attributes:
        hour: one of ``HOURS``.
        look: seeds the backdrop's details (facades, trees' leaves, clouds).
        noise: seeds the sensors' noise; differs from frame to frame.
        horizon: height of the horizon as a share of the image, from above.
        focal: focal length as a share of the image's width.
        camera_height: metres.
        vanishing: place of the street's vanishing point, as a share of the image's width.
        road: half the road's width in metres; its middle is at ``road_middle``.
        walls: distance of the facades beyond the sidewalk on the left and the right, metres.
        sun: direction the light comes from, radians from ahead to the right.
    """

    hour: str
    look: int
    noise: int
    horizon: float
    focal: float
    camera_height: float
    vanishing: float
    road: float
    road_middle: float
    sidewalk: float
    walls: tuple[float, float]
    guardrail: bool
    sun: float
    things: tuple[Thing, ...]


def generator_of(*words: str | int) -> np.random.Generator:
    """Seed a generator by words and numbers, the same in every process."""
    digest = hashlib.sha256("\0".join(str(word) for word in words).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def sample_scene(seed: int, name: str, index: int, hour: str | None = None) -> Scene:
    """Draw scene number ``index`` of the dataset ``name``; hours take turns unless one is given."""
    rng = generator_of("scene", seed, name, index)
    chosen = hour or HOURS[index % len(HOURS)]
    road = float(rng.uniform(3.2, 5.2))
    sidewalk = float(rng.uniform(2.0, 3.5))
    street = Scene(
        hour=chosen,
        look=int(rng.integers(1 << 31)),
        noise=int(rng.integers(1 << 31)),
        horizon=float(rng.uniform(0.40, 0.50)),
        focal=float(rng.uniform(0.86, 1.02)),
        camera_height=float(rng.uniform(1.4, 1.9)),
        vanishing=float(rng.uniform(0.35, 0.65)),
        road=road,
        road_middle=float(rng.uniform(-1.5, 1.5)),
        sidewalk=sidewalk,
        walls=(float(rng.uniform(0.2, 5.0)), float(rng.uniform(0.2, 5.0))),
        guardrail=bool(rng.random() < 0.35),
        sun=float(rng.uniform(0, 2 * np.pi)),
        things=(),
    )
    return replace(street, things=tuple(_things(rng, street)))


def sample_sequence(
    seed: int, name: str, index: int, frames: int, hour: str | None = None
) -> list[Scene]:
    """Draw ``frames`` scenes a tenth of a second apart.

    Things move along their headings as far as there is room, the camera sways, identities stay.
    """
    start = sample_scene(seed, name, index, hour)
    rng = generator_of("sequence", seed, name, index)
    sway = rng.uniform(0, 2 * np.pi, 2)
    scenes = []
    for frame in range(frames):
        time = 0.1 * frame
        scenes.append(
            replace(
                start,
                noise=start.noise + frame,
                horizon=start.horizon + 0.006 * float(np.sin(1.7 * time + sway[0])),
                vanishing=start.vanishing + 0.012 * float(np.sin(0.9 * time + sway[1])),
                things=tuple(
                    moved
                    for moved in (_moved(thing, start, time) for thing in start.things)
                    if moved.z > PASSED_M.get(moved.kind, 1.0)
                ),
            )
        )
    return scenes


def _things(rng: np.random.Generator, street: Scene) -> list[Thing]:
    counts = {
        "person": int(rng.integers(1, 6)),
        "cyclist": int(rng.random() < 0.6) + int(rng.random() < 0.2),
        "car": int(rng.integers(1, 5)),
        "parked_bicycle": int(rng.random() < 0.6) + int(rng.random() < 0.3),
        "cone": int(rng.integers(0, 4)) * int(rng.random() < 0.4),
        "sign": int(rng.integers(0, 3)),
        "lamp": int(rng.integers(2, 5)),
        "tree": int(rng.integers(1, 6)),
    }
    placed: list[Thing] = []
    for kind in ("car", *(k for k in KINDS if k != "car")):
        for _ in range(counts[kind]):
            thing = _place(rng, street, kind, len(placed) + 1, placed)
            if thing is not None:
                placed.append(thing)
    return placed


def _place(
    rng: np.random.Generator, street: Scene, kind: str, identity: int, others: list[Thing]
) -> Thing | None:
    """Place a thing of its kind clear of all others; None if there is no room."""
    left, right = street.road_middle - street.road, street.road_middle + street.road
    for _ in range(12):
        side = 1 if rng.random() < 0.5 else -1
        kerb = right if side > 0 else left
        yaw, speed = 0.0, 0.0
        z = float(4 + 30 * rng.random() ** 1.6)
        if kind == "car":
            z = float(7 + 38 * rng.random() ** 1.3)
            lane = street.road_middle + side * street.road * float(rng.uniform(0.4, 0.62))
            x, yaw, speed = lane, (0.0 if side > 0 else np.pi), float(rng.uniform(0, 9))
            yaw += float(rng.normal(0, 0.06))
            if rng.random() < 0.28:  # crossing, or parked across
                yaw, speed = float(side * np.pi / 2 + rng.normal(0, 0.3)), 3.0
                x = street.road_middle + float(rng.uniform(-1, 1)) * max(street.road - 2.5, 0)
        elif kind in ("person", "cyclist"):
            z = float(4 + 17 * rng.random() ** 1.5)
            on_road = rng.random() < (0.45 if kind == "person" else 0.7)
            x = (
                float(rng.uniform(left + 0.5, right - 0.5))
                if on_road
                else kerb + side * float(rng.uniform(0.4, street.sidewalk - 0.3))
            )
            yaw = float(rng.choice([0, np.pi, np.pi / 2, -np.pi / 2]) + rng.normal(0, 0.25))
            speed = float(rng.uniform(0.8, 1.6)) if kind == "person" else float(rng.uniform(2, 4))
        elif kind == "cone":
            x = float(rng.uniform(left + 0.4, right - 0.4))
            z = float(4 + 12 * rng.random())
        elif kind == "tree":
            away = street.sidewalk * 0.75 + float(rng.uniform(0, 1.5))
            x = kerb + side * min(away, street.sidewalk + street.walls[side > 0] - 0.2)
            z = float(8 + 36 * rng.random())
        else:  # along the kerb
            reach = 0.95 if kind == "parked_bicycle" else 0.35
            x = kerb + side * float(rng.uniform(reach, reach + 0.45))
            z = float(6 + 26 * rng.random())
            yaw = float(rng.choice([0, np.pi / 2]) + rng.normal(0, 0.3))
        room = {"car": 3.0, "tree": 2.0}.get(kind, 0.8)
        if all((x - o.x) ** 2 + (z - o.z) ** 2 > (room + (2.2 if o.kind == "car" else 0)) ** 2
               for o in others):  # fmt: skip
            heights = {"person": rng.normal(1.72, 0.09), "cyclist": rng.normal(1.75, 0.06)}
            heights |= {"car": rng.uniform(1.4, 1.85), "parked_bicycle": 1.05}
            heights |= {"cone": 0.72, "sign": rng.uniform(2.3, 2.8)}
            heights |= {"lamp": rng.uniform(5.0, 6.5), "tree": rng.uniform(4.5, 9.0)}
            return Thing(
                kind=kind,
                identity=identity,
                x=float(x),
                z=z,
                yaw=yaw,
                height=float(heights[kind]),
                phase=float(rng.uniform(0, 2 * np.pi)),
                speed=speed,
                warmth=float(rng.uniform(0.3, 1.0)),
                look=int(rng.integers(1 << 31)),
            )
    return None


def _moved(thing: Thing, street: Scene, time: float) -> Thing:
    pace = {"person": 4.2, "cyclist": 2.4}.get(thing.kind, 1.0)  # radians of phase a metre
    distance = min(thing.speed * time, _room(thing, street))
    return replace(
        thing,
        x=thing.x + distance * float(np.sin(thing.yaw)),
        z=thing.z + distance * float(np.cos(thing.yaw)),
        phase=thing.phase + pace * distance,
    )


def _room(thing: Thing, street: Scene) -> float:
    """Compute the metres a thing can go until the camera, a wall or, for a car, the kerb is in
    its way."""
    aside, ahead = float(np.sin(thing.yaw)), float(np.cos(thing.yaw))
    room = np.inf
    if abs(thing.x) < 1.7 and ahead < 0:
        room = (thing.z - (5.0 if thing.kind == "car" else 2.5)) / -ahead
    if thing.kind == "car":
        edge = street.road - 2.35 * abs(aside) - 0.95 * abs(ahead)
    else:
        edge = street.road + street.sidewalk + street.walls[aside > 0] - 0.4
    if aside:
        line = street.road_middle + float(np.copysign(edge, aside))
        room = min(room, (line - thing.x) / aside)
    return max(room, 0.0)

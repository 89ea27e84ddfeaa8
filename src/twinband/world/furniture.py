"""Street furniture and trees: signs, lamps, cones, guardrails."""

import numpy as np

from twinband.world.canvas import Canvas, LocalFrame, Points, Surface
from twinband.world.climate import Climate, Colour
from twinband.world.scene import Scene, Thing, generator_of

CLUMPS = 24  # of leaves at the back of a crown


def paint_sign(canvas: Canvas, thing: Thing, climate: Climate) -> None:
    """Paint a traffic sign on a pole: round, triangular or square."""
    frame, rng = LocalFrame.of(canvas, thing), generator_of("sign", thing.look)

    def part(colour: Colour, emissivity: float = 0.75) -> int:
        return canvas.add(
            Surface(
                colour, climate.metal, emissivity, "pole", thing.identity, thing.z, 0.85, grain=0.02
            )
        )

    pole = part((0.45, 0.46, 0.47))
    frame.limb([(0, 0, 0), (0, 0, thing.height)], pole, 0.09)
    centre = canvas.view.project(frame.world(np.array([[0.0, 0.0, thing.height - 0.1]])))[0]
    radius = 0.34 * frame.pixels_a_metre * max(abs(float(np.cos(thing.yaw))), 0.25)
    rim, face = (((0.70, 0.05, 0.06), (0.88, 0.88, 0.86)), ((0.85, 0.85, 0.85), (0.06, 0.2, 0.55)))[
        int(rng.integers(2))
    ]
    corners = (24, 3, 4)[int(rng.integers(3))]
    turn = {3: -np.pi / 2, 4: np.pi / 4}.get(corners, 0.0)
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + turn
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    tall = 0.34 * frame.pixels_a_metre
    for size, colour in ((1.0, rim), (0.72, face)):
        canvas.polygon(centre + ring * np.array([radius, tall]) * size, part(colour, 0.85))
    canvas.note_area(thing.identity, pole)


def paint_lamp(canvas: Canvas, thing: Thing, climate: Climate) -> None:
    """Paint a street lamp whose arm reaches over the road."""
    frame = LocalFrame.of(canvas, thing)
    pole = canvas.add(
        Surface((0.20, 0.21, 0.22), climate.metal, 0.8, "pole", 0, thing.z, 0.7, grain=0.02)
    )
    glow = (6.0, 4.6, 2.6) if climate.lamps else (0.0, 0.0, 0.0)
    warm = climate.metal + (9.0 if climate.lamps else 0.0)
    head = canvas.add(Surface((0.6, 0.6, 0.58), warm, 0.85, "pole", 0, thing.z, 0.8, glow))
    reach = -1.3 if thing.x > 0 else 1.3
    view, foot = canvas.view, frame.origin
    top = foot + np.array([0.0, thing.height, 0.0])
    end = top + np.array([reach, 0.25, 0.0])
    pixels = view.project(np.stack([foot, top, end]))
    canvas.line(pixels, pole, 0.12 * frame.pixels_a_metre)
    size = frame.pixels_a_metre
    canvas.ellipse(pixels[2], (0.32 * size, 0.10 * size), head)


def lamp_light(thing: Thing) -> tuple[float, float, float]:
    """Locate the light of a street lamp, in metres."""
    return (thing.x + (-1.3 if thing.x > 0 else 1.3), thing.height + 0.2, thing.z)


def paint_cone(canvas: Canvas, thing: Thing, climate: Climate) -> None:
    """Paint a traffic cone with two white bands."""
    frame, h = LocalFrame.of(canvas, thing), thing.height

    def part(colour: Colour) -> int:
        kelvin = climate.air + 0.5 * (climate.road - climate.air) + climate.sunlit * 0.4
        return canvas.add(
            Surface(colour, kelvin, 0.93, "cone", thing.identity, thing.z, 0.9, grain=0.03)
        )

    orange = part((0.85, 0.25, 0.05))
    view, scale = canvas.view, frame.pixels_a_metre
    foot = view.project(frame.origin[None])[0]

    def band(low: float, high: float, surface: int) -> None:
        wide, narrow = 0.17 * (1 - low) + 0.025, 0.17 * (1 - high) + 0.025
        outline = [(-wide, low), (wide, low), (narrow, high), (-narrow, high)]
        points = [(foot[0] + x * scale, foot[1] - y * h * scale) for x, y in outline]
        canvas.polygon(np.asarray(points), surface)

    canvas.ellipse(foot, (0.24 * scale, 0.06 * scale), orange)
    band(0.0, 1.0, orange)
    white = part((0.88, 0.88, 0.86))
    band(0.30, 0.48, white)
    band(0.64, 0.78, white)
    canvas.note_area(thing.identity, orange)


def paint_tree(canvas: Canvas, thing: Thing, climate: Climate) -> None:
    """Paint a trunk and a crown of many leafy lumps, darker below and behind."""
    frame, rng = LocalFrame.of(canvas, thing), generator_of("tree", thing.look)
    tint = float(rng.uniform(-0.05, 0.05))

    def part(colour: Colour, kelvin: float, shade: float, grain: float) -> int:
        return canvas.add(
            Surface(
                colour, kelvin, 0.97, "vegetation", 0, thing.z, shade, grain=grain, roughness=0.7
            )
        )

    bark = part((0.20, 0.15, 0.11), climate.air + 0.4 * (climate.wall - climate.air), 0.6, 0.15)
    frame.limb([(0, 0, 0), (0, 0.05, 0.55 * thing.height)], bark, 0.26)
    spread = 0.30 * thing.height
    view, scale = canvas.view, frame.pixels_a_metre
    middle = view.project(frame.world(np.array([[0.0, 0.0, 0.68 * thing.height]])))[0]
    for layer, (shade, light) in enumerate(((0.45, 0.62), (0.7, 0.85), (1.0, 1.1))):
        colour = ((0.13 + tint) * light, (0.24 + tint) * light, 0.08 * light)
        leaves = part(colour, climate.vegetation + 0.5 * layer * climate.sunlit / 3, shade, 0.38)
        lift = np.array([-0.05, -0.08]) * layer  # light comes from above
        for clump in _clumps(rng, CLUMPS - 4 * layer, 0.80 - 0.08 * layer):
            canvas.polygon(middle + (clump + lift) * (spread * scale), leaves)


def _clumps(rng: np.random.Generator, count: int, reach: float) -> Points:
    """Draw outlines ``count,9,2`` of clumps of leaves over a crown of radius 1."""
    corners = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    angles = rng.uniform(0, 2 * np.pi, count)
    radii = reach * np.sqrt(rng.uniform(size=count))
    size = rng.uniform(0.14, 0.30, (count, 1)) * rng.uniform(0.75, 1.2, (count, 9))
    across = (radii * np.cos(angles))[:, None] + size * np.cos(corners)
    down = (radii * np.sin(angles))[:, None] + size * np.sin(corners)
    return np.stack([across, 0.85 * down], axis=2)


def guardrail_segments(scene: Scene) -> list[tuple[float, float]]:
    """List the near and far end of each segment of the guardrail, metres ahead; empty without
    one."""
    return [(float(z), z + 3.0) for z in range(3, 42, 3)] if scene.guardrail else []


def paint_guardrail(
    canvas: Canvas, scene: Scene, ends: tuple[float, float], climate: Climate
) -> None:
    """Paint one segment of a steel rail along the right kerb, with a post at its near end."""
    steel = canvas.add(
        Surface(
            (0.52, 0.53, 0.54), climate.metal, 0.55, "guardrail", 0, sum(ends) / 2, 0.8, grain=0.04
        )
    )
    dark = canvas.add(
        Surface(
            (0.26, 0.27, 0.28), climate.metal, 0.6, "guardrail", 0, sum(ends) / 2, 0.4, grain=0.04
        )
    )
    x = scene.road_middle + scene.road + 0.25
    near, far = ends
    scale = canvas.view.focal_px / near
    post = canvas.view.project(np.array([[x, 0.0, near], [x, 0.72, near]]))
    canvas.line(post, dark, 0.10 * scale)
    for low, high, surface in ((0.42, 0.56, steel), (0.56, 0.60, dark), (0.60, 0.74, steel)):
        corners = np.array([[x, low, near], [x, low, far], [x, high, far], [x, high, near]])
        canvas.polygon(canvas.view.project(corners), surface)

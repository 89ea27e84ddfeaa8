"""Cars as two prisms with windows, wheels and lights, seen from any side."""

from collections.abc import Callable

import numpy as np

from twinband.world.canvas import Canvas, LocalFrame, Surface
from twinband.world.climate import Climate, Colour
from twinband.world.scene import Thing, generator_of

PAINTS = (
    (0.78, 0.78, 0.77), (0.07, 0.07, 0.08), (0.35, 0.37, 0.40), (0.52, 0.07, 0.08),
    (0.08, 0.16, 0.36), (0.62, 0.60, 0.52), (0.12, 0.26, 0.20), (0.70, 0.55, 0.14),
)  # fmt: skip
AXLES = 0.31  # of the length, before and behind the middle
Profile = list[tuple[float, float]]
# From a face's outward normal (ahead, up): colour, shade, and kelvin above standing metal.
Style = Callable[[tuple[float, float]], tuple[Colour, float, float]]


def paint_car(canvas: Canvas, thing: Thing, climate: Climate) -> None:
    """Paint a car."""
    Car(canvas, thing, climate).draw()


class Car:
    """One car: its outline by its make, and its surfaces by its paint and engine."""

    def __init__(self, canvas: Canvas, thing: Thing, climate: Climate) -> None:
        rng = generator_of("car", thing.look)
        self.frame, self.canvas, self.thing, self.climate = (
            LocalFrame.of(canvas, thing), canvas, thing, climate,
        )  # fmt: skip
        self.paint = PAINTS[rng.integers(len(PAINTS))]
        self.length = float(rng.uniform(3.8, 4.7))
        self.width = float(rng.uniform(1.70, 1.90))
        self.van = bool(thing.height > 1.68)
        self.warm = climate.driven * thing.warmth * (1.0 if thing.speed else 0.12)
        self.first = len(canvas.surfaces)
        self.tyre = self.surface((0.035, 0.035, 0.04), 0.5, 0.55 * self.warm, 0.95)

    def surface(
        self,
        colour: Colour,
        shade: float,
        above: float = 0.0,
        emissivity: float = 0.80,
        glow: Colour = (0.0, 0.0, 0.0),
    ) -> int:
        """Add a surface of this car, ``above`` kelvin warmer than standing metal; the sun heats
        dark colours most."""
        kelvin = self.climate.metal + above + self.climate.sunlit * shade * (0.7 - max(colour))
        return self.canvas.add(
            Surface(
                colour,
                kelvin,
                emissivity,
                "car",
                self.thing.identity,
                self.thing.z,
                shade,
                glow,
                grain=0.025,
                roughness=0.25,
            )
        )

    def draw(self) -> None:
        """Paint the car, its lower half first."""
        half = self.length / 2
        h = self.thing.height
        lower: Profile = [
            (-half, 0.26), (half, 0.24), (half, 0.40 * h), (half - 0.16, 0.52 * h),
            (0.22 * self.length, 0.60 * h), (-half + 0.25, 0.62 * h), (-half, 0.52 * h),
        ]  # fmt: skip
        front_top = 0.10 if not self.van else 0.24
        rear_foot, rear_top = (-0.44, -0.26) if not self.van else (-0.49, -0.46)
        cabin: Profile = [
            (rear_foot * self.length, 0.60 * h), (0.25 * self.length, 0.58 * h),
            (front_top * self.length, h), (rear_top * self.length, h),
        ]  # fmt: skip
        self._underside(half)
        self._prism(lower, self.width / 2, self.width / 2, self._body)
        self._prism(cabin, self.width / 2 - 0.04, self.width / 2 - 0.22, self._cabin)
        for side in (-1.0, 1.0):
            if self._shows_side(side):
                self._side_windows(cabin, side)
                self._wheels(side * (self.width / 2 + 0.01))
        self._ends(half, h)
        self.canvas.note_area(self.thing.identity, self.first)

    def _shows_side(self, side: float) -> bool:
        return self.frame.shows((0.0, side, 0.0), (0.0, side * self.width / 2, 0.5))

    def _underside(self, half: float) -> None:
        """Paint the floor and four tyres, seen below the body from any side."""
        dark = self.surface((0.03, 0.03, 0.03), 0.1, 0.25 * self.warm, 0.95)
        a, w = half - 0.3, self.width / 2 - 0.1
        self.frame.hull([(x, y, z) for x in (-a, a) for y in (-w, w) for z in (0.14, 0.35)], dark)
        angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        rim = list(zip(0.32 * np.cos(angle), 0.32 + 0.32 * np.sin(angle), strict=True))
        for side in (-1.0, 1.0):
            for along in (-AXLES * self.length, AXLES * self.length):
                edges = (side * self.width / 2, side * (self.width / 2 - 0.2))
                self.frame.hull([(along + x, y, z) for x, z in rim for y in edges], self.tyre)

    def _body(self, normal: tuple[float, float]) -> tuple[Colour, float, float]:
        ahead, up = normal
        bonnet = up > 0.5 and ahead > 0
        grille = ahead > 0.8
        above = self.warm * (0.9 if bonnet else 0.75 if grille else 0.15)
        return self.paint, 0.45 + 0.5 * max(up, 0) + 0.1 * ahead, above

    def _cabin(self, normal: tuple[float, float]) -> tuple[Colour, float, float]:
        _, up = normal
        if up > 0.95:
            return self.paint, 1.0, 0.1 * self.warm
        return (0.10, 0.13, 0.16), 0.75, 0.22 * self.warm - 1.0

    def _prism(self, profile: Profile, low: float, high: float, style: Style) -> None:
        """Extrude a profile (ahead, up) to both sides; it narrows from ``low`` to ``high``."""
        bottom, top = min(p[1] for p in profile), max(p[1] for p in profile)

        def half_width(up: float) -> float:
            return low + (high - low) * (up - bottom) / (top - bottom)

        count = len(profile)
        for i in range(count):
            (a0, u0), (a1, u1) = profile[i], profile[(i + 1) % count]
            normal = np.array([u1 - u0, -(a1 - a0)])
            normal = normal / max(float(np.hypot(*normal)), 1e-9)
            middle = ((a0 + a1) / 2, 0.0, (u0 + u1) / 2)
            if not self.frame.shows((float(normal[0]), 0.0, float(normal[1])), middle):
                continue
            if normal[1] < -0.5:
                continue
            colour, shade, above = style((float(normal[0]), float(normal[1])))
            glass = colour != self.paint
            face = self.surface(colour, shade, above, 0.88 if glass else 0.80)
            w0, w1 = half_width(u0), half_width(u1)
            self.frame.polygon([(a0, -w0, u0), (a1, -w1, u1), (a1, w1, u1), (a0, w0, u0)], face)
        for side in (-1.0, 1.0):
            if self._shows_side(side):
                face = self.surface(self.paint, 0.62 + 0.12 * side, 0.12 * self.warm)
                self.frame.polygon([(a, side * half_width(u), u) for a, u in profile], face)

    def _side_windows(self, cabin: Profile, side: float) -> None:
        glass = self.surface((0.09, 0.12, 0.15), 0.7, 0.15 * self.warm - 1.0, 0.88)
        (rear, low), (front, _), (front_top, high), (rear_top, _) = cabin
        low, high = low + 0.04, high - 0.09
        middle = (rear + front) / 2 - 0.1
        w = self.width / 2 - 0.03
        inner = w - 0.16
        self.frame.polygon(
            [(rear + 0.18, side * w, low), (middle - 0.04, side * w, low),
             (middle - 0.04, side * inner, high), (rear_top + 0.08, side * inner, high)], glass
        )  # fmt: skip
        self.frame.polygon(
            [(middle + 0.04, side * w, low), (front - 0.22, side * w, low),
             (front_top - 0.05, side * inner, high), (middle + 0.04, side * inner, high)], glass
        )  # fmt: skip

    def _wheels(self, side: float) -> None:
        rim = self.surface((0.42, 0.42, 0.44), 0.7, 0.85 * self.warm, 0.75)
        for along in (-AXLES * self.length, AXLES * self.length):
            self.frame.disc((along, side, 0.32), 0.32, self.tyre)
            self.frame.disc((along, side * 1.005, 0.32), 0.19, rim)

    def _ends(self, half: float, h: float) -> None:
        lit = self.climate.lamps and (self.thing.speed > 0 or self.thing.look % 3 == 0)
        w = self.width / 2
        for end, colour, glow in (
            (1.0, (0.85, 0.85, 0.80), (5.0, 4.8, 4.2)),
            (-1.0, (0.45, 0.04, 0.04), (1.7, 0.10, 0.06)),
        ):
            a = end * (half + 0.01)
            if not self.frame.shows((end, 0.0, 0.0), (a, 0.0, 0.5)):
                continue
            lamp = self.surface(
                colour, 0.9, 0.3 * self.warm, 0.85, glow if lit else (0.0, 0.0, 0.0)
            )
            for side in (-1.0, 1.0):
                self.frame.polygon(
                    [(a, side * (w - 0.42), 0.36 * h), (a, side * (w - 0.05), 0.36 * h),
                     (a, side * (w - 0.05), 0.46 * h), (a, side * (w - 0.42), 0.44 * h)], lamp
                )  # fmt: skip
            plate = self.surface((0.75, 0.75, 0.70), 0.8, 0.2 * self.warm, 0.9)
            corners = [(a, -0.26, 0.30), (a, 0.26, 0.30), (a, 0.26, 0.42), (a, -0.26, 0.42)]
            self.frame.polygon(corners, plate)
            if end > 0:
                grille = self.surface((0.06, 0.06, 0.07), 0.5, 0.9 * self.warm, 0.92)
                g, low, high = w - 0.48, max(0.32 * h, 0.45), 0.44 * h
                self.frame.polygon([(a, -g, low), (a, g, low), (a, g, high), (a, -g, high)], grille)

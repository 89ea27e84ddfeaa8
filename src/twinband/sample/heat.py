"""What the thermal camera sees: radiance of warm surfaces, the cold sky's reflection, sensors."""

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.sample.canvas import Canvas
from twinband.sample.climate import COLUMN_KELVIN, LEAST_SPAN_KELVIN, NETD_KELVIN, Climate
from twinband.sample.ground import Layout, Plane
from twinband.sample.scene import Scene, generator_of

TOE = np.float32(0.12)  # share of the grey levels left to what is colder than the street
COLD_SPANS = 2.5  # by how many spans colder they fall to 1/e
POINT_SPREAD = 1.0 / 256  # standard deviation as a share of the image's width


def render_kelvin(
    canvas: Canvas, scene: Scene, climate: Climate, layout: Layout, shadow: Plane
) -> Plane:
    """``H,W`` apparent temperature in kelvin, sensor included.

    A surface radiates its own emissivity's share of T^4 and mirrors its surroundings, mostly the
    cold sky, with the rest; air on the way adds its own.
    """
    own = np.array([s.kelvin for s in canvas.surfaces], np.float64)
    emissivity = np.array([s.emissivity for s in canvas.surfaces], np.float64)
    around = 0.5 * climate.sky**4 + 0.5 * climate.air**4
    radiance = ((emissivity * own**4 + (1 - emissivity) * around) ** 0.25).astype(np.float32)
    kelvin = canvas.averaged(radiance)
    rough = np.array([s.roughness for s in canvas.surfaces], np.float32)[layout.surface]
    kelvin += rough * layout.texture
    kelvin -= np.where(layout.ground, shadow * np.float32(climate.sunlit * 0.8), 0)
    kelvin += _sky_gradient(canvas, climate, layout)
    clear = np.exp(-layout.depth / np.float32(climate.thermal_sight_m))
    kelvin = np.where(layout.depth > 0, kelvin * clear + climate.air * (1 - clear), kelvin)
    width = canvas.view.width
    kelvin = cv2.GaussianBlur(kelvin.astype(np.float32), (0, 0), POINT_SPREAD * width)
    rng = generator_of("thermal noise", scene.noise)
    kelvin += NETD_KELVIN * rng.standard_normal(kelvin.shape, dtype=np.float32)
    columns = generator_of("thermal columns", scene.look).standard_normal(width)
    kelvin += (COLUMN_KELVIN * columns).astype(np.float32)
    return kelvin


def _sky_gradient(canvas: Canvas, climate: Climate, layout: Layout) -> Plane:
    """The sky is warmest at the horizon, where one looks through the most air."""
    rows = np.arange(layout.depth.shape[0], dtype=np.float32)
    share = np.clip(1 - (canvas.view.horizon_px - rows) / max(canvas.view.horizon_px, 1), 0, 1)
    lift = 0.75 * (climate.air - climate.sky) * share**3
    gradient: Plane = np.where(layout.surface == 0, lift[:, None].astype(np.float32), 0)
    return gradient


def to_centikelvin(kelvin: Plane) -> NDArray[np.uint16]:
    """Radiometric form: hundredths of a kelvin."""
    return np.rint(np.clip(kelvin, 0, 655) * 100).astype(np.uint16)


def gain_control(kelvin: Plane) -> NDArray[np.uint8]:
    """8 bits between percentiles 1 and 99.5 of the lower half, where the street is.

    The span is at least ``LEAST_SPAN_KELVIN``. What is colder, the sky above all, shares the
    darkest levels, as cameras compress it.
    """
    low, high = np.percentile(kelvin[kelvin.shape[0] * 9 // 20 :], (1, 99.5))
    middle = (low + high) / 2
    span = max(float(high - low), LEAST_SPAN_KELVIN)
    share = (kelvin - np.float32(middle - span / 2)) / np.float32(span)
    toe = TOE * np.exp(np.minimum(share, 0) / np.float32(COLD_SPANS))
    scaled = toe + (1 - TOE) * np.maximum(share, 0)
    return np.rint(np.minimum(scaled, 1) * 255).astype(np.uint8)

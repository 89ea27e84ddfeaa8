"""The thermal camera and the RGB camera: light that reaches them, and their sensors."""

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.world.canvas import Canvas
from twinband.world.climate import COLUMN_KELVIN, LEAST_SPAN_KELVIN, NETD_KELVIN, Climate
from twinband.world.furniture import lamp_light
from twinband.world.ground import Geometry, Plane, tile
from twinband.world.scene import Scene, generator_of

TOE = np.float32(0.12)  # share of the grey levels left to what is colder than the street
COLD_SPANS = 2.5  # by how many spans colder they fall to 1/e
POINT_SPREAD = 1.0 / 256  # standard deviation as a share of the image's width
HEADLIGHT_GAIN = 9.0
LAMP_GAIN = 2.4


def render_kelvin(
    canvas: Canvas, scene: Scene, climate: Climate, geometry: Geometry, shadow: Plane
) -> Plane:
    """Render apparent temperature ``H,W`` in kelvin, sensor included.

    A surface radiates its own emissivity's share of T^4 and mirrors its surroundings, mostly the
    cold sky, with the rest; air on the way adds its own.
    """
    own = np.array([s.kelvin for s in canvas.surfaces], np.float64)
    emissivity = np.array([s.emissivity for s in canvas.surfaces], np.float64)
    around = 0.5 * climate.sky**4 + 0.5 * climate.air**4
    radiance = ((emissivity * own**4 + (1 - emissivity) * around) ** 0.25).astype(np.float32)
    kelvin = canvas.averaged(radiance)
    rough = np.array([s.roughness for s in canvas.surfaces], np.float32)[geometry.surface]
    kelvin += rough * geometry.texture
    kelvin -= np.where(geometry.ground, shadow * np.float32(climate.sunlit * 0.8), 0)
    kelvin += _sky_gradient(canvas, climate, geometry)
    clear = np.exp(-geometry.depth / np.float32(climate.thermal_sight_m))
    kelvin = np.where(geometry.depth > 0, kelvin * clear + climate.air * (1 - clear), kelvin)
    width = canvas.view.width
    kelvin = cv2.GaussianBlur(kelvin.astype(np.float32), (0, 0), POINT_SPREAD * width)
    rng = generator_of("thermal noise", scene.noise)
    kelvin += NETD_KELVIN * rng.standard_normal(kelvin.shape, dtype=np.float32)
    columns = generator_of("thermal columns", scene.look).standard_normal(width)
    kelvin += (COLUMN_KELVIN * columns).astype(np.float32)
    return kelvin


def _sky_gradient(canvas: Canvas, climate: Climate, geometry: Geometry) -> Plane:
    """Warm the sky towards the horizon, where one looks through the most air."""
    rows = np.arange(geometry.depth.shape[0], dtype=np.float32)
    share = np.clip(1 - (canvas.view.horizon_px - rows) / max(canvas.view.horizon_px, 1), 0, 1)
    lift = 0.75 * (climate.air - climate.sky) * share**3
    gradient: Plane = np.where(geometry.surface == 0, lift[:, None].astype(np.float32), 0)
    return gradient


def to_centikelvin(kelvin: Plane) -> NDArray[np.uint16]:
    """Convert to the radiometric form, hundredths of a kelvin."""
    return np.rint(np.clip(kelvin, 0, 655) * 100).astype(np.uint16)


def gain_control(kelvin: Plane) -> NDArray[np.uint8]:
    """Stretch to 8 bits between percentiles 1 and 99.5 of the lower half, where the street is.

    The span is at least ``LEAST_SPAN_KELVIN``. Colder surfaces, the sky above all, share the
    darkest levels, as cameras compress them.
    """
    low, high = np.percentile(kelvin[kelvin.shape[0] * 9 // 20 :], (1, 99.5))
    middle = (low + high) / 2
    span = max(float(high - low), LEAST_SPAN_KELVIN)
    share = (kelvin - np.float32(middle - span / 2)) / np.float32(span)
    toe = TOE * np.exp(np.minimum(share, 0) / np.float32(COLD_SPANS))
    scaled = toe + (1 - TOE) * np.maximum(share, 0)
    return np.rint(np.minimum(scaled, 1) * 255).astype(np.uint8)


def render_rgb(
    canvas: Canvas, scene: Scene, climate: Climate, geometry: Geometry, shadow: Plane
) -> NDArray[np.uint8]:
    """Render the RGB image, ``H,W,3`` uint8."""
    surfaces = canvas.surfaces
    albedo = np.array([s.colour for s in surfaces], np.float32)
    shade = np.array([s.shade for s in surfaces], np.float32)[:, None]
    glow = np.array([s.glow for s in surfaces], np.float32)
    sun, ambient = np.asarray(climate.sun, np.float32), np.asarray(climate.ambient, np.float32)
    daylight = albedo * (ambient * (0.55 + 0.45 * shade) + sun * shade)
    image = canvas.averaged(daylight)
    grain = np.array([s.grain for s in surfaces], np.float32)[geometry.surface]
    pattern = 1 + grain * geometry.texture
    image *= np.maximum(pattern, 0.2)[..., None]
    image *= np.where(geometry.ground, 1 - shadow, 1)[..., None]
    if climate.lamps:
        bare = canvas.averaged(albedo)
        image += bare * np.maximum(pattern, 0.2)[..., None] * _lamp_light(scene, geometry)
        image += canvas.averaged(glow)
    image = _with_sky(image, canvas, scene, climate, geometry)
    image *= climate.exposure
    if climate.lamps:
        image = _with_glare(image)
    return _camera(image, scene, climate)


def _lamp_light(scene: Scene, geometry: Geometry) -> NDArray[np.float32]:
    """Add up the light of street lamps and of the own head-lights, ``H,W,3``."""
    total = np.zeros((*geometry.depth.shape, 3), np.float32)
    for thing in scene.things:
        if thing.kind != "lamp":
            continue
        x, y, z = (np.float32(value) for value in lamp_light(thing))
        square = (geometry.x - x) ** 2 + (geometry.y - y) ** 2 + (geometry.depth - z) ** 2
        amount = LAMP_GAIN / (square + 8)
        total += amount[..., None] * np.asarray([1.0, 0.78, 0.48], np.float32)
    ahead = np.maximum(geometry.depth, 2.5)
    beam = np.exp(-((geometry.x / (0.9 + 0.22 * ahead)) ** 2))
    low = np.exp(-np.maximum(geometry.y - 0.5 - 0.02 * ahead, 0) / 0.35)
    reach = HEADLIGHT_GAIN / (ahead**2 + 30)
    total += (beam * low * reach)[..., None] * np.asarray([1.0, 0.97, 0.88], np.float32)
    total[geometry.depth == 0] = 0
    return total


def _with_sky(
    image: NDArray[np.float32], canvas: Canvas, scene: Scene, climate: Climate, geometry: Geometry
) -> NDArray[np.float32]:
    """Put the sky in, and mix every surface with haze by its distance."""
    height, width = geometry.depth.shape
    zenith, haze = np.asarray(climate.zenith, np.float32), np.asarray(climate.haze, np.float32)
    above = (canvas.view.horizon_px - np.arange(height, dtype=np.float32)) / max(
        canvas.view.horizon_px, 1
    )
    share = np.clip(above, 0, 1)[:, None] ** 0.7
    gradient = (1 - share) * haze + share * zenith
    sky = np.repeat(gradient[:, None], width, axis=1)
    if scene.hour in ("day", "crossover", "dusk"):
        offset = scene.look % 200
        soft = cv2.GaussianBlur(tile()[offset : offset + 72, offset : offset + 48], (0, 0), 1.2)
        noise = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
        cover = np.clip(noise * 1.3 - 0.25, 0, 1)[..., None] * np.clip(above, 0.1, 1)[:, None, None]
        sky += cover * (1.12 * haze - sky) * 0.85
    clear = np.exp(-geometry.depth / np.float32(climate.sight_m))[..., None]
    mixed = image * clear + haze * (1 - clear)
    sky_surface = np.eye(1, len(canvas.surfaces), dtype=np.float32)[0]  # it is number 0
    is_sky = canvas.averaged(sky_surface)[..., None]
    # The sky's own surface is black here, so it contributed nothing at edges.
    return mixed * (1 - is_sky) + sky.astype(np.float32) * is_sky


def _with_glare(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let bright spots bleed into their surroundings."""
    width = image.shape[1]
    bright = np.maximum(image - 0.9, 0)
    small = cv2.resize(bright, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    bloom = cv2.GaussianBlur(small, (0, 0), width / 130) * 0.8
    bloom += cv2.GaussianBlur(small, (0, 0), width / 36) * 0.5
    return image + cv2.resize(bloom, (width, image.shape[0]))


def _camera(image: NDArray[np.float32], scene: Scene, climate: Climate) -> NDArray[np.uint8]:
    """Apply a lens, a tone curve and noise that grows with the gain."""
    rng = generator_of("rgb noise", scene.noise)
    image = cv2.GaussianBlur(image, (0, 0), 0.45)
    curve = 1 - np.exp(-1.35 * np.maximum(image, 0))
    image = np.power(curve / np.float32(1 - np.exp(-1.35 * 1.6)), np.float32(1 / 2.2))
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    image += climate.grain * noise * (0.55 + 0.45 * (1 - np.clip(image, 0, 1)))
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)

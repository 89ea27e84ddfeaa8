"""Light, temperatures and sensors of each hour."""

from dataclasses import dataclass

Colour = tuple[float, float, float]
SKIN_KELVIN = 306.2
NETD_KELVIN = 0.09  # temporal noise of an uncooled camera
COLUMN_KELVIN = 0.05  # fixed pattern noise of its columns
LEAST_SPAN_KELVIN = 7.0  # gain control never stretches less than this over 8 bits


@dataclass(frozen=True, slots=True)
class Climate:
    """The light, temperatures and cameras of one hour.

    Attributes:
        air, road, wall, vegetation, sky, metal: temperatures in kelvin (``wall`` in the shade,
            ``metal`` of things that stand still; ``sky`` as the infrared sees it).
        sunlit: kelvin that sunlight has added to surfaces facing it.
        clothes: share of the way from the air's to the skin's temperature that clothes reach.
        driven: kelvin that a driven car's bonnet, wheels and exhaust lie above the metal.
        sun, ambient: light of the sun and from all around, RGB.
        zenith, haze: colour of the sky above and at the horizon, RGB.
        exposure: gain of the RGB camera.
        grain: standard deviation of the RGB camera's noise at mid grey, as a share of white.
        sight_m, thermal_sight_m: distance at which contrast has fallen to 1/e.
        lamps: street lamps, head-lights and windows are lit.
    """

    air: float
    road: float
    wall: float
    vegetation: float
    sky: float
    metal: float
    sunlit: float
    clothes: float
    driven: float
    sun: Colour
    ambient: Colour
    zenith: Colour
    haze: Colour
    exposure: float
    grain: float
    sight_m: float
    thermal_sight_m: float
    lamps: bool


CLIMATES = {
    "day": Climate(
        air=287.5, road=292.5, wall=289.5, vegetation=287.5, sky=259.0, metal=291.0,
        sunlit=4.0, clothes=0.52, driven=13.0,
        sun=(1.02, 0.97, 0.86), ambient=(0.42, 0.46, 0.54), zenith=(0.30, 0.50, 0.82),
        haze=(0.80, 0.87, 0.95), exposure=0.72, grain=0.012, sight_m=420.0,
        thermal_sight_m=900.0, lamps=False,
    ),
    # A hot afternoon: road, walls, clothes and skin meet at one temperature.
    "crossover": Climate(
        air=304.6, road=306.0, wall=305.6, vegetation=304.6, sky=284.0, metal=306.2,
        sunlit=0.9, clothes=0.72, driven=1.2,
        sun=(1.10, 1.00, 0.82), ambient=(0.46, 0.47, 0.50), zenith=(0.40, 0.56, 0.80),
        haze=(0.90, 0.90, 0.88), exposure=0.74, grain=0.012, sight_m=260.0,
        thermal_sight_m=120.0, lamps=False,
    ),
    "dusk": Climate(
        air=288.0, road=292.0, wall=291.0, vegetation=287.5, sky=262.0, metal=288.5,
        sunlit=0.6, clothes=0.50, driven=15.0,
        sun=(0.10, 0.06, 0.05), ambient=(0.15, 0.15, 0.20), zenith=(0.16, 0.19, 0.33),
        haze=(0.62, 0.40, 0.32), exposure=1.25, grain=0.045, sight_m=300.0,
        thermal_sight_m=900.0, lamps=True,
    ),
    "night": Climate(
        air=281.0, road=283.5, wall=283.0, vegetation=280.0, sky=254.0, metal=280.5,
        sunlit=0.0, clothes=0.46, driven=18.0,
        sun=(0.0, 0.0, 0.0), ambient=(0.006, 0.0065, 0.009), zenith=(0.008, 0.010, 0.022),
        haze=(0.032, 0.027, 0.030), exposure=1.3, grain=0.13, sight_m=300.0,
        thermal_sight_m=900.0, lamps=True,
    ),
    "fog": Climate(
        air=283.0, road=284.0, wall=283.6, vegetation=282.6, sky=280.5, metal=283.2,
        sunlit=0.2, clothes=0.48, driven=14.0,
        sun=(0.04, 0.04, 0.04), ambient=(0.74, 0.75, 0.77), zenith=(0.70, 0.72, 0.74),
        haze=(0.73, 0.745, 0.755), exposure=0.95, grain=0.016, sight_m=19.0,
        thermal_sight_m=75.0, lamps=True,
    ),
}  # fmt: skip

"""Thermal as networks and people see it: counts become grey levels by one choice a dataset.

Shards keep thermal as it was measured. The stage ``register`` makes the choice (``thermal_levels``)
and writes the resulting levels to every sample; ``shards.registered`` applies them, so that masks,
pretraining, fusion, evaluation and pictures see one and the same image. Hot is always bright.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twinband.core.errors import BadSample
from twinband.core.images import Decoded, as_thermal
from twinband.core.params import Params

CELSIUS_AT_ZERO = 273.15  # kelvin
COUNTS = 1 << 16
# Floating-point thermal is kept in hundredths of a kelvin, finer than any uncooled camera sees, as
# FLIR's and others' radiometric files are; 0 marks a pixel without data.
FLOAT_RADIOMETRY = {"kelvin_per_count": 0.01, "kelvin_at_zero": 0.0}
NO_DATA = 0
# In kelvin: what scenes hold, by which a unit is told; and what can be a temperature at all.
COLDEST_SCENE, HOTTEST_SCENE = 173.0, 1500.0
HOTTEST = 6000.0

Unit = Literal["counts", "kelvin", "celsius"]
FloatUnit = Literal["auto", "kelvin", "celsius"]
Percent = Annotated[float, Field(ge=0, le=100)]


class ThermalLevels(Params):
    """The choice of a dataset: counts that become black and white.

    Attributes:
        rule: ``image``: percentiles of each image, for sensors that drift (8 bits, which a camera
            or an author has scaled already, stay as they are); ``sequence``: percentiles over all
            frames of a sequence, so that one object keeps its level (as ``image`` for pairs of
            no sequence); ``range``: from ``low`` to ``high``, so that a level is a temperature.
        percentiles: of ``image`` and ``sequence``, of the pixels with data.
        low, high: of ``range``, in ``unit``.
        unit: ``kelvin`` and ``celsius`` need radiometric thermal (the reader's
            ``kelvin_per_count``, or floating-point files).
        polarity: of the stored images; ``black_hot`` ones are inverted.
    """

    rule: Literal["image", "sequence", "range"] = "image"
    percentiles: tuple[Percent, Percent] = (1.0, 99.0)
    low: float | None = None
    high: float | None = None
    unit: Unit = "counts"
    polarity: Literal["white_hot", "black_hot"] = "white_hot"

    @model_validator(mode="before")
    @classmethod
    def _lists_as_tuples(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and isinstance(values.get("percentiles"), list):
            return {**values, "percentiles": tuple(values["percentiles"])}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.rule == "range":
            if self.low is None or self.high is None or not self.low < self.high:
                raise ValueError("the rule range needs low and high, the first the lower")
        elif self.low is not None or self.high is not None:
            raise ValueError("low and high are of the rule range; leave them out, or set it")
        if not self.percentiles[0] < self.percentiles[1]:
            raise ValueError("percentiles: the first must be the lower")
        return self


@dataclass(frozen=True, slots=True)
class Levels:
    """Counts that become black (``low``) and white (``high``); exchanged if ``inverted``."""

    low: float
    high: float
    inverted: bool = False

    def grey(self, counts: NDArray[Any]) -> NDArray[np.uint8]:
        """Turn counts ``H,W`` of any depth into grey levels ``H,W`` uint8."""
        if counts.dtype == np.uint8 and (self.low, self.high) == (0, 255):
            grey = counts
        else:
            # Levels that lie closer than two counts would only amplify what the sensor rounds.
            span = max(self.high - self.low, 1.0)
            scaled = (counts.astype(np.float32) - self.low) * (255 / span)
            grey = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        return 255 - grey if self.inverted else grey


AS_STORED = Levels(0, 255)


def to_eight_bits(thermal: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn a thermal image of no dataset into grey levels, by the default choice for ``image``."""
    return image_levels(thermal, ThermalLevels()).grey(thermal)


def image_levels(
    counts: NDArray[Any],
    choice: ThermalLevels,
    data: NDArray[np.bool_] | None = None,
    radiometry: Mapping[str, float] | None = None,
) -> Levels:
    """Choose the levels of one image, ``H,W``.

    Args:
        data: pixels ``H,W`` that hold data; None: all.
        radiometry: ``kelvin_per_count`` and ``kelvin_at_zero``, where they are known.

    Raises:
        ValueError: the choice is in kelvin or celsius, and there is no radiometry.
    """
    inverted = choice.polarity == "black_hot"
    if choice.rule == "range":
        low, high = (_in_counts(end, choice.unit, radiometry) for end in (choice.low, choice.high))
        return Levels(low, high, inverted)
    if counts.dtype == np.uint8:
        return Levels(0, 255, inverted)
    seen = counts if data is None or not data.any() else counts[data]
    low, high = np.percentile(seen, choice.percentiles)
    return Levels(float(low), float(high), inverted)


def sequence_levels(
    frames: Iterable[tuple[NDArray[Any], NDArray[np.bool_] | None]], choice: ThermalLevels
) -> Levels:
    """Choose the levels of a sequence: percentiles over the pixels of all its frames.

    Args:
        frames: counts ``H,W``, uint8 or uint16, and the pixels that hold data; read one by one.
    """
    inverted = choice.polarity == "black_hot"
    histogram, deep = np.zeros(COUNTS, np.int64), False
    for counts, data in frames:
        deep |= counts.dtype != np.uint8
        seen = counts.ravel() if data is None else counts[data]
        histogram += np.bincount(seen, minlength=COUNTS)
    total = int(histogram.sum())
    if not deep or not total:
        return Levels(0, 255, inverted)
    share = np.cumsum(histogram) / total * 100
    low, high = (int(np.searchsorted(share, percent)) for percent in choice.percentiles)
    return Levels(low, min(high, COUNTS - 1), inverted)


def _in_counts(value: float | None, unit: Unit, radiometry: Mapping[str, float] | None) -> float:
    if value is None:
        raise ValueError("the rule range needs low and high")
    if unit == "counts":
        return value
    if not radiometry:
        raise ValueError(
            f"thermal_levels are in {unit}, but the dataset states no kelvin_per_count; give its "
            "reader this option, or levels in counts"
        )
    kelvin = value + CELSIUS_AT_ZERO if unit == "celsius" else value
    return (kelvin - radiometry["kelvin_at_zero"]) / radiometry["kelvin_per_count"]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Thermal from floating-point numbers.

    Attributes:
        counts: ``H,W`` uint16 in hundredths of a kelvin (``FLOAT_RADIOMETRY``), ``NO_DATA`` where
            there is no temperature.
        unit: of the numbers, as stated or told from them.
        absent: pixels without a temperature.
        clipped: pixels hotter than the counts reach.
    """

    counts: NDArray[np.uint16]
    unit: str
    absent: int
    clipped: int


def measured(values: NDArray[Any], name: str, unit: FloatUnit = "auto") -> Measured:
    """Turn floating-point temperatures ``H,W`` into counts.

    NaN, infinities and what no temperature can be (-9999 and other marks) are without data.

    Args:
        name: of the file, for messages.
        unit: of the values; ``auto`` tells kelvin from celsius by what scenes hold.

    Raises:
        BadSample: ``unknown_unit`` if they are neither, or ``no_data`` if there is none.
    """
    numbers = values.astype(np.float64)
    known = np.isfinite(numbers)
    if unit == "auto":
        unit = _unit_of(numbers[known], name)
    kelvin = numbers + CELSIUS_AT_ZERO if unit == "celsius" else numbers
    with np.errstate(invalid="ignore"):
        known &= (kelvin > 0) & (kelvin < HOTTEST)
    if not known.any():
        raise BadSample("no_data", f"{name}: no pixel holds a temperature in {unit}")
    counts = np.zeros(values.shape, np.float64)
    counts[known] = np.rint(kelvin[known] / FLOAT_RADIOMETRY["kelvin_per_count"])
    clipped = int((counts >= COUNTS).sum())
    counts[known] = np.clip(counts[known], NO_DATA + 1, COUNTS - 1)
    return Measured(counts.astype(np.uint16), unit, int((~known).sum()), clipped)


def thermal_of(decoded: Decoded, name: str) -> NDArray[Any]:
    """Return the thermal image of a file of no dataset, ``H,W`` uint8 or uint16: grey levels or
    counts as they are, floating-point temperatures as counts.

    Raises:
        BadSample: what ``as_thermal`` and ``measured`` raise.
    """
    if decoded.pixels.dtype == np.float32:
        return measured(decoded.pixels, name).counts
    return as_thermal(decoded, name)


def _unit_of(numbers: NDArray[np.float64], name: str) -> FloatUnit:
    """Tell the unit by the bulk of what may be temperatures; single pixels may be anything.

    Scenes in kelvin and scenes in celsius do not overlap below some 170 degrees; numbers in 0..1
    are a normalised image, whatever they once were.
    """
    numbers = numbers[(numbers > -CELSIUS_AT_ZERO) & (numbers < HOTTEST)]
    if not numbers.size:
        raise BadSample("no_data", f"{name}: no pixel holds a temperature")
    low, high = np.percentile(numbers, (5, 95))
    ways = "set the reader's option float_thermal to kelvin or celsius, or take the raw files"
    if numbers.min() >= 0 and numbers.max() <= 1:
        raise BadSample(
            "unknown_unit", f"{name}: numbers in 0..1, a normalised image and no temperatures"
        )
    if low >= COLDEST_SCENE and high <= HOTTEST_SCENE:
        return "kelvin"
    if low >= COLDEST_SCENE - CELSIUS_AT_ZERO and high < COLDEST_SCENE:
        return "celsius"
    raise BadSample(
        "unknown_unit",
        f"{name}: numbers mostly from {low:g} to {high:g}, neither kelvin nor celsius; {ways}",
    )

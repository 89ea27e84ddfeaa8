"""Drawing: figures as SVG, contact sheets, colours, and numbers and names as people read them.

Equal data give equal bytes.
"""

import colorsys
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import cv2
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinband.core.thermal import to_eight_bits
from twinband.shards.product import read_manifest

NARROW_SPACE = "\u202f"
# Names with an order of their own; all others stand between these two, as they come.
FIRST = ("train", "val", "test", "rgb", "thermal", "both", "dawn", "day", "dusk", "night")
LAST = ("unknown", "mean", "overall")
UNKNOWN_HOUR = "unknown"
OVERALL = "overall"

LEAST_WIDTH_PX, MOST_WIDTH_PX = 512, 1024
QUALITY = 88
# Okabe and Ito's blue and vermilion, apart for colour-blind eyes too.
MODALITY_COLOURS = {"rgb": "#0072b2", "thermal": "#d55e00"}
GOLDEN = (5**0.5 - 1) / 2  # turns of the colour circle that never come close to each other

# Of a contact sheet.
CELL_PX = 200
TEXT_PX = 18
CAPTION_LETTERS = 26  # as many as fit; of a longer one the end tells more

Image = NDArray[np.uint8]
Row = TypeVar("Row")
Figures = TypeVar("Figures")


def in_reading_order(names: Iterable[str]) -> list[str]:
    """Sort train before test, RGB before thermal, day before night; unknown and overall last."""

    def place(name: str) -> tuple[int, int]:
        if name in FIRST:
            return 0, FIRST.index(name)
        return (2, LAST.index(name)) if name in LAST else (1, 0)

    return sorted(names, key=place)


def count(number: int) -> str:
    """Write ``1 234 567``, with narrow spaces that do not break."""
    return f"{number:,}".replace(",", NARROW_SPACE)


def share(part: int, total: int) -> str:
    """Write ``part`` of ``total`` in per cent; 0 and 100 % only of none and of all."""
    if not total:
        return "–"
    percent = 100 * part / total
    if 0 < percent < 0.1:
        return f"<{NARROW_SPACE}0.1{NARROW_SPACE}%"
    if part < total and percent > 99.9:
        return f">{NARROW_SPACE}99.9{NARROW_SPACE}%"
    return f"{percent:.1f}{NARROW_SPACE}%"


def size(number: int) -> str:
    """Write bytes in decimal units: ``3.1 MB``."""
    value, unit = float(number), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if value >= 99.5 or unit == "B" else f"{value:.1f} {unit}"


def words(name: str) -> str:
    """Write ``near_duplicate`` as ``near duplicate``."""
    return name.replace("_", " ").strip()


def by_hour(rows: Iterable[Row], hour_of: Callable[[Row], str]) -> dict[str, list[Row]]:
    """Group rows by the hour of the day, hours in reading order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(hour_of(row), []).append(row)
    return {hour: groups[hour] for hour in in_reading_order(sorted(groups))}


def by_hour_and_overall(
    rows: Sequence[Row], hour_of: Callable[[Row], str]
) -> dict[str, Sequence[Row]]:
    """Group rows as ``by_hour``, and all of them last."""
    return {**by_hour(rows, hour_of), OVERALL: rows}


def with_overall(figures: dict[str, Figures]) -> dict[str, Figures]:
    """Return figures by hour, which have one of all hours together if they have any.

    Raises:
        ValueError: they have not.
    """
    if figures and OVERALL not in figures:
        raise ValueError(f"figures by hour without {OVERALL}")
    return figures


def example_keys(pairs: Path, registered: Path) -> dict[str, str]:
    """Choose the first pair with both images, by key, of every hour; hours in reading order.

    Raises:
        InputError: a folder is no finished product.
    """
    hours = hours_of(pairs)
    rows = read_manifest(registered, ["key", "thermal_present"]).to_pylist()
    usable = sorted(row["key"] for row in rows if row["thermal_present"] and row["key"] in hours)
    return {hour: keys[0] for hour, keys in by_hour(usable, hours.__getitem__).items()}


def hours_of(pairs: Path) -> dict[str, str]:
    """Read the hour of the day of every usable pair by key, ``unknown`` if nobody said."""
    rows = read_manifest(pairs, ["key", "status", "hour"]).to_pylist()
    return {row["key"]: row["hour"] or UNKNOWN_HOUR for row in rows if row["status"] == "ok"}


def distinct_colours(count: int) -> Image:
    """Pick RGB colours ``n,3`` that are far from their neighbours; the first are the same however
    many there are."""
    places = [(n * GOLDEN % 1, 0.9 - n % 2 * 0.25, 1 - n % 3 * 0.2) for n in range(count)]
    colours = [[round(255 * part) for part in colorsys.hsv_to_rgb(*place)] for place in places]
    return np.array(colours, np.uint8).reshape(-1, 3)


def enlarged(image: Image) -> Image:
    """Enlarge an image so that a person sees it, to no more than a page's width."""
    size = shown_size(image)
    method = cv2.INTER_CUBIC if size[0] > image.shape[1] else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=method))


def shown_size(image: Image) -> tuple[int, int]:
    """Tell width and height at which an image ``H,W,…`` is drawn."""
    height, width = image.shape[:2]
    zoom = min(max(1.0, LEAST_WIDTH_PX / width), MOST_WIDTH_PX / width)
    return round(width * zoom), max(1, round(height * zoom))


def file_word(hour: str) -> str:
    """Write the name of an hour as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", hour)


def contact_sheet(
    samples: Sequence[tuple[str, NDArray[np.uint8], NDArray[Any] | None]], columns: int
) -> NDArray[np.uint8]:
    """Lay pairs out on white.

    Args:
        samples: caption, RGB ``H,W,3`` uint8 and thermal ``H,W`` (any depth; 16-bit is stretched
            between its 1st and 99th percentile for the eye); None where there is none, which is
            left white.
        columns: pairs side by side.

    Returns:
        ``H,W,3`` uint8 RGB.
    """
    cells = [_cell(*sample) for sample in samples]
    blank = np.full_like(cells[0], 255)
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    lines = [np.hstack([*row, *[blank] * (columns - len(row))]) for row in rows]
    return np.vstack(lines)


def svg(figure: Figure) -> bytes:
    """Write the figure as SVG, without a date and with fixed ids."""
    stream = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "twinband", "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def jpg(figure: Figure) -> bytes:
    """Encode a figure of photographs as JPEG."""
    stream = io.BytesIO()
    figure.savefig(stream, format="jpg", dpi=110, pil_kwargs={"quality": QUALITY})
    return stream.getvalue()


def _cell(caption: str, rgb: NDArray[np.uint8], thermal: NDArray[Any] | None) -> NDArray[np.uint8]:
    if thermal is None:
        grey = np.full_like(rgb, 255)
    else:
        grey = np.repeat(to_eight_bits(thermal)[..., None], 3, axis=2)
    strip = np.full((TEXT_PX, CELL_PX, 3), 255, np.uint8)
    short = caption if len(caption) <= CAPTION_LETTERS else f"...{caption[3 - CAPTION_LETTERS :]}"
    text = short.encode("ascii", "replace").decode()  # all that OpenCV can draw
    cv2.putText(strip, text, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (40, 40, 40), 1, cv2.LINE_AA)
    stacked = np.vstack([_fit(rgb), _fit(grey), strip])
    return cv2.copyMakeBorder(stacked, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def _fit(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale to the cell's width, letterboxed to three quarters of it in height."""
    height, width = CELL_PX * 3 // 4, CELL_PX
    scale = min(height / image.shape[0], width / image.shape[1])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    canvas = np.full((height, width, 3), 235, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = resized
    return canvas

"""Pictures of a registration: its distribution over a dataset, and pairs before and after."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinband.core.images import encode_jpeg
from twinband.core.thermal import to_eight_bits
from twinband.drawing import QUALITY, svg
from twinband.registration.fields import luminance
from twinband.registration.geometry import Frame, grid_change, inverted, resampled
from twinband.registration.residual import Residuals, residual_shifts
from twinband.shards.product import read_manifest
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair
from twinband.shards.write import write_atomically

Image = NDArray[np.uint8]
CELL_PX = 400
TILES = 8  # of a checkerboard, across
TEXT_PX = 20
EDGE_SHARE = 0.06  # of an image's pixels that are drawn as edges
# Brighter than drawing.MODALITY_COLOURS, on a dark image; where both edges meet, white.
RGB_EDGE, THERMAL_EDGE = (40, 130, 255), (255, 140, 0)
ARROW_PX, ARROW = 40, (200, 30, 30)  # length of the longest, and colour
NO_EDGE_PX = 8  # edges this near to missing data are its border
WHITE = (255, 255, 255)

BEFORE, AFTER = "#9aa5b1", "#3b6fb6"
BINS = 30
# Title, then the columns shown in it: (label, column, colour).
PANELS = (
    ("score", (("before", "score_before", BEFORE), ("after", "score", AFTER))),
    ("motion of the corners, px", (("", "motion_px", AFTER),)),
    ("forward against backward, px", (("", "forward_backward_px", AFTER),)),
    ("residual shifts (90 %), px", (("", "residual_px_p90", AFTER),)),
    (
        "true corner error, px",
        (("before", "corner_error_px_before", BEFORE), ("after", "corner_error_px", AFTER)),
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Column of a comparison: title, thermal ``H,W`` of any depth on the RGB grid, and its mask."""

    title: str
    thermal: NDArray[Any]
    valid: NDArray[np.bool_]


def write_pictures(pairs: Path, registered: Path, folder: Path) -> None:
    """Write ``distribution.svg``, and a picture of each chosen pair, into a new ``folder``."""
    manifest = read_manifest(registered)
    chosen = choose(manifest)
    write_atomically(folder / "distribution.svg", distribution(manifest))
    keys = set(chosen.values())
    dataset = open_products({"pairs": pairs, "registered": registered}, keys)
    samples = {sample["key"]: sample for sample in dataset}
    rows = {row["key"]: row for row in manifest.to_pylist() if row["key"] in keys}
    for name, key in chosen.items():
        draw = _residual_picture if name == "residuals" else _picture
        write_atomically(folder / f"{name}.jpg", jpeg(draw(samples[key], rows[key])))


def choose(manifest: pa.Table) -> dict[str, str]:
    """Choose keys of pairs worth a look, no key twice, as far as there are any.

    ``best`` gained most by being moved, ``typical`` has the middle score and ``worst`` the lowest
    of those that were trusted, ``failed`` was estimated to have moved furthest, and ``residuals``
    has the largest local shifts left.
    """
    columns = ["key", "registration", "score", "score_before", "motion_px", "residual_px_p90"]
    rows = manifest.select(columns).to_pylist()
    trusted = [row for row in rows if row["registration"] != "failed"]
    scored = sorted(
        (row for row in trusted if row["score"] is not None),
        key=lambda row: (row["score"], row["key"]),
    )
    candidates = {
        "best": sorted(
            (row for row in scored if row["registration"] == "accepted"),
            key=lambda row: (row["score_before"] - row["score"], row["key"]),
        ),
        "worst": scored,
        "typical": scored[len(scored) // 2 :],
        "failed": sorted(
            (row for row in rows if row["registration"] == "failed"),
            key=lambda row: (-(row["motion_px"] or 0.0), row["key"]),
        ),
    }
    chosen: dict[str, str] = {}
    for name, ranked in candidates.items():
        fresh = [row["key"] for row in ranked if row["key"] not in chosen.values()]
        if fresh:
            chosen[name] = fresh[0]
    measured = [row for row in trusted if row["residual_px_p90"] is not None]
    if measured:
        chosen["residuals"] = max(measured, key=lambda r: (r["residual_px_p90"], r["key"]))["key"]
    return chosen


def distribution(manifest: pa.Table) -> bytes:
    """Draw histograms of the quantities that some pair has, as SVG; the title counts the status."""
    shown = []
    for title, series in PANELS:
        columns = [(label, manifest[name].drop_null(), colour) for label, name, colour in series]
        present = [
            (label, column.to_numpy(), colour) for label, column, colour in columns if len(column)
        ]
        if len(present) == 2 and np.array_equal(present[0][1], present[1][1]):
            present = [("", *present[1][1:])]  # nothing was moved
        if present and any(np.ptp(values) > 0 or values[0] != 0 for _, values, _ in present):
            shown.append((title, present))
    counts = Counter(manifest["registration"].to_pylist())
    words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))
    figure = Figure(figsize=(2.6 * max(len(shown), 1), 2.5), layout="constrained")
    figure.suptitle(words or "no pair", fontsize=9)
    for axes, (title, present) in zip(
        figure.subplots(1, max(len(shown), 1), squeeze=False)[0], shown, strict=False
    ):
        _histogram(axes, title, present)
    return svg(figure)


def comparison(rgb: Image, columns: Sequence[Column]) -> Image:
    """Draw columns side by side: a checkerboard of RGB and thermal, below it the edges of both.

    Where thermal has no data, RGB stands alone and no edge is drawn.

    Args:
        rgb: ``H,W,3``.
    """
    size = _fitted(rgb)
    colour = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    drawn = []
    for column in columns:
        grey = cv2.resize(to_eight_bits(column.thermal), size, interpolation=cv2.INTER_AREA)
        valid = cv2.resize(column.valid.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        cells = np.vstack(
            [
                _text(column.title, size[0]),
                _checkerboard(colour, grey, valid > 0),
                _overlay(colour, grey, valid),
            ]
        )
        drawn.append(cv2.copyMakeBorder(cells, 0, 0, 0, 4, cv2.BORDER_CONSTANT, value=WHITE))
    return np.hstack(drawn)


def residual_arrows(rgb: Image, residuals: Residuals) -> Image:
    """Draw the local shifts as arrows over the faded RGB image, so enlarged that the longest can be
    seen; the surer, the darker."""
    size = _fitted(rgb)
    zoom = size[0] / rgb.shape[1]
    canvas = _faded(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    longest = float(residuals.lengths_px.max()) * zoom if len(residuals.confidence) else 0.0
    enlarged = max(1, math.floor(ARROW_PX / max(longest, 1.0)))
    for centre, shift, trust in zip(
        residuals.centres_px, residuals.shifts_px, residuals.confidence, strict=True
    ):
        begin = (centre + 0.5) * zoom - 0.5
        end = begin + shift * zoom * enlarged
        colour = [c + (255 - c) * 0.6 * (1 - float(trust)) for c in ARROW]
        tail, head = (np.rint(place).astype(int).tolist() for place in (begin, end))
        cv2.arrowedLine(canvas, tail, head, colour, 2, cv2.LINE_AA, tipLength=0.3)
    title = f"residual shifts, {enlarged} times as long; the surer, the darker"
    return np.vstack([_text(title, size[0]), canvas])


def jpeg(picture: Image) -> bytes:
    """Encode an RGB picture as JPEG, its edges and arrows as sharp in colour as in grey."""
    return encode_jpeg(picture, QUALITY, sharp_colours=True)


def _histogram(axes: Axes, title: str, series: list[tuple[str, np.ndarray, str]]) -> None:
    everything = np.concatenate([values for _, values, _ in series])
    low, high = float(everything.min()), float(everything.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    for label, values, colour in series:
        counts, _ = np.histogram(values, edges)
        axes.stairs(counts, edges, fill=True, alpha=0.6, color=colour, label=label or None)
    axes.set_title(title, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    if any(label for label, _, _ in series):
        axes.legend(frameon=False, fontsize=7)


def _residual_picture(sample: Mapping[str, Any], row: Mapping[str, Any]) -> Image:
    pair = registered_pair(sample)
    return residual_arrows(pair.rgb, residual_shifts(pair.rgb, pair.thermal, pair.valid))


def _picture(sample: Mapping[str, Any], row: Mapping[str, Any]) -> Image:
    """Draw before and after; of a pair that was left as it is, one column."""
    pair, raw = registered_pair(sample), sample["pairs"]
    still = grid_change(Frame.of(raw["thermal"]), Frame.of(raw["rgb"]))
    if row["grid"] == "rgb":
        stays, moves, after, matrix = (
            pair.rgb,
            raw["thermal"],
            sample["registered"].get("thermal", raw["thermal"]),
            still,
        )
    else:
        # Swapped roles: the thermal image stays, and the RGB image is what was moved.
        stays = np.repeat(to_eight_bits(raw["thermal"])[..., None], 3, axis=2)
        moves, after = luminance(raw["rgb"]).astype(np.uint8), luminance(pair.rgb).astype(np.uint8)
        matrix = inverted(still)
    before = Column("", *resampled(moves, matrix, stays.shape[1], stays.shape[0]))
    title = f"{sample['key'][:28]}  score {_number(row['score_before'], 2)}"
    if row["registration"] != "accepted":
        return comparison(stays, [replace(before, title=f"{title}  {_after(row)}")])
    columns = [replace(before, title=f"{title} before"), Column(_after(row), after, pair.valid)]
    return comparison(stays, columns)


def _after(row: Mapping[str, Any]) -> str:
    if row["registration"] == "failed":
        return f"failed: {row['registration_reason']}".replace("_", " ")
    if row["registration"] != "accepted":
        return row["registration_reason"].replace("_", " ")
    return f"after, score {_number(row['score'], 2)}, moved {_number(row['motion_px'], 1)} px"


def _number(value: float | None, digits: int) -> str:
    return "unknown" if value is None else f"{value:.{digits}f}"


def _fitted(image: Image) -> tuple[int, int]:
    zoom = min(CELL_PX / image.shape[1], 2 * CELL_PX / image.shape[0])
    return max(1, round(image.shape[1] * zoom)), max(1, round(image.shape[0] * zoom))


def _text(title: str, width: int) -> Image:
    strip = np.full((TEXT_PX, width, 3), 255, np.uint8)
    text = title.encode("ascii", "replace").decode()  # all that OpenCV can draw
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(strip, text, (4, 14), font, 0.4, (40, 40, 40), 1, cv2.LINE_AA)
    return strip


def _checkerboard(rgb: Image, thermal: Image, valid: NDArray[np.bool_]) -> Image:
    height, width = thermal.shape
    side = max(1, width // TILES)
    down, across = np.mgrid[:height, :width] // side
    shows_rgb = ((down + across) % 2 == 0) | ~valid
    return np.where(shows_rgb[..., None], rgb, thermal[..., None])


def _overlay(rgb: Image, thermal: Image, valid: Image) -> Image:
    """Draw RGB, dimmed, with the edges of both."""
    canvas = _dimmed(rgb)
    near = np.ones((2 * NO_EDGE_PX + 1,) * 2, np.uint8)
    inside = cv2.erode(valid, near, borderValue=1) > 0
    own, other = _edges(luminance(rgb)), _edges(luminance(thermal)) & inside
    canvas[own] = RGB_EDGE
    canvas[other] = THERMAL_EDGE
    canvas[own & other] = WHITE
    return canvas


def _faded(rgb: Image) -> Image:
    return cv2.addWeighted(rgb, 0.5, np.full_like(rgb, 255), 0.5, 0)


def _dimmed(rgb: Image) -> Image:
    grey = luminance(rgb)[..., None] * 0.35
    return np.repeat(grey, 3, axis=2).astype(np.uint8)


def _edges(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.3)
    strength = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    around = cv2.blur(strength, (31, 31)) + strength.mean() + 1e-6  # noise stays below lines
    relative = strength / around
    thin = relative >= cv2.dilate(relative, np.ones((2, 2), np.uint8))
    bold = relative > np.quantile(relative, 1 - 2 * EDGE_SHARE)
    return np.asarray(thin & bold)

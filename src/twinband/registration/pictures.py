"""Pictures by which a person judges a registration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twinband.images import to_eight_bits
from twinband.registration.apply import resampled
from twinband.registration.fields import luminance
from twinband.registration.figures import distribution
from twinband.registration.residual import Residuals, residual_shifts
from twinband.registration.similarity import Frame, grid_change, inverted
from twinband.registration.view import registered_pair
from twinband.shards.join import open_products
from twinband.shards.manifest import read_manifest
from twinband.shards.write import write_atomically

Image = NDArray[np.uint8]
CELL_PX = 400
TILES = 8  # of a checkerboard, across
TEXT_PX = 20
EDGE_SHARE = 0.06  # of an image's pixels that are drawn as edges
# Orange and blue: apart for colour-blind eyes too; where both edges meet, white.
RGB_EDGE, THERMAL_EDGE = (255, 140, 0), (40, 130, 255)
ARROW_ZOOM = 5
WHITE = (255, 255, 255)


def comparison(rgb: Image, columns: Sequence[tuple[str, NDArray[Any]]]) -> Image:
    """Columns side by side: a checkerboard of RGB and thermal above, the edges of both below.

    Args:
        rgb: ``H,W,3``.
        columns: title and thermal ``H,W`` on the RGB grid, of any depth.
    """
    size = _fitted(rgb)
    colour = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    drawn = []
    for title, thermal in columns:
        grey = cv2.resize(to_eight_bits(thermal), size, interpolation=cv2.INTER_AREA)
        cells = [_text(title, size[0]), _checkerboard(colour, grey), _overlay(colour, grey)]
        drawn.append(
            cv2.copyMakeBorder(np.vstack(cells), 0, 0, 0, 4, cv2.BORDER_CONSTANT, value=WHITE)
        )
    return np.hstack(drawn)


def residual_arrows(rgb: Image, residuals: Residuals) -> Image:
    """The local shifts as arrows, ``ARROW_ZOOM`` times their length, over the dimmed RGB image."""
    size = _fitted(rgb)
    zoom = size[0] / rgb.shape[1]
    canvas = _dimmed(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    for centre, shift, trust in zip(
        residuals.centres_px, residuals.shifts_px, residuals.confidence, strict=True
    ):
        begin = (centre + 0.5) * zoom - 0.5
        end = begin + shift * zoom * ARROW_ZOOM
        colour = [c * (0.6 + 0.4 * float(trust)) for c in RGB_EDGE]
        tail, head = (np.rint(place).astype(int).tolist() for place in (begin, end))
        cv2.arrowedLine(canvas, tail, head, colour, 1, cv2.LINE_AA, tipLength=0.3)
        cv2.circle(canvas, tail, 2, colour, -1, cv2.LINE_AA)
    title = f"residual shifts, drawn {ARROW_ZOOM} times as long"
    return np.vstack([_text(title, size[0]), canvas])


def choose(manifest: pa.Table) -> dict[str, str]:
    """Keys of the pairs worth a look: ``best`` (registration gained most), ``typical``, ``worst``
    (lowest score that was trusted) and ``failed``, as far as there are any."""
    rows = sorted(
        manifest.select(["key", "registration", "score", "score_before"]).to_pylist(),
        key=lambda row: (row["score"] or 0.0, row["key"]),
    )
    trusted = [row for row in rows if row["registration"] != "failed"]
    failed = [row for row in rows if row["registration"] == "failed"]
    chosen: dict[str, str] = {}
    if trusted:
        gains = [(r["score"] or 0.0) - (r["score_before"] or 0.0) for r in trusted]
        best = max(range(len(trusted)), key=lambda i: (gains[i], trusted[i]["score"] or 0.0))
        chosen |= {
            "best": trusted[best]["key"],
            "typical": trusted[len(trusted) // 2]["key"],
            "worst": trusted[0]["key"],
        }
    if failed:
        chosen["failed"] = failed[len(failed) // 2]["key"]
    return chosen


def write_pictures(pairs: Path, registered: Path, folder: Path) -> None:
    """``distribution.svg``, a comparison of each chosen pair, and ``residuals.jpg`` of the typical
    one, into a new ``folder``."""
    manifest = read_manifest(registered)
    chosen = choose(manifest)
    write_atomically(folder / "distribution.svg", distribution(manifest))
    keys = set(chosen.values())
    dataset = open_products({"pairs": pairs, "registered": registered}, keys)
    samples = {sample["key"]: sample for sample in dataset}
    rows = {row["key"]: row for row in manifest.to_pylist() if row["key"] in keys}
    for name, key in chosen.items():
        picture = _picture(samples[key], rows[key])
        write_atomically(folder / f"{name}.jpg", jpeg(picture))
    if "typical" in chosen:
        pair = registered_pair(samples[chosen["typical"]])
        residuals = residual_shifts(pair.rgb, pair.thermal, pair.valid)
        write_atomically(folder / "residuals.jpg", jpeg(residual_arrows(pair.rgb, residuals)))


def jpeg(picture: Image) -> bytes:
    """JPEG bytes of an RGB picture."""
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
    return bytes(data)


def _picture(sample: Mapping[str, Any], row: Mapping[str, Any]) -> Image:
    """Before and after; of a pair that was left as it is, there is one column."""
    pair, raw = registered_pair(sample), sample["pairs"]
    frames = {name: Frame(raw[name].shape[1], raw[name].shape[0]) for name in ("rgb", "thermal")}
    still = grid_change(frames["thermal"], frames["rgb"])
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
    before, _ = resampled(moves, matrix, stays.shape[1], stays.shape[0])
    title = f"{sample['key'][:28]}  score {_number(row['score_before'], 2)}"
    if row["registration"] != "accepted":
        return comparison(stays, [(f"{title}  {_after(row)}", before)])
    return comparison(stays, [(f"{title} before", before), (_after(row), after)])


def _after(row: Mapping[str, Any]) -> str:
    if row["registration"] == "failed":
        return f"failed: {row['registration_reason']}".replace("_", " ")
    if row["registration"] != "accepted":
        return row["registration_reason"].replace("_", " ")
    return f"after, score {_number(row['score'], 2)}, moved {_number(row['motion_px'], 1)} px"


def _number(value: float | None, digits: int) -> str:
    return "unknown" if value is None else f"{value:.{digits}f}"


def _fitted(image: Image) -> tuple[int, int]:
    zoom = CELL_PX / image.shape[1]
    return CELL_PX, max(1, round(image.shape[0] * zoom))


def _text(title: str, width: int) -> Image:
    strip = np.full((TEXT_PX, width, 3), 255, np.uint8)
    text = title.encode("ascii", "replace").decode()  # all that OpenCV can draw
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(strip, text, (4, 14), font, 0.4, (40, 40, 40), 1, cv2.LINE_AA)
    return strip


def _checkerboard(rgb: Image, thermal: Image) -> Image:
    height, width = thermal.shape
    side = max(1, width // TILES)
    down, across = np.mgrid[:height, :width] // side
    return np.where(((down + across) % 2 == 0)[..., None], rgb, thermal[..., None])


def _overlay(rgb: Image, thermal: Image) -> Image:
    """RGB, dimmed, with the edges of both."""
    canvas = _dimmed(rgb)
    own, other = _edges(luminance(rgb)), _edges(luminance(thermal))
    canvas[own] = RGB_EDGE
    canvas[other] = THERMAL_EDGE
    canvas[own & other] = WHITE
    return canvas


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

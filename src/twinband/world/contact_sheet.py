"""A picture of the sample world: both cameras and the truth at every hour.

``python -m twinband.world.contact_sheet OUT.png``
"""

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from twinband.world.classes import SCENE_CLASSES
from twinband.world.render import Rendered, render
from twinband.world.scene import sample_scene

Picture = NDArray[np.uint8]

# Scenes with people, cars and bicycles, and room to see them: one for each hour with its truth,
# and one that is the same at all hours.
SCENES = {"day": 148, "crossover": 115, "dusk": 107, "night": 94, "fog": 132}
SAME = 101
HEADINGS = ("RGB", "thermal", "classes", "depth", "instances")
LEVEL_STEP = 5  # grey levels are rounded in the file, which is then much smaller
FINER = 2  # scenes are rendered larger by this factor, and shrunk
GAP_PX, LABEL_PX, HEADING_PX = 4, 72, 22
FARTHEST_M = 100.0
COLOURS = {
    "void": (0, 0, 0), "road": (112, 82, 122), "sidewalk": (214, 150, 190),
    "building": (108, 108, 112), "pole": (204, 202, 116), "vegetation": (96, 140, 66),
    "sky": (118, 170, 214), "person": (222, 48, 72), "car": (38, 66, 170),
    "bicycle": (244, 150, 44), "guardrail": (170, 196, 206), "cone": (255, 210, 40),
    "marking": (236, 236, 236), "kerb": (176, 128, 104),
}  # fmt: skip


def contact_sheet(width: int, height: int, columns: int) -> Picture:
    """Draw one row of pictures for each hour.

    Args:
        width, height: of each picture in pixels.
        columns: 5 for RGB, thermal, classes, depth and instances of a scene; 7 to put before
            them RGB and thermal of another scene, the same at every hour.

    Returns:
        ``H,W,3`` uint8 RGB, on white.

    Raises:
        ValueError: for any other number of columns.
    """
    if columns not in (len(HEADINGS), len(HEADINGS) + 2):
        raise ValueError(f"columns: {columns} is neither 5 nor 7")
    has_same = columns > len(HEADINGS)
    headings = [*HEADINGS[: 2 * has_same], *HEADINGS]
    top = [_blank(HEADING_PX, LABEL_PX), *(_text(words, HEADING_PX, width) for words in headings)]
    lines = [_side_by_side(top)]
    for hour, index in SCENES.items():
        result = _render(index, hour, width, height)
        pictures = _cameras(_render(SAME, hour, width, height)) if has_same else []
        pictures += [*_cameras(result), *_truths(result)]
        small = [cv2.resize(p, (width, height), interpolation=cv2.INTER_AREA) for p in pictures]
        lines.append(_side_by_side([_text(hour, height, LABEL_PX), *small]))
    return np.vstack(lines)


def _render(index: int, hour: str, width: int, height: int) -> Rendered:
    return render(sample_scene(1, "contact", index, hour), FINER * width, FINER * height)


def _cameras(result: Rendered) -> list[Picture]:
    return [result.rgb, np.repeat(result.thermal[..., None], 3, axis=2)]


def _truths(result: Rendered) -> list[Picture]:
    table = np.array([COLOURS[name] for name in SCENE_CLASSES], np.uint8)
    return [table[result.scene_semantics], _depth(result.depth), _instances(result)]


def _depth(depth: NDArray[np.float32]) -> Picture:
    """Colour depth by its logarithm, so that near things differ too; near is bright, the sky
    black."""
    nearness = 1 - np.log(np.clip(depth, 1, FARTHEST_M)) / np.log(FARTHEST_M)
    levels = np.rint(nearness * 255).astype(np.uint8)
    coloured = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    return np.where(depth[..., None] > 0, coloured, 0).astype(np.uint8)


def _instances(result: Rendered) -> Picture:
    """Colour each instance in a hue of its own on a darkened thermal image."""
    identities = [box.instance for box in result.boxes]
    hsv = np.zeros((1, max(identities, default=0) + 1, 3), np.uint8)
    hues = np.linspace(0, 180, len(identities), endpoint=False)
    hsv[0, identities] = np.stack([hues, np.full_like(hues, 170), np.full_like(hues, 255)], axis=1)
    palette = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0]
    backdrop = np.repeat(result.thermal[..., None] // 4, 3, axis=2)
    inside = (result.instances > 0)[..., None]
    return np.where(inside, palette[result.instances], backdrop).astype(np.uint8)


def _text(words: str, height: int, width: int) -> Picture:
    """Write dark words in the middle of a white field."""
    field, font, scale = _blank(height, width), cv2.FONT_HERSHEY_SIMPLEX, 0.42
    (wide, tall), _ = cv2.getTextSize(words, font, scale, 1)
    foot = ((width - wide) // 2, (height + tall) // 2)
    cv2.putText(field, words, foot, font, scale, (40, 40, 40), 1, cv2.LINE_AA)
    return field


def _blank(height: int, width: int) -> Picture:
    return np.full((height, width, 3), 255, np.uint8)


def _side_by_side(pictures: list[Picture]) -> Picture:
    """Join pictures with gaps between them and below."""
    spaced = [cv2.copyMakeBorder(p, 0, GAP_PX, 0, GAP_PX, cv2.BORDER_CONSTANT, value=(255,) * 3)
              for p in pictures]  # fmt: skip
    return np.hstack(spaced)


def main(
    out: Annotated[Path, typer.Argument(help="PNG file to write.")],
    width: Annotated[int, typer.Option(min=32, help="Of each picture, pixels.")] = 176,
    height: Annotated[int, typer.Option(min=24, help="Of each picture, pixels.")] = 132,
    columns: Annotated[
        int, typer.Option(help="5 for one scene an hour, 7 for another besides.")
    ] = 7,
) -> None:
    """Draw the sample world at every hour."""
    try:
        sheet = contact_sheet(width, height, columns)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    coarse = np.rint(sheet / LEVEL_STEP).astype(np.uint8) * np.uint8(LEVEL_STEP)
    Image.fromarray(coarse).save(out, format="PNG", optimize=True)


if __name__ == "__main__":
    typer.run(main)

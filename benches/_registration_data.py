"""Published aligned pairs, and known motions and deformations of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from twinband.core import images
from twinband.registration.geometry import Frame, Similarity

LAYOUTS = {  # folders of RGB and thermal, and how many pairs are taken
    "roadscene": ("roadscene/crop_LR_visible", "roadscene/cropinfrared", 64),
    "tno": ("tno42/vi", "tno42/ir", 21),
    "vifb": ("vifb21/VI", "vifb21/IR", 21),
    "llvip": ("llvip_samples/Train_LLVIP_vi", "llvip_samples/Train_LLVIP_ir", 12),
}
SUPERFUSION = ("superfusion/MSRS", "superfusion/RoadScene")

Image = NDArray[np.generic]
PathPair = tuple[Path, Path]


@dataclass(frozen=True, slots=True)
class Deformed:
    """A pair whose thermal image was deformed by a known field, and its pixels' true places."""

    rgb: Image
    thermal: Image
    places: NDArray[np.float64]  # H,W,2


def available(root: Path, dataset: str) -> list[PathPair]:
    """List the pairs of paths of a data set."""
    rgb, thermal, _ = LAYOUTS[dataset]
    partners = {path.stem: path for path in (root / thermal).iterdir()}
    return [(p, partners[p.stem]) for p in sorted((root / rgb).iterdir()) if p.stem in partners]


def chosen(root: Path, dataset: str) -> list[PathPair]:
    """Choose the benchmark's pairs, evenly spread over the data set."""
    pairs, count = available(root, dataset), LAYOUTS[dataset][2]
    return [pairs[i] for i in np.linspace(0, len(pairs) - 1, min(count, len(pairs))).astype(int)]


def read(paths: PathPair) -> tuple[Image, Image]:
    """Read RGB and thermal."""
    rgb, thermal = (images.decode(path.read_bytes(), path.name).coloured for path in paths)
    return rgb, thermal


def random_motion(size: float, seed: Sequence[int]) -> Similarity:
    """Draw a motion of size ``size`` px (see ``bench_registration``)."""
    angle, scale, x, y = np.random.default_rng(seed).uniform(-1, 1, 4)
    share = size / 18
    return Similarity(
        x * size, y * size, math.radians(2) * angle * share, math.log1p(0.05 * scale * share)
    )


def moved(thermal: Image, motion: Similarity) -> Image:
    """Move ``thermal`` by ``motion``, its edges continued."""
    frame = Frame(thermal.shape[1], thermal.shape[0])
    matrix, size = motion.matrix(frame)[:2], (frame.width, frame.height)
    return cv2.warpAffine(thermal, matrix, size, borderMode=cv2.BORDER_REPLICATE)


def deformed(root: Path) -> list[Deformed]:
    """Read pairs with known deformation fields, which are not rigid.

    The fields are sampling grids: -1 and 1 are the outer edges of the first and last pixel.
    """
    pairs = []
    for folder in SUPERFUSION:
        for path in sorted((root / folder / "vi").iterdir()):
            rgb, thermal = read((path, root / folder / "ir_warp" / path.name))
            grid = np.asarray(loadmat(root / folder / "flow" / f"{path.name}.mat")["flow"])
            sides = np.array([thermal.shape[1], thermal.shape[0]])
            pairs.append(Deformed(rgb, thermal, ((grid.squeeze() + 1) * sides - 1) / 2))
    return pairs

"""Small datasets with truth, small annotators, and labelling within this process."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.made.annotators import save_dpt, save_mask2former, weights
from tests.made.cmss import At, pair
from tests.made.raw_pairs import run_in, write
from tests.made.registered_pairs import name_of
from twinband.core.images import encode_png
from twinband.pseudo_labels.annotator import LabelSpec
from twinband.pseudo_labels.build import CheckedAnnotator, Labelled, build_labels
from twinband.pseudo_labels.label import Kind
from twinband.pseudo_labels.truth import CLASS_TABLES, Truth

SCENE_NAMES = CLASS_TABLES["sample_world"][1:]
HOURS = ("day", "night", "")


def shards(count: int, pairs: int, first: int = 0) -> list[Mapping[str, At]]:
    """``count`` shards of so many pairs each, hours in turn."""
    return [
        {
            f"{n:03d}": pair(n, HOURS[n % 3])
            for n in range(first + s * pairs, first + (s + 1) * pairs)
        }
        for s in range(count)
    ]


def write_truth(folder: Path, keys: Sequence[str], shape: tuple[int, int] = (48, 64)) -> Path:
    """Depth and classes of some pairs."""
    for number, key in enumerate(keys):
        rng = np.random.default_rng(number)
        depth: NDArray[Any] = rng.integers(0, 2**16, shape).astype(np.uint16)
        write(folder / f"depth/{name_of(key)}.png", encode_png(depth))
        classes = rng.integers(0, len(SCENE_NAMES) + 1, shape).astype(np.uint8)
        write(folder / f"semantics/{name_of(key)}.png", encode_png(classes))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def specs(base: Path) -> dict[Kind, LabelSpec]:
    """A DPT and a Mask2Former that knows the sample world's classes, their weights in ``base``."""
    depth = LabelSpec(
        "dpt", weights(save_dpt(base / "dpt")), (("scale_m", 10.0),), "cpu", 1, 0.75, "code"
    )
    mask2former = weights(save_mask2former(base / "mask2former", SCENE_NAMES))
    semantics = replace(depth, name="mask2former", weights=mask2former, options=())
    return {"depth": depth, "semantics": semantics}


def label_dataset(
    kind: Kind, spec: LabelSpec, base: Path, modality: str = "rgb", **changes: Any
) -> Labelled:
    """Label ``base/pairs`` into ``base/KIND``, with the cache ``base/cache``."""
    settings: dict[str, Any] = {
        "truth": Truth(base / "truth", CLASS_TABLES["sample_world"]),
        "cache": base / "cache",
        "out": base / kind,
        "run": run_in(base / "work"),
        **changes,
    }
    return build_labels(
        CheckedAnnotator.of(kind, spec),
        base / "pairs",
        base / "registered",
        modality=modality,
        **settings,
    )

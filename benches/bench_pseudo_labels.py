"""The stage ``pseudo_labels`` against the bare forward passes of its models, in one run.

Both see the same images of one dataset, with models of the sample annotators' sizes (random
weights): the stage reads shards, resizes, labels every image three times, compares, encodes, caches
labels and writes both products with scores; the bare passes get prepared tensors. Weights are read
and code is imported before. Times are the least of several rounds, taken
in turns.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benches._record import record
from tests.made.cmss import pair, write_dataset
from tests.made.pseudo_labels import write_truth
from tests.made.raw_pairs import run_in
from twinband.annotators import dpt, mask2former
from twinband.pseudo_labels.annotator import LabelSpec
from twinband.pseudo_labels.build import CheckedAnnotator, build_labels
from twinband.pseudo_labels.label import Kind
from twinband.pseudo_labels.transformers import Preprocessing
from twinband.pseudo_labels.truth import CLASS_TABLES, Truth
from twinband.sample_models.recipes import RECIPES
from twinband.weights import Weights

IMAGES, HEIGHT, WIDTH = 24, 192, 256
ZOOM = 0.75
ROUNDS = 3
SHORTER_PX = 192  # of the sample annotators

Image = NDArray[np.uint8]


def spec(name: str, base: Path) -> LabelSpec:
    """Save a model of the sample annotator's size with random weights."""
    torch.manual_seed(0)
    folder = base / name
    folder.mkdir()
    RECIPES[name].save(RECIPES[name].build().eval(), folder)
    options = (("scale_m", 10.0),) if name == "dpt" else ()
    return LabelSpec(name, Weights(folder, name, name), options, "cpu", 1, ZOOM, "")


def stage(base: Path, specs: dict[Kind, LabelSpec]) -> float:
    """Time the making of both products, with an empty cache."""
    for folder in ("cache", "work", *specs):
        shutil.rmtree(base / folder, ignore_errors=True)
    annotators = [CheckedAnnotator.of(kind, spec) for kind, spec in specs.items()]
    begin = time.perf_counter()
    for annotator in annotators:
        build_labels(
            annotator,
            base / "pairs",
            base / "registered",
            modality="rgb",
            truth=Truth(base / "truth", CLASS_TABLES["sample_world"]),
            cache=base / "cache",
            out=base / annotator.kind,
            run=run_in(base / "work"),
        )
    return time.perf_counter() - begin


def bare(specs: dict[Kind, LabelSpec], images: Sequence[Image]) -> Callable[[], float]:
    """Make a function that times the forward passes alone, on the stage's tensors."""
    depth = dpt.open_annotator(specs["depth"].weights, {}, "cpu")
    semantics = mask2former.open_annotator(specs["semantics"].weights, {}, "cpu")
    configuration = semantics._preprocessing.config
    plans = []
    for annotator, forward, smaller in (
        (
            depth,
            lambda pixels: dpt.raw_depth(depth._model, pixels),
            dpt.nearest_multiples(HEIGHT, WIDTH, SHORTER_PX * ZOOM, 32),
        ),
        (
            semantics,
            semantics._model,
            mask2former.shown_size(HEIGHT, WIDTH, configuration, ZOOM),
        ),
    ):
        prepared = [_prepared(annotator._preprocessing, image, smaller) for image in images]
        plans.append((forward, [pixels for both in prepared for pixels in both]))

    @torch.inference_mode()
    def forwards() -> float:
        begin = time.perf_counter()
        for forward, batches in plans:
            for pixels in batches:
                forward(pixels)
        return time.perf_counter() - begin

    return forwards


def _prepared(
    preprocessing: Preprocessing, image: Image, smaller: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Prepare the image with its mirror image, and the image at a smaller size."""
    stack = torch.from_numpy(np.stack([image, image[:, ::-1]])).permute(0, 3, 1, 2).float()
    return preprocessing.pixels(stack, (HEIGHT, WIDTH)), preprocessing.pixels(stack[:1], smaller)


def main() -> None:
    """Measure and record."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        specs: dict[Kind, LabelSpec] = {
            "depth": spec("dpt", base),
            "semantics": spec("mask2former", base),
        }
        keys = [f"{number:03d}" for number in range(IMAGES)]
        pairs = {key: pair(n, height=HEIGHT, width=WIDTH) for n, key in enumerate(keys)}
        write_dataset(base, pairs)
        write_truth(base / "truth", keys, (HEIGHT, WIDTH))
        forwards = bare(specs, [at.made.rgb for at in pairs.values()])
        stage(base, specs)  # code is compiled, and the weights are read
        rounds = [(stage(base, specs), forwards()) for _ in range(ROUNDS)]
    stage_s, forwards_s = (float(least) for least in np.min(rounds, axis=0))
    record(
        "pseudo_labels",
        {
            "threads": 1,
            "images": IMAGES,
            "stage_s": round(stage_s, 3),
            "forwards_s": round(forwards_s, 3),
            "overhead": round(stage_s / forwards_s - 1, 3),
        },
    )


if __name__ == "__main__":
    main()

"""Stage ``sam_masks``: automatic masks of both images of every pair of one dataset, by SAM."""

import os
from pathlib import Path

from pipeline_steps.harness.step import In, Out, StepReport, main
from pipeline_steps.harness.work import fingerprint, work_root
from twinband.core.params import Run
from twinband.drawing import example_keys
from twinband.masks.annotator import SamSpec
from twinband.masks.build import build_masks
from twinband.masks.params import SamMasksParams
from twinband.masks.pictures import histogram, write_pictures
from twinband.shards.write import write_atomically
from twinband.weights import find_weights

# The code that a mask depends on: kept masks are those of equal code.
ANNOTATOR_CODE = (
    "src/twinband/labels/encoding.py",
    "src/twinband/masks/annotator.py",
    "src/twinband/sam",
)


def run(
    params: SamMasksParams,
    *,
    pairs: In,
    registered: In,
    truth: In,
    weights: In,
    out: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Find the masks of one dataset; ``weights`` is what DVC watches of them."""
    spec = spec_of(params)
    masked = build_masks(
        spec,
        pairs,
        registered,
        truth=truth,
        least_px=params.least_px,
        cache=work_root() / "cache" / "masks",
        out=out,
        run=run,
    )
    write_pictures(pairs, registered, out, example_keys(pairs, registered), plots)
    write_atomically(plots / "masks_per_image.svg", histogram(masked.manifest))
    described = masked.facts
    rgb, thermal = described.images["rgb"], described.images["thermal"]
    absent = f", {thermal.absent} without thermal" if thermal.absent else ""
    return StepReport(
        summary=f"{described.pairs} pairs{absent}, {rgb.masks} masks of RGB and "
        f"{thermal.masks} of thermal images; {masked.fresh} images labelled anew, "
        f"{masked.known} found in the cache",
        samples=masked.fresh + masked.known,
        metrics=described.headline(),
        facts=described,
        timings={"images_labelled": masked.fresh, "images_in_cache": masked.known},
    )


def spec_of(params: SamMasksParams) -> SamSpec:
    """Specify the annotator, with weights that are there.

    Raises:
        InputError: the weights are missing.
    """
    root = os.environ.get("TWINBAND_WEIGHTS")
    return SamSpec(
        find_weights(Path(params.weights), params.outside, Path(root) if root else None),
        params.settings,
        params.device,
        params.threads,
        fingerprint({}, [], map(Path, ANNOTATOR_CODE)),
    )


if __name__ == "__main__":
    main(run, unit="pair")

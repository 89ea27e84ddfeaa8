"""Stage ``sam_masks``: automatic masks of both images of every pair of one dataset, by SAM."""

import os
from collections.abc import Callable
from pathlib import Path

from pipeline_steps.harness.step import In, Out, StepReport, main
from pipeline_steps.harness.work import fingerprint, work_root
from tests.contract.closure import import_closure
from twinband.core.params import Runtime
from twinband.drawing import example_keys
from twinband.masks.annotator import SamSpec
from twinband.masks.build import build_masks
from twinband.masks.params import SamMasksCommon, SamMasksParams
from twinband.masks.pictures import histogram, write_pictures
from twinband.shards.product import product_id
from twinband.shards.write import write_atomically
from twinband.weights import find_weights

LABELLER = "twinband.masks.annotator"


def run(
    params: SamMasksParams,
    *,
    item: str,
    pairs: In,
    registered: In,
    truth: In,
    weights: In,
    out: Out,
    metrics: Out,
    plots: Out,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Find the masks of the dataset ``item``; ``weights`` is what DVC watches of them."""
    settings = params.common
    spec = spec_of(settings)
    done = build_masks(
        pairs,
        registered,
        spec,
        truth=truth,
        least_px=settings.scores.least_px,
        cache=work_root() / "cache" / "masks",
        out=out,
        work=work,
        runtime=runtime,
        progress=progress,
    )
    write_pictures(pairs, registered, out, example_keys(pairs, registered), plots)
    write_atomically(plots / "masks_per_image.svg", histogram(done.manifest))
    images = done.facts["images"]
    absent = f", {n} without thermal" if (n := images["thermal"]["absent"]) else ""
    return StepReport(
        summary=f"{done.facts['pairs']} pairs{absent}, {images['rgb']['masks']} masks of RGB and "
        f"{images['thermal']['masks']} of thermal images; {done.fresh} images labelled anew, "
        f"{done.known} found in the cache",
        samples=done.fresh + done.known,
        metrics={
            **done.facts,
            "annotator": {"weights": spec.weights.name, "fingerprint": spec.annotator},
            "product": product_id(out),
        },
        facts={"images_labelled": done.fresh, "images_in_cache": done.known},
    )


def spec_of(settings: SamMasksCommon) -> SamSpec:
    """The annotator; its code is all that finding masks imports.

    Raises:
        InputError: the weights are missing.
    """
    outside = os.environ.get("TWINBAND_WEIGHTS")
    code = [Path(file) for file in import_closure(Path.cwd(), [LABELLER])]
    return SamSpec(
        find_weights(settings.weights, Path(outside) if outside else None),
        settings.settings.mask_settings(),
        settings.device,
        settings.threads,
        fingerprint({}, [], code),
    )


if __name__ == "__main__":
    main(run, unit="pair")

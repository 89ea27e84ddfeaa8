"""Stage ``distill_fusion``: SAGE's teacher and student on a dataset, and fused images."""

import os
from pathlib import Path

from pipeline_steps.harness.log import live_log
from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.params import OutsideWeights, Run
from twinband.fusion.build import distill
from twinband.fusion.params import DistillFusionParams
from twinband.fusion.sam_features import SamFeatures
from twinband.fusion.segmentation import open_segmenter
from twinband.fusion.training import Places
from twinband.masks.read import MaskReader
from twinband.sam.weights import load
from twinband.weights import Weights, find_weights


def run(
    params: DistillFusionParams,
    *,
    pairs: In,
    registered: In,
    masks: In,
    sam: In,
    segmenter: In,
    out: Out,
    fused: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Train one SAGE; ``sam`` and ``segmenter`` are what DVC watches of their weights."""
    device = params.training.device
    weights_of_sam = _weights(sam, params.outside.get("sam"))
    weights_of_segmenter = _weights(segmenter, params.outside.get("segmenter"))
    trained = distill(
        params,
        Places(pairs, registered, out, fused, plots),
        MaskReader(masks) if masks.is_dir() else None,
        SamFeatures(load(weights_of_sam.path).to(device)) if weights_of_sam else None,
        open_segmenter(params.segmenter, weights_of_segmenter, device),
        run=run,
        open_log=live_log,
    )
    return StepReport(
        trained.summary(),
        samples=params.training.steps * params.training.batch_size,
        metrics=trained.facts.headline(("loss_student", "loss_teacher")),
        facts=trained.facts,
        timings=trained.timings,
    )


def _weights(path: Path, outside: OutsideWeights | None) -> Weights | None:
    """Find weights; None if the project's are ``models/none.json`` and there are no others."""
    if outside is None and not path.is_dir():
        return None
    root = os.environ.get("TWINBAND_WEIGHTS")
    return find_weights(path, outside, Path(root) if root else None)


if __name__ == "__main__":
    main(run, unit="pair")

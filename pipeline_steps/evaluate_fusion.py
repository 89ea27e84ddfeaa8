"""Stage ``evaluate_fusion``: all methods of fusion on one dataset, in one table."""

import os
from pathlib import Path

from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.params import Run
from twinband.fusion.segmentation import open_segmenter
from twinband.fusion_scores.build import compare
from twinband.fusion_scores.methods import open_methods
from twinband.fusion_scores.params import EvaluateFusionParams
from twinband.shards.write import write_atomically
from twinband.weights import find_weights


def run(
    params: EvaluateFusionParams,
    *,
    pairs: In,
    registered: In,
    segmenter: In,
    distilled: In,
    trained: In,
    models: Base,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Compare methods.

    ``distilled`` and ``trained`` hold the facts of trained models, whose weights stand below
    ``models``: so the stage depends on those, and not on a folder that others share.
    """
    root = os.environ.get("TWINBAND_WEIGHTS")
    judged = params.segmenter != "none"
    weights = (
        find_weights(segmenter, params.outside, Path(root) if root else None) if judged else None
    )
    methods, digests = open_methods(params.methods, params.models, (distilled, trained), models)
    compared = compare(
        params,
        methods,
        digests,
        pairs,
        registered,
        open_segmenter(params.segmenter, weights, "cpu"),
        run=run,
    )
    plots.mkdir(parents=True)
    for name, picture in compared.pictures.items():
        write_atomically(plots / name, picture)
    found = compared.facts
    return StepReport(
        f"{len(found.methods)} methods on {found.pairs} pairs. {' '.join(found.sentences())}",
        samples=found.pairs,
        metrics=found.headline(params.models[0] if params.models else None),
        facts=found,
    )


if __name__ == "__main__":
    main(run, unit="pair")

"""Stage ``pseudo_labels``: depth and classes of one dataset's images by frozen annotators."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline_steps.harness.step import In, Out, StepReport, main
from pipeline_steps.harness.work import fingerprint, work_root
from tests.contract.closure import import_closure
from twinband.core.params import Runtime
from twinband.pseudo_labels.annotator import LabelSpec
from twinband.pseudo_labels.build import Asked, build_labels
from twinband.pseudo_labels.label import Kind
from twinband.pseudo_labels.params import AnnotatorParams, PseudoLabelsCommon, PseudoLabelsParams
from twinband.pseudo_labels.pictures import write_pictures
from twinband.pseudo_labels.truth import CLASS_TABLES, Truth
from twinband.shards.product import product_id
from twinband.weights import find_weights

DYNAMIC = [  # imported by name
    "twinband.annotators.{common.depth.annotator}",
    "twinband.annotators.{common.semantics.annotator}",
]
KINDS: tuple[Kind, ...] = ("depth", "semantics")


def run(
    params: PseudoLabelsParams,
    *,
    item: str,
    pairs: In,
    registered: In,
    truth: In,
    depth_weights: In,
    semantics_weights: In,
    depth: Out,
    semantics: Out,
    metrics: Out,
    plots: Out,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Label the images of the dataset ``item``.

    Where weights are is said by ``params``, since they may be outside; those that are part of the
    project are inputs too.
    """
    common, modality = params.common, params.datasets[item].modality
    known = Truth(truth, CLASS_TABLES[common.truth_classes])
    asked = [Asked.of(kind, spec_of(common, kind, known)) for kind in KINDS]
    outs = {"depth": depth, "semantics": semantics}
    done = {
        who.kind: build_labels(
            who,
            pairs,
            registered,
            modality=modality,
            truth=known,
            cache=work_root() / "cache" / who.kind,
            out=outs[who.kind],
            work=work,
            runtime=runtime,
            progress=progress,
        )
        for who in asked
    }
    write_pictures(pairs, registered, depth, semantics, asked[1].names, plots)
    fresh, cached = (sum(getattr(d, name) for d in done.values()) for name in ("fresh", "known"))
    found: dict[str, dict[str, Any]] = {
        kind: {**d.facts, "product": product_id(outs[kind])} for kind, d in done.items()
    }
    return StepReport(
        summary=f"{found['depth']['images']} images, {fresh} labels made, {cached} found in the "
        "cache",
        samples=fresh,
        metrics=found,
        facts={"labels_made": fresh, "labels_cached": cached},
    )


def spec_of(common: PseudoLabelsCommon, kind: Kind, truth: Truth) -> LabelSpec:
    """Who labels, with weights that are there; how consistently, where no truth will tell."""
    who: AnnotatorParams = getattr(common, kind)
    outside = os.environ.get("TWINBAND_WEIGHTS")
    module = f"twinband.annotators.{who.annotator}"
    code = import_closure(Path.cwd(), [LabelSpec.__module__, module])
    return LabelSpec(
        name=who.annotator,
        weights=find_weights(who.weights, Path(outside) if outside else None),
        options=tuple(sorted(who.options.items())),
        device=common.device,
        threads=common.threads,
        zoom=0.0 if truth.knows(kind) else common.consistency_zoom,
        code=fingerprint({}, [], map(Path, code)),
    )


if __name__ == "__main__":
    main(run, DYNAMIC, unit="pair")

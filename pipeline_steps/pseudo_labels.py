"""Stage ``pseudo_labels``: depth and classes of one dataset's images by frozen annotators."""

import os
from pathlib import Path

from pipeline_steps.harness.step import In, Out, StepReport, main
from pipeline_steps.harness.work import fingerprint, work_root
from twinband.core.params import Run
from twinband.pseudo_labels.annotator import LabelSpec
from twinband.pseudo_labels.build import CheckedAnnotator, build_labels
from twinband.pseudo_labels.facts import PseudoLabelFacts
from twinband.pseudo_labels.label import Kind
from twinband.pseudo_labels.params import PseudoLabelsParams
from twinband.pseudo_labels.pictures import write_pictures
from twinband.pseudo_labels.truth import CLASS_TABLES, Truth
from twinband.weights import find_weights

# The code that a label depends on, beside its annotator's: kept labels are those of equal code.
ANNOTATOR_CODE = (
    "src/twinband/core/images.py",
    "src/twinband/core/normalise.py",
    "src/twinband/labels/encoding.py",
    "src/twinband/pseudo_labels/annotator.py",
    "src/twinband/pseudo_labels/label.py",
    "src/twinband/pseudo_labels/transformers.py",
)
KINDS: tuple[Kind, ...] = ("depth", "semantics")


def run(
    params: PseudoLabelsParams,
    *,
    pairs: In,
    registered: In,
    truth: In,
    depth_weights: In,
    semantics_weights: In,
    depth: Out,
    semantics: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Label the images of one dataset; the weights are what DVC watches of them."""
    known = Truth(truth, CLASS_TABLES[params.truth_classes])
    annotators = [CheckedAnnotator.of(kind, spec_of(params, kind, known)) for kind in KINDS]
    outs = {"depth": depth, "semantics": semantics}
    labelled = {
        annotator.kind: build_labels(
            annotator,
            pairs,
            registered,
            modality=params.modality,
            truth=known,
            cache=work_root() / "cache" / annotator.kind,
            out=outs[annotator.kind],
            run=run,
        )
        for annotator in annotators
    }
    write_pictures(pairs, registered, depth, semantics, annotators[1].names, plots)
    fresh, cached = (
        sum(getattr(labels, name) for labels in labelled.values()) for name in ("fresh", "known")
    )
    described = PseudoLabelFacts.model_validate(
        {kind: labels.facts for kind, labels in labelled.items()}
    )
    return StepReport(
        summary=f"{described.depth.images} images, {fresh} labels made, {cached} found in "
        "the cache",
        samples=fresh,
        metrics=described.headline(),
        facts=described,
        timings={"labels_made": fresh, "labels_cached": cached},
    )


def spec_of(params: PseudoLabelsParams, kind: Kind, truth: Truth) -> LabelSpec:
    """Specify one of the annotators, with weights that are there.

    Where no truth will tell how good its labels are, they are kept with how consistent they are.
    """
    root = os.environ.get("TWINBAND_WEIGHTS")
    name: str = getattr(params, kind)
    folder = Path(getattr(params, f"{kind}_weights"))
    plug_in = f"src/twinband/annotators/{name}.py"
    return LabelSpec(
        name=name,
        weights=find_weights(folder, params.outside.get(kind), Path(root) if root else None),
        options=tuple(sorted(params.options.get(kind, {}).items())),
        device=params.device,
        threads=params.threads,
        zoom=0.0 if truth.knows(kind) else params.consistency_zoom,
        code=fingerprint({}, [], map(Path, (*ANNOTATOR_CODE, plug_in))),
    )


if __name__ == "__main__":
    main(run, unit="pair")

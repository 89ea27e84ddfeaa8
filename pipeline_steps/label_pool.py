"""Stage ``label_pool``: which products of depth and classes may be learnt from."""

import hashlib

from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.params import Run
from twinband.label_pool import LabelPoolFacts, LabelPoolParams, list_labels
from twinband.pretraining.labels import KINDS, LABELS
from twinband.shards.product import read_manifest
from twinband.shards.sums import write_sums
from twinband.shards.write import write_atomically


def run(
    params: LabelPoolParams,
    *,
    pseudo_labels: In,
    depth: Base,
    semantics: Base,
    out: Out,
    metrics: Out,
    facts: Out,
    run: Run,
) -> StepReport:
    """List the labels of the pooled datasets.

    ``pseudo_labels`` holds each dataset's facts, which name the products below ``depth`` and
    ``semantics``; so the stage depends on the datasets it lists, and not on a folder that others
    share.
    """
    bases = {"depth": depth, "semantics": semantics}
    labels = list_labels(pseudo_labels, {kind: bases[kind] for kind in KINDS}, params.datasets)
    data = labels.to_json()
    write_atomically(out / LABELS, data)
    write_sums(out / LABELS)
    described = LabelPoolFacts(
        images={
            kind: {
                name: read_manifest(bases[kind] / name, ["status"])["status"]
                .to_pylist()
                .count("ok")
                for name in products
            }
            for kind, products in labels.products.items()
        },
        classes=labels.classes,
        product=hashlib.sha256(data).hexdigest()[:16],
    )
    counts = ", ".join(f"{sum(by.values())} of {kind}" for kind, by in described.images.items())
    return StepReport(
        f"labels of {len(params.datasets)} datasets: {counts}",
        metrics=described.headline(),
        facts=described,
    )


if __name__ == "__main__":
    main(run)

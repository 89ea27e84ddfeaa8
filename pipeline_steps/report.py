"""Stage ``report``: one page that shows the data, what was left out, and how good the results are.

``make report`` calls it with ``--runs`` too and gets a page with this machine's timings, which
never are the same twice and so have no place in the stage.
"""

from pathlib import Path

import yaml

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.report.experiments import read_experiments
from twinband.report.page import page
from twinband.report.params import ReportParams
from twinband.report.read import (
    read_cmss,
    read_cmss_mixture,
    read_dataset,
    read_evaluation,
    read_masks,
    read_pool,
    read_pretrained,
    read_pseudo_labels,
    read_registration,
)
from twinband.report.sections import (
    cmss_section,
    datasets_section,
    evaluations_section,
    experiments_section,
    labels_section,
    overview_section,
    pretraining_section,
    read_timings,
    registration_section,
    timings_section,
    versions_section,
)
from twinband.shards.write import write_atomically


def run(
    params: ReportParams,
    *,
    ingest: In,
    ingest_plots: In,
    left_out: In,
    register: In,
    register_plots: In,
    pool: In,
    sam_masks: In,
    sam_masks_plots: In,
    pseudo_labels: In,
    pseudo_labels_plots: In,
    mae: In,
    mae_plots: In,
    cmss: In,
    cmss_plots: In,
    mixture: In,
    mixture_plots: In,
    pretrain: In,
    pretrain_plots: In,
    evaluate: In,
    evaluate_plots: In,
    experiments: In,
    out: Out,
    runs: In | None = None,
) -> StepReport:
    """Write ``index.html``: the datasets and evaluations that params name, in that order."""
    ingested = [read_dataset(name, ingest, ingest_plots, left_out) for name in params.datasets]
    registered = [read_registration(n, register, register_plots) for n in params.datasets]
    evaluated = [read_evaluation(key, evaluate, evaluate_plots) for key in params.evaluations]
    pooled = read_pool(pool)
    masked = [read_masks(name, sam_masks, sam_masks_plots) for name in params.masks]
    labelled = [
        read_pseudo_labels(name, pseudo_labels, pseudo_labels_plots)
        for name in params.pseudo_labels
    ]
    measured = [read_cmss(name, cmss, cmss_plots) for name in params.cmss]
    pretrained = [
        read_pretrained("mae", mae, mae_plots, "mae"),
        *(
            read_pretrained(k, pretrain / f"{k}.json", pretrain_plots / k, f"pretrain@{k}")
            for k in params.pretrained
        ),
    ]
    tree = Path()  # whose code the results of experiments are compared with
    settings = yaml.safe_load((tree / "params.yaml").read_text(encoding="utf-8"))
    compared = [read_experiments(n, experiments, tree, settings) for n in params.experiments]
    sections = [
        overview_section(ingested, pooled, evaluated),
        datasets_section(ingested, params.quarantined),
        registration_section(registered),
        labels_section(masked, labelled),
        cmss_section(measured, read_cmss_mixture(mixture, mixture_plots)),
        pretraining_section(pretrained),
        evaluations_section(evaluated),
        experiments_section(compared),
        versions_section(ingested, pooled),
    ]
    if runs is not None:
        sections.append(timings_section(read_timings(runs)))
    html = page(params.title, sections).encode()
    write_atomically(out / "index.html", html)
    return StepReport(
        f"datasets {len(ingested)}, evaluations {len(evaluated)}, page of {len(html) / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main(run)

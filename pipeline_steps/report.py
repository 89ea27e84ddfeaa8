"""Stage ``report``: one page that shows the data, what was left out, and how good the results are.

``make report`` calls it with ``--runs`` too and gets a page with this machine's timings, which
never are the same twice and so have no place in the stage.
"""

from pathlib import Path

import yaml

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.params import Run
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
    facts: In,
    plots: In,
    left_out: In,
    experiments: In,
    out: Out,
    run: Run,
    runs: In | None = None,
) -> StepReport:
    """Write ``index.html``: what the other sections of params.yaml name, in their order."""
    ingested = [
        read_dataset(name, facts / "ingest", plots / "ingest", left_out) for name in params.datasets
    ]
    registered = [
        read_registration(name, facts / "register", plots / "register") for name in params.datasets
    ]
    evaluated = [
        read_evaluation(name, facts / "evaluate", plots / "evaluate") for name in params.evaluations
    ]
    pooled = read_pool(facts / "pool.json")
    masked = [read_masks(name, facts / "sam_masks", plots / "sam_masks") for name in params.masks]
    labelled = [
        read_pseudo_labels(name, facts / "pseudo_labels", plots / "pseudo_labels")
        for name in params.pseudo_labels
    ]
    measured = [read_cmss(name, facts / "cmss", plots / "cmss") for name in params.cmss]
    pretrained = [
        read_pretrained("mae", facts / "mae.json", plots / "mae", "mae"),
        *(
            read_pretrained(
                name, facts / f"pretrain/{name}.json", plots / "pretrain" / name, f"pretrain@{name}"
            )
            for name in params.pretrained
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
        cmss_section(
            measured, read_cmss_mixture(facts / "cmss_mixture.json", plots / "cmss_mixture")
        ),
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

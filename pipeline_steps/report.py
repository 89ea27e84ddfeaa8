"""Stage ``report``: a page that shows data, what was left out and results, and their summary.

``make report`` calls it with ``--runs`` too and gets a page with this machine's timings, which
never are the same twice and so have no place in the stage.
"""

from pathlib import Path

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.cmss.facts import CmssFacts, PooledFacts
from twinband.core.params import Run, parse
from twinband.fusion_scores.facts import EvaluateFusionFacts
from twinband.masks.facts import MaskFacts
from twinband.pool import PoolFacts
from twinband.pretraining.facts import PretrainFacts
from twinband.pseudo_labels.facts import PseudoLabelFacts
from twinband.registration.facts import RegisterFacts
from twinband.report.experiments import read_experiments
from twinband.report.page import page
from twinband.report.params import ReportParams
from twinband.report.read import (
    read_dataset,
    read_evaluation,
    read_facts,
    read_shown,
)
from twinband.report.sections import (
    cmss_section,
    datasets_section,
    evaluations_section,
    experiments_section,
    fusion_section,
    labels_section,
    overview_section,
    pretraining_section,
    registration_section,
    speed_section,
    timings_section,
    versions_section,
)
from twinband.report.speed import read_speed
from twinband.report.summary import summary_of
from twinband.report.timings import read_timings
from twinband.shards.product import to_json
from twinband.shards.write import write_atomically


def run(
    params: ReportParams,
    *,
    facts: In,
    metrics: In,
    plots: In,
    left_out: In,
    experiments: In,
    benches: In,
    out: Out,
    run: Run,
    runs: In | None = None,
) -> StepReport:
    """Write ``index.html`` and ``summary.json`` of what the other sections of params.yaml name."""
    datasets = [read_dataset(name, facts, plots, left_out) for name in params.datasets]
    pool = read_facts(PoolFacts, facts / "pool.json", "pool")
    evaluations = [read_evaluation(name, metrics, facts, plots) for name in params.evaluations]
    registered = [
        read_shown(RegisterFacts, name, facts, plots, "register") for name in params.registered
    ]
    masks = [read_shown(MaskFacts, name, facts, plots, "sam_masks") for name in params.masks]
    labels = [
        read_shown(PseudoLabelFacts, name, facts, plots, "pseudo_labels")
        for name in params.pseudo_labels
    ]
    measured = [read_shown(CmssFacts, name, facts, plots, "cmss") for name in params.cmss]
    mixture = read_shown(PooledFacts, "cmss_mixture", facts, plots)
    pretrained = [
        read_shown(PretrainFacts, "mae", facts, plots),
        *(read_shown(PretrainFacts, name, facts, plots, "pretrain") for name in params.pretrained),
    ]
    fused = [
        read_shown(EvaluateFusionFacts, name, facts, plots, "evaluate_fusion")
        for name in params.fusion
    ]
    tree = Path()  # whose code the results of experiments are compared with
    settings = parse((tree / "params.yaml").read_text(encoding="utf-8"))
    sets = [read_experiments(name, experiments, tree, settings) for name in params.experiments]
    products = {f"{dataset.name}: pairs": dataset.facts.product for dataset in datasets}
    sections = [
        overview_section(datasets, pool, evaluations),
        datasets_section(datasets, params.quarantined),
        registration_section(registered),
        labels_section(masks, labels),
        cmss_section(measured, mixture),
        pretraining_section(pretrained),
        fusion_section(fused),
        evaluations_section(evaluations),
        experiments_section(sets),
        speed_section(read_speed(benches, params.speed)),
        versions_section({**products, "pool": pool.product}),
    ]
    if runs is not None:
        sections.append(timings_section(read_timings(runs)))
    html = page(params.title, sections).encode()
    write_atomically(out / "summary.json", to_json(summary_of(params, metrics)))
    write_atomically(out / "index.html", html)
    return StepReport(
        f"datasets {len(datasets)}, evaluations {len(evaluations)}, page of "
        f"{len(html) / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main(run)

"""Stage ``train_fusion``: a learnt method of fusion on one dataset, and what it fuses."""

from pipeline_steps.harness.log import live_log
from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.params import Run
from twinband.fusion.learned import train_fusion
from twinband.fusion.params import TrainFusionParams
from twinband.fusion.training import Places


def run(
    params: TrainFusionParams,
    *,
    pairs: In,
    registered: In,
    out: Out,
    fused: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Train one method."""
    places = Places(pairs, registered, out, fused, plots)
    trained = train_fusion(params, places, run=run, open_log=live_log)
    losses = tuple(name for name in trained.facts.losses if name.startswith("loss"))
    return StepReport(
        trained.summary(),
        samples=params.training.steps * params.training.batch_size,
        metrics=trained.facts.headline(losses[:5]),
        facts=trained.facts,
        timings=trained.timings,
    )


if __name__ == "__main__":
    main(run, unit="pair")

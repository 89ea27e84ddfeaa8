"""Stage ``mae``: a masked autoencoder of single images, RGB and thermal alike."""

from pipeline_steps.harness.log import live_log
from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.params import Run
from twinband.pretraining.build import fresh_model, pretrain
from twinband.pretraining.facts import Subject
from twinband.pretraining.pairs import Bases, open_pool
from twinband.pretraining.params import MaeParams


def run(
    params: MaeParams,
    *,
    pool: In,
    pairs: Base,
    registered: Base,
    out: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Train M-SpecGene's stage 0, in whose embedding CMSS is measured."""
    training = params.training
    trained = pretrain(
        Subject(
            "mae",
            "A masked autoencoder of single images (He et al., 2022), M-SpecGene's stage 0.",
            {"model": params.model},
        ),
        lambda: fresh_model(params, "mae"),
        open_pool(pool, Bases(pairs, registered), params.data.fraction),
        params.data,
        training,
        out=out,
        plots=plots,
        run=run,
        open_log=live_log,
    )
    return StepReport(
        trained.summary(),
        samples=training.steps * training.batch_size,
        metrics=trained.facts.headline(),
        facts=trained.facts,
        timings=trained.timings(),
    )


if __name__ == "__main__":
    main(run, unit="pair")

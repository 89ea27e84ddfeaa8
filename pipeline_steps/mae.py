"""Stage ``mae``: a masked autoencoder of single images, RGB and thermal alike."""

from pipeline_steps.harness.log import live_log
from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.params import Run
from twinband.pretraining.build import open_pool, pretrain
from twinband.pretraining.facts import Subject
from twinband.pretraining.params import MaeParams
from twinband.pretraining.start import configured


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
    side, training = params.data.image_px, params.training
    trained = pretrain(
        Subject(
            "mae",
            "A masked autoencoder of single images (He et al., 2022), M-SpecGene's stage 0.",
            {"model": params.model},
        ),
        lambda: configured("mae", params.model, side, params.options, "mae.options"),
        open_pool(pool, pairs, registered, params.data.fraction),
        params.data,
        training,
        out=out,
        plots=plots,
        run=run,
        open_log=live_log,
    )
    samples = training.steps * training.batch_size
    return StepReport(
        trained.summary(), samples, trained.headline(), trained.facts(), trained.timings()
    )


if __name__ == "__main__":
    main(run, unit="pair")

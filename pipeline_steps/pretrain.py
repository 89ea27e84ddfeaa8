"""Stage ``pretrain``: masked pretraining on pairs, by the method that the item names."""

from pipeline_steps.harness.log import live_log
from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.params import Run
from twinband.pretraining.build import open_pool, pretrain
from twinband.pretraining.facts import Subject
from twinband.pretraining.params import PretrainParams
from twinband.pretraining.start import started_model


def run(
    params: PretrainParams,
    *,
    pool: In,
    start: In,
    pairs: Base,
    registered: Base,
    out: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Pretrain one model."""
    training = params.training
    trained = pretrain(
        Subject(
            run.item,
            f"Masked pretraining on RGB-thermal pairs by the method `{params.method}`.",
            {"model": params.model, "masking": params.arm, "started from": params.start},
        ),
        lambda: started_model(params, start, f"pretrain.items.{run.item}"),
        open_pool(pool, pairs, registered, params.data.fraction),
        params.data,
        training,
        out=out,
        plots=plots,
        run=run,
        open_log=live_log,
    )
    return StepReport(
        f"{trained.summary()}, masking {params.arm}",
        samples=training.steps * training.batch_size,
        metrics=trained.facts.headline(),
        facts=trained.facts,
        timings=trained.timings(),
    )


if __name__ == "__main__":
    main(run, unit="pair")

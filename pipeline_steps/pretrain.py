"""Stage ``pretrain``: masked pretraining on pairs, by the method that the item names."""

from pipeline_steps.harness.log import live_log
from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.params import Run
from twinband.pretraining.build import pretrain
from twinband.pretraining.facts import Subject
from twinband.pretraining.labels import read_labels
from twinband.pretraining.pairs import Bases, open_pool
from twinband.pretraining.params import PretrainParams
from twinband.pretraining.start import started_model


def run(
    params: PretrainParams,
    *,
    pool: In,
    start: In,
    labels: In,
    pairs: Base,
    registered: Base,
    depth: Base,
    semantics: Base,
    out: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Pretrain one model."""
    training = params.training
    listed = read_labels(labels)
    bases = Bases(pairs, registered, depth, semantics)
    trained = pretrain(
        Subject(
            run.item,
            f"Masked pretraining on RGB-thermal pairs by the method `{params.method}`.",
            {"model": params.model, "masking": params.arm, "started from": params.start},
        ),
        lambda: started_model(params, start, listed, f"pretrain.items.{run.item}"),
        open_pool(pool, bases, params.data.fraction, listed),
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

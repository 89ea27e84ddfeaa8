"""Stage ``pretrain``: masked pretraining on pairs, by the method that the item names."""

from collections.abc import Callable
from pathlib import Path

from pipeline_steps._live import live_log
from pipeline_steps._step import Base, In, Out, StepReport, main
from twinband.params.pretrain import PretrainParams
from twinband.params.runtime import Runtime
from twinband.pretraining.build import pretrain
from twinband.pretraining.card import model_card
from twinband.pretraining.pool_pairs import open_pool
from twinband.pretraining.seeded import seeded
from twinband.pretraining.start import started_model
from twinband.shards.write import write_atomically


def run(
    params: PretrainParams,
    *,
    item: str,
    pool: In,
    start: In,
    pairs: Base,
    registered: Base,
    out: Out,
    metrics: Out,
    plots: Out,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Pretrain by the method ``item``."""
    method = params.methods[item]
    settings = method.training.settings()
    with seeded(settings.seed), live_log(work) as log:
        trained = pretrain(
            started_model(method, start),
            open_pool(pool, pairs, registered, method.data.fraction),
            method.data,
            settings,
            out=out,
            plots=plots,
            work=work,
            runtime=runtime,
            log=log,
            progress=progress,
        )
    facts = {
        "model": method.model,
        "masking": method.masking.arm,
        "started from": method.start,
        "steps": settings.steps,
        "batch": settings.batch_size,
    }
    what = f"Masked pretraining on RGB-thermal pairs by the method `{item}`."
    write_atomically(out / "README.md", model_card(item, what, trained, facts).encode())
    loss = trained.curve["loss"]
    return StepReport(
        f"{settings.steps} steps on {trained.pairs} pairs, masking {method.masking.arm}, "
        f"loss {loss[0]:.3f} to {loss[-1]:.3f}",
        samples=settings.steps * settings.batch_size,
        metrics=trained.facts(),
        facts={
            "resumed_at_step": trained.result.resumed_at,
            "pairs_per_second": round(trained.result.pairs_per_second, 1),
        },
    )


if __name__ == "__main__":
    main(run, unit="pair")

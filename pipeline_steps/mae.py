"""Stage ``mae``: a masked autoencoder of single images, RGB and thermal alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from pipeline_steps._live import live_log
from pipeline_steps._step import Base, In, Out, StepReport, main
from twinband.models.mae import MaskedAutoencoder
from twinband.models.registry import build
from twinband.params.mae import MaeParams
from twinband.params.runtime import Runtime
from twinband.pretraining.build import pretrain
from twinband.pretraining.card import model_card
from twinband.pretraining.pool_pairs import open_pool
from twinband.pretraining.seeded import seeded
from twinband.shards.write import write_atomically


def run(
    params: MaeParams,
    *,
    pool: In,
    pairs: Base,
    registered: Base,
    out: Out,
    metrics: Out,
    plots: Out,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Train M-SpecGene's stage 0, in whose embedding CMSS is measured."""
    settings = params.training.settings()
    with seeded(settings.seed), live_log(work) as log:
        options: dict[str, Any] = {"image_px": params.data.image_px, **params.options}
        trained = pretrain(
            cast(MaskedAutoencoder, build(params.model, **options)),
            open_pool(pool, pairs, registered, params.data.fraction),
            params.data,
            settings,
            out=out,
            plots=plots,
            work=work,
            runtime=runtime,
            log=log,
            progress=progress,
        )
    facts = {"model": params.model, "steps": settings.steps, "batch": settings.batch_size}
    what = "A masked autoencoder of single images (He et al., 2022), M-SpecGene's stage 0."
    write_atomically(out / "README.md", model_card("mae", what, trained, facts).encode())
    loss = trained.curve["loss"]
    return StepReport(
        f"{settings.steps} steps on {trained.pairs} pairs, loss {loss[0]:.3f} to {loss[-1]:.3f}",
        samples=settings.steps * settings.batch_size,
        metrics=trained.facts(),
        facts={
            "resumed_at_step": trained.result.resumed_at,
            "pairs_per_second": round(trained.result.pairs_per_second, 1),
        },
    )


if __name__ == "__main__":
    main(run, unit="pair")

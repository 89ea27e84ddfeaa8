"""Stage ``mae``: a masked autoencoder of single images, RGB and thermal alike."""

from collections.abc import Callable
from pathlib import Path

from pipeline_steps.harness.pretraining import Pool, Subject, pretraining
from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.params import Runtime
from twinband.methods.mae.model import MaskedAutoencoder
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
    plots: Out,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Train M-SpecGene's stage 0, in whose embedding CMSS is measured."""
    side = params.data.image_px
    subject = Subject(
        name="mae",
        what="A masked autoencoder of single images (He et al., 2022), M-SpecGene's stage 0.",
        facts={"model": params.model},
        masking="random",
    )
    return pretraining(
        subject,
        lambda: configured(MaskedAutoencoder, params.model, side, params.options, "mae.options"),
        Pool(pool, pairs, registered),
        params.data,
        params.training,
        out=out,
        plots=plots,
        work=work,
        runtime=runtime,
        progress=progress,
    )


if __name__ == "__main__":
    main(run, unit="pair")

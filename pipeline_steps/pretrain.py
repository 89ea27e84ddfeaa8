"""Stage ``pretrain``: masked pretraining on pairs, by the method that the item names."""

from collections.abc import Callable
from pathlib import Path

from pipeline_steps.harness.pretraining import Pool, Subject, pretraining
from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.params import Runtime
from twinband.pretraining.params import PretrainParams
from twinband.pretraining.start import started_model


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
    subject = Subject(
        name=item,
        what=f"Masked pretraining on RGB-thermal pairs by the method `{item}`.",
        facts={
            "model": method.model,
            "masking": method.masking.arm,
            "started from": method.start,
        },
        masking=method.masking.arm,
    )
    return pretraining(
        subject,
        lambda: started_model(method, start, f"pretrain.methods.{item}"),
        Pool(pool, pairs, registered),
        method.data,
        method.training,
        out=out,
        plots=plots,
        work=work,
        runtime=runtime,
        progress=progress,
    )


if __name__ == "__main__":
    main(run, unit="pair")

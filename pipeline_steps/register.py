"""Stage ``register``: thermal, RGB and labels of one dataset on one grid, with a confidence."""

from collections.abc import Callable
from pathlib import Path

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.params import Runtime
from twinband.registration.build import register
from twinband.registration.facts import facts
from twinband.registration.params import RegisterParams
from twinband.registration.pictures import write_pictures
from twinband.shards.product import product_id

DYNAMIC = ["twinband.backends.{backend}"]  # imported by name


def run(
    params: RegisterParams,
    *,
    item: str,
    pairs: In,
    homographies: In,
    truth: In,
    out: Out,
    metrics: Out,
    plots: Out,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Register the dataset ``item``."""
    done = register(
        pairs,
        params.datasets[item],
        params.common,
        homographies=homographies,
        truth=truth,
        out=out,
        work=work,
        runtime=runtime,
        progress=progress,
    )
    write_pictures(pairs, out, plots)
    found = facts(done.manifest)
    status = ", ".join(f"{count} {name}" for name, count in found["status"].items())
    continued = f"; {done.continued} of {done.shards} shards were already finished"
    return StepReport(
        summary=f"{found['pairs']} pairs: {status}" + (continued if done.continued else ""),
        samples=done.manifest.num_rows,
        metrics={**found, "product": product_id(out)},
        facts={"continued_shards": done.continued},
    )


if __name__ == "__main__":
    main(run, DYNAMIC)

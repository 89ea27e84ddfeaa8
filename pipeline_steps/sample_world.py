"""Stage ``sample_world``: render one sample dataset in the on-disk layout of a public one."""

from collections.abc import Callable

from pipeline_steps.harness.step import Out, StepReport, main
from twinband.core.params import Runtime
from twinband.world.params import SampleWorldParams
from twinband.world.write import write

DYNAMIC = ["twinband.layouts.{layout}"]  # imported by name


def run(
    params: SampleWorldParams,
    *,
    item: str,
    out: Out,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Render the dataset ``item``."""
    dataset = params.datasets[item]
    write(
        dataset.layout,
        out,
        count=dataset.count,
        seed=dataset.seed,
        width=dataset.width_px,
        height=dataset.height_px,
        name=item,
        workers=runtime.workers,
        progress=lambda done: progress(done, dataset.count),
    )
    return StepReport(f"{dataset.count} pairs in the layout of {dataset.layout}", dataset.count)


if __name__ == "__main__":
    main(run, DYNAMIC, unit="pair")

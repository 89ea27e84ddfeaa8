"""Stage ``sample_world``: render one sample dataset in the on-disk layout of a public one."""

from pipeline_steps.harness.step import Out, StepReport, main
from twinband.core.params import Run
from twinband.world.params import SampleWorldParams
from twinband.world.write import write


def run(params: SampleWorldParams, *, out: Out, run: Run) -> StepReport:
    """Render one dataset."""
    write(
        params.layout,
        out,
        count=params.count,
        seed=params.seed,
        width=params.width_px,
        height=params.height_px,
        name=run.item,
        workers=run.runtime.workers,
        progress=lambda done: run.progress(done, params.count),
    )
    return StepReport(f"{params.count} pairs in the layout of {params.layout}", params.count)


if __name__ == "__main__":
    main(run, unit="pair")

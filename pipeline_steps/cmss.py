"""Stage ``cmss``: how structured and how different the two views of one dataset's patches are."""

from pathlib import Path

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.cmss.build import Plan, measure_dataset, write_measured
from twinband.cmss.encoder import WeightsFile
from twinband.cmss.fitted import Fitted
from twinband.cmss.maps import choose, draw_maps
from twinband.cmss.params import CmssParams
from twinband.cmss.pictures import distribution, objects_and_background, series
from twinband.cmss.statistics import Statistics
from twinband.core.params import Run
from twinband.drawing import UNKNOWN_HOUR, in_reading_order
from twinband.shards.write import write_atomically


def run(
    params: CmssParams,
    *,
    pairs: In,
    registered: In,
    model: In,
    out: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Measure one dataset in the embedding of the model's encoder."""
    weights = WeightsFile.of(model / "weights.safetensors")
    measured = measure_dataset(params, pairs, registered, weights, run)
    statistics = measured.statistics
    fitted, described = write_measured(out, run.item, params, weights, statistics)
    write_figures(statistics, fitted, plots)
    chosen = choose(Plan.of(pairs, registered), params.maps)
    if chosen:
        maps = draw_maps(pairs, registered, chosen, weights, params, statistics.patches)
        write_atomically(plots / "maps.jpg", maps)
    absent = f", {n} without thermal left out" if (n := described.thermal_absent) else ""
    continued = f"; {measured.continued} of {measured.shards} shards were already finished"
    return StepReport(
        summary=f"{described.pairs} pairs{absent}, median 10^{described.log10.median:.2f}"
        f", {fitted.best.components} components by BIC" + (continued if measured.continued else ""),
        samples=described.pairs,
        metrics=described.headline(),
        facts=described,
        timings={"continued_shards": measured.continued},
    )


def write_figures(statistics: Statistics, fitted: Fitted, folder: Path) -> None:
    """Draw ``distribution.svg``; ``hours.svg`` and ``objects.svg`` where hours and labels are
    known."""
    write_atomically(folder / "distribution.svg", distribution(statistics.patches, fitted))
    order = in_reading_order(sorted(statistics.hours))
    hours = {hour: statistics.hours[hour][1] for hour in order}
    if hours.keys() != {UNKNOWN_HOUR}:
        write_atomically(folder / "hours.svg", series(hours, "patches by hour of the day"))
    objects = objects_and_background(statistics, fitted.fixed)
    if objects is not None:
        write_atomically(folder / "objects.svg", objects)


if __name__ == "__main__":
    main(run)

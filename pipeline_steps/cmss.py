"""Stage ``cmss``: how structured and how different the two views of one dataset's patches are."""

from collections.abc import Callable
from pathlib import Path

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.cmss.build import UNKNOWN_HOUR, Plan, WeightsFile, measure_dataset
from twinband.cmss.facts import facts
from twinband.cmss.mixture import Fitted
from twinband.cmss.params import CmssParams
from twinband.cmss.pictures import choose, distribution, draw_maps, objects_and_background, series
from twinband.cmss.statistics import Measure, Statistics, write_product
from twinband.core.params import Runtime
from twinband.drawing import in_reading_order
from twinband.shards.write import write_atomically


def run(
    params: CmssParams,
    *,
    item: str,
    pairs: In,
    registered: In,
    model: In,
    out: Out,
    metrics: Out,
    plots: Out,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Measure the dataset ``item`` in the embedding of the model's encoder."""
    settings = params.common
    weights = WeightsFile.of(model / "weights.safetensors")
    done = measure_dataset(
        pairs,
        registered,
        weights,
        settings,
        work=work,
        runtime=runtime,
        progress=progress,
    )
    statistics = done.statistics
    fitted = Fitted.to(
        statistics.patches,
        components=settings.components,
        most_components=settings.most_components,
        quantile=settings.quantile,
    )
    measure = Measure(settings.variance, settings.image_px, weights.sha256)
    identity = write_product(out, item, measure, statistics)
    write_figures(statistics, fitted, plots)
    chosen = choose(Plan.of(pairs, registered), settings.maps)
    if chosen:
        maps = draw_maps(pairs, registered, chosen, weights, settings, statistics.patches)
        write_atomically(plots / "maps.jpg", maps)
    found = facts(statistics, fitted)
    absent = f", {n} without thermal left out" if (n := statistics.counts.thermal_absent) else ""
    continued = f"; {done.continued} of {done.shards} shards were already finished"
    return StepReport(
        summary=f"{found['pairs']} pairs{absent}, median 10^{found['log10']['median']:.2f}, "
        f"{fitted.best.components} components by BIC" + (continued if done.continued else ""),
        samples=found["pairs"],
        metrics={**found, "product": identity},
        facts={"continued_shards": done.continued},
    )


def write_figures(statistics: Statistics, fitted: Fitted, folder: Path) -> None:
    """``distribution.svg``; ``hours.svg`` and ``objects.svg`` where hours and labels are known."""
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

"""Stage ``evaluate``: one model on one benchmark."""

import importlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.params import validate
from twinband.evaluation.benchmark import Inputs
from twinband.evaluation.params import EvaluateParams
from twinband.shards.product import write_following
from twinband.shards.write import write_atomically

COLUMNS = [pa.field("prediction", pa.string())]

DYNAMIC = ["twinband.benchmarks.{benchmark}"]  # imported by name


def run(
    params: EvaluateParams,
    *,
    item: str,
    pairs: In,
    registered: In,
    model: In,
    out: Out,
    metrics: Out,
    plots: Out,
    work: Path,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Run the evaluation ``item``; ``out`` is a product with a prediction for each test pair."""
    settings = params.items[item]
    module = importlib.import_module(f"twinband.benchmarks.{settings.benchmark}")
    where = f"evaluate.items.{item}.options"
    options = validate(module.Benchmark.Options, settings.options, where)
    inputs = Inputs(pairs, registered, model, work, progress)
    scores = module.Benchmark(options, settings.seed).run(inputs)
    write_following(
        pairs,
        out,
        product="predictions",
        samples={
            key: (members, {"prediction": members["json"].decode()})
            for key, members in scores.predictions.items()
        },
        columns=COLUMNS,
        absent="not_tested",
        card=f"# {item}: predictions\n\n{scores.summary}\n",
    )
    plots.mkdir(parents=True)
    for name, data in scores.plots.items():
        write_atomically(plots / name, data)
    return StepReport(scores.summary, len(scores.predictions), scores.metrics)


if __name__ == "__main__":
    main(run, DYNAMIC, unit="pair")

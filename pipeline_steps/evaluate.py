"""Stage ``evaluate``: one model on one benchmark."""

import importlib
import json

import pyarrow as pa

from pipeline_steps._step import In, Out, StepReport, main
from twinband.params.base import validate
from twinband.params.evaluate import EvaluateParams
from twinband.shards.follow import write_following
from twinband.shards.write import write_atomically

COLUMNS = [pa.field("prediction", pa.string())]

DYNAMIC = ["twinband.benchmarks.{benchmark}"]  # imported by name


def run(
    params: EvaluateParams, *, item: str, pairs: In, out: Out, metrics: Out, plots: Out
) -> StepReport:
    """Run the evaluation ``item``; ``out`` is a product with a prediction for each test pair."""
    settings = params.items[item]
    module = importlib.import_module(f"twinband.benchmarks.{settings.benchmark}")
    where = f"evaluate.items.{item}.options"
    options = validate(module.Benchmark.Options, settings.options, where)
    scores = module.Benchmark(options, settings.seed).run(pairs)
    encoded = {key: json.dumps(value, sort_keys=True) for key, value in scores.predictions.items()}
    write_following(
        pairs,
        out,
        product="predictions",
        samples={k: ({"json": text.encode()}, {"prediction": text}) for k, text in encoded.items()},
        columns=COLUMNS,
        absent="not_tested",
        card=f"# {item}: predictions\n\n{scores.summary}\n",
    )
    plots.mkdir(parents=True)
    for name, data in scores.plots.items():
        write_atomically(plots / name, data)
    return StepReport(scores.summary, len(scores.predictions), scores.metrics)


if __name__ == "__main__":
    main(run, DYNAMIC)

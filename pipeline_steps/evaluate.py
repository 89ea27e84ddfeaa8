"""Stage ``evaluate``: one model on one benchmark."""

import importlib

import pyarrow as pa

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.params import Run, validate
from twinband.evaluation.benchmark import Inputs
from twinband.evaluation.params import EvaluateParams
from twinband.shards.product import write_following
from twinband.shards.write import write_atomically

COLUMNS = [pa.field("prediction", pa.string())]


def run(
    params: EvaluateParams,
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
    """Run one evaluation; ``out`` is a product with a prediction for each test pair."""
    module = importlib.import_module(f"twinband.benchmarks.{params.benchmark}")
    where = f"evaluate.items.{run.item}.options"
    options = validate(module.Benchmark.Options, params.options, where)
    inputs = Inputs(pairs, registered, model, run.work, run.progress)
    scores = module.Benchmark(options, params.seed).run(inputs)
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
        card=f"# {run.item}: predictions\n\n{scores.summary}\n",
    )
    plots.mkdir(parents=True)
    for name, data in scores.plots.items():
        write_atomically(plots / name, data)
    return StepReport(scores.summary, len(scores.predictions), scores.headline, scores.facts)


if __name__ == "__main__":
    main(run, unit="pair")

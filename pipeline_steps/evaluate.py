"""Stage ``evaluate``: one model on one benchmark."""

import pyarrow as pa

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.params import Run
from twinband.evaluation.benchmark import Inputs, open_benchmark
from twinband.evaluation.params import EvaluateParams
from twinband.evaluation.protocol import KEY, dataset_protocol
from twinband.shards.product import markdown_card, write_following
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
    where = f"evaluate.items.{run.item}"
    benchmark = open_benchmark(params.benchmark, params.options, params.seed, where)
    protocol = dataset_protocol(pairs)
    scores = benchmark.run(Inputs(pairs, registered, model, run.work, run.progress))
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
        card=markdown_card(
            f"{run.item}: predictions", ["rgb-thermal", "predictions"], scores.summary
        ),
    )
    plots.mkdir(parents=True)
    for name, data in scores.plots.items():
        write_atomically(plots / name, data)
    return StepReport(
        scores.summary,
        samples=len(scores.predictions),
        metrics=scores.headline,
        facts={**scores.facts, KEY: protocol},
    )


if __name__ == "__main__":
    main(run, unit="pair")

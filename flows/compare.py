"""The flow ``compare``: the experiments of a set, their table, and the spread over seeds.

``dvc exp run --temp`` runs each in a copy of the tree. DVC's queue would do the same through a
background worker, but does not survive a kill: the experiment that ran stays "running" for good,
and the next ``--run-all`` waits for it without end. Here a kill ends the experiment, and the next
run takes it up again, its finished stages from DVC's cache.
"""

import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from flows.artifacts import artifact_key, show_table
from flows.command_line import exit_codes, given_or_own_server, print_table
from flows.dvc_command import (
    DvcError,
    dvc,
    environment,
    make_ready,
    repository_root,
    stream,
)
from flows.experiment_set import (
    Experiment,
    held_experiments,
    plan,
    read_experiment_set,
    read_metrics_of,
    targets_of,
    upstream_of,
)
from flows.graph import read_graph
from flows.provenance import commit_of, processor, recipe_of
from flows.results import Results
from flows.supervise import supervised


@task(task_run_name="{experiment.name}", cache_policy=NO_CACHE, persist_result=False)
def run_experiment(root: Path, experiment: Experiment, targets: Sequence[str]) -> None:
    """Run one experiment as far as the stages ``targets``; DVC keeps it under its name.

    Raises:
        DvcError: it failed.
    """
    settings = [word for setting in experiment.settings for word in ("-S", setting)]
    with supervised(
        dvc("exp", "run", "--temp", "--name", experiment.name, *settings, *targets),
        stop_order="command-last",
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        last = stream(process, get_run_logger().info)
        if process.wait():
            raise DvcError(f"experiment {experiment.name} failed. Its last lines:\n{last}")


@flow(name="compare", persist_result=False)
def compare(set_path: Path, results_folder: Path | None = None) -> list[dict[str, Any]]:
    """Run what is missing of a set of experiments; each result is written as it comes.

    Args:
        set_path: the set, ``experiments/SET.yaml``.
        results_folder: for ``SET.csv``; ``results`` beside the set unless given. An arm and seed
            that has a row of today's code and parameters there is not run again.

    Returns:
        A row per arm and metric: the mean over the seeds and their standard deviation.

    Raises:
        ExperimentSetError: the set is not valid, or an experiment lacks a metric.
        DvcError: experiments failed; the others are in the table, and the next run takes up
            those that failed.
    """
    root = repository_root()
    make_ready(root, get_run_logger().warning)
    experiment_set = read_experiment_set(set_path)
    stages = read_graph(root)
    recipe = recipe_of(
        upstream_of(experiment_set, stages),
        experiment_set.arms,
        experiment_set.seed_parameters,
        root,
    )
    experiments = plan(experiment_set, recipe)
    results = Results(
        results_folder or set_path.parent / "results",
        experiment_set.name,
        recipe,
        [(e.arm, e.seed) for e in experiments],
        experiment_set.metrics,
    )
    missing = [e for e in experiments if not results.has(e.arm, e.seed)]
    get_run_logger().info("%d of %d experiments to run", len(missing), len(experiments))
    origin = {"commit": commit_of(root), "processor": processor()}
    targets = targets_of(experiment_set, stages)
    failed = []
    for experiment in missing:
        if experiment.name not in held_experiments(root):
            state = run_experiment(root, experiment, targets, return_state=True)
            if not state.is_completed():
                failed.append(str(state.message))
                continue
        reference = held_experiments(root)[experiment.name]
        values = read_metrics_of(reference, experiment_set.metrics, root)
        results.add({"arm": experiment.arm, "seed": experiment.seed, **origin, **values})
    if failed:
        raise DvcError("\n".join([f"{len(failed)} experiments failed:", *failed]))
    summary = summarize(results.rows(), experiment_set.metrics)
    show_table(summary, artifact_key("compare", experiment_set.name), experiment_set.description)
    return summary


def summarize(rows: Sequence[dict[str, Any]], metrics: Sequence[str]) -> list[dict[str, Any]]:
    """Mean and sample standard deviation (None for one seed) of every metric in every arm."""
    summary = []
    for arm in sorted({row["arm"] for row in rows}):
        for metric in metrics:
            values = [float(row[metric]) for row in rows if row["arm"] == arm]
            spread = statistics.stdev(values) if len(values) > 1 else None
            mean = statistics.fmean(values)
            summary.append(
                {
                    "arm": arm,
                    "metric": short_name(metric),
                    "mean": mean,
                    "std": spread,
                    "seeds": len(values),
                }
            )
    return summary


def main(
    set_path: Annotated[Path, typer.Argument(metavar="SET", help="experiments/SET.yaml")],
) -> None:
    """Run a set of experiments, as far as it is missing, and print its table."""
    with exit_codes(), given_or_own_server():
        print_table(compare(set_path))


def short_name(metric: str) -> str:
    """``probe-hog accuracy.rgb`` for ``metrics/evaluate/probe-hog.json:accuracy.rgb``."""
    path, _, key = metric.partition(":")
    return f"{Path(path).stem} {key}".strip()


if __name__ == "__main__":
    typer.run(main)

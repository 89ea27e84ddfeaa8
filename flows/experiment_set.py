"""A set of experiments, arms times seeds, and what DVC recorded of each."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from flows.graph import Stage, select
from flows.provenance import Recipe, git

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Metric = Annotated[str, StringConstraints(pattern=r"^[^:]+\.json:[^:]+$")]
Value = bool | int | float | str | list[Any] | None


class ExperimentSetError(ValueError):
    """An experiment set, or what DVC recorded of it, is not as it must be."""


class ExperimentSet(BaseModel):
    """A file ``experiments/SET.yaml``.

    Attributes:
        name: of the set.
        description: the question it answers.
        arms: the parameters that each arm changes, by dotted path.
        seeds: every arm runs with each of them.
        seed_parameters: dotted paths of the parameters that take the seed.
        metrics: what to compare, each ``metrics/FILE.json:key.path``.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: Name
    description: str
    arms: Annotated[dict[Name, dict[str, Value]], Field(min_length=1)]
    seeds: Annotated[list[int], Field(min_length=1)]
    seed_parameters: Annotated[list[str], Field(min_length=1)]
    metrics: Annotated[list[Metric], Field(min_length=1)]


@dataclass(frozen=True)
class Experiment:
    """One arm with one seed.

    Attributes:
        name: its name in DVC, with a hash of all that decides its results.
        settings: ``-S`` arguments for ``dvc exp run``.
    """

    name: str
    arm: str
    seed: int
    settings: tuple[str, ...]


def read_experiment_set(path: Path) -> ExperimentSet:
    """Read and validate a set.

    Raises:
        ExperimentSetError: the file is missing or wrong; the message lists every problem.
    """
    try:
        content = YAML(typ="safe", pure=True).load(path)  # numbers as DVC reads them
        return ExperimentSet.model_validate(content)
    except (OSError, YAMLError) as error:
        raise ExperimentSetError(f"cannot read {path}: {error}") from error
    except ValidationError as error:
        problems = [f"- {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ExperimentSetError("\n".join([f"{path} is not as it must be:", *problems])) from error


def targets_of(experiment_set: ExperimentSet, stages: Mapping[str, Stage]) -> list[str]:
    """The stages that write the metrics.

    Raises:
        ExperimentSetError: no stage writes one of them.
    """
    writers = {path: name for name, stage in stages.items() for path in stage.outputs}
    files = [metric.partition(":")[0] for metric in experiment_set.metrics]
    if absent := sorted(set(files) - set(writers)):
        raise ExperimentSetError(f"no stage in dvc.yaml writes {', '.join(absent)}")
    return sorted({writers[file] for file in files})


def upstream_of(experiment_set: ExperimentSet, stages: Mapping[str, Stage]) -> list[Stage]:
    """All stages that an experiment of the set needs."""
    return list(select(stages, targets_of(experiment_set, stages)).values())


def plan(experiment_set: ExperimentSet, recipe: Recipe) -> list[Experiment]:
    """Every arm with every seed, sorted by arm, then seed."""
    return [
        _experiment(experiment_set, arm, seed, recipe)
        for arm in sorted(experiment_set.arms)
        for seed in sorted(experiment_set.seeds)
    ]


def _experiment(experiment_set: ExperimentSet, arm: str, seed: int, recipe: Recipe) -> Experiment:
    seeds = dict.fromkeys(experiment_set.seed_parameters, seed)
    changes = {**experiment_set.arms[arm], **seeds}
    settings = tuple(f"{path}={_hydra(value)}" for path, value in sorted(changes.items()))
    values = json.dumps(recipe.arms[arm], sort_keys=True)
    digest = hashlib.sha256("\n".join([recipe.code, values, *settings]).encode()).hexdigest()[:10]
    return Experiment(f"{experiment_set.name}-{arm}-{seed}-{digest}", arm, seed, settings)


def _hydra(value: Value) -> str:
    """A value in the grammar of ``dvc exp run -S``, which is Hydra's."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    if isinstance(value, list):
        return f"[{','.join(_hydra(item) for item in value)}]"
    return json.dumps(value)


def held_experiments(root: Path) -> dict[str, str]:
    """The Git reference of each experiment that DVC holds, by its name."""
    references = git(root, "for-each-ref", "--format=%(refname)", "refs/exps/").split()
    # refs/exps/AB/CDEF…/NAME: the commit that it began at, then its name
    return {name.split("/")[4]: name for name in references if name.count("/") == 4}


def read_metrics_of(reference: str, metrics: list[str], root: Path) -> dict[str, Any]:
    """The metrics of an experiment, as Git keeps them.

    Raises:
        ExperimentSetError: the experiment did not write one of them.
    """
    return {metric: _value(reference, metric, root) for metric in metrics}


def _value(reference: str, metric: str, root: Path) -> Any:
    path, keys = metric.split(":")
    try:
        value: Any = json.loads(git(root, "show", f"{reference}:{path}"))
    except (subprocess.CalledProcessError, json.JSONDecodeError):
        value = None
    for key in keys.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if value is None:
        raise ExperimentSetError(f"{reference} recorded no metric {metric}")
    return value

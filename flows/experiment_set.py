"""A set of experiments, arms times seeds, and which of them DVC already holds."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from flows.dvc_command import dvc_output
from flows.graph import Stage

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
        seed_parameter: dotted path of the parameter that takes the seed.
        metrics: what to compare, each ``metrics/FILE.json:key.path``.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: Name
    description: str
    arms: Annotated[dict[Name, dict[str, Value]], Field(min_length=1)]
    seeds: Annotated[list[int], Field(min_length=1)]
    seed_parameter: str
    metrics: Annotated[list[Metric], Field(min_length=1)]


@dataclass(frozen=True)
class Experiment:
    """One arm with one seed.

    Attributes:
        name: its name in DVC, which holds a hash of all that it runs: equal name, equal result.
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
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return ExperimentSet.model_validate(content)
    except (OSError, yaml.YAMLError) as error:
        raise ExperimentSetError(f"cannot read {path}: {error}") from error
    except ValidationError as error:
        problems = [f"- {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ExperimentSetError("\n".join([f"{path} is not as it must be:", *problems])) from error


def plan(
    experiment_set: ExperimentSet, root: Path, stages: Mapping[str, Stage]
) -> list[Experiment]:
    """Every arm with every seed, sorted by arm, then seed."""
    code = _code_hash(root, stages)
    return [
        _experiment(experiment_set, arm, seed, code)
        for arm in sorted(experiment_set.arms)
        for seed in sorted(experiment_set.seeds)
    ]


def _experiment(experiment_set: ExperimentSet, arm: str, seed: int, code: str) -> Experiment:
    changes = {**experiment_set.arms[arm], experiment_set.seed_parameter: seed}
    settings = tuple(f"{path}={_hydra(value)}" for path, value in sorted(changes.items()))
    digest = hashlib.sha256("\n".join([code, *settings]).encode()).hexdigest()[:10]
    return Experiment(f"{experiment_set.name}-{arm}-{seed}-{digest}", arm, seed, settings)


def _hydra(value: Value) -> str:
    """A value in the grammar of ``dvc exp run -S``, which is Hydra's."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    if isinstance(value, list):
        return f"[{','.join(_hydra(item) for item in value)}]"
    return json.dumps(value)


def _code_hash(root: Path, stages: Mapping[str, Stage]) -> str:
    """Hash of everything Git tracks that the stages read: code, parameters, the graph.

    What stages write is left out, so that committed results do not make an experiment new; and so
    is what no stage reads.
    """
    inputs = sorted({path for stage in stages.values() for path in stage.inputs})
    written = {path for stage in stages.values() for path in stage.outputs}
    listed = _git(root, "ls-files", "-z", "--", "*dvc.yaml", "*.dvc", *inputs).split("\0")
    lines = [
        f"{path} {hashlib.sha256((root / path).read_bytes()).hexdigest()}"
        for path in sorted(set(listed) - written)
        if path and (root / path).is_file()
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def held_experiments(root: Path) -> dict[str, str]:
    """The commit that each experiment DVC holds was started from, by the experiment's name."""
    prefix = "refs/exps/"
    references = _git(root, "for-each-ref", "--format=%(refname)", prefix).split()
    parts = [reference.removeprefix(prefix).split("/") for reference in references]
    return {part[2]: part[0] + part[1] for part in parts if len(part) == 3}


def read_metrics_of(
    experiments: list[Experiment], metrics: list[str], root: Path
) -> list[dict[str, Any]]:
    """A row per experiment: arm, seed, and each metric's value.

    Raises:
        ExperimentSetError: an experiment did not write one of the metrics.
    """
    held = held_experiments(root)
    commits = sorted({held[experiment.name] for experiment in experiments})
    revisions = [word for commit in commits for word in ("--rev", commit)]
    shown = json.loads(dvc_output(root, "exp", "show", "--json", *revisions))
    recorded = {
        revision["name"]: (revision["data"] or {}).get("metrics", {})
        for baseline in shown
        for group in baseline["experiments"] or []
        for revision in group["revs"]
    }
    return [
        {"arm": e.arm, "seed": e.seed, **{m: _value(recorded[e.name], m, e.name) for m in metrics}}
        for e in experiments
    ]


def _value(recorded: Mapping[str, Any], metric: str, name: str) -> Any:
    path, keys = metric.split(":")
    value: Any = recorded.get(path, {}).get("data")
    for key in keys.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if value is None:
        raise ExperimentSetError(f"experiment {name} recorded no metric {metric}")
    return value


def _git(root: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout

"""Provenance of results: commit, processor, and the code and parameters that decide them."""

import copy
import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from flows.graph import Stage

DIGITS = 12  # of a hash; enough to tell apart whatever one project makes


@dataclass(frozen=True)
class Recipe:
    """The causes of an experiment set's results, but for its seeds.

    The report compares it with the tree that it is made in (``twinband.report.experiments``,
    which hashes alike).

    Attributes:
        inputs: hash of each file and folder that the stages read and no stage writes: their code.
        params: hash of each tracked key of params.yaml, without what the set itself changes.
        arms: for each arm the value of every parameter that some arm changes.
    """

    inputs: Mapping[str, str]
    params: Mapping[str, str]
    arms: Mapping[str, Mapping[str, Any]]

    @property
    def code(self) -> str:
        """Fingerprint of inputs and parameters, the same for all arms."""
        return hash_of({"inputs": self.inputs, "params": self.params})


def recipe_of(
    stages: Iterable[Stage], arms: Mapping[str, Mapping[str, Any]], seeds: Iterable[str], root: Path
) -> Recipe:
    """The recipe of what ``stages`` make in the tree at ``root``.

    Args:
        stages: those that the results come from, all upstream ones among them.
        arms: the parameters that each arm changes, by dotted path.
        seeds: dotted paths of the parameters that take the seed.
    """
    stages = list(stages)
    written = {path for stage in stages if not stage.frozen for path in stage.outputs}
    # Of a frozen stage what it wrote is an input: DVC does not make it anew.
    read = {p for s in stages for p in (s.outputs if s.frozen else s.inputs)} - {"params.yaml"}
    made = written | {str(parent) for path in written for parent in Path(path).parents}
    given = sorted(p for p in read - made if not written & set(map(str, Path(p).parents)))
    params = YAML(typ="safe").load(root / "params.yaml")  # as DVC reads it
    # A + marks a parameter that params.yaml does not have, as for ``dvc exp run -S``.
    plain = {arm: {p.lstrip("+"): v for p, v in changes.items()} for arm, changes in arms.items()}
    changed = sorted({path for changes in plain.values() for path in changes})
    kept = without(params, [*changed, *(path.lstrip("+") for path in seeds)])
    tracked = sorted({key for stage in stages if not stage.frozen for key in stage.parameters})
    return Recipe(
        inputs={path: hash_of_tracked(root, path) for path in given},
        params={key: hash_of(value_at(kept, key)) for key in tracked},
        arms={
            arm: {path: changes.get(path, value_at(params, path)) for path in changed}
            for arm, changes in plain.items()
        },
    )


def value_at(params: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None if there is none."""
    value: Any = params
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def without(params: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """A copy that lacks the values at these dotted paths."""
    left = copy.deepcopy(dict(params))
    for path in paths:
        parent, _, key = path.rpartition(".")
        section = value_at(left, parent) if parent else left
        if isinstance(section, dict):
            section.pop(key, None)
    return left


def hash_of(value: Any) -> str:
    """Hash of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:DIGITS]


def hash_of_tracked(root: Path, path: str) -> str:
    """Hash of a file, or of the files that Git tracks in a folder; empty if there are none."""
    files = [file for file in git(root, "ls-files", "-z", "--", path).split("\0") if file]
    files = [file for file in files if (root / file).is_file()]
    contents = {
        Path(file).relative_to(path).as_posix(): hashlib.sha256(
            (root / file).read_bytes()
        ).hexdigest()
        for file in files
    }
    return hash_of(contents) if contents else ""


def commit_of(root: Path) -> str:
    """Short hash of the tree's commit, with ``+`` if tracked files differ from it.

    Results of experiments do not count: they are written while a set runs.
    """
    changes = git(
        root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!experiments/results"
    )
    return git(root, "rev-parse", "--short=10", "HEAD").strip() + ("+" if changes else "")


def processor() -> str:
    """The processor's model, as far as the system tells; networks' last digits depend on it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    fields = {name.strip(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    if "model name" not in fields:
        return platform.processor() or platform.machine()
    # Virtual machines give one name to processors of several generations.
    numbers = f"family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    return f"{fields['model name']} ({numbers})"


def git(root: Path, *arguments: str) -> str:
    """Standard output of a Git command run in ``root``."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout

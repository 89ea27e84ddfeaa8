"""Recipes of results, compared with the code and parameters of a tree.

``flows/provenance.py`` writes them and hashes alike; the two may not import each other.
"""

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def current_arms(
    recipes: Mapping[str, Mapping[str, Any]],
    experiment_set: Mapping[str, Any],
    tree: Path,
    params: Mapping[str, Any],
) -> set[tuple[str, str]]:
    """Return fingerprint and arm of each result that the tree would have again.

    Args:
        recipes: content of ``SET.recipes.json``: by fingerprint the hashes of ``inputs`` (files
            and folders) and of ``params`` (tracked keys, without what the set changes), and
            for each of ``arms`` the value of every parameter that some arm changes.
        experiment_set: content of ``SET.yaml``.
        tree: root of the project.
        params: the tree's parameters.
    """
    arms = {
        arm: {path.lstrip("+"): value for path, value in changes.items()}
        for arm, changes in (experiment_set.get("arms") or {}).items()
    }
    seeds = [path.lstrip("+") for path in experiment_set.get("seed_parameters") or ()]
    changed = sorted({path for changes in arms.values() for path in changes})
    kept = _without(params, [*changed, *seeds])
    today = {
        arm: {path: changes.get(path, _value_at(params, path)) for path in changed}
        for arm, changes in arms.items()
    }
    return {
        (code, arm)
        for code, recipe in recipes.items()
        if all(_hash_of_path(tree / path) == mark for path, mark in recipe["inputs"].items())
        and all(_hash_of(_value_at(kept, key)) == mark for key, mark in recipe["params"].items())
        for arm, values in recipe["arms"].items()
        if today.get(arm) == values
    }


def _value_at(params: Mapping[str, Any], path: str) -> Any:
    value: Any = params
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _without(params: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Copy the parameters, leaving out the values at these dotted paths."""
    left = copy.deepcopy(dict(params))
    for path in paths:
        parent, _, key = path.rpartition(".")
        section = _value_at(left, parent) if parent else left
        if isinstance(section, dict):
            section.pop(key, None)
    return left


def _hash_of(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def _hash_of_path(path: Path) -> str:
    """Hash a file, or a folder's files but what Python compiled; empty if there are none."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    contents = {
        file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if "__pycache__" not in file.parts
    }
    return _hash_of(contents) if contents else ""

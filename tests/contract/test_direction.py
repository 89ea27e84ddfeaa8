"""Imports go one way: flows -> (subprocess) dvc -> pipeline_steps -> src/twinband."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conftest import ROOT

FORBIDDEN = {
    "src": {"dvc", "dvclive", "prefect", "pipeline_steps", "flows"},
    "pipeline_steps": {"prefect", "flows"},
    "flows": {"torch", "twinband", "pipeline_steps"},
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_no_import_against_the_direction(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    for path in files:
        against = {name.partition(".")[0] for name in imported(path)} & FORBIDDEN[folder]
        assert not against, f"{path.relative_to(ROOT)} imports {against}"


def test_steps_import_no_other_step() -> None:
    for path in (ROOT / "pipeline_steps").glob("*.py"):
        for name in imported(path):
            if name.startswith("pipeline_steps."):
                assert name.split(".")[1].startswith("_"), f"{path.name} imports {name}"


# What torchrun tells its processes stands in the environment and nowhere else.
LAUNCHED = ROOT / "src/twinband/training/distributed.py"


def test_only_commands_know_the_environment() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        if "commands" in path.parts or path.name == "cli.py":
            continue
        text = path.read_text()
        assert path == LAUNCHED or ("os.environ" not in text and "getenv" not in text), path
        assert "params.yaml" not in "".join(
            node.value
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call)
            for node in ast.walk(node)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value == "params.yaml"
        ), f"{path} opens params.yaml"


def test_packages_are_empty_or_lazy() -> None:
    """`__init__` files do not count as dependencies, so they must not do anything."""
    for path in (ROOT / "src").rglob("__init__.py"):
        for node in ast.parse(path.read_bytes()).body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            lazy_import = isinstance(node, ast.ImportFrom) and node.module == "twinband._lazy"
            names = (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id in ("__all__", "__getattr__")
            )
            assert docstring or lazy_import or names, f"{path}:{node.lineno}"


def test_files_stay_short() -> None:
    for folder in (*FORBIDDEN, "tests", "benches"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 800, path

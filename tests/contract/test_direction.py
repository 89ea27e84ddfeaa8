"""Imports go one way: flows -> (subprocess) dvc -> pipeline_steps -> src/twinband."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conftest import PLUG_INS, ROOT

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
    for path in (ROOT / "pipeline_steps").rglob("*.py"):
        for name in imported(path):
            if name.startswith("pipeline_steps."):
                assert name.split(".")[1] == "harness", f"{path.name} imports {name}"


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


FACADES = {
    "src/twinband/__init__.py",
    "src/twinband/models/__init__.py",
    "src/twinband/models/checkpoints/__init__.py",
}


def test_packages_hold_nothing_but_a_docstring() -> None:
    """Importing a module must not import its siblings; only the façades have names, lazily."""
    for path in (ROOT / "src").rglob("__init__.py"):
        if path.relative_to(ROOT).as_posix() in FACADES:
            continue
        for node in ast.parse(path.read_bytes()).body:
            assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant), path


def test_no_code_of_a_stage_imports_a_facade() -> None:
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "pipeline_steps").rglob("*.py")]:
        if "models" in path.parts or "commands" in path.parts:
            continue
        assert not any(name.startswith("twinband.models") for name in imported(path)), path


def test_folders_of_plug_ins_hold_plug_ins_only() -> None:
    for name in PLUG_INS:
        folder = ROOT / "src/twinband" / name
        helpers = [path for path in folder.rglob("*.py") if path.name.startswith("_")]
        assert folder.is_dir() and not helpers, helpers


def test_docstrings_say_the_thing_at_once() -> None:
    """A module is a noun phrase, a function a verb: nothing begins with a question word."""
    dialect = ("What ", "Who ", "Whose ", "Where ", "Whether ", "How ", "Which ")
    for folder in FORBIDDEN:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
                text = ast.get_docstring(node) if isinstance(node, kinds) else None
                name = getattr(node, "name", "the module")
                assert not (text or "").startswith(dialect), f"{path}: {name}: {text}"


def test_files_stay_short() -> None:
    for folder in (*FORBIDDEN, "tests", "benches"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 800, path

"""A small project folder to run the command in."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from twinband.cli import app

REPOSITORY = Path(__file__).parents[3]

Run = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the sample profile as params.yaml; it is the working folder."""
    folder = tmp_path / "project"
    (folder / "profiles").mkdir(parents=True)
    shutil.copyfile(REPOSITORY / "profiles/sample.yaml", folder / "profiles/sample.yaml")
    shutil.copyfile(REPOSITORY / "profiles/sample.yaml", folder / "params.yaml")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TWINBAND_DATA", raising=False)
    return folder


@pytest.fixture
def run() -> Run:
    """Runs ``twinband`` with some arguments; keywords are environment variables."""

    def call(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(app, list(arguments), env=environment)

    return call

"""The graph as DVC resolves it, for every profile."""

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from twinband.core.params import parse

ROOT = Path(__file__).resolve().parents[2]
PLUG_INS = (
    *("annotators", "arms", "backends", "benchmarks", "fusion_methods"),
    *("layouts", "methods", "readers", "scorers", "segmenters"),
)
PROFILES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))


@dataclass(frozen=True)
class Stage:
    """One stage as resolved; paths are relative to the project's root."""

    name: str
    command: list[str]
    deps: frozenset[str]
    outs: frozenset[str]
    params: frozenset[str]
    item: str | None
    params_file: dict[str, Any]

    @property
    def step(self) -> str:
        return self.name.partition("@")[0]


def resolve(root: Path) -> list[Stage]:
    """The stages of the project at ``root``."""
    params = parse((root / "params.yaml").read_text())
    stages = []
    with Repo(str(root)) as repo:
        for stage in repo.index.stages:
            item = stage.name.partition("@")[2]
            params_deps = [dep for dep in stage.deps if hasattr(dep, "params")]
            stages.append(
                Stage(
                    name=stage.name,
                    command=shlex.split(stage.cmd),
                    deps=frozenset(d.def_path for d in stage.deps if d not in params_deps),
                    outs=frozenset(out.def_path for out in stage.outs),
                    params=frozenset(p for d in params_deps for p in d.params),
                    item=item or None,
                    params_file=params,
                )
            )
    return stages


@pytest.fixture(scope="session", params=PROFILES)
def stages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Stage]:
    """The resolved graph under one profile, in a bare copy of the project's files."""
    root = tmp_path_factory.mktemp(request.param)
    shutil.copy(ROOT / "dvc.yaml", root)
    shutil.copy(ROOT / "profiles" / f"{request.param}.yaml", root / "params.yaml")
    Repo.init(str(root), no_scm=True).close()
    return resolve(root)

"""A small copy of the project in which steps run as they do under DVC."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.made.project import TIMEOUT_S
from tests.made.raw_pairs import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
NO_CACHES = shutil.ignore_patterns("__pycache__", "*.pyc")
RUNTIME = {"executor": "processes", "workers": 1, "scheduler": "", "log_level": "info"}


@dataclass(frozen=True)
class Project:
    """The copy at ``root``, with a params.yaml of its own."""

    root: Path

    def write_params(self, **sections: Any) -> None:
        data = {"runtime": RUNTIME, **sections}
        (self.root / "params.yaml").write_text(yaml.safe_dump(data))

    def write_ingest_params(self, **settings: Any) -> None:
        """Parameters of the stage ``ingest`` for one dataset, ``made-up``."""
        runtime = RUNTIME | settings.pop("runtime", {})
        item = {**SETTINGS, "source": "data/raw/made-up", **settings}
        self.write_params(ingest={"items": {"made-up": item}}, runtime=runtime)

    def start(
        self, step: str, *arguments: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        """The step as its own process group."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "TWINBAND"))}
        return subprocess.Popen(
            [sys.executable, "-m", f"pipeline_steps.{step}", *arguments],
            cwd=cwd or self.root,
            env={**kept, "DVC_ROOT": str(self.root), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, step: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """The step's exit code, and what it said as ``stdout``."""
        process = self.start(step, *arguments, **options)
        said, _ = process.communicate(timeout=TIMEOUT_S)
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def killed_after(self, first: str, step: str, *arguments: str) -> None:
        """Start the step, and kill it with all its processes once a file like ``first`` stands
        in the work folder."""
        process = self.start(step, *arguments)
        deadline = time.monotonic() + 100
        while not list((self.root / ".work").glob(first)):
            assert process.poll() is None and time.monotonic() < deadline
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def ingest(self, **options: Any) -> subprocess.CompletedProcess[str]:
        return self.run("ingest", *INGEST, **options)

    @property
    def outputs(self) -> list[Path]:
        """What the stage ``ingest`` writes."""
        return [self.root / path for path in INGEST_OUTPUTS]


INGEST_OUTPUTS = (
    "data/pairs/made-up",
    "metrics/ingest/made-up.json",
    "facts/ingest/made-up.json",
    "plots/ingest/made-up",
    "data/left_out/made-up.csv",
)
INGEST = (
    *("--item", "made-up", "--source", "data/raw/made-up", "--out", INGEST_OUTPUTS[0]),
    *("--metrics", INGEST_OUTPUTS[1], "--facts", INGEST_OUTPUTS[2]),
    *("--plots", INGEST_OUTPUTS[3], "--left-out", INGEST_OUTPUTS[4]),
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    for name in ("src", "pipeline_steps"):
        shutil.copytree(ROOT / name, root / name, ignore=NO_CACHES)
    for name in ("dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, root)
    return Project(root)


TOY = '''
"""A step for tests."""

import json
from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.params import Run, StageParams


class ToyParams(StageParams):
    words: list[str]
    seed: int


def run(
    params: ToyParams, *, source: In, out: Out, metrics: Out, facts: Out, run: Run
) -> StepReport:
    """Write each word into a file of its own."""
    out.mkdir()
    made = 0
    for done, word in enumerate(params.words, start=1):
        exec((source / "hook.txt").read_text(), {"word": word, "work": run.work, "out": out})
        kept = run.work / word
        if not kept.is_file():
            kept.write_text(word)
            made += 1
        (out / word).write_text(kept.read_text())
        run.progress(done, len(params.words))
    numbers = {"words": len(params.words)}
    return StepReport(f"{made} words made", len(params.words), numbers, {"third": 1 / 3})


if __name__ == "__main__":
    main(run)
'''


TOY_GRAPH = """
stages:
  toy:
    cmd: python3 -m pipeline_steps.toy
    deps:
    - data
    - pipeline_steps/harness
    - pipeline_steps/toy.py
    - src/twinband/core
    - src/twinband/shards
"""


@pytest.fixture
def toy(project: Project) -> Project:
    """The project with a step ``toy`` that writes words, and runs ``data/hook.txt`` before each."""
    (project.root / "pipeline_steps" / "toy.py").write_text(TOY)
    (project.root / "dvc.yaml").write_text(TOY_GRAPH)
    (project.root / "data").mkdir()
    (project.root / "data" / "hook.txt").write_text("")
    project.write_params(toy={"words": ["one", "two"], "seed": 1})
    return project

"""DVC killed while it writes dvc.lock: nothing is believed that was cut, and nothing is redone."""

import os
import random
import shutil
import signal
from pathlib import Path

import pytest
import yaml

from tests.made.project import TIMEOUT_S, Project, start_dvc

pytestmark = pytest.mark.slow
STAGE = "sample_world@tiny"
SIGNALS = (signal.SIGKILL, signal.SIGINT)
TRIES = 20  # a busy machine may let DVC finish before the kill


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one short stage, and a dvc.lock as long as that of the sample profile."""
    project = Project(tmp_path / "project", "test")
    params = project.params()
    params["sample_world"]["items"]["tiny"] = {"layout": "roadscene", "count": 1, "seed": 1}
    project.write_params(params)
    entry = {"cmd": "x", "deps": [{"path": f"x{n}", "md5": "0" * 32, "size": n} for n in range(28)]}
    entries = {f"ingest@other{number:02d}": entry for number in range(60)}
    dumper = yaml.SafeDumper
    dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]
    text = yaml.dump({"schema": "2.0", "stages": entries}, Dumper=dumper, sort_keys=False)
    assert len(text) > 100_000
    (project.root / "dvc.lock").write_text(text)
    project.commit("start")
    return project


def as_committed(project: Project) -> None:
    """Forget that the stage ever ran."""
    project.run("git", "checkout", "--quiet", "dvc.lock")
    for path in (".work", ".dvc/cache", ".dvc/tmp", "data/raw/tiny"):
        shutil.rmtree(project.root / path, ignore_errors=True)


def kill_at_writing(project: Project, number: signal.Signals, size: int) -> int:
    """Run the stage, and end it all when DVC has written about ``size`` bytes of dvc.lock; returns
    how many it had written."""
    lock = project.root / "dvc.lock"
    for _ in range(TRIES):
        as_committed(project)
        whole = lock.stat().st_size
        process = start_dvc(project, "repro", STAGE)
        while process.poll() is None:
            if size <= lock.stat().st_size < whole:
                os.killpg(process.pid, number)
                process.wait(TIMEOUT_S)
        if (cut := lock.stat().st_size) < whole:
            return cut
    pytest.fail("each kill came too late")


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.long)])
def test_dvc_killed_while_it_writes_dvc_lock(project: Project, kills: int) -> None:
    committed = project.lock()
    project.run("dvc", "repro", STAGE)
    finished = project.lock()
    assert finished.keys() == {*committed, STAGE}
    whole = (project.root / "dvc.lock").stat().st_size
    sizes = random.Random(0)
    refused = 0
    for number in range(kills):
        cut = kill_at_writing(project, SIGNALS[number % 2], sizes.randrange(whole * 9 // 10))
        refused += project.run("dvc", "status", STAGE, check=False).returncode != 0
        ready = project.run("python", "-m", "twinband.ready", "params.yaml")
        assert "dvc.lock was cut short" in ready.stderr, (cut, ready.stderr)
        again = project.run("dvc", "repro", STAGE)
        assert "Running stage" not in again.stdout, (cut, again.stdout)
        assert project.lock() == finished, cut
    print(f"{kills} kills: plain DVC refused {refused} of the cut files, and believed the others")

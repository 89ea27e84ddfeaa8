"""Every kind of stage killed at random moments, and out of disk space: equal bytes in the end.

One project of the test profile is built, and then each stage is made to run for the first time
again and again.
"""

import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.made.project import Project, kill_group, start_dvc

pytestmark = [pytest.mark.slow, pytest.mark.long]
KINDS = (
    "sample_world",
    "ingest",
    "register",
    "sam_masks",
    "pseudo_labels",
    "pool",
    "label_pool",
    "mae",
    "cmss",
    "cmss_mixture",
    "pretrain",
    "evaluate",
    "report",
)
KILLS, KILLS_A_RUN = 20, 4
SMALL_KIB = (0, 24, 200)  # free at first, and then shares of what the stage writes
SHARES = (0.3, 0.6, 0.9)
LEFTOVERS = ("*.tmp", "*.publish", "*.old", "*.unfinished")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("faults") / "built", "test")
    project.run("dvc", "repro")
    return project


class Trial:
    """A stage that has never run, in a project where all else has.

    Attributes:
        name: of the stage, the first of its kind.
        expected: its entry in dvc.lock.
    """

    def __init__(self, project: Project, kind: str) -> None:
        self.project = project
        lock = project.lock()
        self.name = next(name for name in lock if name.partition("@")[0] == kind)
        self.expected = lock[self.name]

    def forget(self) -> None:
        """Remove all traces of the stage."""
        root = self.project.root
        lock = yaml.safe_load((root / "dvc.lock").read_text())
        lock["stages"].pop(self.name, None)
        (root / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
        paths = [root / out["path"] for out in self.expected["outs"]]
        paths += [root / ".dvc/cache/runs", root / ".work/cache", root / ".work/dvc.lock"]
        for path in [*paths, root / ".work" / self.name]:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(
                missing_ok=True
            )

    def start(self) -> "subprocess.Popen[str]":
        return start_dvc(self.project, "repro", "--single-item", self.name)

    def finish(self) -> None:
        """Run the stage to its end, as `make repro` would, and compare."""
        self.project.run("python", "-m", "twinband.ready", "params.yaml")
        self.project.run("dvc", "repro", "--single-item", self.name)
        assert self.project.lock()[self.name] == self.expected
        root = self.project.root
        left = [path for pattern in LEFTOVERS for path in root.rglob(pattern)]
        assert not [path for path in left if ".dvc" not in path.parts], left


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random_moments(kind: str, built: Project) -> None:
    trial = Trial(built, kind)
    trial.forget()
    begin = time.monotonic()
    trial.finish()
    whole_s = time.monotonic() - begin
    moments = random.Random(kind)
    kills = cut = 0
    while kills < KILLS:
        trial.forget()
        for _ in range(KILLS_A_RUN):
            process = trial.start()
            deadline = time.monotonic() + moments.uniform(0.1, 0.9) * whole_s
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    process.wait(0.02)
                except subprocess.TimeoutExpired:
                    continue
            if process.poll() is not None:
                break
            kill_group(process)
            kills += 1
            cut += (
                "dvc.lock was cut"
                in built.run("python", "-m", "twinband.ready", "params.yaml").stderr
            )
        trial.finish()
    print(f"{trial.name}: {kills} kills, {cut} of them cut dvc.lock; all went on to equal bytes")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Path]]:
    """Makes a small file system of its own, which needs the right to mount."""
    mounted: list[Path] = []

    def make() -> Path:
        folder = tmp_path_factory.mktemp("disk")
        command = ["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a small file system is not allowed here")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def small(built: Project, disk: Callable[[], Path]) -> Project:
    """The built project on a file system of its own."""
    return built.copy(disk() / "project")


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk(kind: str, small: Project) -> None:
    trial = Trial(small, kind)
    root = small.root
    filler = root.parent / "filler"
    used = shutil.disk_usage(root).used
    trial.forget()
    writes_kib = (used - shutil.disk_usage(root).used) // 1024
    said = []
    for free_kib in (*SMALL_KIB, *(round(share * writes_kib) for share in SHARES)):
        trial.forget()
        _fill(filler, shutil.disk_usage(root).free - free_kib * 1024)
        done = small.run("dvc", "repro", "--single-item", trial.name, check=False)
        output = done.stdout + done.stderr
        assert "Traceback" not in output, output
        said.append((free_kib, done.returncode, "the disk is full" in output))
        filler.unlink()
        trial.finish()
    print(f"{trial.name}: (KiB free, exit code, the step said so) {said}; all went on")
    assert any(code for _, code, _ in said), "the disk was never full"


def _fill(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        block = bytes(1 << 20)
        for _ in range(max(size, 0) >> 20):
            stream.write(block)
        stream.write(bytes(max(size, 0) % (1 << 20)))

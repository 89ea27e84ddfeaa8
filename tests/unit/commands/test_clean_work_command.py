"""``twinband clean-work``."""

import os
import time
from pathlib import Path

from filelock import FileLock

from tests.unit.commands.conftest import Run

DAY = 86_400


def work_folder(project: Path, name: str, age_days: float) -> Path:
    folder = project / ".work" / name
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/shard.tar").write_bytes(bytes(2**20))
    then = time.time() - age_days * DAY
    for path in (folder / "deep/shard.tar", folder / "deep", folder):
        os.utime(path, (then, then))
    return folder


def test_only_old_folders_go(run: Run, project: Path) -> None:
    old = work_folder(project, "ingest/aaaa", 10)
    young = work_folder(project, "ingest/bbbb", 1)
    touched = work_folder(project, "ingest/cccc", 10)
    os.utime(touched / "deep/shard.tar")
    result = run("clean-work", "--older-than-days", "7")
    assert result.exit_code == 0, result.output
    assert not old.exists()
    assert young.exists()
    assert touched.exists()
    assert result.stdout == "removed 1 folders of .work, 1.0 MiB freed\n"


def test_a_locked_folder_stays(run: Run, project: Path) -> None:
    folder = work_folder(project, "ingest/aaaa", 10)
    with FileLock(folder / ".lock"):
        then = time.time() - 10 * DAY
        os.utime(folder / ".lock", (then, then))
        os.utime(folder, (then, then))
        result = run("clean-work", "--older-than-days", "7")
        assert (folder / "deep/shard.tar").exists()
    assert "in use, kept: .work/ingest/aaaa" in result.stdout
    then = time.time() - 10 * DAY
    os.utime(folder, (then, then))
    assert run("clean-work", "--older-than-days", "7").exit_code == 0
    assert not folder.exists()


def test_links_are_never_followed(run: Run, project: Path) -> None:
    target = work_folder(project, "../precious/aaaa", 10)
    (project / ".work/ingest").mkdir(parents=True)
    (project / ".work/ingest/link").symlink_to(target)
    run("clean-work", "--older-than-days", "0")
    assert (target / "deep/shard.tar").exists()


def test_nothing_to_clean(run: Run, project: Path) -> None:
    assert run("clean-work", "--older-than-days", "7").stdout.startswith("removed 0 folders")
